//! What every [`LogStore`] promises.
//!
//! Map: `reading` what a reader sees, durable or not · `changing` appends, cuts and meta values · `later` writes that nobody waits for ·
//! `surviving` callbacks, and what a crash leaves.

mod changing;
mod later;
mod reading;
mod surviving;

use bytes::Bytes;
use ids::Log;
use ports::{Bounds, Journal, LogStore, Op, StoreError};

use crate::{
    Broken, Provider,
    acks::answer,
    broken::{given, same},
};

/// Runs every check, each on an empty store; returns the first promise that is broken.
pub async fn suite(provider: &mut impl Provider<Store = dyn LogStore>) -> Result<(), Broken> {
    reading::never_written(&*provider.open().await)?;
    reading::readable_before_the_flush(&*provider.open().await)?;
    reading::ranges(&*provider.open().await).await?;
    reading::outside(&*provider.open().await).await?;
    reading::bytes_max(&*provider.open().await).await?;
    changing::gap(&*provider.open().await).await?;
    changing::whole_or_not_at_all(&*provider.open().await).await?;
    changing::any_start(&*provider.open().await).await?;
    changing::truncate(&*provider.open().await).await?;
    changing::purge(&*provider.open().await).await?;
    changing::purge_beyond(&*provider.open().await).await?;
    changing::meta(&*provider.open().await).await?;
    changing::independent(&*provider.open().await).await?;
    later::in_order(&*provider.open().await).await?;
    later::refused_in_order(&*provider.open().await).await?;
    later::with_the_next(provider).await?;
    later::by_itself(provider).await?;
    surviving::answers_in_order(&*provider.open().await).await?;
    surviving::one_at_a_time(provider).await?;
    surviving::cuts(provider).await?;
    surviving::vote(provider).await?;
    for round in 0..surviving::ROUNDS {
        surviving::prefix(provider, round).await?;
    }
    Ok(())
}

/// The journal most checks are about.
const MAIN: Journal = Journal::Raft(Log::Global);

/// The entry of a number: told apart by content, not by length.
fn entry(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

fn append(journal: &Journal, first: u64, numbers: impl IntoIterator<Item = u64>) -> Op {
    Op::Append { journal: journal.clone(), first, entries: numbers.into_iter().map(entry).collect() }
}

/// Writes `ops` and waits until they are durable.
async fn written(store: &dyn LogStore, ops: Vec<Op>) -> Result<(), Broken> {
    given("a write that continues the journal succeeds", answer(|flushed| store.write(ops, flushed)).await?)
}

/// Writes `ops`, which should be refused for a gap.
async fn refused(store: &dyn LogStore, promise: &'static str, ops: Vec<Op>) -> Result<(), Broken> {
    match answer(|flushed| store.write(ops, flushed)).await? {
        Err(StoreError::Gap { .. }) => Ok(()),
        other => Err(Broken::new(promise, format!("answered {other:?}"))),
    }
}

/// Whether the journal holds exactly the entries of `numbers`, from `first` on.
fn holds(
    store: &dyn LogStore,
    promise: &'static str,
    journal: &Journal,
    first: u64,
    numbers: &[u64],
) -> Result<(), Broken> {
    let next = first.saturating_add(u64::try_from(numbers.len()).unwrap_or(u64::MAX));
    same(promise, &store.bounds(journal), &Bounds { first, next })?;
    let found = given(promise, store.read(journal, first, next, usize::MAX))?;
    same(promise, &found, &numbers.iter().copied().map(entry).collect())
}

/// A log that is not the global one.
fn region() -> Result<Log, Broken> {
    given("a region has a name", "a".parse().map(Log::Region))
}
