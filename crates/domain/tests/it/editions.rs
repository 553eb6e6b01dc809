//! Rules about editions of the catalogue: published whole, in the order of their names, never with a defect; spread region by region.

use std::sync::LazyLock;

use domain::{
    Command, FactKind, Rejection, View,
    catalog::Catalog,
    command::{HaltEdition, PublishCatalog, Waves},
    edition::{self, SOAK_SECONDS, SOAK_SECONDS_MAX, SOAK_SECONDS_MIN},
};
use ids::{Hlc, Log, RegionId, Revision};
use proptest::{collection, option, prelude::*};

use crate::world::{World, register};

const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// The first edition under another name.
fn named(edition: &str) -> Catalog {
    static FIRST: LazyLock<Catalog> = LazyLock::new(|| catalog::first().unwrap());
    Catalog { edition: edition.to_owned(), ..FIRST.clone() }
}

fn publish(catalog: Catalog) -> Command {
    PublishCatalog { catalog, waves: None }.into()
}

fn publish_in(edition: &str, order: &[&str], soak_seconds: u32) -> Command {
    let order = order.iter().map(|region| region.parse().unwrap()).collect();
    PublishCatalog { catalog: named(edition), waves: Some(Waves { order, soak_seconds }) }.into()
}

fn halt(edition: &str) -> Command {
    HaltEdition { edition: edition.to_owned(), etag: None }.into()
}

fn region(name: &str) -> RegionId {
    name.parse().unwrap()
}

/// A ring of three regions, at one o'clock.
fn ring() -> World {
    let mut world = World::with(REGIONS.map(register));
    world.ms = HOUR;
    world
}

/// What each region of [`REGIONS`] uses at a time, by its own clock.
fn used(world: &World, at_ms: u64) -> [Option<String>; 3] {
    let now = Hlc::at_unix_ms(at_ms);
    REGIONS.map(|name| {
        let name_in_effect = edition::name_in_effect(&world.global(), &region(name), now).unwrap();
        let read = edition::in_effect(&world.global(), &region(name), now).unwrap();
        assert_eq!(read.map(|(_, catalog)| catalog.edition), name_in_effect);
        name_in_effect
    })
}

fn some(names: [&str; 3]) -> [Option<String>; 3] {
    names.map(|name| Some(name.to_owned()))
}

#[test]
fn editions_follow_one_another_by_name() {
    let mut world = World::default();
    for name in ["2026-11", "2026-11-b", "2026-12"] {
        let decision = world.run(&publish(named(name))).unwrap();
        let facts: Vec<_> = decision.facts.iter().map(|fact| (fact.kind, fact.subject.to_string())).collect();
        assert_eq!(
            facts,
            [
                (FactKind::EditionPublished, format!("editions/{name}")),
                (FactKind::CatalogPublished, format!("#catalogs/{name}")),
                (FactKind::SetChanged, "editions".to_owned()),
            ]
        );
        assert_eq!(decision.subject, edition::subject(name));
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

/// A region that came later would be left out of the waves, and perhaps of the edition.
#[test]
fn a_publication_conflicts_with_a_region_that_is_registered_meanwhile() {
    let mut world = ring();
    let decided = world.decide(&publish(named("2026-11"))).unwrap();
    world.run(&register("ap-south-1")).unwrap();
    assert!(world.log(&Log::Global).apply(&decided).is_err());
    let refused = world.decide(&publish(named("2026-11"))).unwrap_err();
    assert_eq!(refused.reason(), "EDITION_UNPUBLISHABLE");
    assert!(refused.to_string().contains("ap-south-1, which the ring has"), "{refused}");
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

/// A region that is cut off goes on giving out what was its own, by whichever edition it knows.
#[test]
fn an_edition_that_takes_a_range_from_one_region_for_another_is_refused_whichever_edition_gave_it() {
    let mut world = World::default();
    world.run(&publish(named("2026-11"))).unwrap();
    let mut swapped = named("2026-12");
    let mut regions = swapped.regions.values_mut();
    let (one, two) = (regions.next().unwrap(), regions.next().unwrap());
    std::mem::swap(&mut one.addresses, &mut two.addresses);
    assert_eq!(world.reason(publish(swapped)), "EDITION_UNPUBLISHABLE");

    // A range that one edition drops and the next gives to another region.
    let (giver, taker) = (region(REGIONS[0]), region(REGIONS[1]));
    let mut dropped = named("2026-12");
    let spare = dropped.regions.get_mut(&giver).unwrap().addresses.pods.remove(0);
    let mut given = Catalog { edition: "2027-01".to_owned(), ..dropped.clone() };
    given.regions.get_mut(&taker).unwrap().addresses.pods.push(spare);
    world.run(&publish(dropped)).unwrap();
    let refused = world.decide(&publish(given)).unwrap_err();
    assert!(refused.to_string().contains("with the edition 2026-11: eu-west-1 had it"), "{refused}");
}

#[test]
fn the_first_edition_is_everywhere_at_once_and_the_next_spreads_by_name_with_an_hour_between() {
    let mut world = ring();
    assert_eq!(used(&world, HOUR), [None, None, None]);
    world.run(&publish(named("2026-11"))).unwrap();
    // Whatever the clocks say.
    assert_eq!(used(&world, 0), some(["2026-11"; 3]));

    world.run(&publish(named("2026-12"))).unwrap();
    let (old, new) = ("2026-11", "2026-12");
    assert_eq!(used(&world, 0), some([new, old, old]), "the first of them does not look at the time");
    assert_eq!(used(&world, 2 * HOUR - 1), some([new, old, old]));
    assert_eq!(used(&world, 2 * HOUR), some([new, new, old]));
    assert_eq!(used(&world, 3 * HOUR), some([new; 3]));
    assert_eq!(SOAK_SECONDS, 3600);
}

#[test]
fn an_order_may_name_who_is_first_and_a_region_that_came_later_is_last() {
    let mut world = ring();
    world.run(&publish(named("2026-11"))).unwrap();
    world.run(&publish_in("2026-12", &["us-west-2"], SOAK_SECONDS_MIN)).unwrap();
    let (old, new) = ("2026-11", "2026-12");
    assert_eq!(used(&world, HOUR), some([old, old, new]));
    assert_eq!(used(&world, HOUR + 30 * MINUTE), some([new, old, new]));
    assert_eq!(used(&world, HOUR + 60 * MINUTE), some([new; 3]));
    let later = |ms| edition::name_in_effect(&world.global(), &region("ap-south-1"), Hlc::at_unix_ms(ms)).unwrap();
    assert_eq!(later(HOUR + 90 * MINUTE - 1).as_deref(), Some(old));
    assert_eq!(later(HOUR + 90 * MINUTE).as_deref(), Some(new));

    world.run(&publish_in("2027-01", &[], 0)).unwrap();
    assert_eq!(used(&world, 0), some(["2027-01"; 3]), "at once");
}

#[test]
fn waves_over_regions_that_are_not_there_and_soaks_too_short_or_long_are_refused_with_the_field() {
    let world = ring();
    let field = |command: Command| match world.decide(&command).unwrap_err() {
        Rejection::InvalidArgument { field, value, .. } => (field, value),
        other => panic!("{other}"),
    };
    assert_eq!(field(publish_in("2026-11", &["mars-1"], 0)), ("order", "mars-1".to_owned()));
    let twice = publish_in("2026-11", &["us-east-1", "us-east-1"], 0);
    assert_eq!(field(twice), ("order", "us-east-1".to_owned()));
    for soak in [1, SOAK_SECONDS_MIN - 1, SOAK_SECONDS_MAX + 1] {
        assert_eq!(field(publish_in("2026-11", &[], soak)), ("soak", format!("{soak} s")));
    }
}

#[test]
fn a_halted_edition_stops_where_it_is_and_only_clusters_that_were_made_of_it_keep_it() {
    let mut world = ring();
    world.run(&publish(named("2026-11"))).unwrap();
    world.run(&publish(named("2026-12"))).unwrap();
    assert_eq!(used(&world, 2 * HOUR), some(["2026-12", "2026-12", "2026-11"]));
    let decision = world.run(&halt("2026-12")).unwrap();
    assert_eq!((decision.facts[0].kind, decision.facts.len()), (FactKind::EditionHalted, 1));
    for at in [0, 2 * HOUR, 1000 * HOUR] {
        assert_eq!(used(&world, at), some(["2026-11"; 3]), "{at}");
    }
    let keeps = |world: &World, had: &str, at| {
        let now = Hlc::at_unix_ms(at);
        edition::in_effect_after(&world.global(), &region("eu-west-1"), now, had).unwrap().1.edition
    };
    assert_eq!(keeps(&world, "2026-12", 3 * HOUR), "2026-12");
    assert_eq!(keeps(&world, "2026-11", 3 * HOUR), "2026-11");

    assert_eq!(world.reason(halt("2026-12")), "EDITION_HALTED");
    assert_eq!(world.reason(halt("2026-10")), "NOT_FOUND");
    let stale = HaltEdition { edition: "2026-11".to_owned(), etag: Some(Revision(99)) };
    assert_eq!(world.reason(stale), "ETAG_MISMATCH");

    // What was wrong is mended by another edition.
    world.run(&publish_in("2026-12-b", &[], 0)).unwrap();
    assert_eq!(used(&world, HOUR), some(["2026-12-b"; 3]));
    assert_eq!(keeps(&world, "2026-12", HOUR), "2026-12-b");
}

/// One publication as a test draws it: who is first, the soak, and milliseconds after the one before, and whether it is halted.
type Drawn = (Option<usize>, u32, u64, bool);

fn drawn() -> impl Strategy<Value = Drawn> {
    let soak = prop_oneof![Just(0), SOAK_SECONDS_MIN..=3 * SOAK_SECONDS];
    (option::of(0..REGIONS.len()), soak, 0..4 * HOUR, any::<bool>())
}

/// The regions in the order that a drawn publication gives them.
fn order(first: Option<usize>) -> Vec<&'static str> {
    let first = first.map(|first| REGIONS[first]);
    first.into_iter().chain(REGIONS.into_iter().filter(|region| Some(*region) != first)).collect()
}

fn spread(all: &[Drawn]) -> World {
    let mut world = ring();
    for (number, (first, soak, after, halted)) in all.iter().enumerate() {
        world.ms += after;
        let name = format!("2026-{:02}", number + 1);
        let first: Vec<&str> = first.iter().map(|first| REGIONS[*first]).collect();
        world.run(&publish_in(&name, &first, *soak)).unwrap();
        if *halted {
            world.run(&halt(&name)).unwrap();
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_in_effect_is_the_newest_that_came_so_far_and_never_goes_back(
        all in collection::vec(drawn(), 1..5),
        times in collection::vec(0..24 * HOUR, 1..6),
    ) {
        let world = spread(&all);
        let mut times = times;
        times.sort_unstable();
        let mut before: [Option<String>; 3] = [None, None, None];
        for now in times {
            let used = used(&world, now);
            for (name, used) in REGIONS.iter().zip(&used) {
                let mut published = HOUR;
                let mut wanted = None;
                for (number, (first, soak, after, halted)) in all.iter().enumerate() {
                    published += after;
                    let waits = order(*first).iter().position(|region| region == name).unwrap() as u64;
                    let waits = waits * u64::from(*soak) * 1000;
                    if !halted && (waits == 0 || now >= published + waits) {
                        wanted = Some(format!("2026-{:02}", number + 1));
                    }
                }
                prop_assert_eq!(used, &wanted, "{} at {}", name, now);
            }
            for (before, used) in before.iter().zip(&used) {
                prop_assert!(before <= used, "{:?} after {:?}", used, before);
            }
            before = used;
        }
    }

    /// Of clocks that are each wrong by ten minutes at most, which is what is promised of them.
    #[test]
    fn a_soak_stays_a_soak_where_clocks_are_off_by_minutes(
        soak in SOAK_SECONDS_MIN..=3 * SOAK_SECONDS,
        errors in prop::array::uniform3(0..=20 * MINUTE),
    ) {
        let mut world = ring();
        world.run(&publish_in("2026-01", &[], 0)).unwrap();
        // Of the clock that times the publication; 10 minutes stand for one that is right.
        let published = 100 * HOUR;
        world.ms = published + errors[0] - 10 * MINUTE;
        world.run(&publish_in("2026-02", &[], soak)).unwrap();
        // The first true minute at which a region uses it.
        let (view, from) = (world.global(), |view: &dyn View, place: usize, error: u64| {
            let uses = |at: &u64| {
                let now = Hlc::at_unix_ms(at + error - 10 * MINUTE);
                edition::name_in_effect(view, &region(REGIONS[place]), now).unwrap().as_deref() == Some("2026-02")
            };
            (published..published + 10 * HOUR).step_by(MINUTE as usize).find(uses).unwrap()
        });
        let starts = [from(&view, 0, 10 * MINUTE), from(&view, 1, errors[1]), from(&view, 2, errors[2])];
        prop_assert_eq!(starts[0], published);
        prop_assert!(starts[1] >= starts[0] + 10 * MINUTE && starts[2] >= starts[1] + 10 * MINUTE, "{:?}", starts);
    }
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
