//! Who may do what: bindings, groups and roles, one rule per test.

use access::{Kind, Kinds, Member, NodeName, Right, RoleName};
use domain::{Binding, Command, Group, State, View, command::*, policy::binding_id, sets};
use ids::{GroupName, Hlc, RoleId};

use crate::world::{self, *};

fn node(short: &str) -> NodeName {
    world::resource(short).into()
}

fn member(text: &str) -> Member {
    text.parse().unwrap()
}

fn role(text: &str) -> RoleName {
    text.parse().unwrap()
}

/// `role member`, for good.
fn given(text: &str) -> Given {
    let (r, m) = text.split_once(' ').unwrap();
    Given { role: role(r), member: member(m), from: None, until: None }
}

fn change(on: &str, give: &[&str], take: &[&str]) -> Command {
    let take = take.iter().map(|text| given(text)).map(|of| (of.role, of.member)).collect();
    let give = give.iter().map(|text| given(text)).collect();
    ChangePolicy { node: node(on), give, take: Take::These(take), etag: None }.into()
}

fn whole(on: &str, give: &[&str]) -> Command {
    let give = give.iter().map(|text| given(text)).collect();
    ChangePolicy { node: node(on), give, take: Take::AllElse, etag: None }.into()
}

fn group_name(label: &str) -> GroupName {
    format!("organizations/a/groups/{label}").parse().unwrap()
}

fn group(label: &str, members: &[&str]) -> Command {
    let members = members.iter().map(|text| member(text)).collect();
    CreateGroup { name: group_name(label), display_name: String::new(), description: String::new(), members }.into()
}

fn regroup(label: &str, add: &[&str], remove: &[&str]) -> Command {
    let members = |of: &[&str]| of.iter().map(|text| member(text)).collect();
    let (add, remove) = (members(add), members(remove));
    UpdateGroup { name: group_name(label), display_name: None, description: None, add, remove, etag: None }.into()
}

fn role_id(label: &str) -> RoleId {
    format!("organizations/a/roles/{label}").parse().unwrap()
}

fn custom(label: &str, kinds: &[Kind]) -> Command {
    let rights = [Right::ClusterGet].into_iter().collect();
    let (display_name, description) = (String::new(), String::new());
    CreateRole { name: role_id(label), display_name, description, rights, bound_at: Kinds::of(kinds) }.into()
}

/// `role member` of what is bound on a node.
fn bound(world: &World, on: &str) -> Vec<String> {
    let set = sets::bindings(&node(on));
    let log = world.log(&change(on, &[], &[]).log());
    let entries = log.entries(&set, None, usize::MAX);
    let row = |entry: &String| (&log as &dyn View).row::<Binding>(&set.entry(entry)).unwrap().unwrap().1;
    let mut told: Vec<String> = entries.iter().map(row).map(|of| format!("{} {}", of.role, of.member)).collect();
    told.sort();
    told
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
fn roles_are_given_and_taken_and_the_record_says_by_whom() {
    let mut world = tree();
    world.run(&change("a/f:x", &["folder.edit user:ann", "cluster.view group:all"], &[])).unwrap();
    assert_eq!(bound(&world, "a/f:x"), ["cluster.view group:all", "folder.edit user:ann"]);
    let set = sets::bindings(&node("a/f:x"));
    let id = binding_id(&role("folder.edit"), &member("user:ann"));
    let global = world.global();
    let (_, row) = (&global as &dyn View).row::<Binding>(&set.entry(&id)).unwrap().unwrap();
    assert_eq!(row.author, "user:tester");
    world.run(&change("a/f:x", &["folder.view user:ann"], &["folder.edit user:ann"])).unwrap();
    assert_eq!(bound(&world, "a/f:x"), ["cluster.view group:all", "folder.view user:ann"]);
    assert_eq!(world.reason(change("a/f:x", &[], &["folder.edit user:ann"])), "BINDING_NOT_FOUND");
    assert_eq!(world.reason(change("a/f:x", &["folder.view user:ann"], &[])), "POLICY_UNCHANGED");
    assert_eq!(world.reason(change("a/f:x", &["folder.edit user:bob"; 2], &[])), "INVALID_ARGUMENT");
}

#[test]
fn a_change_that_was_planned_is_refused_when_access_changed_behind_the_plan() {
    let behind: [Command; 7] = [
        change("a", &["organization.view user:bob"], &[]),
        group("all", &["user:bob"]),
        regroup("staff", &["user:bob"], &[]),
        custom("other", &[Kind::Project]),
        UpdateRole {
            name: role_id("opener"),
            display_name: None,
            description: None,
            rights: Some([Right::ClusterDelete].into_iter().collect()),
            etag: None,
        }
        .into(),
        create_folder("a/f:z", "a"),
        move_project("a/p:y", "a"),
    ];
    let planned = change("a/f:x", &["folder.edit user:ann"], &[]);
    let mut world = tree();
    world.run(&group("staff", &["user:ann"])).unwrap();
    world.run(&custom("opener", &[Kind::Project])).unwrap();
    for command in behind {
        let mut world: World = World { planned: Some(world.global().seq()), ..world.clone() };
        assert!(world.decide(&planned).is_ok(), "before {command:?}");
        World::run(&mut world, &command).unwrap();
        assert_eq!(world.reason(planned.clone()), "PLAN_STALE", "{command:?}");
    }
    // What has nothing to do with access does not matter, nor does what another organization does.
    let planned_at = Some(world.global().seq());
    world.run(&create_organization("b")).unwrap();
    world.run(&change("b", &["organization.admin user:bob"], &[])).unwrap();
    world.planned = planned_at;
    world.run(&planned).unwrap();
    assert_eq!(world.reason(register("us")), "INVALID_ARGUMENT", "a command that is not about access is not planned");
}

#[test]
fn the_policy_of_a_cluster_is_planned_by_its_region() {
    let mut world = tree();
    let on = "a/p:y/locations/eu/clusters/c";
    let planned = change(on, &["cluster.edit user:ann"], &[]);
    world.planned = Some(world.log(&planned.log()).seq());
    assert!(world.decide(&planned).is_ok());
    world.run(&change(on, &["cluster.view user:bob"], &[])).unwrap();
    assert_eq!(world.reason(planned), "PLAN_STALE");
}

#[test]
fn a_policy_is_read_with_the_bindings_of_the_node_that_has_the_name_now() {
    let mut world = tree();
    let read = |world: &World| domain::query::access_policy(&world.global(), &node("a/f:x")).unwrap();
    assert_eq!((read(&world).revision, read(&world).row), (ids::Revision::ABSENT, None));
    world.run(&change("a/f:x", &["folder.edit user:ann", "cluster.view group:all"], &[])).unwrap();
    let policy = read(&world);
    let roles: Vec<String> = policy.bindings.iter().map(|binding| binding.role.to_string()).collect();
    assert_eq!(roles, ["cluster.view", "folder.edit"]);
    assert_eq!(policy.revision, world.etag(&change("a/f:x", &[], &[])));
    assert_eq!(policy.row.unwrap().author, "user:tester");
}

#[test]
fn a_whole_policy_leaves_nothing_else() {
    let mut world = tree();
    world.run(&change("a/p:y", &["project.edit user:ann", "cluster.view user:bob"], &[])).unwrap();
    let etag = world.etag(&change("a/p:y", &[], &[]));
    world.run(&whole("a/p:y", &["cluster.view user:bob", "cluster.edit user:cem"])).unwrap();
    assert_eq!(bound(&world, "a/p:y"), ["cluster.edit user:cem", "cluster.view user:bob"]);
    let late = ChangePolicy { node: node("a/p:y"), give: Vec::new(), take: Take::AllElse, etag: Some(etag) };
    assert_eq!(world.reason(late), "ETAG_MISMATCH");
    world.run(&whole("a/p:y", &[])).unwrap();
    assert!(bound(&world, "a/p:y").is_empty());
}

#[test]
fn a_role_is_bound_where_it_may_be_and_on_what_is_there() {
    let mut world = tree();
    assert_eq!(world.reason(change("a/p:y", &["folder.edit user:ann"], &[])), "ROLE_NOT_BINDABLE");
    assert_eq!(world.reason(change("a/p:z", &["project.edit user:ann"], &[])), "NOT_FOUND");
    assert_eq!(world.reason(change("a", &["custom/own user:ann"], &[])), "NOT_FOUND");
    world.run(&custom("own", &[Kind::Project, Kind::Cluster])).unwrap();
    assert_eq!(world.reason(change("a", &["custom/own user:ann"], &[])), "ROLE_NOT_BINDABLE");
    world.run(&change("a/p:y", &["custom/own user:ann"], &[])).unwrap();
    let delete = DeleteRole { name: role_id("own"), etag: None };
    world.run(&delete.into()).unwrap();
    assert_eq!(world.reason(change("a/p:y", &["custom/own user:bob"], &[])), "NOT_FOUND");
    assert_eq!(world.reason(custom("own", &[Kind::Project])), "NAME_RETIRED");
}

#[test]
fn what_ends_ends_after_it_begins_and_not_before_now() {
    let world = tree();
    let times = |from: Option<u64>, until: Option<u64>| {
        let given = Given { from: from.map(Hlc), until: until.map(Hlc), ..given("breakglass user:ann") };
        let change = ChangePolicy { node: node("a"), give: vec![given], take: Take::These(Vec::new()), etag: None };
        world.decide(&change.into()).map(drop).map_err(|rejection| rejection.reason())
    };
    assert_eq!(times(None, None), Err("INVALID_ARGUMENT"), "it is for a time only");
    assert_eq!(times(Some(90_000), Some(90_000)), Err("INVALID_ARGUMENT"));
    assert_eq!(times(None, Some(1)), Err("INVALID_ARGUMENT"), "long past");
    assert_eq!(times(Some(80_000), Some(90_000)), Ok(()));
}

#[test]
fn an_organization_keeps_an_administrator() {
    let mut world = tree();
    world.run(&group("staff", &["group:oncall"])).unwrap();
    world.run(&group("oncall", &["user:dan"])).unwrap();
    world.run(&change("a", &["organization.admin user:ann"], &[])).unwrap();
    assert_eq!(world.reason(change("a", &[], &["organization.admin user:ann"])), "LAST_ADMINISTRATOR");
    assert_eq!(world.reason(whole("a", &["organization.view user:ann"])), "LAST_ADMINISTRATOR");
    let mut ends = given("organization.admin user:ann");
    ends.until = Some(Hlc(u64::MAX));
    let ends = ChangePolicy { node: node("a"), give: vec![ends], take: Take::These(Vec::new()), etag: None };
    assert_eq!(world.reason(ends), "LAST_ADMINISTRATOR");
    // A group in which nobody is known is nobody; one with somebody in it, through another, will do.
    let to =
        |group: &str| change("a", &[&format!("organization.admin group:{group}")], &["organization.admin user:ann"]);
    assert_eq!(world.reason(to("elsewhere")), "LAST_ADMINISTRATOR");
    world.run(&to("staff")).unwrap();
    assert_eq!(world.reason(regroup("oncall", &[], &["user:dan"])), "LAST_ADMINISTRATOR");
    assert_eq!(world.reason(regroup("staff", &[], &["group:oncall"])), "LAST_ADMINISTRATOR");
    assert_eq!(world.reason(DeleteGroup { name: group_name("staff"), etag: None }), "LAST_ADMINISTRATOR");
    world.run(&regroup("oncall", &["user:eve"], &["user:dan"])).unwrap();
}

#[test]
fn groups_hold_no_cycle_and_names_are_taken_once() {
    let mut world = tree();
    world.run(&group("one", &["user:ann", "group:two"])).unwrap();
    world.run(&group("two", &["group:three"])).unwrap();
    assert_eq!(world.reason(group("three", &["group:one"])), "GROUP_CYCLE");
    assert_eq!(world.reason(regroup("two", &["group:two"], &[])), "GROUP_CYCLE");
    assert_eq!(world.reason(regroup("one", &[], &["user:bob"])), "MEMBER_NOT_FOUND");
    assert_eq!(world.reason(regroup("one", &[], &[])), "UPDATE_EMPTY");
    let many: Vec<String> = (0..501).map(|number| format!("user:{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(world.reason(group("many", &many)), "TOO_MANY_MEMBERS");
    world.run(&DeleteGroup { name: group_name("two"), etag: None }.into()).unwrap();
    assert_eq!(world.reason(group("two", &[])), "NAME_RETIRED");
    let global = world.global();
    let row = (&global as &dyn View).row::<Group>(&domain::group::subject(&group_name("two"))).unwrap().unwrap().1;
    assert_eq!((row.state, row.members.len()), (State::Deleted, 0));
}

#[test]
fn what_is_made_anew_under_a_name_has_no_bindings_of_the_one_before() {
    let mut world = tree();
    world.run(&change("a/f:x", &["folder.admin user:ann"], &[])).unwrap();
    world.run(&move_project("a/p:y", "a")).unwrap();
    world.run(&delete_folder("a/f:x")).unwrap();
    world.run(&create_folder("a/f:x", "a")).unwrap();
    assert_eq!(world.reason(change("a/f:x", &[], &["folder.admin user:ann"])), "BINDING_NOT_FOUND");
    world.run(&change("a/f:x", &["folder.view user:bob"], &[])).unwrap();
    assert_eq!(bound(&world, "a/f:x"), ["folder.view user:bob"], "what was left is gone");
}

#[test]
fn a_policy_of_a_cluster_is_decided_in_its_region() {
    let mut world = tree();
    let on = "a/p:y/locations/eu/clusters/c";
    world.run(&change(on, &["cluster.edit user:ann"], &[])).unwrap();
    assert!(world.global().entries(&sets::bindings(&node(on)), None, 9).is_empty());
    assert_eq!(bound(&world, on), ["cluster.edit user:ann"]);
    let namespace: NodeName = format!("{}/namespaces/web", node(on)).parse().unwrap();
    let give = vec![given("namespace.edit user:bob")];
    let set = sets::bindings(&namespace);
    world.run(&ChangePolicy { node: namespace, give, take: Take::These(Vec::new()), etag: None }.into()).unwrap();
    assert_eq!(world.log(&ids::Log::Region("eu".parse().unwrap())).entries(&set, None, 9).len(), 1);
    assert_eq!(bound(&world, on), ["cluster.edit user:ann"], "that of the cluster is another");
}

#[test]
fn an_organization_goes_after_its_groups_and_roles() {
    let mut world = World::with([create_organization("a"), group("one", &[]), custom("own", &[Kind::Cluster])]);
    assert_eq!(world.reason(delete_organization("a")), "NOT_EMPTY");
    world.run(&DeleteGroup { name: group_name("one"), etag: None }.into()).unwrap();
    assert_eq!(world.reason(delete_organization("a")), "NOT_EMPTY");
    world.run(&DeleteRole { name: role_id("own"), etag: None }.into()).unwrap();
    world.run(&delete_organization("a")).unwrap();
}
