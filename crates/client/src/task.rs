//! The one place that spawns.
//!
//! The SDK runs on the tokio runtime of its user, never in the simulator. What is spawned is short, bounded by a deadline, and nothing
//! depends on it: probes of members that were left for dead, and questions for the ring's addresses.

use std::future::Future;

/// Runs `work` on the current runtime, with nobody waiting for it.
#[expect(clippy::disallowed_methods, reason = "a real client on its user's runtime; only questions with a deadline")]
pub(crate) fn detach(work: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(work));
}
