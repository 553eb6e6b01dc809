//! A ring as it is written, and processes that stand in for nodes.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn options(dir: &Path) -> Options {
    let regions = ["us-east-1", "us-west-2"].map(|region| region.parse().unwrap()).to_vec();
    Options {
        binary: dir.join("region-node"),
        dir: dir.to_owned(),
        name: "test".to_owned(),
        distances: Vec::new(),
        regions,
        members_per_region: 2,
        tls: true,
        fixed_ports: None,
        multiplier: 1.0,
        log: "info".to_owned(),
        seed: 1,
        cloud: None,
    }
}

/// A stand-in for `region-node`: says its arguments, then waits.
fn stand_in(dir: &Path, script: &str) {
    let path = dir.join("region-node");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_neighbour_is_reached_directly_and_another_region_over_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let ring = Ring::prepare(options(dir.path())).await.unwrap();
    assert_eq!(ring.nodes.len(), 4);
    let read = |node: &Node| -> toml::Table { fs::read_to_string(&node.config).unwrap().parse().unwrap() };
    let configs: Vec<toml::Table> = ring.nodes.iter().map(read).collect();
    let listens = |member: usize| configs[member]["listen"]["peer"].as_str().unwrap().to_owned();
    let reaches = |member: usize, other: usize| configs[member]["members"][other]["peer"].as_str().unwrap().to_owned();
    assert_eq!(reaches(0, 1), listens(1));
    assert_ne!(reaches(0, 2), listens(2));
    assert_ne!(reaches(0, 2), reaches(1, 2), "each member has its own link");
    assert_ne!(configs[0]["data"]["dir"], configs[1]["data"]["dir"]);
    assert_eq!(configs[0]["tls"]["dir"], configs[3]["tls"]["dir"], "one authority for all");
}

#[tokio::test]
async fn a_node_that_ends_is_named_with_the_end_of_its_log() {
    let dir = tempfile::tempdir().unwrap();
    stand_in(dir.path(), "echo 'the port is in use' >&2; exit 2");
    let error = Ring::start(options(dir.path()), Duration::from_secs(20)).await.err().unwrap().to_string();
    assert!(error.contains("the port is in use") && error.contains("exit status: 2"), "{error}");
}

#[tokio::test]
async fn nodes_are_killed_stopped_and_started_again() {
    let dir = tempfile::tempdir().unwrap();
    stand_in(dir.path(), "echo \"$@\"; trap 'exit 0' TERM; while :; do sleep 0.02; done");
    let mut ring = Ring::prepare(options(dir.path())).await.unwrap();
    let (one, two) = (MemberId(1), MemberId(2));
    ring.launch(one).unwrap();
    ring.launch(two).unwrap();
    let log = ring.nodes[0].log.clone();
    while tail(&log, 1).is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(tail(&log, 1), format!("serve --config {} --init", ring.nodes[0].config.display()));
    ring.kill(one).await.unwrap();
    assert!(ring.fallen().is_empty(), "who was killed on purpose has not fallen");
    ring.launch(one).unwrap();
    while tail(&log, 9).lines().count() < 2 {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(ring.terminate(one).await.unwrap().success());
    ring.stop().await.unwrap();
}
