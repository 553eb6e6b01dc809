//! Loaded certificates as configurations of rustls: for calls of other members, for clients, and for calls to other members.
//!
//! Members speak TLS 1.3 only and prove themselves on every connection: sessions are not resumed.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::{Resumption, WebPkiServerVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier},
    version::TLS13,
};

use super::TlsError;

/// HTTP/2, the one protocol that is spoken.
const ALPN: &[u8] = b"h2";

/// The certificates of one member, ready for use; or none, where TLS is off.
#[derive(Clone)]
pub struct Material(Option<Arc<Loaded>>);

struct Loaded {
    members: ServerTls,
    clients: ServerTls,
    outgoing: ClientTls,
    authority_pem: String,
}

/// How a listener proves who it is, and what it wants of callers.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    /// Callers must name a member.
    members_only: bool,
}

/// How a member calls others.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
}

impl Material {
    /// No TLS.
    pub fn off() -> Self {
        Self(None)
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// For the listener that other members call: both sides prove who they are.
    pub fn members(&self) -> Option<ServerTls> {
        self.0.as_ref().map(|loaded| loaded.members.clone())
    }

    /// For the listener that clients call: they need no certificate.
    pub fn clients(&self) -> Option<ServerTls> {
        self.0.as_ref().map(|loaded| loaded.clients.clone())
    }

    /// For calls to other members.
    pub fn outgoing(&self) -> Option<ClientTls> {
        self.0.as_ref().map(|loaded| loaded.outgoing.clone())
    }

    /// The authority's certificates as PEM: what a client needs to believe this member.
    pub fn authority_pem(&self) -> Option<&str> {
        self.0.as_ref().map(|loaded| loaded.authority_pem.as_str())
    }

    pub(crate) fn new(authority_pem: String, parts: Parts) -> Result<Self, TlsError> {
        let rejected = |source| TlsError::Rejected { source };
        let outgoing = ClientTls { config: Arc::new(client_config(&parts).map_err(rejected)?) };
        let verifier = parts.client_verifier()?;
        let mut members = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(rejected)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(parts.chain.clone(), parts.key.clone_key())
            .map_err(rejected)?;
        members.alpn_protocols.push(ALPN.to_vec());
        members.session_storage = Arc::new(NoServerSessionStorage {});
        members.send_tls13_tickets = 0;
        let members = ServerTls { config: Arc::new(members), members_only: true };
        let clients = ServerTls::new(parts.chain, parts.key).map_err(rejected)?;
        Ok(Self(Some(Arc::new(Loaded { members, clients, outgoing, authority_pem }))))
    }
}

impl ServerTls {
    /// A listener that wants no certificate of its callers.
    pub(crate) fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols.push(ALPN.to_vec());
        Ok(Self { config: Arc::new(config), members_only: false })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    pub(crate) fn members_only(&self) -> bool {
        self.members_only
    }
}

impl ClientTls {
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

/// A certificate with what proves and what uses it.
pub(crate) struct Parts {
    pub roots: Arc<RootCertStore>,
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

impl Parts {
    pub fn client_verifier(&self) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), provider()).build().map_err(no_roots)
    }

    pub fn server_verifier(&self) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.roots), provider()).build().map_err(no_roots)
    }
}

fn client_config(parts: &Parts) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(Arc::clone(&parts.roots))
        .with_client_auth_cert(parts.chain.clone(), parts.key.clone_key())?;
    config.alpn_protocols.push(ALPN.to_vec());
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn no_roots(error: VerifierBuilderError) -> TlsError {
    TlsError::Rejected { source: rustls::Error::General(error.to_string()) }
}

/// The one provider of cryptography, named so that nothing depends on which others a build may link.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "Material(on)" } else { "Material(off)" })
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("members_only", &self.members_only).finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}
