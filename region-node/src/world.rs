//! The world of a real member: the host's clocks, chance, disk room, and the members that its configuration lists.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use adapter_grpc::api::status::row_of;
use adapter_telemetry::{Metrics, metrics::OfVerdict};
use invariants::Observation;
use ports::{BoxFuture, Env, Instant, Measure, Registry, TaskScope, Topology};
use rand::{TryRng, rngs::SysRng};

/// The environment of one life of a member: from the opening of its store to its closing.
pub struct HostEnv {
    started: tokio::time::Instant,
    tasks: TaskScope,
    metrics: Arc<Metrics>,
}

impl HostEnv {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { started: tokio::time::Instant::now(), tasks: TaskScope::default(), metrics }
    }
}

impl Env for HostEnv {
    fn now(&self) -> Instant {
        Instant::default().plus(self.started.elapsed())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the port through which the wall clock is read")]
    fn wall_ms(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(span))
    }

    fn seed(&self, _purpose: &'static str) -> u64 {
        seed()
    }

    fn tasks(&self) -> &TaskScope {
        &self.tasks
    }

    fn observe(&self, what: &dyn Fn() -> Observation) {
        self.metrics.observe(&what());
    }

    /// Nobody looks: it would cost a hash for every row that is written.
    fn observe_each(&self, _what: &dyn Fn() -> Observation) {}

    fn measure(&self, what: &Measure<'_>) {
        match *what {
            Measure::Submitted { outcome, reason, took } => {
                // A reason may come from another member; only those that the API knows are labels.
                let known = if reason.is_empty() { "" } else { row_of(reason).map_or("other", |row| row.reason) };
                self.metrics.submissions.get_or_create(&OfVerdict { outcome, reason: known }).inc();
                self.metrics.submit_seconds.observe(took.as_secs_f64());
            }
            Measure::RepairBegan { took } => self.metrics.repair_seconds.observe(took.as_secs_f64()),
        }
    }
}

/// Chance from the operating system.
pub fn seed() -> u64 {
    // It fails on no system that we run on; if it did, what the standard library keeps for its hash tables is chance enough.
    SysRng.try_next_u64().unwrap_or_else(|_| RandomState::new().build_hasher().finish())
}

/// Members as they are configured; replaced when the configuration is read again.
#[derive(Default)]
pub struct Listed(RwLock<Topology>);

impl Listed {
    pub fn set(&self, topology: Topology) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = topology;
    }
}

impl Registry for Listed {
    fn topology(&self) -> Topology {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Room for this process on the disk of `dir`, in bytes; `None` where it cannot be told.
pub fn room(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
