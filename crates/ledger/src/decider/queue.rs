//! What waits for the decider, and how much of it makes a batch.
//!
//! An entry costs the same for one command as for many, on every member. So a batch waits for company where company is to be expected:
//! until about as many wait as came together lately, and a moment at most. Whoever comes alone waits for nobody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use ports::{Env, timeout};
use tokio::sync::{Notify, mpsc};

/// How long a batch waits for company: the shortest time that a timer measures.
const COMPANY_WITHIN: Duration = Duration::from_millis(1);
/// Fewer together are no company to wait for.
const COMPANY_MIN: usize = 8;

/// How many must wait for `come` to be told.
struct Company {
    wanted: AtomicUsize,
    come: Notify,
}

/// The end that is written to.
pub struct Queue<T> {
    items: mpsc::Sender<T>,
    company: Arc<Company>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), company: Arc::clone(&self.company) }
    }
}

/// The end that is read.
pub struct Waiting<T> {
    items: mpsc::Receiver<T>,
    company: Arc<Company>,
    /// How many came together lately.
    lately: usize,
}

/// Both ends of a queue of at most `max` items.
pub fn queue<T>(max: usize) -> (Queue<T>, Waiting<T>) {
    let (sender, items) = mpsc::channel(max);
    let company = Arc::new(Company { wanted: AtomicUsize::new(usize::MAX), come: Notify::new() });
    (Queue { items: sender, company: Arc::clone(&company) }, Waiting { items, company, lately: 0 })
}

impl<T> Queue<T> {
    /// Whether there was room.
    pub fn push(&self, item: T) -> bool {
        let pushed = self.items.try_send(item).is_ok();
        if self.items.max_capacity() - self.items.capacity() >= self.company.wanted.load(SeqCst) {
            self.company.come.notify_one();
        }
        pushed
    }
}

impl<T> Waiting<T> {
    /// The next item, whenever it comes; `None` when nobody can write any more.
    pub async fn first(&mut self) -> Option<T> {
        self.items.recv().await
    }

    /// `first` and what waits behind it, at most `max`.
    pub async fn batch(&mut self, first: T, max: usize, env: &dyn Env) -> Vec<T> {
        let wanted = self.lately.min(max) * 3 / 4;
        if self.lately >= COMPANY_MIN && self.items.len() + 1 < wanted {
            self.company.wanted.store(wanted - 1, SeqCst);
            timeout(env, COMPANY_WITHIN, self.company.come.notified()).await;
            self.company.wanted.store(usize::MAX, SeqCst);
        }
        let mut batch = vec![first];
        while batch.len() < max
            && let Ok(item) = self.items.try_recv()
        {
            batch.push(item);
        }
        self.lately = batch.len().max(self.lately * 3 / 4);
        batch
    }
}

#[cfg(test)]
mod tests {
    use fakes::TokioEnv;
    use futures_util::future::join;
    use tokio::{task::yield_now, time::Instant};

    use super::*;

    /// How many are in the next batch, and how long it waited.
    async fn next(waiting: &mut Waiting<u32>) -> (usize, Duration) {
        let env = TokioEnv::new(1);
        let first = waiting.first().await.unwrap();
        let began = Instant::now();
        (waiting.batch(first, 64, &env).await.len(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_alone_waits_for_nobody() {
        let (queue, mut waiting) = queue(100);
        for _ in 0..3 {
            assert!(queue.push(1));
            assert_eq!(next(&mut waiting).await, (1, Duration::ZERO));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_many_a_batch_waits_for_about_as_many() {
        let (queue, mut waiting) = queue(100);
        (0..16).for_each(|number| assert!(queue.push(number)));
        assert_eq!(next(&mut waiting).await, (16, Duration::ZERO));
        assert!(queue.push(0));
        let others = async {
            for number in 0..16 {
                yield_now().await;
                queue.push(number);
            }
        };
        let ((many, waited), ()) = join(next(&mut waiting), others).await;
        assert_eq!((many, waited), (12, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_went_away_are_waited_for_a_few_times_only() {
        let (queue, mut waiting) = queue(100);
        (0..16).for_each(|number| assert!(queue.push(number)));
        next(&mut waiting).await;
        let mut waits = Vec::new();
        for _ in 0..5 {
            assert!(queue.push(0));
            waits.push(next(&mut waiting).await.1);
        }
        assert!(waits[0] >= COMPANY_WITHIN && waits[0] <= COMPANY_WITHIN * 2, "{waits:?}");
        assert_eq!(waits[4], Duration::ZERO, "{waits:?}");
    }

    #[tokio::test]
    async fn what_finds_no_room_is_refused() {
        let (queue, _waiting) = queue(2);
        assert_eq!([1, 2, 3].map(|number| queue.push(number)), [true, true, false]);
    }
}
