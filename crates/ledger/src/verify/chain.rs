//! Records: each at its place, each hashed by the one behind it, all of them folded to the state that the snapshot holds.
//!
//! A hash that does not fit has two ends. The record that names it is asked for a witness of its own: if the one behind it names its
//! hash, the record before it is the damaged one; if not, it is itself. The last record's witness is the marker at the end.

use bytes::Bytes;
use ids::{Hash, Hlc, Incarnation, Log, Seq};
use ports::{Bounds, Journal, LogStore, StoreError};
use wire::{Error, Proposal, Record, proto, record::hash_in};

use super::{Findings, Place, Saved, cursor::Cursor, is_empty, meta, told};
use crate::{records::END, state::LogState};

/// What the records of one log came to.
pub struct Chained {
    pub first: Option<Seq>,
    pub last: Seq,
    pub head_hash: Option<Hash>,
    pub state: Option<LogState>,
    pub records: u64,
}

/// Checks all records of a log that are kept.
pub fn check(logs: &dyn LogStore, log: &Log, saved: &Saved, found: &mut Findings) -> Chained {
    let journal = Journal::Records(log.clone());
    let bounds = logs.bounds(&journal);
    begins_within(bounds, saved, found);
    let mut chain = Chain::begin(log, saved, bounds, found);
    for (place, read) in Cursor::new(logs, &journal, bounds) {
        chain.take(Seq(place), read);
    }
    let end = meta(logs, &journal, END, chain.found);
    if end.is_some() || !is_empty(bounds) {
        chain.end(bounds, end);
    }
    chain.came_to(bounds)
}

/// Records from the first on, or a snapshot that reaches up to them: else nobody could start from here.
fn begins_within(bounds: Bounds, saved: &Saved, found: &mut Findings) {
    let first = bounds.first;
    match saved {
        Saved::None if first > 1 => {
            let what = format!("there is none, and records are kept from {first} on");
            found.tell(Place::Snapshot(None), what, format!("a snapshot at {} or later", first - 1));
        }
        Saved::Whole(state, _) if first > state.seq.next().0 => {
            let what = format!("it is not kept: records begin at {first}");
            let wanted = format!("every record after the snapshot at {}", state.seq);
            found.tell(Place::Record(state.seq.next()), what, wanted);
        }
        Saved::None | Saved::Whole(..) | Saved::Damaged => {}
    }
}

/// The record before the one that is looked at.
struct Link {
    seq: Seq,
    hash: Hash,
    hlc: Hlc,
    /// Its hash is known from elsewhere.
    proven: bool,
}

/// A record whose hash is not the one that the next record names.
struct Suspect {
    seq: Seq,
    hash: Hash,
    named: Hash,
}

struct Chain<'a> {
    log: &'a Log,
    saved: &'a Saved,
    found: &'a mut Findings,
    incarnation: Incarnation,
    /// The last sequence that was read, right or wrong.
    last_read: Option<Seq>,
    prev: Option<Link>,
    suspect: Option<Suspect>,
    state: Option<LogState>,
    records: u64,
}

impl<'a> Chain<'a> {
    fn begin(log: &'a Log, saved: &'a Saved, bounds: Bounds, found: &'a mut Findings) -> Self {
        let state = match saved.state() {
            Some(state) if state.seq.next().0 == bounds.first => Some(state.clone()),
            Some(_) | None => (bounds.first == 1 && !is_empty(bounds)).then(|| LogState::new(log.clone())),
        };
        let prev = state.as_ref().map(proven);
        let incarnation = saved.state().map_or(Incarnation::FIRST, |state| state.incarnation);
        Self { log, saved, found, incarnation, last_read: None, prev, suspect: None, state, records: 0 }
    }

    fn take(&mut self, place: Seq, read: Result<Bytes, StoreError>) {
        self.records += 1;
        let record = self.read(place, read);
        match &record {
            Some((record, hash)) => self.follow(place, record, *hash),
            None => self.interrupt(),
        }
        if let Some(state) = self.saved.state().filter(|state| state.seq == place) {
            self.meet(state, record.map(|(_, hash)| hash));
        }
    }

    /// The record at `place`, if it can be read and is this log's.
    fn read(&mut self, place: Seq, read: Result<Bytes, StoreError>) -> Option<(Record, Hash)> {
        let at = Place::Record(place);
        let bytes = read.map_err(|error| self.found.tell(at.clone(), error, "a readable record")).ok()?;
        let record = Record::decode(bytes.clone())
            .map_err(|error| self.found.tell(at.clone(), told(&error), "a record"))
            .ok()?;
        if record.log != *self.log {
            self.found.tell(at, format!("a record of {}", record.log), format!("one of {}", self.log));
            return None;
        }
        if record.incarnation != self.incarnation {
            let (is, wanted) = (record.incarnation, self.incarnation);
            self.found.tell(at, format!("a record of incarnation {is}"), format!("one of incarnation {wanted}"));
            return None;
        }
        if record.encode() != bytes {
            self.found.tell(at, "bytes that say more than the record's hash covers", "the record as it is written");
            return None;
        }
        let hash = record.hash();
        Some((record, hash))
    }

    fn follow(&mut self, place: Seq, record: &Record, hash: Hash) {
        let continues = self.last_read.is_some_and(|last| last.next() == record.seq);
        if record.seq != place && !continues {
            self.found.tell(Place::Record(place), format!("the record {}", record.seq), format!("the record {place}"));
        }
        self.last_read = Some(record.seq);
        self.link(record);
        self.fold(record, hash);
        self.prev = Some(Link { seq: record.seq, hash, hlc: record.hlc, proven: false });
    }

    fn link(&mut self, record: &Record) {
        let Some(prev) = self.prev.take().filter(|prev| prev.seq.next() == record.seq) else {
            self.accuse();
            self.state = None;
            return;
        };
        if record.prev_hash == prev.hash {
            self.accuse();
            if record.hlc <= prev.hlc {
                let wanted = format!("a later one than {}", prev.hlc);
                self.found.tell(Place::Record(record.seq), format!("the time {}", record.hlc), wanted);
            }
            return;
        }
        self.state = None;
        if prev.proven {
            let what = format!("{} for the hash of the record before", record.prev_hash);
            self.found.tell(Place::Record(record.seq), what, prev.hash);
        } else {
            // Whoever named the one before has no witness now, so that suspicion falls.
            self.suspect = Some(Suspect { seq: prev.seq, hash: prev.hash, named: record.prev_hash });
        }
    }

    fn fold(&mut self, record: &Record, hash: Hash) {
        let at = Place::Record(record.seq);
        let proposal = match Proposal::decode(&record.proposal) {
            Ok(proposal) => proposal,
            Err(error) => {
                self.found.tell(at, told(&error), "a proposal that this build can read");
                self.state = None;
                return;
            }
        };
        let Some(state) = &mut self.state else { return };
        if let Err(error) = state.apply_record(record) {
            self.found.tell(at, &error, "a record that applies to the state before it");
            // The log went on from here, so it is followed.
            state.advance(&proposal, record, hash);
        }
    }

    /// A record that cannot be read: nothing is known of the one before, and no state leads on.
    fn interrupt(&mut self) {
        self.accuse();
        self.prev = None;
        self.state = None;
    }

    /// The suspect's accuser has a witness, or none will come.
    fn accuse(&mut self) {
        if let Some(Suspect { seq, hash, named }) = self.suspect.take() {
            let wanted = format!("{named}, as the record behind it names");
            self.found.tell(Place::Record(seq), format!("the hash {hash}"), wanted);
        }
    }

    /// The snapshot stands here: the record must be its head, and the fold of the records its state.
    fn meet(&mut self, saved: &LogState, hash: Option<Hash>) {
        match hash {
            Some(hash) if hash == saved.hash => self.accuse(),
            Some(hash) => {
                self.suspect = None;
                let wanted = format!("{}, the snapshot's head", saved.hash);
                self.found.tell(Place::Record(saved.seq), format!("the hash {hash}"), wanted);
                self.state = None;
            }
            None => {}
        }
        if let Some(state) = self.state.take()
            && !same(&state, saved)
        {
            let what = format!("the state digest {}", saved.digest());
            let wanted = format!("{} and the same requests, as the records fold to", state.digest());
            self.found.tell(Place::Snapshot(Some(saved.seq)), what, wanted);
        }
        self.state = Some(saved.clone());
        self.prev = Some(proven(saved));
    }

    /// The marker says which record is the last, and its hash.
    fn end(&mut self, bounds: Bounds, end: Option<Bytes>) {
        let (seq, hash) = match read_end(end) {
            Ok(end) => end,
            Err(why) => {
                self.accuse();
                return self.found.tell(Place::RecordsMeta(END), why, "the last record's sequence and hash");
            }
        };
        let last = Seq(bounds.next.saturating_sub(1));
        let read = self.prev.as_ref().filter(|_| !is_empty(bounds)).map_or(last, |prev| prev.seq);
        if is_empty(bounds) && seq <= last {
            // Purged with what was before it: a snapshot holds what it did.
            return;
        }
        if seq > read {
            let wanted = format!("every record up to {seq}, where the marker says they end");
            self.found.tell(Place::Record(read.next()), "it is not kept", wanted);
        } else if seq < read {
            self.found.tell(Place::RecordsMeta(END), format!("the end {seq}"), format!("{read}, the last record"));
        } else if let Some(prev) = self.prev.as_ref().filter(|prev| prev.hash != hash) {
            let wanted = format!("{hash}, as the marker at the end says");
            self.found.tell(Place::Record(read), format!("the hash {}", prev.hash), wanted);
            self.suspect = None;
        }
        self.accuse();
    }

    fn came_to(self, bounds: Bounds) -> Chained {
        let first = (!is_empty(bounds)).then_some(Seq(bounds.first));
        let kept = Seq(bounds.next.saturating_sub(1));
        let (last, head_hash, state) = match self.saved.state() {
            Some(saved) if first.is_none() || saved.seq > kept => (saved.seq, Some(saved.hash), Some(saved.clone())),
            None if first.is_none() && bounds.first == 1 => {
                (Seq::ZERO, Some(Hash::ZERO), Some(LogState::new(self.log.clone())))
            }
            Some(_) | None => (kept, self.prev.map(|prev| prev.hash), self.state),
        };
        Chained { first, last, head_hash, state, records: self.records }
    }
}

fn proven(state: &LogState) -> Link {
    Link { seq: state.seq, hash: state.hash, hlc: state.hlc, proven: true }
}

fn same(one: &LogState, other: &LogState) -> bool {
    (one.seq, one.hash, one.hlc, one.digest()) == (other.seq, other.hash, other.hlc, other.digest())
        && one.requests == other.requests
}

fn read_end(end: Option<Bytes>) -> Result<(Seq, Hash), String> {
    const WHAT: &str = "the end of a journal";
    let read = |end: Bytes| -> Result<_, Error> {
        let end: proto::RecordsEnd = wire::decode_checked(WHAT, end)?;
        Ok((Seq(end.seq), hash_in(WHAT, "hash", &end.hash)?))
    };
    read(end.ok_or("there is none")?).map_err(|error| told(&error))
}
