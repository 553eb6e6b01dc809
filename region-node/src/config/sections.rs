//! The sections of the file, each with its defaults.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::units::{Address, Bytes, Span};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub dir: PathBuf,
    /// Below this much free space customers' writes are refused; the rest is for what the member itself must write.
    #[serde(default = "reserve")]
    pub reserve: Bytes,
}

fn reserve() -> Bytes {
    Bytes(64 << 20)
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// For clients.
    pub api: Address,
    /// For other members.
    pub peer: Address,
    /// `/metrics`, `/healthz`, `/status`; none where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<Address>,
}

impl Default for Listen {
    fn default() -> Self {
        let local = |port| Address(SocketAddr::from(([127, 0, 0, 1], port)));
        Self { api: local(7101), peer: local(7201), telemetry: None }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Certificates made on first start, in `tls.dir`.
    #[default]
    Development,
    /// PEM files: `tls.ca`, `tls.cert`, `tls.key`.
    Files,
    Off,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    pub mode: TlsMode,
    /// Shared by the members of one machine; `certs` beside the data directory where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// Further names and addresses in the certificate.
    pub names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// A file with the public keys of those who run the ring: a JSON Web Key Set in which each key is named after its operator. Without it
    /// whoever reaches the API may do everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operators: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub id: u64,
    pub region: String,
    /// As clients reach it.
    pub api: String,
    /// As this member reaches it: `HOST:PORT`.
    pub peer: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Levels by module.
    pub log: String,
    pub format: LogFormat,
    /// A collector for traces and metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp: Option<String>,
    /// Share of the requests without a sampled parent that are traced.
    pub sample: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log: "info".to_owned(), format: LogFormat::Text, otlp: None, sample: 0.01 }
    }
}

/// Timing of one kind of group.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub heartbeat: Span,
    pub election_min: Span,
    pub election_max: Span,
}

impl From<ledger::GroupTiming> for Group {
    fn from(timing: ledger::GroupTiming) -> Self {
        let ledger::GroupTiming { heartbeat, election_min, election_max } = timing;
        Self { heartbeat: Span(heartbeat), election_min: Span(election_min), election_max: Span(election_max) }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// For slow machines: all spans below, times this.
    pub multiplier: f64,
    pub global: Group,
    pub region: Group,
}

impl Default for Timing {
    fn default() -> Self {
        let ledger::Timing { global, region, .. } = ledger::Timing::default();
        Self { multiplier: 1.0, global: global.into(), region: region.into() }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    pub snapshot_every: u64,
    pub log_bytes: Bytes,
    pub entries_kept: u64,
    pub records_kept: u64,
}

impl Default for Retention {
    fn default() -> Self {
        let ledger::Retention { snapshot_every, log_bytes, entries_kept, records_kept } = ledger::Retention::default();
        Self { snapshot_every, log_bytes: Bytes(log_bytes), entries_kept, records_kept }
    }
}

/// Where the region's clusters are made. Without a cloud they are wishes and nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cloud {
    /// The process of a simulated cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated: Option<Address>,
    /// What the cloud calls the region; as the ring does where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How often everything in an account is listed: what is changed behind the service's back is known by then.
    pub survey_every: Span,
}

impl Default for Cloud {
    fn default() -> Self {
        Self { simulated: None, region: None, survey_every: Span(Duration::from_secs(60)) }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CatchUp {
    /// What each replica pulls at most while it catches up.
    pub bytes_per_second: Bytes,
}

impl Default for CatchUp {
    fn default() -> Self {
        Self { bytes_per_second: Bytes(16 << 20) }
    }
}
