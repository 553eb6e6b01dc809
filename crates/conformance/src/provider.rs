//! What a suite needs to be run: empty stores, and a way to pull the plug.

use std::sync::Arc;

/// Makes the stores of one suite. Implement it with `async fn`.
pub trait Provider {
    /// The port, as `dyn LogStore`.
    type Store: ?Sized;

    /// A store on a disk that nothing was ever written to. What was opened before is of no more interest.
    fn open(&mut self) -> impl Future<Output = Arc<Self::Store>>;

    /// Ends the process that has `store` open, without warning, and opens what is left of its disk: all that was acknowledged, and
    /// any further prefix of what was written. `store` is the last one that was opened, and the suite keeps no other handle on it.
    ///
    /// The harder this tries to lose what was not acknowledged, the more the suite shows.
    fn crash_and_reopen(&mut self, store: Arc<Self::Store>) -> impl Future<Output = Arc<Self::Store>>;
}
