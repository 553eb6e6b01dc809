//! What a running ring tells about itself, as values: the one input of every invariant.
//!
//! Engines emit these through `ports::Env::observe`, simulated disks and clients directly. In the simulator they feed every invariant
//! and the trace digest; nothing else looks at them yet. An observation is a plain statement of what happened; it never carries an opinion.

use std::sync::Arc;

use ids::{Hash, Hlc, Incarnation, Log, MemberId, RequestId, Revision, Seq, Subject};

/// One guard of a record: the subject had this revision when the record was decided, and must still have it when it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenGuard {
    pub subject: Subject,
    pub revision: Revision,
}

/// One fact of a record: the subject and a digest of how it looks afterwards (`None`: removed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFact {
    pub subject: Subject,
    pub after: Option<Hash>,
}

/// A record as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRecord {
    pub log: Log,
    pub incarnation: Incarnation,
    pub seq: Seq,
    pub hlc: Hlc,
    pub prev_hash: Hash,
    pub hash: Hash,
    pub request_id: RequestId,
    /// Digest of the proposal's bytes: which decision it was.
    pub proposal: u64,
    /// It says that its request was rejected, and changes nothing.
    pub rejected: bool,
    pub guards: Vec<SeenGuard>,
    pub facts: Vec<SeenFact>,
}

/// Why a replica was taken out of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineCause {
    /// The log's own group holds another record at a place that this copy holds.
    Chain,
    /// The state digest differs from that of the log's own members at the same position.
    Digest,
    /// The member's own stored log contradicts what the group committed.
    OwnLog,
    /// Consensus stopped at this member: a flush failed, or its store lost what it had taken.
    Stopped,
}

/// What somebody was told who used a request id for a second command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReuseTold {
    /// That the id was used before.
    Refused,
    /// That the second command took effect here.
    Done(Seq),
    /// Another refusal by the rules, as if the request were new.
    Judged(String),
    /// Nothing that is final.
    Nothing,
}

/// What happened. `index` is a Raft log index, `term` a Raft term; `digest` of an entry is a 64-bit digest of its stored bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A process of this member began; what it had only in memory is gone.
    Started { member: MemberId },
    /// The member's process ended without warning.
    Crashed { member: MemberId },
    /// The member's disk was replaced by an empty one.
    DiskLost { member: MemberId },

    /// The member won an election of the log's group.
    BecameLeader { member: MemberId, log: Log, term: u64 },
    /// The voters of the group, as a list of sets of which each needs a majority (two while membership changes).
    Membership { log: Log, voters: Vec<Vec<MemberId>> },
    /// A reply that grants a vote left the member.
    VoteGranted { member: MemberId, log: Log, term: u64, candidate: MemberId },
    /// This vote is on the member's synced storage.
    VoteDurable { member: MemberId, log: Log, term: u64, candidate: MemberId },
    /// These entries (index, digest) are on the member's synced storage; an index seen before is overwritten.
    EntriesDurable { member: MemberId, log: Log, entries: Vec<(u64, u64)> },
    /// Entries after this index are gone from the member's synced storage.
    EntriesTruncated { member: MemberId, log: Log, after: u64 },
    /// Entries up to and including this index are gone from the member's synced storage, because a snapshot holds them.
    EntriesPurged { member: MemberId, log: Log, through: u64 },
    /// A snapshot that covers entries up to `index` and records up to `seq` is on the member's synced storage.
    SnapshotDurable { member: MemberId, log: Log, index: u64, seq: Seq },
    /// The leader of the log proposes what it decided: which request it saw as the writer of each revision that it guards.
    Decided { member: MemberId, log: Log, proposal: u64, seen: Vec<(Revision, RequestId)> },
    /// The leader told a proposer that the entry is committed.
    EntryAcknowledged { member: MemberId, log: Log, index: u64, digest: u64 },

    /// The member applied a record: as a voter from its group, or as a replica from shipping.
    Applied { member: MemberId, record: Arc<SeenRecord> },
    /// The member's state was replaced by a snapshot at this place, with this head hash and state digest.
    Installed { member: MemberId, log: Log, incarnation: Incarnation, seq: Seq, hash: Hash, digest: Hash },
    /// The state digest of the member's state of this log at this place.
    StateDigest { member: MemberId, log: Log, incarnation: Incarnation, seq: Seq, digest: Hash },
    /// Two members of the log's own group hold different states at one place, and nobody can tell which is right.
    CopiesDiffer { member: MemberId, other: MemberId, log: Log, seq: Seq },
    /// The member stopped serving its copy of this log.
    Quarantined { member: MemberId, log: Log, cause: QuarantineCause },
    /// A majority of the log's own group said that the member leads it now.
    Fenced { member: MemberId, log: Log },
    /// A command reached the leader of its log after this many relay hops.
    Routed { request_id: RequestId, relay_hops: u32 },

    /// A client sent a command for the first time.
    Invoked { request_id: RequestId, log: Log },
    /// A client was told that its command took effect here.
    Acknowledged { request_id: RequestId, log: Log, incarnation: Incarnation, seq: Seq },
    /// A client was told that its command did not take effect and never will.
    Refused { request_id: RequestId, reason: &'static str },
    /// A client was told that its command was rejected, and that this record says so; `words` are all that it was told of why. With
    /// sequence 0: that no record does.
    RejectedOnRecord { request_id: RequestId, log: Log, seq: Seq, words: String },
    /// A client was told that its command may or may not have taken effect.
    Unknown { request_id: RequestId },
    /// A client sent another command under the id of a request that was acknowledged before, and was told this.
    Reused { request_id: RequestId, log: Log, told: ReuseTold },
    /// A client's read was served at this place of this log, said to hold everything acknowledged `age_ns` ago or earlier.
    ReadServed { member: MemberId, log: Log, incarnation: Incarnation, seq: Seq, age_ns: u64 },
}

/// 64 bits that tell the stored bytes of two Raft entries apart (FNV-1a).
pub fn entry_digest(entry: &[u8]) -> u64 {
    entry.iter().fold(0xcbf2_9ce4_8422_2325, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
