//! How this crate's values look to an observer.

use std::sync::Arc;

use ids::{Hash, MemberId};
use invariants::{
    Observation,
    observation::{SeenFact, SeenGuard, SeenRecord},
};
use wire::{Proposal, Record, StateDigest};

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
            guards: guards
                .map(|(subject, revision)| SeenGuard { subject: subject.clone(), revision: *revision })
                .collect(),
            facts: facts
                .map(|fact| SeenFact {
                    subject: fact.subject.clone(),
                    after: fact.after.as_ref().map(|value| {
                        let mut digest = StateDigest::default();
                        digest.add(&fact.subject, record.seq.into(), value);
                        digest.hash()
                    }),
                })
                .collect(),
        }),
    }
}
