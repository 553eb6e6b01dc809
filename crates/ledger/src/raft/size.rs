//! How many Raft entries are applied and how many bytes they have, and hence when a snapshot is due.
//!
//! An entry is a batch: a few hundred bytes under light load, hundreds of kilobytes under heavy load. A bound on their count alone
//! let a minute of heavy load grow to gigabytes of log before a snapshot, and a restart apply them all again. And a snapshot costs what
//! the state is large: of a large state a few entries more are no reason to pack all of it again.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// A state that is packed into less costs next to nothing to pack.
const SMALL: u64 = 64 << 20;
/// Of a larger one a snapshot is due after so many entries if they have this share of its bytes.
const SHARE: u64 = 8;

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
    /// Entries beyond the snapshot.
    since: u64,
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
            inner.since += 1;
        });
    }

    /// A snapshot was packed, or taken.
    pub fn packed(&self, bytes: usize) {
        self.with(|inner| inner.packed = u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Whether to make a snapshot now; says so once for each. After so many entries, or bytes of them; but a large state is packed more
    /// rarely, so that what snapshots cost stays in proportion to what is written.
    pub fn snapshot_due(&self, entries_max: u64, bytes_max: u64) -> bool {
        self.with(|inner| {
            let bytes = inner.total().saturating_sub(inner.snapshot);
            let worth_it = inner.packed < SMALL || bytes >= inner.packed / SHARE;
            let many = inner.since >= entries_max && worth_it;
            let due = (many || bytes >= bytes_max.max(inner.packed)) && !inner.asked;
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
            inner.since = u64::try_from(inner.entries.len() - through).unwrap_or(u64::MAX);
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
        assert!(!log.snapshot_due(9, 61));
        assert!(log.snapshot_due(9, 60) && !log.snapshot_due(9, 60), "asked for once");
        assert_eq!(log.covered(3, 1_000), None);
        assert!(!log.snapshot_due(9, 1));
        log.applied(4, 60);
        assert!(log.snapshot_due(9, 60), "the next one");
    }

    #[test]
    fn a_large_state_is_packed_when_as_much_was_written_as_it_is_large() {
        let log = grown(&[10, 20, 30]);
        log.packed(100);
        assert!(!log.snapshot_due(9, 50));
        log.applied(4, 40);
        assert!(log.snapshot_due(9, 50));
    }

    #[test]
    fn a_snapshot_is_due_after_so_many_entries_and_of_a_large_state_not_for_a_few_bytes() {
        let log = grown(&[1, 1, 1]);
        assert!(!log.snapshot_due(4, 1_000));
        log.applied(4, 1);
        log.packed(128 << 20);
        assert!(!log.snapshot_due(4, 1_000_000_000), "four bytes are no reason to pack so much");
        log.applied(5, 16 << 20);
        assert!(log.snapshot_due(4, 1_000_000_000), "an eighth of it is");
        assert_eq!(log.covered(3, u64::MAX), None);
        assert!(!log.snapshot_due(4, 1_000_000_000), "two entries are left");
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
