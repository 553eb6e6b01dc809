//! What people see of decisions and of refusals, held in `tests/golden`. `UPDATE_GOLDEN=1` writes the files anew.

use std::{fs, path::Path};

use domain::catalog::{Key, Window};
use planner::{ClusterOptions, Request, Says, Sizing, render};

use crate::world::{FOLDER, ORGANIZATION, PROJECT, REGIONS, TYPES, World, cluster, exactly, request, value};

#[test]
fn decisions_of_both_types_in_each_region() {
    let world = World::new();
    for (cluster_type, region) in TYPES.iter().flat_map(|kind| REGIONS.iter().map(move |region| (kind, region))) {
        let blueprint = world.decide(&request(cluster_type, region)).unwrap();
        let name = format!("decisions-{}-{region}.txt", cluster_type.to_lowercase());
        let text = format!("{}\nHash: {}\n", render::decisions(&blueprint), blueprint.decisions_hash());
        assert_golden(&name, &text);
    }
}

#[test]
fn what_differs_between_the_types() {
    let world = World::new();
    let blueprints = TYPES.map(|cluster_type| world.decide(&request(cluster_type, "us-east-1")).unwrap());
    assert_golden("diff-development-production.txt", &render::diff(&blueprints[0], &blueprints[1]));
}

#[test]
fn decisions_under_policies_and_a_request_with_wishes() {
    let mut world = policed();
    world.connections = 1;
    let blueprint = world.decide(&wishes()).unwrap();
    assert_golden("decisions-under-policies.txt", &render::decisions(&blueprint));
    let keys = [Key::PodsPrivileged, Key::WorkersMax, Key::MastersType, Key::NetworkMtu, Key::ClusterCidr];
    let texts: Vec<String> = keys.iter().map(|key| render::decision(blueprint.choice(*key).unwrap())).collect();
    assert_golden("decision-in-detail.txt", &texts.join("\n"));
}

#[test]
fn how_an_instance_type_was_chosen() {
    let world = World::new();
    let blueprint = world.decide(&request("PRODUCTION", "us-east-1")).unwrap();
    assert_golden(
        "sizing-of-masters.txt",
        &render::sizing(&Sizing::of(&blueprint.masters.machines.need, &world.catalog)),
    );
}

#[test]
fn every_way_to_be_refused() {
    let mut text = String::new();
    let mut reasons = Vec::new();
    for (title, world, request) in refused() {
        let refusal = world.decide(&request).expect_err(title);
        reasons.push(refusal.reason());
        text.push_str(&format!("# {title}\n{}\n", render::refusal(&refusal)));
    }
    assert_golden("refusals.txt", &text);
    reasons.sort_unstable();
    reasons.dedup();
    assert_eq!(reasons.len(), 16, "each reason there is: {reasons:?}");
}

/// Three nodes with rules.
fn policed() -> World {
    World::new()
        .policy(
            ORGANIZATION,
            [
                (
                    Key::PodsPrivileged,
                    Says::OneOf(vec![value(Key::PodsPrivileged, "off"), value(Key::PodsPrivileged, "on")]),
                ),
                (Key::WorkersMax, Says::AtMost(value(Key::WorkersMax, "100"))),
                (Key::WorkersFamilies, Says::Default(value(Key::WorkersFamilies, "r"))),
            ],
        )
        .policy(FOLDER, [(Key::WorkersMax, Says::AtLeast(value(Key::WorkersMax, "200")))])
        .policy(
            PROJECT,
            [
                (Key::TelemetryKept, Says::Require(value(Key::TelemetryKept, "90d"))),
                (Key::WorkersFamilies, Says::Default(value(Key::WorkersFamilies, "m"))),
            ],
        )
}

fn wishes() -> Request {
    Request {
        options: ClusterOptions {
            version: exactly("1.34.11"),
            cluster_cidr: Some("192.168.0.0/18".parse().unwrap()),
            allow_list: Some(vec!["0.0.0.0/0".parse().unwrap()]),
            delete_protection: Some(false),
            maintenance_window: Some(Window::Any),
            privileged: Some(true),
            ..ClusterOptions::default()
        },
        ..request("PRODUCTION", "us-east-1")
    }
}

/// One request for each reason, and more where one reason has several causes.
fn refused() -> Vec<(&'static str, World, Request)> {
    let mut all = unknown();
    all.extend(forbidden());
    all.extend(addresses());
    all
}

fn unknown() -> Vec<(&'static str, World, Request)> {
    let plain = || request("PRODUCTION", "us-east-1");
    let at = |version: &str| Request {
        options: ClusterOptions { version: exactly(version), ..ClusterOptions::default() },
        ..plain()
    };
    let mut unpublished = World::new();
    let newest = unpublished.catalog.versions.get_mut(&"1.37.2".parse().unwrap()).unwrap();
    newest.published.remove(&"us-east-1".parse().unwrap());
    let on = |day: &str| World { today: day.parse().unwrap(), ..World::new() };
    let mut incomplete = World::new();
    incomplete.catalog.cluster_types.get_mut("PRODUCTION").unwrap().decisions.remove(&Key::EtcdQuota);
    vec![
        ("a type that nobody knows", World::new(), request("ENTERPRISE", "us-east-1")),
        ("a region that nobody knows", World::new(), request("PRODUCTION", "eu-north-1")),
        ("a version that nobody knows", World::new(), at("1.38.0")),
        ("a version that is not published in the region", unpublished, at("1.37.2")),
        ("a version that nobody supports any more", on("2027-10-28"), at("1.34.11")),
        ("a channel without a supported version", on("2027-08-01"), plain()),
        ("an edition that is incomplete", incomplete, plain()),
    ]
}

fn forbidden() -> Vec<(&'static str, World, Request)> {
    let plain = || request("PRODUCTION", "us-east-1");
    let window = |text: &str| Says::Require(value(Key::Maintenance, text));
    let never = window("saturday 22:00 6h");
    let stable = Says::OneOf(vec![value(Key::VersionChannel, "stable")]);
    let refuse = Says::Require(value(Key::ApiOpen, "refuse"));
    let huge = Says::Require(value(Key::WorkersSize, "64 vCPU 64 GiB"));
    let open = Request {
        options: ClusterOptions { allow_list: Some(vec!["0.0.0.0/0".parse().unwrap()]), ..ClusterOptions::default() },
        ..plain()
    };
    let newest =
        Request { options: ClusterOptions { version: exactly("1.37.2"), ..ClusterOptions::default() }, ..plain() };
    let twice = vec!["10.0.0.0/8".parse().unwrap(); 2];
    vec![
        (
            "a maintenance window other than the one required",
            World::new().policy(ORGANIZATION, [(Key::Maintenance, never)]),
            Request {
                options: ClusterOptions { maintenance_window: Some(Window::Any), ..ClusterOptions::default() },
                ..plain()
            },
        ),
        (
            "privileged pods without approval",
            World::new(),
            Request { options: ClusterOptions { privileged: Some(true), ..ClusterOptions::default() }, ..plain() },
        ),
        (
            "a version of a channel that a policy does not allow",
            World::new().policy(PROJECT, [(Key::VersionChannel, stable)]),
            newest,
        ),
        ("an open API where a policy refuses it", World::new().policy(FOLDER, [(Key::ApiOpen, refuse)]), open),
        (
            "an allow list with a range twice",
            World::new(),
            Request { options: ClusterOptions { allow_list: Some(twice), ..ClusterOptions::default() }, ..plain() },
        ),
        ("machines that nobody offers", World::new().policy(FOLDER, [(Key::WorkersSize, huge)]), plain()),
    ]
}

fn addresses() -> Vec<(&'static str, World, Request)> {
    let plain = || request("PRODUCTION", "us-east-1");
    let machines = |range: &str| Request {
        options: ClusterOptions { cluster_cidr: Some(range.parse().unwrap()), ..ClusterOptions::default() },
        ..plain()
    };
    let pods = |range: &str| Request {
        options: ClusterOptions { pod_cidr: Some(range.parse().unwrap()), ..ClusterOptions::default() },
        ..plain()
    };
    let mut used = World::new();
    used.create(&Request::new(cluster("us-east-1", "other"), "PRODUCTION")).unwrap();
    let mut full = World::new();
    for n in 0..32 {
        full.create(&Request::new(cluster("us-east-1", &format!("c{n}")), "PRODUCTION")).unwrap();
    }
    let mut made = World::new();
    made.make(&request("DEVELOPMENT", "us-east-1")).unwrap();
    vec![
        ("a development cluster that is to be a production cluster", made, plain()),
        ("addresses that another cluster has", used, machines("10.0.0.0/18")),
        ("addresses of another region", World::new(), machines("10.64.0.0/16")),
        ("pods where the machines are", World::new(), Request { ..both("192.168.0.0/18", "192.168.0.0/16") }),
        ("addresses that are too few for any cluster", World::new(), machines("192.168.0.0/26")),
        ("addresses that are too few for this cluster", World::new(), machines("192.168.0.0/22")),
        ("pods for fewer machines than there may be", World::new(), pods("192.168.0.0/17")),
        ("addresses that are more than a VPC can have", World::new(), machines("10.0.0.0/12")),
        ("addresses of somebody else", World::new(), machines("8.8.0.0/16")),
        ("a region without free addresses", full, plain()),
    ]
}

fn both(machines: &str, pods: &str) -> Request {
    let (machines, pods) = (machines.parse().unwrap(), pods.parse().unwrap());
    Request {
        options: ClusterOptions { cluster_cidr: Some(machines), pod_cidr: Some(pods), ..ClusterOptions::default() },
        ..request("PRODUCTION", "us-east-1")
    }
}

/// Fails when `text` is not what `tests/golden/{name}` holds.
#[expect(clippy::disallowed_methods, reason = "the one way to say that golden files are to be written")]
pub fn assert_golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(&file, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let difference = expected.lines().zip(text.lines()).find(|(expected, got)| expected != got);
    assert!(expected == text, "{name} differs, first at {difference:?}; UPDATE_GOLDEN=1 writes it anew");
}
