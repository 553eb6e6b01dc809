//! Rows that say who may do what.

use std::collections::BTreeSet;

use access::{Kinds, Member, NodeName, Rights, RoleName};
use ids::{GroupName, Hlc, OrganizationName, RequestId, RevokeName, RoleId, Seq};

use super::State;

/// That something is or was bound on a node. Its bindings are rows of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPolicy {
    pub node: NodeName,
    /// As [`Binding::node_uid`].
    pub node_uid: RequestId,
    /// Who changed it last.
    pub author: String,
    /// When that was.
    pub update_time: Hlc,
}

/// One role of one member on one node and everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub node: NodeName,
    /// Of that node, and of a namespace that of its cluster: bindings do not count on another one that has the name later.
    pub node_uid: RequestId,
    pub role: RoleName,
    pub member: Member,
    /// It holds from then on.
    pub from: Option<Hlc>,
    /// It does not hold from then on.
    pub until: Option<Hlc>,
    /// Who asked for it as it is now.
    pub author: String,
    /// When that was.
    pub update_time: Hlc,
}

/// Members by one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: GroupName,
    /// As [`super::Organization::uid`].
    pub uid: RequestId,
    pub display_name: String,
    pub description: String,
    /// Those that are groups bring everyone who is in them.
    pub members: BTreeSet<Member>,
    /// A name that was DELETED is not taken again: bindings of its time may be left, and they are not meant for others.
    pub state: State,
    pub author: String,
    pub create_time: Hlc,
    pub update_time: Hlc,
}

/// A role that an organization made for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRole {
    pub name: RoleId,
    /// As [`super::Organization::uid`].
    pub uid: RequestId,
    pub display_name: String,
    pub description: String,
    pub rights: Rights,
    /// Kinds of nodes on which it may be bound.
    pub bound_at: Kinds,
    /// As [`Group::state`].
    pub state: State,
    pub author: String,
    pub create_time: Hlc,
    pub update_time: Hlc,
}

/// Takes everything from a member, on a node and below it or everywhere, whatever is granted. In the log of the region that issued it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke {
    pub name: RevokeName,
    /// Of the organization: revokes do not count in another one that has the name later.
    pub organization_uid: RequestId,
    pub member: Member,
    /// `None`: everywhere.
    pub node: Option<NodeName>,
    pub reason: String,
    /// How far the region knew the global log, and so who breaks glass.
    pub seen: Seq,
    pub author: String,
    pub create_time: Hlc,
}

/// Ends a revoke. In the global log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    pub revoke: RevokeName,
    pub reason: String,
    pub author: String,
    pub create_time: Hlc,
}

/// The one identity of an organization whom no revoke binds that knew of it. In the global log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    pub organization: OrganizationName,
    /// As [`Revoke::organization_uid`].
    pub organization_uid: RequestId,
    /// `None`: nobody, any more.
    pub member: Option<Member>,
    pub author: String,
    pub update_time: Hlc,
}
