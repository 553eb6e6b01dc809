//! Clocks, sleep, seeds, tasks and observations.
//!
//! One object per member. In a real process it is the operating system; in the simulator it is virtual time with this member's own
//! offset and drift, seeds drawn from the run's seed, and tasks that die with the member.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::future::{Either, select};
use invariants::Observation;
use tokio::task::AbortHandle;

use crate::BoxFuture;

/// A reading of one member's monotonic clock, in nanoseconds since an unknown start. Comparable only within one life of one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    /// Time from `earlier` to `self`; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// What a member sees of time, chance and its observers.
pub trait Env: Send + Sync + 'static {
    /// The monotonic clock. It may run fast or slow by at most 500 parts per million; it never steps.
    fn now(&self) -> Instant;

    /// The wall clock, in Unix milliseconds. It may be wrong by any amount and step either way: for order and display only.
    fn wall_ms(&self) -> u64;

    /// Completes when `span` has passed on this member's monotonic clock.
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()>;

    /// A fresh seed. Different purposes draw from different streams, so one more draw for one purpose changes no other.
    fn seed(&self, purpose: &'static str) -> u64;

    /// The tasks of this member.
    fn tasks(&self) -> &TaskScope;

    /// Hands an observation to whoever looks: metrics, or the invariants. It is made only when somebody looks. MUST return at once and
    /// MUST NOT fail.
    fn observe(&self, what: &dyn Fn() -> Observation);

    /// As [`Self::observe`], for what is stated of every record and costs something to put together. Whoever only counts the rare things
    /// leaves these out.
    fn observe_each(&self, what: &dyn Fn() -> Observation) {
        self.observe(what);
    }

    /// Takes a measurement, for metrics alone: no invariant and no trace looks at it. MUST return at once and MUST NOT fail.
    fn measure(&self, _what: &Measure<'_>) {}
}

/// What a member measures of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure<'a> {
    /// A caller of this member was told what became of a command: one of a few outcomes, the reason where there is one, and how long it
    /// took.
    Submitted { outcome: &'static str, reason: &'a str, took: Duration },
    /// The first call was made about a deviation that a listing of a cloud account showed, so long after the listing was answered.
    RepairBegan { took: Duration },
}

/// Runs `work` for at most `span` of this member's time. On `None` the work was dropped where it stood.
pub async fn timeout<T>(env: &dyn Env, span: Duration, work: impl Future<Output = T>) -> Option<T> {
    let work = pin!(work);
    // `select` polls its first argument first, always: no chance, and work that is done wins over a deadline that is due.
    match select(work, env.sleep(span)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), _)) => None,
    }
}

tokio::task_local! {
    static CURRENT: TaskScope;
}

/// The tasks of one member: every task, and every task that one of them spawns, ends when the scope is aborted.
///
/// Aborting runs no shutdown code, so it is the simulator's `kill -9`; in a real process it is the last step of a shutdown. Holding is
/// the simulator's `SIGSTOP`: no task of the scope runs until it is released, and then finds that time has passed.
#[derive(Clone, Default)]
pub struct TaskScope {
    tasks: Arc<Mutex<Tasks>>,
    /// Looked at on every poll of every task, so it is not behind the lock.
    held: Arc<AtomicBool>,
}

#[derive(Default)]
struct Tasks {
    handles: Vec<AbortHandle>,
    prune_at: usize,
    aborted: bool,
    /// Tasks that wanted to run while the scope was held.
    waiting: Vec<Waker>,
}

/// A task that does not run while its scope is held.
struct Held<T> {
    scope: TaskScope,
    work: Pin<Box<T>>,
}

impl<T: Future> Future for Held<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T::Output> {
        if self.scope.waits(context.waker()) {
            return Poll::Pending;
        }
        self.work.as_mut().poll(context)
    }
}

impl TaskScope {
    /// Spawns into this scope. A scope that was aborted takes no more work: the task is dropped.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that spawns, so that every task belongs to a scope"
        )]
        let handle =
            tokio::task::spawn(CURRENT.scope(self.clone(), Held { scope: self.clone(), work: Box::pin(work) }));
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.aborted {
            handle.abort();
            return handle;
        }
        if tasks.handles.len() >= tasks.prune_at {
            tasks.handles.retain(|task| !task.is_finished());
            tasks.prune_at = (tasks.handles.len() * 2).max(64);
        }
        tasks.handles.push(handle.abort_handle());
        handle
    }

    /// Spawns into the scope that the calling task belongs to.
    ///
    /// # Panics
    /// When the caller was not spawned by a scope: a task outside every scope would outlive its member.
    pub fn spawn_current<T: Send + 'static>(
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        CURRENT.with(Self::clone).spawn(work)
    }

    /// Runs `work` as a task of this scope, on the calling task.
    pub async fn enter<T>(&self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), work).await
    }

    /// Stops every task where it stands, until [`Self::release`].
    pub fn hold(&self) {
        let _tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        self.held.store(true, SeqCst);
    }

    /// Lets every task go on, in the order in which they wanted to.
    pub fn release(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        self.held.store(false, SeqCst);
        let waiting = std::mem::take(&mut tasks.waiting);
        drop(tasks);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn waits(&self, waker: &Waker) -> bool {
        if !self.held.load(SeqCst) {
            return false;
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.held.load(SeqCst);
        if held && !tasks.waiting.iter().any(|waiting| waiting.will_wake(waker)) {
            tasks.waiting.push(waker.clone());
        }
        held
    }

    /// Ends every task at its next await and refuses new ones.
    pub fn abort(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.aborted = true;
        tasks.handles.drain(..).for_each(|task| task.abort());
    }
}
