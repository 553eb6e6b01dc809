//! When a group makes a snapshot, and forgets entries because of their bytes.

use std::sync::Arc;

use openraft::async_runtime::watch::WatchReceiver;

use super::Group;
use crate::config::Retention;

impl Group {
    /// Ends with the group's consensus.
    pub(super) fn spawn_compaction(&self) {
        let (raft, size) = (self.raft.clone(), Arc::clone(&self.shared.size));
        let Retention { snapshot_every, log_bytes: bytes_max, .. } = self.shared.retention;
        let seed = self.shared.env.seed("compaction");
        let mut metrics = self.raft.metrics();
        let work = async move {
            while metrics.changed().await.is_ok() {
                let snapshot = metrics.borrow_and_update().snapshot.map(|snapshot| snapshot.index());
                let goes = snapshot.and_then(|index| size.covered(index, bytes_max / 4));
                // Only a core that has ended refuses, and then so does the next look.
                if let Some(upto) = goes {
                    let _ = raft.trigger().purge_log(upto).await;
                }
                if size.snapshot_due(snapshot_every, bytes_max) {
                    let _ = raft.trigger().snapshot().await;
                }
            }
        };
        self.shared.env.tasks().spawn(crate::runtime::Runtime::scope(seed, Box::pin(work)));
    }
}
