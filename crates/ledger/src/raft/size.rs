//! How many bytes of Raft entries are applied, so that a log is bounded by its size and not only by its count.
//!
//! An entry is a batch: a few hundred bytes under light load, hundreds of kilobytes under heavy load. A bound on their count alone
//! let a minute of heavy load grow to gigabytes of log before a snapshot, and a restart apply them all again.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// Sizes of the applied entries behind and beyond the last snapshot.
#[derive(Default)]
pub struct LogSize {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Index of an entry, and bytes of all entries up to and including it, since this member's start. By rising index.
    entries: VecDeque<(u64, u64)>,
    /// As the second of those, of the last entry that the snapshot covers.
    snapshot: u64,
    /// Bytes of the snapshot itself.
    packed: u64,
    /// A snapshot was asked for and has not come.
    asked: bool,
}

impl LogSize {
    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An entry was applied.
    pub fn applied(&self, index: u64, bytes: u64) {
        self.with(|inner| {
            let total = inner.total().saturating_add(bytes);
            inner.entries.push_back((index, total));
        });
    }

    /// A snapshot was packed, or taken.
    pub fn packed(&self, bytes: usize) {
        self.with(|inner| inner.packed = u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Whether to make a snapshot now; says so once for each. A large state is packed more rarely: what a snapshot costs is then no
    /// more than what was written since the last one.
    pub fn snapshot_due(&self, bytes_max: u64) -> bool {
        self.with(|inner| {
            let since = inner.total().saturating_sub(inner.snapshot);
            let due = since >= bytes_max.max(inner.packed) && !inner.asked;
            inner.asked |= due;
            due
        })
    }

    /// The last snapshot covers everything up to `index`. Gives the index up to which entries can go so that at most `kept` bytes of
    /// covered ones stay, unless none must go.
    pub fn covered(&self, index: u64, kept: u64) -> Option<u64> {
        self.with(|inner| {
            let through = inner.entries.partition_point(|(at, _)| *at <= index);
            let (_, total) = *through.checked_sub(1).and_then(|last| inner.entries.get(last))?;
            if total <= inner.snapshot {
                return None;
            }
            (inner.snapshot, inner.asked) = (total, false);
            let floor = total.checked_sub(kept)?;
            let goes = inner.entries.partition_point(|(_, at)| *at < floor);
            // The last one that goes stays in this list, so that what follows it can still be told in bytes.
            inner.entries.drain(..goes);
            inner.entries.front().map(|(at, _)| *at)
        })
    }
}

impl Inner {
    fn total(&self) -> u64 {
        self.entries.back().map_or(0, |(_, total)| *total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(sizes: &[u64]) -> LogSize {
        let log = LogSize::default();
        (1..).zip(sizes).for_each(|(index, bytes)| log.applied(index, *bytes));
        log
    }

    #[test]
    fn a_snapshot_is_due_once_when_so_many_bytes_were_applied_since_the_last() {
        let log = grown(&[10, 20, 30]);
        assert!(!log.snapshot_due(61));
        assert!(log.snapshot_due(60) && !log.snapshot_due(60), "asked for once");
        assert_eq!(log.covered(3, 1_000), None);
        assert!(!log.snapshot_due(1));
        log.applied(4, 60);
        assert!(log.snapshot_due(60), "the next one");
    }

    #[test]
    fn a_large_state_is_packed_when_as_much_was_written_as_it_is_large() {
        let log = grown(&[10, 20, 30]);
        log.packed(100);
        assert!(!log.snapshot_due(50));
        log.applied(4, 40);
        assert!(log.snapshot_due(50));
    }

    #[test]
    fn behind_a_snapshot_no_more_stays_than_is_to_be_kept() {
        let log = grown(&[10, 10, 10, 10, 10, 10]);
        assert_eq!(log.covered(2, 25), None, "it is less");
        assert_eq!(log.covered(5, 25), Some(3), "four and five stay");
        assert_eq!(log.covered(5, 25), None, "nothing new is covered");
        log.applied(7, 100);
        assert_eq!(log.covered(7, 25), Some(7), "the last one alone is more");
        assert_eq!(LogSize::default().covered(9, 25), None);
    }
}
