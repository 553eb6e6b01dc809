//! How a cluster's addresses are divided over its zones.
//!
//! Each zone has an equal share, as many shares as the next power of two. The first half of a share is private, for
//! machines; the third quarter is public, for load balancers and gateways; the last quarter is kept free.

use domain::{
    Cidr,
    catalog::{Key, Zone},
};

use crate::Refusal;

/// Addresses that the cloud keeps of every subnet for itself.
const KEPT: u64 = 5;
/// The smallest subnet that the cloud makes.
const SMALLEST: u8 = 28;

/// One subnet of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    pub zone: Zone,
    pub cidr: Cidr,
    /// Reachable from outside the network.
    pub public: bool,
}

/// Two subnets in each zone, the private one first.
pub(crate) fn subnets(range: Cidr, zones: &[Zone]) -> Vec<Subnet> {
    let share = share_prefix(range.prefix(), zones.len());
    let halves = |(zone, share): (&Zone, Cidr)| {
        let private = share.blocks(share.prefix() + 1).next().map(|cidr| (cidr, false));
        let public = share.blocks(share.prefix() + 2).nth(2).map(|cidr| (cidr, true));
        let subnet = |(cidr, public)| Subnet { zone: zone.clone(), cidr, public };
        [private, public].map(|subnet_of| subnet_of.map(subnet))
    };
    zones.iter().zip(range.blocks(share)).flat_map(halves).flatten().collect()
}

fn share_prefix(prefix: u8, zones: usize) -> u8 {
    let bits = zones.max(1).next_power_of_two().trailing_zeros();
    prefix.saturating_add(u8::try_from(bits).unwrap_or(u8::MAX)).min(SMALLEST)
}

/// Whether so many machines find addresses in a range of this prefix.
fn holds(prefix: u8, zones: usize, machines: u64) -> bool {
    let share = share_prefix(prefix, zones);
    let in_each = machines.div_ceil(u64::try_from(zones.max(1)).unwrap_or(u64::MAX));
    share + 2 <= SMALLEST && Cidr::around(0, share + 1).addresses() - KEPT >= in_each
}

/// Refuses a range whose private subnets hold fewer machines than the cluster may have.
pub(crate) fn machines_fit(range: Cidr, zones: usize, machines: u64) -> Result<(), Refusal> {
    let prefix = range.prefix();
    if holds(prefix, zones, machines) {
        return Ok(());
    }
    let smallest = (16..prefix).rev().find(|prefix| holds(*prefix, zones, machines));
    let accepted = smallest.map_or_else(|| "fewer machines".to_owned(), |smallest| format!("/16 to /{smallest}"));
    let needed = format!("{machines} machines in {zones} zones");
    Err(Refusal::CidrTooSmall { key: Key::ClusterCidr, given: range.to_string(), needed, accepted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(count: usize) -> Vec<Zone> {
        (0..count).map(|n| Zone { id: format!("z{n}"), name: format!("zone-{n}") }).collect()
    }

    #[test]
    fn subnets_lie_in_the_range_apart_from_each_other_one_of_each_kind_in_each_zone() {
        for (range, count) in [("10.0.0.0/16", 3), ("10.0.16.0/20", 1), ("10.0.0.0/21", 3), ("10.0.0.0/24", 2)] {
            let range: Cidr = range.parse().unwrap();
            let made = subnets(range, &zones(count));
            assert_eq!(made.len(), 2 * count, "{range}");
            for (place, subnet) in made.iter().enumerate() {
                assert!(range.contains(subnet.cidr), "{range} {subnet:?}");
                assert!(made.iter().skip(place + 1).all(|other| !other.cidr.overlaps(subnet.cidr)), "{range}");
            }
        }
    }

    #[test]
    fn a_range_is_large_enough_where_each_zone_holds_its_part_of_the_machines() {
        let fit = |prefix: u8, zones: usize, machines: u64| machines_fit(Cidr::around(0, prefix), zones, machines);
        assert!(fit(16, 3, 503).is_ok());
        assert!(fit(21, 3, 503).is_ok());
        let refusal = fit(22, 3, 503).unwrap_err();
        assert_eq!(refusal.reason(), "CIDR_TOO_SMALL");
        assert_eq!(refusal.accepted(), ["/16 to /21"]);
        assert!(fit(26, 1, 21).is_ok());
        assert!(fit(27, 1, 1).is_err(), "its public subnet would be smaller than the cloud makes");
    }
}
