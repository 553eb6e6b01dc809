//! Somebody of an organization.

use access::{Change, Right};
use domain::{Command, command as c};
use gateway::{Denied, Need, authorize::with};

use crate::world::{ACME, CLUSTER, FOLDER, NOW, PROJECT, acme, ann, apply, give, node, revoke, sees, somebody};

#[test]
fn what_is_granted_above_holds_below_and_nothing_else() {
    let mut arena = acme();
    give(&mut arena, "folder.view", "user:ann", FOLDER);
    assert_eq!(sees(&ann(), CLUSTER, &arena), Ok(()));
    assert_eq!(sees(&ann(), PROJECT, &arena), Ok(()));
    assert_eq!(sees(&ann(), ACME, &arena), Err(Denied::NotFound { node: node(ACME) }));
    let update = Need::on(Right::ClusterUpdate, node(CLUSTER));
    let who = "user:ann".to_owned();
    let missing = Denied::Right { who, right: Right::ClusterUpdate, node: node(CLUSTER) };
    assert_eq!(ann().may(&update, Some(&arena), NOW), Err(missing.clone()));
    assert_eq!(missing.reason(), "RIGHT_MISSING");
    assert!(missing.to_string().contains("cluster.update") && missing.to_string().contains(CLUSTER));
}

#[test]
fn of_what_somebody_does_not_see_they_hear_what_they_hear_of_what_is_not_there() {
    let arena = acme();
    let told = |on: &str, who: &str, organization: &str| {
        let denied = sees(&somebody(who, organization), on, &arena).unwrap_err();
        (denied.reason(), denied.to_string().replace(on, "{}"))
    };
    let absent = told("organizations/acme/projects/none", "user:ann", ACME);
    assert_eq!(absent.0, "NOT_FOUND");
    assert_eq!(told(PROJECT, "user:ann", ACME), absent);
    assert_eq!(told(CLUSTER, "user:ann", ACME), absent);
    assert_eq!(told(PROJECT, "user:ann", "organizations/other"), absent);
    // An organization that nobody here knows of.
    let other = node("organizations/none");
    assert_eq!(ann().may(&Need::see(&other), None, NOW), Err(Denied::NotFound { node: other }));
}

#[test]
fn somebody_of_another_organization_is_nobody_whatever_their_name_is_given_here() {
    let mut arena = acme();
    give(&mut arena, "organization.admin", "user:ann", ACME);
    let stranger = somebody("user:ann", "organizations/other");
    for need in [Need::see(&node(ACME)), Need::Within(ACME.parse().unwrap()), Need::set_policy(&node(ACME))] {
        assert_eq!(stranger.may(&need, Some(&arena), NOW).unwrap_err().reason(), "NOT_FOUND", "{need:?}");
        assert_eq!(ann().may(&need, Some(&arena), NOW), Ok(()), "{need:?}");
    }
}

#[test]
fn whoever_has_lost_everything_is_told_so_and_may_do_nothing() {
    let mut arena = acme();
    give(&mut arena, "organization.admin", "user:ann", ACME);
    revoke(&mut arena, "user:ann", None);
    for need in [Need::see(&node(CLUSTER)), Need::set_policy(&node(ACME)), Need::Within(ACME.parse().unwrap())] {
        assert_eq!(ann().may(&need, Some(&arena), NOW).unwrap_err().reason(), "REVOKED", "{need:?}");
    }
}

#[test]
fn a_revoke_on_a_node_takes_what_is_below_and_leaves_the_rest() {
    let mut arena = acme();
    give(&mut arena, "organization.admin", "user:ann", ACME);
    revoke(&mut arena, "user:ann", Some(PROJECT));
    assert_eq!(sees(&ann(), FOLDER, &arena), Ok(()));
    assert_eq!(sees(&ann(), CLUSTER, &arena).unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(ann().may(&Need::Within(ACME.parse().unwrap()), Some(&arena), NOW), Ok(()));
}

#[test]
fn a_move_needs_the_way_out_and_the_way_in() {
    let mut arena = acme();
    let parent = ACME.parse().unwrap();
    let command: Command = c::MoveProject { name: PROJECT.parse().unwrap(), parent, etag: None }.into();
    give(&mut arena, "folder.admin", "user:ann", FOLDER);
    let denied = ann().may(&Need::of(&command), Some(&arena), NOW).unwrap_err();
    assert_eq!(denied.reason(), "NOT_FOUND", "the organization itself is not seen");
    give(&mut arena, "organization.view", "user:ann", ACME);
    let denied = ann().may(&Need::of(&command), Some(&arena), NOW).unwrap_err();
    assert!(matches!(denied, Denied::Right { right: Right::OrganizationCreateProject, .. }), "{denied:?}");
    give(&mut arena, "organization.edit", "user:anna", ACME);
    assert!(somebody("user:anna", ACME).may(&Need::of(&command), Some(&arena), NOW).is_err(), "no way out");
}

#[test]
fn a_cluster_that_is_not_known_here_yet_is_decided_about_by_its_project() {
    let mut arena = acme();
    give(&mut arena, "project.view", "user:ann", PROJECT);
    let new = CLUSTER.replace("web", "new");
    assert_eq!(sees(&ann(), &new, &arena).unwrap_err().reason(), "NOT_FOUND");
    let known = with(arena.clone(), &node(&new));
    assert_eq!(sees(&ann(), &new, &known), Ok(()));
    assert_eq!(sees(&somebody("user:bob", ACME), &new, &known).unwrap_err().reason(), "NOT_FOUND");
    // Not of a project that is gone, and a revoke above holds on it.
    apply(&mut arena, &Change::Remove(node(CLUSTER)));
    let of_none = format!("{ACME}/projects/none/locations/eu-west-1/clusters/new");
    assert_eq!(sees(&ann(), &of_none, &with(arena.clone(), &node(&of_none))).unwrap_err().reason(), "NOT_FOUND");
    revoke(&mut arena, "user:ann", Some(FOLDER));
    assert!(sees(&ann(), &new, &with(arena, &node(&new))).is_err());
}
