//! What a change would do: who gains or loses which rights on which nodes.
//!
//! A right that is granted on a folder is held on ten thousand clusters below it, by everyone in a group. So the result is told by where it
//! begins: a difference holds on a node and on all below it, until another one below says otherwise; and members who are granted what they
//! have in the same way are one class. [`Blast::each`] says it in full.

use std::collections::{BTreeMap, BTreeSet};

use ids::Hlc;

use crate::{
    Arena, Caller, Change, Member, NodeName, Rights,
    arena::{Node, Principal},
    slots::Ix,
};

mod affected;
mod marks;
mod telling;
mod tour;

use marks::Marks;
use telling::Telling;
pub(crate) use telling::Totals;
use tour::Tour;

/// The difference between two arenas at one time.
pub struct Blast {
    before: Arena,
    after: Arena,
    pub at: Hlc,
    /// Nodes that are made, moved or removed.
    moved: BTreeSet<NodeName>,
    tour: Tour,
    /// Those for whom something changes, in the order of their first members. Nobody is in two of them. Groups are among the members: what a
    /// group gains or loses is for those whom a token puts into it.
    pub classes: Vec<Class>,
}

/// Members for whom the same changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// In order.
    pub members: Vec<Member>,
    /// On how many nodes something changes for each of them.
    pub nodes: usize,
    pub(crate) totals: Totals,
}

/// What changes on a node and on every node below it, except from another difference of the class on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub node: NodeName,
    /// On each node, those that are asked on its kind.
    pub gained: Rights,
    pub lost: Rights,
    /// On how many nodes it changes something.
    pub nodes: usize,
    /// The node is there before the change only. This speaks of no other node.
    pub removed: bool,
}

/// What decides about a member: those of its principals that have grants or revokes, and whether revokes bind it.
type Key = (BTreeSet<Ix<Principal>>, bool);

impl Blast {
    /// Of changes that lead from `before` to `after`.
    pub(crate) fn of(before: &Arena, after: &Arena, changes: &[Change], at: Hlc) -> Self {
        let members = affected::members(before, after, changes);
        let tour = if members.is_empty() { Tour::default() } else { Tour::of(after) };
        let (before, after) = (before.clone(), after.clone());
        let mut blast = Self { before, after, at, moved: affected::nodes(changes), tour, classes: Vec::new() };
        blast.classes = blast.classify(members);
        blast
    }

    fn classify(&self, members: BTreeSet<Member>) -> Vec<Class> {
        let mut alike: BTreeMap<(Key, Key), Vec<Member>> = BTreeMap::new();
        for member in members {
            alike.entry((key(&self.before, &member), key(&self.after, &member))).or_default().push(member);
        }
        let mut marks = self.marks();
        let mut classes = Vec::new();
        for members in alike.into_values() {
            let Some(telling) = members.first().map(|member| self.tell(member, &mut marks)) else { continue };
            let totals = telling.totals();
            let nodes = totals.values().map(tour::Sum::count).sum();
            if nodes > 0 {
                classes.push(Class { members, nodes, totals });
            }
        }
        classes.sort_by(|one, other| one.members.cmp(&other.members));
        classes
    }

    fn marks(&self) -> [Marks<'_>; 2] {
        [&self.before, &self.after].map(|arena| Marks::new(arena, &self.tour, self.at))
    }

    /// The differences of a class: first those of removed nodes, then from the root down.
    pub fn differences(&self, class: &Class) -> Vec<Difference> {
        let telling = class.members.first().map(|member| self.tell(member, &mut self.marks()));
        telling.map(|telling| telling.told(&self.after)).unwrap_or_default()
    }

    /// Between the nodes on which something is set before or after, or that moved, all is as above.
    fn tell(&self, member: &Member, marks: &mut [Marks<'_>; 2]) -> Telling<'_> {
        let caller = Caller::from(member);
        let mut telling = Telling::new(&self.tour);
        let [had, has] = marks;
        let mut all: Vec<_> =
            had.of(caller).map(|mark| (mark, false)).chain(has.of(caller).map(|mark| (mark, true))).collect();
        // Nothing before says how a node that moved stands now, and nothing above it now how it stood then.
        let mut moved = BTreeMap::new();
        for name in &self.moved {
            let before = self.before.path_of(name).and_then(|path| self.before.held(caller, &path, self.at));
            match self.after.nodes.find(name).and_then(|ix| self.tour.mark(ix)) {
                Some(mark) => {
                    moved.insert(mark.place, before);
                    all.push((mark, true));
                }
                None => telling.removed(name, before.unwrap_or_default()),
            }
        }
        all.sort_by_key(|(mark, _)| mark.place);
        for marks in all.chunk_by(|(one, _), (other, _)| one.place == other.place) {
            let before = marks.first().and_then(|(mark, _)| moved.get(&mark.place));
            telling.compared(marks, before.copied());
        }
        telling
    }

    /// Sees every member and node with what is gained and lost there. Something is.
    pub fn each(&self, mut see: impl FnMut(&Member, &NodeName, Rights, Rights)) {
        for class in &self.classes {
            let mut told = |node: &NodeName, difference: &Difference| {
                let (gained, lost) = (difference.gained.on(node.kind()), difference.lost.on(node.kind()));
                if !(gained | lost).is_empty() {
                    class.members.iter().for_each(|member| see(member, node, gained, lost));
                }
            };
            let differences = self.differences(class);
            let here: BTreeMap<&NodeName, &Difference> =
                differences.iter().map(|difference| (&difference.node, difference)).collect();
            for difference in differences.iter().filter(|difference| difference.removed) {
                told(&difference.node, difference);
            }
            let mut open: Vec<(Ix<Node>, Option<&Difference>)> = vec![(self.after.root, None)];
            while let Some((ix, above)) = open.pop() {
                let Some(node) = self.after.nodes.get(ix).filter(|node| node.placed.is_some()) else { continue };
                let difference = here.get(&node.name).copied().or(above);
                difference.into_iter().for_each(|difference| told(&node.name, difference));
                open.extend(node.children.iter().map(|child| (*child, difference)));
            }
        }
    }
}

fn key(arena: &Arena, member: &Member) -> Key {
    let caller = Caller::from(member);
    let mut decisive = BTreeSet::new();
    for (ix, principal) in arena.principals_of(caller) {
        if !principal.on.is_empty() || !principal.revokes.is_empty() {
            decisive.insert(ix);
        }
    }
    (decisive, arena.breaks_glass(caller))
}
