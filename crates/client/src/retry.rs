//! What a refusal means for the next try. Pure, apart from the budget.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tonic::Code;

use crate::{
    Error,
    error::reason::{
        DISK_FULL, GLOBAL_QUORUM_LOST, HOME_UNREACHABLE, MEMBER_STOPPED, NOT_YET_REPLICATED, OTHER_RING,
        OUTCOME_UNKNOWN, REGION_QUORUM_LOST, SHUTTING_DOWN, STARTING, TOO_STALE,
    },
    request_id::chance,
};

/// What to do after a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The answer is the answer.
    Final,
    /// This region cannot; another may be able to.
    OtherRegion,
    /// Try elsewhere, or here again later.
    Elsewhere {
        /// The endpoint itself is to be left alone for a while.
        down: bool,
        /// A write may have taken effect.
        unsettled: bool,
    },
    /// The same again after the pause that was asked for.
    Later,
}

/// `unsent`: the try never left this process.
pub(crate) fn next(error: &Error, unsent: bool) -> Next {
    if unsent {
        return Next::Elsewhere { down: true, unsettled: false };
    }
    match (error.code, error.reason.as_str()) {
        (_, OUTCOME_UNKNOWN) => Next::Elsewhere { down: false, unsettled: true },
        (_, GLOBAL_QUORUM_LOST | REGION_QUORUM_LOST | HOME_UNREACHABLE | NOT_YET_REPLICATED | TOO_STALE) => {
            Next::OtherRegion
        }
        // Without a reason it was no server of ours that spoke, but the transport in between.
        (Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled, "") => {
            Next::Elsewhere { down: true, unsettled: true }
        }
        (Code::Aborted | Code::DeadlineExceeded, "") | (Code::DeadlineExceeded, _) => {
            Next::Elsewhere { down: false, unsettled: true }
        }
        (Code::Unavailable, reason) => {
            let down = [SHUTTING_DOWN, MEMBER_STOPPED, OTHER_RING, STARTING].contains(&reason);
            Next::Elsewhere { down, unsettled: false }
        }
        // The member's trouble, not the ring's.
        (_, DISK_FULL) => Next::Elsewhere { down: false, unsettled: false },
        (Code::ResourceExhausted | Code::Aborted, _) if error.retry_after.is_some() => Next::Later,
        _ => Next::Final,
    }
}

/// Pause before going round again: doubles from 50 ms to 2 s, half of it by chance, never shorter than asked for.
pub(crate) fn pause(round: u32, asked: Option<Duration>) -> Duration {
    let full = Duration::from_millis(50).saturating_mul(1 << round.min(6)).min(Duration::from_secs(2));
    full.mul_f64(0.5 + chance() / 2.0).max(asked.unwrap_or_default())
}

/// What all calls together may spend on second tries in a region, so that trouble is not answered by a flood. The first try in each
/// region is free: leaving a dead region must never be refused.
pub(crate) struct Budget {
    left: Mutex<(f64, Option<Instant>)>,
}

const BUDGET_MAX: f64 = 200.0;
const BUDGET_PER_SECOND: f64 = 40.0;

impl Default for Budget {
    fn default() -> Self {
        Self { left: Mutex::new((BUDGET_MAX, None)) }
    }
}

impl Budget {
    pub(crate) fn take(&self) -> bool {
        let now = Instant::now();
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let since = left.1.map_or(Duration::ZERO, |then| now.saturating_duration_since(then));
        left.0 = (left.0 + since.as_secs_f64() * BUDGET_PER_SECOND).min(BUDGET_MAX);
        left.1 = Some(now);
        let enough = left.0 >= 1.0;
        if enough {
            left.0 -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: Code, reason: &str) -> Error {
        Error::made(code, reason, "")
    }

    #[test]
    fn definite_refusals_are_final() {
        for (code, reason) in [
            (Code::NotFound, "NOT_FOUND"),
            (Code::AlreadyExists, "ALREADY_EXISTS"),
            (Code::Aborted, "ETAG_MISMATCH"),
            (Code::FailedPrecondition, "NOT_EMPTY"),
            (Code::InvalidArgument, ""),
            (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"),
            (Code::Unimplemented, ""),
        ] {
            assert_eq!(next(&refused(code, reason), false), Next::Final, "{code:?} {reason}");
        }
    }

    #[test]
    fn only_what_was_sent_and_not_answered_is_unsettled() {
        let unsettled = |code, reason, unsent| match next(&refused(code, reason), unsent) {
            Next::Elsewhere { unsettled, .. } => unsettled,
            other => panic!("{code:?} {reason} is {other:?}"),
        };
        assert!(unsettled(Code::Unavailable, "", false), "a connection that broke");
        assert!(!unsettled(Code::Unavailable, "", true), "a connection that was never made");
        assert!(unsettled(Code::Aborted, OUTCOME_UNKNOWN, false));
        assert!(unsettled(Code::DeadlineExceeded, "", false));
        assert!(!unsettled(Code::Unavailable, SHUTTING_DOWN, false), "the server says that it did nothing");
        assert!(!unsettled(Code::Unavailable, "NO_LEADER", false));
    }

    #[test]
    fn what_another_region_may_be_able_to_do_is_asked_there() {
        for reason in [GLOBAL_QUORUM_LOST, HOME_UNREACHABLE, NOT_YET_REPLICATED] {
            assert_eq!(next(&refused(Code::Unavailable, reason), false), Next::OtherRegion, "{reason}");
        }
    }

    #[test]
    fn a_pause_grows_and_is_never_shorter_than_asked() {
        assert!(pause(0, None) <= Duration::from_millis(50));
        assert!(pause(20, None) >= Duration::from_secs(1) && pause(20, None) <= Duration::from_secs(2));
        assert_eq!(pause(0, Some(Duration::from_secs(3))), Duration::from_secs(3));
    }

    #[test]
    fn a_full_disk_is_one_member_s_trouble() {
        let next = next(&refused(Code::ResourceExhausted, DISK_FULL), false);
        assert_eq!(next, Next::Elsewhere { down: false, unsettled: false });
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_runs_out_and_comes_back() {
        let budget = Budget::default();
        assert_eq!((0..1000).filter(|_| budget.take()).count(), 200);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((0..1000).filter(|_| budget.take()).count(), 40);
    }
}
