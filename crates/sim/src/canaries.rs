//! Known bugs, each with the rules that must catch it: a simulator that never caught one proves nothing.

use fakes::DiskCanary;
use ledger::Canary;
use reconcile::Planted;

use crate::plan::Fault;

/// A known bug to have in a run, to see that it is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    None,
    Ledger(Canary),
    Disk(DiskCanary),
    /// A member whose disk was lost comes back under its old id.
    ReusedMember,
    /// A member that shuts down does not wait for the answers that it owes.
    HastyShutdown,
    /// Hunted in the life of clusters: see [`crate::kept`].
    Reconcile(Planted),
}

/// A canary: its name, what it is, where it is hunted.
pub struct CanaryCase {
    pub name: &'static str,
    pub bug: Bug,
    pub nodes: usize,
    /// Faults without which the bug does no harm.
    pub needs: &'static [Fault],
    /// Little is kept behind a snapshot: who was away needs one.
    pub forgetful: bool,
    /// The rules that are there for this bug: only what one of them says counts as caught.
    pub caught_by: &'static [&'static str],
    pub description: &'static str,
}

/// Every canary.
pub const CANARIES: &[CanaryCase] = &[
    CanaryCase {
        name: "ack-before-flush",
        bug: Bug::Disk(DiskCanary::AckBeforeFlush),
        nodes: 3,
        needs: &[Fault::Crash],
        forgetful: false,
        caught_by: &["acknowledged_on_quorum", "acknowledged_survives", "committed_immutable"],
        description: "a write is acknowledged before the flush that covers it",
    },
    CanaryCase {
        name: "vote-not-flushed",
        bug: Bug::Disk(DiskCanary::VoteNotFlushed),
        nodes: 3,
        needs: &[Fault::Crash, Fault::Member],
        forgetful: false,
        caught_by: &["vote_durable_before_reply", "one_vote_per_term"],
        description: "a vote is answered before it is flushed",
    },
    CanaryCase {
        name: "mixed-guesses",
        bug: Bug::Ledger(Canary::MixedGuesses),
        nodes: 3,
        needs: &[Fault::Crash, Fault::Member],
        forgetful: false,
        caught_by: &["decided_on_history"],
        description: "a leader decides on what it has, while what is in flight takes the places that it guesses",
    },
    CanaryCase {
        name: "skip-guard",
        bug: Bug::Ledger(Canary::SkipGuard),
        nodes: 3,
        needs: &[Fault::Crash, Fault::Member],
        forgetful: false,
        caught_by: &["guards_held"],
        description: "the same, and a record is applied although the guard on its own subject does not hold",
    },
    CanaryCase {
        name: "reuse-member",
        bug: Bug::ReusedMember,
        nodes: 3,
        needs: &[Fault::Replace, Fault::Member, Fault::DiskSlow],
        forgetful: false,
        caught_by: &[
            "one_vote_per_term",
            "one_leader_per_term",
            "committed_immutable",
            "acknowledged_survives",
            "same_record_everywhere",
        ],
        description: "a member whose disk was lost comes back under its old id",
    },
    CanaryCase {
        name: "duplicate-request",
        bug: Bug::Ledger(Canary::DuplicateRequest),
        nodes: 3,
        needs: &[Fault::Loss, Fault::Crash],
        forgetful: false,
        caught_by: &["request_once"],
        description: "a request that was applied before is applied again",
    },
    CanaryCase {
        name: "watch-gap",
        bug: Bug::Ledger(Canary::WatchGap),
        nodes: 3,
        needs: &[],
        forgetful: false,
        caught_by: &["watch"],
        description: "a watch loses one record when it resumes",
    },
    CanaryCase {
        name: "leader-restore",
        bug: Bug::Ledger(Canary::LeaderRestore),
        nodes: 3,
        needs: &[Fault::Crash, Fault::DiskSlow],
        forgetful: false,
        caught_by: &[
            "acknowledged_on_quorum",
            "committed_immutable",
            "same_record_everywhere",
            "acknowledged_survives",
        ],
        description: "a restarted leader resumes its old term without an election (openraft's default)",
    },
    CanaryCase {
        name: "age-from-reply",
        bug: Bug::Ledger(Canary::AgeFromReply),
        nodes: 3,
        needs: &[],
        forgetful: false,
        caught_by: &["age_honest"],
        description: "the age of a read counts from the reply of the freshness probe",
    },
    CanaryCase {
        name: "unchecked-chain",
        bug: Bug::Ledger(Canary::UncheckedChain),
        nodes: 3,
        needs: &[Fault::Damage],
        forgetful: false,
        caught_by: &["chain", "same_record_everywhere"],
        description: "shipped records are taken without checking the chain",
    },
    CanaryCase {
        name: "relay-twice",
        bug: Bug::Ledger(Canary::RelayTwice),
        nodes: 3,
        needs: &[Fault::Partial],
        forgetful: false,
        caught_by: &["relay_once"],
        description: "a relay passes a command to a second relay",
    },
    CanaryCase {
        name: "ignore-digest",
        bug: Bug::Ledger(Canary::IgnoreCommandDigest),
        nodes: 3,
        needs: &[],
        forgetful: false,
        caught_by: &["reuse_refused"],
        description: "a request id that stands for another command is answered as if it were the same",
    },
    CanaryCase {
        name: "refuse-from-memory",
        bug: Bug::Ledger(Canary::RefuseFromMemory),
        nodes: 3,
        needs: &[Fault::Late, Fault::Loss],
        forgetful: false,
        caught_by: &["rejected_on_record", "refused_never_applied"],
        description: "a rejection of a retried command is told as recorded, and nothing is recorded",
    },
    CanaryCase {
        name: "no-gate",
        bug: Bug::Ledger(Canary::NoGate),
        nodes: 3,
        needs: &[Fault::Member, Fault::DiskSlow, Fault::Pause],
        forgetful: false,
        caught_by: &["cluster_in_project"],
        description: "a region says that it holds no cluster of a project without closing its gate first",
    },
    CanaryCase {
        name: "hasty-quota",
        bug: Bug::Ledger(Canary::HastyQuota),
        nodes: 3,
        needs: &[],
        forgetful: false,
        caught_by: &["quota_holds"],
        description: "a region says that it gave up a part of a quota that its clusters still use",
    },
    CanaryCase {
        name: "unguarded-claim",
        bug: Bug::Ledger(Canary::UnguardedClaim),
        nodes: 3,
        needs: &[Fault::Crash, Fault::Member],
        forgetful: false,
        caught_by: &["account_once"],
        description: "the same as mixed-guesses, and a claim guards nothing of the pool of cloud accounts",
    },
    CanaryCase {
        name: "unchecked-snapshot",
        bug: Bug::Ledger(Canary::UncheckedSnapshot),
        nodes: 3,
        needs: &[Fault::Damage, Fault::Partition],
        forgetful: true,
        caught_by: &["same_record_everywhere", "replicas_equal"],
        description: "a replica takes a snapshot in pieces without checking their checksums, the seal or the digest",
    },
    CanaryCase {
        name: "hasty-shutdown",
        bug: Bug::HastyShutdown,
        nodes: 3,
        needs: &[Fault::Shutdown],
        forgetful: false,
        caught_by: &["shutdown_answers"],
        description: "a member that shuts down ends before it has answered its callers",
    },
    CanaryCase {
        caught_by: &["intended", "made_once"],
        ..reconciling(
            "random-tokens",
            Planted::RandomTokens,
            "a machine is launched with another client token each time",
        )
    },
    CanaryCase {
        caught_by: &["intended"],
        ..reconciling(
            "acts-before-intent",
            Planted::ActsBeforeIntent,
            "the cloud is called before the intent is committed",
        )
    },
    CanaryCase {
        caught_by: &["fenced"],
        ..reconciling("stale-fence", Planted::StaleFence, "a fence that was proved once is believed for ever")
    },
    CanaryCase {
        caught_by: &["one_token_one_call"],
        ..reconciling(
            "token-over-types",
            Planted::TokenOverTypes,
            "one client token serves for any type and zone of machine",
        )
    },
    CanaryCase {
        caught_by: &["ended_truly"],
        ..reconciling("believes-empty-lists", Planted::BelievesEmptyLists, "what is not listed is taken for gone")
    },
    CanaryCase {
        caught_by: &["etcd_kept"],
        ..reconciling("quorum-ignored", Planted::QuorumIgnored, "a master is ended that etcd cannot spare")
    },
];

/// A bug of reconciling. What consensus does is not what it is about: one member per region.
const fn reconciling(name: &'static str, bug: Planted, description: &'static str) -> CanaryCase {
    CanaryCase { name, bug: Bug::Reconcile(bug), nodes: 1, needs: &[], forgetful: false, caught_by: &[], description }
}
