//! A submission while it waits for its verdict, and the claim that says whether it may have been proposed.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::SeqCst},
};

use ports::{Instant, trace::tracing::Span};
use tokio::sync::oneshot;
use wire::{Rejected, command::Submission};

use crate::verdict::Verdict;

/// One submission on its way.
pub struct Ticket {
    pub submission: Submission,
    pub deadline: Instant,
    pub claim: Arc<Claim>,
    pub reply: oneshot::Sender<Verdict>,
    pub attempts: u32,
    /// It was rejected on a state that a majority confirmed; what is left is to record that.
    pub rejected: Option<Arc<Rejected>>,
    /// Open from the proposal until its outcome is known.
    pub proposed: Span,
}

impl Ticket {
    /// Whether a rejection of it must leave a trace: an earlier try may come later than this one.
    pub fn is_to_be_recorded(&self) -> bool {
        self.submission.retried && !self.submission.validate_only
    }
}

/// Whether a submission may have been proposed. Whoever gives up on it must know: before, it certainly has no effect.
#[derive(Default)]
pub struct Claim(AtomicU8);

impl Claim {
    const QUEUED: u8 = 0;
    const PROPOSED: u8 = 1;
    const WITHDRAWN: u8 = 2;

    fn step(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, SeqCst, SeqCst).is_ok()
    }

    /// Takes the submission back, if it was not proposed: it will not be.
    pub fn withdraw(&self) -> bool {
        self.step(Self::QUEUED, Self::WITHDRAWN)
    }

    pub fn propose(&self) -> bool {
        self.step(Self::QUEUED, Self::PROPOSED)
    }

    /// The proposal certainly had no effect.
    pub fn release(&self) -> bool {
        self.step(Self::PROPOSED, Self::QUEUED)
    }
}
