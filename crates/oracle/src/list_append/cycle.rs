//! Cycles in the order of transactions: found by strongly connected components, then shortened, then told.
//!
//! Sources: Tarjan, "Depth-first search and linear graph algorithms", 1972; the kinds are Adya's, with Elle's suffix where only real
//! time closes the cycle.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

use super::{Because, History, graph::Graph};

/// Transactions of a component from which a shortest cycle is searched for. Any cycle is proof; a short one is only easier to read.
const STARTS_MAX: usize = 256;

/// One transaction, and why it must come before the next one of the cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index in the history.
    pub txn: usize,
    /// The transaction in words.
    pub words: String,
    pub because: Because,
}

/// Transactions each of which must come before the next, and the last before the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Cycle {
    pub steps: Vec<Step>,
}

impl Cycle {
    /// The kind of anomaly, weakest promise broken first: G0, G1c, G-single, G2; `-realtime` where it takes real time to see it.
    pub fn kind(&self) -> &'static str {
        let has = |is: fn(&Because) -> bool| self.steps.iter().filter(|step| is(&step.because)).count();
        let rw = has(|because| matches!(because, Because::Rw { .. }));
        let wr = has(|because| matches!(because, Because::Wr { .. }));
        let time = has(|because| matches!(because, Because::RealTime));
        match (rw, wr, time) {
            (0, 0, 0) => "G0",
            (0, _, 0) => "G1c",
            (1, _, 0) => "G-single",
            (_, _, 0) => "G2",
            (0, 0, _) => "G0-realtime",
            (0, _, _) => "G1c-realtime",
            (1, _, _) => "G-single-realtime",
            (_, _, _) => "G2-realtime",
        }
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cycle of {} transactions", self.kind(), self.steps.len())?;
        for (at, step) in self.steps.iter().enumerate() {
            let next = self.steps.get(at + 1).or_else(|| self.steps.first()).map_or(0, |next| next.txn);
            write!(f, "\n  T{} {}\n    before T{next}, {}", step.txn, step.words, step.because)?;
        }
        Ok(())
    }
}

/// A short cycle, if there is any.
pub(super) fn find(history: &History, graph: &Graph) -> Option<Cycle> {
    let component = components(graph).into_iter().filter(|component| component.len() > 1).min_by_key(BTreeSet::len)?;
    let cycles = component.iter().take(STARTS_MAX).filter_map(|start| shortest(graph, &component, *start));
    let cycle = join_real_time(cycles.min_by_key(Vec::len)?);
    let words = |txn: usize| history.txns.get(txn).map(ToString::to_string).unwrap_or_default();
    Some(Cycle { steps: cycle.into_iter().map(|(txn, because)| Step { txn, words: words(txn), because }).collect() })
}

/// Answered before called before answered before called: one step says the same. The cycle then begins with its first transaction.
fn join_real_time(mut cycle: Vec<(usize, Because)>) -> Vec<(usize, Because)> {
    // A cycle of real time alone cannot be, so there is a step to begin behind.
    let begin = cycle.iter().position(|(_, because)| *because != Because::RealTime).map_or(0, |at| at + 1);
    let turn = begin % cycle.len().max(1);
    cycle.rotate_left(turn);
    cycle.dedup_by(|next, step| step.1 == Because::RealTime && next.1 == Because::RealTime);
    let first = cycle.iter().enumerate().min_by_key(|(_, (txn, _))| *txn).map_or(0, |(at, _)| at);
    cycle.rotate_left(first);
    cycle
}

/// The shortest cycle through `start` that stays in its component, breadth first.
fn shortest(graph: &Graph, component: &BTreeSet<usize>, start: usize) -> Option<Vec<(usize, Because)>> {
    let mut came: BTreeMap<usize, (usize, &Because)> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(txn) = queue.pop_front() {
        for (after, because) in graph.after(txn).filter(|(after, _)| component.contains(after)) {
            if came.contains_key(&after) {
                continue;
            }
            came.insert(after, (txn, because));
            if after == start {
                return Some(walk_back(&came, start));
            }
            queue.push_back(after);
        }
    }
    None
}

fn walk_back(came: &BTreeMap<usize, (usize, &Because)>, start: usize) -> Vec<(usize, Because)> {
    let mut cycle = Vec::new();
    let mut at = start;
    while let Some((before, because)) = came.get(&at) {
        cycle.push((*before, (*because).clone()));
        at = *before;
        if at == start {
            break;
        }
    }
    cycle.reverse();
    cycle
}

/// Tarjan's algorithm, on an explicit stack because a chain of transactions is as deep as the history is long.
fn components(graph: &Graph) -> Vec<BTreeSet<usize>> {
    let mut found = Vec::new();
    let mut state = Tarjan { index: vec![None; graph.len()], low: vec![0; graph.len()], ..Tarjan::default() };
    for root in 0..graph.len() {
        if state.is_new(root) {
            state.visit(graph, root, &mut found);
        }
    }
    found
}

#[derive(Default)]
struct Tarjan {
    next: usize,
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    open: Vec<usize>,
    is_open: BTreeSet<usize>,
}

impl Tarjan {
    fn is_new(&self, txn: usize) -> bool {
        matches!(self.index.get(txn), Some(None))
    }

    fn enter(&mut self, txn: usize) {
        if let (Some(index), Some(low)) = (self.index.get_mut(txn), self.low.get_mut(txn)) {
            *index = Some(self.next);
            *low = self.next;
        }
        self.next += 1;
        self.open.push(txn);
        self.is_open.insert(txn);
    }

    fn lower(&mut self, txn: usize, to: usize) {
        if let Some(low) = self.low.get_mut(txn) {
            *low = to.min(*low);
        }
    }

    fn visit(&mut self, graph: &Graph, root: usize, found: &mut Vec<BTreeSet<usize>>) {
        let after = |txn: usize| graph.after(txn).map(|(after, _)| after);
        let mut path = vec![(root, after(root))];
        self.enter(root);
        while let Some((txn, edges)) = path.last_mut() {
            let txn = *txn;
            match edges.next() {
                Some(next) if self.is_new(next) => {
                    self.enter(next);
                    path.push((next, after(next)));
                }
                Some(next) if self.is_open.contains(&next) => {
                    let index = self.index.get(next).copied().flatten().unwrap_or_default();
                    self.lower(txn, index);
                }
                Some(_) => {}
                None => {
                    path.pop();
                    let low = self.low.get(txn).copied().unwrap_or_default();
                    if let Some((parent, _)) = path.last() {
                        self.lower(*parent, low);
                    }
                    if self.index.get(txn) == Some(&Some(low)) {
                        found.push(self.close(txn));
                    }
                }
            }
        }
    }

    fn close(&mut self, root: usize) -> BTreeSet<usize> {
        let mut component = BTreeSet::new();
        while let Some(txn) = self.open.pop() {
            self.is_open.remove(&txn);
            component.insert(txn);
            if txn == root {
                break;
            }
        }
        component
    }
}
