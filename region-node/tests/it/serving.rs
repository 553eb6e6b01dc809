//! Serving, stopping, and going on.

use std::os::unix::fs::PermissionsExt;

use api::v1;
use client::{Read, Write};

use crate::node::{Place, block_on, run};

fn organization(display_name: &str) -> v1::Organization {
    v1::Organization { display_name: display_name.to_owned(), ..v1::Organization::default() }
}

#[test]
fn what_was_written_is_there_after_an_orderly_stop_and_the_directory_is_sound() {
    let place = Place::new();
    let mut node = place.serve();
    let made = block_on(async {
        let organizations = node.client().organizations();
        organizations.create("acme", organization("Acme"), &Write::default()).await.unwrap().value
    });
    assert!(node.page("/healthz").starts_with("HTTP/1.1 200"));
    let metrics = node.page("/metrics");
    for wanted in [
        "atoll_api_calls_total{method=\"CreateOrganization\",code=\"OK\"} 1\n",
        "atoll_log_leader{log=\"global\"} 1\n",
        "atoll_submissions_total{outcome=\"done\",reason=\"\"} 1\n",
    ] {
        assert!(metrics.contains(wanted), "no {wanted} in {metrics}");
    }
    node.signal("TERM");
    assert_eq!(node.ended().code(), Some(0));
    let steps = ["told to stop", "drained and handed over", "listeners ended", "store closed"];
    assert_eq!(node.steps(), steps);

    let verified = run(&["verify", "--config", &place.config()]);
    assert!(verified.status.success(), "{verified:?}");
    let mut node = place.serve();
    let found =
        block_on(async { node.client().organizations().get(&made.name, &Read::linearizable()).await.unwrap().value });
    assert_eq!(found, made);
    node.signal("INT");
    assert_eq!(node.ended().code(), Some(0));
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let place = Place::new();
    let mut node = place.serve();
    block_on(async {
        let organizations = node.client().organizations();
        for id in ["one", "two", "three"] {
            organizations.create(id, organization(id), &Write::default()).await.unwrap();
        }
    });
    node.signal("KILL");
    node.ended();
    assert!(run(&["verify", "--config", &place.config()]).status.success());
    let node = place.serve();
    let listed =
        block_on(async { node.client().organizations().list(0, &Read::linearizable()).collect().await.unwrap() });
    let names: Vec<_> = listed.items.iter().map(|organization| organization.name.as_str()).collect();
    assert_eq!(names, ["organizations/one", "organizations/three", "organizations/two"]);
}

#[test]
fn a_running_member_tells_its_status_and_keeps_its_directory_to_itself() {
    let place = Place::new();
    let node = place.serve();
    let ca = place.authority();
    let asked = run(&["status", "--endpoint", &node.api, "--ca", ca.to_str().unwrap(), "-o", "json"]);
    let status: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!((status["member"].as_u64(), status["logs"][0]["log"].as_str()), (Some(1), Some("global")));
    let table = run(&["status", "--endpoint", &node.api, "--ca", ca.to_str().unwrap()]);
    assert!(String::from_utf8(table.stdout).unwrap().contains("region/us-east-1"));
    for command in ["verify", "serve"] {
        let refused = run(&[command, "--config", &place.config()]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(said.contains("another process has it open"), "{said}");
    }
    let page = node.page("/status");
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    let page: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(page["logs"][0]["leads"], true, "{page}");
    assert_eq!(page["links"], serde_json::json!([]), "a member that is alone calls nobody: {page}");
    let mode = std::fs::metadata(&place.data).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "others may look into the data directory: {mode:o}");
}

#[test]
fn members_are_read_again_on_sighup_and_a_file_that_does_not_read_changes_nothing() {
    let place = Place::new();
    let node = place.serve();
    let config = std::fs::read_to_string(place.config()).unwrap();
    let more = ", { id = 2, region = \"us-west-2\", api = \"https://127.0.0.1:2\", peer = \"127.0.0.1:2\" }]";
    std::fs::write(
        place.config(),
        config.replace("peer = \"127.0.0.1:1\" }]", &format!("peer = \"127.0.0.1:1\" }}{more}")),
    )
    .unwrap();
    node.signal("HUP");
    assert_eq!(node.said("read its members again")["members"], 2);
    std::fs::write(place.config(), "ring = 1").unwrap();
    node.signal("HUP");
    node.said("kept its members: the configuration does not read");
    assert!(node.page("/healthz").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_second_signal_to_stop_ends_it_at_once_and_one_to_reload_does_not() {
    let place = Place::new();
    let mut node = place.serve();
    node.signals(&["TERM", "HUP", "HUP"]);
    assert_eq!(node.ended().code(), Some(0));
    assert_eq!(node.steps().last().map(String::as_str), Some("store closed"));
    let mut node = place.serve();
    node.signals(&["TERM", "INT"]);
    assert_eq!(node.ended().code(), Some(1));
}
