//! Rules about editions of the catalogue: published whole, in the order of their names, never with a defect.

use domain::{Command, FactKind, Rejection, catalog::Catalog, command::PublishCatalog, edition};
use ids::{Log, RegionId};

use crate::world::World;

/// The first edition under another name.
fn named(edition: &str) -> Catalog {
    Catalog { edition: edition.to_owned(), ..catalog::first().unwrap() }
}

fn publish(catalog: Catalog) -> Command {
    PublishCatalog { catalog }.into()
}

#[test]
fn editions_follow_one_another_by_name_and_the_newest_is_the_last() {
    let mut world = World::default();
    assert_eq!(edition::newest(&world.global()), Ok(None));
    for name in ["2026-11", "2026-11-b", "2026-12"] {
        let decision = world.run(&publish(named(name))).unwrap();
        assert_eq!((decision.subject, decision.facts[0].kind), (edition::subject(name), FactKind::CatalogPublished));
        let (_, newest) = edition::newest(&world.global()).unwrap().unwrap();
        assert_eq!(newest, named(name));
    }
    for late in ["2026-12", "2026-11-c"] {
        let refused = world.decide(&publish(named(late))).unwrap_err();
        assert_eq!(refused, Rejection::EditionNotNewer { edition: late.to_owned(), newest: "2026-12".to_owned() });
    }
}

#[test]
fn two_publications_that_were_decided_on_the_same_rows_conflict() {
    let mut world = World::default();
    let other = world.decide(&publish(named("2026-12"))).unwrap();
    world.run(&publish(named("2026-11"))).unwrap();
    assert!(world.log(&Log::Global).apply(&other).is_err());
}

#[test]
fn an_edition_with_defects_is_refused_with_their_number_and_the_first_of_them() {
    let mut broken = named("2026-11");
    for instance_type in broken.instance_types.values_mut() {
        instance_type.vcpus = 0;
    }
    let count = broken.instance_types.len();
    let refused = World::default().decide(&publish(broken)).unwrap_err();
    let Rejection::EditionUnpublishable { count: counted, .. } = &refused else { panic!("{refused}") };
    assert_eq!((*counted, refused.reason()), (count, "EDITION_UNPUBLISHABLE"));
    assert!(refused.to_string().contains("counted the vCPUs and the memory of c5.large"), "{refused}");
    assert!(refused.to_string().len() < 4096, "a rejection can be put on record");
}

/// A region that is cut off goes on giving out what was its own.
#[test]
fn an_edition_that_takes_a_range_from_one_region_for_another_is_refused() {
    let mut world = World::default();
    world.run(&publish(named("2026-11"))).unwrap();
    let mut swapped = named("2026-12");
    let mut regions = swapped.regions.values_mut();
    let (one, two) = (regions.next().unwrap(), regions.next().unwrap());
    std::mem::swap(&mut one.addresses, &mut two.addresses);
    assert_eq!(world.reason(publish(swapped)), "EDITION_UNPUBLISHABLE");
}

/// It goes in two steps; a region that is cut off may have seen neither.
#[test]
fn a_range_that_no_region_has_any_more_goes_to_no_other_region_either() {
    let mut world = World::default();
    world.run(&publish(named("2026-11"))).unwrap();
    let [west, east] = ["us-west-2", "us-east-1"].map(|region| region.parse::<RegionId>().unwrap());
    let mut without = named("2026-12");
    let pods = &mut without.regions.get_mut(&east).unwrap().addresses.pods;
    let range = pods.pop().unwrap();
    assert!(!pods.is_empty());
    world.run(&publish(without.clone())).unwrap();
    let mut elsewhere = Catalog { edition: "2027-01".to_owned(), ..without.clone() };
    elsewhere.regions.get_mut(&west).unwrap().addresses.pods.push(range);
    assert_eq!(world.reason(publish(elsewhere)), "EDITION_UNPUBLISHABLE");
    let mut back = Catalog { edition: "2027-01".to_owned(), ..without };
    back.regions.get_mut(&east).unwrap().addresses.pods.push(range);
    world.run(&publish(back)).unwrap();
}
