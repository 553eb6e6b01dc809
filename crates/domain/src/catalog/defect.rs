//! Everything that makes an edition of the catalogue unpublishable.

use ids::RegionId;

use super::{Architecture, Channel, Key, KubernetesVersion};
use crate::{Cidr, Date};

/// One thing that is wrong with an edition, with the value and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    #[error("read the edition's name {given:?}: wanted a month and perhaps a suffix, such as 2026-11 or 2026-11-b")]
    EditionName { given: String },

    #[error("counted the {what}: there is none, wanted at least one")]
    Empty { what: &'static str },

    #[error("looked up the region {region} of {what}: it is not in the edition, wanted one of {known}")]
    UnknownRegion { what: String, region: RegionId, known: String },

    #[error("looked for the region {region}, which the ring has: it is not in the edition, wanted it to be")]
    RegionMissing { region: RegionId },

    #[error("read the zones of {region}: {zone:?} is there twice, wanted each id and name once")]
    ZoneTwice { region: RegionId, zone: String },

    #[error("counted the zones of {region}: there are {zones}, wanted {wanted} for masters of {cluster_type}")]
    FewZones { region: RegionId, zones: usize, cluster_type: String, wanted: u64 },

    #[error("read the price of {instance_type} in {region}: 0, wanted millionths of a dollar for an hour")]
    PriceMissing { instance_type: String, region: RegionId },

    #[error("counted the vCPUs and the memory of {instance_type}: one of them is 0, wanted more")]
    InstanceTypeEmpty { instance_type: String },

    #[error("looked up the zone {zone:?} that {instance_type} is not in: wanted one of {region}: {known}")]
    UnknownZone { instance_type: String, region: RegionId, zone: String, known: String },

    #[error("counted the zones of {region} with {instance_type}: there is none, wanted one, or no offer there")]
    OfferWithoutZone { instance_type: String, region: RegionId },

    #[error("read the windows of {version}: {earlier} {from} is not before {later} {to}, wanted it to be")]
    WindowTurned { version: KubernetesVersion, earlier: &'static str, from: Date, later: &'static str, to: Date },

    #[error(
        "read what is known of the conformance of {version}: nothing, wanted a run on record or that there is none"
    )]
    ConformanceMissing { version: KubernetesVersion },

    #[error("looked for a version in the channel {channel} in {region}: none is published, {cluster_type} wants one")]
    NoVersion { region: RegionId, channel: Channel, cluster_type: String },

    #[error("looked up the version {version} of the image {image}: it is not in the edition, wanted one of {known}")]
    ImageOfUnknownVersion { image: String, version: KubernetesVersion, known: String },

    #[error("read the images: {image} is there twice, wanted each id once")]
    ImageTwice { image: String },

    #[error("looked for an image of {version} for {} in {region}: none, wanted one, for it is published there", .architecture.as_str())]
    ImageMissing { version: KubernetesVersion, region: RegionId, architecture: Architecture },

    #[error("read the id of the cluster type {given:?}: wanted 1 to 63 of A-Z, 0-9 and _, a letter first")]
    ClusterTypeId { given: String },

    #[error("looked for {key} in {cluster_type}: it is missing, wanted {}", .key.shape())]
    DecisionMissing { cluster_type: String, key: Key },

    #[error("read {key} of {cluster_type}: {value}, wanted {}", .key.shape())]
    DecisionNotAccepted { cluster_type: String, key: Key, value: String },

    #[error("read why {cluster_type} has its {key}: nothing, wanted a reason")]
    ReasonMissing { cluster_type: String, key: Key },

    #[error("compared {key} of {cluster_type}, {value}: wanted {wanted}")]
    DecisionsContradict { cluster_type: String, key: Key, value: String, wanted: String },

    #[error("counted the addresses for {pool} of {region}: there are none, wanted a range")]
    PoolEmpty { region: RegionId, pool: &'static str },

    #[error("compared {range} for {pool} of {region}: it overlaps {other} for {other_of}, wanted ranges apart")]
    PoolsOverlap { region: RegionId, pool: &'static str, range: Cidr, other: Cidr, other_of: String },

    #[error(
        "read {range} for {pool} of {region}: wanted a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"
    )]
    PoolNotPrivate { region: RegionId, pool: &'static str, range: Cidr },

    #[error("read the size of shared VPCs of {region}: /{given}, wanted /16 to /28")]
    SharedVpcPrefix { region: RegionId, given: u8 },

    #[error(
        "compared {range} for {pool} of {region} with the edition {edition}: {from} had it, wanted it to stay there"
    )]
    RangeMoved { region: RegionId, pool: &'static str, range: Cidr, from: RegionId, edition: String },

    #[error("looked for room for {cluster_type} in the {pool} of {region}: wanted a range of /{wanted} or larger")]
    PoolTooSmall { region: RegionId, pool: &'static str, cluster_type: String, wanted: u64 },
}
