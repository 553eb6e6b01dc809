//! The nodes of a tree in one row, each before those below it: so that how many nodes of a kind are below a node, and which, is one
//! subtraction.

use std::{fmt, ops::Range};

use sha2::{Digest, Sha256};

use super::marks::Mark;
use crate::{Arena, Kind, NodeName, Rights, arena::Node, slots::Ix};

/// A set of nodes: how many, and the sum of the hashes of their names, which stands for which ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    count: usize,
    hash: [u64; 4],
}

impl Sum {
    pub fn of(node: &NodeName) -> Self {
        let digest: [u8; 32] = Sha256::digest(node.to_string()).into();
        let mut hash = [0; 4];
        for (lane, bytes) in hash.iter_mut().zip(digest.as_chunks().0) {
            *lane = u64::from_be_bytes(*bytes);
        }
        Self { count: 1, hash }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.hash.iter_mut().zip(other.hash).for_each(|(lane, more)| *lane = lane.wrapping_add(more));
    }

    /// Of a set that it contains.
    pub fn subtract(&mut self, other: &Self) {
        self.count -= other.count;
        self.hash.iter_mut().zip(other.hash).for_each(|(lane, less)| *lane = lane.wrapping_sub(less));
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} nodes ", self.count)?;
        self.hash.iter().try_for_each(|lane| write!(f, "{lane:016x}"))
    }
}

#[derive(Default)]
pub struct Tour {
    /// By index: from a node's place to behind the last node below it.
    spans: Vec<Option<Range<u32>>>,
    kinds: [Row; 5],
}

/// The nodes of one kind.
#[derive(Default)]
struct Row {
    /// For each place, how many are before it.
    before: Vec<u32>,
    /// The sum of the first, of the first two, ...
    sums: Vec<Sum>,
}

enum Step {
    Enter(Ix<Node>),
    Leave { ix: Ix<Node>, start: u32 },
}

impl Tour {
    pub fn of(arena: &Arena) -> Self {
        let mut tour = Self::default();
        let (mut steps, mut next) = (vec![Step::Enter(arena.root)], 0);
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(ix) => {
                    let Some(node) = arena.nodes.get(ix).filter(|node| node.placed.is_some()) else { continue };
                    tour.enter(&node.name);
                    steps.push(Step::Leave { ix, start: next });
                    steps.extend(node.children.iter().map(|child| Step::Enter(*child)));
                    next += 1;
                }
                Step::Leave { ix, start } => {
                    if tour.spans.len() <= ix.at() {
                        tour.spans.resize(ix.at() + 1, None);
                    }
                    tour.spans.get_mut(ix.at()).into_iter().for_each(|span| *span = Some(start..next));
                }
            }
        }
        tour
    }

    fn enter(&mut self, name: &NodeName) {
        for (kind, row) in Kind::ALL.iter().zip(&mut self.kinds) {
            row.before.push(u32::try_from(row.sums.len()).unwrap_or(u32::MAX));
            if *kind == name.kind() {
                let mut sum = row.sums.last().copied().unwrap_or_default();
                sum.add(&Sum::of(name));
                row.sums.push(sum);
            }
        }
    }

    /// A mark of nothing on a node. `None`: it is not known.
    pub fn mark(&self, node: Ix<Node>) -> Option<Mark> {
        let span = self.spans.get(node.at())?.as_ref()?;
        Some(Mark { node, place: span.start, end: span.end, held: Rights::NONE, revoked: false })
    }

    /// The nodes of a kind in a span.
    pub fn sum(&self, kind: Kind, span: &Range<u32>) -> Sum {
        let Some(row) = self.kinds.get(kind as usize) else { return Sum::default() };
        let before = |place: u32| row.before.get(place as usize).map_or(row.sums.len(), |before| *before as usize);
        let up_to =
            |count: usize| count.checked_sub(1).and_then(|last| row.sums.get(last)).copied().unwrap_or_default();
        let (first, last) = (before(span.start), before(span.end));
        if first == last {
            return Sum::default();
        }
        let mut sum = up_to(last);
        sum.subtract(&up_to(first));
        sum
    }
}
