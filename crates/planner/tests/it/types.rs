//! Cluster types are records: a third one is a few lines in a file.

use domain::catalog::Key;
use planner::{Tenancy, render};

use crate::world::{REGIONS, TYPES, World, chosen, request};

/// The first edition, with a type that nobody has written code for.
fn with_edge() -> World {
    let (_, development) = catalog::FIRST.split_once("  - id: DEVELOPMENT\n").unwrap();
    let (development, _) = development.split_once("  - id: PRODUCTION\n").unwrap();
    let edge = development
        .replace("display-name: Development", "display-name: Edge")
        .replace(
            "masters.count: { value: 1, why: one machine is enough where the API may pause while it is replaced,",
            "masters.count: { value: 3, why: nobody is near to repair it,",
        )
        .replace("network.vpc: { value: shared,", "network.vpc: { value: dedicated,")
        .replace("workers.max: { value: 20,", "workers.max: { value: 5,");
    let text = format!("{}  - id: EDGE\n{edge}", catalog::FIRST);
    World { catalog: catalog::read(&text).unwrap(), ..World::new() }
}

#[test]
fn a_third_type_is_a_record_and_nothing_else() {
    let world = with_edge();
    assert_eq!(world.catalog.check(), Ok(()));
    let edge = world.decide(&request("EDGE", "eu-west-1")).unwrap();
    assert_eq!((edge.masters.zones.len(), edge.workers.max), (3, 5));
    assert_eq!(edge.network.addresses.tenancy, Tenancy::Dedicated);
    assert!(edge.choice(Key::MastersCount).unwrap().reason.contains("EDGE of 2026-11: nobody is near to repair it"));
    let development = world.decide(&request("DEVELOPMENT", "eu-west-1")).unwrap();
    let difference = render::diff(&development, &edge);
    assert!(difference.starts_with("#   DECISION") && difference.contains("EDGE"), "{difference}");
    let refusal = world.decide(&request("EDG", "eu-west-1")).unwrap_err();
    assert_eq!(refusal.accepted(), ["DEVELOPMENT", "EDGE", "PRODUCTION"]);
}

#[test]
fn every_type_of_the_first_edition_can_be_had_in_every_region() {
    let world = World::new();
    for (cluster_type, region) in TYPES.iter().flat_map(|kind| REGIONS.iter().map(move |region| (kind, region))) {
        let blueprint = world.decide(&request(cluster_type, region)).unwrap();
        assert_eq!(chosen(&blueprint, Key::EtcdMembers), blueprint.masters.zones.len().to_string());
        assert_eq!(blueprint.network.subnets.len(), 2 * blueprint.workers.zones.len());
        assert!(blueprint.masters.machines.image.contains("simulated"));
    }
}
