//! What organizations say about decisions.

use domain::{
    Command,
    catalog::{Key, Value},
    cluster_policy::{self, Rule, Says},
    command::SetClusterPolicy,
    query,
};
use ids::{ResourceName, Revision};

use crate::world::*;

fn at_most(workers: u64) -> Rule {
    Rule::new(Key::WorkersMax, Says::AtMost(Value::count(workers))).unwrap()
}

fn begins_with(workers: u64) -> Rule {
    Rule::new(Key::WorkersInitial, Says::Default(Value::count(workers))).unwrap()
}

fn set(node: &str, rules: impl IntoIterator<Item = Rule>) -> Command {
    SetClusterPolicy { node: resource(node), rules: rules.into_iter().collect(), etag: None }.into()
}

fn world() -> World {
    World::with([create_organization("a"), create_folder("a/f:top", "a"), create_folder("a/f:in", "a/f:top")])
}

/// Who says something about the clusters of a project, root first, and how much.
fn said(world: &World, node: &str) -> Vec<(ResourceName, usize)> {
    let rows = cluster_policy::said_at(&world.global(), &resource(node)).unwrap();
    rows.into_iter().map(|(_, row)| (row.node, row.rules.len())).collect()
}

#[test]
fn what_is_said_above_holds_below_from_the_root_on() {
    let mut world = world();
    world.run(&create_project("a/p:x", "a/f:in")).unwrap();
    for node in ["a/p:x", "a", "a/f:in"] {
        world.run(&set(node, [at_most(9)])).unwrap();
    }
    let one = |node: &str| (resource(node), 1);
    assert_eq!(said(&world, "a/p:x"), ["a", "a/f:in", "a/p:x"].map(one));
    assert_eq!(said(&world, "a/f:top"), [one("a")]);
    world.run(&set("a", [])).unwrap();
    world.run(&move_project("a/p:x", "a/f:top")).unwrap();
    assert_eq!(said(&world, "a/p:x"), [one("a/p:x")]);
    let (revision, _) = query::cluster_policies(&world.global(), &resource("a")).unwrap();
    assert_ne!(revision, Revision::ABSENT, "that nothing is said any more is on record");
    assert_eq!(query::cluster_policies(&world.global(), &resource("a/p:none")).unwrap_err().reason(), "NOT_FOUND");
}

#[test]
fn whoever_makes_another_node_of_the_name_begins_without_rules() {
    let mut world = world();
    world.run(&create_folder("a/f:old", "a")).unwrap();
    world.run(&set("a/f:old", [at_most(9)])).unwrap();
    world.run(&delete_folder("a/f:old")).unwrap();
    assert_eq!(world.reason(set("a/f:old", [at_most(8)])), "NOT_FOUND");
    world.run(&create_folder("a/f:old", "a")).unwrap();
    assert_eq!(said(&world, "a/f:old"), []);
    world.run(&set("a/f:old", [at_most(9)])).unwrap();
    assert_eq!(said(&world, "a/f:old"), [(resource("a/f:old"), 1)]);
}

#[test]
fn a_policy_says_each_thing_once_and_is_written_over_the_version_that_was_seen() {
    let mut world = world();
    let node = resource("a");
    let rules = vec![at_most(9), begins_with(2)];
    world
        .run(&SetClusterPolicy { node: node.clone(), rules: rules.clone(), etag: Some(Revision::ABSENT) }.into())
        .unwrap();
    let (_, row) = cluster_policy::said_at(&world.global(), &node).unwrap().pop().unwrap();
    assert_eq!(row.rules, [begins_with(2), at_most(9)], "by decision");
    let stale = SetClusterPolicy { node, rules: rules.clone(), etag: Some(Revision::ABSENT) };
    assert_eq!(world.reason(stale), "ETAG_MISMATCH");
    assert_eq!(world.reason(set("a", rules)), "POLICY_UNCHANGED");
    assert_eq!(world.reason(set("a", [at_most(9), at_most(8)])), "INVALID_ARGUMENT");
    assert_eq!(world.reason(set("b", [at_most(9)])), "NOT_FOUND");
    // Fewest and most workers are one question and two decisions.
    let fewest = Rule::new(Key::WorkersMin, Says::AtMost(Value::count(3))).unwrap();
    world.run(&set("a", [at_most(9), fewest])).unwrap();
    let many = (0..129).map(|_| at_most(9));
    assert_eq!(world.reason(set("a", many)), "INVALID_ARGUMENT");
    let of_cluster = SetClusterPolicy { node: cluster("a/p:x", "eu", "c").into(), rules: Vec::new(), etag: None };
    assert!(world.decide(&of_cluster.into()).is_err());
}

#[test]
fn a_rule_is_of_its_decisions_shape() {
    let refused = |key: Key, says: Says| Rule::new(key, says).unwrap_err().to_string();
    let flag = refused(Key::PodsPrivileged, Says::AtMost(Value::Flag(true)));
    assert!(flag.contains("pods.privileged") && flag.contains("limits only where it is a number"), "{flag}");
    refused(Key::WorkersMax, Says::Require(Value::count(5_000)));
    refused(Key::VersionChannel, Says::OneOf(Vec::new()));
    refused(Key::MastersType, Says::Default(Value::Word("m7g.large".to_owned())));
}
