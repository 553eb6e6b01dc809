//! A watch: a task that reads a feed, and a client that takes from it or is cut off.
//!
//! ```text
//!   feed ─▶ task ─▶ a few items ─▶ the connection's own buffers ─▶ client
//! ```
//!
//! The feed holds a place and not a queue, so what a slow client holds up is these few items. When none of them leaves for the patience
//! of the server, the watch ends, and its last word says where to resume.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use api::v1::{Progress, WatchRecordsResponse, watch_records_response::Item};
use futures_util::stream::Stream;
use ids::{Log, Seq};
use ledger::{Feed, FeedError, FeedItem, shipping::LogCopy};
use ports::timeout;
use tokio::sync::mpsc;

use super::{fact, front::Opened, log::unreadable, status::Refusal};

/// Items between the task and the connection.
const AHEAD: usize = 8;

/// Where a watch begins.
pub struct From {
    pub log: Log,
    pub after: Seq,
    /// At the newest record; `after` does not matter.
    pub now: bool,
}

/// The last word of a watch. Beside the items, because it must find room where they do not.
type LastWord = Arc<Mutex<Option<Refusal>>>;

/// What the client is sent.
pub struct Watched {
    items: mpsc::Receiver<WatchRecordsResponse>,
    last_word: LastWord,
    ended: bool,
}

struct Watcher {
    feed: Feed,
    sender: mpsc::Sender<WatchRecordsResponse>,
    /// What the client gets, unless it goes away before.
    sent: Seq,
    with_proposals: bool,
    patience: Duration,
}

/// Begins a watch, in a task of the region's.
pub fn start(
    opened: &Arc<Opened>,
    copy: &LogCopy,
    from: From,
    with_proposals: bool,
    patience: Duration,
) -> Result<Watched, Refusal> {
    let after = if from.now { copy.cell.seq() } else { from.after };
    let no_copy = || Refusal::new("NO_COPY", format!("watched {}: no copy of it is in service here", from.log));
    let feed = opened.region.watch(&from.log, after).ok_or_else(no_copy)?;
    let (sender, items) = mpsc::channel(AHEAD);
    if from.now {
        // The channel is empty, so this finds room.
        let _ = sender.try_send(progress(after));
    }
    let last_word = LastWord::default();
    let watched = Watched { items, last_word: Arc::clone(&last_word), ended: false };
    let mut watcher = Watcher { feed, sender, sent: after, with_proposals, patience };
    let opened = Arc::clone(opened);
    let env = Arc::clone(opened.env());
    env.tasks().spawn(async move {
        let word = watcher.run(&opened).await;
        // Before the watcher and its sender are dropped, which is what makes the client's side look for it.
        *last_word.lock().unwrap_or_else(PoisonError::into_inner) = word;
        drop(watcher);
        drop(opened);
    });
    Ok(watched)
}

impl Watcher {
    /// Sends until the client is gone (`None`), or until there is a reason to end.
    async fn run(&mut self, opened: &Opened) -> Option<Refusal> {
        loop {
            let resume = |why: Refusal, after: Seq| Some(why.with("resume_after_seq", after));
            let next = match opened.unless_closing(self.feed.next()).await {
                Err(why) => return resume(why, self.sent),
                Ok(next) => next,
            };
            let (item, seq) = match next {
                Ok(FeedItem::Record { record, hash, proposal }) => {
                    let shown = fact::record(&record, hash, &proposal, self.with_proposals);
                    (WatchRecordsResponse { item: Some(Item::Record(shown)) }, record.seq)
                }
                Ok(FeedItem::Progress { seq }) => (progress(seq), seq),
                Err(error) => return resume(ended(&error), self.sent),
            };
            let sending = timeout(opened.env().as_ref(), self.patience, self.sender.send(item));
            match opened.unless_closing(sending).await {
                Err(why) => return resume(why, self.sent),
                Ok(None) => {
                    let message = format!(
                        "watched: nothing was taken for {} ms, resume after {}",
                        self.patience.as_millis(),
                        self.sent
                    );
                    return resume(Refusal::new("WATCH_TOO_SLOW", message), self.sent);
                }
                Ok(Some(Err(_))) => return None,
                Ok(Some(Ok(()))) => self.sent = seq,
            }
        }
    }
}

fn progress(seq: Seq) -> WatchRecordsResponse {
    WatchRecordsResponse { item: Some(Item::Progress(Progress { seq: seq.0 })) }
}

fn ended(error: &FeedError) -> Refusal {
    match error {
        FeedError::Read(error) => unreadable(error),
        FeedError::OutOfService { .. } => Refusal::new("OUT_OF_SERVICE", error.to_string()),
        FeedError::Record { source, .. } => Refusal::new("UNREADABLE_RECORD", format!("{error}: {source}")),
    }
}

impl Stream for Watched {
    type Item = Result<WatchRecordsResponse, Refusal>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.items.poll_recv(context).map(|item| {
            let Some(item) = item else {
                self.ended = true;
                let word = self.last_word.lock().unwrap_or_else(PoisonError::into_inner).take();
                // Without a word the task was ended with the region's other tasks.
                let stopped = || Refusal::new("OUT_OF_SERVICE", "watched: this member stopped, resume at another one");
                return Some(Err(word.unwrap_or_else(stopped)));
            };
            Some(Ok(item))
        })
    }
}
