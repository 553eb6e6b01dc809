//! Every choice names what it rests on, and rests on nothing that it does not name.

use std::collections::BTreeSet;

use domain::catalog::{Key, Shape, Value};
use planner::{Asked, Blueprint, Policy, Says, Source};
use proptest::prelude::*;

use crate::world::{FOLDER, ORGANIZATION, PROJECT, REGIONS, TYPES, World, exactly, policy, request, value};

#[test]
fn every_decision_is_made_with_a_value_of_its_shape_and_a_reason_that_names_its_source() {
    let world = World::new();
    for (cluster_type, region) in TYPES.iter().flat_map(|kind| REGIONS.iter().map(move |region| (kind, region))) {
        let blueprint = world.decide(&request(cluster_type, region)).unwrap();
        let numbers: BTreeSet<u8> = blueprint.choices.iter().map(|choice| choice.key.number()).collect();
        assert_eq!(numbers, (1..=64).collect(), "all 64");
        let keys: Vec<Key> = blueprint.choices.iter().map(|choice| choice.key).collect();
        assert_eq!(keys, Key::ALL, "in order");
        for choice in &blueprint.choices {
            let text = choice.source.to_string();
            let because = choice.reason.strip_prefix(&text).unwrap_or_else(|| panic!("{choice:?}"));
            assert!(because.starts_with(": ") && because.len() > 6, "{choice:?}");
            assert!(choice.key.is_computed() || choice.key.shape().accepts(&choice.value), "{choice:?}");
        }
    }
}

#[test]
fn the_same_inputs_give_the_same_blueprint_and_another_decision_another_hash() {
    let world = World::new();
    let (a, b) = (world.decide(&request("PRODUCTION", "eu-west-1")), world.decide(&request("PRODUCTION", "eu-west-1")));
    assert_eq!(a, b);
    let hash = a.unwrap().decisions_hash();
    let mut open = request("PRODUCTION", "eu-west-1");
    open.options.delete_protection = Some(true);
    assert_eq!(world.decide(&open).unwrap().decisions_hash(), hash, "the same, on another's word");
    open.options.delete_protection = Some(false);
    assert_ne!(world.decide(&open).unwrap().decisions_hash(), hash);
}

#[test]
fn a_policy_that_is_removed_changes_exactly_the_choices_that_name_it() {
    let key = Key::WorkersFamilies;
    let families = policy(FOLDER, 7, [(key, Says::Require(value(key, "r")))]);
    let world = World::new();
    let wanted = request("PRODUCTION", "us-east-1");
    let with = world.decide_under(std::slice::from_ref(&families), &wanted).unwrap();
    let without = world.decide(&wanted).unwrap();
    assert_eq!(changed(&with, &without), naming(&with, &families));
    let keys = [Key::WorkersFamilies, Key::WorkersType, Key::ImageWorkers];
    assert_eq!(changed(&with, &without), keys.into());
    let values = |blueprint: &Blueprint| blueprint.choice(Key::WorkersType).unwrap().value.clone();
    assert_ne!(values(&with), values(&without), "and not only their reasons");
}

/// Keys whose choice differs in anything.
fn changed(a: &Blueprint, b: &Blueprint) -> BTreeSet<Key> {
    a.choices.iter().zip(&b.choices).filter(|(a, b)| a != b).map(|(a, _)| a.key).collect()
}

/// Keys whose choice names the policy.
fn naming(blueprint: &Blueprint, policy: &Policy) -> BTreeSet<Key> {
    let source = Source::Policy { node: policy.node.clone(), revision: policy.revision };
    blueprint.choices.iter().filter(|choice| choice.cites(&source)).map(|choice| choice.key).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_policy_that_is_removed_changes_exactly_the_choices_that_name_it(
        drawn in prop::collection::vec(prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..5), 1..4),
        cluster_type in prop::sample::select(TYPES.to_vec()),
        region in prop::sample::select(REGIONS.to_vec()),
        connections in 0..2_u64,
        workers in prop::option::of(0..400_u64),
        privileged in prop::option::of(any::<bool>()),
        version in prop::option::weighted(0.3, prop::sample::select(vec!["1.34.11", "1.35.9", "1.36.5", "1.37.2"])),
        made in any::<bool>(),
    ) {
        let mut world = World { connections, workers, ..World::new() };
        if made {
            world.make(&request(cluster_type, region)).unwrap();
            world.asked = Asked::Before;
        }
        let nodes = [ORGANIZATION, FOLDER, PROJECT];
        for (rules, node) in drawn.iter().zip(nodes) {
            let rules: Vec<(Key, Says)> = rules.iter().map(|(key, says, a, b)| rule(&world, key, *says, a, b)).collect();
            world = world.policy(node, rules);
        }
        let mut wanted = request(cluster_type, region);
        wanted.options.privileged = privileged;
        wanted.options.version = version.and_then(exactly);
        let Ok(with) = world.decide(&wanted) else { return Ok(()) };
        for place in 0..world.policies.len() {
            let mut others = world.policies.clone();
            let policy = others.remove(place);
            if let Ok(without) = world.decide_under(&others, &wanted) {
                prop_assert_eq!(changed(&with, &without), naming(&with, &policy));
            }
        }
    }
}

/// A rule about any decision that can have one.
fn rule(
    world: &World,
    key: &prop::sample::Index,
    says: u8,
    a: &prop::sample::Index,
    b: &prop::sample::Index,
) -> (Key, Says) {
    let keys: Vec<Key> = Key::ALL.iter().copied().filter(|key| !key.is_computed()).collect();
    let key = *key.get(&keys);
    let mut values: Vec<Value> =
        world.catalog.cluster_types.values().map(|record| record.decisions[&key].value.clone()).collect();
    match key.shape() {
        Shape::Flag => values.extend([Value::Flag(true), Value::Flag(false)]),
        Shape::Word(words) => values.extend(words.iter().map(|word| Value::Word((*word).to_owned()))),
        Shape::Words(words) if !words.is_empty() => values.push(Value::Words(vec![words[0].to_owned()])),
        _ => {}
    }
    let (a, b) = (a.get(&values).clone(), b.get(&values).clone());
    let number = matches!(key.shape(), Shape::Number { .. });
    let says = match says {
        0 => Says::Default(a),
        1 if number => Says::AtLeast(a),
        2 if number => Says::AtMost(a),
        3 => Says::OneOf(vec![a, b]),
        _ => Says::Require(a),
    };
    (key, says)
}
