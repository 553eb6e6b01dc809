//! Access policies, bindings, groups and roles, to messages and back.

use std::collections::BTreeSet;

use access::{Kind, Kinds, Member, Rights, RoleName};
use domain::{AccessPolicy, Binding, CustomRole, Group};
use ids::Hlc;

use super::{state_in, state_out, uid_out};
use crate::{
    Error,
    field::{name_in, sixteen_bytes_in, text_in, uid_in},
    proto,
};

const POLICY: &str = "an access policy";
const BINDING: &str = "a binding";
const GROUP: &str = "a group";
const ROLE: &str = "a role";

impl From<&AccessPolicy> for proto::AccessPolicy {
    fn from(row: &AccessPolicy) -> Self {
        let AccessPolicy { node, node_uid, author, update_time } = row;
        let (node, node_uid) = (node.to_string(), uid_out(node_uid));
        Self { node, node_uid, author: author.clone(), update_time: update_time.0 }
    }
}

impl TryFrom<proto::AccessPolicy> for AccessPolicy {
    type Error = Error;

    fn try_from(message: proto::AccessPolicy) -> Result<Self, Error> {
        let proto::AccessPolicy { node, node_uid, author, update_time } = message;
        let node = name_in(POLICY, "node", &node)?;
        let node_uid = sixteen_bytes_in(POLICY, "node_uid", &node_uid)?;
        Ok(Self { node, node_uid, author, update_time: Hlc(update_time) })
    }
}

impl From<&Binding> for proto::Binding {
    fn from(row: &Binding) -> Self {
        let Binding { node, node_uid, role, member, from, until, author, update_time } = row;
        Self {
            node: node.to_string(),
            node_uid: uid_out(node_uid),
            role: role.to_string(),
            member: member.to_string(),
            from: from.map(|from| from.0),
            until: until.map(|until| until.0),
            author: author.clone(),
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::Binding> for Binding {
    type Error = Error;

    fn try_from(message: proto::Binding) -> Result<Self, Error> {
        let proto::Binding { node, node_uid, role, member, from, until, author, update_time } = message;
        Ok(Self {
            node: name_in(BINDING, "node", &node)?,
            node_uid: sixteen_bytes_in(BINDING, "node_uid", &node_uid)?,
            role: role_in(BINDING, "role", &role)?,
            member: member_in(BINDING, "member", &member)?,
            from: from.map(Hlc),
            until: until.map(Hlc),
            author,
            update_time: Hlc(update_time),
        })
    }
}

impl From<&Group> for proto::Group {
    fn from(row: &Group) -> Self {
        let Group { name, uid, display_name, description, members, state, author, create_time, update_time } = row;
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            display_name: display_name.clone(),
            description: description.clone(),
            members: members_out(members),
            state: state_out(*state),
            author: author.clone(),
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::Group> for Group {
    type Error = Error;

    fn try_from(message: proto::Group) -> Result<Self, Error> {
        let proto::Group { name, uid, display_name, description, members, state, author, create_time, update_time } =
            message;
        Ok(Self {
            name: name_in(GROUP, "name", &name)?,
            uid: uid_in(GROUP, &uid)?,
            display_name,
            description,
            members: members_in(GROUP, "members", &members)?,
            state: state_in(GROUP, state)?,
            author,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}

impl From<&CustomRole> for proto::CustomRole {
    fn from(row: &CustomRole) -> Self {
        let CustomRole {
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
        } = row;
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            display_name: display_name.clone(),
            description: description.clone(),
            rights: rights_out(*rights),
            bound_at: kinds_out(*bound_at),
            state: state_out(*state),
            author: author.clone(),
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::CustomRole> for CustomRole {
    type Error = Error;

    fn try_from(message: proto::CustomRole) -> Result<Self, Error> {
        let proto::CustomRole {
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
        } = message;
        Ok(Self {
            name: name_in(ROLE, "name", &name)?,
            uid: uid_in(ROLE, &uid)?,
            display_name,
            description,
            rights: rights_in(ROLE, &rights)?,
            bound_at: kinds_in(ROLE, &bound_at)?,
            state: state_in(ROLE, state)?,
            author,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}

pub(crate) fn role_in(what: &'static str, field: &'static str, value: &str) -> Result<RoleName, Error> {
    text_in(what, field, value, "a predefined role such as cluster.edit, or custom/{role}")
}

pub(crate) fn member_in(what: &'static str, field: &'static str, value: &str) -> Result<Member, Error> {
    text_in(what, field, value, "user:{id}, serviceAccount:{id} or group:{id}")
}

pub(crate) fn members_out(members: &BTreeSet<Member>) -> Vec<String> {
    let texts: BTreeSet<String> = members.iter().map(Member::to_string).collect();
    texts.into_iter().collect()
}

pub(crate) fn members_in(
    what: &'static str,
    field: &'static str,
    members: &[String],
) -> Result<BTreeSet<Member>, Error> {
    members.iter().map(|member| member_in(what, field, member)).collect()
}

pub(crate) fn rights_out(rights: Rights) -> Vec<String> {
    rights.iter().map(|right| right.name().to_owned()).collect()
}

pub(crate) fn rights_in(what: &'static str, rights: &[String]) -> Result<Rights, Error> {
    rights.iter().map(|right| text_in(what, "rights", right, "a right such as cluster.get")).collect()
}

pub(crate) fn kinds_out(kinds: Kinds) -> Vec<String> {
    kinds.iter().map(|kind| kind.to_string()).collect()
}

pub(crate) fn kinds_in(what: &'static str, kinds: &[String]) -> Result<Kinds, Error> {
    let kind = |kind: &String| text_in(what, "bound_at", kind, "organization, folder, project, cluster or namespace");
    let kinds = kinds.iter().map(kind).collect::<Result<Vec<Kind>, Error>>()?;
    Ok(Kinds::of(&kinds))
}
