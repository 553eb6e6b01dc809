//! What one place holds: journals and snapshots, as plain values. Used twice per disk, for what readers see and for what survives.
//!
//! The rules of the port's operations are here and nowhere else; this knows nothing about flushes, callbacks or crashes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use ids::Log;
use ports::{Bounds, Journal, Op, StoreError};

use super::damage::{Damage, Place};

/// Journals and snapshots of one member. Bytes are shared, so two of these cost one.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    journals: BTreeMap<Journal, Entries>,
    snapshots: BTreeMap<Log, Bytes>,
    /// What cannot be read any more.
    unreadable: BTreeSet<Place>,
}

#[derive(Clone, Debug, Default)]
struct Entries {
    bounds: Bounds,
    retained: VecDeque<Bytes>,
    meta: BTreeMap<&'static str, Bytes>,
}

impl Contents {
    /// Whether `ops`, as one unit, continue what is here.
    pub fn check(&self, ops: &[Op]) -> Result<(), StoreError> {
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

    /// Does what `op` says; [`Contents::check`] comes first.
    pub fn apply(&mut self, op: &Op) {
        let entries = self.journals.entry(journal_of(op).clone()).or_default();
        let before = entries.bounds;
        entries.bounds = bounds_after(before, op);
        match op {
            Op::Append { entries: added, .. } => entries.retained.extend(added.iter().cloned()),
            Op::Truncate { .. } => entries.retained.truncate(length(entries.bounds)),
            Op::Purge { .. } => {
                let removed = entries.retained.len().saturating_sub(length(entries.bounds));
                entries.retained.drain(..removed);
            }
            Op::Meta { key, value, .. } => {
                entries.meta.insert(key, value.clone());
            }
        }
    }

    pub fn put_snapshot(&mut self, log: &Log, sealed: &Bytes) {
        self.snapshots.insert(log.clone(), sealed.clone());
    }

    pub fn snapshot(&self, log: &Log) -> Result<Option<Bytes>, StoreError> {
        self.readable(&Place::Snapshot(log.clone()))?;
        Ok(self.snapshots.get(log).cloned())
    }

    /// Every value that is here.
    pub fn places(&self) -> Vec<Place> {
        let journals = self.journals.iter().flat_map(|(journal, entries)| {
            let numbers = (entries.bounds.first..entries.bounds.next).map(|at| Place::Entry(journal.clone(), at));
            numbers.chain(entries.meta.keys().map(|key| Place::Meta(journal.clone(), key)))
        });
        journals.chain(self.snapshots.keys().cloned().map(Place::Snapshot)).collect()
    }

    /// Damages the value at `place`; `false` where there is none.
    pub fn damage(&mut self, place: &Place, damage: &Damage) -> bool {
        if *damage == Damage::Unreadable {
            let there = self.value(place).is_some();
            return there && self.unreadable.insert(place.clone());
        }
        match (damage, place) {
            (Damage::Flip { byte, bit }, _) => self.value(place).is_some_and(|value| flip(value, *byte, *bit)),
            (Damage::Drop, Place::Entry(journal, at)) => self.journals.get_mut(journal).is_some_and(|entries| {
                let dropped = entries.slot(*at).and_then(|slot| entries.retained.remove(slot)).is_some();
                entries.bounds.next -= u64::from(dropped);
                dropped
            }),
            (Damage::Drop, Place::Meta(journal, key)) => {
                self.journals.get_mut(journal).is_some_and(|entries| entries.meta.remove(key).is_some())
            }
            (Damage::Drop, Place::Snapshot(log)) => self.snapshots.remove(log).is_some(),
            (Damage::SwapWithNext, Place::Entry(journal, at)) => {
                let Some(entries) = self.journals.get_mut(journal) else { return false };
                let (Some(one), Some(other)) = (entries.slot(*at), entries.slot(at + 1)) else { return false };
                entries.retained.swap(one, other);
                true
            }
            (Damage::SwapWithNext, Place::Meta(..) | Place::Snapshot(_)) | (Damage::Unreadable, _) => false,
        }
    }

    fn value(&mut self, place: &Place) -> Option<&mut Bytes> {
        match place {
            Place::Entry(journal, at) => {
                let entries = self.journals.get_mut(journal)?;
                let slot = entries.slot(*at)?;
                entries.retained.get_mut(slot)
            }
            Place::Meta(journal, key) => self.journals.get_mut(journal)?.meta.get_mut(key),
            Place::Snapshot(log) => self.snapshots.get_mut(log),
        }
    }

    fn readable(&self, place: &Place) -> Result<(), StoreError> {
        if !self.unreadable.contains(place) {
            return Ok(());
        }
        let (what, owner) = match place {
            Place::Entry(journal, at) => ("an entry", format!("{journal} at {at}")),
            Place::Meta(journal, key) => ("a meta value", format!("{journal}, {key}")),
            Place::Snapshot(log) => ("a snapshot", log.to_string()),
        };
        Err(StoreError::Corrupt { what, owner, detail: "the checksum differs".to_owned() })
    }

    /// As [`ports::LogStore::read`].
    pub fn read(&self, journal: &Journal, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, StoreError> {
        let Bounds { first, next } = self.bounds(journal);
        if from < first || from > next {
            return Err(StoreError::Outside { journal: journal.to_string(), from, to, first, next });
        }
        let Some(entries) = self.journals.get(journal) else { return Ok(Vec::new()) };
        let wanted = to.min(next).saturating_sub(from);
        for at in from..from.saturating_add(wanted) {
            if self.unreadable.is_empty() {
                break;
            }
            self.readable(&Place::Entry(journal.clone(), at))?;
        }
        let mut bytes = 0_usize;
        let mut found = Vec::new();
        for entry in entries.retained.iter().skip(count(from.saturating_sub(first))).take(count(wanted)) {
            bytes = bytes.saturating_add(entry.len());
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push(entry.clone());
        }
        Ok(found)
    }

    pub fn bounds(&self, journal: &Journal) -> Bounds {
        self.journals.get(journal).map(|entries| entries.bounds).unwrap_or_default()
    }

    pub fn meta(&self, journal: &Journal, key: &'static str) -> Result<Option<Bytes>, StoreError> {
        self.readable(&Place::Meta(journal.clone(), key))?;
        Ok(self.journals.get(journal).and_then(|entries| entries.meta.get(key).cloned()))
    }
}

impl Entries {
    /// Where the entry `at` is kept, if it is.
    fn slot(&self, at: u64) -> Option<usize> {
        let kept = (self.bounds.first..self.bounds.next).contains(&at);
        kept.then(|| count(at.saturating_sub(self.bounds.first)))
    }
}

fn flip(value: &mut Bytes, byte: usize, bit: u8) -> bool {
    let mut bytes = value.to_vec();
    let length = bytes.len().max(1);
    let Some(place) = bytes.get_mut(byte % length) else { return false };
    *place ^= 1 << (bit % 8);
    *value = bytes.into();
    true
}

/// The journal that `op` changes.
pub fn journal_of(op: &Op) -> &Journal {
    match op {
        Op::Append { journal, .. } | Op::Truncate { journal, .. } => journal,
        Op::Purge { journal, .. } | Op::Meta { journal, .. } => journal,
    }
}

/// What a journal retains once `op` is done, given what it retained.
fn bounds_after(Bounds { first, next }: Bounds, op: &Op) -> Bounds {
    match op {
        Op::Append { entries, .. } if entries.is_empty() => Bounds { first, next },
        Op::Append { first: given, entries, .. } => {
            let added = u64::try_from(entries.len()).unwrap_or(u64::MAX);
            let first = if first == next { *given } else { first };
            Bounds { first, next: given.saturating_add(added) }
        }
        Op::Truncate { last, .. } => Bounds { first, next: last.saturating_add(1).clamp(first, next) },
        Op::Purge { through, .. } => {
            let first = through.saturating_add(1).max(first);
            Bounds { first, next: next.max(first) }
        }
        Op::Meta { .. } => Bounds { first, next },
    }
}

fn length(bounds: Bounds) -> usize {
    count(bounds.next.saturating_sub(bounds.first))
}

fn count(entries: u64) -> usize {
    usize::try_from(entries).unwrap_or(usize::MAX)
}
