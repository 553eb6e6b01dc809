//! How this crate's values look to an observer.

use std::sync::Arc;

use bytes::Bytes;
use ids::{Hash, Log, MemberId};
use invariants::{
    Observation,
    observation::{SeenFact, SeenGuard, SeenRecord, entry_digest},
};
use wire::{Proposal, Record, RowDigest, StateDigest};

use crate::state::LogState;

/// The statement that `member`, leading `log`, proposes what it decided on `state`.
pub fn decided(member: MemberId, log: &Log, state: &LogState, proposal: &Proposal, bytes: &Bytes) -> Observation {
    let writer = |revision: u64| state.requests.of_record(ids::Seq(revision));
    let guards = proposal.guards.iter();
    Observation::Decided {
        member,
        log: log.clone(),
        proposal: entry_digest(bytes),
        seen: guards.filter_map(|(_, revision)| Some((*revision, writer(revision.0)?))).collect(),
    }
}

/// The statement that `member` applied `record`.
pub fn applied(member: MemberId, record: &Record, hash: Hash, proposal: &Proposal) -> Observation {
    let guards = proposal.guards.iter();
    let facts = proposal.facts.iter();
    Observation::Applied {
        member,
        record: Arc::new(SeenRecord {
            log: record.log.clone(),
            incarnation: record.incarnation,
            seq: record.seq,
            hlc: record.hlc,
            prev_hash: record.prev_hash,
            hash,
            request_id: proposal.request_id,
            proposal: entry_digest(&record.proposal),
            rejected: proposal.rejected.is_some(),
            guards: guards
                .map(|(subject, revision)| SeenGuard { subject: subject.clone(), revision: *revision })
                .collect(),
            facts: facts
                .map(|fact| SeenFact {
                    subject: fact.subject.clone(),
                    after: fact.after.as_ref().map(|value| {
                        let mut digest = StateDigest::default();
                        digest.add(RowDigest::of(&fact.subject, record.seq.into(), value));
                        digest.hash()
                    }),
                })
                .collect(),
        }),
    }
}
