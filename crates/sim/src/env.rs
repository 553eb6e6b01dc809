//! One member's view of time and chance: virtual time with its own offset and drift.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use invariants::Observation;
use ports::{BoxFuture, Env, Instant, TaskScope};

use crate::{
    seeds::{Seeds, mix},
    trace::Trace,
};

/// Wall clocks start here: 2026-11-21.
const EPOCH_MS: i64 = 1_795_219_200_000;

/// A member's clocks: they outlive its processes, as the machine's do.
#[derive(Debug, Default)]
pub struct Clocks {
    /// Parts per million that the monotonic clock runs fast.
    pub drift_ppm: i64,
    /// How far the wall clock is off, in milliseconds. A fault steps it.
    pub wall_offset_ms: AtomicI64,
}

impl Clocks {
    fn local(&self, true_ns: u64) -> u64 {
        let scaled = i128::from(true_ns) * i128::from(1_000_000 + self.drift_ppm) / 1_000_000;
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    fn true_span(&self, local: Duration) -> Duration {
        let scaled = local.as_nanos() as i128 * 1_000_000 / i128::from(1_000_000 + self.drift_ppm);
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(u64::MAX))
    }
}

/// The environment of one process of one member.
pub struct SimEnv {
    trace: Arc<Trace>,
    clocks: Arc<Clocks>,
    tasks: TaskScope,
    seeds: Seeds,
    drawn: Mutex<BTreeMap<&'static str, u64>>,
}

impl SimEnv {
    pub fn new(trace: Arc<Trace>, clocks: Arc<Clocks>, seeds: Seeds) -> Self {
        Self { trace, clocks, tasks: TaskScope::default(), seeds, drawn: Mutex::default() }
    }
}

impl Env for SimEnv {
    fn now(&self) -> Instant {
        Instant(self.clocks.local(self.trace.now()))
    }

    fn wall_ms(&self) -> u64 {
        let elapsed = i64::try_from(self.trace.now() / 1_000_000).unwrap_or(i64::MAX);
        u64::try_from(EPOCH_MS + elapsed + self.clocks.wall_offset_ms.load(SeqCst)).unwrap_or(0)
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(self.clocks.true_span(span)))
    }

    fn seed(&self, purpose: &'static str) -> u64 {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let count = drawn.entry(purpose).or_default();
        *count += 1;
        mix(self.seeds.of(purpose) ^ *count)
    }

    fn tasks(&self) -> &TaskScope {
        &self.tasks
    }

    fn observe(&self, what: &dyn Fn() -> Observation) {
        self.trace.observe(&what());
    }
}

#[cfg(test)]
mod tests;
