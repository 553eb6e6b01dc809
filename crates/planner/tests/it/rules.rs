//! Policies and requests, one rule per test.

use domain::catalog::{Channel, Key, Window};
use planner::{ClusterOptions, Request, Rule, Says, Source, VersionWish, Warning};

use crate::world::{FOLDER, ORGANIZATION, PROJECT, World, chosen, request, value};

fn most(text: &str) -> (Key, Says) {
    (Key::WorkersMax, Says::AtMost(value(Key::WorkersMax, text)))
}

fn least(text: &str) -> (Key, Says) {
    (Key::WorkersMax, Says::AtLeast(value(Key::WorkersMax, text)))
}

fn default(text: &str) -> (Key, Says) {
    (Key::WorkersMax, Says::Default(value(Key::WorkersMax, text)))
}

/// What becomes of the largest number of workers, 500 by the type.
fn workers(world: &World) -> String {
    chosen(&world.decide(&request("PRODUCTION", "us-east-1")).unwrap(), Key::WorkersMax)
}

#[test]
fn the_nearest_default_holds_and_limits_beat_it() {
    assert_eq!(workers(&World::new()), "500");
    assert_eq!(workers(&World::new().policy(ORGANIZATION, [default("50")]).policy(PROJECT, [default("60")])), "60");
    assert_eq!(workers(&World::new().policy(ORGANIZATION, [most("40")]).policy(PROJECT, [default("60")])), "40");
    assert_eq!(workers(&World::new().policy(ORGANIZATION, [most("600")])), "500", "a limit that does not bite");
}

#[test]
fn a_node_above_beats_a_node_below() {
    let both = |above: (Key, Says), below: (Key, Says)| {
        workers(&World::new().policy(ORGANIZATION, [above]).policy(FOLDER, [below]))
    };
    assert_eq!(both(most("40"), least("60")), "40");
    assert_eq!(both(least("505"), most("60")), "505");
    assert_eq!(both(most("400"), most("60")), "60", "below may be stricter");
    let require = |text: &str| (Key::WorkersMax, Says::Require(value(Key::WorkersMax, text)));
    assert_eq!(both(require("30"), require("20")), "30");
    let one_of = |texts: &[&str]| {
        (Key::WorkersMax, Says::OneOf(texts.iter().map(|text| value(Key::WorkersMax, text)).collect()))
    };
    assert_eq!(both(one_of(&["10", "20", "30"]), least("20")), "20", "the first that all allow");
}

#[test]
fn a_request_changes_what_nobody_limits() {
    let asked = |world: &World, protection: bool| {
        let request = Request {
            options: ClusterOptions { delete_protection: Some(protection), ..ClusterOptions::default() },
            ..request("PRODUCTION", "us-east-1")
        };
        world.decide(&request)
    };
    let off = asked(&World::new(), false).unwrap();
    assert!(!off.delete_protection);
    assert_eq!(off.choice(Key::DeleteProtection).unwrap().source, Source::Request);
    let key = Key::DeleteProtection;
    let world = World::new().policy(FOLDER, [(key, Says::Require(value(key, "on")))]);
    let refusal = asked(&world, false).unwrap_err();
    assert_eq!(refusal.reason(), "OVERRIDE_FORBIDDEN");
    assert!(refusal.to_string().contains("policy of organizations/acme/folders/shop, revision 1"), "{refusal}");
    assert!(asked(&world, true).unwrap().delete_protection, "what is required may be asked for");
}

#[test]
fn privileged_pods_need_a_policy_that_speaks_of_them() {
    let privileged = Request {
        options: ClusterOptions { privileged: Some(true), ..ClusterOptions::default() },
        ..request("DEVELOPMENT", "us-east-1")
    };
    assert_eq!(World::new().decide(&privileged).unwrap_err().reason(), "OVERRIDE_FORBIDDEN");
    let (off, on) = (value(Key::PodsPrivileged, "off"), value(Key::PodsPrivileged, "on"));
    let approved = World::new().policy(PROJECT, [(Key::PodsPrivileged, Says::OneOf(vec![off.clone(), on]))]);
    let blueprint = approved.decide(&privileged).unwrap();
    assert!(blueprint.security.privileged_pods);
    assert_eq!(blueprint.choice(Key::PodsPrivileged).unwrap().rests_on.len(), 1, "the approval is named");
    assert!(!approved.decide(&request("DEVELOPMENT", "us-east-1")).unwrap().security.privileged_pods);
    let closed = approved.policy(PROJECT, [(Key::PodsPrivileged, Says::Require(off))]);
    assert!(closed.decide(&privileged).is_err());
}

#[test]
fn versions_follow_the_channel_the_region_and_the_day() {
    let version = |world: &World, wish: Option<VersionWish>| {
        let request = Request {
            options: ClusterOptions { version: wish, ..ClusterOptions::default() },
            ..request("PRODUCTION", "us-east-1")
        };
        world.decide(&request).map(|blueprint| blueprint.version.to_string())
    };
    let mut world = World::new();
    assert_eq!(version(&world, None).unwrap(), "1.36.5");
    assert_eq!(version(&world, Some(VersionWish::Channel(Channel::Rapid))).unwrap(), "1.37.2");
    assert_eq!(version(&world, Some(VersionWish::Exactly("1.35.9".parse().unwrap()))).unwrap(), "1.35.9");
    let stable = world.catalog.versions.get_mut(&"1.36.5".parse().unwrap()).unwrap();
    stable.published.remove(&"us-east-1".parse().unwrap());
    assert_eq!(version(&world, None).unwrap(), "1.35.9", "where the newest is not published, the next");
    world.today = "2027-02-28".parse().unwrap();
    assert_eq!(version(&world, None).unwrap(), "1.35.9", "on the last day of support");
    world.today = "2027-03-01".parse().unwrap();
    assert_eq!(version(&world, None).unwrap_err().reason(), "NO_VERSION_IN_CHANNEL");
}

#[test]
fn what_is_seldom_meant_is_allowed_with_a_warning() {
    let mut wanted = request("PRODUCTION", "us-east-1");
    assert_eq!(World::new().decide(&wanted).unwrap().warnings, []);
    wanted.options.allow_list = Some(vec!["0.0.0.0/0".parse().unwrap()]);
    wanted.options.version = Some(VersionWish::Exactly("1.34.11".parse().unwrap()));
    let warnings = World::new().decide(&wanted).unwrap().warnings;
    assert!(matches!(warnings.as_slice(), [Warning::ExtendedSupport { .. }, Warning::ApiOpenToAll]), "{warnings:?}");
    wanted = request("DEVELOPMENT", "us-east-1");
    assert_eq!(World::new().decide(&wanted).unwrap().warnings, [], "its type is open, and meant to be");
}

#[test]
fn packets_shrink_when_there_is_a_connection() {
    let mtu = |cluster_type: &str, connections: u64| {
        World { connections, ..World::new() }.decide(&request(cluster_type, "us-east-1")).unwrap().network.mtu
    };
    assert_eq!([mtu("PRODUCTION", 0), mtu("PRODUCTION", 1), mtu("DEVELOPMENT", 1)], [9001, 1500, 1500]);
}

#[test]
fn a_rule_that_cannot_be_is_not_made() {
    let cases = [
        (Key::MastersType, Says::Require(value(Key::StorageClass, "gp3"))),
        (Key::WorkersMax, Says::Require(value(Key::StorageClass, "gp3"))),
        (Key::StorageClass, Says::AtMost(value(Key::StorageClass, "gp3"))),
        (Key::WorkersMax, Says::OneOf(Vec::new())),
        (Key::Maintenance, Says::Default(domain::catalog::Value::Window(Window::Any))),
    ];
    let made: Vec<bool> = cases.map(|(key, says)| Rule::new(key, says).is_ok()).into();
    assert_eq!(made, [false, false, false, false, true]);
}

#[test]
fn what_makes_a_type_what_it_is_no_policy_changes() {
    let require = |key: Key, text: &str| (key, Says::Require(value(key, text)));
    let rules = [
        require(Key::NetworkTenancy, "shared"),
        require(Key::MastersCount, "1"),
        (Key::MastersZones, Says::AtMost(value(Key::MastersZones, "1"))),
    ];
    let world = World::new().policy(ORGANIZATION, rules);
    let blueprint = world.decide(&request("PRODUCTION", "us-east-1")).unwrap();
    assert_eq!(blueprint, World::new().decide(&request("PRODUCTION", "us-east-1")).unwrap());
}

#[test]
fn numbers_that_policies_pull_apart_are_brought_together() {
    let blueprint = World::new().policy(FOLDER, [most("2")]).decide(&request("PRODUCTION", "us-east-1")).unwrap();
    assert_eq!([blueprint.workers.min, blueprint.workers.initial, blueprint.workers.max], [2, 2, 2]);
    assert!(blueprint.choice(Key::WorkersMin).unwrap().reason.starts_with("rule in-bounds: "));
    let least = (Key::WorkersMin, Says::AtLeast(value(Key::WorkersMin, "7")));
    let blueprint = World::new().policy(FOLDER, [least]).decide(&request("PRODUCTION", "us-east-1")).unwrap();
    assert_eq!([blueprint.workers.min, blueprint.workers.initial, blueprint.workers.max], [7, 7, 500]);
}

#[test]
fn a_version_is_had_by_its_name_from_the_day_of_its_release_on() {
    let newest = Request {
        options: ClusterOptions { version: crate::world::exactly("1.37.2"), ..ClusterOptions::default() },
        ..request("PRODUCTION", "us-east-1")
    };
    let on = |day: &str| World { today: day.parse().unwrap(), ..World::new() }.decide(&newest);
    let refusal = on("2026-08-25").unwrap_err();
    assert_eq!(refusal.reason(), "VERSION_NOT_IN_REGION");
    assert!(!refusal.accepted().contains(&"1.37.2".to_owned()), "{refusal}");
    assert_eq!(on("2026-08-26").unwrap().version.to_string(), "1.37.2");
}

#[test]
fn what_a_type_fixes_no_request_changes() {
    let mut world = World::new();
    let record = world.catalog.cluster_types.get_mut("PRODUCTION").unwrap();
    record.decisions.get_mut(&Key::DeleteProtection).unwrap().fixed = true;
    let asked = |world: &World, protection: bool| {
        world.decide(&Request {
            options: ClusterOptions { delete_protection: Some(protection), ..ClusterOptions::default() },
            ..request("PRODUCTION", "us-east-1")
        })
    };
    let refusal = asked(&world, false).unwrap_err();
    assert_eq!((refusal.reason(), refusal.accepted()), ("OVERRIDE_FORBIDDEN", vec!["on".to_owned()]));
    assert!(refusal.to_string().contains("PRODUCTION of 2026-11"), "{refusal}");
    assert!(asked(&world, true).unwrap().delete_protection, "what it has may be asked for");
}
