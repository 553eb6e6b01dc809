//! Revokes, lifts, and who breaks glass: one rule per test.

use access::{Member, NodeName};
use domain::{Command, Lift, Revoke, View, command::*, revoke};
use ids::RevokeName;

use crate::world::{self, *};

fn member(text: &str) -> Member {
    text.parse().unwrap()
}

fn node(short: &str) -> NodeName {
    world::resource(short).into()
}

fn name(region: &str, id: u8) -> RevokeName {
    format!("organizations/a/revokes/{region}.{}", format!("{id:02x}").repeat(16)).parse().unwrap()
}

fn issue(region: &str, id: u8, of: &str, on: Option<&str>) -> Command {
    let (name, member, node) = (name(region, id), member(of), on.map(node));
    CreateRevoke { name, member, node, reason: "stolen laptop".to_owned() }.into()
}

fn lift(region: &str, id: u8) -> Command {
    LiftRevoke { name: name(region, id), reason: "found again".to_owned() }.into()
}

fn names(member: Option<&str>) -> Command {
    let member = member.map(self::member);
    SetBreakGlass { organization: organization("a"), member, etag: None }.into()
}

fn admin(of: &str) -> Command {
    let give = vec![Given { role: "organization.admin".parse().unwrap(), member: member(of), from: None, until: None }];
    ChangePolicy { node: node("a"), give, take: Take::These(Vec::new()), etag: None }.into()
}

fn tree() -> World {
    World::with([
        register("eu"),
        create_organization("a"),
        create_folder("a/f:x", "a"),
        create_project("a/p:y", "a/f:x"),
        create_cluster(&cluster("a/p:y", "eu", "c")),
    ])
}

#[test]
fn a_region_revokes_by_itself_and_the_row_says_what_it_knew() {
    let mut world = tree();
    let command = issue("eu", 1, "user:ann", Some("a/f:x"));
    world.run(&command).unwrap();
    let log = world.log(&command.log());
    let (_, row) = (&log as &dyn View).row::<Revoke>(&revoke::subject(&name("eu", 1))).unwrap().unwrap();
    assert_eq!((row.member, row.node, row.author.as_str()), (member("user:ann"), Some(node("a/f:x")), "user:tester"));
    assert_eq!((row.seen, row.reason.as_str()), (world.global().seq(), "stolen laptop"));
    assert_eq!(world.reason(command), "ALREADY_EXISTS", "its id is that of a request");
    assert!(world.run(&issue("eu", 2, "user:ann", Some("a/f:x"))).is_ok(), "another request revokes once more");
    assert!(world.run(&issue("eu", 3, "group:staff", None)).is_ok());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let world = tree();
    assert_eq!(world.reason(issue("eu", 1, "user:ann", Some("a/f:none"))), "NOT_FOUND");
    assert_eq!(world.reason(issue("eu", 1, "user:ann", Some("a/p:y/locations/eu/clusters/none"))), "NOT_FOUND");
    assert_eq!(world.reason(issue("eu", 1, "user:ann", Some("b"))), "INVALID_ARGUMENT");
    // That of another region may be there: nobody here knows.
    assert!(world.decide(&issue("eu", 1, "user:ann", Some("a/p:y/locations/us/clusters/any"))).is_ok());
    let long = CreateRevoke { name: name("eu", 1), member: member("user:ann"), node: None, reason: "x".repeat(1025) };
    assert_eq!(world.reason(long), "INVALID_ARGUMENT");
    let other: RevokeName = format!("organizations/none/revokes/eu.{}", "00".repeat(16)).parse().unwrap();
    let nowhere = CreateRevoke { name: other, member: member("user:ann"), node: None, reason: String::new() };
    assert_eq!(world.reason(nowhere), "NOT_FOUND");
}

#[test]
fn a_lift_names_a_revoke_and_is_there_once() {
    let mut world = tree();
    world.run(&issue("eu", 1, "user:ann", None)).unwrap();
    world.run(&lift("eu", 1)).unwrap();
    let global = world.global();
    let (_, row) = (&global as &dyn View).row::<Lift>(&revoke::lift(&name("eu", 1))).unwrap().unwrap();
    assert_eq!((row.revoke, row.reason.as_str()), (name("eu", 1), "found again"));
    assert_eq!(world.reason(lift("eu", 1)), "ALREADY_EXISTS");
    assert_ne!(revoke::lift(&name("eu", 1)), revoke::lift(&name("us", 1)), "requests of two regions are apart");
}

#[test]
fn who_breaks_glass_administers_the_organization_and_is_not_revoked() {
    let mut world = tree();
    assert_eq!(world.reason(names(Some("user:eve"))), "NOT_ADMINISTRATOR");
    assert_eq!(world.reason(names(Some("group:staff"))), "INVALID_ARGUMENT");
    world.run(&admin("group:staff")).unwrap();
    let members = [member("user:eve")].into();
    let (display_name, description) = (String::new(), String::new());
    let group = "organizations/a/groups/staff".parse().unwrap();
    world.run(&CreateGroup { name: group, display_name, description, members }.into()).unwrap();
    world.run(&names(Some("user:eve"))).unwrap();
    assert_eq!(world.reason(names(Some("user:eve"))), "POLICY_UNCHANGED");
    assert_eq!(world.reason(issue("eu", 1, "user:eve", None)), "BREAKS_GLASS");
    assert!(world.run(&issue("eu", 1, "group:staff", None)).is_ok(), "the group may be; it does not bind her");
    let late = SetBreakGlass { organization: organization("a"), member: None, etag: Some(ids::Revision(1)) };
    assert_eq!(world.reason(late), "ETAG_MISMATCH");
    world.run(&names(None)).unwrap();
    assert!(world.run(&issue("eu", 2, "user:eve", None)).is_ok());
}

#[test]
fn what_was_planned_is_stale_behind_a_revoke_a_lift_or_a_name() {
    let mut world = tree();
    world.run(&admin("user:ann")).unwrap();
    for command in [lift("eu", 1), names(Some("user:ann"))] {
        let mut world = World { planned: Some(world.global().seq()), ..world.clone() };
        world.run(&command).unwrap();
        assert_eq!(world.reason(admin("user:bob")), "PLAN_STALE", "{command:?}");
    }
    let on_cluster = ChangePolicy {
        node: node("a/p:y/locations/eu/clusters/c"),
        give: vec![Given {
            role: "cluster.view".parse().unwrap(),
            member: member("user:bob"),
            from: None,
            until: None,
        }],
        take: Take::These(Vec::new()),
        etag: None,
    };
    let on_cluster = Command::from(on_cluster);
    world.planned = Some(world.log(&on_cluster.log()).seq());
    world.run(&issue("eu", 1, "user:bob", None)).unwrap();
    assert_eq!(world.reason(on_cluster), "PLAN_STALE");
}
