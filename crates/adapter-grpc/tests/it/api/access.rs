//! Access policies, groups and roles, and questions about them.

use api::v1::{
    self, AccessPolicy, Binding, ModifyBindingsRequest, access_client::AccessClient,
    access_policies_client::AccessPoliciesClient, clusters_client::ClustersClient, folders_client::FoldersClient,
    groups_client::GroupsClient, mutation::Kind, revokes_client::RevokesClient, roles_client::RolesClient,
};
use prost_types::Timestamp;
use tonic::{Code, transport::Channel};

use super::ring::{Ring, create_project, eventually, new_cluster, refusal};

const FOLDER: &str = "organizations/acme/folders/prod";
const PROJECT: &str = "organizations/acme/projects/shop";

fn bound(role: &str, member: &str) -> Binding {
    Binding { role: role.to_owned(), member: member.to_owned(), ..Binding::default() }
}

fn policy(node: &str) -> String {
    format!("{node}/accessPolicy")
}

fn give(node: &str, role: &str, member: &str) -> ModifyBindingsRequest {
    ModifyBindingsRequest { name: policy(node), give: vec![bound(role, member)], ..Default::default() }
}

async fn modify(channel: &Channel, request: ModifyBindingsRequest) -> Result<AccessPolicy, tonic::Status> {
    AccessPoliciesClient::new(channel.clone()).modify_bindings(request).await.map(tonic::Response::into_inner)
}

async fn get(channel: &Channel, node: &str) -> AccessPolicy {
    let request = v1::GetAccessPolicyRequest { name: policy(node), read: None };
    AccessPoliciesClient::new(channel.clone()).get_access_policy(request).await.unwrap().into_inner()
}

/// A project in a folder, with a cluster in region b.
async fn tree(ring: Ring) -> (Ring, Channel) {
    let ring = ring.with_project().await;
    let channel = ring.connect(2).await;
    let folder = v1::Folder { parent: "organizations/acme".to_owned(), ..Default::default() };
    let request = v1::CreateFolderRequest { folder_id: "prod".to_owned(), folder: Some(folder), ..Default::default() };
    FoldersClient::new(channel.clone()).create_folder(request).await.unwrap();
    create_project(&channel, FOLDER, "shop").await.unwrap();
    let create = v1::CreateClusterRequest { parent: format!("{PROJECT}/locations/b"), ..new_cluster("b", "web") };
    // The project may not be known there yet.
    eventually(|| async { ClustersClient::new(channel.clone()).create_cluster(create.clone()).await.ok() }).await;
    (ring, channel)
}

fn cluster() -> String {
    format!("{PROJECT}/locations/b/clusters/web")
}

async fn rights(channel: &Channel, member: &str, node: &str) -> Vec<String> {
    let request =
        v1::ListEffectiveRightsRequest { member: member.to_owned(), node: node.to_owned(), ..Default::default() };
    let found = AccessClient::new(channel.clone()).list_effective_rights(request).await.unwrap().into_inner();
    found.nodes.into_iter().next().map(|of| of.rights).unwrap_or_default()
}

#[tokio::test]
async fn what_is_bound_on_a_folder_holds_below_it_in_every_region() {
    let (ring, channel) = tree(Ring::formed().await).await;
    assert_eq!(get(&channel, FOLDER).await.etag, "0");
    let made = modify(&channel, give(FOLDER, "folder.edit", "group:oncall")).await.unwrap();
    assert_eq!((made.name.as_str(), made.bindings.len(), made.author.as_str()), (&*policy(FOLDER), 1, "anonymous"));
    assert_eq!(get(&channel, FOLDER).await.bindings, made.bindings);

    let mut groups = GroupsClient::new(channel.clone());
    let group = v1::Group { members: vec!["user:ann".to_owned()], ..Default::default() };
    let create = v1::CreateGroupRequest {
        parent: "organizations/acme".to_owned(),
        group_id: "oncall".to_owned(),
        group: Some(group),
        ..Default::default()
    };
    let group = groups.create_group(create).await.unwrap().into_inner();
    assert_eq!((group.name.as_str(), group.members.len()), ("organizations/acme/groups/oncall", 1));

    for id in [1, 2, 3] {
        let channel = ring.connect(id).await;
        let may = |right: &'static str| {
            let channel = channel.clone();
            async move { rights(&channel, "user:ann", &cluster()).await.iter().any(|held| held == right).then_some(()) }
        };
        eventually(|| may("cluster.update")).await;
        assert_eq!(may("cluster.delete").await, None);
        let inherited = get(&channel, PROJECT).await.inherited;
        assert_eq!((inherited[0].node.as_str(), inherited[0].member.as_str()), (FOLDER, "group:oncall"));

        let request = v1::ExplainAccessRequest {
            member: "user:ann".to_owned(),
            right: "cluster.update".to_owned(),
            node: cluster(),
            ..Default::default()
        };
        let why = AccessClient::new(channel.clone()).explain_access(request).await.unwrap().into_inner();
        assert!(why.allowed && why.denial == 0);
        assert_eq!(why.binding.unwrap().node, FOLDER);
        assert_eq!(why.groups[0].group, "group:oncall");
        let record = why.record.unwrap();
        assert_eq!((record.log.as_str(), record.seq.to_string()), ("global", made.etag.clone()));
        let path: Vec<String> = why.path.into_iter().map(|step| step.node).collect();
        assert_eq!(path, ["organizations/acme", FOLDER, PROJECT, &cluster()]);

        let request =
            v1::ListMembersWhoCanRequest { right: "cluster.update".to_owned(), node: cluster(), ..Default::default() };
        let who = AccessClient::new(channel).list_members_who_can(request).await.unwrap().into_inner();
        assert_eq!(who.members, ["group:oncall", "user:ann"]);
    }
}

#[tokio::test]
async fn a_policy_is_set_as_a_whole_at_its_etag_and_one_of_a_cluster_by_its_region() {
    let (_ring, channel) = tree(Ring::formed().await).await;
    let mut client = AccessPoliciesClient::new(channel.clone());
    let end_time = Some(Timestamp { seconds: 4_000_000_000, nanos: 500_000_000 });
    let bindings =
        vec![Binding { end_time, ..bound("cluster.view", "user:ben") }, bound("cluster.admin", "serviceAccount:robot")];
    let whole = |etag: &str, bindings: &[Binding]| {
        let (name, bindings, etag) = (policy(&cluster()), bindings.to_vec(), etag.to_owned());
        v1::UpdateAccessPolicyRequest {
            policy: Some(AccessPolicy { name, bindings, etag, ..Default::default() }),
            ..Default::default()
        }
    };
    let made = client.update_access_policy(whole("0", &bindings)).await.unwrap().into_inner();
    let roles: Vec<&str> = made.bindings.iter().map(|binding| binding.role.as_str()).collect();
    assert_eq!(roles, ["cluster.admin", "cluster.view"]);
    assert_eq!((made.bindings[1].end_time, made.bindings[1].node.clone()), (end_time, cluster()));
    let refused = refusal(client.update_access_policy(whole("0", &bindings[..1])).await);
    assert_eq!((refused.reason.as_str(), refused.metadata["etag"].clone()), ("ETAG_MISMATCH", made.etag.clone()));
    let fewer = client.update_access_policy(whole(&made.etag, &bindings[..1])).await.unwrap().into_inner();
    assert_eq!(fewer.bindings.len(), 1);
    assert_eq!(
        refusal(client.update_access_policy(whole(&fewer.etag, &bindings[..1])).await).reason,
        "POLICY_UNCHANGED"
    );

    modify(&channel, give(&cluster(), "cluster.edit", "user:dan")).await.unwrap();
    let taken = vec![bound("cluster.view", "user:ben")];
    let take = ModifyBindingsRequest { name: policy(&cluster()), take: taken, ..Default::default() };
    let rehearsed = ModifyBindingsRequest { validate_only: true, ..take.clone() };
    let members = |policy: AccessPolicy| policy.bindings.into_iter().map(|of| of.member).collect::<Vec<_>>();
    assert_eq!(members(modify(&channel, rehearsed).await.unwrap()), ["user:dan"], "what stays is told too");
    assert_eq!(get(&channel, &cluster()).await.bindings.len(), 2, "only asked");
    assert_eq!(members(modify(&channel, take.clone()).await.unwrap()), ["user:dan"]);
    assert_eq!(refusal(modify(&channel, take).await).reason, "BINDING_NOT_FOUND");
}

#[tokio::test]
async fn a_change_is_previewed_and_made_only_as_it_was_previewed() {
    let (_ring, channel) = tree(Ring::formed().await).await;
    let mut access = AccessClient::new(channel.clone());
    let change = |node: &str, role: &str, member: &str| {
        let kind = Some(Kind::ModifyBindings(ModifyBindingsRequest {
            request_id: format!("{:032x}", role.len() * 1000 + member.len()),
            ..give(node, role, member)
        }));
        Some(v1::Mutation { kind, retried: false })
    };
    let asked = change(FOLDER, "folder.view", "user:ann");
    // The cluster is known here once its region's log is.
    let preview = eventually(|| {
        let (mut access, change) = (access.clone(), asked.clone());
        async move {
            let shown =
                access.preview_change(v1::PreviewChangeRequest { change, read: None }).await.unwrap().into_inner();
            (shown.stages[0].pair_count == 3).then_some(shown)
        }
    })
    .await;
    let class = &preview.stages[0].classes[0];
    assert_eq!((class.members.as_slice(), class.node_count), (&["user:ann".to_owned()][..], 3));
    assert_eq!((class.differences[0].node.as_str(), class.differences[0].node_count), (FOLDER, 3));
    assert!(class.differences[0].gained.contains(&"cluster.get".to_owned()));
    assert!(get(&channel, FOLDER).await.bindings.is_empty(), "nothing is changed");

    // Somebody else gives a part of it meanwhile: it would do something else.
    modify(&channel, give(PROJECT, "project.view", "user:ann")).await.unwrap();
    let commit =
        |plan_token: &str| v1::CommitChangeRequest { change: asked.clone(), plan_token: plan_token.to_owned() };
    let refused = refusal(access.commit_change(commit(&preview.plan_token)).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Aborted, "PLAN_STALE"));
    assert!(get(&channel, FOLDER).await.bindings.is_empty());

    let again = v1::PreviewChangeRequest { change: asked.clone(), read: None };
    let preview = access.preview_change(again).await.unwrap().into_inner();
    assert_eq!(preview.stages[0].pair_count, 1, "on the folder alone");
    // What has nothing to do with it makes no plan stale.
    modify(&channel, give(PROJECT, "project.view", "user:ben")).await.unwrap();
    let made = access.commit_change(commit(&preview.plan_token)).await.unwrap().into_inner();
    assert_eq!(made.name, policy(FOLDER));
    assert_eq!(get(&channel, FOLDER).await.etag, made.etag);
    let again = access.commit_change(commit(&preview.plan_token)).await.unwrap().into_inner();
    assert_eq!(again, made, "the same request has the same outcome");
    assert_eq!(get(&channel, FOLDER).await.etag, made.etag);
}

#[tokio::test]
async fn roles_are_predefined_or_made_and_hold_what_they_say() {
    let (_ring, channel) = tree(Ring::formed().await).await;
    let mut roles = RolesClient::new(channel.clone());
    let role = v1::Role {
        rights: vec!["project.createCluster".to_owned(), "cluster.get".to_owned()],
        bound_at: vec!["folder".to_owned(), "project".to_owned()],
        ..Default::default()
    };
    let create = v1::CreateRoleRequest {
        parent: "organizations/acme".to_owned(),
        role_id: "opener".to_owned(),
        role: Some(role),
        ..Default::default()
    };
    let made = roles.create_role(create).await.unwrap().into_inner();
    assert_eq!(made.rights, ["project.createCluster", "cluster.get"]);
    let refused = refusal(modify(&channel, give(&cluster(), "custom/opener", "user:ann")).await);
    assert_eq!(refused.reason, "ROLE_NOT_BINDABLE");
    modify(&channel, give(FOLDER, "custom/opener", "user:ann")).await.unwrap();
    assert_eq!(rights(&channel, "user:ann", PROJECT).await, ["project.createCluster"]);

    let update = v1::UpdateRoleRequest {
        role: Some(v1::Role { name: made.name.clone(), rights: vec!["project.get".to_owned()], ..Default::default() }),
        ..Default::default()
    };
    roles.update_role(update).await.unwrap();
    assert_eq!(rights(&channel, "user:ann", PROJECT).await, ["project.get"]);

    let list = v1::ListRolesRequest { parent: "organizations/acme".to_owned(), ..Default::default() };
    let listed = roles.list_roles(list.clone()).await.unwrap().into_inner().roles;
    assert_eq!(listed.iter().filter(|role| role.name.starts_with("roles/")).count(), ::access::ROLES.len());
    assert!(listed.iter().any(|role| role.name == made.name));
    let get = |name: &str| v1::GetRoleRequest { name: name.to_owned(), read: None };
    let predefined = roles.get_role(get("roles/breakglass")).await.unwrap().into_inner();
    assert!(predefined.must_end && predefined.bound_at == ["organization"]);
    roles.delete_role(v1::DeleteRoleRequest { name: made.name.clone(), ..Default::default() }).await.unwrap();
    assert_eq!(refusal(roles.get_role(get(&made.name)).await).reason, "NOT_FOUND");
    assert!(rights(&channel, "user:ann", PROJECT).await.is_empty());
}

#[tokio::test]
async fn a_revoke_is_in_force_where_it_was_issued_at_once_and_ends_when_it_is_lifted() {
    let (ring, channel) = tree(Ring::formed().await).await;
    modify(&channel, give(FOLDER, "folder.admin", "user:ann")).await.unwrap();
    let far = ring.connect(3).await;
    eventually(|| async { (!rights(&far, "user:ann", PROJECT).await.is_empty()).then_some(()) }).await;
    let mut revokes = RevokesClient::new(far.clone());
    let create = |member: &str, node: &str| v1::CreateRevokeRequest {
        parent: "organizations/acme".to_owned(),
        revoke: Some(v1::Revoke {
            member: member.to_owned(),
            node: node.to_owned(),
            reason: "stolen laptop".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = revokes.create_revoke(create("user:ann", PROJECT)).await.unwrap().into_inner();
    assert!(made.name.starts_with("organizations/acme/revokes/c."), "{}", made.name);
    assert!(rights(&far, "user:ann", PROJECT).await.is_empty(), "there, at once");
    assert!(!rights(&far, "user:ann", FOLDER).await.is_empty(), "above the node it does not hold");
    let request = v1::ExplainAccessRequest {
        member: "user:ann".to_owned(),
        right: "project.get".to_owned(),
        node: PROJECT.to_owned(),
        ..Default::default()
    };
    let why = AccessClient::new(far.clone()).explain_access(request).await.unwrap().into_inner();
    assert_eq!(
        (why.denial(), why.revoke.unwrap().reason.as_str()),
        (v1::explain_access_response::Denial::Revoked, "stolen laptop")
    );
    assert_eq!(why.record.unwrap().log, "region/c");
    eventually(|| async { rights(&channel, "user:ann", PROJECT).await.is_empty().then_some(()) }).await;

    // A grant does not undo it.
    modify(&channel, give(PROJECT, "project.admin", "user:ann")).await.unwrap();
    assert!(rights(&channel, "user:ann", PROJECT).await.is_empty());
    let list = v1::ListRevokesRequest { parent: "organizations/acme".to_owned(), ..Default::default() };
    let listed = RevokesClient::new(channel.clone()).list_revokes(list.clone()).await.unwrap().into_inner().revokes;
    assert_eq!(listed, std::slice::from_ref(&made));

    let unseen = v1::LiftRevokeRequest {
        name: format!("organizations/acme/revokes/c.{}", "00".repeat(16)),
        ..Default::default()
    };
    assert_eq!(refusal(RevokesClient::new(channel.clone()).lift_revoke(unseen).await).reason, "NOT_FOUND");
    let lift = v1::LiftRevokeRequest { name: made.name.clone(), reason: "found".to_owned(), ..Default::default() };
    let lifted = RevokesClient::new(channel.clone()).lift_revoke(lift.clone()).await.unwrap().into_inner();
    assert_eq!((lifted.name.as_str(), lifted.reason.as_str()), (made.name.as_str(), "found"));
    assert_eq!(refusal(RevokesClient::new(channel.clone()).lift_revoke(lift).await).reason, "ALREADY_EXISTS");
    assert!(!rights(&channel, "user:ann", PROJECT).await.is_empty());
    let none = RevokesClient::new(channel.clone()).list_revokes(list.clone()).await.unwrap().into_inner().revokes;
    assert!(none.is_empty());
    let all = v1::ListRevokesRequest { show_lifted: true, ..list };
    let all = RevokesClient::new(channel.clone()).list_revokes(all).await.unwrap().into_inner().revokes;
    assert_eq!(all[0].lift.as_ref().map(|lift| lift.reason.as_str()), Some("found"));
}

#[tokio::test]
async fn who_breaks_glass_is_named_among_administrators_and_not_revoked() {
    let (_ring, channel) = tree(Ring::formed().await).await;
    let mut revokes = RevokesClient::new(channel.clone());
    let name = || "organizations/acme/breakGlass".to_owned();
    let set = |member: &str| v1::SetBreakGlassRequest {
        break_glass: Some(v1::BreakGlass { name: name(), member: member.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let get = v1::GetBreakGlassRequest { name: name(), read: None };
    assert_eq!(revokes.get_break_glass(get.clone()).await.unwrap().into_inner().etag, "0");
    assert_eq!(refusal(revokes.set_break_glass(set("user:eve")).await).reason, "NOT_ADMINISTRATOR");
    modify(&channel, give("organizations/acme", "organization.admin", "user:eve")).await.unwrap();
    let made = revokes.set_break_glass(set("user:eve")).await.unwrap().into_inner();
    assert_eq!((made.member.as_str(), made.author.as_str()), ("user:eve", "anonymous"));
    assert_eq!(revokes.get_break_glass(get).await.unwrap().into_inner(), made);
    let create = v1::CreateRevokeRequest {
        parent: "organizations/acme".to_owned(),
        revoke: Some(v1::Revoke { member: "user:eve".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(refusal(revokes.create_revoke(create).await).reason, "BREAKS_GLASS");
}

#[tokio::test]
async fn a_made_up_plan_commits_nothing() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(2).await;
    // Nothing about access was ever written, so that nothing can have changed behind any plan.
    for node in ["organizations/acme", "organizations/acme/projects/web"] {
        let kind = Kind::ModifyBindings(ModifyBindingsRequest {
            request_id: "0e".repeat(16),
            ..give(node, "cost.viewer", "user:mallory")
        });
        let change = Some(v1::Mutation { kind: Some(kind), retried: false });
        let plan_token = format!("{}@global@1.1", "ab".repeat(32));
        let commit = v1::CommitChangeRequest { change, plan_token };
        let refused = refusal(AccessClient::new(channel.clone()).commit_change(commit).await);
        assert_eq!(refused.reason, "PLAN_STALE", "{node}");
        assert!(get(&channel, node).await.bindings.is_empty(), "{node}");
    }
}

#[tokio::test]
async fn bad_input_names_its_field_and_changes_nothing() {
    let (_ring, channel) = tree(Ring::formed().await).await;
    let cases = [
        (give(FOLDER, "folder.king", "user:ann"), "give.role"),
        (give(FOLDER, "folder.edit", "ann"), "give.member"),
        (give(FOLDER, "folder.edit", "user:two words"), "give.member"),
        (ModifyBindingsRequest { name: FOLDER.to_owned(), ..give(FOLDER, "folder.edit", "user:ann") }, "name"),
        (ModifyBindingsRequest { etag: "x".to_owned(), ..give(FOLDER, "folder.edit", "user:ann") }, "etag"),
        (
            ModifyBindingsRequest {
                give: vec![Binding {
                    end_time: Some(Timestamp { seconds: -1, nanos: 0 }),
                    ..bound("folder.edit", "user:ann")
                }],
                ..give(FOLDER, "folder.edit", "user:ann")
            },
            "give.end_time",
        ),
    ];
    for (request, field) in cases {
        let refused = refusal(modify(&channel, request).await);
        assert_eq!((refused.code, refused.fields[0].as_str()), (Code::InvalidArgument, field));
    }
    for (node, role, reason) in [
        (FOLDER, "organization.admin", "ROLE_NOT_BINDABLE"),
        (FOLDER, "custom/none", "NOT_FOUND"),
        ("organizations/acme/folders/none", "folder.edit", "NOT_FOUND"),
        ("organizations/acme", "breakglass", "INVALID_ARGUMENT"),
    ] {
        assert_eq!(refusal(modify(&channel, give(node, role, "user:ann")).await).reason, reason, "{role} on {node}");
    }
    let mut groups = GroupsClient::new(channel.clone());
    let group = |id: &str, member: &str| v1::CreateGroupRequest {
        parent: "organizations/acme".to_owned(),
        group_id: id.to_owned(),
        group: Some(v1::Group { members: vec![member.to_owned()], ..Default::default() }),
        ..Default::default()
    };
    groups.create_group(group("inner", "group:outer")).await.unwrap();
    assert_eq!(refusal(groups.create_group(group("outer", "group:inner")).await).reason, "GROUP_CYCLE");
    let mut access = AccessClient::new(channel.clone());
    let change = Some(v1::Mutation { kind: Some(Kind::CreateCluster(new_cluster("b", "other"))), retried: false });
    let refused = refusal(access.preview_change(v1::PreviewChangeRequest { change, read: None }).await);
    assert_eq!(refused.fields[0], "change");
    let change = Some(v1::Mutation {
        kind: Some(Kind::ModifyBindings(give(FOLDER, "folder.edit", "user:ann"))),
        retried: false,
    });
    let commit = v1::CommitChangeRequest { change, plan_token: "today@global@1.1".to_owned() };
    assert_eq!(refusal(access.commit_change(commit).await).fields[0], "plan_token");
    assert!(get(&channel, FOLDER).await.bindings.is_empty());
}
