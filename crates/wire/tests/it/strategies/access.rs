//! Who may do what.

use access::{Kind, Kinds, Member, NodeName, Right, Rights, RoleName};
use domain::{AccessPolicy, Binding, BreakGlass, Command, CustomRole, Entity, Group, Lift, Revoke, command::*};
use ids::{GroupName, RevokeName, RoleId};
use proptest::{collection, option, prelude::*, sample};

use super::{cluster_name, etag, hlc, organization_name, request_id as uid, state};

fn node() -> impl Strategy<Value = NodeName> {
    prop_oneof![
        organization_name().prop_map(NodeName::Organization),
        (cluster_name(), "[a-z][a-z0-9]{0,9}")
            .prop_map(|(cluster, name)| { format!("{cluster}/namespaces/{name}").parse().unwrap() }),
        cluster_name().prop_map(NodeName::Cluster),
    ]
}

fn role() -> impl Strategy<Value = RoleName> {
    prop_oneof![Just("cluster.edit".to_owned()), "custom/[a-z]{1,9}"].prop_map(|text| text.parse().unwrap())
}

fn member() -> impl Strategy<Value = Member> {
    "(user|serviceAccount|group):[!-!#-~]{1,40}".prop_map(|text| text.parse().unwrap())
}

fn members() -> impl Strategy<Value = std::collections::BTreeSet<Member>> {
    collection::btree_set(member(), 0..4)
}

fn rights() -> impl Strategy<Value = Rights> {
    collection::vec(sample::select(Right::ALL), 0..6).prop_map(|rights| rights.into_iter().collect())
}

fn kinds() -> impl Strategy<Value = Kinds> {
    collection::vec(sample::select(Kind::ALL.to_vec()), 0..4).prop_map(|kinds| Kinds::of(&kinds))
}

fn group_name() -> impl Strategy<Value = GroupName> {
    "[a-z]{1,9}".prop_map(|label| format!("organizations/acme/groups/{label}").parse().unwrap())
}

fn revoke_name() -> impl Strategy<Value = RevokeName> {
    ("[a-z]{1,9}", uid()).prop_map(|(region, id)| format!("organizations/acme/revokes/{region}.{id}").parse().unwrap())
}

fn role_id() -> impl Strategy<Value = RoleId> {
    "[a-z]{1,9}".prop_map(|label| format!("organizations/acme/roles/{label}").parse().unwrap())
}

pub fn entity() -> impl Strategy<Value = Entity> {
    let binding = (node(), uid(), role(), member(), option::of(hlc()), option::of(hlc()), ".{0,20}", hlc());
    let group = (group_name(), uid(), ".{0,20}", ".{0,20}", members(), state(), ".{0,20}", hlc(), hlc());
    let custom = (role_id(), uid(), ".{0,20}", ".{0,20}", rights(), kinds(), state(), ".{0,20}", hlc(), hlc());
    let policy = (node(), uid(), ".{0,20}", hlc());
    let revoke = (revoke_name(), uid(), member(), option::of(node()), ".{0,20}", any::<u64>(), ".{0,20}", hlc());
    let lift = (revoke_name(), ".{0,20}", ".{0,20}", hlc());
    let glass = (organization_name(), uid(), option::of(member()), ".{0,20}", hlc());
    prop_oneof![
        revoke.prop_map(|(name, organization_uid, member, node, reason, seen, author, create_time)| {
            let seen = ids::Seq(seen);
            Revoke { name, organization_uid, member, node, reason, seen, author, create_time }.into()
        }),
        lift.prop_map(|(revoke, reason, author, create_time)| Lift { revoke, reason, author, create_time }.into()),
        glass.prop_map(|(organization, organization_uid, member, author, update_time)| {
            BreakGlass { organization, organization_uid, member, author, update_time }.into()
        }),
        policy.prop_map(|(node, node_uid, author, update_time)| {
            AccessPolicy { node, node_uid, author, update_time }.into()
        }),
        binding.prop_map(|(node, node_uid, role, member, from, until, author, update_time)| {
            Binding { node, node_uid, role, member, from, until, author, update_time }.into()
        }),
        group.prop_map(|(name, uid, display_name, description, members, state, author, create_time, update_time)| {
            Group { name, uid, display_name, description, members, state, author, create_time, update_time }.into()
        }),
        custom.prop_map(
            |(name, uid, display_name, description, rights, bound_at, state, author, create_time, update_time)| {
                CustomRole {
                    name,
                    uid,
                    display_name,
                    description,
                    rights,
                    bound_at,
                    state,
                    author,
                    create_time,
                    update_time,
                }
                .into()
            }
        ),
    ]
}

fn change_policy() -> impl Strategy<Value = Command> {
    let given = (role(), member(), option::of(hlc()), option::of(hlc()));
    let given = given.prop_map(|(role, member, from, until)| Given { role, member, from, until });
    let take = prop_oneof![Just(Take::AllElse), collection::vec((role(), member()), 0..3).prop_map(Take::These),];
    (node(), collection::vec(given, 0..4), take, etag())
        .prop_map(|(node, give, take, etag)| ChangePolicy { node, give, take, etag }.into())
}

pub fn command() -> impl Strategy<Value = Command> {
    let texts = || option::of(".{0,20}");
    let create_group = (group_name(), ".{0,20}", ".{0,20}", members());
    let update_group = (group_name(), texts(), texts(), members(), members(), etag());
    let create_role = (role_id(), ".{0,20}", ".{0,20}", rights(), kinds());
    let update_role = (role_id(), texts(), texts(), option::of(rights()), etag());
    prop_oneof![
        change_policy().boxed(),
        create_group
            .prop_map(|(name, display_name, description, members)| {
                CreateGroup { name, display_name, description, members }.into()
            })
            .boxed(),
        update_group
            .prop_map(|(name, display_name, description, add, remove, etag)| {
                UpdateGroup { name, display_name, description, add, remove, etag }.into()
            })
            .boxed(),
        (group_name(), etag()).prop_map(|(name, etag)| DeleteGroup { name, etag }.into()).boxed(),
        create_role
            .prop_map(|(name, display_name, description, rights, bound_at)| {
                CreateRole { name, display_name, description, rights, bound_at }.into()
            })
            .boxed(),
        update_role
            .prop_map(|(name, display_name, description, rights, etag)| {
                UpdateRole { name, display_name, description, rights, etag }.into()
            })
            .boxed(),
        (role_id(), etag()).prop_map(|(name, etag)| DeleteRole { name, etag }.into()).boxed(),
        (revoke_name(), member(), option::of(node()), ".{0,20}")
            .prop_map(|(name, member, node, reason)| CreateRevoke { name, member, node, reason }.into())
            .boxed(),
        (revoke_name(), ".{0,20}").prop_map(|(name, reason)| LiftRevoke { name, reason }.into()).boxed(),
        (organization_name(), option::of(member()), etag())
            .prop_map(|(organization, member, etag)| SetBreakGlass { organization, member, etag }.into())
            .boxed(),
    ]
}
