//! What is set on nodes, by their places in a tour. Worked out once for each principal: many members are in the same groups.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use ids::Hlc;

use super::tour::Tour;
use crate::{
    Arena, Caller, Rights,
    arena::{Node, Principal, Revoked},
    slots::Ix,
};

/// Something that is set on a node.
#[derive(Clone, Copy)]
pub struct Mark {
    pub node: Ix<Node>,
    pub place: u32,
    /// The first place that is not below the node.
    pub end: u32,
    pub held: Rights,
    pub revoked: bool,
}

/// A mark, and of a revoke which one.
type Marked = (Mark, Option<Arc<Revoked>>);

/// What the arena before or after a change has set, in the places of the one after it. What is set on nodes that have no place is left out.
///
/// An index means the same node in both, but for nodes that the change removed or made, and of those nothing that was set before is asked.
pub struct Marks<'a> {
    arena: &'a Arena,
    tour: &'a Tour,
    at: Hlc,
    known: BTreeMap<Ix<Principal>, Rc<[Marked]>>,
}

impl<'a> Marks<'a> {
    pub fn new(arena: &'a Arena, tour: &'a Tour, at: Hlc) -> Self {
        Self { arena, tour, at, known: BTreeMap::new() }
    }

    /// Of every principal of the caller, one after the other, each by place.
    pub fn of(&mut self, caller: Caller<'_>) -> impl Iterator<Item = Mark> + use<> {
        let arena = self.arena;
        let breaks_glass = arena.breaks_glass(caller).then(|| arena.clone());
        let member = caller.member.clone();
        let mut all = Vec::new();
        for (ix, principal) in arena.principals_of(caller) {
            if !self.known.contains_key(&ix) {
                let marks = self.of_principal(ix, principal);
                self.known.insert(ix, marks);
            }
            all.extend(self.known.get(&ix).cloned());
        }
        let one = |marks: Rc<[Marked]>| (0..marks.len()).filter_map(move |at| marks.get(at).cloned());
        all.into_iter().flat_map(one).map(move |(mark, revoked)| {
            let spared = revoked.zip(breaks_glass.as_ref());
            let spared = spared.is_some_and(|(revoked, arena)| !arena.binds(&revoked.revoke, (&member).into()));
            Mark { revoked: mark.revoked && !spared, ..mark }
        })
    }

    fn of_principal(&self, ix: Ix<Principal>, principal: &Principal) -> Rc<[Marked]> {
        let mut marks = Vec::new();
        self.arena.grants(ix, |node, row, grant| {
            if grant.holds_at(self.at) {
                let held = self.arena.rights_of(grant, row.name.kind());
                marks.extend(self.tour.mark(node).map(|mark| (Mark { held, ..mark }, None)));
            }
        });
        for revoked in &principal.revokes {
            let mark = self.tour.mark(revoked.node).map(|mark| Mark { revoked: true, ..mark });
            marks.extend(mark.map(|mark| (mark, Some(Arc::clone(revoked)))));
        }
        marks.sort_by_key(|(mark, _): &Marked| mark.place);
        marks.into()
    }
}
