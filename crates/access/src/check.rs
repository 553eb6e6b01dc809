//! May this caller do this to this node, now.

use ids::Hlc;

use crate::{Arena, Caller, Kind, NodeName, Right, Rights, arena::Path};

/// The answer to one question. Who asks from outside is told apart only what they may see: see [`crate::Explanation::shown_to`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    Denied(Denial),
}

/// Why not. Of several reasons, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// There is no such node, as far as is known.
    NotFound,
    /// The right is asked on nodes of another kind.
    NotAsked,
    /// A revoke holds, whatever was granted.
    Revoked,
    /// Nothing that was granted holds it.
    NotGranted,
}

impl Decision {
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

impl Arena {
    /// Takes no lock, and no memory where the caller claims no groups.
    pub fn check(&self, caller: Caller<'_>, right: Right, node: &NodeName, now: Hlc) -> Decision {
        let Some(path) = self.path_of(node) else { return Decision::Denied(Denial::NotFound) };
        if right.kind() != node.kind() {
            return Decision::Denied(Denial::NotAsked);
        }
        match self.held(caller, &path, now) {
            Some(rights) if rights.contains(right) => Decision::Allowed,
            Some(_) => Decision::Denied(Denial::NotGranted),
            None => Decision::Denied(Denial::Revoked),
        }
    }

    /// The rights that the caller has on the node. None on a node that is not known.
    pub fn effective(&self, caller: Caller<'_>, node: &NodeName, now: Hlc) -> Rights {
        let held = self.path_of(node).and_then(|path| self.held(caller, &path, now));
        held.unwrap_or_default().on(node.kind())
    }

    /// The caller sees that the node is there.
    pub fn may_see(&self, caller: Caller<'_>, node: &NodeName, now: Hlc) -> bool {
        self.check(caller, get(node.kind()), node, now).is_allowed()
    }

    /// What is granted anywhere on the path, asked on whatever kind of nodes. `None`: revoked.
    pub(crate) fn held(&self, caller: Caller<'_>, path: &Path<'_>, now: Hlc) -> Option<Rights> {
        let who = self.who(caller);
        let (mut rights, mut revoked) = (Rights::NONE, false);
        for (_, node) in path.nodes() {
            node.revokes_of(&who, |of| revoked |= self.binds(&of.revoke, caller));
            node.grants_of(&who, |grant| {
                let given = self.rights_of(grant, node.name.kind());
                // The binding lies elsewhere in memory, and is looked at only where it can matter.
                if !given.without(rights).is_empty() && grant.holds_at(now) {
                    rights |= given;
                }
            });
        }
        (!revoked).then_some(rights)
    }

    /// Some revokes do not bind the caller.
    pub(crate) fn breaks_glass(&self, caller: Caller<'_>) -> bool {
        self.break_glass() == Some(caller.member)
    }
}

/// The right to see a node of that kind.
pub(crate) fn get(kind: Kind) -> Right {
    match kind {
        Kind::Organization => Right::OrganizationGet,
        Kind::Folder => Right::FolderGet,
        Kind::Project => Right::ProjectGet,
        Kind::Cluster => Right::ClusterGet,
        Kind::Namespace => Right::NamespaceGet,
    }
}

/// The right to see who may do what on a node of that kind.
pub(crate) fn get_policy(kind: Kind) -> Right {
    match kind {
        Kind::Organization => Right::OrganizationGetPolicy,
        Kind::Folder => Right::FolderGetPolicy,
        Kind::Project => Right::ProjectGetPolicy,
        Kind::Cluster => Right::ClusterGetPolicy,
        Kind::Namespace => Right::NamespaceGetPolicy,
    }
}
