//! The task that flushes: takes all that is pending, waits as long as a flush takes, makes exactly that durable, and again.
//!
//! Writes that arrive during a flush share the next one, as in any store that commits in groups. Where nobody waits for what is pending,
//! it waits a while itself for something that is waited for.

use std::{pin::pin, sync::Arc, time::Duration};

use ports::{Env, env::timeout};

use super::{Disk, state::State};

/// Flushes for as long as the process `life` lives.
pub async fn run(disk: Arc<Disk>, life: u64, env: Arc<dyn Env>) {
    while let Some(patience) = disk.wait(life, State::patience).await {
        if patience > Duration::ZERO {
            // Either outcome is looked at again below, and so is the end of this life.
            let _ = timeout(env.as_ref(), patience, disk.wait(life, |state| state.is_awaited())).await;
        }
        let Some((units, span)) = disk.wait(life, State::begin_flush).await else { return };
        env.sleep(span).await;
        let member = disk.member;
        let ended = disk.wait(life, |state| (!state.weather.stalled).then(|| state.end_flush(member, units)));
        let Some(aftermath) = ended.await else { return };
        disk.settle(aftermath);
    }
}

impl Disk {
    /// Waits until `step` gives something. `None`: the process `life` is over.
    async fn wait<T>(&self, life: u64, mut step: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        loop {
            let mut changed = pin!(self.changed.notified());
            // In line before looking: what happens between the look and the wait is not missed.
            changed.as_mut().enable();
            if let Some(outcome) = self.step(life, &mut step) {
                return outcome;
            }
            changed.await;
        }
    }

    fn step<T>(&self, life: u64, step: &mut impl FnMut(&mut State) -> Option<T>) -> Option<Option<T>> {
        let mut state = self.lock();
        if state.life == life { step(&mut state).map(Some) } else { Some(None) }
    }
}
