//! Rules about folders: where they may stand, and when they may go.

use domain::{Command, FactKind, command::*, sets};
use ids::{Revision, limits::FOLDER_DEPTH_MAX};

use crate::{tree, world::*};

/// Organization `a` with a chain of folders `a/f:{prefix}1`, `a/f:{prefix}2` in it, and so on.
fn chain(prefix: &str, length: usize) -> Vec<Command> {
    let name = |depth: usize| if depth == 0 { "a".to_owned() } else { format!("a/f:{prefix}{depth}") };
    (1..=length).map(|depth| create_folder(&name(depth), &name(depth - 1))).collect()
}

fn two_organizations() -> World {
    World::with([
        create_organization("a"),
        create_organization("b"),
        create_folder("a/f:x", "a"),
        create_folder("a/f:y", "a/f:x"),
        create_folder("b/f:x", "b"),
    ])
}

#[test]
fn a_parent_must_be_there_active_and_of_the_same_organization() {
    let mut world = two_organizations();
    assert_eq!(world.reason(create_folder("a/f:z", "b/f:x")), "OTHER_ORGANIZATION");
    assert_eq!(world.reason(create_folder("a/f:z", "a/f:none")), "NOT_FOUND");
    assert_eq!(world.reason(create_folder("c/f:z", "c")), "NOT_FOUND");
    world.run(&delete_folder("a/f:y")).unwrap();
    assert_eq!(world.reason(create_folder("a/f:z", "a/f:y")), "PARENT_NOT_ACTIVE");
    assert_eq!(world.reason(move_folder("a/f:x", "a/f:y")), "PARENT_NOT_ACTIVE");
    assert_eq!(world.reason(move_folder("a/f:x", "b")), "OTHER_ORGANIZATION");
    assert_eq!(world.reason(create_folder("a/f:x", "a")), "ALREADY_EXISTS");
}

#[test]
fn a_creation_guards_the_name_the_parent_and_the_shape_but_not_the_parents_set() {
    let decision = two_organizations().decide(&create_folder("a/f:z", "a/f:x")).unwrap();
    let guarded: Vec<&str> = decision.guards.iter().map(|guard| guard.subject.as_str()).collect();
    assert_eq!(guarded, ["organizations/a#tree", "organizations/a/folders/x", "organizations/a/folders/z"]);
    let written: Vec<(FactKind, &str)> = decision.facts.iter().map(|fact| (fact.kind, fact.subject.as_str())).collect();
    let wanted = [
        (FactKind::FolderCreated, "organizations/a/folders/z"),
        (FactKind::EntryAdded, "organizations/a/folders/x#children/folders/z"),
        (FactKind::SetChanged, "organizations/a/folders/x#children"),
        (FactKind::SetChanged, "organizations/a#tree"),
    ];
    assert_eq!(written, wanted);
}

#[test]
fn the_deepest_folder_stands_at_the_limit() {
    let mut commands = vec![create_organization("a")];
    commands.extend(chain("d", FOLDER_DEPTH_MAX));
    let world = World::with(commands);
    let deepest = format!("a/f:d{FOLDER_DEPTH_MAX}");
    assert_eq!(world.reason(create_folder("a/f:e", &deepest)), "FOLDER_TOO_DEEP");
    assert!(world.decide(&create_project("a/p:x", &deepest)).is_ok(), "projects do not count");
}

#[test]
fn a_moved_folder_takes_its_subtree_along_in_the_count() {
    let mut commands = vec![create_organization("a")];
    commands.extend(chain("d", FOLDER_DEPTH_MAX - 3));
    commands.extend(chain("e", 3));
    commands.push(create_folder("a/f:wide", "a/f:e1"));
    commands.push(create_project("a/p:x", "a/f:e3"));
    let mut world = World::with(commands);
    let deepest = format!("a/f:d{}", FOLDER_DEPTH_MAX - 3);
    world.run(&move_folder("a/f:e1", &deepest)).unwrap();
    tree::check(&world.global()).unwrap();
    world.run(&move_folder("a/f:e1", "a")).unwrap();
    world.run(&create_folder("a/f:e4", "a/f:e3")).unwrap();
    assert_eq!(world.reason(move_folder("a/f:e1", &deepest)), "FOLDER_TOO_DEEP");
}

#[test]
fn a_folder_is_not_moved_into_itself_below_itself_or_where_it_is() {
    let mut world = two_organizations();
    world.run(&create_folder("a/f:z", "a/f:y")).unwrap();
    assert_eq!(world.reason(move_folder("a/f:x", "a/f:x")), "FOLDER_CYCLE");
    assert_eq!(world.reason(move_folder("a/f:x", "a/f:z")), "FOLDER_CYCLE");
    assert_eq!(world.reason(move_folder("a/f:x", "a")), "ALREADY_THERE");
    assert_eq!(world.reason(move_folder("a/f:none", "a")), "NOT_FOUND");
    let stale = MoveFolder { name: folder("a/f:z"), parent: container("a"), etag: Some(Revision(1)) };
    assert_eq!(world.reason(stale), "ETAG_MISMATCH");
    world.run(&move_folder("a/f:z", "a/f:x")).unwrap();
    assert_eq!(world.global().all_entries(&sets::children(&container("a/f:x"))), ["folders/y", "folders/z"]);
    assert!(world.global().all_entries(&sets::children(&container("a/f:y"))).is_empty());
}

#[test]
fn a_folder_goes_when_empty_and_its_name_is_free_under_any_parent() {
    let mut world = two_organizations();
    assert_eq!(world.reason(delete_folder("a/f:x")), "NOT_EMPTY");
    let first = world.folder("a/f:y").unwrap().uid;
    world.run(&delete_folder("a/f:y")).unwrap();
    assert_eq!(world.reason(delete_folder("a/f:y")), "NOT_FOUND");
    assert_eq!(world.reason(move_folder("a/f:y", "a")), "NOT_FOUND");
    world.run(&create_folder("a/f:y", "a")).unwrap();
    world.run(&delete_folder("a/f:x")).unwrap();
    assert_ne!(world.folder("a/f:y").unwrap().uid, first);
    tree::check(&world.global()).unwrap();
}

#[test]
fn an_update_leaves_the_shape_alone() {
    let mut world = two_organizations();
    let (name, display_name) = (folder("a/f:x"), None);
    let update = UpdateFolder { name, display_name, description: Some("all of it".to_owned()), etag: None };
    let decision = world.run(&update.into()).unwrap();
    assert_eq!((decision.guards.len(), decision.facts.len()), (1, 1));
    let row = world.folder("a/f:x").unwrap();
    assert_eq!((row.display_name.as_str(), row.description.as_str()), ("a/f:x", "all of it"));
}

#[test]
fn rows_that_name_each_other_as_parents_end_the_walk() {
    let mut world = two_organizations();
    world.run(&create_folder("a/f:z", "a")).unwrap();
    let crossing = [move_folder("a/f:x", "a/f:z"), move_folder("a/f:z", "a/f:x")];
    let decisions = crossing.map(|command| world.decide(&command).unwrap());
    let log = world.logs.get_mut(&ids::Log::Global).unwrap();
    for decision in &decisions {
        log.apply_without_guards(decision);
    }
    assert_eq!(world.reason(create_folder("a/f:new", "a/f:y")), "FOLDER_TOO_DEEP");
    assert_eq!(world.reason(move_folder("a/f:x", "a")), "FOLDER_TOO_DEEP");
}
