//! What is refused, and how it is said.

use access::{
    Binding, Change, CustomRole, Group, Kind, Kinds, Member, NodeName, Refusal, Revoke, RevokeId, Rights, RoleName,
};
use ids::{Hlc, Log, RequestId};
use std::sync::Arc;

use crate::world::{ORGANIZATION, World, label, member, node, placed, record};

fn folder(name: &str) -> NodeName {
    node(&format!("{ORGANIZATION}/folders/{name}"))
}

fn world() -> World {
    let (root, a, b) = (node(ORGANIZATION), folder("a"), folder("b"));
    World::of(&[placed(&root, &root), placed(&a, &root), placed(&b, &a)])
}

fn binding(on: &NodeName, role: &str) -> Binding {
    let members = [member("user:ana")].into();
    Binding { node: on.clone(), id: label("x"), role: role.parse().unwrap(), members, from: None, until: None }
}

fn group(name: &str, members: &[&str]) -> Change {
    Change::Group(Group { name: member(name), members: members.iter().map(|text| member(text)).collect() })
}

fn refusal(world: &World, change: &Change) -> String {
    world
        .arena
        .preview(std::slice::from_ref(change), Hlc(0))
        .err()
        .map(|refusal| refusal.to_string())
        .unwrap_or_default()
}

#[test]
fn a_cycle_of_groups_is_refused_and_named() {
    let mut world = world();
    world.apply(&group("group:b", &["group:a"]));
    world.apply(&group("group:c", &["group:b", "user:ana"]));
    let change = group("group:a", &["user:ana", "group:c"]);
    let refused = world.arena.apply(&change, &record(Log::Global, 9)).unwrap_err();
    assert_eq!(refused.to_string(), "made groups a cycle: group:c in group:a in group:b in group:c");
    let itself = world.arena.apply(&group("group:a", &["group:a"]), &record(Log::Global, 9)).unwrap_err();
    assert_eq!(itself, Refusal::GroupCycle { cycle: vec![member("group:a"), member("group:a")] });
    let nobody = group("user:ana", &["user:ben"]);
    assert_eq!(refusal(&world, &nobody), "gave members to user:ana: wanted a group:{id}");
}

#[test]
fn a_node_is_not_put_below_itself_or_into_another_organization() {
    let world = world();
    assert_eq!(
        refusal(&world, &placed(&folder("a"), &folder("b"))),
        "put organizations/acme/folders/a into organizations/acme/folders/b, which is the folder itself or below it"
    );
    let foreign = node("organizations/other/folders/x");
    let refused = world.arena.clone().apply(&placed(&foreign, &node("organizations/other")), &record(Log::Global, 9));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "changed organizations/other/folders/x: wanted a node of organizations/acme"
    );
    let bound = world.arena.clone().apply(&Change::Bind(binding(&foreign, "folder.view")), &record(Log::Global, 9));
    assert!(matches!(bound, Err(Refusal::OtherOrganization { .. })));
    assert_eq!(refusal(&world, &placed(&folder("c"), &folder("x"))), "found no node organizations/acme/folders/x");
    assert_eq!(
        refusal(&world, &Change::Remove(folder("a"))),
        "removed organizations/acme/folders/a, which has nodes below it"
    );
}

#[test]
fn a_role_is_bound_only_where_and_how_it_may_be() {
    let mut world = world();
    let on = folder("a");
    let bind = |role: &str| Change::Bind(binding(&on, role));
    assert_eq!(refusal(&world, &bind("folder.edit")), "");
    assert_eq!(
        refusal(&world, &bind("organization.view")),
        "bound organization.view on organizations/acme/folders/a: wanted a node of kind organization"
    );
    assert_eq!(refusal(&world, &bind("custom/mine")), "found no role custom/mine");
    let bound_at = Kinds::of(&[Kind::Cluster]);
    world.apply(&Change::Role(CustomRole { name: label("mine"), rights: Rights::NONE, bound_at }));
    assert_eq!(
        refusal(&world, &bind("custom/mine")),
        "bound custom/mine on organizations/acme/folders/a: wanted a node of kind cluster"
    );
    let glass = |until| Change::Bind(Binding { until, ..binding(&node(ORGANIZATION), "breakglass") });
    assert_eq!(refusal(&world, &glass(None)), "bound breakglass without an end: wanted a time until which it holds");
    assert_eq!(refusal(&world, &glass(Some(Hlc(5)))), "");
    let never = Binding { from: Some(Hlc(3)), until: Some(Hlc(3)), ..binding(&on, "folder.view") };
    assert_eq!(
        refusal(&world, &Change::Bind(never)),
        "bound a role from 0.3 until 0.3: wanted an end after the beginning"
    );
    let nobody = Binding { members: [].into(), ..binding(&on, "folder.view") };
    assert_eq!(refusal(&world, &Change::Bind(nobody)), "bound folder.view to nobody: wanted a member or more");
}

#[test]
fn who_breaks_glass_is_one_identity_and_is_not_revoked() {
    let mut world = world();
    let eve = member("user:eve");
    assert_eq!(
        refusal(&world, &Change::BreakGlass(Some(member("group:ops")))),
        "named group:ops for breaking glass: wanted a user or a service account"
    );
    world.apply(&Change::BreakGlass(Some(eve.clone())));
    let id = RevokeId { log: Log::Global, request: RequestId([7; 16]) };
    let revoke = Change::Revoke(Revoke { id, member: eve, node: None, reason: Arc::from(""), seen: ids::Seq(9) });
    assert_eq!(refusal(&world, &revoke), "revoked user:eve, who breaks glass and cannot be revoked");
}

#[test]
fn what_is_not_there_is_not_removed() {
    let world = world();
    let id = RevokeId { log: "region/us-east-1".parse().unwrap(), request: RequestId([1; 16]) };
    let text = |change| refusal(&world, &change);
    assert_eq!(text(Change::Lift(id)), "found no revoke 01010101010101010101010101010101 of the log region/us-east-1");
    assert_eq!(text(Change::Ungroup(member("group:g"))), "found no group:g");
    assert_eq!(text(Change::Unrole(label("mine"))), "found no role custom/mine");
    let unbind = Change::Unbind { node: folder("a"), id: label("x") };
    assert_eq!(text(unbind), "found no binding x on organizations/acme/folders/a");
}

#[test]
fn names_of_a_wrong_form_are_refused_with_the_value() {
    for text in ["ana", "user:", "group:a b", "machine:x", "user:\"x\"", "user:é"] {
        let error = text.parse::<Member>().unwrap_err();
        assert!(error.to_string().starts_with(&format!("parsed the member {text:?}: wanted user:")), "{error}");
    }
    let long = format!("user:{}", "x".repeat(256));
    assert_eq!(long.parse::<Member>().unwrap_err().input.len(), 80);
    assert_eq!(member("serviceAccount:ci@acme").to_string(), "serviceAccount:ci@acme");
    for text in ["cluster.owner", "custom/", "custom/A", ""] {
        assert!(text.parse::<RoleName>().is_err(), "{text}");
    }
    assert!("cluster.fly".parse::<access::Right>().is_err());
    for text in ["organizations/acme/folders/a/namespaces/n", "organizations/acme/namespaces/n", "folders/x"] {
        assert!(text.parse::<NodeName>().is_err(), "{text}");
    }
}
