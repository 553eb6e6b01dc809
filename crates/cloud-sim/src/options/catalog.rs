//! The cloud that an edition of the catalogue speaks of, so that whatever is chosen from the edition is there.

use domain::catalog::{Architecture, Catalog, Image, InstanceType, Region};
use ports::cloud::{self, CloudRegion, CloudTime, ImageId, Tags, Zone, ZoneId};

use super::{Delays, Options, Quotas, RegionOptions, TypeOptions, numbered};
use crate::{SIMULATED, Vices};

const DAY_S: u64 = 86_400;

impl Options {
    /// Every region, zone, instance type with its prices, and image of an edition, in so many accounts; without vices and quotas, with
    /// the delays of a real cloud, and an audit of everything.
    pub fn of(catalog: &Catalog, seed: u64, accounts: u64) -> Self {
        let images = |region: &_| catalog.images.iter().filter(|image| image.region == *region).map(image).collect();
        let regions = catalog.regions.iter().map(|(id, region)| {
            (CloudRegion::new(id.to_string()), RegionOptions { zones: zones(region), images: images(id) })
        });
        let types = catalog.instance_types.iter().map(|(name, of)| (cloud::InstanceType::new(&**name), offered(of)));
        Self {
            seed,
            accounts: numbered(accounts),
            regions: regions.collect(),
            types: types.collect(),
            delays: Delays::default(),
            quotas: Quotas::default(),
            vices: Vices::off(),
            audit_max: None,
        }
    }
}

fn zones(region: &Region) -> Vec<(Zone, ZoneId)> {
    let names = region.zones.iter().map(|zone| (Zone::new(&*zone.name), ZoneId::new(&*zone.id)));
    let mut zones: Vec<_> = names.collect();
    zones.sort();
    zones
}

fn image(image: &Image) -> cloud::Image {
    cloud::Image {
        id: ImageId::new(&*image.id),
        name: format!("{SIMULATED}-{}-{}", image.version, image.architecture.as_str()).into(),
        architecture: architecture(image.architecture),
        created: CloudTime(image.built.days_since_1970() * DAY_S),
        tags: Tags::default(),
    }
}

fn offered(of: &InstanceType) -> TypeOptions {
    let prices = of.offers.iter().map(|(region, offer)| (CloudRegion::new(region.to_string()), offer.price));
    let not_in = of.offers.values().flat_map(|offer| &offer.not_in).map(|zone| ZoneId::new(&**zone));
    TypeOptions {
        vcpus: of.vcpus,
        architecture: architecture(of.architecture),
        prices: prices.collect(),
        not_in: not_in.collect(),
    }
}

fn architecture(of: Architecture) -> cloud::Architecture {
    match of {
        Architecture::X86_64 => cloud::Architecture::X86_64,
        Architecture::Arm64 => cloud::Architecture::Arm64,
    }
}
