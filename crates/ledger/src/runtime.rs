//! The async runtime that openraft runs on, in a real process and in the simulator alike.
//!
//! It is tokio with two differences, and wrapped in openraft's own `DeterministicRng`:
//! - `watch` wakes its waiters first in, first out ([`crate::watch`]); tokio's draws their order at random.
//! - `spawn` puts every task into the calling member's [`TaskScope`], so a member can be ended at once, without running any of its
//!   shutdown code.
//!
//! With both, a whole ring on one thread with paused time is a function of its seed.

use std::{future::Future, time::Duration};

use openraft_rt::{AsyncRuntime, OptionalSend, deterministic_rng::DeterministicRng};
use openraft_rt_tokio::{TokioInstant, TokioMpsc, TokioMutex, TokioOneshot, TokioRuntime};
use ports::TaskScope;
use rand::{SeedableRng, rngs::SmallRng};

use crate::watch::FifoWatch;

/// What openraft is configured with: chance comes from the seed of the enclosing scope, never from the operating system.
pub type Runtime = DeterministicRng<LedgerRuntime>;

/// See the module.
pub struct LedgerRuntime(tokio::runtime::Runtime);

impl std::fmt::Debug for LedgerRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LedgerRuntime")
    }
}

impl AsyncRuntime for LedgerRuntime {
    type JoinError = tokio::task::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = tokio::task::JoinHandle<T>;
    type Sleep = tokio::time::Sleep;
    type Instant = TokioInstant;
    type TimeoutError = tokio::time::error::Elapsed;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = tokio::time::Timeout<T>;
    type ThreadLocalRng = SmallRng;
    type Mpsc = TokioMpsc;
    type Watch = FifoWatch;
    type Oneshot = TokioOneshot;
    type Mutex<T: OptionalSend + 'static> = TokioMutex<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        TaskScope::spawn_current(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        tokio::time::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        TokioRuntime::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(duration: Duration, future: F) -> Self::Timeout<R, F> {
        tokio::time::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(deadline: Self::Instant, future: F) -> Self::Timeout<R, F> {
        TokioRuntime::timeout_at(deadline, future)
    }

    fn is_panic(join_error: &Self::JoinError) -> bool {
        join_error.is_panic()
    }

    /// Never called: `DeterministicRng` draws from its own scope.
    fn thread_rng() -> Self::ThreadLocalRng {
        SmallRng::seed_from_u64(0)
    }

    fn new(_threads: usize) -> Self {
        let built = tokio::runtime::Builder::new_current_thread().enable_time().build();
        #[expect(clippy::expect_used, reason = "the trait leaves no other way; only tests build a runtime through it")]
        Self(built.expect("build a runtime of one thread with timers"))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(TaskScope::default().enter(future))
    }
}

#[cfg(test)]
mod tests {
    use openraft_rt::testing::Suite;

    use super::*;

    #[test]
    fn openraft_accepts_the_runtime() {
        let mut runtime = Runtime::new(1);
        Suite::<Runtime>::test_all_on(&mut runtime);
    }
}
