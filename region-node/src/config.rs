//! What one member is told when it starts: one TOML file, and environment variables over it.
//!
//! ```text
//!   defaults ◀─ file ◀─ ATOLL_<SECTION>_<KEY>, or ATOLL_<KEY> for what stands above all sections
//! ```
//!
//! Everything is read and checked before anything is done. A key that is not known is refused, in the file and in the environment.
//!
//! Map: `sections` of the file · `units` durations, sizes, addresses · `layers` file and environment as one table,
//! and where each value came from.

pub mod layers;
mod sections;
pub mod units;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use adapter_grpc::api::Operators;
use ids::{MemberId, RegionId, RingId};
use serde::{Deserialize, Serialize};

pub use sections::{
    Access, CatchUp, Cloud, Data, Group, Listen, LogFormat, Member, Retention, Telemetry, Timing, Tls, TlsMode,
};

/// Why a configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("read the configuration {}: {detail}", file.display())]
    Read { file: PathBuf, detail: String },
    #[error("read {key} of the configuration: {detail}")]
    Value { key: String, detail: String },
}

fn value(key: impl Into<String>, detail: impl Into<String>) -> Error {
    Error::Value { key: key.into(), detail: detail.into() }
}

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the ring: a-z, 0-9 and -.
    pub ring: String,
    /// Number of this member, never used again after its disk is lost.
    pub member: u64,
    pub region: String,
    pub data: Data,
    #[serde(default)]
    pub listen: Listen,
    #[serde(default)]
    pub tls: Tls,
    #[serde(default)]
    pub access: Access,
    #[serde(default)]
    pub telemetry: Telemetry,
    #[serde(default)]
    pub timing: Timing,
    #[serde(default)]
    pub retention: Retention,
    #[serde(default)]
    pub catch_up: CatchUp,
    #[serde(default)]
    pub cloud: Cloud,
    /// Every member of the ring, this one too.
    pub members: Vec<Member>,
}

impl Config {
    /// Reads the file and the environment, and checks both.
    pub fn load(file: &Path) -> Result<Self, Error> {
        let (config, _) = layers::load(file, &layers::environment())?;
        Ok(config)
    }

    pub fn ring(&self) -> RingId {
        RingId::new(&self.ring)
    }

    pub fn member(&self) -> MemberId {
        MemberId(self.member)
    }

    /// Members by region, each with what `of` picks of it.
    pub fn by_region<T>(&self, of: impl Fn(&Member) -> T) -> Result<BTreeMap<RegionId, Vec<T>>, Error> {
        let mut regions: BTreeMap<RegionId, Vec<T>> = BTreeMap::new();
        for member in &self.members {
            let key = || format!("members[id = {}].region", member.id);
            regions.entry(region(&key(), &member.region)?).or_default().push(of(member));
        }
        Ok(regions)
    }

    pub fn region(&self) -> Result<RegionId, Error> {
        region("region", &self.region)
    }

    /// What the cloud calls the region.
    pub fn cloud_region(&self) -> &str {
        self.cloud.region.as_deref().unwrap_or(&self.region)
    }

    /// Where certificates for development are.
    pub fn certificates(&self) -> PathBuf {
        let beside = || self.data.dir.parent().unwrap_or_else(|| Path::new(".")).join("certs");
        self.tls.dir.clone().unwrap_or_else(beside)
    }

    /// Whom the ring is run by; none where nobody was named.
    ///
    /// # Errors
    /// The file cannot be read, or holds no key.
    pub fn operators(&self) -> Result<Option<Operators>, Error> {
        let Some(file) = &self.access.operators else { return Ok(None) };
        let wrong = |why: &dyn std::fmt::Display| {
            let wanted = "wanted a JSON Web Key Set of public keys, each with its operator's name as `kid`";
            value("access.operators", format!("read {}: {why}; {wanted}", file.display()))
        };
        let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
        Operators::parse(&self.ring, &text).map(Some).map_err(|error| wrong(&error))
    }

    /// What no single value shows.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.ring.is_empty() || self.ring.len() > 63 || !self.ring.bytes().all(plain) {
            return Err(value("ring", format!("read {:?}: wanted 1 to 63 of a-z, 0-9 and -", self.ring)));
        }
        let own = self.region()?;
        let mut ids = BTreeSet::new();
        for member in &self.members {
            self.check_member(member)?;
            if !ids.insert(member.id) {
                return Err(value("members", format!("{} is listed twice: wanted each id once", member.id)));
            }
        }
        let listed = self.by_region(|member| member.id)?;
        if !listed.get(&own).is_some_and(|ids| ids.contains(&self.member)) {
            let wanted =
                format!("member {} of {own} is not listed: wanted every member of the ring, this one too", self.member);
            return Err(value("members", wanted));
        }
        let files = [("tls.ca", &self.tls.ca), ("tls.cert", &self.tls.cert), ("tls.key", &self.tls.key)];
        for (key, given) in files {
            if given.is_some() != (self.tls.mode == TlsMode::Files) {
                return Err(value(key, "wanted with mode = \"files\", and only then"));
            }
        }
        if !(0.0..=1.0).contains(&self.telemetry.sample) {
            return Err(value("telemetry.sample", format!("read {}: wanted 0 to 1", self.telemetry.sample)));
        }
        if !(0.1..=100.0).contains(&self.timing.multiplier) {
            return Err(value("timing.multiplier", format!("read {}: wanted 0.1 to 100", self.timing.multiplier)));
        }
        if self.catch_up.bytes_per_second.0 < 64 << 10 {
            let given = self.catch_up.bytes_per_second;
            return Err(value("catch_up.bytes_per_second", format!("read \"{given}\": wanted at least \"64KiB\"")));
        }
        if self.cloud.survey_every.0 < Duration::from_secs(1) {
            let given = self.cloud.survey_every;
            return Err(value("cloud.survey_every", format!("read \"{given}\": wanted at least \"1s\"")));
        }
        self.check_timing()
    }

    fn check_member(&self, member: &Member) -> Result<(), Error> {
        let key = |name: &str| format!("members[id = {}].{name}", member.id);
        if member.id == 0 {
            return Err(value("members", "read the id 0: wanted a positive number"));
        }
        let scheme = if self.tls.mode == TlsMode::Off { "http://" } else { "https://" };
        if !member.api.strip_prefix(scheme).is_some_and(host_port) {
            return Err(value(key("api"), format!("read {:?}: wanted {scheme}HOST:PORT", member.api)));
        }
        if !host_port(&member.peer) {
            return Err(value(key("peer"), format!("read {:?}: wanted HOST:PORT", member.peer)));
        }
        Ok(())
    }

    fn check_timing(&self) -> Result<(), Error> {
        for (key, group) in [("timing.global", self.timing.global), ("timing.region", self.timing.region)] {
            let Group { heartbeat, election_min, election_max } = group;
            if heartbeat.0.is_zero() || election_min.0 < heartbeat.0 * 2 || election_max <= election_min {
                let given = format!("heartbeat {heartbeat}, election {election_min} to {election_max}");
                return Err(value(key, format!("read {given}: wanted 2 x heartbeat <= election_min < election_max")));
            }
        }
        Ok(())
    }

    /// What the engines are told.
    pub fn ledger(&self) -> Result<ledger::Config, Error> {
        let scaled = |group: Group| ledger::GroupTiming {
            heartbeat: group.heartbeat.0.mul_f64(self.timing.multiplier),
            election_min: group.election_min.0.mul_f64(self.timing.multiplier),
            election_max: group.election_max.0.mul_f64(self.timing.multiplier),
        };
        let Retention { snapshot_every, log_bytes: units::Bytes(log_bytes), entries_kept, records_kept } =
            self.retention;
        Ok(ledger::Config {
            ring: self.ring(),
            member: self.member(),
            region: self.region()?,
            timing: ledger::Timing {
                global: scaled(self.timing.global),
                region: scaled(self.timing.region),
                ..Default::default()
            },
            retention: ledger::Retention { snapshot_every, log_bytes, entries_kept, records_kept },
            catch_up_bytes_per_second: self.catch_up.bytes_per_second.0,
            snapshot_chunk_bytes: ledger::config::SNAPSHOT_CHUNK_BYTES,
            canary: ledger::Canary::default(),
        })
    }
}

fn region(key: &str, given: &str) -> Result<RegionId, Error> {
    given.parse().map_err(|error: ids::NameError| value(key, error.to_string()))
}

fn host_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(['/', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}
