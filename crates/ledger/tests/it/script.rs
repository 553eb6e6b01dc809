//! Records without a group: a state that writes them, and a replica that takes them in.

use std::sync::Arc;

use bytes::Bytes;
use fakes::{Disk, TokioEnv};
use ids::{Hash, Hlc, Log, MemberId, RequestId, Revision, Seq, Subject};
use ledger::{
    Canary, LogState, Retention,
    cell::StateCell,
    records::RecordLog,
    replica::{Replica, ReplicaParts},
    shipping::LogCopy,
    state::Applied,
};
use ports::Env;
use wire::{LEVEL_OF_EFFECTS, Proposal, RawFact};

pub fn log() -> Log {
    Log::Region("far".parse().unwrap())
}

pub fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

pub fn fact(name: &str, value: &[u8]) -> RawFact {
    let after = Some(Bytes::copy_from_slice(value));
    RawFact { kind: 1, subject: subject(name), after, detail: Bytes::new() }
}

pub fn proposal(request: u64, guards: Vec<(Subject, Revision)>, facts: Vec<RawFact>) -> Proposal {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&request.to_be_bytes());
    Proposal {
        request_id: RequestId(id),
        actor: "user:tester".to_owned(),
        hlc: Hlc::at_unix_ms(1_000 + request),
        level: LEVEL_OF_EFFECTS,
        observed_global_seq: Seq::ZERO,
        guards,
        facts,
        response: subject("s"),
        traceparent: String::new(),
        command: None,
        rejected: None,
    }
}

/// A log that somebody else writes.
pub struct Script {
    pub state: LogState,
    /// Every record so far; the first is of sequence 1.
    pub records: Vec<Bytes>,
    /// The chain hash after each record, with the one before the first in front.
    pub hashes: Vec<Hash>,
}

impl Script {
    pub fn of(count: u64) -> Self {
        let mut script = Self { state: LogState::new(log()), records: Vec::new(), hashes: vec![Hash::ZERO] };
        script.write(count);
        script
    }

    /// Writes `count` more records of some hundred bytes.
    pub fn write(&mut self, count: u64) {
        for _ in 0..count {
            let request = self.state.seq.next().0;
            let facts = vec![fact(&format!("s/{}", request % 50), &[7; 200])];
            let proposal = proposal(request, Vec::new(), facts);
            let Applied::Stored { record, hash } = self.state.apply(&proposal, &proposal.encode().unwrap()) else {
                panic!("wanted a record")
            };
            self.records.push(record.encode());
            self.hashes.push(hash);
        }
    }

    /// The records after `after` up to `through`, and the hash of the last.
    pub fn part(&self, after: u64, through: u64) -> (Vec<Bytes>, Hash) {
        let at = |seq| usize::try_from(seq).unwrap();
        (self.records[at(after)..at(through)].to_vec(), self.hashes[at(through)])
    }
}

/// A member that holds one replica, with its disk.
pub struct Holder {
    pub disk: Arc<Disk>,
    pub env: Arc<TokioEnv>,
    pub replica: Replica,
    retention: Retention,
}

impl Holder {
    pub fn new(seed: u64, retention: Retention) -> Self {
        Self::open(Disk::new(MemberId(1), seed, Arc::new(drop)), retention)
    }

    /// A holder of the first `count` records of `script`.
    pub fn of(script: &Script, count: u64) -> Self {
        let holder = Self::new(1, Retention::default());
        holder.take(script, count);
        holder
    }

    fn open(disk: Arc<Disk>, retention: Retention) -> Self {
        let env = Arc::new(TokioEnv::observed(1));
        let store = disk.open(env.clone());
        let parts = ReplicaParts {
            member: MemberId(1),
            cell: Arc::new(StateCell::new(LogState::new(log()))),
            records: Arc::new(RecordLog::new(log(), store.clone())),
            snapshots: store,
            env: env.clone(),
            retention,
            canary: Canary::None,
        };
        let replica = Replica::open(log(), parts).unwrap();
        Self { disk, env, replica, retention }
    }

    /// The process ends without warning, and another one opens what the disk kept.
    pub fn crash(self) -> Self {
        self.env.tasks().abort();
        self.disk.crash();
        Self::open(self.disk, self.retention)
    }

    pub fn seq(&self) -> Seq {
        self.replica.cell().seq()
    }

    /// Takes in what it lacks, up to `through`.
    pub fn take(&self, script: &Script, through: u64) {
        let (records, last_hash) = script.part(self.seq().0, through);
        self.replica.accept(records, last_hash).unwrap();
    }

    /// Waits until everything is flushed.
    pub async fn settle(&self) {
        crate::ring::until(|| (self.disk.pending() == 0).then_some(())).await;
    }

    /// This copy, to read from.
    pub fn copy(&self) -> LogCopy {
        let (cell, records) = (Arc::clone(self.replica.cell()), Arc::clone(self.replica.records()));
        LogCopy { cell, records, voter: false }
    }
}
