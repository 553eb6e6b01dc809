//! Named checks, one file each: over the stream of what a running ring tells about itself, and over the state it ends in.
//!
//! The simulator feeds them. They know nothing of it, so that whatever runs the same engines can feed the same rules, and a promise
//! means the same everywhere. Each file says where its rule comes from, and what looks like a violation and is not.
//!
//! Map: [`observation`] what is observed · [`check`] what a rule is, what it finds, and what runs them all · `canon` the one history
//! of a log.
//! Consensus: [`one_leader_per_term`] · [`vote_durable_before_reply`] · [`one_vote_per_term`] · [`acknowledged_on_quorum`] ·
//! [`committed_immutable`] · [`applied_after_snapshot`].
//! Records: [`same_record_everywhere`] · [`chain`] · [`guards_held`] · [`decided_on_history`] ·
//! [`unexpected_quarantine`].
//! Commands: [`request_once`] · [`reuse_refused`] · [`refused_never_applied`] · [`rejected_on_record`] · [`commands_settled`] · [`relay_once`].
//! Reads: [`age_honest`].
//! State and liveness, once healed: [`tree`] · [`replicas_equal`] · [`one_leader_each`] ·
//! [`acknowledged_survives`] · [`fold`] · [`cluster_in_project`] · [`account_once`] · [`quota_holds`]; about a cut-off region: [`isolation`].
//!
//! **Architecture invariants:** a rule is a pure function of what it was shown: no clock, no randomness, no I/O, no async, no hash
//! map; the same stream gives the same words. A rule never stops a run, it only says what it saw. No rule knows the code that it
//! judges: `ids` is the only dependency.

pub mod account_once;
pub mod acknowledged_on_quorum;
pub mod acknowledged_survives;
pub mod age_honest;
pub mod applied_after_snapshot;
mod canon;
pub mod chain;
pub mod check;
pub mod cluster_in_project;
pub mod commands_settled;
pub mod committed_immutable;
pub mod decided_on_history;
pub mod fold;
pub mod guards_held;
pub mod isolation;
pub mod observation;
pub mod one_leader_each;
pub mod one_leader_per_term;
pub mod one_vote_per_term;
pub mod quota_holds;
pub mod refused_never_applied;
pub mod rejected_on_record;
pub mod relay_once;
pub mod replicas_equal;
pub mod request_once;
pub mod reuse_refused;
pub mod same_record_everywhere;
#[cfg(test)]
mod testing;
pub mod tree;
pub mod unexpected_quarantine;
pub mod vote_durable_before_reply;

pub use account_once::{AccountHolder, AccountOnce, AccountPool, AccountSeen};
pub use acknowledged_survives::{Remembered, check_survival};
pub use check::{Checker, Invariant, Nanos, Violation, Violations};
pub use cluster_in_project::{Housed, check_housed};
pub use fold::{Folded, check_fold};
pub use isolation::{Attempt, AttemptOutcome, check_isolation};
pub use observation::{Observation, QuarantineCause, ReuseTold, SeenFact, SeenGuard, SeenRecord};
pub use one_leader_each::check_leaders;
pub use quota_holds::{Used, check_quotas};
pub use replicas_equal::{ReplicaHead, check_replicas_equal};
pub use tree::{TreeNode, check_tree};

/// Every invariant over the stream.
pub fn all() -> Vec<Box<dyn Invariant + Send>> {
    vec![
        Box::new(acknowledged_on_quorum::AcknowledgedOnQuorum::default()),
        Box::new(age_honest::AgeHonest::default()),
        Box::new(applied_after_snapshot::AppliedAfterSnapshot::default()),
        Box::new(chain::Chain::default()),
        Box::new(commands_settled::CommandsSettled::default()),
        Box::new(committed_immutable::CommittedImmutable::default()),
        Box::new(decided_on_history::DecidedOnHistory::default()),
        Box::new(guards_held::GuardsHeld::default()),
        Box::new(one_leader_per_term::OneLeaderPerTerm::default()),
        Box::new(one_vote_per_term::OneVotePerTerm::default()),
        Box::new(refused_never_applied::RefusedNeverApplied::default()),
        Box::new(rejected_on_record::RejectedOnRecord::default()),
        Box::new(relay_once::RelayOnce),
        Box::new(request_once::RequestOnce::default()),
        Box::new(reuse_refused::ReuseRefused),
        Box::new(same_record_everywhere::SameRecordEverywhere::default()),
        Box::new(unexpected_quarantine::UnexpectedQuarantine),
        Box::new(vote_durable_before_reply::VoteDurableBeforeReply::default()),
    ]
}
