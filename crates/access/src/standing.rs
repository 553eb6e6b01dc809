//! All that one caller was granted and revoked, by node: for questions about many nodes at once.

use std::collections::{BTreeMap, BTreeSet};

use ids::Hlc;

use crate::{
    Arena, Caller, Rights,
    arena::{Node, Path},
    slots::Ix,
};

/// What is set on nodes for one caller at one time. What holds on a node follows from the nodes above it.
#[derive(Default)]
pub(crate) struct Standing {
    held: BTreeMap<Ix<Node>, Rights>,
    revoked: BTreeSet<Ix<Node>>,
}

impl Standing {
    pub fn of(arena: &Arena, caller: Caller<'_>, now: Hlc) -> Self {
        let mut standing = Self::default();
        for (ix, principal) in arena.principals_of(caller) {
            arena.grants(ix, |node, row, grant| {
                if grant.holds_at(now) {
                    *standing.held.entry(node).or_default() |= arena.rights_of(grant, row.name.kind());
                }
            });
            let binding = principal.revokes.iter().filter(|revoked| arena.binds(&revoked.revoke, caller));
            standing.revoked.extend(binding.map(|revoked| revoked.node));
        }
        standing
    }

    /// What holds on the first node of the path, asked on whatever kind of nodes.
    pub fn on(&self, path: &Path<'_>) -> Rights {
        path.nodes().iter().rev().try_fold(Rights::NONE, |above, (node, _)| self.step(above, *node)).unwrap_or_default()
    }

    /// What holds on `node`, where `above` holds on its parent. `None`: nothing, and nothing below either.
    fn step(&self, above: Rights, node: Ix<Node>) -> Option<Rights> {
        if self.revoked.contains(&node) {
            return None;
        }
        Some(above | self.held.get(&node).copied().unwrap_or_default())
    }

    /// Sees `top` and every node below it on which something holds, with that.
    pub fn walk<'a>(&self, arena: &'a Arena, top: &Path<'_>, mut see: impl FnMut(&'a Node, Rights)) {
        let Some((first, _)) = top.nodes().first() else { return };
        // A revoke on `top` or above leaves nothing, whatever is granted below.
        if top.nodes().iter().any(|(node, _)| self.revoked.contains(node)) {
            return;
        }
        let mut open = vec![(*first, self.on(top))];
        while let Some((ix, rights)) = open.pop() {
            let Some(node) = arena.nodes.get(ix).filter(|node| node.placed.is_some()) else { continue };
            let here = rights.on(node.name.kind());
            if !here.is_empty() {
                see(node, here);
            }
            let below = node.children.iter().filter_map(|child| Some((*child, self.step(rights, *child)?)));
            open.extend(below);
        }
    }
}
