//! What a change would do: who gains or loses which rights on which nodes.
//!
//! A right that is granted on a folder is held on ten thousand clusters below it, by everyone in a group. So the result is told by where it
//! begins: a difference holds on a node and on all below it, until another one below says otherwise; and members with the same differences
//! are one class. [`Blast::each`] says it in full.

use std::collections::{BTreeMap, BTreeSet};

use ids::Hlc;

use crate::{
    Arena, Caller, Change, Member, NodeName, Rights,
    arena::{Node, Principal},
    slots::Ix,
    standing::Standing,
};

mod affected;
mod telling;
mod tour;

use telling::Telling;
pub(crate) use telling::Totals;
use tour::Tour;

/// The difference between two arenas at one time.
#[derive(Clone)]
pub struct Blast {
    after: Arena,
    pub at: Hlc,
    /// Nobody is in two of them. Groups are among the members: what a group gains or loses is for those whom a token puts into it.
    pub classes: Vec<Class>,
}

/// Members for whom the same changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// In order.
    pub members: Vec<Member>,
    /// From the root down, but first those of removed nodes.
    pub differences: Vec<Difference>,
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
        let comparison = Comparison { before, after, moved: affected::nodes(changes), at };
        let members = affected::members(before, after, changes);
        Self { after: after.clone(), at, classes: comparison.classes(members) }
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
            let here: BTreeMap<&NodeName, &Difference> =
                class.differences.iter().map(|difference| (&difference.node, difference)).collect();
            for difference in here.values().filter(|difference| difference.removed) {
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

/// Two arenas, and the nodes that are not where they were.
struct Comparison<'a> {
    before: &'a Arena,
    after: &'a Arena,
    moved: BTreeSet<NodeName>,
    at: Hlc,
}

impl Comparison<'_> {
    fn classes(&self, members: BTreeSet<Member>) -> Vec<Class> {
        let mut alike: BTreeMap<(Key, Key), Vec<Member>> = BTreeMap::new();
        for member in members {
            alike.entry((key(self.before, &member), key(self.after, &member))).or_default().push(member);
        }
        if alike.is_empty() {
            return Vec::new();
        }
        let tour = Tour::of(self.after);
        let mut classes: BTreeMap<Vec<Difference>, (Vec<Member>, Totals)> = BTreeMap::new();
        for members in alike.into_values() {
            let Some((differences, totals)) = members.first().map(|member| self.differences(member, &tour)) else {
                continue;
            };
            if !totals.is_empty() {
                classes.entry(differences).or_insert((Vec::new(), totals)).0.extend(members);
            }
        }
        let class = |(differences, (mut members, totals)): (Vec<Difference>, (Vec<Member>, Totals))| {
            members.sort();
            Class { members, differences, totals }
        };
        classes.into_iter().map(class).collect()
    }

    fn differences(&self, member: &Member, tour: &Tour) -> (Vec<Difference>, Totals) {
        let caller = Caller::from(member);
        let had = Standing::of(self.before, caller, self.at);
        let has = Standing::of(self.after, caller, self.at);
        // Between the nodes on which something is set or that moved, all is as above.
        let set = had.nodes().filter_map(|ix| self.before.nodes.get(ix)).map(|node| &node.name);
        let (mut there, mut gone): (BTreeMap<u32, Ix<Node>>, BTreeSet<&NodeName>) = Default::default();
        for name in set.chain(&self.moved) {
            match self.after.nodes.find(name).and_then(|ix| Some((tour.span(ix)?.start, ix))) {
                Some((start, ix)) => _ = there.insert(start, ix),
                None => _ = gone.insert(name),
            }
        }
        there.extend(has.nodes().filter_map(|ix| Some((tour.span(ix)?.start, ix))));

        let rights_before = |name: &NodeName| self.before.path_of(name).map(|path| had.on(&path)).unwrap_or_default();
        let mut telling = Telling::new(tour);
        for name in gone {
            telling.removed(name, rights_before(name));
        }
        for ix in there.into_values() {
            let (Some(node), Some(path)) = (self.after.nodes.get(ix), self.after.path(ix)) else { continue };
            telling.compared(ix, &node.name, rights_before(&node.name), has.on(&path));
        }
        telling.told()
    }
}

fn key(arena: &Arena, member: &Member) -> Key {
    let caller = Caller::from(member);
    let mut decisive = BTreeSet::new();
    for (ix, principal) in arena.principals_of(caller) {
        if !principal.grants.is_empty() || !principal.revokes.is_empty() {
            decisive.insert(ix);
        }
    }
    (decisive, arena.breaks_glass(caller))
}
