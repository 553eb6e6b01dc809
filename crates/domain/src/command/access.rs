//! Who may do what.

use std::collections::BTreeSet;

use access::{Kinds, Member, NodeName, Rights, RoleName};
use ids::{GroupName, Hlc, OrganizationName, Revision, RevokeName, RoleId};

/// Gives roles on a node, and takes them. One role of one member is bound once on a node: what is given again replaces what was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePolicy {
    pub node: NodeName,
    pub give: Vec<Given>,
    pub take: Take,
    /// Of the node's policy as a whole, not of the node.
    pub etag: Option<Revision>,
}

/// A role for a member, perhaps for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub role: RoleName,
    pub member: Member,
    pub from: Option<Hlc>,
    pub until: Option<Hlc>,
}

/// What is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// These, each of which is there.
    These(Vec<(RoleName, Member)>),
    /// Whatever is not given: what is given is the whole policy.
    AllElse,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateGroup {
    pub name: GroupName,
    pub display_name: String,
    pub description: String,
    pub members: BTreeSet<Member>,
}

/// Changes the texts and the members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateGroup {
    pub name: GroupName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub add: BTreeSet<Member>,
    pub remove: BTreeSet<Member>,
    pub etag: Option<Revision>,
}

/// Deletes a group. Nobody has anything by it any more; its name is not taken again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteGroup {
    pub name: GroupName,
    pub etag: Option<Revision>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRole {
    pub name: RoleId,
    pub display_name: String,
    pub description: String,
    pub rights: Rights,
    pub bound_at: Kinds,
}

/// Changes a role, for everyone who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRole {
    pub name: RoleId,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub rights: Option<Rights>,
    pub etag: Option<Revision>,
}

/// Deletes a role. Nobody has anything by it any more; its name is not taken again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteRole {
    pub name: RoleId,
    pub etag: Option<Revision>,
}

/// Takes everything from a member, at once. Decided by the region that its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRevoke {
    pub name: RevokeName,
    pub member: Member,
    /// `None`: everywhere in the organization.
    pub node: Option<NodeName>,
    pub reason: String,
}

/// Ends a revoke, which whoever asks has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiftRevoke {
    pub name: RevokeName,
    pub reason: String,
}

/// Names the one identity whom revokes do not bind, or nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetBreakGlass {
    pub organization: OrganizationName,
    pub member: Option<Member>,
    pub etag: Option<Revision>,
}
