//! Rules about organizations, and those that all resources share: texts, etags, logs, damaged rows.

use domain::{Command, FactKind, Guard, Rejection, State, View, command::*, sets};
use ids::{Log, RequestId, Revision, limits};

use crate::world::*;

fn update(display_name: Option<&str>, etag: Option<Revision>) -> Command {
    let display_name = display_name.map(str::to_owned);
    UpdateOrganization { name: organization("a"), display_name, description: None, etag }.into()
}

#[test]
fn a_created_organization_carries_the_request_id_and_the_time() {
    let world = World::with([create_organization("b"), create_organization("a")]);
    let row = world.organization("a").unwrap();
    assert_eq!((row.state, row.display_name.as_str()), (State::Active, "a"));
    assert_eq!(row.uid, RequestId([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!((row.create_time.0, row.update_time.0), (1_001, 1_001));
}

#[test]
fn the_first_fact_is_about_the_subject_and_the_name_is_guarded_as_absent() {
    let decision = World::default().decide(&create_organization("a")).unwrap();
    assert_eq!(decision.facts[0].kind, FactKind::OrganizationCreated);
    assert_eq!(decision.facts[0].subject, decision.subject);
    let absent = |subject| Guard { subject, revision: Revision::ABSENT };
    // The pool is looked at too.
    assert_eq!(decision.guards, [absent(sets::ready_accounts()), absent(decision.subject)]);
}

#[test]
fn a_name_in_use_is_refused_and_one_that_was_deleted_is_free_again() {
    let mut world = World::with([create_organization("a")]);
    assert_eq!(world.reason(create_organization("a")), "ALREADY_EXISTS");
    let first = world.organization("a").unwrap();
    world.run(&delete_organization("a")).unwrap();
    assert_eq!(world.organization("a").unwrap_err().reason(), "NOT_FOUND");
    let decision = world.run(&create_organization("a")).unwrap();
    let old = decision.guards.iter().find(|guard| guard.subject == decision.subject).unwrap();
    assert_ne!(old.revision, Revision::ABSENT, "the old row is guarded");
    assert_ne!(world.organization("a").unwrap().uid, first.uid);
}

#[test]
fn an_update_changes_what_is_given_at_the_revision_that_was_seen() {
    let mut world = World::with([create_organization("a")]);
    let seen = world.etag(&update(None, None));
    world.run(&update(Some("Acme"), Some(seen))).unwrap();
    let row = world.organization("a").unwrap();
    assert_eq!((row.display_name.as_str(), row.create_time.0, row.update_time.0), ("Acme", 1_000, 1_001));
    assert_eq!(world.reason(update(Some("Late"), Some(seen))), "ETAG_MISMATCH");
    assert_eq!(world.reason(update(None, None)), "UPDATE_EMPTY");
    let stale = DeleteOrganization { name: organization("a"), etag: Some(seen) };
    assert_eq!(world.reason(stale), "ETAG_MISMATCH");
    assert_eq!(World::default().reason(update(Some("x"), None)), "NOT_FOUND");
    world.run(&delete_organization("a")).unwrap();
    assert_eq!(world.reason(update(Some("x"), None)), "NOT_FOUND");
}

#[test]
fn texts_have_limits_in_bytes_and_the_message_shows_only_part_of_the_value() {
    let world = World::with([create_organization("a")]);
    let create = |display_name: String, description: String| {
        Command::from(CreateOrganization { name: organization("b"), display_name, description })
    };
    let (display, description) = (limits::DISPLAY_NAME_BYTES_MAX, limits::DESCRIPTION_BYTES_MAX);
    assert!(world.decide(&create("x".repeat(display), "x".repeat(description))).is_ok());
    assert_eq!(world.reason(create("é".repeat(display / 2 + 1), String::new())), "INVALID_ARGUMENT");
    assert_eq!(world.reason(update(Some(&"x".repeat(display + 1)), None)), "INVALID_ARGUMENT");
    let rejection = world.decide(&create(String::new(), "x".repeat(description + 1))).unwrap_err();
    let Rejection::InvalidArgument { field, value, wanted } = rejection else { panic!("{rejection}") };
    assert_eq!((field, value.len(), wanted.as_str()), ("description", 80, "at most 4096 bytes, not 4097"));
}

#[test]
fn an_organization_with_anything_in_it_is_not_deleted() {
    let mut world = World::with([create_organization("a"), create_folder("a/f:x", "a")]);
    assert_eq!(world.reason(delete_organization("a")), "NOT_EMPTY");
    world.run(&delete_folder("a/f:x")).unwrap();
    world.run(&create_project("a/p:x", "a")).unwrap();
    assert_eq!(world.reason(delete_organization("a")), "NOT_EMPTY");
    world.run(&delete_project("a/p:x")).unwrap();
    world.run(&delete_organization("a")).unwrap();
    assert_eq!(world.reason(delete_organization("a")), "NOT_FOUND");
}

#[test]
fn a_command_is_decided_only_by_the_leader_of_its_log() {
    let world = World::default();
    let region = Log::Region("us".parse().unwrap());
    assert_eq!(world.decide_in(&create_organization("a"), &region).unwrap_err().reason(), "WRONG_LOG");
    let cluster = create_cluster(&cluster("a/p:x", "us", "c"));
    assert_eq!(cluster.log(), region);
    for log in [Log::Global, Log::Region("eu".parse().unwrap())] {
        assert_eq!(world.decide_in(&cluster, &log).unwrap_err().reason(), "WRONG_LOG");
    }
}

#[test]
fn a_damaged_row_is_reported_and_nothing_is_decided_on_it() {
    let mut world = World::with([create_organization("a")]);
    let command = create_folder("a/f:x", "a");
    let subject = create_organization("a").subject();
    world.logs.get_mut(&Log::Global).unwrap().damaged = Some(subject.clone());
    assert_eq!(world.reason(command), "UNREADABLE_ROW");
    assert_eq!(world.reason(create_organization("a")), "UNREADABLE_ROW");
    assert_ne!(world.global().revision(&subject), Revision::ABSENT);
}
