//! The two names of a member in its certificate.

use ids::{MemberId, RegionId, RingId};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// One member of one region of one ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub ring: RingId,
    pub region: RegionId,
    pub member: MemberId,
}

impl Identity {
    /// `spiffe://{ring}.atoll/region/{region}/member/{id}`, as the SPIFFE ID standard has it: the ring is the trust domain.
    pub fn uri(&self) -> String {
        format!("spiffe://{}.atoll/region/{}/member/{}", self.ring, self.region, self.member.0)
    }

    /// The name that callers of this member want in its certificate.
    pub fn dns_name(&self) -> String {
        dns_name(&self.ring, self.member)
    }

    /// Reads what [`Self::uri`] writes; none for any other URI.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let (domain, path) = uri.strip_prefix("spiffe://")?.split_once('/')?;
        let ring = domain.strip_suffix(".atoll")?;
        let (region, member) = path.strip_prefix("region/")?.split_once("/member/")?;
        let read =
            Self { ring: RingId::new(ring), region: region.parse().ok()?, member: MemberId(member.parse().ok()?) };
        // One spelling per member: no leading zeros, no signs.
        (read.uri() == uri).then_some(read)
    }

    /// The member that a certificate names; none where it names no member, or more than one.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        let names = read.subject_alternative_name().ok()??;
        let mut members = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Self::from_uri(uri),
            _ => None,
        });
        let member = members.next()?;
        members.next().is_none().then_some(member)
    }
}

/// `member-{id}.{ring}.atoll.internal`. Without the region, because a caller knows members and their addresses only.
pub fn dns_name(ring: &RingId, member: MemberId) -> String {
    format!("member-{}.{ring}.atoll.internal", member.0)
}
