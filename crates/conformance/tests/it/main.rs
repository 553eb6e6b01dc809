//! The fakes pass the suites, and the suites find the fakes' lies: a suite that nothing can fail shows nothing.

#![allow(clippy::unwrap_used, reason = "a test may stop where the product may not")]

mod cloud;

use std::sync::Arc;

use conformance::{Broken, Provider, log_store, snapshot_store};
use fakes::{Disk, DiskCanary, OpenDisk, TokioEnv};
use ids::MemberId;
use ports::{Env, LogStore, SnapshotStore};

const SEEDS: std::ops::Range<u64> = 0..20;

/// Simulated disks, a new one for each check.
struct Disks {
    seed: u64,
    canary: DiskCanary,
    disk: Arc<Disk>,
    /// The process that has the disk open.
    env: Arc<TokioEnv>,
}

impl Disks {
    fn new(seed: u64, canary: DiskCanary) -> Self {
        Self { seed, canary, disk: new_disk(seed, canary), env: Arc::new(TokioEnv::new(seed)) }
    }

    fn open_new(&mut self) -> Arc<OpenDisk> {
        self.seed += 1000;
        self.disk = new_disk(self.seed, self.canary);
        self.open()
    }

    fn crash(&mut self) -> Arc<OpenDisk> {
        self.env.tasks().abort();
        self.disk.crash();
        self.open()
    }

    fn open(&mut self) -> Arc<OpenDisk> {
        self.env = Arc::new(TokioEnv::new(self.seed));
        self.disk.open(self.env.clone())
    }
}

fn new_disk(seed: u64, canary: DiskCanary) -> Arc<Disk> {
    let disk = Disk::new(MemberId(1), seed, Arc::new(drop));
    disk.sabotage(canary);
    disk
}

/// The same disks, as one port and as the other.
struct AsLogStore(Disks);
struct AsSnapshotStore(Disks);

impl Provider for AsLogStore {
    type Store = dyn LogStore;

    async fn open(&mut self) -> Arc<dyn LogStore> {
        self.0.open_new()
    }

    async fn crash_and_reopen(&mut self, store: Arc<dyn LogStore>) -> Arc<dyn LogStore> {
        drop(store);
        self.0.crash()
    }
}

impl Provider for AsSnapshotStore {
    type Store = dyn SnapshotStore;

    async fn open(&mut self) -> Arc<dyn SnapshotStore> {
        self.0.open_new()
    }

    async fn crash_and_reopen(&mut self, store: Arc<dyn SnapshotStore>) -> Arc<dyn SnapshotStore> {
        drop(store);
        self.0.crash()
    }
}

async fn log_suite(seed: u64, canary: DiskCanary) -> Result<(), Broken> {
    log_store::suite(&mut AsLogStore(Disks::new(seed, canary))).await
}

async fn snapshot_suite(seed: u64, canary: DiskCanary) -> Result<(), Broken> {
    snapshot_store::suite(&mut AsSnapshotStore(Disks::new(seed, canary))).await
}

#[tokio::test(start_paused = true)]
async fn the_simulated_disk_is_a_log_store() {
    for seed in SEEDS {
        assert_eq!(log_suite(seed, DiskCanary::None).await, Ok(()), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulated_disk_is_a_snapshot_store() {
    for seed in SEEDS {
        assert_eq!(snapshot_suite(seed, DiskCanary::None).await, Ok(()), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_acknowledges_before_the_flush_is_found() {
    for seed in SEEDS {
        let log = log_suite(seed, DiskCanary::AckBeforeFlush).await.unwrap_err();
        assert_eq!(log.promise, "what was acknowledged survives a crash", "seed {seed}");
        let snapshot = snapshot_suite(seed, DiskCanary::AckBeforeFlush).await.unwrap_err();
        assert_eq!(snapshot.promise, "an acknowledged snapshot survives a crash", "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_never_flushes_by_itself_is_found() {
    for seed in SEEDS {
        let broken = log_suite(seed, DiskCanary::NeverByItself).await.unwrap_err();
        assert_eq!(
            broken.promise, "what nobody waits for becomes durable by itself within a bounded time",
            "seed {seed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_does_not_flush_votes_is_found() {
    for seed in SEEDS {
        let broken = log_suite(seed, DiskCanary::VoteNotFlushed).await.unwrap_err();
        assert_eq!(broken.promise, "what was acknowledged survives a crash", "seed {seed}");
    }
}
