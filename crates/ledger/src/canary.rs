//! Known bugs, switched on one at a time to prove that the simulator finds them.
//!
//! A simulator that never caught a bug proves nothing. Without the `canary` feature
//! [`Canary::is`] is a constant `false`, and the compiler removes what it guards.

/// The bug to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Canary {
    #[default]
    None,
    /// Begins a look-ahead before what is in flight is settled, and what earlier leaders left is applied.
    MixedGuesses,
    /// As [`Self::MixedGuesses`], and applies a record whose guard on its own subject does not hold.
    SkipGuard,
    /// As [`Self::MixedGuesses`], and applies a request that was applied before.
    DuplicateRequest,
    /// As [`Self::MixedGuesses`], and guards nothing of the pool of cloud accounts when one is claimed.
    UnguardedClaim,
    /// Loses one record when a watcher resumes.
    WatchGap,
    /// Lets openraft resume a restarted leader in its old term without an election, its default.
    LeaderRestore,
    /// Counts the age of a read from the reply of the freshness probe instead of from its start.
    AgeFromReply,
    /// Takes shipped records without checking that they continue the chain.
    UncheckedChain,
    /// Passes a relayed command on once more.
    RelayTwice,
    /// Answers a request id that stands for another command as if it were the same.
    IgnoreCommandDigest,
    /// Tells that a rejection was recorded, and records nothing.
    RefuseFromMemory,
    /// Says that a region holds no cluster of a project without closing the project's gate there first.
    NoGate,
    /// Says that a region holds no more than it is to give up before its limit was lowered.
    HastyQuota,
    /// Takes a snapshot in pieces without checking that they belong together.
    UncheckedSnapshot,
}

impl Canary {
    /// Whether wrong guesses and repeated requests must come as far as the log: without the bug they hardly do.
    pub(crate) fn guesses_in_a_hurry(self) -> bool {
        [Self::MixedGuesses, Self::SkipGuard, Self::DuplicateRequest, Self::UnguardedClaim]
            .into_iter()
            .any(|bug| self.is(bug))
    }

    /// Whether this build has the bug `bug`.
    #[cfg(feature = "canary")]
    pub fn is(self, bug: Self) -> bool {
        self == bug
    }

    /// Whether this build has the bug `bug`: never.
    #[cfg(not(feature = "canary"))]
    pub fn is(self, _bug: Self) -> bool {
        false
    }
}
