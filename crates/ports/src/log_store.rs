//! Journals that survive a crash: Raft entries, votes and applied records of all groups of one member.
//!
//! ```text
//!            purged            retained                      next
//!  journal   ......... first ───────────────── next-1        (where the next append goes)
//!  flush     ═══════════════════ durable ══════╪ pending ──▶  one order over all journals
//! ```

use std::fmt;

use bytes::Bytes;
use ids::Log;

/// One ordered sequence of numbered entries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Journal {
    /// Raft entries of a group, by Raft index; the group's vote and markers are its meta values.
    Raft(Log),
    /// Applied records of a log, by sequence.
    Records(Log),
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raft(log) => write!(f, "raft/{log}"),
            Self::Records(log) => write!(f, "records/{log}"),
        }
    }
}

/// One change of one journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Adds entries at `first`, `first + 1`, ... `first` MUST be the journal's `next`; on a journal without entries it may be any
    /// number.
    Append { journal: Journal, first: u64, entries: Vec<Bytes> },
    /// Removes every entry after `last`.
    Truncate { journal: Journal, last: u64 },
    /// Removes every entry up to and including `through`. `next` does not change, unless it was at or below `through`.
    Purge { journal: Journal, through: u64 },
    /// Sets a value that belongs to the journal.
    Meta { journal: Journal, key: &'static str, value: Bytes },
}

/// Retained entries are `first..next`. A journal that never held anything is `1..1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub first: u64,
    pub next: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { first: 1, next: 1 }
    }
}

/// Called exactly once, from any thread, when the write it came with is durable, or never will be.
pub type Flushed = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Why the store could not do as asked. After `Flush` or `Full` nothing that was written since the last good flush may be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("appended at {given} to the journal {journal}, which continues at {next}")]
    Gap { journal: String, given: u64, next: u64 },
    #[error("read {from}..{to} of the journal {journal}, which holds {first}..{next}")]
    Outside { journal: String, from: u64, to: u64, first: u64, next: u64 },
    #[error("flushed {bytes} bytes to a disk without room")]
    Full { bytes: u64 },
    #[error("flushed the store: {detail}")]
    Flush { detail: String },
    #[error("read {what} of {owner}: {detail}")]
    Corrupt { what: &'static str, owner: String, detail: String },
}

/// The journals of one member.
pub trait LogStore: Send + Sync + 'static {
    /// Takes `ops` as one unit and returns at once. What they say is readable on return; it is durable only when `flushed` is called
    /// with `Ok`.
    ///
    /// All writes of one store, over all journals, become durable in the order in which they were taken: after a crash the store
    /// holds a prefix of them, each whole or not at all. An implementation MUST NOT call `flushed` before the flush that covers the
    /// write, MUST call the `flushed` of earlier writes first, and MAY flush many writes at once.
    ///
    /// After a flush fails, every later write MUST fail too: what was lost in between cannot be told.
    fn write(&self, ops: Vec<Op>, flushed: Flushed);

    /// As [`Self::write`], for what nobody waits for and what a crash may take: it keeps its place in the order and becomes durable
    /// with the next [`Self::write`] or when the store is closed, or else by itself within a second, but need not cause a flush of its
    /// own at once.
    fn write_later(&self, ops: Vec<Op>, flushed: Flushed) {
        self.write(ops, flushed);
    }

    /// Entries `from..to`, in order, cut after at least one entry when they pass `bytes_max` bytes. `to` beyond `next` is cut to it;
    /// `from` outside the retained range is [`StoreError::Outside`], except that `from == next` is empty.
    fn read(&self, journal: &Journal, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, StoreError>;

    /// What the journal retains.
    fn bounds(&self, journal: &Journal) -> Bounds;

    /// A meta value of the journal.
    fn meta(&self, journal: &Journal, key: &'static str) -> Result<Option<Bytes>, StoreError>;
}
