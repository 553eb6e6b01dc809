//! The suites of both ports, and openraft's for a log on top of them. A crash is a copy of the directory while it is in use, whose log is cut somewhere behind the last sync.

use std::{
    fs::File,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use adapter_rocksdb::{Store, StoreEvent};
use conformance::{Provider, log_store, snapshot_store};
use fakes::TokioEnv;
use ledger::testing::storage_suite;
use ports::{LogStore, SnapshotStore};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use crate::directory::{copied, last_wal, open_observed};

struct Disks {
    rng: StdRng,
    dir: TempDir,
    /// The newest log file when the last sync had completed, and its length then.
    synced: Arc<Mutex<Option<(PathBuf, u64)>>>,
}

impl Disks {
    fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), dir: TempDir::new().unwrap(), synced: Arc::default() }
    }

    fn open(&mut self, dir: TempDir) -> Arc<Store> {
        self.dir = dir;
        *self.synced.lock().unwrap() = None;
        let (synced, path) = (Arc::clone(&self.synced), self.dir.path().to_owned());
        Arc::new(open_observed(
            self.dir.path(),
            Arc::new(move |event| {
                if let StoreEvent::Flushed { .. } = event {
                    *synced.lock().unwrap() = Some(last_wal(&path));
                }
            }),
        ))
    }

    fn crash(&mut self) -> TempDir {
        let synced = self.synced.lock().unwrap().clone();
        let left = copied(self.dir.path());
        if let Some((wal, synced)) = synced {
            let wal = left.path().join("log").join(wal.file_name().unwrap());
            let file = File::options().write(true).open(wal).unwrap();
            let written = file.metadata().unwrap().len();
            file.set_len(self.rng.random_range(synced..=written)).unwrap();
        }
        left
    }
}

struct AsLogStore(Disks);
struct AsSnapshotStore(Disks);

impl Provider for AsLogStore {
    type Store = dyn LogStore;

    async fn open(&mut self) -> Arc<dyn LogStore> {
        self.0.open(TempDir::new().unwrap())
    }

    async fn crash_and_reopen(&mut self, store: Arc<dyn LogStore>) -> Arc<dyn LogStore> {
        let left = self.0.crash();
        drop(store);
        self.0.open(left)
    }
}

impl Provider for AsSnapshotStore {
    type Store = dyn SnapshotStore;

    async fn open(&mut self) -> Arc<dyn SnapshotStore> {
        self.0.open(TempDir::new().unwrap())
    }

    async fn crash_and_reopen(&mut self, store: Arc<dyn SnapshotStore>) -> Arc<dyn SnapshotStore> {
        let left = self.0.crash();
        drop(store);
        self.0.open(left)
    }
}

#[tokio::test]
async fn it_is_a_log_store() {
    for seed in 0..3 {
        assert_eq!(log_store::suite(&mut AsLogStore(Disks::new(seed))).await, Ok(()));
    }
}

#[tokio::test]
async fn it_is_a_snapshot_store() {
    for seed in 0..3 {
        assert_eq!(snapshot_store::suite(&mut AsSnapshotStore(Disks::new(seed))).await, Ok(()));
    }
}

#[tokio::test]
async fn openraft_finds_in_it_the_log_that_it_needs() {
    let mut kept = Vec::new();
    let opened = storage_suite(Arc::new(TokioEnv::new(1)), || {
        let mut disks = Disks::new(1);
        let store = disks.open(TempDir::new().unwrap());
        kept.push(disks.dir);
        let stores: (Arc<dyn LogStore>, Arc<dyn SnapshotStore>) = (store.clone(), store);
        stores
    });
    opened.await.unwrap();
    assert!(kept.len() > 20, "it opened {} stores", kept.len());
}
