//! What a client is told at its start: addresses, trust and times.

use std::time::Duration;

use crate::Credential;

/// Everything a client needs to know. `Config::new(endpoints)` fills in the rest.
#[derive(Clone, Debug)]
pub struct Config {
    /// All regional addresses. More are learned from the ring when `refresh_topology` is set; none is ever forgotten.
    pub endpoints: Vec<Endpoint>,
    /// Asked first; without it the region that answers first.
    pub preferred_region: Option<String>,
    pub tls: Tls,
    pub credential: Credential,
    /// Of a unary call over all its tries, unless the call says otherwise.
    pub timeout: Duration,
    /// Of one attempt to connect, name lookup and TLS handshake included.
    pub connect_timeout: Duration,
    /// A try that got no answer for so long is doubted: the connection is asked for a sign of life.
    pub doubt_after: Duration,
    /// How long that sign may take. `doubt_after + sign_within` after its start, a try at a dead member is continued elsewhere.
    pub sign_within: Duration,
    /// A try at a member that is alive is given so long before it is doubled elsewhere; twice as long at each next try.
    pub patience: Duration,
    /// Connections of one endpoint for unary calls.
    pub unary_connections: usize,
    /// Connections of one endpoint for watches and mutation streams.
    pub stream_connections: usize,
    /// Learn further addresses from the ring, in memory.
    pub refresh_topology: bool,
    pub user_agent: String,
}

/// One address of the public API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Such as `us-east-1`.
    pub region: String,
    /// `https://host:port`, or `http://host:port` for a connection without TLS.
    pub address: String,
}

/// Whom `https` endpoints are trusted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// The authorities that the operating system trusts.
    #[default]
    System,
    /// These authorities only.
    Authorities { pem: String },
}

impl Config {
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints,
            preferred_region: None,
            tls: Tls::System,
            credential: Credential::default(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(1),
            doubt_after: Duration::from_millis(400),
            sign_within: Duration::from_millis(500),
            patience: Duration::from_millis(2_500),
            unary_connections: 1,
            stream_connections: 1,
            refresh_topology: true,
            user_agent: concat!("atoll-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    #[must_use]
    pub fn prefer(self, region: &str) -> Self {
        Self { preferred_region: Some(region.to_owned()), ..self }
    }

    /// Trusts the authorities in `pem` only.
    #[must_use]
    pub fn trust(self, pem: &str) -> Self {
        Self { tls: Tls::Authorities { pem: pem.to_owned() }, ..self }
    }

    #[must_use]
    pub fn signed_by(self, credential: Credential) -> Self {
        Self { credential, ..self }
    }

    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if self.endpoints.is_empty() {
            return Err("made a client with 0 endpoints: wanted at least one address".to_owned());
        }
        if self.unary_connections == 0 || self.stream_connections == 0 {
            return Err("made a client with 0 connections per endpoint: wanted at least 1".to_owned());
        }
        if matches!(&self.tls, Tls::Authorities { pem } if !pem.contains("-----BEGIN CERTIFICATE-----")) {
            return Err("read the authorities to trust: wanted PEM with at least one certificate".to_owned());
        }
        let known = |region: &String| self.endpoints.iter().any(|endpoint| endpoint.region == *region);
        match self.preferred_region.as_ref().filter(|region| !known(region)) {
            Some(region) => Err(format!("preferred the region {region:?}: wanted the region of an endpoint")),
            None => Ok(()),
        }
    }
}

impl Endpoint {
    pub fn new(region: &str, address: &str) -> Self {
        Self { region: region.to_owned(), address: address.to_owned() }
    }
}
