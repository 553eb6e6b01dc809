//! A member's world on tokio's clock, for tests and benches: virtual time where the runtime is paused, real time elsewhere.
//!
//! It has no offset, no drift and no steps; a simulator that wants clocks to be wrong brings its own.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use invariants::{Observation, observation::entry_digest};
use ports::{BoxFuture, Env, Instant, TaskScope};

/// The wall clock at the start, in Unix milliseconds: any moment will do, as long as it is the same in every run.
const STARTED_MS: u64 = 1_795_219_200_000;

/// An [`Env`] whose seeds depend on its own seed, the purpose and how often that purpose asked, and on nothing else.
pub struct TokioEnv {
    seed: u64,
    started: tokio::time::Instant,
    tasks: TaskScope,
    drawn: Mutex<BTreeMap<&'static str, u64>>,
    seen: Option<Mutex<Vec<Observation>>>,
    /// Readings of the clock, each of which takes a nanosecond; none where the clock stands still between two sleeps.
    ticks: Option<AtomicU64>,
}

impl TokioEnv {
    /// Time starts now; nobody looks at observations.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            started: tokio::time::Instant::now(),
            tasks: TaskScope::default(),
            drawn: Mutex::default(),
            seen: None,
            ticks: None,
        }
    }

    /// As [`TokioEnv::new`], with a clock that goes on while code runs, as everywhere but in virtual time: no two readings are the same.
    pub fn ticking(seed: u64) -> Self {
        Self { ticks: Some(AtomicU64::new(0)), ..Self::new(seed) }
    }

    /// As [`TokioEnv::new`], and keeps every observation.
    pub fn observed(seed: u64) -> Self {
        Self { seen: Some(Mutex::default()), ..Self::new(seed) }
    }

    /// What was observed so far; nothing unless made by [`TokioEnv::observed`].
    pub fn observations(&self) -> Vec<Observation> {
        self.seen.as_ref().map(|seen| lock(seen).clone()).unwrap_or_default()
    }
}

impl Env for TokioEnv {
    fn now(&self) -> Instant {
        let ticks = self.ticks.as_ref().map_or(0, |ticks| ticks.fetch_add(1, Relaxed));
        Instant::default().plus(self.started.elapsed() + Duration::from_nanos(ticks))
    }

    fn wall_ms(&self) -> u64 {
        let passed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        STARTED_MS.saturating_add(passed)
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(span))
    }

    fn seed(&self, purpose: &'static str) -> u64 {
        let mut drawn = lock(&self.drawn);
        let count = drawn.entry(purpose).or_default();
        *count += 1;
        // The digest is 64-bit FNV-1a, which is all that is asked of it here: another purpose, another stream.
        splitmix(splitmix(self.seed ^ entry_digest(purpose.as_bytes())).wrapping_add(*count))
    }

    fn tasks(&self) -> &TaskScope {
        &self.tasks
    }

    fn observe(&self, what: &dyn Fn() -> Observation) {
        if let Some(seen) = &self.seen {
            let what = what();
            lock(seen).push(what);
        }
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring inputs over all 64 bits.
pub(crate) fn splitmix(input: u64) -> u64 {
    let mut mixed = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_for_one_purpose_changes_no_other() {
        let (one, other) = (TokioEnv::new(7), TokioEnv::new(7));
        let first = one.seed("election");
        other.seed("jitter");
        assert_eq!(other.seed("election"), first);
        assert_ne!(one.seed("election"), first, "each draw is fresh");
        assert_ne!(TokioEnv::new(8).seed("election"), first);
    }

    #[tokio::test(start_paused = true)]
    async fn both_clocks_follow_virtual_time() {
        let env = TokioEnv::new(1);
        let (now, wall) = (env.now(), env.wall_ms());
        env.sleep(Duration::from_secs(3600)).await;
        assert_eq!(env.now().since(now), Duration::from_secs(3600));
        assert_eq!(env.wall_ms() - wall, 3_600_000);
    }

    #[test]
    fn observations_are_kept_only_where_asked_for() {
        let what = Observation::Started { member: ids::MemberId(1) };
        for (env, kept) in [(TokioEnv::new(1), 0), (TokioEnv::observed(1), 1)] {
            env.observe(&|| what.clone());
            assert_eq!(env.observations().len(), kept);
        }
    }
}
