//! What is wrong with a change as things stand. Asked before it goes on record, never when a record is applied.

use super::Arena;
use crate::{Binding, Change, NodeName, Refusal, RoleName};

impl Arena {
    /// The change can be made now: what it names is there, and a role is bound only where and how it may be.
    ///
    /// # Errors
    /// What is missing or wrong. Beyond it, [`Self::apply`] may refuse.
    pub fn validate(&self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::Place(place) => place.parent().map_or(Ok(()), |parent| self.check_known(&parent)),
            Change::Remove(node) => self.check_removable(node),
            Change::Bind(binding) => self.check_binding(binding),
            Change::Unbind { node, id } => match self.nodes.row(node) {
                Some(row) if row.bindings.contains_key(id) => Ok(()),
                _ => Err(Refusal::UnknownBinding { node: node.clone(), id: id.clone() }),
            },
            Change::Ungroup(name) => match self.principals.row(name) {
                Some(row) if row.group.is_some() => Ok(()),
                _ => Err(Refusal::UnknownGroup { group: name.clone() }),
            },
            Change::Unrole(name) => self.check_role(&RoleName::Custom(name.clone())),
            Change::Revoke(revoke) if self.break_glass() == Some(&revoke.member) => {
                Err(Refusal::BreaksGlass { member: revoke.member.clone() })
            }
            Change::Revoke(revoke) => revoke.node.as_ref().map_or(Ok(()), |node| self.check_known(node)),
            Change::Lift(id) if !self.revokes.contains_key(id) => Err(Refusal::UnknownRevoke { id: id.clone() }),
            Change::Group(_) | Change::Role(_) | Change::Lift(_) | Change::BreakGlass(_) => Ok(()),
        }
    }

    fn check_known(&self, node: &NodeName) -> Result<(), Refusal> {
        self.path_of(node).map(|_| ()).ok_or_else(|| Refusal::UnknownNode { node: node.clone() })
    }

    fn check_removable(&self, node: &NodeName) -> Result<(), Refusal> {
        self.check_known(node)?;
        match self.nodes.row(node) {
            Some(row) if !row.children.is_empty() => Err(Refusal::HasChildren { node: node.clone() }),
            _ => Ok(()),
        }
    }

    fn check_role(&self, role: &RoleName) -> Result<(), Refusal> {
        match (role, self.roles.row(role)) {
            (RoleName::Predefined(_), _) => Ok(()),
            (RoleName::Custom(_), Some(row)) if row.record.is_some() => Ok(()),
            _ => Err(Refusal::UnknownRole { role: role.clone() }),
        }
    }

    fn check_binding(&self, binding: &Binding) -> Result<(), Refusal> {
        self.check_known(&binding.node)?;
        self.check_role(&binding.role)?;
        let role = || binding.role.clone();
        if let Some(row) = self.roles.row(&binding.role) {
            if !row.bound_at.contains(binding.node.kind()) {
                let (node, bound_at) = (binding.node.clone(), row.bound_at);
                return Err(Refusal::NotBindable { role: role(), node, bound_at });
            }
            if row.must_end && binding.until.is_none() {
                return Err(Refusal::MustEnd { role: role() });
            }
        }
        if binding.members.is_empty() {
            return Err(Refusal::NoMembers { role: role() });
        }
        match (binding.from.unwrap_or_default(), binding.until) {
            (from, Some(until)) if until <= from => Err(Refusal::NeverHolds { from, until }),
            _ => Ok(()),
        }
    }
}
