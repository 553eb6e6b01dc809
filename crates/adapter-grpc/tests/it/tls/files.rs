//! Certificates of an operator: what is wrong is said, with the file.

use std::path::{Path, PathBuf};

use adapter_grpc::tls::{Fault, Identity, Material, Mode, TlsError, load};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

use crate::peers::ring::{of_ring, who};

/// An authority of an operator, and a directory for what it signs.
pub struct Authority {
    dir: tempfile::TempDir,
    params: CertificateParams,
    key: KeyPair,
}

/// Paths of a member's files.
pub struct Signed {
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let (dir, key) = (tempfile::tempdir().unwrap(), KeyPair::generate().unwrap());
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "an operator");
        std::fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, params, key }
    }

    pub fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    pub fn sign(&self, who: &Identity) -> Signed {
        self.sign_with(who, |_| ())
    }

    pub fn sign_with(&self, who: &Identity, change: impl FnOnce(&mut CertificateParams)) -> Signed {
        let mut params = CertificateParams::default();
        let san = |text: &str| text.try_into().unwrap();
        params.subject_alt_names = vec![SanType::URI(san(&who.uri())), SanType::DnsName(san(&who.dns_name()))];
        params.subject_alt_names.push(SanType::DnsName(san("localhost")));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let (key, issuer) = (KeyPair::generate().unwrap(), Issuer::from_params(&self.params, &self.key));
        let pem = params.signed_by(&key, &issuer).unwrap().pem();
        let name = format!("{}-{}", who.ring, who.member);
        let signed = Signed {
            cert: self.dir.path().join(format!("{name}.pem")),
            key: self.dir.path().join(format!("{name}-key.pem")),
        };
        std::fs::write(&signed.cert, pem).unwrap();
        std::fs::write(&signed.key, key.serialize_pem()).unwrap();
        signed
    }

    pub fn load(&self, signed: &Signed, who: &Identity) -> Result<Material, TlsError> {
        load_files(&self.ca(), signed, who)
    }
}

fn load_files(ca: &Path, signed: &Signed, who: &Identity) -> Result<Material, TlsError> {
    let (ca, cert, key) = (ca.to_owned(), signed.cert.clone(), signed.key.clone());
    load(&Mode::Files { ca, cert, key }, who)
}

/// The error, as text and as value. It never shows a key.
fn refused(result: Result<Material, TlsError>) -> (TlsError, String) {
    let error = result.expect_err("these files must be refused");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("PRIVATE KEY-----"), "{text}");
    (error, text)
}

#[test]
fn files_that_belong_together_are_loaded() {
    let authority = Authority::new();
    let material = authority.load(&authority.sign(&who(1)), &who(1)).unwrap();
    assert!(material.is_on() && material.members().is_some() && material.outgoing().is_some());
    assert!(material.authority_pem().unwrap().contains("BEGIN CERTIFICATE"));
    assert!(!load(&Mode::Off, &who(1)).unwrap().is_on());
}

#[test]
fn a_missing_file_and_a_file_of_something_else_are_named() {
    let authority = Authority::new();
    let good = authority.sign(&who(1));
    let missing = Signed { cert: good.cert.clone(), key: "/nowhere/key.pem".into() };
    let (error, text) = refused(authority.load(&missing, &who(1)));
    assert!(matches!(error, TlsError::Read { .. }) && text.contains("/nowhere/key.pem"), "{text}");

    let swapped = Signed { cert: good.key.clone(), key: good.cert.clone() };
    let (error, text) = refused(authority.load(&swapped, &who(1)));
    assert!(matches!(error, TlsError::NotPem { .. }) && text.contains("m1-key.pem"), "{text}");

    let no_key = Signed { cert: good.cert.clone(), key: good.cert };
    let (error, text) = refused(authority.load(&no_key, &who(1)));
    assert!(matches!(error, TlsError::NotPem { wanted: "a PRIVATE KEY", .. }), "{text}");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let authority = Authority::new();
    let (one, two) = (authority.sign(&who(1)), authority.sign(&who(2)));
    let (error, text) = refused(authority.load(&Signed { cert: one.cert, key: two.key }, &who(1)));
    assert!(matches!(error, TlsError::KeyMismatch { .. }) && text.contains("m2-key.pem"), "{text}");
}

#[test]
fn a_certificate_of_another_authority_member_or_ring_is_refused() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (error, text) = refused(load_files(&ours.ca(), &theirs.sign(&who(1)), &who(1)));
    assert!(matches!(error, TlsError::NotBelieved { fault: Fault::OtherAuthority, .. }), "{text}");
    for other in [who(2), of_ring("other", 1)] {
        let (error, text) = refused(ours.load(&ours.sign(&other), &who(1)));
        let TlsError::OtherMember { found, wanted, .. } = error else { panic!("{text}") };
        assert_eq!((found, wanted), (Some(other.uri()), who(1).uri()));
    }
    let nobody = ours.sign_with(&who(3), |params| {
        params.subject_alt_names.remove(0);
    });
    let (error, text) = refused(ours.load(&nobody, &who(3)));
    assert!(matches!(error, TlsError::OtherMember { found: None, .. }), "{text}");
}

#[test]
fn a_certificate_out_of_its_time_or_for_another_use_is_refused() {
    let authority = Authority::new();
    let expired = authority.sign_with(&who(1), |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let (error, text) = refused(authority.load(&expired, &who(1)));
    assert!(matches!(error, TlsError::NotBelieved { fault: Fault::Expired, .. }), "{text}");
    assert!(text.contains("test-m1.pem") && text.contains("renew it"), "{text}");

    let early = authority.sign_with(&who(1), |params| params.not_before = rcgen::date_time_ymd(4000, 1, 1));
    let (error, text) = refused(authority.load(&early, &who(1)));
    assert!(matches!(error, TlsError::NotBelieved { fault: Fault::NotYetValid, .. }), "{text}");

    let server_only = authority.sign_with(&who(1), |params| {
        params.extended_key_usages.pop();
    });
    let (error, text) = refused(authority.load(&server_only, &who(1)));
    assert!(matches!(error, TlsError::NotBelieved { fault: Fault::OtherPurpose, .. }), "{text}");
}

#[test]
fn an_identity_has_one_spelling() {
    let who = who(7);
    assert_eq!(who.uri(), "spiffe://test.atoll/region/us-east-1/member/7");
    assert_eq!(who.dns_name(), "member-7.test.atoll.internal");
    assert_eq!(Identity::from_uri(&who.uri()).unwrap(), who);
    for other in [
        "spiffe://test.atoll/region/us-east-1/member/07",
        "spiffe://test.atoll/region/us-east-1/member/+7",
        "spiffe://test.atoll/region/us-east-1/member/7/",
        "spiffe://test.atoll/region/US/member/7",
        "spiffe://test/region/us-east-1/member/7",
        "https://test.atoll/region/us-east-1/member/7",
        "",
    ] {
        assert_eq!(Identity::from_uri(other), None, "{other:?}");
    }
}
