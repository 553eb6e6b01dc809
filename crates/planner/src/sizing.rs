//! The cheapest instance type that fits.
//!
//! Every type of the edition is looked at: it fits, or it is rejected with the reasons. Of those that fit, the price on
//! demand decides, and between equal prices the name, so that the outcome is the same everywhere.

use std::fmt;

use domain::catalog::{Architecture, InstanceType, Machine, Region, Zone, class_of};
use ids::RegionId;

/// What an instance type must be.
pub(crate) struct Need<'a> {
    pub machine: Machine,
    /// Classes of instance types, by letter.
    pub families: &'a [String],
    pub architectures: &'a [Architecture],
    pub current_generation: bool,
    /// It must be had in each of these; in any `zones` of the region where there are none.
    pub within: &'a [Zone],
    pub zones: usize,
}

/// How an instance type was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizing {
    pub chosen: Candidate,
    /// Others that fit, the cheapest first.
    pub fitting: Vec<Candidate>,
    /// By name.
    pub rejected: Vec<Rejected>,
}

/// An instance type that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub name: String,
    pub architecture: Architecture,
    /// Millionths of a dollar for an hour.
    pub price: u64,
    /// Where it is to be had, in the region's order.
    pub zones: Vec<Zone>,
}

/// An instance type that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub name: String,
    /// At least one.
    pub whys: Vec<Why>,
}

/// Why an instance type does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    NotInRegion,
    Family,
    Architecture(Architecture),
    PreviousGeneration,
    FewVcpus(u32),
    LittleMemory {
        mib: u64,
    },
    /// How many of the zones wanted have it.
    FewZones(usize),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInRegion => f.write_str("not offered in the region"),
            Self::Family => f.write_str("of another family"),
            Self::Architecture(architecture) => write!(f, "for {}", architecture.as_str()),
            Self::PreviousGeneration => f.write_str("of a previous generation"),
            Self::FewVcpus(vcpus) => write!(f, "{vcpus} vCPU"),
            Self::LittleMemory { mib } => write!(f, "{mib} MiB"),
            Self::FewZones(zones) => write!(f, "offered in {zones} of the zones"),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, dollars(self.price))
    }
}

/// Millionths of a dollar for an hour, for people: `$0.033600/h`.
fn dollars(price: u64) -> String {
    format!("${}.{:06}/h", price / 1_000_000, price % 1_000_000)
}

/// The cheapest of `types` that fits, or everything that was rejected.
pub(crate) fn cheapest<'a>(
    types: impl IntoIterator<Item = (&'a String, &'a InstanceType)>,
    id: &RegionId,
    region: &Region,
    need: &Need<'_>,
) -> Result<Sizing, Vec<Rejected>> {
    let mut fitting = Vec::new();
    let mut rejected = Vec::new();
    for (name, kind) in types {
        match fits(name, kind, id, region, need) {
            Ok(candidate) => fitting.push(candidate),
            Err(whys) => rejected.push(Rejected { name: name.clone(), whys }),
        }
    }
    fitting.sort_by(|a, b| (a.price, &a.name).cmp(&(b.price, &b.name)));
    let mut fitting = fitting.into_iter();
    match fitting.next() {
        Some(chosen) => Ok(Sizing { chosen, fitting: fitting.collect(), rejected }),
        None => Err(rejected),
    }
}

fn fits(
    name: &str,
    kind: &InstanceType,
    id: &RegionId,
    region: &Region,
    need: &Need<'_>,
) -> Result<Candidate, Vec<Why>> {
    let Some(offer) = kind.offers.get(id) else { return Err(vec![Why::NotInRegion]) };
    let offered = |zone: &&Zone| !offer.not_in.contains(&zone.id);
    let zones: Vec<Zone> = region.zones.iter().filter(offered).cloned().collect();
    let (had, wanted) = match need.within {
        [] => (zones.len(), need.zones),
        within => (within.iter().filter(offered).count(), within.len()),
    };
    let whys = [
        (!need.families.iter().any(|family| family == class_of(name)), Why::Family),
        (!need.architectures.contains(&kind.architecture), Why::Architecture(kind.architecture)),
        (need.current_generation && !kind.current_generation, Why::PreviousGeneration),
        (kind.vcpus < need.machine.vcpus, Why::FewVcpus(kind.vcpus)),
        (kind.memory_mib < u64::from(need.machine.memory_gib) * 1024, Why::LittleMemory { mib: kind.memory_mib }),
        (had < wanted, Why::FewZones(had)),
    ];
    let whys: Vec<Why> = whys.into_iter().filter_map(|(rejects, why)| rejects.then_some(why)).collect();
    if whys.is_empty() {
        return Ok(Candidate { name: name.to_owned(), architecture: kind.architecture, price: offer.price, zones });
    }
    Err(whys)
}
