//! A copy of another region's log, fed by shipping: verified record by record, kept on this member's disk, readable here.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use ids::{Hash, Log, MemberId, Seq};
use invariants::{Observation, observation::QuarantineCause};
use ports::{Env, SnapshotStore, StoreError, trace_span};
use tokio::sync::oneshot;
use wire::{Error, Proposal, Record};

use crate::{
    Canary,
    cell::StateCell,
    config::Retention,
    observed,
    records::{ReadError, RecordLog},
    snapshot,
    state::LogState,
};

/// Bytes of records read at a time while a replica starts.
const REPLAY_BYTES: usize = 1024 * 1024;
/// Of a large state, a snapshot is due after this share of its rows in records.
const SHARE: u64 = 8;

/// Why a replica could not be opened from this member's disk.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("opened the replica of {log}: read its snapshot")]
    Snapshot {
        log: Log,
        #[source]
        source: Error,
    },
    #[error("opened the replica of {log}: replayed its records")]
    Record {
        log: Log,
        #[source]
        source: Error,
    },
    #[error("opened the replica of {log}")]
    Read {
        log: Log,
        #[source]
        source: ReadError,
    },
    #[error("opened the replica of {log}")]
    Store {
        log: Log,
        #[source]
        source: StoreError,
    },
}

/// Why a snapshot was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It is not one of this log, or it is damaged: the fault is its sender's.
    #[error(transparent)]
    Unfit(#[from] Error),
    /// This member's disk failed.
    #[error("stored a snapshot")]
    Store(#[from] StoreError),
    #[error("stored a snapshot: the store ended first")]
    Gone,
}

/// What a replica works with.
pub struct ReplicaParts {
    pub member: MemberId,
    pub cell: Arc<StateCell>,
    pub records: Arc<RecordLog>,
    pub snapshots: Arc<dyn SnapshotStore>,
    pub env: Arc<dyn Env>,
    pub retention: Retention,
    pub canary: Canary,
}

/// See the module. Written by its puller only.
pub struct Replica {
    log: Log,
    parts: ReplicaParts,
    /// Records since the last snapshot, and why the copy is out of service.
    status: Mutex<Status>,
    /// See [`Self::unflushed_bytes`].
    unflushed: Arc<AtomicU64>,
}

#[derive(Default)]
struct Status {
    since_snapshot: u64,
    quarantined: Option<String>,
    /// Voters of the log's own group that hold something else where this copy stands.
    accusers: BTreeSet<MemberId>,
}

impl Replica {
    /// The known bug that this member has.
    pub(crate) fn canary(&self) -> Canary {
        self.parts.canary
    }

    /// The replica as this member's disk holds it: its newest snapshot and the records after it.
    pub fn open(log: Log, parts: ReplicaParts) -> Result<Self, OpenError> {
        let mut state = LogState::new(log.clone());
        let store_failed = |source| OpenError::Store { log: log.clone(), source };
        if let Some(sealed) = parts.snapshots.latest(&log).map_err(store_failed)? {
            let opened = snapshot::unpack(&log, &sealed);
            state = opened.map_err(|source| OpenError::Snapshot { log: log.clone(), source })?.0;
        }
        parts.records.join_to(state.seq);
        let quarantined = parts.records.quarantined().map_err(store_failed)?;
        let status = Mutex::new(Status { since_snapshot: 0, quarantined, accusers: BTreeSet::new() });
        let replica = Self { log: log.clone(), parts, status, unflushed: Arc::default() };
        if replica.quarantined().is_some() {
            replica.parts.cell.close();
            return Ok(replica);
        }
        replica.observe_installed(&state);
        replica.replay(&mut state)?;
        replica.parts.cell.publish(state);
        Ok(replica)
    }

    fn replay(&self, state: &mut LogState) -> Result<(), OpenError> {
        let mut place = state.seq;
        loop {
            let records = self.parts.records.after(place, REPLAY_BYTES);
            let records = records.map_err(|source| OpenError::Read { log: self.log.clone(), source })?;
            let Some((last, _)) = records.last() else { return Ok(()) };
            place = *last;
            for (_, bytes) in records {
                let applied = Record::decode(bytes).and_then(|record| {
                    let proposal = self.apply(state, &record)?;
                    Ok((record, proposal))
                });
                let (record, proposal) =
                    applied.map_err(|source| OpenError::Record { log: self.log.clone(), source })?;
                self.observe_applied(&record, &proposal);
            }
        }
    }

    fn apply(&self, state: &mut LogState, record: &Record) -> Result<Proposal, Error> {
        match state.apply_record(record) {
            Err(_) if self.parts.canary.is(Canary::UncheckedChain) => {
                let proposal = Proposal::decode(&record.proposal)?;
                state.advance(&proposal, record, record.hash());
                Ok(proposal)
            }
            applied => applied,
        }
    }

    fn observe_applied(&self, record: &Record, proposal: &Proposal) {
        self.parts.env.observe_each(&|| observed::applied(self.parts.member, record, record.hash(), proposal));
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    pub fn cell(&self) -> &Arc<StateCell> {
        &self.parts.cell
    }

    pub fn records(&self) -> &Arc<RecordLog> {
        &self.parts.records
    }

    /// Bytes of records that were taken in and of whose flush nothing was heard.
    pub fn unflushed_bytes(&self) -> u64 {
        self.unflushed.load(Relaxed)
    }

    /// Why this copy is out of service; `None` while it serves.
    pub fn quarantined(&self) -> Option<String> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).quarantined.clone()
    }

    /// Notes that a voter of the log's own group holds something else where this copy stands. When `enough` of them say so, this copy is
    /// the wrong one; a single voter may be wrong itself.
    pub fn accuse(&self, voter: MemberId, enough: usize, cause: QuarantineCause, why: String) {
        let accusers = {
            let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            status.accusers.insert(voter);
            status.accusers.len()
        };
        if accusers >= enough {
            self.quarantine(cause, why);
        }
    }

    /// Takes this copy out of service, over restarts, until somebody looks and removes it: it holds something that the log does not.
    pub fn quarantine(&self, cause: QuarantineCause, why: String) {
        tracing::error!(member = %self.parts.member, log = %self.log, why, "took a replica out of service");
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.quarantined.is_none() {
            self.parts.records.note_quarantine(&why);
            self.parts.cell.close();
            status.quarantined = Some(why);
            let (member, log) = (self.parts.member, &self.log);
            self.parts.env.observe(&|| Observation::Quarantined { member, log: log.clone(), cause });
        }
    }

    /// Takes shipped records in, all or none: each must continue the chain, and the last must have the hash that the source has.
    pub fn accept(&self, records: Vec<Bytes>, last_hash: Hash) -> Result<(), Error> {
        let mut state = self.parts.cell.state();
        let first = state.seq.next();
        let decoded = records.iter().cloned().map(Record::decode).collect::<Result<Vec<_>, _>>()?;
        // On a copy: what does not hold to the end leaves no trace.
        let proposals = decoded.iter().map(|record| self.apply(&mut state, record)).collect::<Result<Vec<_>, _>>()?;
        if state.hash != last_hash && !self.parts.canary.is(Canary::UncheckedChain) {
            return Err(Error::BrokenChain { seq: state.seq, given: last_hash, wanted: state.hash });
        }
        for (record, proposal) in decoded.iter().zip(&proposals) {
            let (member, log, seq) = (self.parts.member, &self.log, record.seq);
            let span = trace_span!("ledger.apply", &proposal.traceparent, member = %member, log = %log, seq = seq.0);
            span.in_scope(|| self.observe_applied(record, proposal));
        }
        let count = decoded.len() as u64;
        // A lost tail is pulled again, so nobody waits for this flush; the puller only looks how much is under way.
        let bytes = records.iter().map(|record| record.len() as u64).sum();
        self.unflushed.fetch_add(bytes, Relaxed);
        let unflushed = Arc::clone(&self.unflushed);
        let flushed = Box::new(move |_| {
            unflushed.fetch_sub(bytes, Relaxed);
        });
        if let Err(error) = self.parts.records.append(first, records, state.hash, flushed) {
            self.quarantine(QuarantineCause::OwnLog, error.to_string());
        }
        self.observe_digest(&state);
        self.parts.cell.publish(state.clone());
        self.maybe_snapshot(&state, count);
        Ok(())
    }

    /// Replaces this copy by a snapshot of the same log that is further on. What it covers is forgotten only when it is safe on disk.
    pub async fn install(&self, sealed: &Bytes) -> Result<(), InstallError> {
        let current = self.parts.cell.state();
        let (state, _) = snapshot::unpack_same_life(&self.log, current.incarnation, sealed)?;
        if state.seq <= current.seq {
            return Ok(());
        }
        let (flushed, done) = oneshot::channel();
        let told = Box::new(move |result| {
            let _ = flushed.send(result);
        });
        self.parts.snapshots.put(&self.log, snapshot::pack(&state, None), told);
        done.await.map_err(|_| InstallError::Gone)??;
        self.parts.records.purge(state.seq);
        self.observe_installed(&state);
        self.parts.cell.publish(state);
        Ok(())
    }

    fn maybe_snapshot(&self, state: &LogState, count: u64) {
        let retention = self.parts.retention;
        {
            let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            status.since_snapshot += count;
            // Of a large state a few records more are no reason to pack all of it again.
            let share = u64::try_from(state.rows.len()).unwrap_or(u64::MAX) / SHARE;
            if status.since_snapshot < retention.snapshot_every.max(share) {
                return;
            }
            status.since_snapshot = 0;
        }
        let records = Arc::clone(&self.parts.records);
        let purge_to = Seq(state.seq.0.saturating_sub(retention.records_kept));
        self.parts.snapshots.put(
            &self.log,
            snapshot::pack(state, None),
            Box::new(move |flushed| {
                if flushed.is_ok() && purge_to > Seq::ZERO {
                    records.purge(purge_to);
                }
            }),
        );
    }

    fn observe_installed(&self, state: &LogState) {
        let member = self.parts.member;
        self.parts.env.observe(&|| Observation::Installed {
            member,
            log: state.log.clone(),
            incarnation: state.incarnation,
            seq: state.seq,
            hash: state.hash,
            digest: state.digest(),
        });
    }

    fn observe_digest(&self, state: &LogState) {
        let member = self.parts.member;
        self.parts.env.observe(&|| Observation::StateDigest {
            member,
            log: state.log.clone(),
            incarnation: state.incarnation,
            seq: state.seq,
            digest: state.digest(),
        });
    }
}
