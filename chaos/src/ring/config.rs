//! The configuration file of one member, as `region-node` reads it.
//!
//! Written from here rather than shared as code: a ring under test is configured as its operators configure theirs.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// Everything of the file that a ring on loopback needs; the rest is left to its defaults.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeConfig {
    pub ring: String,
    pub member: u64,
    pub region: String,
    pub data: Data,
    pub listen: Listen,
    pub tls: Tls,
    pub members: Vec<Member>,
    pub telemetry: Telemetry,
    pub timing: Timing,
    pub cloud: Cloud,
}

/// Where clusters are made; nowhere where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cloud {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survey_every: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Data {
    pub dir: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listen {
    pub api: String,
    pub peer: String,
    pub telemetry: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Tls {
    Development { dir: PathBuf, names: Vec<String> },
    Off,
}

/// One member, as the reader of this file reaches it: a proxy's address goes into `peer`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    pub id: u64,
    pub region: String,
    pub api: String,
    pub peer: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Telemetry {
    pub log: String,
    pub format: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timing {
    pub multiplier: f64,
}

impl NodeConfig {
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).with_context(|| format!("write the configuration of member {}", self.member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_the_contract_of_region_node_names() {
        let member = |id: u64, region: &str, port: u16| Member {
            id,
            region: region.to_owned(),
            api: format!("https://127.0.0.1:{}", 7100 + id),
            peer: format!("127.0.0.1:{port}"),
        };
        let config = NodeConfig {
            ring: "local".to_owned(),
            member: 1,
            region: "us-east-1".to_owned(),
            data: Data { dir: "/data/1".into() },
            listen: Listen {
                api: "127.0.0.1:7101".to_owned(),
                peer: "127.0.0.1:7201".to_owned(),
                telemetry: "127.0.0.1:7301".to_owned(),
            },
            tls: Tls::Development { dir: "/tls".into(), names: vec!["localhost".to_owned()] },
            members: vec![member(1, "us-east-1", 7201), member(2, "us-west-2", 9999)],
            telemetry: Telemetry { log: "info".to_owned(), format: "text".to_owned() },
            timing: Timing { multiplier: 1.0 },
            cloud: Cloud { simulated: Some("127.0.0.1:7601".to_owned()), survey_every: Some("10s".to_owned()) },
        };
        let expected = r#"ring = "local"
member = 1
region = "us-east-1"

[data]
dir = "/data/1"

[listen]
api = "127.0.0.1:7101"
peer = "127.0.0.1:7201"
telemetry = "127.0.0.1:7301"

[tls]
mode = "development"
dir = "/tls"
names = ["localhost"]

[[members]]
id = 1
region = "us-east-1"
api = "https://127.0.0.1:7101"
peer = "127.0.0.1:7201"

[[members]]
id = 2
region = "us-west-2"
api = "https://127.0.0.1:7102"
peer = "127.0.0.1:9999"

[telemetry]
log = "info"
format = "text"

[timing]
multiplier = 1.0

[cloud]
simulated = "127.0.0.1:7601"
survey_every = "10s"
"#;
        assert_eq!(config.to_toml().unwrap(), expected);
    }
}
