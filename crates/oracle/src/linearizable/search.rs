//! The depth-first search itself, on an explicit stack: a history of thousands of operations is thousands of frames deep.
//!
//! Sources and rules: see [`super`].

use std::collections::BTreeMap;

use crate::Operation;

use super::{Error, Model, NotLinearizable, bits::Bits};

/// A state that can be reached from a frame's state by operations of unknown outcome alone.
struct Reach<S> {
    state: S,
    /// Unknown operations used since the beginning.
    used: Bits,
    /// Those used since the frame began, in order.
    via: Vec<usize>,
}

/// One answered operation picked, and what is left to try behind it.
struct Frame<S> {
    /// How this frame was entered: the unknown operations, then the answered one. `None` for the first frame.
    entered: Option<(Vec<usize>, usize)>,
    /// Breadth first and filled only as needed, beginning with the frame's own state.
    reach: Vec<Reach<S>>,
    /// Answered operations that may be next, the first to end first.
    answered: Vec<usize>,
    /// Unknown operations may be used up to this one.
    unknown_end: usize,
    reach_next: usize,
    answered_next: usize,
}

/// Answered operations picked and a state behind them, with the smallest sets of unknown operations that lead there. Whatever is
/// in here has been tried, or will be before anything else gets to the same operations: they are those of one frame at a time.
type Memo<S> = BTreeMap<(Bits, S), Vec<Bits>>;

pub(super) struct Search<'a, M: Model> {
    ops: &'a [Operation<M::Op>],
    /// The same as they were recorded, to print.
    recorded: &'a [Operation<M::Op>],
    /// Indexes into `ops`, by the time of the call.
    answered: Vec<usize>,
    unknown: Vec<usize>,
    /// For each of `unknown` the place of the equal operation called before it, which is used first.
    twins: Vec<Option<usize>>,
    picked: Bits,
    stack: Vec<Frame<M::State>>,
    memo: Memo<M::State>,
    steps: u64,
    steps_max: u64,
    longest: Option<(usize, NotLinearizable)>,
}

impl<'a, M: Model> Search<'a, M> {
    pub(super) fn new(ops: &'a [Operation<M::Op>], recorded: &'a [Operation<M::Op>], steps_max: u64) -> Self {
        let mut order: Vec<usize> = (0..ops.len()).collect();
        order.sort_by_key(|index| ops.get(*index).map(|operation| operation.interval));
        let is_answered =
            |index: &usize| ops.get(*index).is_some_and(|operation| operation.interval.completed.is_some());
        let (answered, unknown): (Vec<usize>, Vec<usize>) = order.into_iter().partition(is_answered);
        let mut last = BTreeMap::new();
        let calls = unknown.iter().map(|index| ops.get(*index).map(|operation| &operation.op));
        let twins = calls.enumerate().map(|(place, call)| last.insert(call, place)).collect();
        Self {
            ops,
            recorded,
            answered,
            unknown,
            twins,
            picked: Bits::default(),
            stack: Vec::new(),
            memo: Memo::new(),
            steps: 0,
            steps_max,
            longest: None,
        }
    }

    pub(super) fn run(mut self) -> Result<(), Error> {
        let first = Reach { state: M::initial(), used: Bits::default(), via: Vec::new() };
        self.memo.insert((Bits::default(), first.state.clone()), vec![Bits::default()]);
        self.push(first, None);
        while self.stack.len() <= self.answered.len() {
            if self.stack.is_empty() {
                let longest = self.longest.take().map(|(_, report)| report);
                return Err(longest.unwrap_or_else(|| self.report()).into());
            }
            if self.steps >= self.steps_max {
                return Err(Error::Undecided { steps: self.steps });
            }
            self.advance();
        }
        Ok(())
    }

    /// One pick of an answered operation, one widening by unknown ones, or one step back.
    fn advance(&mut self) {
        let Some(frame) = self.stack.last_mut() else { return };
        let Some(from) = frame.reach.get(frame.reach_next) else { return self.pop() };
        let Some(&pick) = frame.answered.get(frame.answered_next) else {
            return self.widen();
        };
        frame.answered_next += 1;
        self.steps = self.steps.saturating_add(1);
        let operation = self.answered.get(pick).and_then(|index| self.ops.get(*index));
        let Some(state) = operation.and_then(|operation| M::step(&from.state, &operation.op)) else { return };
        let entered = (from.via.clone(), pick);
        let used = from.used.clone();
        self.picked.insert(pick);
        if remember(self.memo.entry((self.picked.clone(), state.clone())).or_default(), &used) {
            self.push(Reach { state, used, via: Vec::new() }, Some(entered));
        } else {
            self.picked.remove(pick);
        }
    }

    /// Adds the states that one more unknown operation leads to from the state that was just tried, and turns to the next one.
    /// Breadth first, so smaller sets come first, and what needs more for the same state is dropped by the memo.
    fn widen(&mut self) {
        let Some(frame) = self.stack.last_mut() else { return };
        let Some(from) = frame.reach.get(frame.reach_next) else { return };
        let mut found = Vec::new();
        for (place, index) in self.unknown.iter().enumerate().take(frame.unknown_end) {
            let twin = self.twins.get(place).copied().flatten();
            if from.used.contains(place) || twin.is_some_and(|twin| !from.used.contains(twin)) {
                continue;
            }
            self.steps = self.steps.saturating_add(1);
            let Some(state) = self.ops.get(*index).and_then(|operation| M::step(&from.state, &operation.op)) else {
                continue;
            };
            let mut used = from.used.clone();
            used.insert(place);
            if remember(self.memo.entry((self.picked.clone(), state.clone())).or_default(), &used) {
                found.push(Reach { state, used, via: from.via.iter().copied().chain([place]).collect() });
            }
        }
        frame.reach.append(&mut found);
        frame.reach_next += 1;
        frame.answered_next = 0;
    }

    /// Opens a frame at the operations picked so far.
    fn push(&mut self, reach: Reach<M::State>, entered: Option<(Vec<usize>, usize)>) {
        // The next operation must be called before any other is over. Sorted by call, the first that is called after the earliest
        // end ends the scan, so a pick costs the concurrency and not the length.
        let mut earliest_end = u64::MAX;
        let mut open = Vec::new();
        for (place, index) in self.answered.iter().enumerate().skip(self.picked.floor()) {
            let Some(interval) = self.ops.get(*index).map(|operation| operation.interval) else { continue };
            if interval.invoked > earliest_end {
                break;
            }
            if !self.picked.contains(place) {
                let end = interval.completed.unwrap_or(u64::MAX);
                earliest_end = earliest_end.min(end);
                open.push((end, place));
            }
        }
        open.sort_unstable();
        let is_called = |index: &usize| self.ops.get(*index).is_some_and(|o| o.interval.invoked <= earliest_end);
        self.stack.push(Frame {
            entered,
            reach: vec![reach],
            answered: open.into_iter().map(|(_, place)| place).collect(),
            unknown_end: self.unknown.partition_point(is_called),
            reach_next: 0,
            answered_next: 0,
        });
    }

    fn pop(&mut self) {
        // The report is made on the way back, so that a history that passes never pays for one.
        if self.longest.as_ref().is_none_or(|(depth, _)| *depth < self.stack.len()) {
            self.longest = Some((self.stack.len(), self.report()));
        }
        if let Some((_, pick)) = self.stack.pop().and_then(|frame| frame.entered) {
            self.picked.remove(pick);
        }
    }

    fn report(&self) -> NotLinearizable {
        let mut prefix = Vec::new();
        for (via, pick) in self.stack.iter().filter_map(|frame| frame.entered.as_ref()) {
            prefix.extend(via.iter().filter_map(|place| self.unknown.get(*place)));
            prefix.extend(self.answered.get(*pick));
        }
        let words = |index: &usize| self.recorded.get(*index).map(ToString::to_string);
        let last = self.stack.last();
        let stuck = last.iter().flat_map(|frame| &frame.answered).filter_map(|place| self.answered.get(*place));
        NotLinearizable {
            linearized: prefix.iter().filter_map(words).collect(),
            state: last.and_then(|frame| frame.reach.first()).map(|reach| reach.state.to_string()).unwrap_or_default(),
            stuck: stuck.filter_map(words).collect(),
            prefix,
        }
    }
}

/// Notes `used` unless a subset of it is known. Returns whether it was news.
fn remember(smallest: &mut Vec<Bits>, used: &Bits) -> bool {
    if smallest.iter().any(|known| known.is_subset(used)) {
        return false;
    }
    smallest.retain(|known| !used.is_subset(known));
    smallest.push(used.clone());
    true
}
