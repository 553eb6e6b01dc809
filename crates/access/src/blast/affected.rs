//! For whom and where a change could matter at all. More than needed is compared in vain; less would be wrong.

use std::collections::BTreeSet;

use crate::{
    Arena, Change, Member, NodeName, RoleName,
    arena::{Node, Path},
    slots::Ix,
};

/// Nodes that are made, moved or removed.
pub fn nodes(changes: &[Change]) -> BTreeSet<NodeName> {
    let node = |change: &Change| match change {
        Change::Place(place) => Some(place.node()),
        Change::Remove(node) => Some(node.clone()),
        _ => None,
    };
    changes.iter().filter_map(node).collect()
}

/// Members for whom something could be different.
pub fn members(before: &Arena, after: &Arena, changes: &[Change]) -> BTreeSet<Member> {
    let mut named = BTreeSet::new();
    for arena in [before, after] {
        for change in changes {
            arena.named(change, &mut named);
        }
    }
    for node in nodes(changes) {
        moved(before, after, &node, &mut named);
    }
    let mut found = BTreeSet::new();
    for arena in [before, after] {
        let mut within = BTreeSet::new();
        named.iter().for_each(|member| arena.within(member, &mut within));
        found.append(&mut within);
    }
    found
}

/// Those set on the nodes that are above `node` before or after, but not both; and where it was out of reach, those set below it.
fn moved(before: &Arena, after: &Arena, node: &NodeName, named: &mut BTreeSet<Member>) {
    let names = |path: Option<Path<'_>>| -> BTreeSet<NodeName> {
        path.iter().flat_map(Path::nodes).map(|(_, node)| node.name.clone()).collect()
    };
    let [old, new] = [before, after].map(|arena| names(arena.path_of(node)));
    for name in old.symmetric_difference(&new) {
        [before, after].iter().for_each(|arena| arena.set_on(name, named));
    }
    if old.is_empty() != new.is_empty() {
        [before, after].iter().for_each(|arena| arena.set_below(node, named));
    }
}

impl Arena {
    /// Members whom a change names, by what is known here of its subject, before or after it.
    fn named(&self, change: &Change, named: &mut BTreeSet<Member>) {
        match change {
            Change::Bind(binding) => {
                named.extend(binding.members.iter().cloned());
                self.bound_by(&binding.node, &binding.id, named);
            }
            Change::Unbind { node, id } => self.bound_by(node, id, named),
            Change::Group(group) => {
                named.extend(group.members.iter().cloned());
                self.within(&group.name, named);
            }
            Change::Ungroup(name) => self.within(name, named),
            Change::Role(role) => self.given(&RoleName::Custom(role.name.clone()), named),
            Change::Unrole(name) => self.given(&RoleName::Custom(name.clone()), named),
            Change::Revoke(revoke) => {
                named.insert(revoke.member.clone());
                named.extend(self.revokes.get(&revoke.id).map(|revoked| revoked.revoke.member.clone()));
            }
            Change::Lift(id) => named.extend(self.revokes.get(id).map(|revoked| revoked.revoke.member.clone())),
            Change::BreakGlass(_) => named.extend(self.break_glass().cloned()),
            // Its bindings go with it.
            Change::Remove(node) => self.set_on(node, named),
            Change::Place(_) => {}
        }
    }

    fn bound_by(&self, node: &NodeName, id: &ids::Label, named: &mut BTreeSet<Member>) {
        let bound = self.nodes.row(node).and_then(|row| row.bindings.get(id));
        named.extend(bound.iter().flat_map(|bound| &bound.binding.members).cloned());
    }

    fn given(&self, role: &RoleName, named: &mut BTreeSet<Member>) {
        for bound in self.nodes.all().flat_map(|node| node.bindings.values()) {
            if bound.binding.role == *role {
                named.extend(bound.binding.members.iter().cloned());
            }
        }
    }

    /// Members for whom something is set on the node itself.
    fn set_on(&self, node: &NodeName, named: &mut BTreeSet<Member>) {
        let Some(ix) = self.nodes.find(node) else { return };
        self.set_on_row(ix, named);
        let revokes = self.nodes.get(ix).into_iter().flat_map(|row| &row.revokes);
        named.extend(revokes.map(|revoked| revoked.revoke.member.clone()));
    }

    fn set_on_row(&self, ix: Ix<Node>, named: &mut BTreeSet<Member>) {
        let bindings = self.nodes.get(ix).into_iter().flat_map(|row| row.bindings.values());
        named.extend(bindings.flat_map(|bound| &bound.binding.members).cloned());
    }

    fn set_below(&self, top: &NodeName, named: &mut BTreeSet<Member>) {
        let mut open: Vec<Ix<Node>> = self.nodes.find(top).into_iter().collect();
        while let Some(ix) = open.pop() {
            self.set_on_row(ix, named);
            open.extend(self.nodes.get(ix).into_iter().flat_map(|row| row.children.iter().copied()));
        }
    }
}
