//! Watching one log: every record after a place, in order, once; and a progress mark each second.
//!
//! A feed holds a place, not a queue: it reads on when its consumer asks, so a slow watcher costs nothing and is cut off only when the
//! records it would need are gone. To resume, anywhere in the ring, open a feed at the last position seen.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use ids::{Hash, Seq};
use ports::{Env, Instant, timeout};
use wire::{Error, Proposal, Record};

use crate::{Canary, records::ReadError, shipping::LogCopy};

/// Bytes read ahead of the consumer.
const READ_BYTES: usize = 256 * 1024;
/// Between two progress marks.
const MARK_EVERY: Duration = Duration::from_secs(1);

/// What a watcher is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedItem {
    /// The next record, its hash, and what it says.
    Record { record: Record, hash: Hash, proposal: Box<Proposal> },
    /// Everything up to here was delivered.
    Progress { seq: Seq },
}

/// Why a feed ended. `Purged` says where it may begin again after reading the state as a list.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("watched after {after}: this copy was taken out of service, resume at another member")]
    OutOfService { after: Seq },
    #[error("watched after {after}: the stored record does not read")]
    Record {
        after: Seq,
        #[source]
        source: Error,
    },
}

/// See the module.
pub struct Feed {
    copy: LogCopy,
    env: Arc<dyn Env>,
    after: Seq,
    read_ahead: VecDeque<(Seq, bytes::Bytes)>,
    marked: Instant,
}

impl Feed {
    /// A feed of everything after `after`. A place in the future waits for it: nothing at or before `after` is ever delivered.
    pub fn open(copy: LogCopy, env: Arc<dyn Env>, after: Seq, canary: Canary) -> Self {
        let after = if canary.is(Canary::WatchGap) && after > Seq::ZERO { after.next() } else { after };
        let marked = env.now();
        Self { copy, env, after, read_ahead: VecDeque::new(), marked }
    }

    /// The next item. The place moves only with what this returns, so a dropped call loses nothing.
    pub async fn next(&mut self) -> Result<FeedItem, FeedError> {
        loop {
            if self.env.now().since(self.marked) >= MARK_EVERY {
                self.marked = self.env.now();
                return Ok(FeedItem::Progress { seq: self.after });
            }
            if let Some((seq, bytes)) = self.read_ahead.pop_front() {
                let after = self.after;
                let unreadable = |source| FeedError::Record { after, source };
                let record = Record::decode(bytes).map_err(unreadable)?;
                let proposal = Proposal::decode(&record.proposal).map_err(unreadable)?;
                self.after = seq;
                return Ok(FeedItem::Record { hash: record.hash(), record, proposal: Box::new(proposal) });
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), FeedError> {
        if self.copy.cell.is_closed() {
            return Err(FeedError::OutOfService { after: self.after });
        }
        let visible = self.copy.cell.seq();
        if visible > self.after {
            let records = self.copy.records.after(self.after, READ_BYTES)?;
            // Records reach the journal just before readers see their state.
            self.read_ahead = records.into_iter().filter(|(seq, _)| *seq <= visible).collect();
            if !self.read_ahead.is_empty() {
                return Ok(());
            }
        }
        let left = MARK_EVERY.saturating_sub(self.env.now().since(self.marked));
        let more = self.copy.cell.reached(visible.max(self.after).next());
        let _ = timeout(self.env.as_ref(), left, more).await;
        Ok(())
    }
}
