//! The cheapest instance type that fits.
//!
//! Every type of the edition is looked at: it fits, or it is rejected with the reasons. Of those that fit, the price on
//! demand decides, and between equal prices the name, so that the outcome is the same everywhere. A decision takes the
//! first few; the whole list, with everything that was rejected, is made when somebody asks.

use std::fmt;

use domain::catalog::{Architecture, Catalog, InstanceType, Machine, Offer, Zone, class_of};
use ids::RegionId;

/// What an instance type must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub region: RegionId,
    pub machine: Machine,
    /// Classes of instance types, by letter.
    pub families: Vec<String>,
    pub architectures: Vec<Architecture>,
    pub current_generation: bool,
    /// It must be had in each of these; in any `zones` of the region where there are none.
    pub within: Vec<Zone>,
    pub zones: usize,
}

/// Every instance type of an edition, against a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// Those that fit, the cheapest first.
    pub fitting: Vec<Candidate>,
    /// The others, by name.
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

/// An instance type that fits, as the edition says it.
pub(crate) struct Fitting<'a> {
    pub name: &'a str,
    pub kind: &'a InstanceType,
    offer: &'a Offer,
    /// Of the region.
    zones: &'a [Zone],
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

impl Sizing {
    /// Looks at every instance type.
    pub fn of(need: &Need, catalog: &Catalog) -> Self {
        let rejected = catalog.instance_types.iter().filter_map(|(name, kind)| {
            let whys = match kind.offers.get(&need.region) {
                None => vec![Why::NotInRegion],
                Some(offer) => need.whys(name, kind, offer, catalog).collect(),
            };
            (!whys.is_empty()).then(|| Rejected { name: name.clone(), whys })
        });
        Self { fitting: need.cheapest(catalog, usize::MAX), rejected: rejected.collect() }
    }
}

impl Need {
    /// The first `count` that fit, the cheapest first.
    pub(crate) fn cheapest(&self, catalog: &Catalog, count: usize) -> Vec<Candidate> {
        let candidate = |fitting: Fitting<'_>| Candidate {
            name: fitting.name.to_owned(),
            architecture: fitting.kind.architecture,
            price: fitting.offer.price,
            zones: fitting.zones().cloned().collect(),
        };
        self.fitting(catalog).into_iter().take(count).map(candidate).collect()
    }

    /// All that fit, the cheapest first.
    pub(crate) fn fitting<'a>(&self, catalog: &'a Catalog) -> Vec<Fitting<'a>> {
        let zones = catalog.regions.get(&self.region).map_or(&[][..], |region| &region.zones);
        let offered = catalog.instance_types.iter().filter_map(|(name, kind)| {
            let offer = kind.offers.get(&self.region)?;
            self.whys(name, kind, offer, catalog).next().is_none().then_some(Fitting { name, kind, offer, zones })
        });
        let mut fitting: Vec<_> = offered.collect();
        fitting.sort_by_key(|fitting| (fitting.offer.price, fitting.name));
        fitting
    }

    /// What speaks against an instance type; nothing when it fits.
    fn whys<'a>(
        &'a self,
        name: &str,
        kind: &InstanceType,
        offer: &'a Offer,
        catalog: &'a Catalog,
    ) -> impl Iterator<Item = Why> + 'a {
        let memory = u64::from(self.machine.memory_gib) * 1024;
        let own = [
            (!self.families.iter().any(|family| family == class_of(name)), Why::Family),
            (!self.architectures.contains(&kind.architecture), Why::Architecture(kind.architecture)),
            (self.current_generation && !kind.current_generation, Why::PreviousGeneration),
            (kind.vcpus < self.machine.vcpus, Why::FewVcpus(kind.vcpus)),
            (kind.memory_mib < memory, Why::LittleMemory { mib: kind.memory_mib }),
        ];
        let zones = || {
            let with = zones_with(offer, &self.region, catalog);
            let (had, wanted) = match self.within.as_slice() {
                [] => (with.count(), self.zones),
                within => (with.filter(|zone| within.contains(zone)).count(), within.len()),
            };
            (had < wanted).then_some(Why::FewZones(had))
        };
        own.into_iter().filter_map(|(rejects, why)| rejects.then_some(why)).chain(std::iter::once_with(zones).flatten())
    }
}

impl<'a> Fitting<'a> {
    /// Where it is to be had, in the region's order.
    pub fn zones(&self) -> impl Iterator<Item = &'a Zone> {
        let offer = self.offer;
        self.zones.iter().filter(move |zone| !offer.not_in.contains(&zone.id))
    }
}

/// The region's zones that have it.
fn zones_with<'a>(offer: &'a Offer, region: &RegionId, catalog: &'a Catalog) -> impl Iterator<Item = &'a Zone> {
    let zones = catalog.regions.get(region).map_or(&[][..], |region| &region.zones);
    zones.iter().filter(|zone| !offer.not_in.contains(&zone.id))
}
