//! Rules about projects, and the deletion that waits for every region.

use domain::{Command, FactKind, REGIONS_MAX, State, command::*, sets};

use crate::{tree, world::*};

fn drained_by(regions: &[&str]) -> World {
    let mut world = World::with(regions.iter().map(|region| register(region)));
    for command in [create_organization("a"), create_folder("a/f:x", "a"), create_project("a/p:x", "a/f:x")] {
        world.run(&command).unwrap();
    }
    world
}

fn update() -> Command {
    UpdateProject { name: project("a/p:x"), display_name: Some("Shop".to_owned()), description: None, etag: None }
        .into()
}

#[test]
fn a_project_is_made_updated_and_moved() {
    let mut world = drained_by(&["us"]);
    assert_eq!(world.reason(create_project("a/p:x", "a")), "ALREADY_EXISTS");
    assert_eq!(world.reason(create_project("a/p:y", "a/f:none")), "NOT_FOUND");
    assert_eq!(world.reason(create_project("b/p:y", "a")), "OTHER_ORGANIZATION");
    world.run(&update()).unwrap();
    assert_eq!(world.reason(move_project("a/p:x", "a/f:x")), "ALREADY_THERE");
    world.run(&move_project("a/p:x", "a")).unwrap();
    let row = world.project("a/p:x").unwrap();
    assert_eq!((row.display_name.as_str(), row.parent), ("Shop", container("a")));
    assert_eq!(world.reason(move_project("a/p:none", "a")), "NOT_FOUND");
    tree::check(&world.global()).unwrap();
}

#[test]
fn moves_of_projects_do_not_wait_for_the_shape_of_the_folders() {
    let decision = drained_by(&[]).decide(&move_project("a/p:x", "a")).unwrap();
    let guarded: Vec<&str> = decision.guards.iter().map(|guard| guard.subject.as_str()).collect();
    assert_eq!(guarded, ["organizations/a", "organizations/a/projects/x"]);
}

#[test]
fn without_regions_a_project_is_deleted_at_once() {
    let mut world = drained_by(&[]);
    let decision = world.run(&delete_project("a/p:x")).unwrap();
    assert_eq!(decision.facts[0].kind, FactKind::ProjectDeleted);
    assert_eq!(world.reason(delete_project("a/p:x")), "NOT_FOUND");
    world.run(&delete_folder("a/f:x")).unwrap();
    world.run(&create_project("a/p:x", "a")).unwrap();
}

#[test]
fn a_deletion_waits_for_every_registered_region() {
    let mut world = drained_by(&["us", "eu"]);
    assert_eq!(world.reason(acknowledge("a/p:x", "us")), "NOT_DELETING");
    world.run(&delete_project("a/p:x")).unwrap();
    let row = world.project("a/p:x").unwrap();
    assert_eq!((row.state, row.awaiting.len()), (State::Deleting, 2));
    assert_eq!(world.global().all_entries(&sets::children(&container("a/f:x"))), ["projects/x"]);
    assert_eq!(world.reason(delete_folder("a/f:x")), "NOT_EMPTY");

    let decision = world.run(&acknowledge("a/p:x", "us")).unwrap();
    assert_eq!(decision.facts[0].kind, FactKind::ProjectRegionDrained);
    assert_eq!(world.reason(acknowledge("a/p:x", "us")), "ALREADY_DRAINED");
    assert_eq!(world.reason(acknowledge("a/p:x", "mars")), "REGION_NOT_AWAITED");

    let decision = world.run(&acknowledge("a/p:x", "eu")).unwrap();
    assert_eq!(decision.facts[0].kind, FactKind::ProjectDeleted);
    assert_eq!(world.project("a/p:x").unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(world.reason(acknowledge("a/p:x", "eu")), "ALREADY_DRAINED");
    assert_eq!(world.reason(acknowledge("a/p:none", "eu")), "NOT_FOUND");
    tree::check(&world.global()).unwrap();
    world.run(&delete_folder("a/f:x")).unwrap();
}

#[test]
fn a_deleting_project_can_neither_change_nor_move_nor_be_made_again() {
    let mut world = drained_by(&["us"]);
    world.run(&delete_project("a/p:x")).unwrap();
    for command in [update(), move_project("a/p:x", "a"), delete_project("a/p:x")] {
        assert_eq!(world.reason(command), "NOT_ACTIVE");
    }
    assert_eq!(world.reason(create_project("a/p:x", "a")), "ALREADY_EXISTS");
}

#[test]
fn a_region_registered_after_the_start_is_not_awaited() {
    let mut world = drained_by(&["us"]);
    world.run(&delete_project("a/p:x")).unwrap();
    world.run(&register("eu")).unwrap();
    assert_eq!(world.reason(acknowledge("a/p:x", "eu")), "ALREADY_DRAINED");
    world.run(&acknowledge("a/p:x", "us")).unwrap();
}

#[test]
fn a_region_is_registered_once_and_there_is_room_for_a_bounded_number() {
    let label = |i: usize| format!("r{i}");
    let world = World::with((0..REGIONS_MAX).map(|i| register(&label(i))));
    assert_eq!(world.reason(register("r0")), "ALREADY_EXISTS");
    assert_eq!(world.reason(register(&label(REGIONS_MAX))), "TOO_MANY_REGIONS");
}
