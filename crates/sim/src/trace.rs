//! Everything that happens in a run, as it happens: folded into one digest, and shown to the invariants.
//!
//! Two runs of one seed must come to the same digest, in any process; so nothing that is not a function of the seed may be written
//! here.

use std::{
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ids::Hash;
use invariants::{Checker, Observation, Violation};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

/// See the module.
pub struct Trace {
    started: Instant,
    inner: Mutex<Inner>,
}

struct Inner {
    digest: Sha256,
    line: String,
    lines: u64,
    checker: Checker,
    /// Chain hashes and state digests by place, for the checks at the end.
    seen: Seen,
}

/// What the checks at the end need from the stream.
#[derive(Default)]
pub struct Seen {
    pub hashes: std::collections::BTreeMap<(ids::Log, ids::Seq), Hash>,
    pub digests: std::collections::BTreeMap<(ids::Log, ids::Seq), Hash>,
    pub acknowledged: Vec<(ids::RequestId, ids::Log, ids::Seq)>,
    /// When the first member applied each record.
    pub applied: std::collections::BTreeMap<(ids::Log, ids::Seq), u64>,
    /// When a log was proved to be current.
    pub fenced: Vec<(ids::Log, u64)>,
}

impl Trace {
    /// A stream that begins now.
    pub fn begin() -> Self {
        let inner = Inner {
            digest: Sha256::new(),
            line: String::new(),
            lines: 0,
            checker: Checker::default(),
            seen: Seen::default(),
        };
        Self { started: Instant::now(), inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True time since the run began, in nanoseconds.
    pub fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Takes in what a member told.
    pub fn observe(&self, what: &Observation) {
        let at = self.now();
        tracing::trace!(at_ms = at / 1_000_000, ?what);
        let mut inner = self.lock();
        inner.fold(at, format_args!("{what:?}"));
        inner.seen.take(at, what);
        let before = inner.checker.violations().total();
        inner.checker.observe(at, what);
        if inner.checker.violations().total() > before {
            for violation in inner.checker.violations().iter().skip(usize::try_from(before).unwrap_or(usize::MAX)) {
                tracing::error!(at_ms = at / 1_000_000, %violation, "an invariant does not hold");
            }
        }
    }

    /// Takes in anything else: a message, a fault, what a client was told.
    pub fn note(&self, what: std::fmt::Arguments<'_>) {
        let at = self.now();
        self.lock().fold(at, what);
    }

    /// Adds a violation that a check at the end found.
    pub fn violate(&self, invariant: &'static str, detail: String) {
        let at = self.now();
        tracing::error!(at_ms = at / 1_000_000, invariant, detail, "an invariant does not hold");
        self.lock().checker.violations_mut().push(invariant, at, detail);
    }

    /// Runs a check that adds its own violations.
    pub fn check(&self, check: impl FnOnce(u64, &mut invariants::Violations)) {
        let at = self.now();
        check(at, self.lock().checker.violations_mut());
    }

    /// What was seen so far.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.lock().seen)
    }

    /// Whether anything was violated so far.
    pub fn violated(&self) -> bool {
        !self.lock().checker.violations().is_empty()
    }

    /// Ends the run: the last checks of the stream, the violations, and the digest.
    pub fn finish(&self) -> (Vec<Violation>, Hash, u64) {
        let at = self.now();
        let mut inner = self.lock();
        inner.checker.finish(at);
        let violations = inner.checker.violations().iter().cloned().collect();
        let digest = std::mem::take(&mut inner.digest);
        (violations, Hash(digest.finalize().into()), inner.lines)
    }
}

impl Inner {
    fn fold(&mut self, at: u64, what: std::fmt::Arguments<'_>) {
        self.line.clear();
        let _ = writeln!(self.line, "{at} {what}");
        self.digest.update(self.line.as_bytes());
        self.lines += 1;
    }
}

impl Seen {
    fn take(&mut self, at: u64, what: &Observation) {
        match what {
            Observation::Applied { record, .. } => {
                self.hashes.entry((record.log.clone(), record.seq)).or_insert(record.hash);
                self.applied.entry((record.log.clone(), record.seq)).or_insert(at);
            }
            Observation::Fenced { log, .. } => self.fenced.push((log.clone(), at)),
            Observation::StateDigest { log, seq, digest, .. } => {
                self.digests.entry((log.clone(), *seq)).or_insert(*digest);
            }
            Observation::Acknowledged { request_id, log, seq, .. } => {
                self.acknowledged.push((*request_id, log.clone(), *seq));
            }
            _ => {}
        }
    }
}
