//! Rules about clusters, which are decided in their region against a copy of the global rows.

use domain::{ClusterType, Command, command::*, sets};
use ids::{Log, Revision};

use crate::world::*;

fn with_project() -> World {
    World::with([register("us"), create_organization("a"), create_project("a/p:x", "a")])
}

fn update(etag: Option<Revision>) -> Command {
    let name = cluster("a/p:x", "us", "c");
    UpdateCluster { name, display_name: Some("Shop".to_owned()), description: None, etag }.into()
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
    assert_eq!((row.display_name.as_str(), row.cluster_type), ("Shop", ClusterType::Development));
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
fn a_cluster_guards_nothing_outside_its_own_row() {
    let name = cluster("a/p:x", "us", "c");
    let decision = with_project().decide(&create_cluster(&name)).unwrap();
    let guarded: Vec<&str> = decision.guards.iter().map(|guard| guard.subject.as_str()).collect();
    assert_eq!(guarded, ["organizations/a/projects/x/locations/us/clusters/c"]);
}
