//! The newest snapshot of each log of one member.

use bytes::Bytes;
use ids::Log;

use crate::{Flushed, StoreError};

/// Keeps one sealed snapshot per log.
pub trait SnapshotStore: Send + Sync + 'static {
    /// Replaces the log's snapshot. `flushed` is called as for [`crate::LogStore::write`]; until it is called with `Ok`, a crash
    /// leaves the old one whole. A half-written snapshot is never visible. Order relative to writes of the log store is not promised:
    /// a caller that purges what the snapshot covers waits for `flushed` first.
    fn put(&self, log: &Log, sealed: Bytes, flushed: Flushed);

    /// The newest snapshot that was put, or `None`.
    fn latest(&self, log: &Log) -> Result<Option<Bytes>, StoreError>;
}
