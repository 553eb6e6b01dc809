//! openraft's state machine: applies committed batches to the log's state, publishes it, and keeps the records.

use std::{io, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use ids::{Log, MemberId, Seq};
use invariants::{Observation, observation::QuarantineCause};
use openraft::{
    EntryPayload, OptionalSend, RaftSnapshotBuilder,
    storage::{EntryResponder, RaftStateMachine},
};
use ports::{Env, SnapshotStore, StoreError, trace_span};
use tokio::sync::oneshot;
use wire::{Proposal, proto};

use super::{
    Batch, ProposalOutcome, RaftLogId, Snapshot, SnapshotMeta, StoredMembership, TypeConfig,
    checked::Checked,
    convert::{log_id_in, log_id_out, stored_membership_in, stored_membership_out},
    size::LogSize,
};
use crate::{
    Canary,
    cell::StateCell,
    config::Retention,
    observed,
    records::RecordLog,
    snapshot,
    state::{Applied, LogState},
};

/// What the machine shares with the rest of its group.
#[derive(Clone)]
pub struct Shared {
    pub member: MemberId,
    pub log: Log,
    pub cell: Arc<StateCell>,
    pub records: Arc<RecordLog>,
    pub snapshots: Arc<dyn SnapshotStore>,
    pub env: Arc<dyn Env>,
    pub planner: Option<Arc<dyn domain::Planner>>,
    pub retention: Retention,
    pub size: Arc<LogSize>,
    /// Bytes of a snapshot that are sent at once.
    pub snapshot_chunk_bytes: usize,
    pub canary: Canary,
}

/// See the module.
#[derive(Clone)]
pub struct Machine {
    shared: Shared,
    state: LogState,
    applied: Option<RaftLogId>,
    membership: StoredMembership,
    checked: Checked,
}

impl Machine {
    /// The machine at the newest snapshot that this member holds; the group's log brings it further.
    pub fn open(shared: Shared) -> Result<Self, io::Error> {
        let mut machine = Self {
            state: LogState::new(shared.log.clone()),
            applied: None,
            membership: StoredMembership::default(),
            checked: Checked::default(),
            shared,
        };
        if let Some(sealed) = machine.shared.snapshots.latest(&machine.shared.log).map_err(io::Error::other)? {
            machine.load(&sealed)?;
        }
        Ok(machine)
    }

    fn load(&mut self, sealed: &Bytes) -> Result<(), io::Error> {
        let (state, mark) = snapshot::unpack(&self.shared.log, sealed).map_err(io::Error::other)?;
        let mark = mark.unwrap_or_default();
        self.checked.note(sealed, &mark);
        self.applied = mark.applied.as_ref().map(log_id_in);
        self.membership = mark.membership.as_ref().map(stored_membership_in).unwrap_or_default();
        let shared = &self.shared;
        shared.size.packed(sealed.len());
        shared.records.join_to(state.seq);
        shared.env.observe(&|| Observation::Installed {
            member: shared.member,
            log: shared.log.clone(),
            incarnation: state.incarnation,
            seq: state.seq,
            hash: state.hash,
            digest: state.digest(),
        });
        shared.cell.publish(state.clone());
        self.state = state;
        Ok(())
    }

    fn apply_batch(&mut self, batch: &Batch) -> Result<Vec<ProposalOutcome>, io::Error> {
        let before = self.state.seq;
        let proposals = batch.proposals();
        let mut records = Vec::with_capacity(proposals.len());
        let mut outcomes = Vec::with_capacity(proposals.len());
        for proposal in proposals {
            // Checked before it was proposed; a record that this build cannot read stops the group here rather than guess.
            let (proposal, bytes) = proposal.map_err(io::Error::other)?;
            let (member, log, next) = (self.shared.member, &self.shared.log, self.state.seq.next());
            let span = trace_span!("ledger.apply", &proposal.traceparent, member = %member, log = %log, seq = next.0);
            outcomes.push(match span.in_scope(|| self.apply_one(proposal, bytes)) {
                Applied::Stored { record, hash } => {
                    let member = self.shared.member;
                    self.shared.env.observe_each(&|| observed::applied(member, &record, hash, proposal));
                    records.push(record.encode());
                    ProposalOutcome::Stored(record.seq)
                }
                Applied::Duplicate(outcome) => ProposalOutcome::Duplicate(outcome),
                Applied::Conflict { subject } => ProposalOutcome::Conflict { subject },
            });
        }
        self.keep(before.next(), records)?;
        Ok(outcomes)
    }

    fn apply_one(&mut self, proposal: &Proposal, bytes: &Bytes) -> Applied {
        let canary = self.shared.canary;
        match self.state.apply(proposal, bytes) {
            Applied::Conflict { subject } if canary.is(Canary::SkipGuard) && subject == proposal.response => {
                self.state.store(proposal, bytes)
            }
            Applied::Duplicate(_) if canary.is(Canary::DuplicateRequest) => self.state.store(proposal, bytes),
            applied => applied,
        }
    }

    fn keep(&self, first: Seq, records: Vec<Bytes>) -> Result<(), io::Error> {
        if records.is_empty() {
            return Ok(());
        }
        let kept = self.shared.records.append(first, records, self.state.hash, Box::new(|_| ()));
        if let Err(StoreError::Corrupt { .. }) = &kept {
            let (member, log) = (self.shared.member, &self.shared.log);
            let cause = QuarantineCause::OwnLog;
            self.shared.env.observe(&|| Observation::Quarantined { member, log: log.clone(), cause });
        }
        kept.map_err(io::Error::other)
    }

    fn observe_digest(&self) {
        let (shared, state) = (&self.shared, &self.state);
        shared.env.observe(&|| Observation::StateDigest {
            member: shared.member,
            log: shared.log.clone(),
            incarnation: state.incarnation,
            seq: state.seq,
            digest: state.digest(),
        });
    }

    fn meta(&self) -> SnapshotMeta {
        SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() }
    }
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotData = Bytes;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<RaftLogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        let mut answers = Vec::new();
        while let Some((entry, responder)) = entries.try_next().await? {
            let outcomes = match &entry.payload {
                EntryPayload::Blank => Vec::new(),
                EntryPayload::Membership(membership) => {
                    self.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
                    Vec::new()
                }
                EntryPayload::Normal(batch) => {
                    let outcomes = self.apply_batch(batch)?;
                    let bytes: usize = batch.bytes().map(Bytes::len).sum();
                    self.shared.size.applied(entry.log_id.index(), u64::try_from(bytes).unwrap_or(u64::MAX));
                    self.observe_digest();
                    outcomes
                }
            };
            self.applied = Some(entry.log_id);
            self.shared.cell.pass(&self.state);
            answers.extend(responder.map(|responder| (responder, outcomes)));
        }
        // Once for all of them, because whatever changes after a publication copies its way through the maps; and before anyone is
        // told, so that who was told can read it.
        self.shared.cell.publish(self.state.clone());
        answers.into_iter().for_each(|(responder, outcomes)| responder.send(outcomes));
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    /// Also called at start with what [`Self::get_current_snapshot`] returned, so it must come to the same state again.
    async fn install_snapshot(&mut self, meta: &SnapshotMeta, sealed: Bytes) -> Result<(), io::Error> {
        if meta.last_log_id.is_some() && meta.last_log_id == self.applied {
            return Ok(());
        }
        put(&self.shared, &sealed).await?;
        self.load(&sealed)
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, io::Error> {
        let Some(sealed) = self.shared.snapshots.latest(&self.shared.log).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let mark = self.checked.mark(&sealed).map_err(io::Error::other)?;
        let meta = SnapshotMeta {
            last_log_id: mark.applied.as_ref().map(log_id_in),
            last_membership: mark.membership.as_ref().map(stored_membership_in).unwrap_or_default(),
        };
        Ok(Some(Snapshot { meta, snapshot: sealed }))
    }
}

impl RaftSnapshotBuilder<TypeConfig> for Machine {
    type SnapshotData = Bytes;

    async fn build_snapshot(&mut self) -> Result<Snapshot, io::Error> {
        let mark = proto::RaftMark {
            applied: self.applied.as_ref().map(log_id_out),
            membership: Some(stored_membership_out(&self.membership)),
        };
        let sealed = snapshot::pack_in_turns(&self.state, Some(mark.clone())).await;
        self.checked.note(&sealed, &mark);
        self.shared.size.packed(sealed.len());
        put(&self.shared, &sealed).await?;
        let keep_from = self.state.seq.0.saturating_sub(self.shared.retention.records_kept);
        if keep_from > 0 {
            self.shared.records.purge(Seq(keep_from));
        }
        Ok(Snapshot { meta: self.meta(), snapshot: sealed })
    }
}

/// Puts a snapshot and returns when it is durable: what it covers may be purged from then on.
async fn put(shared: &Shared, sealed: &Bytes) -> Result<(), io::Error> {
    let (flushed, done) = oneshot::channel();
    let told = Box::new(move |result| {
        let _ = flushed.send(result);
    });
    shared.snapshots.put(&shared.log, sealed.clone(), told);
    done.await.map_err(io::Error::other)?.map_err(io::Error::other)
}
