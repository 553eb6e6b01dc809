//! Certificates for development: an authority made on first start, and certificates signed by it.
//!
//! ```text
//!   {dir}/authority/cert.pem     for clients: believe what this signed
//!   {dir}/authority/key.pem      signs certificates of members (0600)
//!   {dir}/member-{id}.pem        certificate and key of one member (0600)
//! ```
//!
//! Several members may start at once on an empty directory: the authority appears by one rename of a complete directory, so one wins
//! and the others use what it made. A member's file is written by that member only. At start it is made anew when it is about to
//! expire, when the names changed, or when it does not fit the authority; not while a process runs. Whoever can read the directory can
//! be any member, so this is not for production.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::{self, Write},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use ids::RingId;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{
    Identity, Material, TlsError,
    files::{self, Where},
    material::Parts,
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTHORITY_DAYS: u32 = 3650;
const MEMBER_DAYS: u32 = 365;
/// A certificate that has less left is made anew at start.
const RENEW_DAYS: u32 = 30;
/// Machines of one development setup may disagree about the time by so much.
const SKEW: Duration = Duration::from_secs(3600);

pub(crate) fn load(dir: &Path, names: &[String], who: &Identity) -> Result<Material, TlsError> {
    ServerName::try_from(who.dns_name()).map_err(|_| TlsError::Name { name: who.ring.to_string() })?;
    let authority = Authority::open(dir, &who.ring)?;
    let wanted = alternative_names(names, who)?;
    let file = dir.join(format!("member-{}.pem", who.member.0));
    let parts = match existing(&file, &authority, who, &wanted) {
        Some(parts) => parts,
        None => {
            write_new(&file, &authority.sign(who, &wanted)?)?;
            authority.read_member(&file, who)?
        }
    };
    Material::new(authority.pem, parts)
}

struct Authority {
    dir: PathBuf,
    pem: String,
    ring: RingId,
}

impl Authority {
    /// Uses what is there, or makes it, unless somebody else is first.
    fn open(dir: &Path, ring: &RingId) -> Result<Self, TlsError> {
        let home = dir.join("authority");
        if !home.join("cert.pem").exists() {
            Self::make(dir, &home, ring)?;
        }
        let cert = home.join("cert.pem");
        let pem = String::from_utf8(files::read(&cert)?)
            .map_err(|_| TlsError::NotPem { file: cert.clone(), wanted: "a CERTIFICATE" })?;
        let found = common_name(&pem, &cert)?;
        let wanted = authority_name(ring);
        if found != wanted {
            return Err(TlsError::OtherRing { dir: dir.to_owned(), found, wanted });
        }
        Ok(Self { dir: home, pem, ring: ring.clone() })
    }

    fn make(dir: &Path, home: &Path, ring: &RingId) -> Result<(), TlsError> {
        let write = |file: &Path, source| TlsError::Write { file: file.to_owned(), source };
        let failed = |source| TlsError::Make { what: "a development authority", source };
        fs::create_dir_all(dir).map_err(|source| write(dir, source))?;
        let key = KeyPair::generate().map_err(failed)?;
        let cert = authority_params(ring).self_signed(&key).map_err(failed)?;
        // A name of its own: other processes do the same at the same time.
        let draft = dir.join(format!("authority-draft-{}-{}", std::process::id(), nonce(&key)));
        fs::create_dir(&draft).map_err(|source| write(&draft, source))?;
        write_new(&draft.join("key.pem"), &key.serialize_pem())?;
        write_public(&draft.join("cert.pem"), &cert.pem())?;
        let renamed = fs::rename(&draft, home);
        let Err(source) = renamed else { return Ok(()) };
        // Best effort: a draft that stays is in nobody's way.
        let _ = fs::remove_dir_all(&draft);
        if home.join("cert.pem").exists() { Ok(()) } else { Err(write(home, source)) }
    }

    /// A certificate and its key, as one PEM text.
    fn sign(&self, who: &Identity, names: &BTreeSet<String>) -> Result<String, TlsError> {
        let failed = |source| TlsError::Make { what: "a member's certificate", source };
        let file = self.dir.join("key.pem");
        let text = String::from_utf8(files::read(&file)?)
            .map_err(|_| TlsError::NotPem { file: file.clone(), wanted: "a PRIVATE KEY" })?;
        let signer = KeyPair::from_pem(&text).map_err(|_| TlsError::NotPem { file, wanted: "a PRIVATE KEY" })?;
        let issuer = Issuer::new(authority_params(&self.ring), signer);
        let key = KeyPair::generate().map_err(failed)?;
        let cert = member_params(who, names)?.signed_by(&key, &issuer).map_err(failed)?;
        Ok(cert.pem() + &key.serialize_pem())
    }

    /// The member's own file, with everything in it proven.
    fn read_member(&self, file: &Path, who: &Identity) -> Result<Parts, TlsError> {
        let text = files::read(file)?;
        let ca = self.dir.join("cert.pem");
        let parts = Parts {
            roots: files::roots(&self.pem, &ca)?,
            chain: files::certificates(&text, file)?,
            key: files::private_key(&text, file)?,
        };
        files::check(&parts, who, Where { ca: &ca, cert: file, key: file })?;
        Ok(parts)
    }
}

/// What is there already, unless it has to be made anew.
fn existing(file: &Path, authority: &Authority, who: &Identity, wanted: &BTreeSet<String>) -> Option<Parts> {
    let parts = authority.read_member(file, who).ok()?;
    let certificate = parts.chain.first()?;
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let left = u64::try_from(read.validity().not_after.timestamp()).ok()?.checked_sub(UnixTime::now().as_secs())?;
    let fresh = left > (DAY * RENEW_DAYS).as_secs();
    (fresh && names_of(certificate).as_ref() == Some(wanted)).then_some(parts)
}

/// Every name a member's certificate carries, as text.
fn alternative_names(names: &[String], who: &Identity) -> Result<BTreeSet<String>, TlsError> {
    let fixed = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut all: BTreeSet<String> = fixed.into_iter().chain([who.uri(), who.dns_name()]).collect();
    for name in names {
        ServerName::try_from(name.as_str()).map_err(|_| TlsError::Name { name: name.clone() })?;
        // One spelling per address.
        all.insert(name.parse::<IpAddr>().map_or_else(|_| name.clone(), |address| address.to_string()));
    }
    Ok(all)
}

fn names_of(certificate: &CertificateDer<'_>) -> Option<BTreeSet<String>> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    let names = read.subject_alternative_name().ok()??;
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    };
    names.value.general_names.iter().map(text).collect()
}

fn authority_name(ring: &RingId) -> String {
    format!("atoll development authority of {ring}")
}

/// The same for the same ring, except for times: signing needs the name, not the certificate.
fn authority_params(ring: &RingId) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, authority_name(ring));
    valid_for(&mut params, DAY * AUTHORITY_DAYS);
    params
}

fn member_params(who: &Identity, names: &BTreeSet<String>) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::default();
    for name in names {
        let bad = |_| TlsError::Name { name: name.clone() };
        params.subject_alt_names.push(match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) if name.starts_with("spiffe://") => SanType::URI(name.as_str().try_into().map_err(bad)?),
            Err(_) => SanType::DnsName(name.as_str().try_into().map_err(bad)?),
        });
    }
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("member {} of {}", who.member.0, who.ring));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    valid_for(&mut params, DAY * MEMBER_DAYS);
    Ok(params)
}

fn valid_for(params: &mut CertificateParams, span: Duration) {
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(UnixTime::now().as_secs());
    params.not_before = now - SKEW;
    params.not_after = now + span;
}

fn common_name(pem: &str, file: &Path) -> Result<String, TlsError> {
    let not_pem = || TlsError::NotPem { file: file.to_owned(), wanted: "the certificate of a development authority" };
    let certificates = files::certificates(pem.as_bytes(), file)?;
    let first = certificates.first().ok_or_else(not_pem)?;
    let (_, read) = X509Certificate::from_der(first).map_err(|_| not_pem())?;
    let name = read.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    name.map(str::to_owned).ok_or_else(not_pem)
}

/// Differs between two threads of one process as well: they have drawn different keys.
fn nonce(key: &KeyPair) -> String {
    key.public_key_raw().iter().rev().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces a file in one step. Nobody but the owner may read it.
fn write_new(file: &Path, text: &str) -> Result<(), TlsError> {
    let draft = file.with_extension(format!("draft-{}", std::process::id()));
    let written = fs::remove_file(&draft)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
        .and_then(|()| write_file(&draft, text, 0o600))
        .and_then(|()| fs::rename(&draft, file));
    written.map_err(|source| TlsError::Write { file: file.to_owned(), source })
}

fn write_public(file: &Path, text: &str) -> Result<(), TlsError> {
    write_file(file, text, 0o644).map_err(|source| TlsError::Write { file: file.to_owned(), source })
}

fn write_file(file: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).create_new(true).mode(mode).open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}
