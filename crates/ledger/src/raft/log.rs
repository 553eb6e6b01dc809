//! openraft's log and vote on a [`LogStore`].
//!
//! `append` and `truncate` only queue: one flush serves all groups of the member, and callbacks come in order. A bounded tail of
//! entries stays in memory, because apply and each replication stream read every entry once more.
//!
//! Nothing is acknowledged here before the flush that covers it: openraft counts this member's own copy only when the callback comes.

use std::{
    collections::VecDeque,
    fmt::Debug,
    io,
    ops::{Bound, RangeBounds},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use ids::Log;
use openraft::{
    OptionalSend, RaftLogReader,
    storage::{IOFlushed, LogState, RaftLogStorage},
};
use ports::{Journal, LogStore, Op, StoreError};
use tokio::sync::oneshot;
use wire::proto;

use super::{
    Entry, RaftLogId, TypeConfig, Vote,
    convert::{decode_entry, encode_entry, log_id_in, log_id_out, vote_in, vote_out},
};

/// Meta values of a group's journal, each with a checksum.
pub const VOTE: &str = "vote";
pub const COMMITTED: &str = "committed";
pub const PURGED: &str = "purged";
/// The last entry, set together with every append: a journal that lost its last entry would otherwise look like one that never had it.
pub const END: &str = "end";

/// Bytes of entries kept in memory behind the newest.
const TAIL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of entries in one append request: openraft bounds their number only.
const READ_BYTES_MAX: usize = 1024 * 1024;

/// See the module.
#[derive(Clone)]
pub struct RaftLog {
    journal: Journal,
    store: Arc<dyn LogStore>,
    tail: Arc<Mutex<Tail>>,
}

#[derive(Default)]
struct Tail {
    /// The newest entries without a gap, each with its encoded size.
    entries: VecDeque<(Entry, usize)>,
    bytes: usize,
}

impl Tail {
    fn push(&mut self, entry: Entry, size: usize) {
        self.bytes += size;
        self.entries.push_back((entry, size));
        while self.bytes > TAIL_BYTES_MAX && self.entries.len() > 1 {
            self.pop_front();
        }
    }

    fn pop_front(&mut self) {
        if let Some((_, size)) = self.entries.pop_front() {
            self.bytes -= size;
        }
    }

    fn first(&self) -> Option<u64> {
        self.entries.front().map(|(entry, _)| entry.log_id.index())
    }

    fn truncate_after(&mut self, last: u64) {
        while self.entries.back().is_some_and(|(entry, _)| entry.log_id.index() > last)
            && let Some((_, size)) = self.entries.pop_back()
        {
            self.bytes -= size;
        }
    }

    fn purge(&mut self, through: u64) {
        while self.first().is_some_and(|first| first <= through) {
            self.pop_front();
        }
    }
}

impl RaftLog {
    pub fn new(log: Log, store: Arc<dyn LogStore>) -> Self {
        Self { journal: Journal::Raft(log), store, tail: Arc::default() }
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, key: &'static str, value: Bytes) -> Op {
        Op::Meta { journal: self.journal.clone(), key, value }
    }

    fn mark(&self, key: &'static str, id: &RaftLogId) -> Op {
        self.put(key, wire::encode_checked(&log_id_out(id)))
    }

    /// Takes entries into the tail; gives what makes them durable.
    pub(crate) fn appending(&self, entries: impl IntoIterator<Item = Entry>) -> Vec<Op> {
        let mut encoded = Vec::new();
        let mut ends = None;
        let mut tail = self.tail();
        for entry in entries {
            let first = ends.map_or_else(|| entry.log_id.index(), |(first, _)| first);
            ends = Some((first, entry.log_id));
            let bytes = encode_entry(&entry);
            tail.push(entry, bytes.len());
            encoded.push(bytes);
        }
        let Some((first, last)) = ends else { return Vec::new() };
        vec![Op::Append { journal: self.journal.clone(), first, entries: encoded }, self.mark(END, &last)]
    }

    fn meta(&self, key: &'static str) -> Result<Option<Bytes>, io::Error> {
        self.store.meta(&self.journal, key).map_err(broken)
    }

    fn log_id(&self, key: &'static str) -> Result<Option<RaftLogId>, io::Error> {
        let Some(bytes) = self.meta(key)? else { return Ok(None) };
        let id: proto::RaftLogId = wire::decode_checked("a Raft log id", bytes).map_err(io::Error::other)?;
        Ok(Some(log_id_in(&id)))
    }

    fn stored(&self, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Entry>, io::Error> {
        let entries = self.store.read(&self.journal, from, to, bytes_max).map_err(broken)?;
        entries.into_iter().map(|entry| decode_entry(entry).map_err(io::Error::other)).collect()
    }

    fn read(&self, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Entry>, io::Error> {
        let bounds = self.store.bounds(&self.journal);
        let (from, to) = (from.max(bounds.first), to.min(bounds.next));
        if from >= to {
            return Ok(Vec::new());
        }
        let tail = self.tail();
        let Some(first) = tail.first().filter(|first| *first <= from) else {
            drop(tail);
            return self.stored(from, to, bytes_max);
        };
        let skip = usize::try_from(from - first).unwrap_or(usize::MAX);
        let count = usize::try_from(to - from).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let within = tail.entries.iter().skip(skip).take(count).enumerate().take_while(|(place, (_, size))| {
            bytes += size;
            *place == 0 || bytes <= bytes_max
        });
        Ok(within.map(|(_, (entry, _))| entry.clone()).collect())
    }
}

fn broken(error: StoreError) -> io::Error {
    io::Error::other(error)
}

impl RaftLogReader<TypeConfig> for RaftLog {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before + 1,
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(to) => *to,
            Bound::Unbounded => self.store.bounds(&self.journal).next,
        };
        let entries = self.read(from, to, usize::MAX)?;
        // openraft applies what it gets and counts all of it as applied: a store that lost some must stop the member here.
        if entries.len() as u64 == to.saturating_sub(from) {
            return Ok(entries);
        }
        let bounds = self.store.bounds(&self.journal);
        Err(broken(StoreError::Outside {
            journal: self.journal.to_string(),
            from,
            to,
            first: bounds.first,
            next: bounds.next,
        }))
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, io::Error> {
        self.read(start, end, READ_BYTES_MAX)
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        let Some(bytes) = self.meta(VOTE)? else { return Ok(None) };
        let vote: proto::RaftVote = wire::decode_checked("a vote", bytes).map_err(io::Error::other)?;
        Ok(Some(vote_in(&vote)))
    }
}

impl RaftLogStorage<TypeConfig> for RaftLog {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        let purged = self.log_id(PURGED)?;
        let bounds = self.store.bounds(&self.journal);
        let last = if bounds.first < bounds.next {
            self.stored(bounds.next - 1, bounds.next, usize::MAX)?.pop().map(|entry| entry.log_id)
        } else {
            None
        };
        Ok(LogState { last_purged_log_id: purged, last_log_id: last.or(purged) })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    /// Durable on return: a vote that is forgotten can be given twice.
    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let (flushed, done) = oneshot::channel();
        let op = self.put(VOTE, wire::encode_checked(&vote_out(vote)));
        self.store.write(
            vec![op],
            Box::new(move |result| {
                let _ = flushed.send(result);
            }),
        );
        done.await.map_err(io::Error::other)?.map_err(broken)
    }

    /// Only a hint for a faster restart; losing it costs nothing.
    async fn save_committed(&mut self, committed: Option<RaftLogId>) -> Result<(), io::Error> {
        if let Some(committed) = committed {
            self.store.write_later(vec![self.mark(COMMITTED, &committed)], Box::new(|_| ()));
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<RaftLogId>, io::Error> {
        self.log_id(COMMITTED)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let ops = self.appending(entries);
        self.store.write(ops, Box::new(move |result| callback.io_completed(result.map_err(broken))));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<RaftLogId>) -> Result<(), io::Error> {
        let journal = self.journal.clone();
        let next = self.store.bounds(&self.journal).next;
        let ops = match &last {
            Some(last) if last.index().saturating_add(1) >= next => return Ok(()),
            Some(last) => {
                self.tail().truncate_after(last.index());
                vec![Op::Truncate { journal, last: last.index() }, self.mark(END, last)]
            }
            // Nothing is kept, not even the first entry, whose index is zero.
            None => {
                *self.tail() = Tail::default();
                vec![Op::Purge { journal, through: next.saturating_sub(1) }]
            }
        };
        self.store.write(ops, Box::new(|_| ()));
        Ok(())
    }

    async fn purge(&mut self, through: RaftLogId) -> Result<(), io::Error> {
        self.tail().purge(through.index());
        let marker = self.mark(PURGED, &through);
        let purge = Op::Purge { journal: self.journal.clone(), through: through.index() };
        self.store.write(vec![marker, purge], Box::new(|_| ()));
        Ok(())
    }
}
