//! Every way in which a request for a cluster is refused.
//!
//! One closed list. Programs act on [`Refusal::reason`]; [`Refusal::accepted`] says what would have been taken; the text
//! is for people.

use domain::{
    Cidr, Date,
    catalog::{Channel, Key, KubernetesVersion},
};
use ids::RegionId;

use crate::Source;

/// Why nothing was decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("looked up the cluster type {given:?}: it is not in the catalogue, wanted one of {}", list(accepted))]
    UnknownClusterType { given: String, accepted: Vec<String> },

    #[error("looked up the region {given:?}: it is not in the catalogue, wanted one of {}", list(accepted))]
    UnknownRegion { given: String, accepted: Vec<String> },

    #[error("looked up Kubernetes {given}: it is not in the catalogue, wanted one of {}", list(accepted))]
    UnknownVersion { given: KubernetesVersion, accepted: Vec<String> },

    #[error("looked up Kubernetes {given} in {region}: it is not published there, wanted one of {}", list(accepted))]
    VersionNotInRegion { given: KubernetesVersion, region: RegionId, accepted: Vec<String> },

    #[error("took Kubernetes {given}: its support ended on {ended}, wanted one of {}", list(accepted))]
    VersionEnded { given: KubernetesVersion, ended: Date, accepted: Vec<String> },

    #[error(
        "looked for a version in the channel {channel} in {region}: none is supported on {today}, wanted one of {}",
        list(accepted)
    )]
    NoVersionInChannel { channel: Channel, region: RegionId, today: Date, accepted: Vec<String> },

    /// `by` is who forbids it.
    #[error("set {key} to {given}: {by} forbids it, wanted {accepted}")]
    OverrideForbidden { key: Key, given: String, by: Box<Source>, accepted: String },

    #[error("set {key} to {given}: wanted {accepted}")]
    ValueNotAccepted { key: Key, given: String, accepted: String },

    #[error("took {given} for {key}: it overlaps {other} {of}; wanted {accepted}")]
    CidrOverlap { key: Key, given: Cidr, other: Cidr, of: String, accepted: String },

    #[error("took {given} for {key}: too small for {needed}, wanted {accepted}")]
    CidrTooSmall { key: Key, given: String, needed: String, accepted: String },

    #[error("took {given} for {key}: too large, wanted {accepted}")]
    CidrTooLarge { key: Key, given: String, accepted: String },

    #[error("took {given} for {key}: wanted a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10")]
    CidrNotPrivate { key: Key, given: Cidr },

    #[error(
        "looked for a free /{prefix} for {key} in {region}: all addresses for {pool} are in use, wanted {accepted}"
    )]
    AddressSpaceUsedUp { key: Key, prefix: u8, region: RegionId, pool: &'static str, accepted: String },

    #[error("looked for {key} in {region} with {needed}: none fits, wanted {accepted}")]
    NoInstanceTypeFits { key: Key, region: RegionId, needed: String, accepted: String },

    /// Of a cluster that was made.
    #[error("set {key} to {given}: it was fixed when the cluster was made, wanted {has}")]
    FixedAtCreation { key: Key, given: String, has: String },

    /// The edition has something that its check would have found.
    #[error("read {what} of the edition {edition}: it is missing, wanted an edition that was checked")]
    CatalogIncomplete { what: String, edition: String },
}

impl Refusal {
    /// Stable code that programs act on. Never changed, never given another meaning.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownClusterType { .. } => "UNKNOWN_CLUSTER_TYPE",
            Self::UnknownRegion { .. } => "UNKNOWN_REGION",
            Self::UnknownVersion { .. } => "UNKNOWN_VERSION",
            Self::VersionNotInRegion { .. } => "VERSION_NOT_IN_REGION",
            Self::VersionEnded { .. } => "VERSION_ENDED",
            Self::NoVersionInChannel { .. } => "NO_VERSION_IN_CHANNEL",
            Self::OverrideForbidden { .. } => "OVERRIDE_FORBIDDEN",
            Self::ValueNotAccepted { .. } => "VALUE_NOT_ACCEPTED",
            Self::CidrOverlap { .. } => "CIDR_OVERLAP",
            Self::CidrTooSmall { .. } => "CIDR_TOO_SMALL",
            Self::CidrTooLarge { .. } => "CIDR_TOO_LARGE",
            Self::CidrNotPrivate { .. } => "CIDR_NOT_PRIVATE",
            Self::AddressSpaceUsedUp { .. } => "ADDRESS_SPACE_USED_UP",
            Self::NoInstanceTypeFits { .. } => "NO_INSTANCE_TYPE_FITS",
            Self::FixedAtCreation { .. } => "FIXED_AT_CREATION",
            Self::CatalogIncomplete { .. } => "CATALOG_INCOMPLETE",
        }
    }

    /// What would have been taken: values, or a description of them.
    pub fn accepted(&self) -> Vec<String> {
        match self {
            Self::UnknownClusterType { accepted, .. }
            | Self::UnknownRegion { accepted, .. }
            | Self::UnknownVersion { accepted, .. }
            | Self::VersionNotInRegion { accepted, .. }
            | Self::VersionEnded { accepted, .. }
            | Self::NoVersionInChannel { accepted, .. } => accepted.clone(),
            Self::OverrideForbidden { accepted, .. }
            | Self::ValueNotAccepted { accepted, .. }
            | Self::CidrOverlap { accepted, .. }
            | Self::CidrTooSmall { accepted, .. }
            | Self::CidrTooLarge { accepted, .. }
            | Self::AddressSpaceUsedUp { accepted, .. }
            | Self::NoInstanceTypeFits { accepted, .. } => vec![accepted.clone()],
            Self::FixedAtCreation { has, .. } => vec![has.clone()],
            Self::CidrNotPrivate { .. } => {
                ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map(String::from).into()
            }
            Self::CatalogIncomplete { .. } => Vec::new(),
        }
    }
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none, for there is none".to_owned() } else { items.join(", ") }
}
