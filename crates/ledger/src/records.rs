//! The applied records of one log, kept for watchers and for other members: a bounded tail in memory in front of a journal.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use ids::{Hash, Log, Seq};
use ports::{Flushed, Journal, LogStore, Op, StoreError};
use wire::proto;

/// Bytes of the tail in memory. A reader further behind reads the journal.
const TAIL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Meta value of the journal of a copy that is out of service.
pub(crate) const QUARANTINED: &str = "quarantined";
/// Meta value: the last record's sequence and hash, set together with every append, because no later record proves the last one.
pub(crate) const END: &str = "end";

/// Why records could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A snapshot must be taken instead.
    #[error("read the records after {after}: the first that is kept is {first}")]
    Purged { after: Seq, first: Seq },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// See the module.
pub struct RecordLog {
    journal: Journal,
    store: Arc<dyn LogStore>,
    tail: Mutex<Tail>,
}

struct Tail {
    /// The newest records, without a gap up to the newest of all.
    records: VecDeque<(Seq, Bytes)>,
    bytes: usize,
    /// What the next append must be.
    next: Seq,
}

impl RecordLog {
    pub fn new(log: Log, store: Arc<dyn LogStore>) -> Self {
        let journal = Journal::Records(log);
        let next = Seq(store.bounds(&journal).next);
        Self { journal, store, tail: Mutex::new(Tail { records: VecDeque::new(), bytes: 0, next }) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first record that is still kept, or the next one where none is.
    pub fn first(&self) -> Seq {
        Seq(self.store.bounds(&self.journal).first)
    }

    /// The sequence of the record that would be appended next.
    pub fn next(&self) -> Seq {
        self.lock().next
    }

    /// Adds records from `first` on; `head` is the chain hash of the last of them. Records that are here already are compared instead: after a restart a member applies again what
    /// it applied before, and must come to the same bytes.
    pub fn append(&self, first: Seq, records: Vec<Bytes>, head: Hash, flushed: Flushed) -> Result<(), StoreError> {
        let mut tail = self.lock();
        if first > tail.next {
            let journal = self.journal.to_string();
            return Err(StoreError::Gap { journal, given: first.0, next: tail.next.0 });
        }
        let known = usize::try_from(tail.next.0.saturating_sub(first.0)).unwrap_or(usize::MAX);
        let known = known.min(records.len());
        for (offset, record) in records.iter().take(known).enumerate() {
            self.same(Seq(first.0 + offset as u64), record)?;
        }
        let fresh: Vec<Bytes> = records.into_iter().skip(known).collect();
        if fresh.is_empty() {
            flushed(Ok(()));
            return Ok(());
        }
        let at = tail.next;
        for (offset, record) in fresh.iter().enumerate() {
            tail.bytes += record.len();
            tail.records.push_back((Seq(at.0 + offset as u64), record.clone()));
        }
        tail.next = Seq(at.0 + fresh.len() as u64);
        while tail.bytes > TAIL_BYTES_MAX
            && let Some((_, record)) = tail.records.pop_front()
        {
            tail.bytes -= record.len();
        }
        // Written under the lock: the journal must see appends in the order in which they got their places.
        let end = proto::RecordsEnd { seq: tail.next.0.saturating_sub(1), hash: Bytes::copy_from_slice(&head.0) };
        let append = Op::Append { journal: self.journal.clone(), first: at.0, entries: fresh };
        self.store.write_later(vec![append, self.put(END, wire::encode_checked(&end))], flushed);
        Ok(())
    }

    fn put(&self, key: &'static str, value: Bytes) -> Op {
        Op::Meta { journal: self.journal.clone(), key, value }
    }

    fn same(&self, seq: Seq, record: &Bytes) -> Result<(), StoreError> {
        let bounds = self.store.bounds(&self.journal);
        if seq.0 < bounds.first {
            return Ok(());
        }
        let stored = self.store.read(&self.journal, seq.0, seq.0 + 1, usize::MAX)?;
        if stored.first() == Some(record) {
            return Ok(());
        }
        let detail = format!("the stored record {seq} is not the one that the group committed there");
        Err(StoreError::Corrupt { what: "a record", owner: self.journal.to_string(), detail })
    }

    /// Records after `after`, in order, cut after at least one when they pass `bytes_max`; none when `after` is the newest.
    pub fn after(&self, after: Seq, bytes_max: usize) -> Result<Vec<(Seq, Bytes)>, ReadError> {
        let from = after.next();
        let next = {
            let tail = self.lock();
            if tail.records.front().is_some_and(|(first, _)| *first <= from) {
                let skip =
                    usize::try_from(from.0 - tail.records.front().map_or(0, |(seq, _)| seq.0)).unwrap_or(usize::MAX);
                return Ok(cut(tail.records.iter().skip(skip).cloned(), bytes_max));
            }
            tail.next
        };
        if from >= next {
            return Ok(Vec::new());
        }
        let first = self.store.bounds(&self.journal).first;
        if from.0 < first {
            return Err(ReadError::Purged { after, first: Seq(first) });
        }
        let records = match self.store.read(&self.journal, from.0, next.0, bytes_max) {
            // Purged since the look at the bounds.
            Err(StoreError::Outside { first, .. }) if from.0 < first => {
                return Err(ReadError::Purged { after, first: Seq(first) });
            }
            read => read?,
        };
        let records = records.into_iter().enumerate();
        Ok(records.map(|(offset, record)| (Seq(from.0 + offset as u64), record)).collect())
    }

    /// Makes the journal fit a state at `seq`: records that end before it or begin after a gap behind it are dropped, because what they
    /// say is in the state or can be had again from others.
    pub fn join_to(&self, seq: Seq) {
        let bounds = self.store.bounds(&self.journal);
        if bounds.next <= seq.0 {
            self.purge(seq);
        } else if bounds.first > seq.next().0 {
            let mut tail = self.lock();
            *tail = Tail { records: VecDeque::new(), bytes: 0, next: seq.next() };
            let drop_all = Op::Truncate { journal: self.journal.clone(), last: bounds.first - 1 };
            self.store.write(vec![drop_all], Box::new(|_| ()));
        }
    }

    /// Why the log's copy was taken out of service, if it was: kept beside the records, so that a restart does not forget it.
    pub fn quarantined(&self) -> Result<Option<String>, StoreError> {
        let Some(checked) = self.store.meta(&self.journal, QUARANTINED)? else { return Ok(None) };
        let why = wire::checked::uncheck("the note of a quarantine", &checked).map_err(|error| {
            let owner = self.journal.to_string();
            StoreError::Corrupt { what: "the note of a quarantine", owner, detail: error.to_string() }
        })?;
        Ok(Some(String::from_utf8_lossy(&why).into_owned()))
    }

    /// Notes that the copy is out of service.
    pub fn note_quarantine(&self, why: &str) {
        let note = self.put(QUARANTINED, wire::checked::check(why.as_bytes()));
        self.store.write(vec![note], Box::new(|_| ()));
    }

    /// Forgets records up to `through`, because a durable snapshot holds what they did.
    pub fn purge(&self, through: Seq) {
        let mut tail = self.lock();
        while tail.records.front().is_some_and(|(seq, _)| *seq <= through)
            && let Some((_, record)) = tail.records.pop_front()
        {
            tail.bytes -= record.len();
        }
        tail.next = tail.next.max(through.next());
        let purge = Op::Purge { journal: self.journal.clone(), through: through.0 };
        self.store.write(vec![purge], Box::new(|_| ()));
    }
}

fn cut(records: impl Iterator<Item = (Seq, Bytes)>, bytes_max: usize) -> Vec<(Seq, Bytes)> {
    let mut bytes = 0;
    let mut taken = Vec::new();
    for (seq, record) in records {
        bytes += record.len();
        if bytes > bytes_max && !taken.is_empty() {
            break;
        }
        taken.push((seq, record));
    }
    taken
}

#[cfg(test)]
mod tests;
