//! What readers see: bounds, meta values, and the entries that are not in the database yet. And the queue of what is to be written.
//!
//! Synchronous and without any I/O. Each write is checked and done here, under one lock, and leaves the steps for the syncer.
//!
//! ```text
//!   journal   first ──────── in the database ──────── recent ──────── next
//!                                                     (taken, not yet known to be in the database)
//! ```

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use ports::{Bounds, Flushed, Journal, Op, StoreError};

/// One change of the database.
pub enum Step {
    Put {
        journal: Journal,
        first: u64,
        entries: Vec<Bytes>,
    },
    /// Entries `from..to`.
    Delete {
        journal: Journal,
        from: u64,
        to: u64,
    },
    Meta {
        journal: Journal,
        key: &'static str,
        value: Bytes,
    },
}

/// One write: done whole or not at all.
pub struct Unit {
    pub number: u64,
    pub bytes: u64,
    /// Empty if it was refused.
    pub steps: Vec<Step>,
    /// What the journals whose bounds it changes retain after it.
    pub bounds: BTreeMap<Journal, Bounds>,
    /// It never took place, and waits in line only so that its callback comes after those of earlier writes.
    pub refused: Option<StoreError>,
    /// Somebody waits for its flush.
    pub awaited: bool,
    pub flushed: Flushed,
}

/// One journal, in memory.
#[derive(Default)]
pub struct Held {
    pub bounds: Bounds,
    pub meta: BTreeMap<String, Bytes>,
    /// The newest entries, up to the last, each with the number of the write that brought it.
    recent: VecDeque<(u64, Bytes)>,
}

/// See the module.
#[derive(Default)]
pub struct State {
    pub journals: BTreeMap<Journal, Held>,
    pub queue: VecDeque<Unit>,
    /// The number of the last write.
    pub taken: u64,
    /// The syncer sleeps until it is told of something, whatever it is.
    pub idle: bool,
    /// Why nothing is taken any more.
    pub broken: Option<StoreError>,
    /// The syncer ends when the queue is empty.
    pub closing: bool,
    /// There is no syncer: writes are answered at once.
    pub ended: bool,
}

impl Unit {
    pub fn changes_nothing(&self) -> bool {
        self.steps.is_empty() && self.bounds.is_empty()
    }
}

impl Held {
    /// The first entry that is in memory; `next` if none is.
    pub fn recent_first(&self) -> u64 {
        self.bounds.next.saturating_sub(number(self.recent.len()))
    }

    /// Entries `from..to`, as far as they are in memory.
    pub fn recent(&self, from: u64, to: u64) -> impl Iterator<Item = &Bytes> {
        let first = self.recent_first();
        let from = from.max(first);
        let (skip, take) = (from.saturating_sub(first), to.saturating_sub(from));
        self.recent.iter().skip(count(skip)).take(count(take)).map(|(_, entry)| entry)
    }

    fn release(&mut self, through: u64) {
        while self.recent.front().is_some_and(|(unit, _)| *unit <= through) {
            self.recent.pop_front();
        }
    }

    /// Does `op` and gives what it changes in the database.
    fn apply(&mut self, unit: u64, op: Op) -> Option<Step> {
        let before = self.bounds;
        self.bounds = bounds_after(before, &op);
        let after = self.bounds;
        match op {
            Op::Append { journal, first, entries } => {
                self.recent.extend(entries.iter().map(|entry| (unit, entry.clone())));
                (!entries.is_empty()).then_some(Step::Put { journal, first, entries })
            }
            Op::Truncate { journal, .. } => {
                let removed = count(before.next.saturating_sub(after.next));
                self.recent.truncate(self.recent.len().saturating_sub(removed));
                (after.next < before.next).then_some(Step::Delete { journal, from: after.next, to: before.next })
            }
            Op::Purge { journal, .. } => {
                let retained = count(after.next.saturating_sub(after.first));
                self.recent.drain(..self.recent.len().saturating_sub(retained));
                let to = after.first.min(before.next);
                (before.first < to).then_some(Step::Delete { journal, from: before.first, to })
            }
            Op::Meta { journal, key, value } => {
                self.meta.insert(key.to_owned(), value.clone());
                Some(Step::Meta { journal, key, value })
            }
        }
    }
}

impl State {
    /// Takes one write: readers see it from now on.
    pub fn take(&mut self, ops: Vec<Op>, flushed: Flushed, awaited: bool) -> u64 {
        self.taken += 1;
        let number = self.taken;
        let bytes = ops.iter().map(op_bytes).fold(0, u64::saturating_add);
        let refused = self.broken.clone().or_else(|| self.check(&ops).err());
        let mut unit = Unit { number, bytes, steps: Vec::new(), bounds: BTreeMap::new(), refused, awaited, flushed };
        if unit.refused.is_none() {
            for op in ops {
                let journal = journal_of(&op).clone();
                let held = self.journals.entry(journal.clone()).or_default();
                let before = held.bounds;
                unit.steps.extend(held.apply(number, op));
                if held.bounds != before {
                    unit.bounds.insert(journal, held.bounds);
                }
            }
        }
        self.queue.push_back(unit);
        number
    }

    pub fn bounds(&self, journal: &Journal) -> Bounds {
        self.journals.get(journal).map(|held| held.bounds).unwrap_or_default()
    }

    /// Whether a write in the queue has somebody who waits for its flush.
    pub fn is_awaited(&self) -> bool {
        // Most often the last one: what may wait is followed by what may not.
        self.queue.iter().rev().any(|unit| unit.awaited)
    }

    /// Takes the writes of the next batch out of the queue: at least one, and no more than about `bytes_max` bytes.
    pub fn batch(&mut self, bytes_max: u64) -> Vec<Unit> {
        let mut bytes: u64 = 0;
        let mut batch = Vec::new();
        while bytes < bytes_max
            && let Some(unit) = self.queue.pop_front()
        {
            bytes = bytes.saturating_add(unit.bytes);
            batch.push(unit);
        }
        batch
    }

    /// Forgets entries that a completed batch brought into the database.
    pub fn release<'a>(&mut self, journals: impl Iterator<Item = &'a Journal>, through: u64) {
        for journal in journals {
            if let Some(held) = self.journals.get_mut(journal) {
                held.release(through);
            }
        }
    }

    /// Whether `ops`, as one unit, continue what is here.
    fn check(&self, ops: &[Op]) -> Result<(), StoreError> {
        let mut after: BTreeMap<&Journal, Bounds> = BTreeMap::new();
        for op in ops {
            let bounds = after.entry(journal_of(op)).or_insert_with_key(|journal| self.bounds(journal));
            if let Op::Append { journal, first, .. } = op
                && bounds.first < bounds.next
                && *first != bounds.next
            {
                return Err(StoreError::Gap { journal: journal.to_string(), given: *first, next: bounds.next });
            }
            *bounds = bounds_after(*bounds, op);
        }
        Ok(())
    }
}

/// What a journal retains once `op` is done, given what it retained.
fn bounds_after(Bounds { first, next }: Bounds, op: &Op) -> Bounds {
    match op {
        Op::Append { entries, .. } if entries.is_empty() => Bounds { first, next },
        Op::Append { first: given, entries, .. } => {
            let first = if first == next { *given } else { first };
            Bounds { first, next: given.saturating_add(number(entries.len())) }
        }
        Op::Truncate { last, .. } => Bounds { first, next: last.saturating_add(1).clamp(first, next) },
        Op::Purge { through, .. } => {
            let first = through.saturating_add(1).max(first);
            Bounds { first, next: next.max(first) }
        }
        Op::Meta { .. } => Bounds { first, next },
    }
}

fn journal_of(op: &Op) -> &Journal {
    match op {
        Op::Append { journal, .. } | Op::Truncate { journal, .. } => journal,
        Op::Purge { journal, .. } | Op::Meta { journal, .. } => journal,
    }
}

fn op_bytes(op: &Op) -> u64 {
    number(match op {
        Op::Append { entries, .. } => entries.iter().map(Bytes::len).sum(),
        Op::Meta { value, .. } => value.len(),
        Op::Truncate { .. } | Op::Purge { .. } => 0,
    })
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
