//! Wishes of a region itself, which no client asks for: what workers beside the calls (`drain`, `claim`) have in common.
//!
//! Such a worker is level-triggered: what is to be done follows from the states alone, so it may be interrupted anywhere, run twice, or
//! start anew at another member. A wish is sent under a request id that is derived from what it is about, so two leaders in a row send
//! one and the same request. A refusal may be remembered under that id, so it must name everything that a later wish could find changed.
//! Where nothing is to be done nothing is sent; what did not succeed is tried again after a while that doubles.

use std::time::Duration;

use domain::Command;
use ids::RequestId;
use ledger::Verdict;
use ports::{Env, timeout};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use sha2::{Digest, Sha256};
use wire::command::Submission;

use crate::region::Inner;

/// Between two looks, when nothing changes: how soon a new leader begins.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two looks, at least, however fast the states change.
const PAUSE: Duration = Duration::from_millis(250);
/// How long one wish may take.
const WITHIN: Duration = Duration::from_secs(5);
/// After a wish that was not granted, at first and at most.
const AGAIN_AFTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// Wishes under way at once.
pub const AT_ONCE: usize = 16;

/// When a worker looks again.
pub struct Pace {
    rng: SmallRng,
    again_after: Duration,
}

impl Pace {
    pub fn new(env: &dyn Env, worker: &'static str) -> Self {
        Self { rng: SmallRng::seed_from_u64(env.seed(worker)), again_after: AGAIN_AFTER.0 }
    }

    /// Lets some time pass, and then more until `change` or a while is over. `granted`: every wish of the last look was.
    pub async fn rest(&mut self, env: &dyn Env, granted: bool, change: impl Future) {
        let pause = if granted { PAUSE } else { self.again_after };
        self.again_after = if granted { AGAIN_AFTER.0 } else { (self.again_after * 2).min(AGAIN_AFTER.1) };
        env.sleep(jittered(&mut self.rng, pause)).await;
        let _ = timeout(env, jittered(&mut self.rng, LOOK_EVERY), change).await;
    }
}

impl Inner {
    /// Sends a command in the name of this region. `true`: it took effect, and this copy of its log shows it. A rejection
    /// says that this copy is behind, or that nothing can be done now; both are looked at again, later.
    pub(crate) async fn wish(&self, request_id: RequestId, command: Command) -> bool {
        let actor = format!("region:{}", self.ledger.config().region);
        let (what, log) = (command.subject(), command.log());
        let submission = Submission {
            request_id,
            actor,
            command,
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
            planned: None,
        };
        let verdict = self.submit(&submission, WITHIN).await;
        tracing::debug!(member = %self.member(), %what, ?verdict, "asked for what the region owes");
        let (Verdict::Done { seq, .. }, Some(copy)) = (verdict, self.ledger.copy(&log)) else { return false };
        timeout(self.env.as_ref(), WITHIN, copy.cell.reached(seq)).await.is_some()
    }
}

/// One id for one wish, whoever has it: the first 16 bytes of a SHA-256.
pub fn derived(what: &str, about: &[&[u8]]) -> RequestId {
    let mut digest = Sha256::new();
    for part in std::iter::once(&what.as_bytes()).chain(about) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut id = [0; 16];
    id.iter_mut().zip(digest.finalize()).for_each(|(byte, digested)| *byte = digested);
    RequestId(id)
}

fn jittered(rng: &mut SmallRng, about: Duration) -> Duration {
    let ms = u64::try_from(about.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rng.random_range(ms * 8 / 10..=ms * 12 / 10))
}
