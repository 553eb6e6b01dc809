//! When this member can no longer serve a log that it votes in.
//!
//! Nothing of a group that stopped comes back by itself: after a failed flush nobody knows what the disk holds, so the process closes its
//! store and starts again from what it reads there. A log that could not be started at all does not count: starting again would come to
//! the same, the other logs are served meanwhile, and [`crate::Status`] says so.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt, pending, select_all};
use ids::Log;
use ledger::group::StopCause;

use crate::region::Region;

/// A log that this member votes in and no longer serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    pub log: Log,
    pub cause: StopCause,
    /// For people.
    pub why: String,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped serving {}, {}: {}", self.log, self.cause, self.why)
    }
}

impl std::error::Error for Stopped {}

impl Region {
    /// Completes with the first log that this member votes in and no longer serves; also when that was before the call. Never, while
    /// all are served.
    pub fn stopped(&self) -> BoxFuture<'static, Stopped> {
        let groups = self.inner.ledger.groups().map(|(log, group)| {
            let (log, group) = (log.clone(), group.clone());
            async move {
                let stop = group.until_stopped().await;
                Stopped { log, cause: stop.cause, why: stop.why }
            }
            .boxed()
        });
        let groups: Vec<_> = groups.collect();
        if groups.is_empty() {
            return pending().boxed();
        }
        select_all(groups).map(|(first, _, _)| first).boxed()
    }
}
