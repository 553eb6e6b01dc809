//! What every [`SnapshotStore`] promises.

use std::time::Duration;

use bytes::Bytes;
use ids::Log;
use ports::SnapshotStore;
use wire::proto;

use crate::{
    Broken, Provider,
    acks::{Acks, answer},
    broken::{given, same},
};

/// How often the plug is pulled in the middle of a put.
const ROUNDS: u64 = 12;

const SURVIVES: &str = "an acknowledged snapshot survives a crash";

/// Runs every check, each on an empty store; returns the first promise that is broken.
pub async fn suite(provider: &mut impl Provider<Store = dyn SnapshotStore>) -> Result<(), Broken> {
    newest(&*provider.open().await).await?;
    independent(&*provider.open().await).await?;
    in_order(&*provider.open().await).await?;
    acknowledged_survives(provider).await?;
    for round in 0..ROUNDS {
        old_or_new(provider, round).await?;
    }
    Ok(())
}

async fn newest(store: &dyn SnapshotStore) -> Result<(), Broken> {
    const PROMISE: &str = "the latest snapshot is the last one put, at once, and none before the first";
    same(PROMISE, &latest(store, &Log::Global)?, &None)?;
    let acks = Acks::default();
    for seq in [1, 2] {
        store.put(&Log::Global, sealed(&Log::Global, seq), acks.flushed(seq));
        same(PROMISE, &latest(store, &Log::Global)?, &Some(seq))?;
    }
    acks.wait(2).await?;
    same(PROMISE, &latest(store, &Log::Global)?, &Some(2))
}

async fn independent(store: &dyn SnapshotStore) -> Result<(), Broken> {
    const PROMISE: &str = "each log has its own snapshot";
    let regions = ["a", "b"].map(|name| name.parse().map(Log::Region));
    let [a, b] = regions.map(|log| given("a region has a name", log));
    let (a, b) = (a?, b?);
    put(store, &Log::Global, 1).await?;
    put(store, &a, 2).await?;
    same(PROMISE, &latest(store, &Log::Global)?, &Some(1))?;
    same(PROMISE, &latest(store, &a)?, &Some(2))?;
    same(PROMISE, &latest(store, &b)?, &None)
}

async fn in_order(store: &dyn SnapshotStore) -> Result<(), Broken> {
    const PROMISE: &str = "puts are answered once each, in the order in which they were taken";
    let acks = Acks::default();
    (1..=9).for_each(|seq| store.put(&Log::Global, sealed(&Log::Global, seq), acks.flushed(seq)));
    acks.wait(9).await?;
    same(PROMISE, &acks.came(), &(1..=9).map(|seq| (seq, Ok(()))).collect())
}

async fn acknowledged_survives(provider: &mut impl Provider<Store = dyn SnapshotStore>) -> Result<(), Broken> {
    let mut store = provider.open().await;
    for seq in 1..=ROUNDS {
        put(&*store, &Log::Global, seq).await?;
        store = provider.crash_and_reopen(store).await;
        same(SURVIVES, &latest(&*store, &Log::Global)?, &Some(seq))?;
    }
    Ok(())
}

async fn old_or_new(provider: &mut impl Provider<Store = dyn SnapshotStore>, round: u64) -> Result<(), Broken> {
    const PROMISE: &str = "a crash during a put leaves the old snapshot or the new one, whole";
    let store = provider.open().await;
    put(&*store, &Log::Global, 1).await?;
    let acks = Acks::default();
    store.put(&Log::Global, sealed(&Log::Global, 2), acks.flushed(2));
    tokio::time::sleep(Duration::from_millis(round % 6)).await;
    let acknowledged = acks.acknowledged();
    let store = provider.crash_and_reopen(store).await;
    match latest(&*store, &Log::Global)? {
        Some(2) => Ok(()),
        Some(1) if acknowledged == 0 => Ok(()),
        left if acknowledged == 0 => Err(Broken::new(PROMISE, format!("left is {left:?}"))),
        left => Err(Broken::new(SURVIVES, format!("the put of 2 was acknowledged, left is {left:?}"))),
    }
}

/// The sequence of the newest snapshot, which must be one that was put, to the last byte.
fn latest(store: &dyn SnapshotStore, log: &Log) -> Result<Option<u64>, Broken> {
    const PROMISE: &str = "a snapshot is given as it was put, whole";
    let Some(found) = given(PROMISE, store.latest(log))? else { return Ok(None) };
    let seq = (1..=ROUNDS).find(|seq| sealed(log, *seq) == found);
    let unknown = || Broken::new(PROMISE, format!("{} bytes of {log} that were never put", found.len()));
    seq.map(Some).ok_or_else(unknown)
}

async fn put(store: &dyn SnapshotStore, log: &Log, seq: u64) -> Result<(), Broken> {
    let sealed = sealed(log, seq);
    given("a put succeeds", answer(|flushed| store.put(log, sealed, flushed)).await?)
}

/// A snapshot at `seq`, of some size, whose bytes differ from those of any other.
fn sealed(log: &Log, seq: u64) -> Bytes {
    let row =
        |row| proto::SnapshotRow { subject: format!("row/{row}"), revision: seq, value: Bytes::from(vec![1; 64]) };
    let rows = (0..100).map(row).collect();
    let snapshot = proto::Snapshot { level: 1, log: log.to_string(), incarnation: 1, seq, rows, ..Default::default() };
    wire::seal::seal(&wire::encode(&snapshot))
}
