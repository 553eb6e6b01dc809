//! One rule per test.

use std::sync::Arc;

use access::{
    Binding, Caller, Change, CustomRole, Decision, Denial, Group, Kind, Kinds, NodeName, Revoke, RevokeId, Right,
    Stale, Why,
};
use ids::{Hlc, Log, RequestId, Seq};

use crate::world::{ORGANIZATION, World, label, member, node, placed};

const CLUSTER: &str = "organizations/acme/projects/shop/locations/us-east-1/clusters/web";

/// acme > eng > shop > web > default
fn world() -> World {
    let names = tree();
    let parents = [names[0].clone(), names[0].clone(), names[1].clone(), names[2].clone(), names[3].clone()];
    World::of(&names.iter().zip(&parents).map(|(node, parent)| placed(node, parent)).collect::<Vec<_>>())
}

fn tree() -> [NodeName; 5] {
    let [eng, shop] = ["folders/eng", "projects/shop"].map(|name| node(&format!("{ORGANIZATION}/{name}")));
    [node(ORGANIZATION), eng, shop, node(CLUSTER), node(&format!("{CLUSTER}/namespaces/default"))]
}

fn bind(on: &NodeName, role: &str, to: &str) -> Binding {
    let members = [member(to)].into();
    Binding { node: on.clone(), id: label("x"), role: role.parse().unwrap(), members, from: None, until: None }
}

fn revoke(of: &str, on: Option<&NodeName>, id: u8) -> Change {
    let id = RevokeId { log: "region/us-east-1".parse().unwrap(), request: RequestId([id; 16]) };
    let reason = Arc::from("stolen laptop");
    Change::Revoke(Revoke { id, member: member(of), node: on.cloned(), reason, seen: ids::Seq(1_000) })
}

fn may(world: &World, who: &str, right: Right, on: &NodeName) -> bool {
    world.arena.check((&member(who)).into(), right, on, Hlc(10)).is_allowed()
}

#[test]
fn a_role_on_a_folder_holds_on_clusters_that_are_made_later() {
    let mut world = world();
    world.apply(&Change::Bind(bind(&tree()[1], "folder.view", "user:ana")));
    let later = node("organizations/acme/projects/shop/locations/eu-west-1/clusters/later");
    assert!(!may(&world, "user:ana", Right::ClusterGet, &later));
    world.apply(&placed(&later, &tree()[2]));
    assert!(may(&world, "user:ana", Right::ClusterGet, &later));
    assert!(!may(&world, "user:ana", Right::ClusterUpdate, &later));
    assert!(!may(&world, "user:ana", Right::OrganizationGet, &tree()[0]), "not above");
}

#[test]
fn a_right_is_asked_on_nodes_of_its_kind_only() {
    let mut world = world();
    world.apply(&Change::Bind(bind(&tree()[0], "cluster.admin", "user:ana")));
    assert!(may(&world, "user:ana", Right::ClusterSetPolicy, &tree()[3]));
    let decision = world.arena.check((&member("user:ana")).into(), Right::ClusterSetPolicy, &tree()[0], Hlc(0));
    assert_eq!(decision, Decision::Denied(Denial::NotAsked), "it is no right to set the organization's policy");
}

#[test]
fn a_time_box_is_open_from_its_beginning_and_closed_at_its_end() {
    let mut world = world();
    let boxed =
        Binding { from: Some(Hlc(5)), until: Some(Hlc(8)), ..bind(&tree()[0], "organization.view", "user:ana") };
    world.apply(&Change::Bind(boxed));
    let allowed =
        |now| world.arena.check((&member("user:ana")).into(), Right::ClusterGet, &tree()[3], Hlc(now)).is_allowed();
    assert_eq!((3..10).filter(|now| allowed(*now)).collect::<Vec<_>>(), [5, 6, 7]);
    let edges = |world: &World| [0, 4, 5, 7, 8].map(|now| world.arena.next_edge(Hlc(now)).map(|edge| edge.0));
    assert_eq!(edges(&world), [Some(5), Some(5), Some(8), Some(8), None]);
    world.apply(&Change::Bind(bind(&tree()[0], "organization.view", "user:ana")));
    assert_eq!(edges(&world), [None; 5], "the box went with the binding");
}

#[test]
fn a_preview_tells_what_happens_when_a_time_box_begins_and_ends() {
    let world = world();
    let boxed = Binding { from: Some(Hlc(5)), until: Some(Hlc(8)), ..bind(&tree()[0], "cluster.view", "user:ana") };
    let preview = world.arena.preview(&[Change::Bind(boxed)], Hlc(1)).unwrap();
    let stages: Vec<_> = preview.stages.iter().map(|stage| (stage.from, stage.blast.classes.len())).collect();
    assert_eq!(stages, [(None, 0), (Some(Hlc(5)), 1), (Some(Hlc(8)), 0)]);
    let class = &preview.stages[1].blast.classes[0];
    assert_eq!(class.members, [member("user:ana")]);
    let differences = preview.stages[1].blast.differences(class);
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].node, tree()[0]);
    assert_eq!((differences[0].nodes, class.nodes), (2, 2), "the cluster and its namespace");
}

#[test]
fn a_plan_is_not_confirmed_by_a_copy_that_has_seen_less() {
    let mut world = world();
    let behind = world.arena.clone();
    world.apply(&Change::Bind(bind(&tree()[1], "folder.admin", "user:ben")));
    let change = [Change::Bind(bind(&tree()[0], "cluster.view", "user:ana"))];
    let token = world.arena.preview(&change, Hlc(0)).unwrap().token;
    let stale = behind.confirm(&change, Hlc(0), &token).err().unwrap();
    assert_eq!(stale.to_string(), "checked a plan that was made at global@1.5, and this copy has not seen that yet");
    assert!(world.arena.confirm(&change, Hlc(0), &token).is_ok());
    let other = [Change::Bind(Binding { id: label("y"), ..bind(&tree()[0], "cluster.view", "user:ana") })];
    assert_eq!(
        world.arena.confirm(&other, Hlc(0), &token).err(),
        Some(Stale::Changed),
        "other changes to the same effect"
    );
}

#[test]
fn a_plan_is_stale_once_it_would_do_the_same_for_somebody_else() {
    let mut world = world();
    let group = |members: &[&str]| {
        let members = members.iter().map(|text| member(text)).collect();
        Change::Group(Group { name: member("group:dev"), members })
    };
    world.apply(&group(&["user:ana"]));
    let change = [Change::Bind(bind(&tree()[0], "cluster.view", "group:dev"))];
    let token = world.arena.preview(&change, Hlc(0)).unwrap().token;
    world.apply(&group(&["user:ben"]));
    assert_eq!(world.arena.confirm(&change, Hlc(0), &token).err(), Some(Stale::Changed));
    world.apply(&group(&["user:ana"]));
    assert!(world.arena.confirm(&change, Hlc(0), &token).is_ok(), "it does what was looked at again");
}

#[test]
fn a_member_with_many_grants_has_them_all() {
    let mut world = world();
    let clusters: Vec<NodeName> = (0..30)
        .map(|at| node(&format!("organizations/acme/projects/shop/locations/us-east-1/clusters/c{at}")))
        .collect();
    for (at, cluster) in clusters.iter().enumerate() {
        world.apply(&placed(cluster, cluster));
        for (id, role) in [("a", "cost.viewer"), ("b", "connection.admin"), ("c", "namespace.view")] {
            if at % 2 == 0 {
                world.apply(&Change::Bind(Binding { id: label(id), ..bind(cluster, role, "user:ana") }));
            }
        }
    }
    for cluster in &clusters {
        let (ours, ana) = (world.arena.effective((&member("user:ana")).into(), cluster, Hlc(0)), member("user:ana"));
        assert_eq!(ours, world.naive.effective(&ana, &[], cluster, Hlc(0)), "{cluster}");
    }
}

#[test]
fn on_a_node_with_many_grants_and_revokes_everyone_has_their_own() {
    let mut world = world();
    let (root, web) = (&tree()[0], &tree()[3]);
    let someone = |at: usize| format!("user:u{at}");
    let roles = ["cluster.view", "cluster.edit", "connection.admin", "cost.viewer"];
    for at in 0..60 {
        let id = label(&format!("b{at}"));
        let role = roles[at % 4];
        world.apply(&Change::Bind(Binding { id, ..bind(root, role, &someone(at % 25)) }));
        if at % 3 == 0 {
            world.apply(&revoke(&someone(at), Some(root), u8::try_from(at).unwrap()));
        }
    }
    let some: Vec<_> = (0..60).map(|at| member(&someone(at))).collect();
    let others: std::collections::BTreeSet<_> = some.iter().take(20).cloned().collect();
    world.apply(&Change::Group(Group { name: member("group:dev"), members: others }));
    world.apply(&Change::Bind(Binding { id: label("all"), ..bind(root, "project.view", "group:dev") }));
    for one in &some {
        for node in [root, &tree()[2], web] {
            let naive = world.naive.effective(one, &[], node, Hlc(0));
            assert_eq!(world.arena.effective(one.into(), node, Hlc(0)), naive, "{one} on {node}");
        }
    }
}

#[test]
fn whoever_makes_a_node_anew_begins_without_its_bindings() {
    let mut world = world();
    let web = tree()[3].clone();
    world.apply(&Change::Bind(bind(&web, "cluster.admin", "user:ana")));
    assert!(may(&world, "user:ana", Right::ClusterGet, &web));
    let again = [Change::Remove(tree()[4].clone()), Change::Remove(web.clone()), placed(&web, &web)];
    let lost = world.arena.preview(&again, Hlc(0)).unwrap();
    assert_eq!(lost.stages[0].blast.classes.len(), 1, "ana loses what she had");
    again.iter().for_each(|change| world.apply(change));
    assert!(!may(&world, "user:ana", Right::ClusterGet, &web));
}

#[test]
fn what_is_for_a_time_only_gives_nothing_without_an_end() {
    let mut world = world();
    world.apply(&Change::Bind(bind(&tree()[0], "breakglass", "user:ana")));
    assert!(!may(&world, "user:ana", Right::ClusterGet, &tree()[3]));
    world.apply(&Change::Bind(Binding { until: Some(Hlc(99)), ..bind(&tree()[0], "breakglass", "user:ana") }));
    assert!(may(&world, "user:ana", Right::ClusterGet, &tree()[3]));
}

#[test]
fn a_claim_does_not_bring_back_what_a_group_on_record_took() {
    let mut world = world();
    let (ana, web) = (member("user:ana"), tree()[3].clone());
    world.apply(&Change::Bind(bind(&tree()[0], "organization.admin", "group:dev")));
    let claimed = [member("group:dev")];
    let caller = || Caller { member: &ana, claimed: &claimed };
    assert!(
        world.arena.check(caller(), Right::ClusterGet, &web, Hlc(0)).is_allowed(),
        "nobody here knows who is in it"
    );
    world.apply(&Change::Group(Group { name: member("group:dev"), members: [member("user:ben")].into() }));
    assert!(!world.arena.check(caller(), Right::ClusterGet, &web, Hlc(0)).is_allowed(), "the record knows");
}

#[test]
fn a_revoke_wins_over_what_was_granted_before_and_later_until_it_is_lifted() {
    let mut world = world();
    let (ana, web) = ("user:ana", &tree()[3]);
    world.apply(&Change::Group(Group { name: member("group:dev"), members: [member(ana)].into() }));
    world.apply(&Change::Bind(bind(&tree()[0], "organization.admin", "group:dev")));
    world.apply(&revoke(ana, Some(&tree()[2]), 1));
    assert!(!may(&world, ana, Right::ClusterGet, web));
    assert!(may(&world, ana, Right::FolderGet, &tree()[1]), "above the node it holds not");
    world.apply(&Change::Bind(Binding { id: label("y"), ..bind(web, "cluster.admin", ana) }));
    assert!(!may(&world, ana, Right::ClusterGet, web), "a grant does not undo it");
    world.apply(&revoke("group:dev", None, 2));
    world.apply(&Change::Lift(RevokeId { log: "region/us-east-1".parse().unwrap(), request: RequestId([1; 16]) }));
    assert!(!may(&world, ana, Right::ClusterGet, web), "another one holds, through the group");
    world.apply(&Change::BreakGlass(Some(member(ana))));
    assert!(may(&world, ana, Right::ClusterGet, web));
    world.apply(&Change::BreakGlass(None));
    assert!(!may(&world, ana, Right::ClusterGet, web));
}

#[test]
fn naming_somebody_for_breaking_glass_lifts_no_revoke_that_did_not_know_of_it() {
    let mut world = world();
    let (ana, web) = ("user:ana", &tree()[3]);
    world.apply(&Change::Bind(bind(&tree()[0], "organization.admin", ana)));
    let blind = |id: u8, seen: u64| match revoke(ana, None, id) {
        Change::Revoke(of) => Change::Revoke(Revoke { seen: ids::Seq(seen), ..of }),
        other => other,
    };
    // An isolated region revokes, and G names the same identity meanwhile.
    world.apply(&blind(1, 0));
    world.apply(&Change::BreakGlass(Some(member(ana))));
    assert!(!may(&world, ana, Right::ClusterGet, web), "the revoke stands");
    let why = world.arena.explain((&member(ana)).into(), Right::ClusterGet, web, Hlc(10)).why;
    assert!(matches!(why, access::Why::Revoked(_)), "{why:?}");
    let below = world.arena.effective_below((&member(ana)).into(), &tree()[0], Hlc(10));
    assert!(below.is_empty(), "{below:?}");
    world.apply(&Change::Lift(RevokeId { log: "region/us-east-1".parse().unwrap(), request: RequestId([1; 16]) }));
    assert!(may(&world, ana, Right::ClusterGet, web));
    // One that knew is not of the one who breaks glass, however it came about.
    world.apply(&blind(2, 1_000));
    assert!(may(&world, ana, Right::ClusterGet, web));
    let preview = world.arena.preview(&[Change::BreakGlass(None)], Hlc(0)).unwrap();
    assert_eq!(preview.stages[0].blast.classes.len(), 1, "ana loses everything");
}

#[test]
fn a_preview_tells_who_loses_what_by_a_move_to_where_they_are_revoked() {
    let mut world = world();
    let other = node("organizations/acme/folders/other");
    world.apply(&placed(&other, &tree()[0]));
    world.apply(&Change::Bind(bind(&tree()[0], "cluster.view", "user:ana")));
    world.apply(&revoke("user:ana", Some(&other), 1));
    let preview = world.arena.preview(&[placed(&tree()[2], &other)], Hlc(0)).unwrap();
    let classes = &preview.stages[0].blast.classes;
    assert_eq!(
        classes.iter().map(|class| (class.members.clone(), class.nodes)).collect::<Vec<_>>(),
        [(vec![member("user:ana")], 2)]
    );
}

#[test]
fn a_preview_tells_apart_members_of_one_group_of_whom_some_are_revoked() {
    let mut world = world();
    let group = |name: &str, members: &[&str]| {
        let members = members.iter().map(|text| member(text)).collect();
        Change::Group(Group { name: member(name), members })
    };
    world.apply(&group("group:dev", &["user:ana", "user:ben", "user:dan", "user:eve"]));
    world.apply(&group("group:left", &["user:dan", "user:eve"]));
    world.apply(&revoke("user:ben", None, 1));
    world.apply(&revoke("group:left", None, 2));
    world.apply(&Change::BreakGlass(Some(member("user:eve"))));
    let change = [Change::Bind(bind(&tree()[0], "cluster.view", "group:dev"))];
    let preview = world.arena.preview(&change, Hlc(0)).unwrap();
    let mut gaining: Vec<_> = preview.stages[0].blast.classes.iter().flat_map(|class| class.members.clone()).collect();
    gaining.sort();
    assert_eq!(gaining, [member("user:ana"), member("user:eve"), member("group:dev")]);
}

#[test]
fn a_node_that_takes_the_place_of_another_has_nothing_of_it() {
    let mut world = world();
    let gone = node("organizations/acme/projects/gone");
    world.apply(&placed(&gone, &tree()[0]));
    world.apply(&Change::Bind(bind(&gone, "project.admin", "user:ana")));
    let new = node("organizations/acme/projects/new");
    let changes = [
        Change::Unbind { node: gone.clone(), id: label("x") },
        Change::Remove(gone.clone()),
        placed(&new, &tree()[0]),
        Change::Bind(bind(&new, "project.view", "user:ana")),
    ];
    let preview = world.arena.preview(&changes, Hlc(0)).unwrap();
    let mut told = Vec::new();
    preview.stages[0].blast.each(|_, node, gained, lost| told.push((node.clone(), gained.is_empty(), lost.is_empty())));
    told.sort();
    assert_eq!(told, [(gone, true, false), (new, false, true)]);
}

#[test]
fn a_lift_that_comes_before_its_revoke_lifts_it() {
    let mut world = world();
    world.apply(&Change::Bind(bind(&tree()[0], "organization.view", "user:ana")));
    world.apply(&Change::Lift(RevokeId { log: "region/us-east-1".parse().unwrap(), request: RequestId([1; 16]) }));
    world.apply(&revoke("user:ana", None, 1));
    assert!(may(&world, "user:ana", Right::ClusterGet, &tree()[3]));
}

#[test]
fn a_role_that_was_narrowed_gives_nothing_where_it_may_be_bound_no_more() {
    let mut world = world();
    let role = |kinds: &[Kind]| {
        let rights = [Right::ClusterGet, Right::ProjectGet].into_iter().collect();
        Change::Role(CustomRole { name: label("mine"), rights, bound_at: Kinds::of(kinds) })
    };
    world.apply(&Change::Bind(bind(&tree()[2], "custom/mine", "user:ana")));
    assert!(!may(&world, "user:ana", Right::ClusterGet, &tree()[3]), "nobody knows the role yet");
    world.apply(&role(&[Kind::Project]));
    assert!(may(&world, "user:ana", Right::ClusterGet, &tree()[3]));
    world.apply(&role(&[Kind::Cluster]));
    assert!(!may(&world, "user:ana", Right::ClusterGet, &tree()[3]));
}

#[test]
fn a_copy_stays_as_it_was() {
    let mut world = world();
    world.apply(&Change::Bind(bind(&tree()[1], "folder.admin", "user:ana")));
    let copy = world.arena.clone();
    world.apply(&Change::Unbind { node: tree()[1].clone(), id: label("x") });
    world.apply(&placed(&tree()[2], &tree()[0]));
    assert!(copy.check((&member("user:ana")).into(), Right::ClusterDelete, &tree()[3], Hlc(0)).is_allowed());
    assert!(!may(&world, "user:ana", Right::ClusterDelete, &tree()[3]));
    let seq = |arena: &access::Arena| arena.positions().get(&Log::Global).map(|(_, seq)| seq);
    assert_eq!((seq(&copy), seq(&world.arena)), (Some(Seq(5)), Some(Seq(7))));
}

#[test]
fn what_is_named_no_more_leaves_no_row() {
    let mut world = world();
    world.apply(&Change::Bind(bind(&tree()[1], "folder.admin", "user:kept")));
    let rows = world.arena.rows();
    let cluster = node("organizations/acme/projects/gone/locations/us-east-1/clusters/c");
    for _ in 0..3 {
        world.apply(&Change::Bind(bind(&cluster, "cluster.view", "user:gone")));
        world.apply(&Change::Group(Group { name: member("group:gone"), members: [member("user:gone")].into() }));
        world.apply(&revoke("user:gone", Some(&cluster), 1));
        world.apply(&placed(&cluster, &cluster));
        assert!(world.arena.rows() > rows);
        world.apply(&Change::Remove(cluster.clone()));
        world.apply(&Change::Unbind { node: cluster.clone(), id: label("x") });
        world.apply(&Change::Ungroup(member("group:gone")));
        world.apply(&Change::Lift(RevokeId { log: "region/us-east-1".parse().unwrap(), request: RequestId([1; 16]) }));
        assert_eq!(world.arena.rows(), rows);
    }
}

#[test]
fn direct_and_inherited_bindings_are_told_apart() {
    let mut world = world();
    world.apply(&Change::Bind(bind(&tree()[1], "folder.admin", "user:ana")));
    world.apply(&Change::Bind(bind(&tree()[0], "organization.view", "user:ben")));
    world.apply(&Change::Bind(bind(&tree()[3], "cluster.edit", "user:cyd")));
    let policy = world.arena.policy(&tree()[3]).unwrap();
    let roles = |bindings: &[(Binding, access::Record)]| {
        bindings.iter().map(|(binding, _)| binding.role.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(roles(&policy.direct), ["cluster.edit"]);
    assert_eq!(roles(&policy.inherited), ["organization.view", "folder.admin"]);
    assert_eq!(world.arena.policy(&node("organizations/acme/folders/none")), None);
}

#[test]
fn an_explanation_names_binding_record_groups_and_way() {
    let mut world = world();
    world.apply(&Change::Group(Group { name: member("group:dev"), members: [member("user:ana")].into() }));
    world.apply(&Change::Group(Group { name: member("group:all"), members: [member("group:dev")].into() }));
    world.apply(&Change::Bind(bind(&tree()[1], "folder.edit", "group:all")));
    let explanation = world.arena.explain((&member("user:ana")).into(), Right::ClusterUpdate, &tree()[3], Hlc(0));
    let Why::Allowed(grounds) = &explanation.why else { panic!("{explanation:#?}") };
    let cited = grounds.what.as_ref().unwrap();
    assert_eq!(
        (cited.value.role.to_string(), cited.record.position.seq, &*cited.record.author),
        ("folder.edit".to_owned(), Seq(7), "user:author")
    );
    assert_eq!(grounds.on.as_ref(), Some(&tree()[1]));
    assert_eq!(
        grounds.groups.iter().map(|group| group.group.to_string()).collect::<Vec<_>>(),
        ["group:dev", "group:all"]
    );
    assert_eq!(grounds.path.iter().flatten().map(|placed| placed.node.clone()).collect::<Vec<_>>(), tree()[..4]);

    let both = [member("group:dev"), member("group:idp")].into();
    world.apply(&Change::Group(Group { name: member("group:all"), members: both }));
    let claimed = [member("group:idp")];
    let caller = Caller { member: &member("user:new"), claimed: &claimed };
    let Why::Allowed(grounds) = world.arena.explain(caller, Right::ClusterUpdate, &tree()[3], Hlc(0)).why else {
        panic!()
    };
    assert_eq!(
        grounds.groups.iter().map(|group| group.record.is_some()).collect::<Vec<_>>(),
        [false, true],
        "the token says the first, the record the second"
    );
}

#[test]
fn a_refusal_says_which_roles_would_do() {
    let world = world();
    let explanation =
        world.arena.explain((&member("user:ana")).into(), Right::ClusterSetConnections, &tree()[3], Hlc(0));
    let Why::NotGranted { would } = explanation.why else { panic!("{explanation:#?}") };
    let roles: Vec<String> = would.iter().map(|would| would.role.to_string()).collect();
    let expected = [
        "breakglass",
        "cluster.admin",
        "cluster.edit",
        "connection.admin",
        "folder.admin",
        "folder.edit",
        "organization.admin",
        "organization.edit",
        "project.admin",
        "project.edit",
    ];
    assert_eq!(roles, expected);
}
