//! What was written and is not yet durable: ordered units, each of which a crash keeps whole or not at all.
//!
//! A unit also knows how it looks to an observer once it is durable, so flush and crash tell the same story.

use bytes::Bytes;
use ids::{Log, MemberId, Seq};
use invariants::{Observation, observation::entry_digest};
use ports::{Flushed, Journal, Op, StoreError};
use wire::proto;

use super::store::Contents;

/// The meta value of a Raft journal that holds the group's vote.
const VOTE: &str = "vote";

/// One change, made whole or not at all.
#[derive(Debug)]
pub enum Change {
    Ops(Vec<Op>),
    Snapshot(Log, Bytes),
    /// Never took place; waits in line only so that its callback comes after those of earlier writes.
    Refused(StoreError),
}

/// A change and who wants to know.
pub struct Unit {
    pub change: Change,
    /// Somebody waits for its flush.
    pub awaited: bool,
    /// `None` once called.
    pub flushed: Option<Flushed>,
}

impl Change {
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Bytes that it takes room for.
    pub fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Ops(ops) => ops.iter().map(op_bytes).sum(),
            Self::Snapshot(_, sealed) => sealed.len(),
            Self::Refused(_) => 0,
        };
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Whether it sets a group's vote.
    pub fn sets_vote(&self) -> bool {
        let Self::Ops(ops) = self else { return false };
        ops.iter().any(|op| matches!(op, Op::Meta { key, .. } if *key == VOTE))
    }

    /// Whether it continues `contents`.
    pub fn check(&self, contents: &Contents) -> Result<(), StoreError> {
        match self {
            Self::Ops(ops) => contents.check(ops),
            Self::Snapshot(..) => Ok(()),
            Self::Refused(error) => Err(error.clone()),
        }
    }

    pub fn apply(&self, contents: &mut Contents) {
        match self {
            Self::Ops(ops) => ops.iter().for_each(|op| contents.apply(op)),
            Self::Snapshot(log, sealed) => contents.put_snapshot(log, sealed),
            Self::Refused(_) => {}
        }
    }

    /// What an observer sees when it becomes durable.
    pub fn seen(&self, member: MemberId) -> Vec<Observation> {
        match self {
            Self::Ops(ops) => ops.iter().filter_map(|op| op_seen(member, op)).collect(),
            Self::Snapshot(log, sealed) => snapshot_seen(member, log, sealed).into_iter().collect(),
            Self::Refused(_) => Vec::new(),
        }
    }
}

fn op_bytes(op: &Op) -> usize {
    match op {
        Op::Append { entries, .. } => entries.iter().map(Bytes::len).sum(),
        Op::Meta { value, .. } => value.len(),
        Op::Truncate { .. } | Op::Purge { .. } => 0,
    }
}

fn op_seen(member: MemberId, op: &Op) -> Option<Observation> {
    match op {
        Op::Append { journal: Journal::Raft(log), first, entries } if !entries.is_empty() => {
            let entries = (*first..).zip(entries.iter().map(|entry| entry_digest(entry))).collect();
            Some(Observation::EntriesDurable { member, log: log.clone(), entries })
        }
        Op::Truncate { journal: Journal::Raft(log), last } => {
            Some(Observation::EntriesTruncated { member, log: log.clone(), after: *last })
        }
        Op::Purge { journal: Journal::Raft(log), through } => {
            Some(Observation::EntriesPurged { member, log: log.clone(), through: *through })
        }
        Op::Meta { journal: Journal::Raft(log), key, value } if *key == VOTE => {
            // A disk keeps any bytes; what is no vote is no statement about one.
            let vote: proto::RaftVote = wire::decode_checked("a stored vote", value.clone()).ok()?;
            let candidate = MemberId(vote.candidate);
            Some(Observation::VoteDurable { member, log: log.clone(), term: vote.term, candidate })
        }
        Op::Append { .. } | Op::Truncate { .. } | Op::Purge { .. } | Op::Meta { .. } => None,
    }
}

fn snapshot_seen(member: MemberId, log: &Log, sealed: &Bytes) -> Option<Observation> {
    let content = wire::seal::unseal("a stored snapshot", sealed).ok()?;
    let snapshot: proto::Snapshot = wire::decode("a stored snapshot", content).ok()?;
    let applied = snapshot.raft.and_then(|mark| mark.applied);
    let index = applied.map_or(0, |applied| applied.index);
    Some(Observation::SnapshotDurable { member, log: log.clone(), index, seq: Seq(snapshot.seq) })
}
