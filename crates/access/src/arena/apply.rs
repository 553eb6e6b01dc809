//! One change at a time, at the cost of what it touches.

use std::sync::Arc;

use ids::{ContainerName, FolderName, Label, Seq};

use super::{Arena, Bound, Grant, Node, Revoked, Role};
use crate::{
    Binding, Change, CustomRole, Kinds, Member, NodeName, Place, Record, Refusal, Revoke, RevokeId, Rights, RoleName,
    slots::Ix,
};

impl Arena {
    /// Makes a change that is on record.
    ///
    /// Refuses only what makes no sense whatever else is known; then nothing has changed. What is wrong as things stand, [`Self::validate`]
    /// says, before there is a record.
    ///
    /// # Errors
    /// [`Refusal::WrongLog`], [`Refusal::OtherOrganization`], [`Refusal::FolderCycle`], [`Refusal::NotAGroup`],
    /// [`Refusal::GroupCycle`], [`Refusal::NotAnIdentity`].
    pub fn apply(&mut self, change: &Change, record: &Arc<Record>) -> Result<(), Refusal> {
        let log = change.log();
        if record.position.log != log {
            return Err(Refusal::WrongLog { here: record.position.log.clone(), log });
        }
        match change {
            Change::Place(place) => self.place(place, record)?,
            Change::Remove(node) => self.remove(node),
            Change::Bind(binding) => self.bind(binding, record)?,
            Change::Unbind { node, id } => self.unbind(node, id),
            Change::Group(group) => self.set_group(group, record)?,
            Change::Ungroup(name) => self.remove_group(name),
            Change::Role(role) => self.set_role(role, record),
            Change::Unrole(name) => self.remove_role(name),
            Change::Revoke(revoke) => self.revoke(revoke, record)?,
            Change::Lift(id) => self.lift(id),
            Change::BreakGlass(member) => self.set_break_glass(member.as_ref(), record.position.seq)?,
        }
        self.positions.see(&record.position);
        Ok(())
    }

    fn check_organization(&self, node: &NodeName) -> Result<(), Refusal> {
        if node.is_of(&self.organization) {
            return Ok(());
        }
        Err(Refusal::OtherOrganization { node: node.clone(), organization: self.organization.clone() })
    }

    fn place(&mut self, place: &Place, record: &Arc<Record>) -> Result<(), Refusal> {
        let (name, parent) = (place.node(), place.parent());
        self.check_organization(&name)?;
        if let Some(parent) = &parent {
            self.check_organization(parent)?;
        }
        if let Place::Folder(folder, parent) = place {
            self.check_acyclic(folder, parent)?;
        }
        // The new parent first: as the row of a child it is not released in between.
        let parent = parent.map(|parent| self.nodes.intern(&parent));
        let ix = self.nodes.intern(&name);
        let old = self.nodes.get(ix).and_then(|row| row.parent);
        self.nodes.edit(ix, |row| {
            row.placed = Some(record.clone());
            row.parent = parent;
        });
        if old != parent {
            self.edit_children(parent, |children| {
                children.insert(ix);
            });
            self.edit_children(old, |children| {
                children.remove(&ix);
            });
        }
        Ok(())
    }

    fn check_acyclic(&self, folder: &FolderName, parent: &ContainerName) -> Result<(), Refusal> {
        let (name, first) = (NodeName::Folder(folder.clone()), NodeName::from(parent.clone()));
        let mut above = Some(&first);
        while let Some(node) = above {
            if *node == name {
                return Err(Refusal::FolderCycle { folder: folder.clone(), parent: parent.clone() });
            }
            let row = self.nodes.row(node);
            above = row.and_then(|row| row.parent).and_then(|ix| self.nodes.get(ix)).map(|row| &row.name);
        }
        Ok(())
    }

    fn remove(&mut self, name: &NodeName) {
        let Some(ix) = self.nodes.find(name) else { return };
        let parent = self.nodes.get(ix).and_then(|row| row.parent);
        self.edit_children(parent, |children| {
            children.remove(&ix);
        });
        // Another node may have the name later. A node and its bindings are in one log, so none of these is of that other one. Revokes are
        // of any log, and stay.
        let bindings = self.nodes.get(ix).map(|row| row.bindings.keys().cloned().collect::<Vec<_>>());
        bindings.iter().flatten().for_each(|id| self.unbind(name, id));
        self.nodes.edit(ix, |row| (row.placed, row.parent) = (None, None));
    }

    fn edit_children(&mut self, parent: Option<Ix<Node>>, change: impl FnOnce(&mut imbl::OrdSet<Ix<Node>>)) {
        if let Some(parent) = parent {
            self.nodes.edit(parent, |row| change(&mut row.children));
        }
    }

    fn bind(&mut self, binding: &Binding, record: &Arc<Record>) -> Result<(), Refusal> {
        self.check_organization(&binding.node)?;
        self.unbind(&binding.node, &binding.id);
        let node = self.nodes.intern(&binding.node);
        let bound = Arc::new(Bound { binding: binding.clone(), record: record.clone() });
        let role = self.roles.intern(&binding.role);
        let must_end = self.roles.get(role).is_some_and(|row| row.must_end);
        let mut grants = Vec::with_capacity(binding.members.len());
        for member in &binding.members {
            let principal = self.principals.intern(member);
            self.principals.edit(principal, |row| {
                let at = row.on.partition_point(|other| *other < node);
                row.on.insert(at, node);
            });
            grants.push(Grant { principal, role, must_end, bound: bound.clone() });
        }
        self.nodes.edit(node, |row| {
            row.bindings.insert(binding.id.clone(), bound);
            row.grants.extend(grants);
            row.grants.sort_by_key(|grant| grant.principal);
        });
        for edge in binding.from.iter().chain(&binding.until) {
            *self.edges.entry(*edge).or_insert(0) += 1;
        }
        Ok(())
    }

    fn unbind(&mut self, name: &NodeName, id: &Label) {
        let Some(node) = self.nodes.find(name) else { return };
        let Some(old) = self.nodes.get(node).and_then(|row| row.bindings.get(id)).cloned() else { return };
        for member in &old.binding.members {
            let Some(principal) = self.principals.find(member) else { continue };
            self.principals.edit(principal, |row| {
                let at = row.on.partition_point(|other| *other < node);
                row.on.remove(at);
            });
        }
        self.nodes.edit(node, |row| {
            row.bindings.remove(id);
            row.grants.retain(|grant| !Arc::ptr_eq(&grant.bound, &old));
        });
        for edge in old.binding.from.iter().chain(&old.binding.until) {
            match self.edges.get_mut(edge) {
                Some(count) if *count > 1 => *count -= 1,
                _ => _ = self.edges.remove(edge),
            }
        }
    }

    fn set_role(&mut self, role: &CustomRole, record: &Arc<Record>) {
        let (rights, bound_at, record) = (role.rights, role.bound_at, Some(record.clone()));
        let name = RoleName::Custom(role.name.clone());
        let ix = self.roles.intern(&name);
        self.roles.edit(ix, |row| *row = Role { name, rights, bound_at, must_end: false, record });
    }

    fn remove_role(&mut self, name: &Label) {
        let name = RoleName::Custom(name.clone());
        if let Some(ix) = self.roles.find(&name) {
            self.roles.edit(ix, |row| {
                (row.rights, row.bound_at, row.record) = (Rights::NONE, Kinds::default(), None);
            });
        }
    }

    fn revoke(&mut self, revoke: &Revoke, record: &Arc<Record>) -> Result<(), Refusal> {
        if let Some(node) = &revoke.node {
            self.check_organization(node)?;
        }
        if self.lifted.contains(&revoke.id) {
            return Ok(());
        }
        self.drop_revoke(&revoke.id);
        let node = revoke.node.as_ref().map_or(self.root, |node| self.nodes.intern(node));
        let principal = self.principals.intern(&revoke.member);
        let revoked = Arc::new(Revoked { revoke: revoke.clone(), record: record.clone(), node, principal });
        self.principals.edit(principal, |row| row.revokes.push(revoked.clone()));
        self.nodes.edit(node, |row| {
            let at = row.revokes.partition_point(|other| other.principal <= principal);
            row.revokes.insert(at, revoked.clone());
        });
        self.revokes.insert(revoke.id.clone(), revoked);
        Ok(())
    }

    fn lift(&mut self, id: &RevokeId) {
        self.lifted.insert(id.clone());
        self.drop_revoke(id);
    }

    fn drop_revoke(&mut self, id: &RevokeId) {
        let Some(revoked) = self.revokes.remove(id) else { return };
        self.nodes.edit(revoked.node, |row| row.revokes.retain(|other| !Arc::ptr_eq(other, &revoked)));
        self.principals.edit(revoked.principal, |row| row.revokes.retain(|other| !Arc::ptr_eq(other, &revoked)));
    }

    fn set_break_glass(&mut self, member: Option<&Member>, since: Seq) -> Result<(), Refusal> {
        if let Some(member) = member.filter(|member| member.is_group()) {
            return Err(Refusal::NotAnIdentity { member: member.clone() });
        }
        // Named once more, it is the one since it was named first.
        let same = self.break_glass.take().filter(|(known, _)| Some(known) == member);
        self.break_glass = same.or_else(|| member.map(|member| (member.clone(), since)));
        Ok(())
    }
}
