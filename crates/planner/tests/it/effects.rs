//! Every decision changes what is made or when it is replaced, or says what it waits for.

use domain::catalog::{Key, Shape, Value};
use planner::{
    Awaited, Blueprint, Says,
    plan::{Desired, Role, Wish},
};

use crate::world::{ORGANIZATION, TYPES, World, chosen, request, value};

/// What is made of a cluster as it was decided, with the workers that it begins with.
fn made(world: &World, blueprint: &Blueprint) -> Desired {
    let workers = u16::try_from(blueprint.workers.initial).unwrap();
    Desired::cluster(blueprint, &world.catalog, workers, Wish::Run)
}

/// Values that a decision can have.
fn values(key: Key) -> Vec<Value> {
    let texts: Vec<String> = match key.shape() {
        Shape::Flag => vec!["on".into(), "off".into()],
        Shape::Number { unit, min, max } => [min, min + 1, (min + max) / 2, max - 1, max]
            .into_iter()
            .map(|number| Value::Number(number, unit).to_string())
            .collect(),
        Shape::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        Shape::Words([]) => vec!["some-feature".into()],
        Shape::Words(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        Shape::Ranges => vec!["203.0.113.0/24".into(), "0.0.0.0/0".into()],
        Shape::Machine => vec!["4 vCPU 32 GiB".into()],
        Shape::Steps => vec!["8 vCPU 32 GiB".into()],
        Shape::Window => vec!["friday 21:00 2h".into()],
        Shape::Computed => Vec::new(),
    };
    texts.iter().map(|text| value(key, text)).collect()
}

/// Whether another value of the decision, in the place of what the type's record says, changes what is made.
fn has_effect(key: Key) -> bool {
    TYPES.iter().any(|kind| {
        let mut world = World::new();
        let wanted = request(kind, "eu-west-1");
        let before = made(&world, &world.decide(&wanted).unwrap());
        values(key).into_iter().any(|value| {
            world.catalog.cluster_types.get_mut(*kind).unwrap().decisions.get_mut(&key).unwrap().value = value;
            world.decide(&wanted).is_ok_and(|blueprint| made(&world, &blueprint) != before)
        })
    })
}

/// Whether what was worked out is in what is made.
fn is_made(key: Key) -> bool {
    let world = World::new();
    let blueprint = world.decide(&request("PRODUCTION", "eu-west-1")).unwrap();
    let (made, value) = (made(&world, &blueprint), chosen(&blueprint, key));
    match key {
        Key::EtcdMembers => made.slots.keys().filter(|slot| slot.role == Role::Master).count().to_string() == value,
        Key::VersionKubernetes => made.images.values().all(|image| {
            let of = world.catalog.images.iter().find(|of| of.id == image.id).unwrap();
            of.version.to_string() == value
        }),
        _ => {
            let parts = made.parts.iter().map(|(part, look)| format!("{part} {look}")).collect::<Vec<_>>();
            let text = format!("{parts:?} {:?} {:?}", made.slots, made.images);
            value.split([' ', ',']).filter(|word| !word.is_empty()).all(|word| text.contains(word))
        }
    }
}

/// Planned with, and not carried out yet; or in effect in part: the largest number of workers bounds the first.
const IN_PART: [Key; 5] = [Key::KeyLife, Key::CertificateLife, Key::WorkersMax, Key::DrainGrace, Key::DrainForce];
/// Of one value, which is what is made for every cluster: groups that are kept, images of that system.
const ALWAYS_SO: [Key; 2] = [Key::ImageOs, Key::SecurityGroups];

#[test]
fn every_decision_changes_what_is_made_or_says_what_it_waits_for() {
    let world = World::new();
    let blueprints = TYPES.map(|kind| world.decide(&request(kind, "eu-west-1")).unwrap());
    for key in Key::ALL.iter().copied() {
        let effect = if key.is_computed() { is_made(key) } else { has_effect(key) };
        let choices = blueprints.each_ref().map(|blueprint| blueprint.choice(key).unwrap());
        let awaited = choices.iter().any(|choice| Awaited::by(key, &choice.value).is_some());
        if ALWAYS_SO.contains(&key) {
            assert!(matches!(key.shape(), Shape::Word([_])) && !awaited, "{key}");
        } else {
            assert_eq!(effect, !awaited || IN_PART.contains(&key), "{key}: has an effect, waits for a part: {awaited}");
        }
    }
}

#[test]
fn what_a_decision_waits_for_is_in_its_reason_and_in_no_other() {
    let world = World::new();
    for kind in TYPES {
        for choice in world.decide(&request(kind, "eu-west-1")).unwrap().choices {
            let told = choice.reason.contains("no effect yet");
            let awaited = Awaited::by(choice.key, &choice.value);
            assert_eq!(told, awaited.is_some(), "{choice:?}");
            assert!(awaited.is_none_or(|awaited| choice.reason.ends_with(&awaited.to_string())), "{choice:?}");
        }
    }
}

#[test]
fn what_is_decided_against_waits_for_nothing() {
    let waits = |key: Key, text: &str| Awaited::by(key, &value(key, text)).is_some();
    let against = [(Key::ApiLoadBalancer, "dedicated", "shared"), (Key::WorkersSpot, "0%", "30%")];
    for (key, without, with) in against {
        assert!(!waits(key, without) && waits(key, with), "{key}");
    }
}

#[test]
fn a_master_has_no_faster_volume_than_there_is() {
    let speed = |kind: &str, size: &str, wanted: &str| {
        let rules = [
            (Key::MastersVolume, Says::Require(value(Key::MastersVolume, kind))),
            (Key::MastersVolumeSize, Says::Require(value(Key::MastersVolumeSize, size))),
            (Key::MastersVolumeIops, Says::Require(value(Key::MastersVolumeIops, wanted))),
        ];
        let world = World::new().policy(ORGANIZATION, rules);
        let blueprint = world.decide(&request("PRODUCTION", "eu-west-1")).unwrap();
        (chosen(&blueprint, Key::MastersVolumeIops), blueprint.masters.volume.kind)
    };
    assert_eq!(speed("gp3", "100GiB", "16000"), ("16000".to_owned(), "gp3".to_owned()));
    assert_eq!(speed("gp3", "100GiB", "20000").0, "16000");
    assert_eq!(speed("gp3", "20GiB", "16000").0, "10000");
    assert_eq!(speed("io2", "100GiB", "64000"), ("64000".to_owned(), "io2".to_owned()));
    assert_eq!(speed("io2", "20GiB", "64000").0, "20000");
}

#[test]
fn an_image_that_mends_a_critical_weakness_says_so_until_a_newer_one_and_to_those_before_it_only() {
    let mut world = World::new();
    let blueprint = world.decide(&request("PRODUCTION", "eu-west-1")).unwrap();
    assert!(made(&world, &blueprint).mended.is_empty());
    let image = world.catalog.images.iter_mut().find(|of| of.id == blueprint.workers.machines.image).unwrap();
    (image.critical, image.built) = (true, "2026-11-10".parse().unwrap());
    let newer = domain::catalog::Image {
        id: "ami-newer".into(),
        critical: false,
        built: "2026-11-20".parse().unwrap(),
        ..image.clone()
    };
    let built = planner::plan::Time(image.built.days_since_1970() * 86_400);
    world.catalog.images.push(newer);
    let desired = made(&world, &world.decide(&request("PRODUCTION", "eu-west-1")).unwrap());
    assert_eq!(desired.images[&Role::Worker].id, "ami-newer");
    assert_eq!(desired.mended, [(Role::Worker, built)].into());
}
