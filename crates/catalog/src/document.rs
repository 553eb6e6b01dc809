//! The file as serde sees it: texts and numbers, nothing of the domain.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Document {
    pub edition: String,
    pub sources: Vec<Source>,
    pub regions: BTreeMap<String, Region>,
    pub instance_types: Vec<InstanceType>,
    pub versions: Vec<Version>,
    pub images: Vec<Image>,
    pub cluster_types: Vec<ClusterType>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    pub facts: String,
    pub from: String,
    pub date: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Region {
    pub zones: Vec<Zone>,
    pub addresses: Addresses,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Zone {
    pub id: String,
    pub name: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Addresses {
    pub clusters: Vec<String>,
    pub pods: Vec<String>,
    pub services: Vec<String>,
    pub shared_vpc_prefix: u8,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InstanceType {
    pub name: String,
    pub vcpus: u32,
    pub memory_mib: u64,
    pub architecture: String,
    pub network: String,
    pub current_generation: bool,
    pub burstable: bool,
    pub offers: BTreeMap<String, Offer>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Offer {
    pub price: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_in: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Version {
    pub version: String,
    pub channels: Vec<String>,
    pub released: String,
    pub standard_end: String,
    pub extended_end: String,
    pub published: Vec<String>,
    pub conformance: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    pub id: String,
    pub region: String,
    pub architecture: String,
    pub version: String,
    pub built: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClusterType {
    pub id: String,
    pub display_name: String,
    pub decisions: BTreeMap<String, Decision>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Decision {
    /// The text of a [`domain::catalog::Value`], whatever YAML would make of it.
    pub value: String,
    pub why: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixed: bool,
}
