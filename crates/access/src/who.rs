//! Questions about many: who may do something, and where somebody may.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ids::{Hlc, Label};

use crate::{
    Arena, Binding, Caller, CustomRole, Group, Member, NodeName, Record, Right, Rights, RoleName, arena::Path,
    standing::Standing,
};

/// The bindings of one node, and those of the nodes above it that hold there as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// By id.
    pub direct: Vec<(Binding, Record)>,
    /// From the root down, then by id.
    pub inherited: Vec<(Binding, Record)>,
}

impl Arena {
    /// Whether or not their time boxes are open. `None`: there is no such node.
    pub fn policy(&self, node: &NodeName) -> Option<Policy> {
        let path = self.path_of(node)?;
        let mut by_node = path.nodes().iter().map(|(_, row)| {
            row.bindings.values().map(|bound| (bound.binding.clone(), (*bound.record).clone())).collect::<Vec<_>>()
        });
        let direct = by_node.next().unwrap_or_default();
        let above: Vec<_> = by_node.collect();
        Some(Policy { direct, inherited: above.into_iter().rev().flatten().collect() })
    }

    /// The record that put a node where it is. `None`: there is no such node.
    pub fn placed(&self, node: &NodeName) -> Option<Arc<Record>> {
        self.path_of(node)?.nodes().first()?.1.placed.clone()
    }

    /// A group that is on record.
    pub fn group(&self, name: &Member) -> Option<&Group> {
        Some(&self.principals.row(name)?.group.as_ref()?.0)
    }

    /// A role that the organization made.
    pub fn custom_role(&self, name: &Label) -> Option<CustomRole> {
        let row = self.roles.row(&RoleName::Custom(name.clone()))?;
        row.record.as_ref()?;
        Some(CustomRole { name: name.clone(), rights: row.rights, bound_at: row.bound_at })
    }

    /// The nodes from the root down to this one. `None`: there is no such node.
    pub fn way(&self, node: &NodeName) -> Option<Vec<NodeName>> {
        let path = self.path_of(node)?;
        Some(path.nodes().iter().rev().map(|(_, row)| row.name.clone()).collect())
    }

    /// `top` and every node below it on which the caller has rights, with those.
    pub fn effective_below(&self, caller: Caller<'_>, top: &NodeName, now: Hlc) -> BTreeMap<NodeName, Rights> {
        let mut found = BTreeMap::new();
        if let Some(path) = self.path_of(top) {
            Standing::of(self, caller, now).walk(self, &path, |node, rights| {
                found.insert(node.name.clone(), rights);
            });
        }
        found
    }

    /// The nodes on which the caller has the right.
    pub fn where_can(&self, caller: Caller<'_>, right: Right, now: Hlc) -> BTreeSet<NodeName> {
        let mut found = BTreeSet::new();
        if let Some(path) = self.path(self.root) {
            Standing::of(self, caller, now).walk(self, &path, |node, rights| {
                if rights.contains(right) {
                    found.insert(node.name.clone());
                }
            });
        }
        found
    }

    /// Who has the right on the node, by what is on record. A group among them means everyone who is in it, also those whose token says so.
    pub fn who_can(&self, right: Right, node: &NodeName, now: Hlc) -> BTreeSet<Member> {
        let mut bound = BTreeSet::new();
        for (_, node) in self.path_of(node).iter().flat_map(Path::nodes) {
            for binding in node.bindings.values().map(|bound| &bound.binding) {
                let role = self.roles.row(&binding.role);
                if role.is_some_and(|role| role.rights.contains(right)) && binding.holds_at(now) {
                    binding.members.iter().for_each(|member| self.within(member, &mut bound));
                }
            }
        }
        bound.retain(|member| self.check(member.into(), right, node, now).is_allowed());
        bound
    }
}
