//! Why a change is refused.

use ids::{ContainerName, FolderName, Hlc, Label, Log, OrganizationName};

use crate::{Kinds, Member, NodeName, RevokeId, RoleName};

/// A change that is not made. The first ones say that the change makes no sense whatever else is known, the others that it makes none as
/// things stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("found it in the log {here}: wanted {log}, the only one that may say so")]
    WrongLog { here: Log, log: Log },
    #[error("changed {node}: wanted a node of {organization}")]
    OtherOrganization { node: NodeName, organization: OrganizationName },
    #[error("put {folder} into {parent}, which is the folder itself or below it")]
    FolderCycle { folder: FolderName, parent: ContainerName },
    #[error("gave members to {member}: wanted a group:{{id}}")]
    NotAGroup { member: Member },
    /// Each is in the next, and the last is the first.
    #[error("made groups a cycle: {}", cycle.iter().map(Member::to_string).collect::<Vec<_>>().join(" in "))]
    GroupCycle { cycle: Vec<Member> },
    #[error("named {member} for breaking glass: wanted a user or a service account")]
    NotAnIdentity { member: Member },

    #[error("found no node {node}")]
    UnknownNode { node: NodeName },
    #[error("removed {node}, which has nodes below it")]
    HasChildren { node: NodeName },
    #[error("found no role {role}")]
    UnknownRole { role: RoleName },
    #[error("bound {role} on {node}: wanted a node of kind {bound_at}")]
    NotBindable { role: RoleName, node: NodeName, bound_at: Kinds },
    #[error("bound {role} without an end: wanted a time until which it holds")]
    MustEnd { role: RoleName },
    #[error("bound a role from {from} until {until}: wanted an end after the beginning")]
    NeverHolds { from: Hlc, until: Hlc },
    #[error("bound {role} to nobody: wanted a member or more")]
    NoMembers { role: RoleName },
    #[error("found no binding {id} on {node}")]
    UnknownBinding { node: NodeName, id: Label },
    #[error("found no {group}")]
    UnknownGroup { group: Member },
    #[error("found no revoke {} of the log {}", id.request, id.log)]
    UnknownRevoke { id: RevokeId },
    #[error("revoked {member}, who breaks glass and cannot be revoked")]
    BreaksGlass { member: Member },
}
