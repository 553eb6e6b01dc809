//! The cheapest machine that fits.

use domain::catalog::{Key, Machine, class_of};
use planner::{Says, Sizing, Why};

use crate::world::{PROJECT, REGIONS, TYPES, World, request, value};

#[test]
fn no_machine_that_fits_is_cheaper_than_the_one_chosen() {
    let world = World::new();
    for (cluster_type, region) in TYPES.iter().flat_map(|kind| REGIONS.iter().map(move |region| (kind, region))) {
        let blueprint = world.decide(&request(cluster_type, region)).unwrap();
        let sizing = Sizing::of(&blueprint.masters.machines.need, &world.catalog);
        let chosen = &sizing.fitting[0];
        assert_eq!(chosen.name, blueprint.masters.machines.instance_type);
        let least = if *cluster_type == "PRODUCTION" { (2, 8) } else { (2, 4) };
        let classes: &[&str] = if *cluster_type == "PRODUCTION" { &["c", "m", "r"] } else { &["t", "c", "m", "r"] };
        let cheapest = world.catalog.instance_types.iter().filter(|(name, kind)| {
            kind.vcpus >= least.0
                && kind.memory_mib >= least.1 * 1024
                && kind.current_generation
                && classes.contains(&class_of(name))
        });
        let offers = cheapest.filter_map(|(_, kind)| kind.offers.get(&region.parse().unwrap()));
        let price = offers.map(|offer| offer.price).min().unwrap();
        assert_eq!(chosen.price, price, "{cluster_type} {region}: {chosen}");
        assert!(sizing.fitting.is_sorted_by_key(|candidate| candidate.price));
        let all = sizing.fitting.len() + sizing.rejected.len();
        assert_eq!(all, world.catalog.instance_types.len(), "each type was looked at");
    }
}

#[test]
fn masters_grow_by_steps_with_the_cluster() {
    let vcpus = |workers: Option<u64>| {
        let world = World { workers, ..World::new() };
        let name = world.decide(&request("PRODUCTION", "us-west-2")).unwrap().masters.machines.instance_type;
        world.catalog.instance_types[&name].vcpus
    };
    assert_eq!(
        [None, Some(19), Some(20), Some(99), Some(100), Some(250), Some(500)].map(vcpus),
        [2, 2, 4, 4, 8, 16, 16]
    );
}

#[test]
fn a_type_that_is_missing_in_a_zone_is_not_chosen_where_the_zone_is_needed() {
    let mut world = World::new();
    let wanted = request("PRODUCTION", "eu-west-1");
    let first = world.decide(&wanted).unwrap().masters.machines.instance_type;
    let offer = world.catalog.instance_types.get_mut(&first).unwrap().offers.get_mut(&"eu-west-1".parse().unwrap());
    offer.unwrap().not_in.insert("euw1-az1".to_owned());
    let machines = world.decide(&wanted).unwrap().masters.machines;
    assert_ne!(machines.instance_type, first);
    let sizing = Sizing::of(&machines.need, &world.catalog);
    let rejected = sizing.rejected.iter().find(|rejected| rejected.name == first).unwrap();
    assert_eq!(rejected.whys, [Why::FewZones(2)]);
}

#[test]
fn workers_are_of_the_architecture_that_was_decided() {
    let key = Key::WorkersArchitecture;
    for (word, wanted) in [("arm64", "arm64"), ("x86-64", "x86_64"), ("by-images", "x86_64")] {
        let world = World::new().policy(PROJECT, [(key, Says::Require(value(key, word)))]);
        let workers = world.decide(&request("DEVELOPMENT", "us-east-1")).unwrap().workers;
        let kind = &world.catalog.instance_types[&workers.machines.instance_type];
        assert_eq!(kind.architecture.as_str(), wanted, "{word}");
        assert!(workers.machines.image.contains(&wanted.replace('_', "-")), "{}", workers.machines.image);
    }
}

#[test]
fn where_nothing_fits_the_nearest_are_named() {
    let key = Key::WorkersSize;
    let huge = Machine { vcpus: 33, memory_gib: 8 };
    let says = Says::Require(domain::catalog::Value::Machine(huge));
    let refusal = World::new().policy(PROJECT, [(key, says)]).decide(&request("PRODUCTION", "us-east-1")).unwrap_err();
    assert_eq!(refusal.reason(), "NO_INSTANCE_TYPE_FITS");
    assert!(refusal.to_string().contains("(32 vCPU)"), "{refusal}");
}
