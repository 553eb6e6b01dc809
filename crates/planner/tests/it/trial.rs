//! An edition is of use where a cluster of each type can be decided in each region.

use planner::{Undecidable, undecidable};

use crate::world::{REGIONS, TYPES, World};

#[test]
fn the_first_edition_can_be_decided_in_every_combination() {
    let world = World::new();
    assert_eq!(undecidable(&world.catalog, world.today), []);
}

#[test]
fn what_cannot_be_decided_is_named_by_type_and_region_with_the_refusal() {
    let mut world = World::new();
    for instance_type in world.catalog.instance_types.values_mut() {
        instance_type.offers.retain(|region, _| region.as_str() != "us-west-2");
    }
    assert_eq!(world.catalog.check(), Ok(()), "the edition's own check does not find it");
    let named = |all: &[Undecidable]| -> Vec<(String, String, &'static str)> {
        let one = |one: &Undecidable| (one.cluster_type.clone(), one.region.to_string(), one.refusal.reason());
        all.iter().map(one).collect()
    };
    let wanted = TYPES.map(|kind| (kind.to_owned(), "us-west-2".to_owned(), "NO_INSTANCE_TYPE_FITS"));
    assert_eq!(named(&undecidable(&world.catalog, world.today)), wanted);

    // All versions have ended.
    let late = "2040-01-01".parse().unwrap();
    let ended = undecidable(&World::new().catalog, late);
    assert_eq!(ended.len(), REGIONS.len() * TYPES.len());
    assert!(ended.iter().all(|one| one.refusal.reason() == "NO_VERSION_IN_CHANNEL"), "{ended:?}");
}
