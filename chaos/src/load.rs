//! Clients that work on a ring while it is disturbed, and write everything down.
//!
//! They use the public API through the `client` crate and nothing else, as a customer would: what they see is what is promised. They
//! judge nothing; that is [`crate::check`]'s.
//!
//! Map: [`book`] what is written down · [`subject`] the resources · [`request`] requests that can be sent again · [`stream`] mutations over a
//! stream · [`worker`] clients that draw what to do · [`prober`] signs of life at a steady beat.

pub mod book;
pub mod prober;
pub mod request;
pub mod stream;
pub mod subject;
pub mod worker;

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use client::Write;
use rand::{SeedableRng, rngs::SmallRng};
use tokio::{task::JoinSet, time::timeout};

use crate::access::Access;
use book::{Book, Class, Clock, Outcome, Prober};
use prober::Probing;
use request::Wish;
use worker::{Shared, Worker};

/// Every call has a deadline far below this.
const END_WITHIN: Duration = Duration::from_secs(60);

/// How much is done at once.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub workers_per_region: u32,
    /// Mean time between two calls of a worker.
    pub think: Duration,
    pub seed: u64,
}

/// Load that is running.
pub struct Load {
    pub shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Makes what it works in, and starts.
    pub async fn start(access: &Access, clock: Clock, options: Options) -> Result<Self> {
        let regions = access.regions();
        let shared = Arc::new(Shared::new(Book::new(clock), regions.clone()));
        let first = regions.first().context("start load on a ring without regions")?;
        subject::prepare(&access.client(first)?).await?;
        let mut load = Self { shared, tasks: JoinSet::new() };
        load.start_probers(access).await?;
        for (number, home) in (0..options.workers_per_region).flat_map(|_| &regions).enumerate() {
            let id = 100 + u32::try_from(number)?;
            let rng = SmallRng::seed_from_u64(options.seed ^ u64::from(id));
            let (client, shared) = (access.client(home)?, Arc::clone(&load.shared));
            let (home, stream) = (home.clone(), stream::Stream::default());
            load.tasks.spawn(Worker { id, home, client, shared, rng, think: options.think, stream }.run());
        }
        Ok(load)
    }

    /// One prober of each class in each region; of region writes, one to its own region and one to the next, which is read too.
    async fn start_probers(&mut self, access: &Access) -> Result<()> {
        let regions = access.regions();
        let mut id = 0;
        for (from, next) in regions.iter().zip(regions.iter().cycle().skip(1)) {
            let mut classes = vec![Class::GlobalWrite, Class::GlobalRead, Class::RegionWrite(from.clone())];
            if next != from {
                classes.extend([Class::RegionWrite(next.clone()), Class::RegionRead(next.clone())]);
            }
            for class in classes {
                id += 1;
                let prober = Prober { from: from.clone(), class };
                let probing = Probing { id, prober, client: access.client(from)?, shared: Arc::clone(&self.shared) };
                make(&probing).await?;
                self.tasks.spawn(probing.run());
            }
        }
        Ok(())
    }

    /// Stops, and waits until the last call has ended.
    pub async fn stop(mut self) -> Result<Arc<Shared>> {
        self.shared.stop.store(true, Relaxed);
        let ended = timeout(END_WITHIN, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            bail!("waited {END_WITHIN:?} for the last calls: {} clients are still at one", self.tasks.len());
        }
        Ok(self.shared)
    }
}

/// Makes the resource that a prober writes or reads.
async fn make(probing: &Probing) -> Result<()> {
    let wish = Wish::Create { value: "first".to_owned() };
    let subject = probing.subject();
    let result = subject.send(&probing.client, &wish, &Write::default()).await;
    match subject::outcome(&result) {
        Outcome::Done { .. } => Ok(()),
        Outcome::Rejected { reason } if reason == "ALREADY_EXISTS" => Ok(()),
        other => bail!("create {}: {other:?}", subject.name()),
    }
}
