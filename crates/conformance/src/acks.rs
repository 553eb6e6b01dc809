//! Who was called back, in which order and with what.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ports::{Flushed, StoreError};
use tokio::sync::Notify;

use crate::Broken;

/// Far longer than any healthy flush.
const PATIENCE: Duration = Duration::from_secs(30);

/// The number of a write, and how it ended.
pub type Answer = (u64, Result<(), StoreError>);

/// Collects the callbacks of numbered writes.
#[derive(Clone, Default)]
pub struct Acks {
    came: Arc<Mutex<Vec<Answer>>>,
    changed: Arc<Notify>,
}

impl Acks {
    /// The callback of write `number`.
    pub fn flushed(&self, number: u64) -> Flushed {
        let acks = self.clone();
        Box::new(move |result| {
            acks.came.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
            acks.changed.notify_one();
        })
    }

    /// What came, in the order in which it came.
    pub fn came(&self) -> Vec<Answer> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The highest number that was acknowledged; zero if none was.
    pub fn acknowledged(&self) -> u64 {
        let came = self.came();
        came.iter().filter(|(_, result)| result.is_ok()).map(|(number, _)| *number).max().unwrap_or(0)
    }

    /// Waits until `count` callbacks came.
    pub async fn wait(&self, count: usize) -> Result<(), Broken> {
        let all = async {
            while self.came().len() < count {
                self.changed.notified().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, all).await;
        waited.map_err(|_| {
            let came = self.came().len();
            Broken::new("every write is answered", format!("{came} of {count} answers within {} s", PATIENCE.as_secs()))
        })
    }
}

/// Gives one write to `take` and waits for its answer.
pub async fn answer(take: impl FnOnce(Flushed)) -> Result<Result<(), StoreError>, Broken> {
    let acks = Acks::default();
    take(acks.flushed(1));
    acks.wait(1).await?;
    let first = acks.came().into_iter().next();
    first.map(|(_, result)| result).ok_or_else(|| Broken::new("every write is answered", "the answer is gone"))
}
