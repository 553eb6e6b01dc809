//! A process's handle on its member's disk: the log store and the snapshot store, one queue for both.
//!
//! It dies with the process. A task that outlives it, as none should, writes into nothing and hears nothing; what it reads is what
//! the disk holds by then.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use ids::Log;
use ports::{Bounds, Flushed, Journal, LogStore, Op, SnapshotStore, StoreError};

use super::{Disk, pending::Change};

/// One opening of a [`Disk`].
pub struct OpenDisk {
    disk: Arc<Disk>,
    life: u64,
}

impl OpenDisk {
    pub(super) fn new(disk: Arc<Disk>, life: u64) -> Self {
        Self { disk, life }
    }

    fn take(&self, change: Change, flushed: Flushed, awaited: bool) {
        let aftermath = {
            let mut state = self.disk.lock();
            if state.life != self.life {
                return;
            }
            state.take(change, flushed, awaited)
        };
        self.disk.settle(aftermath);
        self.disk.changed.notify_waiters();
    }
}

impl LogStore for OpenDisk {
    fn write(&self, ops: Vec<Op>, flushed: Flushed) {
        self.take(Change::Ops(ops), flushed, true);
    }

    fn write_later(&self, ops: Vec<Op>, flushed: Flushed) {
        self.take(Change::Ops(ops), flushed, false);
    }

    fn read(&self, journal: &Journal, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, StoreError> {
        self.disk.lock().memory.read(journal, from, to, bytes_max)
    }

    fn bounds(&self, journal: &Journal) -> Bounds {
        self.disk.lock().memory.bounds(journal)
    }

    fn meta(&self, journal: &Journal, key: &'static str) -> Result<Option<Bytes>, StoreError> {
        self.disk.lock().memory.meta(journal, key)
    }
}

impl SnapshotStore for OpenDisk {
    fn put(&self, log: &Log, sealed: Bytes, flushed: Flushed) {
        self.take(Change::Snapshot(log.clone(), sealed), flushed, true);
    }

    fn latest(&self, log: &Log) -> Result<Option<Bytes>, StoreError> {
        self.disk.lock().memory.snapshot(log)
    }
}

impl fmt::Debug for OpenDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenDisk").field("disk", &self.disk).field("life", &self.life).finish()
    }
}
