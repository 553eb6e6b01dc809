//! What a cluster that was made keeps, whatever is decided later.

use domain::{Date, catalog::Key};
use planner::{Asked, Blueprint, ClusterOptions, Request, Says, Source, Warning};

use crate::world::{FOLDER, World, chosen, exactly, request, value};

/// A cluster that was made, and the world that it is in.
fn made(cluster_type: &str) -> (World, Blueprint) {
    let mut world = World::new();
    let blueprint = world.make(&request(cluster_type, "us-east-1")).unwrap();
    (world, blueprint)
}

#[test]
fn decided_again_nothing_changes() {
    for cluster_type in ["DEVELOPMENT", "PRODUCTION"] {
        let (world, before) = made(cluster_type);
        let after = world.decide(&request(cluster_type, "us-east-1")).unwrap();
        assert_eq!(after.decisions_hash(), before.decisions_hash());
        assert_eq!(after.network, before.network);
    }
}

#[test]
fn addresses_zones_and_version_outlast_policies_and_editions() {
    let (mut world, before) = made("PRODUCTION");
    let size = Says::Require(value(Key::ClusterPrefix, "/18"));
    world = world.policy(FOLDER, [(Key::ClusterPrefix, size)]);
    world.today = "2027-06-29".parse::<Date>().unwrap();
    // The first zone no longer has the type that was cheapest, and the pools begin elsewhere.
    let kind = world.catalog.instance_types.get_mut(&before.masters.machines.instance_type).unwrap();
    kind.offers.get_mut(&"us-east-1".parse().unwrap()).unwrap().not_in.insert("use1-az6".to_owned());
    let region = world.catalog.regions.get_mut(&"us-east-1".parse().unwrap()).unwrap();
    region.addresses.clusters = vec!["10.192.0.0/11".parse().unwrap()];
    let after = world.decide(&request("PRODUCTION", "us-east-1")).unwrap();
    assert_eq!(after.network, before.network);
    assert_eq!((after.version, &after.masters.zones), (before.version, &before.masters.zones));
    assert_ne!(after.masters.machines.instance_type, before.masters.machines.instance_type);
    assert_eq!(after.warnings.len(), 1, "its support has become extended: {:?}", after.warnings);
    let choice = after.choice(Key::ClusterCidr).unwrap();
    assert!(choice.reason.starts_with("rule kept: ") && choice.rests_on.is_empty(), "{choice:?}");
}

#[test]
fn another_version_is_had_by_asking_for_it() {
    let (world, before) = made("PRODUCTION");
    let wish = |version: &str| {
        world.decide(&Request {
            options: ClusterOptions { version: exactly(version), ..ClusterOptions::default() },
            ..request("PRODUCTION", "us-east-1")
        })
    };
    assert_eq!(chosen(&wish("1.37.2").unwrap(), Key::VersionKubernetes), "1.37.2");
    assert_eq!(wish(&before.version.to_string()).unwrap().decisions_hash(), before.decisions_hash());
    assert_eq!(wish("1.38.0").unwrap_err().reason(), "UNKNOWN_VERSION");
}

#[test]
fn what_was_fixed_when_it_was_made_is_refused_with_what_it_has() {
    let (world, before) = made("DEVELOPMENT");
    let production = world.decide(&request("PRODUCTION", "us-east-1")).unwrap_err();
    assert_eq!((production.reason(), production.accepted()), ("FIXED_AT_CREATION", vec!["1".to_owned()]));
    let with = |range| Request {
        options: ClusterOptions { pod_cidr: Some(range), ..ClusterOptions::default() },
        ..request("DEVELOPMENT", "us-east-1")
    };
    let other = world.decide(&with("192.168.0.0/18".parse().unwrap())).unwrap_err();
    assert_eq!((other.reason(), other.accepted()), ("FIXED_AT_CREATION", vec!["100.64.0.0/18".to_owned()]));
    assert!(world.decide(&with(before.network.addresses.pods)).is_ok(), "what it has may be given again");
}

#[test]
fn a_policy_that_comes_later_overrules_what_was_asked_before() {
    let mut world = World::new();
    let open = vec!["0.0.0.0/0".parse().unwrap(), "192.0.2.0/24".parse().unwrap()];
    let wanted = Request {
        options: ClusterOptions { delete_protection: Some(false), allow_list: Some(open), ..ClusterOptions::default() },
        ..request("PRODUCTION", "us-east-1")
    };
    world.make(&wanted).unwrap();
    let require = |key: Key, text: &str| (key, Says::Require(value(key, text)));
    let rules = [require(Key::DeleteProtection, "on"), require(Key::ApiOpen, "refuse")];
    let mut world = world.policy(FOLDER, rules);
    assert_eq!(world.decide(&wanted).unwrap_err().reason(), "OVERRIDE_FORBIDDEN", "asked now");
    world.asked = Asked::Before;
    let blueprint = world.decide(&wanted).unwrap();
    assert!(blueprint.delete_protection);
    assert_eq!(chosen(&blueprint, Key::ApiAllowList), "192.0.2.0/24");
    let choice = blueprint.choice(Key::DeleteProtection).unwrap();
    assert!(choice.reason.ends_with("the request for off is overruled"), "{choice:?}");
    assert!(choice.sources().any(|source| matches!(source, Source::Policy { .. })), "{choice:?}");
    let refused = |warning: &&Warning| matches!(warning, Warning::WouldBeRefused(_));
    assert_eq!(blueprint.warnings.iter().filter(refused).count(), 2, "{:?}", blueprint.warnings);
}

#[test]
fn what_was_fixed_stays_under_policies_and_records_that_come_later() {
    let (world, before) = made("DEVELOPMENT");
    let require = |key: Key, text: &str| (key, Says::Require(value(key, text)));
    let mut world = world.policy(FOLDER, [require(Key::WorkersMax, "900"), require(Key::KubeletPods, "250")]);
    let record = world.catalog.cluster_types.get_mut("DEVELOPMENT").unwrap();
    for (key, text) in [(Key::NetworkTenancy, "dedicated"), (Key::MastersZones, "3"), (Key::MastersCount, "3")] {
        record.decisions.get_mut(&key).unwrap().value = value(key, text);
    }
    world.asked = Asked::Before;
    let after = world.decide(&request("DEVELOPMENT", "us-east-1")).unwrap();
    assert_eq!(after.network, before.network);
    assert_eq!((after.masters.zones.len(), &after.workers.zones), (3, &before.workers.zones), "three, in its one zone");
    assert_eq!(chosen(&after, Key::NetworkTenancy), "shared");
    assert_eq!(after.warnings.len(), 4, "whose VPC, zones, pods of a machine, machines: {:?}", after.warnings);
}

#[test]
fn what_is_open_by_its_type_is_closed_where_a_policy_refuses_it() {
    let world = World::new().policy(FOLDER, [(Key::ApiOpen, Says::Require(value(Key::ApiOpen, "refuse")))]);
    let blueprint = world.decide(&request("DEVELOPMENT", "us-east-1")).unwrap();
    assert_eq!(blueprint.api.allow_list, []);
    assert_eq!(blueprint.choice(Key::ApiAllowList).unwrap().rests_on.len(), 1, "the policy");
}
