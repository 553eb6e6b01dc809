//! The catalogue: what clusters can be made of, and what the cluster types are.
//!
//! One edition is one value, published as a whole: regions, instance types, Kubernetes versions, images, the address
//! plan and the cluster types. It says what there is; which of it a cluster gets is decided elsewhere, from the edition
//! and nothing but data. Prices are integers. How an edition is written in a file is not known here.
//!
//! Map: [`Key`] the decisions that are made for a cluster · [`Value`] and [`Shape`] what a decision's value looks
//! like · [`KubernetesVersion`] · [`Catalog::check`] what makes an edition unpublishable · [`Defect`] every way to be so.

use std::collections::{BTreeMap, BTreeSet};

use ids::RegionId;

use crate::{Cidr, Date};

mod check;
mod defect;
mod key;
mod value;
mod version;

pub use check::is_edition;
pub use defect::Defect;
pub use key::Key;
pub use value::{Day, Machine, Shape, Step, Unit, Value, ValueError, Window};
pub use version::{Channel, KubernetesVersion, VersionError};

/// One edition of everything that clusters are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Its name: a month, and a suffix where there are several, such as `2026-11` or `2026-11-b`.
    pub edition: String,
    /// Where its facts are from.
    pub sources: Vec<Source>,
    pub regions: BTreeMap<RegionId, Region>,
    /// By name, such as `m7g.large`.
    pub instance_types: BTreeMap<String, InstanceType>,
    pub versions: BTreeMap<KubernetesVersion, Version>,
    pub images: Vec<Image>,
    /// By id, such as `PRODUCTION`.
    pub cluster_types: BTreeMap<String, ClusterTypeRecord>,
}

/// Where facts of the edition were taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which facts, in words.
    pub facts: String,
    /// The document or package, with its version.
    pub from: String,
    /// Of the source, not of the day on which it was read.
    pub date: Date,
}

/// One region: its zones and the addresses that clusters in it get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// In the order in which they are used.
    pub zones: Vec<Zone>,
    pub addresses: AddressPools,
}

/// One availability zone. The id means the same place for everybody; the name may differ between cloud accounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zone {
    /// Such as `use1-az1`.
    pub id: String,
    /// Such as `us-east-1b`.
    pub name: String,
}

/// Where a region takes addresses from, for every organization alike. Pools of all regions are apart from each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressPools {
    /// For VPCs: machines and load balancers.
    pub clusters: Vec<Cidr>,
    pub pods: Vec<Cidr>,
    pub services: Vec<Cidr>,
    /// Size of a VPC that several clusters of a project share.
    pub shared_vpc_prefix: u8,
}

impl AddressPools {
    /// Each pool with its name.
    pub fn named(&self) -> [(&'static str, &[Cidr]); 3] {
        [("clusters", &self.clusters), ("pods", &self.pods), ("services", &self.services)]
    }
}

/// What a machine's processor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Architecture {
    X86_64,
    Arm64,
}

impl Architecture {
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// As the cloud says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// A kind of machine that the cloud offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceType {
    pub vcpus: u32,
    pub memory_mib: u64,
    pub architecture: Architecture,
    /// As the cloud describes it, such as `Up to 12.5 Gigabit`.
    pub network: String,
    pub current_generation: bool,
    /// Its full speed is had for a time only.
    pub burstable: bool,
    /// Where it is to be had; not at all in a region that is not named.
    pub offers: BTreeMap<RegionId, Offer>,
}

/// An instance type in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// On demand, with Linux: millionths of a dollar for an hour.
    pub price: u64,
    /// Ids of the region's zones that do not have it.
    pub not_in: BTreeSet<String>,
}

/// Of an instance type's name, the class of machines: the letters that it begins with, such as `m` of `m7g.large`.
pub fn class_of(instance_type: &str) -> &str {
    let end = instance_type.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(instance_type.len());
    instance_type.get(..end).unwrap_or(instance_type)
}

/// A Kubernetes version that is or was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Channels that may choose it; by none it is had only when asked for by name.
    pub channels: BTreeSet<Channel>,
    /// Day of the minor version's release.
    pub released: Date,
    /// Last day of standard support.
    pub standard_end: Date,
    /// Last day on which it may be run.
    pub extended_end: Date,
    /// Where clusters may be made of it.
    pub published: BTreeSet<RegionId>,
    /// What is known of its conformance: a run that is on record, or plainly that there is none.
    pub conformance: String,
}

/// How a version is supported on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Support {
    /// Its release is yet to come.
    Announced,
    /// Channels choose it for new clusters.
    Standard,
    /// It may be run, and asked for by name.
    Extended,
    Ended,
}

impl Version {
    pub fn support(&self, today: Date) -> Support {
        match today {
            today if today < self.released => Support::Announced,
            today if today <= self.standard_end => Support::Standard,
            today if today <= self.extended_end => Support::Extended,
            _later => Support::Ended,
        }
    }
}

/// A machine image in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: String,
    pub region: RegionId,
    pub architecture: Architecture,
    pub version: KubernetesVersion,
    pub built: Date,
    /// Whether it mends a critical weakness of those built before it.
    pub critical: bool,
}

/// A cluster type as a record: for each decision that is not computed, a value and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterTypeRecord {
    pub display_name: String,
    pub decisions: BTreeMap<Key, Chosen>,
}

/// A cluster type's value for one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub value: Value,
    /// Why this type has it, for people.
    pub why: String,
    /// It makes the type what it is: no policy and no request changes it.
    pub fixed: bool,
}

impl Catalog {
    /// What of it is to be had in these regions.
    #[must_use]
    pub fn only_in(mut self, regions: &BTreeSet<RegionId>) -> Self {
        self.regions.retain(|region, _| regions.contains(region));
        self.instance_types.retain(|_, kind| {
            kind.offers.retain(|region, _| regions.contains(region));
            !kind.offers.is_empty()
        });
        self.versions.retain(|_, version| {
            version.published.retain(|region| regions.contains(region));
            !version.published.is_empty()
        });
        self.images.retain(|image| regions.contains(&image.region));
        self
    }

    /// The newest image for a version and architecture in a region.
    pub fn image(&self, region: &RegionId, architecture: Architecture, version: KubernetesVersion) -> Option<&Image> {
        let fits =
            |image: &&Image| image.region == *region && image.architecture == architecture && image.version == version;
        self.images.iter().filter(fits).max_by_key(|image| (image.built, &image.id))
    }

    /// When the newest image was built that takes this one's place, or is it, and mends a critical weakness.
    pub fn mended(&self, image: &Image) -> Option<Date> {
        let line = |of: &&Image| {
            of.region == image.region && of.architecture == image.architecture && of.version == image.version
        };
        self.images.iter().filter(line).filter(|of| of.critical && of.built <= image.built).map(|of| of.built).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_supported_up_to_and_with_its_last_days() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let version = Version {
            channels: BTreeSet::new(),
            released: day("2026-01-10"),
            standard_end: day("2026-12-10"),
            extended_end: day("2027-12-10"),
            published: BTreeSet::new(),
            conformance: "none on record".to_owned(),
        };
        let days = ["2026-01-09", "2026-01-10", "2026-12-10", "2026-12-11", "2027-12-10", "2027-12-11"];
        use Support::{Announced, Ended, Extended, Standard};
        let wanted = [Announced, Standard, Standard, Extended, Extended, Ended];
        assert_eq!(days.map(|text| version.support(day(text))), wanted);
    }

    #[test]
    fn the_class_of_an_instance_type_is_the_letters_it_begins_with() {
        assert_eq!(
            ["m7g.large", "t3a.small", "c5.xlarge", "inf2.xlarge", ""].map(class_of),
            ["m", "t", "c", "inf", ""]
        );
    }
}
