//! How old a copy may be, proven without wall clocks.
//!
//! A probe notes the time on this member's monotonic clock, asks the log's leader how far the log is (a quorum confirms it), and waits
//! until the copy here has come so far. From then on the copy is known to hold everything that was acknowledged before the noted
//! time. The age of a read counts from the *start* of the probe: what was acknowledged while the answer travelled may be missing.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ids::Log;
use ledger::Canary;
use ports::{Env, Instant};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use crate::region::{Inner, Region};

/// How long one probe may take.
const PROBE_WITHIN: Duration = Duration::from_secs(5);
/// How long a leader may take to have its place confirmed. Its answer must be back within one try of the asker.
pub const CONFIRM_WITHIN: Duration = Duration::from_millis(800);

/// What was proven, per log.
pub struct Freshness {
    env: Arc<dyn Env>,
    canary: Canary,
    proven: Mutex<BTreeMap<Log, Instant>>,
}

impl Freshness {
    pub(crate) fn new(env: Arc<dyn Env>, canary: Canary) -> Self {
        Self { env, canary, proven: Mutex::default() }
    }

    /// The copy holds everything from before `asked`.
    pub(crate) fn prove(&self, log: &Log, asked: Instant, answered: Instant) {
        let at = if self.canary.is(Canary::AgeFromReply) { answered } else { asked };
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        let known = proven.entry(log.clone()).or_insert(at);
        *known = at.max(*known);
    }

    /// The last instant from before which everything is known to be here.
    pub(crate) fn proven(&self, log: &Log) -> Option<Instant> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner).get(log).copied()
    }

    /// Time since `at`, rounded up by what a clock may run slow (500 parts per million) and a millisecond, so that it never says less
    /// than is true.
    pub(crate) fn age(&self, at: Instant) -> Duration {
        let measured = self.env.now().since(at);
        measured + measured / 2000 + Duration::from_millis(1)
    }
}

impl Region {
    /// Proves every log again and again.
    pub(crate) fn spawn_probes(&self) {
        for log in self.inner.registry.topology().logs() {
            let region = Arc::clone(&self.inner);
            self.inner.env.tasks().spawn(async move { region.probe(log).await });
        }
    }
}

impl Inner {
    async fn probe(&self, log: Log) {
        let mut rng = SmallRng::seed_from_u64(self.env.seed("probe"));
        loop {
            // A probe that fails proves nothing and takes nothing away: the age grows.
            let _ = self.prove_fresh(&log, PROBE_WITHIN).await;
            let ms = u64::try_from(self.ledger.config().timing.round.as_millis()).unwrap_or(u64::MAX);
            self.env.sleep(Duration::from_millis(rng.random_range(ms * 8 / 10..=ms * 12 / 10))).await;
        }
    }
}
