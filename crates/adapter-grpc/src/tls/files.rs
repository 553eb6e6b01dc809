//! Certificates and keys from PEM files, checked before anything is served with them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    RootCertStore,
    client::danger::ServerCertVerifier,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    sign::CertifiedKey,
};

use super::{
    Fault, Identity, Material, ServerTls,
    material::{Parts, provider},
};

/// Why there are no certificates to go on with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("read {}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("wrote {}", file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error("read {} as PEM: wanted {wanted}", file.display())]
    NotPem { file: PathBuf, wanted: &'static str },
    #[error("used the key of {} with the certificate of {}: they do not belong together", key.display(), cert.display())]
    KeyMismatch { cert: PathBuf, key: PathBuf },
    #[error("checked {} against the authority of {}: {fault}", cert.display(), ca.display())]
    NotBelieved { cert: PathBuf, ca: PathBuf, fault: Fault },
    #[error("read whom {} is for: {}, wanted {wanted}", file.display(), found.as_deref().unwrap_or("it names no member"))]
    OtherMember { file: PathBuf, found: Option<String>, wanted: String },
    #[error("used the development authority of {}: it is of {found}, wanted {wanted}: use another directory for another ring", dir.display())]
    OtherRing { dir: PathBuf, found: String, wanted: String },
    #[error("made a certificate for {name:?}: wanted a DNS name or an address, and a ring named by a-z, 0-9 and -")]
    Name { name: String },
    #[error("made {what}")]
    Make { what: &'static str, source: rcgen::Error },
    #[error("used a certificate and its key for TLS")]
    Rejected { source: rustls::Error },
}

pub(crate) fn load(ca: &Path, cert: &Path, key: &Path, who: &Identity) -> Result<Material, TlsError> {
    let authority_pem = String::from_utf8(read(ca)?).map_err(|_| not_pem(ca, "certificates"))?;
    let chain = certificates(&read(cert)?, cert)?;
    let parts = Parts { roots: roots(&authority_pem, ca)?, chain, key: private_key(&read(key)?, key)? };
    check(&parts, who, Where { ca, cert, key })?;
    Material::new(authority_pem, parts)
}

/// A certificate for clients only, for example one of a public authority.
pub fn load_server(cert: &Path, key: &Path) -> Result<ServerTls, TlsError> {
    let chain = certificates(&read(cert)?, cert)?;
    let private = private_key(&read(key)?, key)?;
    matches(&chain, &private, cert, key)?;
    ServerTls::new(chain, private).map_err(|source| TlsError::Rejected { source })
}

/// The files that parts came from, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Where<'a> {
    pub ca: &'a Path,
    pub cert: &'a Path,
    pub key: &'a Path,
}

/// Whether other members will believe these parts, on both sides of a connection, to be `who`.
pub(crate) fn check(parts: &Parts, who: &Identity, files: Where<'_>) -> Result<(), TlsError> {
    matches(&parts.chain, &parts.key, files.cert, files.key)?;
    let (first, between) = parts.chain.split_first().ok_or_else(|| not_pem(files.cert, "a certificate"))?;
    let wanted = who.uri();
    let found = Identity::of(first).map(|found| found.uri());
    if found.as_ref() != Some(&wanted) {
        return Err(TlsError::OtherMember { file: files.cert.to_owned(), found, wanted });
    }
    let not_believed = |error: rustls::Error| TlsError::NotBelieved {
        cert: files.cert.to_owned(),
        ca: files.ca.to_owned(),
        fault: Fault::of_rustls(&error),
    };
    let dns = who.dns_name();
    let name = ServerName::try_from(dns.as_str()).map_err(|_| TlsError::Name { name: dns.clone() })?;
    let now = UnixTime::now();
    parts.server_verifier()?.verify_server_cert(first, between, &name, &[], now).map_err(not_believed)?;
    parts.client_verifier()?.verify_client_cert(first, between, now).map_err(not_believed)?;
    Ok(())
}

fn matches(
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
    cert_file: &Path,
    key_file: &Path,
) -> Result<(), TlsError> {
    match CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &provider()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(TlsError::KeyMismatch { cert: cert_file.to_owned(), key: key_file.to_owned() })
        }
        Err(source) => Err(TlsError::Rejected { source }),
    }
}

pub(crate) fn roots(pem: &str, file: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem.as_bytes(), file)? {
        roots.add(certificate).map_err(|_| not_pem(file, "certificates of an authority"))?;
    }
    Ok(Arc::new(roots))
}

pub(crate) fn certificates(pem: &[u8], file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wanted = "at least one CERTIFICATE";
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(read) if !read.is_empty() => Ok(read),
        Ok(_) | Err(_) => Err(not_pem(file, wanted)),
    }
}

pub(crate) fn private_key(pem: &[u8], file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| not_pem(file, "a PRIVATE KEY"))
}

pub(crate) fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|source| TlsError::Read { file: file.to_owned(), source })
}

fn not_pem(file: &Path, wanted: &'static str) -> TlsError {
    TlsError::NotPem { file: file.to_owned(), wanted }
}
