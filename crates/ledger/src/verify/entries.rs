//! Raft entries and the markers beside them: each at its place, terms that rise, and proposals that make exactly the stored records.
//!
//! Entries behind the snapshot's place are applied to its state again, as at a start. Those before it cannot be: there, the
//! snapshot remembers which request made which record, and the proposals must be found in that order, without a gap.

use bytes::Bytes;
use ids::{Log, Seq};
use openraft::EntryPayload;
use ports::{Bounds, Journal, LogStore, StoreError};
use wire::{Error, Proposal, Record, proto};

use super::{Findings, Place, Saved, cursor::Cursor, is_empty, meta, told};
use crate::{
    raft::{
        Entry, RaftLogId,
        convert::{decode_entry, log_id_in, log_id_out},
        log::{COMMITTED, END, PURGED, VOTE},
    },
    state::{Applied, LogState},
};

/// Records read at a time.
const BATCH_BYTES: usize = 1024 * 1024;

/// Checks all Raft entries that are kept; gives how many there are.
pub fn check(logs: &dyn LogStore, log: &Log, saved: &Saved, found: &mut Findings) -> u64 {
    let journal = Journal::Raft(log.clone());
    let bounds = logs.bounds(&journal);
    let purged = marker(logs, &journal, PURGED, found);
    let committed = marker(logs, &journal, COMMITTED, found);
    begins_within(bounds, saved, purged.as_ref(), found);
    let mut last: Option<RaftLogId> = purged.as_ref().map(log_id_in);
    let mut checked = 0;
    let mut replay = Replay::new(logs, log, saved, bounds);
    for (place, read) in Cursor::new(logs, &journal, bounds) {
        checked += 1;
        let entry = read_entry(place, read, found);
        let Some(entry) = entry.filter(|entry| in_place(place, entry, &mut last, found)) else {
            replay.interrupt(place);
            continue;
        };
        for (what, mark) in [(COMMITTED, committed.as_ref()), ("snapshot", saved.applied())] {
            if let Some(mark) = mark.filter(|mark| mark.index == place && **mark != log_id_out(&entry.log_id)) {
                let wanted = format!("term {}, as the marker {what} says", mark.term);
                found.tell(Place::Entry(place), format!("an entry of term {}", log_id_out(&entry.log_id).term), wanted);
            }
        }
        replay.take(&entry, found);
    }
    replay.end(found);
    let last = last.as_ref().map(log_id_out);
    ends_at(logs, &journal, bounds, last.as_ref(), found);
    reaches(committed.as_ref(), last.as_ref(), saved, found);
    voted(logs, &journal, last.as_ref(), found);
    checked
}

/// Entries from the first on, or from the purge on, and no further than behind the snapshot.
fn begins_within(bounds: Bounds, saved: &Saved, purged: Option<&proto::RaftLogId>, found: &mut Findings) {
    let first = bounds.first;
    let behind = purged.map_or(0, |purged| purged.index.saturating_add(1));
    let applied = saved.applied().map(|applied| applied.index);
    // Where no entry is left, only the snapshot tells a purge, which sets the marker, from a log that was overruled from its first entry on.
    let purges = purged.is_none() && applied.is_some_and(|applied| applied.saturating_add(1) >= first);
    if behind != first && (!is_empty(bounds) || purges) {
        let wanted = format!("{}, before the first entry that is kept", first.saturating_sub(1));
        let what = purged.map_or_else(|| "there is none".to_owned(), |purged| format!("the index {}", purged.index));
        found.tell(Place::RaftMeta(PURGED), what, wanted);
    }
    let Some(purged) = purged else { return };
    match saved {
        Saved::None => {
            let what = format!("there is none, and Raft entries are purged up to {}", purged.index);
            found.tell(Place::Snapshot(None), what, "a snapshot that holds what they did");
        }
        Saved::Whole(state, _) if applied.is_none_or(|applied| applied < purged.index) => {
            let what = format!("entries up to {} are purged", purged.index);
            let wanted = format!("every entry behind the snapshot at {}", state.seq);
            found.tell(Place::Entry(applied.map_or(0, |applied| applied.saturating_add(1))), what, wanted);
        }
        Saved::Whole(..) | Saved::Damaged => {}
    }
}

fn read_entry(place: u64, read: Result<Bytes, StoreError>, found: &mut Findings) -> Option<Entry> {
    let at = Place::Entry(place);
    let bytes = read.map_err(|error| found.tell(at.clone(), error, "a readable entry")).ok()?;
    decode_entry(bytes).map_err(|error| found.tell(at, told(&error), "a Raft entry")).ok()
}

/// Whether the entry follows the `last` one that was read, which it becomes.
fn in_place(place: u64, entry: &Entry, last: &mut Option<RaftLogId>, found: &mut Findings) -> bool {
    let id = log_id_out(&entry.log_id);
    let before = last.replace(entry.log_id).as_ref().map(log_id_out);
    let continues = before.is_some_and(|before| before.index.saturating_add(1) == id.index);
    if id.index != place && !continues {
        found.tell(Place::Entry(place), format!("the entry {}", id.index), format!("the entry {place}"));
        return false;
    }
    if let Some(before) = before.filter(|before| before.index < id.index && before.term > id.term) {
        found.tell(Place::Entry(place), format!("the term {}", id.term), format!("{} or later", before.term));
    }
    true
}

/// The marker in every append says which entry is the last.
fn ends_at(
    logs: &dyn LogStore,
    journal: &Journal,
    bounds: Bounds,
    last: Option<&proto::RaftLogId>,
    found: &mut Findings,
) {
    let Some(end) = marker(logs, journal, END, found) else {
        if !is_empty(bounds) {
            found.tell(Place::RaftMeta(END), "there is none", "the term and index of the last entry");
        }
        return;
    };
    let next = last.map_or(bounds.next, |last| last.index.saturating_add(1).max(bounds.next));
    if end.index >= next {
        let wanted = format!("every entry up to {}, where the marker says they end", end.index);
        found.tell(Place::Entry(next), "it is not kept", wanted);
    } else if !is_empty(bounds) && last.is_some_and(|last| last.index.saturating_add(1) == bounds.next && *last != end)
    {
        let what = format!("term {} and index {}", end.term, end.index);
        found.tell(Place::RaftMeta(END), what, format!("those of the last entry, {}", next.saturating_sub(1)));
    }
}

/// What was noted as committed must be here, or in the snapshot.
fn reaches(committed: Option<&proto::RaftLogId>, last: Option<&proto::RaftLogId>, saved: &Saved, found: &mut Findings) {
    let Some(committed) = committed else { return };
    let reached = [last, saved.applied()].into_iter().flatten().map(|id| id.index).max();
    if reached.is_none_or(|reached| reached < committed.index) && !matches!(saved, Saved::Damaged) {
        let at = Place::Entry(reached.map_or(0, |reached| reached.saturating_add(1)));
        found.tell(at, "it is not kept", format!("every entry up to {}, which is committed", committed.index));
    }
}

/// No entry comes without a vote for its term.
fn voted(logs: &dyn LogStore, journal: &Journal, last: Option<&proto::RaftLogId>, found: &mut Findings) {
    let read = meta(logs, journal, VOTE, found).map(|vote| wire::decode_checked::<proto::RaftVote>("a vote", vote));
    let wanted = |last: &proto::RaftLogId| format!("a vote in term {} or later", last.term);
    let at = Place::RaftMeta(VOTE);
    match (read, last) {
        (Some(Err(error)), _) => found.tell(at, told(&error), "a vote"),
        (None, Some(last)) => found.tell(at, "there is none", wanted(last)),
        (Some(Ok(vote)), Some(last)) if vote.term < last.term => {
            found.tell(at, format!("a vote in term {}", vote.term), wanted(last));
        }
        (Some(Ok(_)) | None, _) => {}
    }
}

fn marker(logs: &dyn LogStore, journal: &Journal, key: &'static str, found: &mut Findings) -> Option<proto::RaftLogId> {
    let read = wire::decode_checked("a Raft log id", meta(logs, journal, key, found)?);
    read.map_err(|error: Error| found.tell(Place::RaftMeta(key), told(&error), "a term and an index")).ok()
}

/// Makes the records again.
struct Replay<'a> {
    logs: &'a dyn LogStore,
    journal: Journal,
    kept: Bounds,
    saved: &'a Saved,
    /// The last entry whose effect the snapshot holds.
    applied: Option<u64>,
    /// The state behind the last entry that was applied again; `None` once it cannot be known.
    state: Option<LogState>,
    /// The last record whose proposal was found in the entries that the snapshot holds.
    met: Option<Seq>,
    /// Stored records, read ahead, from a sequence on.
    ahead: (u64, Vec<Bytes>),
}

impl<'a> Replay<'a> {
    fn new(logs: &'a dyn LogStore, log: &Log, saved: &'a Saved, entries: Bounds) -> Self {
        let journal = Journal::Records(log.clone());
        let state = match saved {
            Saved::None => (entries.first <= 1).then(|| LogState::new(log.clone())),
            Saved::Whole(state, _) => Some(state.as_ref().clone()),
            Saved::Damaged => None,
        };
        let applied = saved.applied().map(|applied| applied.index);
        let kept = logs.bounds(&journal);
        Self { logs, journal, kept, saved, applied, state, met: None, ahead: (0, Vec::new()) }
    }

    /// An entry that cannot be read: what it did is not known.
    fn interrupt(&mut self, place: u64) {
        self.met = None;
        // Entries that the snapshot holds are not needed to know the state behind it.
        if self.applied.is_none_or(|applied| place > applied) {
            self.state = None;
        }
    }

    fn take(&mut self, entry: &Entry, found: &mut Findings) {
        let EntryPayload::Normal(batch) = &entry.payload else { return };
        let index = entry.log_id.index();
        for bytes in batch.bytes() {
            let proposal = match Proposal::decode(bytes) {
                Ok(proposal) => proposal,
                Err(error) => {
                    found.tell(Place::Entry(index), told(&error), "proposals that this build can read");
                    return self.interrupt(index);
                }
            };
            if self.applied.is_some_and(|applied| index <= applied) {
                self.meet(&proposal, bytes, found);
            } else {
                self.apply(index, &proposal, bytes, found);
            }
        }
    }

    /// The snapshot holds what this proposal did, if anything.
    fn meet(&mut self, proposal: &Proposal, bytes: &Bytes, found: &mut Findings) {
        let outcome = self.saved.state().and_then(|state| state.outcome(&proposal.request_id));
        let Some(seq) = outcome.map(|outcome| outcome.seq) else { return };
        let made = self.stored(seq).and_then(|record| Record::decode(record).ok());
        // Another proposal of the same request made the record: this one met a conflict, or came too late.
        if made.is_none_or(|record| record.proposal != *bytes) {
            return;
        }
        match self.met {
            Some(met) if seq <= met => {}
            Some(met) if seq > met.next() => {
                found.tell(Place::Record(met.next()), "no Raft entry that is kept has its proposal", "one that has");
                self.met = Some(seq);
            }
            Some(_) | None => self.met = Some(seq),
        }
    }

    /// Applies it as the machine does, and compares what it makes with what is stored.
    fn apply(&mut self, index: u64, proposal: &Proposal, bytes: &Bytes, found: &mut Findings) {
        let Some(state) = &mut self.state else { return };
        let Applied::Stored { record, .. } = state.apply(proposal, bytes) else { return };
        let Some(stored) = self.stored(record.seq) else { return };
        if stored != record.encode() {
            let what = "another record than the Raft entries make";
            found.tell(Place::Record(record.seq), what, format!("what the entry {index} makes"));
            self.state = None;
        }
    }

    /// Entries are durable before the records that they make, so no record may be left over.
    fn end(&mut self, found: &mut Findings) {
        if let (Some(met), Some(saved)) = (self.met, self.saved.state())
            && met < saved.seq
        {
            found.tell(Place::Record(met.next()), "no Raft entry that is kept has its proposal", "one that has");
        }
        let last = Seq(self.kept.next.saturating_sub(1));
        if let Some(state) = &self.state
            && !is_empty(self.kept)
            && last > state.seq
        {
            found.tell(Place::Record(state.seq.next()), "no Raft entry makes it", "one that does");
        }
    }

    /// A stored record. What cannot be read was told before.
    fn stored(&mut self, seq: Seq) -> Option<Bytes> {
        let slot = |from: u64| usize::try_from(seq.0.checked_sub(from)?).ok();
        let ahead = slot(self.ahead.0).and_then(|slot| self.ahead.1.get(slot));
        if ahead.is_some() {
            return ahead.cloned();
        }
        if seq.0 < self.kept.first || seq.0 >= self.kept.next {
            return None;
        }
        let batch = self.logs.read(&self.journal, seq.0, self.kept.next, BATCH_BYTES);
        let single = || self.logs.read(&self.journal, seq.0, seq.0.saturating_add(1), BATCH_BYTES);
        self.ahead = (seq.0, batch.or_else(|_| single()).unwrap_or_default());
        self.ahead.1.first().cloned()
    }
}
