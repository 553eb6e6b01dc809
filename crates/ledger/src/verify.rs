//! Offline verification: whether what a member's stores hold is what its logs would write again.
//!
//! ```text
//!   Raft entries ──applied──▶ records ──folded──▶ state
//!        │ checksum, place      │ chain, place      │ digest
//!        └────── make ──────────┘      snapshot ────┘ checksum, head
//! ```
//!
//! Every value has two witnesses: itself (a checksum, or a place that it names) and another one (the record behind it, the marker at the
//! end of its journal, the snapshot, the Raft entries). Nothing is written, and what is damaged is named and passed over: one
//! pass names all that is wrong. Read in batches, so only one state and a batch are in memory.
//!
//! Not found: the loss of a snapshot, while every record and every entry from the first on is still there; the log itself says the
//! same. Nor a value put in the place of another of the same log together with all its witnesses: that takes a forger, not a fault.
//!
//! Map: `cursor` reading entry by entry · `chain` records and the state · `entries` Raft entries, markers and what they make.

mod chain;
mod cursor;
mod entries;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use ids::{Hash, Log, Seq};
use ports::{Bounds, Journal, LogStore, SnapshotStore};
use wire::proto;

use crate::{records::QUARANTINED, snapshot, state::LogState};

/// Findings of one log that are told one by one; a disk that lost everything needs no list of it.
const FINDINGS_MAX: usize = 1000;

/// A log that a member holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub log: Log,
    /// The member votes in the log's group, so there are Raft entries beside the records.
    pub voter: bool,
}

/// What was found of all logs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub logs: Vec<LogReport>,
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }
}

/// What was read of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    pub log: Log,
    pub voter: bool,
    /// The first record that is kept; `None` where none is.
    pub first: Option<Seq>,
    /// Where the log ends here: its last record, or its snapshot where that is further on.
    pub last: Seq,
    /// Hash of the record at `last`; `None` where it could not be read.
    pub head_hash: Option<Hash>,
    /// Digest of the state at `last`; `None` where the records could not be folded to the end.
    pub state_digest: Option<Hash>,
    /// Where the snapshot stands, if there is one that can be read.
    pub snapshot: Option<Seq>,
    /// Why the copy is out of service, if it is.
    pub quarantined: Option<String>,
    /// Records that were read and checked.
    pub records: u64,
    /// Raft entries that were read and checked.
    pub entries: u64,
    /// Findings beyond those that are told one by one.
    pub findings_left_out: u64,
}

/// Where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The record with this sequence.
    Record(Seq),
    /// The Raft entry with this index.
    Entry(u64),
    /// A marker beside the records.
    RecordsMeta(&'static str),
    /// A marker beside the Raft entries.
    RaftMeta(&'static str),
    /// The snapshot, and the sequence it says it stands at.
    Snapshot(Option<Seq>),
    /// A snapshot that says nothing: it stood somewhere from here to there, as the records beside it tell.
    SnapshotWithin(Seq, Seq),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(seq) => write!(f, "record {seq}"),
            Self::Entry(index) => write!(f, "Raft entry {index}"),
            Self::RecordsMeta(key) => write!(f, "the marker {key} of the records"),
            Self::RaftMeta(key) => write!(f, "the marker {key} of the Raft entries"),
            Self::Snapshot(Some(seq)) => write!(f, "the snapshot at {seq}"),
            Self::Snapshot(None) => f.write_str("the snapshot"),
            Self::SnapshotWithin(from, to) => write!(f, "the snapshot, of a place from {from} to {to}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub log: Log,
    pub place: Place,
    /// What is there.
    pub found: String,
    /// What should be.
    pub wanted: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}, wanted {}", self.log, self.place, self.found, self.wanted)
    }
}

/// Checks everything that the stores hold of the logs `held`. They must be at rest.
pub fn verify(logs: &dyn LogStore, snapshots: &dyn SnapshotStore, held: &[Held]) -> Report {
    let mut report = Report::default();
    for held in held {
        let mut found = Findings::new(held.log.clone());
        let mut log = verify_log(logs, snapshots, held, &mut found);
        log.findings_left_out = found.left_out;
        report.logs.push(log);
        report.findings.extend(found.told);
    }
    report
}

fn verify_log(logs: &dyn LogStore, snapshots: &dyn SnapshotStore, held: &Held, found: &mut Findings) -> LogReport {
    let saved = read_snapshot(logs, snapshots, held, found);
    let snapshot = saved.state().map(|state| state.seq);
    let chained = chain::check(logs, &held.log, &saved, found);
    let entries = if held.voter { entries::check(logs, &held.log, &saved, found) } else { 0 };
    LogReport {
        log: held.log.clone(),
        voter: held.voter,
        first: chained.first,
        last: chained.last,
        head_hash: chained.head_hash,
        state_digest: chained.state.as_ref().map(LogState::digest),
        snapshot,
        quarantined: quarantine(logs, &held.log, found),
        records: chained.records,
        entries,
        findings_left_out: 0,
    }
}

/// The snapshot of a log.
enum Saved {
    /// None was ever put, as far as this store knows.
    None,
    Whole(Box<LogState>, Option<proto::RaftMark>),
    /// There is one, and it cannot be used.
    Damaged,
}

impl Saved {
    fn state(&self) -> Option<&LogState> {
        if let Self::Whole(state, _) = self { Some(state) } else { None }
    }

    /// Where the group's Raft log stood.
    fn applied(&self) -> Option<&proto::RaftLogId> {
        if let Self::Whole(_, Some(mark)) = self { mark.applied.as_ref() } else { None }
    }
}

fn read_snapshot(logs: &dyn LogStore, snapshots: &dyn SnapshotStore, held: &Held, found: &mut Findings) -> Saved {
    let sealed = match snapshots.latest(&held.log) {
        Ok(Some(sealed)) => sealed,
        Ok(None) => return Saved::None,
        Err(error) => {
            found.tell(snapshot_within(logs, &held.log), error, "a readable snapshot");
            return Saved::Damaged;
        }
    };
    match snapshot::unpack(&held.log, &sealed) {
        Ok((state, mark)) => {
            if held.voter && mark.is_none() && state.seq > Seq::ZERO {
                found.tell(Place::Snapshot(Some(state.seq)), "no place of the Raft log", "where the Raft log stood");
            }
            Saved::Whole(Box::new(state), mark)
        }
        Err(error) => {
            let place =
                seq_said(&sealed).map_or_else(|| snapshot_within(logs, &held.log), |seq| Place::Snapshot(Some(seq)));
            found.tell(place, told(&error), "a sealed snapshot of this log");
            Saved::Damaged
        }
    }
}

/// Where a snapshot that cannot be read stood: records go on from it at the latest, and it was made of them.
fn snapshot_within(logs: &dyn LogStore, log: &Log) -> Place {
    let Bounds { first, next } = logs.bounds(&Journal::Records(log.clone()));
    Place::SnapshotWithin(Seq(first.saturating_sub(1)), Seq(next.saturating_sub(1)))
}

/// The sequence that a damaged snapshot gives for its own; only to tell people where to look.
fn seq_said(sealed: &Bytes) -> Option<Seq> {
    let content = sealed.get(wire::seal::HEADER_BYTES..)?;
    let snapshot: proto::Snapshot = wire::decode("a snapshot", sealed.slice_ref(content)).ok()?;
    Some(Seq(snapshot.seq))
}

fn quarantine(logs: &dyn LogStore, log: &Log, found: &mut Findings) -> Option<String> {
    let note = meta(logs, &Journal::Records(log.clone()), QUARANTINED, found)?;
    match wire::checked::uncheck("the note of a quarantine", &note) {
        Ok(why) => Some(String::from_utf8_lossy(&why).into_owned()),
        Err(error) => {
            found.tell(Place::RecordsMeta(QUARANTINED), error, "a note with its checksum");
            None
        }
    }
}

/// A marker as it is stored; what cannot be read is told.
fn meta(logs: &dyn LogStore, journal: &Journal, key: &'static str, found: &mut Findings) -> Option<Bytes> {
    logs.meta(journal, key).unwrap_or_else(|error| {
        found.tell(place_of_meta(journal, key), error, "a readable value");
        None
    })
}

fn place_of_meta(journal: &Journal, key: &'static str) -> Place {
    match journal {
        Journal::Raft(_) => Place::RaftMeta(key),
        Journal::Records(_) => Place::RecordsMeta(key),
    }
}

fn is_empty(bounds: Bounds) -> bool {
    bounds.first >= bounds.next
}

/// An error with what caused it.
fn told(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Collects what is wrong with one log.
struct Findings {
    log: Log,
    told: Vec<Finding>,
    left_out: u64,
    /// How often each place was named: one damage shows in more than one way, and the first says enough.
    named: BTreeMap<Place, u32>,
}

impl Findings {
    fn new(log: Log) -> Self {
        Self { log, told: Vec::new(), left_out: 0, named: BTreeMap::new() }
    }

    fn tell(&mut self, place: Place, found: impl ToString, wanted: impl ToString) {
        if self.told.len() >= FINDINGS_MAX {
            self.left_out += 1;
            return;
        }
        let named = self.named.entry(place.clone()).or_default();
        *named += 1;
        if *named == 1 {
            let (log, found, wanted) = (self.log.clone(), found.to_string(), wanted.to_string());
            self.told.push(Finding { log, place, found, wanted });
        }
    }
}
