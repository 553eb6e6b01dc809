//! A watcher: follows one log from its beginning, over members that come and go, and writes down all it is sent.

use std::sync::Arc;

use ids::{Log, Seq};
use ledger::{FeedError, FeedItem, records::ReadError};
use oracle::watch::{Delivered, Watch};
use rand::RngExt;

use crate::{call::Caller, client::Shared, plan::ms};

/// What a watcher must have before it may end, once that is known.
pub type Due = tokio::sync::watch::Receiver<Option<Seq>>;

/// See the module.
pub struct Watcher {
    pub caller: Caller,
    pub shared: Arc<Shared>,
    pub log: Log,
    pub delivered: Vec<Delivered>,
    pub place: Seq,
}

impl Watcher {
    /// Watches until the run says stop, then until it has everything up to `due`.
    pub async fn run(mut self, due: Due) {
        loop {
            if self.has_all(&due) {
                break;
            }
            // In the end every member is up; until then any may be gone at any moment.
            if self.connection(&due).await.is_none() {
                tokio::time::sleep(ms(150)).await;
            }
        }
        let watch = Watch { after: Seq::ZERO, delivered: self.delivered };
        self.shared.history.lock().watches.push((self.log, watch));
    }

    fn has_all(&self, due: &Due) -> bool {
        due.borrow().is_some_and(|due| self.place >= due)
    }

    /// One connection to one member. `None`: it ended early.
    async fn connection(&mut self, due: &Due) -> Option<()> {
        let member = self.caller.pick(1)?;
        let (region, scope) = self.caller.world.region(member)?;
        let mut feed = region.watch(&self.log, self.place)?;
        self.delivered.push(Delivered::Resumed { after: self.place });
        for _ in 0..self.caller.rng.random_range(1..60) {
            if self.has_all(due) {
                return Some(());
            }
            let task = scope.spawn(async move {
                let item = feed.next().await;
                (feed, item)
            });
            let (back, item) = tokio::time::timeout(ms(4_000), task).await.ok()?.ok()?;
            feed = back;
            match item {
                Ok(FeedItem::Record { record, hash, .. }) => {
                    self.place = record.seq;
                    self.delivered.push(Delivered::Event { seq: record.seq, hash });
                    self.shared.history.lock().records.insert((self.log.clone(), record.seq), record);
                }
                Ok(FeedItem::Progress { seq }) => self.delivered.push(Delivered::Progress { seq }),
                Err(FeedError::Read(ReadError::Purged { .. })) => {
                    // The records are gone: begin again after the state, as a list would.
                    let to = region.ledger().copy(&self.log)?.cell.seq();
                    if to > self.place {
                        self.place = to;
                        self.delivered.push(Delivered::Reset { to });
                    }
                    return Some(());
                }
                // A copy that is out of service: on to another member.
                Err(
                    FeedError::Read(ReadError::Store(_)) | FeedError::Record { .. } | FeedError::OutOfService { .. },
                ) => {
                    return None;
                }
            }
        }
        Some(())
    }
}
