//! Rules about clusters, which are decided in their region against a copy of the global rows.

use domain::{ClusterType, Command, command::*, sets};
use ids::{Log, Revision};

use crate::world::*;

fn with_project() -> World {
    World::with([register("us"), create_organization("a"), create_project("a/p:x", "a")])
}

fn update(etag: Option<Revision>) -> Command {
    let name = cluster("a/p:x", "us", "c");
    UpdateCluster {
        name,
        display_name: Some("Shop".to_owned()),
        description: None,
        allow_list: None,
        delete_protection: None,
        maintenance_window: None,
        etag,
    }
    .into()
}

#[test]
fn a_cluster_is_made_updated_and_removed_with_its_row() {
    let (mut world, name) = (with_project(), cluster("a/p:x", "us", "c"));
    assert_eq!(world.reason(update(None)), "NOT_FOUND");
    assert_eq!(world.reason(delete_cluster(&name)), "NOT_FOUND");
    world.run(&create_cluster(&name)).unwrap();
    assert_eq!(world.reason(create_cluster(&name)), "ALREADY_EXISTS");
    let seen = world.etag(&create_cluster(&name));
    world.run(&update(Some(seen))).unwrap();
    assert_eq!(world.reason(update(Some(seen))), "ETAG_MISMATCH");
    let row = world.cluster(&name).unwrap();
    assert_eq!((row.display_name.as_str(), row.cluster_type), ("Shop", ClusterType::DEVELOPMENT));
    world.run(&delete_cluster(&name)).unwrap();
    assert_eq!(world.etag(&create_cluster(&name)), Revision::ABSENT);
    let region = world.log(&Log::Region(name.location.clone()));
    assert!(region.all_entries(&sets::clusters(&name.project)).is_empty());
    world.run(&create_cluster(&name)).unwrap();
    assert!(world.etag(&create_cluster(&name)) > seen, "a revision is never used twice");
}

#[test]
fn one_label_names_two_clusters_in_two_regions() {
    let mut world = with_project();
    for region in ["us", "eu"] {
        world.run(&create_cluster(&cluster("a/p:x", region, "c"))).unwrap();
    }
}

#[test]
fn a_cluster_needs_an_active_project_in_the_copy_of_the_global_log() {
    let (mut world, name) = (with_project(), cluster("a/p:x", "us", "c"));
    assert_eq!(world.reason(create_cluster(&cluster("a/p:none", "us", "c"))), "PROJECT_NOT_ACTIVE");
    world.run(&create_cluster(&name)).unwrap();
    world.run(&delete_project("a/p:x")).unwrap();
    assert_eq!(world.reason(create_cluster(&cluster("a/p:x", "us", "d"))), "PROJECT_NOT_ACTIVE");
    world.run(&update(None)).unwrap();
    world.run(&delete_cluster(&name)).unwrap();
    world.run(&acknowledge("a/p:x", "us")).unwrap();
    assert_eq!(world.reason(create_cluster(&name)), "PROJECT_NOT_ACTIVE");
}

#[test]
fn a_cluster_guards_its_own_row_the_gate_of_its_project_and_what_its_organization_holds() {
    let name = cluster("a/p:x", "us", "c");
    let decision = with_project().decide(&create_cluster(&name)).unwrap();
    let guarded: Vec<&str> = decision.guards.iter().map(|guard| guard.subject.as_str()).collect();
    let (gate, row) = ("organizations/a/projects/x#gate", "organizations/a/projects/x/locations/us/clusters/c");
    assert_eq!(guarded, ["organizations/a#allotment", gate, row]);
}

#[test]
fn a_gate_is_closed_only_for_a_project_that_is_being_deleted_and_only_once() {
    let mut world = with_project();
    assert_eq!(world.reason(close_gate("a/p:none", "us")), "NOT_FOUND");
    assert_eq!(world.reason(close_gate("a/p:x", "us")), "NOT_DELETING");
    world.run(&delete_project("a/p:x")).unwrap();
    world.run(&close_gate("a/p:x", "us")).unwrap();
    assert_eq!(world.reason(close_gate("a/p:x", "us")), "GATE_ALREADY_CLOSED");
    world.run(&close_gate("a/p:x", "eu")).unwrap();
}

/// The race that the gate is there for: decided while the project was ACTIVE, applied when the region has drained.
#[test]
fn a_creation_that_was_decided_before_the_gate_closed_conflicts_with_its_closing() {
    let (mut world, name) = (with_project(), cluster("a/p:x", "us", "c"));
    let late = world.decide(&create_cluster(&name)).unwrap();
    world.run(&delete_project("a/p:x")).unwrap();
    let region = Log::Region(name.location);
    let mut without_gate = world.log(&region);
    assert!(without_gate.apply(&late).is_ok(), "without a gate the cluster comes into a project that is being deleted");
    world.run(&close_gate("a/p:x", "us")).unwrap();
    assert!(world.log(&region).apply(&late).is_err());
}

/// A new leader's copy of the global log may be older than what the region's log says of the project.
#[test]
fn a_closed_gate_refuses_a_creation_where_the_copy_of_the_global_log_has_not_seen_the_deletion() {
    let (mut world, name) = (with_project(), cluster("a/p:x", "us", "c"));
    let behind = world.global();
    world.run(&delete_project("a/p:x")).unwrap();
    world.run(&close_gate("a/p:x", "us")).unwrap();
    let newest = world.logs.insert(Log::Global, behind).unwrap();
    assert_eq!(world.reason(create_cluster(&name)), "PROJECT_NOT_ACTIVE");
    world.logs.insert(Log::Global, newest);
    world.run(&acknowledge("a/p:x", "us")).unwrap();
    world.run(&create_project("a/p:x", "a")).unwrap();
    world.run(&create_cluster(&name)).unwrap();
    let (row, project) = (world.cluster(&name).unwrap(), world.project("a/p:x").unwrap());
    assert_eq!(row.project_uid, project.uid, "a project that is made again finds the gate open");
}
