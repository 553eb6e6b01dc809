//! The address plan of an edition: pools that are there, private, apart from each other, and large enough.

use ids::RegionId;

use super::{Catalog, Defect};
use crate::{
    Cidr,
    catalog::{ClusterTypeRecord, Key},
};

/// Sizes of a VPC, as the cloud makes them.
const VPC_PREFIXES: std::ops::RangeInclusive<u8> = 16..=28;

/// One range of one pool.
struct Place<'a> {
    region: &'a RegionId,
    pool: &'static str,
    range: Cidr,
}

impl Catalog {
    pub(super) fn check_addresses(&self, defects: &mut Vec<Defect>) {
        for (region, content) in &self.regions {
            let given = content.addresses.shared_vpc_prefix;
            if !VPC_PREFIXES.contains(&given) {
                defects.push(Defect::SharedVpcPrefix { region: region.clone(), given });
            }
            for (pool, ranges) in content.addresses.named() {
                if ranges.is_empty() {
                    defects.push(Defect::PoolEmpty { region: region.clone(), pool });
                }
            }
        }
        let places = self.places();
        for (count, place) in places.iter().enumerate() {
            let (region, pool, range) = (place.region, place.pool, place.range);
            if !range.is_private() {
                defects.push(Defect::PoolNotPrivate { region: region.clone(), pool, range });
            }
            for other in places.iter().take(count).filter(|other| other.range.overlaps(range)) {
                let other_of = format!("{} of {}", other.pool, other.region);
                let other = other.range;
                defects.push(Defect::PoolsOverlap { region: region.clone(), pool, range, other, other_of });
            }
        }
        for (name, record) in &self.cluster_types {
            self.check_room(name, record, defects);
        }
    }

    /// Whether the edition can follow an earlier one: several are in force at the same time while one spreads from
    /// region to region, so no range may go from one region to another.
    ///
    /// # Errors
    /// A [`Defect`] for each range that goes.
    pub fn check_after(&self, earlier: &Self) -> Result<(), Vec<Defect>> {
        let before = earlier.places();
        let mut defects = Vec::new();
        for place in self.places() {
            let others = before.iter().filter(|other| other.region != place.region);
            for other in others.filter(|other| other.range.overlaps(place.range)) {
                let (region, from) = (place.region.clone(), other.region.clone());
                let (pool, range, edition) = (place.pool, place.range, earlier.edition.clone());
                defects.push(Defect::RangeMoved { region, pool, range, from, edition });
            }
        }
        if defects.is_empty() { Ok(()) } else { Err(defects) }
    }

    fn places(&self) -> Vec<Place<'_>> {
        let pools = self.regions.iter().flat_map(|(region, content)| {
            content.addresses.named().into_iter().map(move |(pool, ranges)| (region, pool, ranges))
        });
        let places = |(region, pool, ranges): (_, _, &[Cidr])| {
            ranges.iter().map(|range| Place { region, pool, range: *range }).collect::<Vec<_>>()
        };
        pools.flat_map(places).collect()
    }

    fn check_room(&self, name: &str, record: &ClusterTypeRecord, defects: &mut Vec<Defect>) {
        let keys = [Key::ClusterPrefix, Key::PodPrefix, Key::ServicePrefix];
        for (region, content) in &self.regions {
            for ((pool, ranges), key) in content.addresses.named().into_iter().zip(keys) {
                let wanted = record.decisions.get(&key).and_then(|chosen| chosen.value.number());
                let Some(wanted) = wanted.filter(|_| !ranges.is_empty()) else { continue };
                if ranges.iter().all(|range| u64::from(range.prefix()) > wanted) {
                    let (region, cluster_type) = (region.clone(), name.to_owned());
                    defects.push(Defect::PoolTooSmall { region, pool, cluster_type, wanted });
                }
            }
        }
    }
}
