//! What one place holds: journals and snapshots, as plain values. Used twice per disk, for what readers see and for what survives.
//!
//! The rules of the port's operations are here and nowhere else; this knows nothing about flushes, callbacks or crashes.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use ids::Log;
use ports::{Bounds, Journal, Op, StoreError};

/// Journals and snapshots of one member. Bytes are shared, so two of these cost one.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    journals: BTreeMap<Journal, Entries>,
    snapshots: BTreeMap<Log, Bytes>,
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
            Op::Truncate { .. } => entries.retained.truncate(entries.bounds.len()),
            Op::Purge { .. } => {
                let removed = entries.retained.len().saturating_sub(entries.bounds.len());
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

    pub fn snapshot(&self, log: &Log) -> Option<Bytes> {
        self.snapshots.get(log).cloned()
    }

    /// As [`ports::LogStore::read`].
    pub fn read(&self, journal: &Journal, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, StoreError> {
        let Bounds { first, next } = self.bounds(journal);
        if from < first || from > next {
            return Err(StoreError::Outside { journal: journal.to_string(), from, to, first, next });
        }
        let Some(entries) = self.journals.get(journal) else { return Ok(Vec::new()) };
        let wanted = to.min(next).saturating_sub(from);
        let mut bytes = 0_usize;
        let cut = entries.retained.iter().skip(count(from - first)).take(count(wanted)).take_while(|entry| {
            let is_first = bytes == 0;
            // An empty entry counts as one byte, so that "none yet" stays tellable; it costs the caller nothing.
            bytes = bytes.saturating_add(entry.len().max(1));
            is_first || bytes <= bytes_max
        });
        Ok(cut.cloned().collect())
    }

    pub fn bounds(&self, journal: &Journal) -> Bounds {
        self.journals.get(journal).map(|entries| entries.bounds).unwrap_or_default()
    }

    pub fn meta(&self, journal: &Journal, key: &str) -> Option<Bytes> {
        self.journals.get(journal)?.meta.get(key).cloned()
    }
}
