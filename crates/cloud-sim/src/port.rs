//! The simulated cloud behind the port: the same in the simulator and in a process.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ports::{
    BoxFuture, Cloud, Env, Instant,
    cloud::{CallSite, CloudError, CloudReply, CloudRequest},
};

use crate::Sim;

/// A [`Sim`] with a clock. Clones are handles on the same cloud.
///
/// Its time begins at the wall clock's when it is made, or at the state's own if that is further on, and runs with the monotonic clock:
/// steps of the wall clock do not reach it.
#[derive(Clone)]
pub struct SimCloud {
    sim: Arc<Mutex<Sim>>,
    env: Arc<dyn Env>,
    began: Instant,
    began_at: u64,
}

impl SimCloud {
    /// `env` is the cloud's own and nobody else's: it is as right about time as AWS is.
    pub fn new(sim: Sim, env: Arc<dyn Env>) -> Self {
        let (began, began_at) = (env.now(), env.wall_ms().max(sim.now()));
        Self { sim: Arc::new(Mutex::new(sim)), env, began, began_at }
    }

    /// The cloud's time, in Unix milliseconds.
    pub fn now(&self) -> u64 {
        let passed = self.env.now().since(self.began).as_millis();
        self.began_at.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// The state as it is now, with everything done that was due: to tamper with, to look at, to take a snapshot of.
    pub fn with<T>(&self, work: impl FnOnce(&mut Sim, u64) -> T) -> T {
        let now = self.now();
        let mut sim = self.lock();
        sim.advance(now);
        work(&mut sim, now)
    }

    fn lock(&self) -> MutexGuard<'_, Sim> {
        self.sim.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cloud for SimCloud {
    fn call(&self, at: &CallSite, request: CloudRequest) -> BoxFuture<'static, Result<CloudReply, CloudError>> {
        let (cloud, at) = (self.clone(), at.clone());
        Box::pin(async move {
            let way = cloud.lock().way();
            cloud.env.sleep(Duration::from_millis(way)).await;
            // What was sent arrives, whether or not anybody still waits for the answer.
            let outcome = cloud.with(|sim, now| sim.call(now, &at, request));
            cloud.env.sleep(Duration::from_millis(outcome.after)).await;
            outcome.told
        })
    }
}
