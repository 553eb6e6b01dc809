//! Writes that nobody waits for: they keep their place in the order, and become durable with the next one that is waited for, or by
//! themselves after a while.

use std::time::Duration;

use ids::Log;
use ports::{Journal, LogStore, Op};

use super::{MAIN, append, entry, holds, surviving::SURVIVES, written};
use crate::{Broken, Provider, acks::Acks, broken::same};

/// Long beside what any store waits, and short beside what a person would.
const BY_ITSELF_WITHIN: Duration = Duration::from_secs(2);

const OTHER: Journal = Journal::Records(Log::Global);

pub async fn in_order(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str =
        "writes are answered in the order in which they were taken, whether or not they are waited for";
    let acks = Acks::default();
    for number in 1..=30_u64 {
        let ops = vec![append(&MAIN, number, [number])];
        match number % 3 {
            0 => store.write(ops, acks.flushed(number)),
            _ => store.write_later(ops, acks.flushed(number)),
        }
        if number % 10 == 5 {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
    holds(store, "a write that nobody waits for is readable on return", &MAIN, 1, &(1..=30).collect::<Vec<_>>())?;
    acks.wait(30).await?;
    let came: Vec<_> = acks.came().into_iter().map(|(number, result)| (number, result.is_ok())).collect();
    same(PROMISE, &came, &(1..=30).map(|number| (number, true)).collect())
}

/// A gap is refused whoever waits, and in its turn.
pub async fn refused_in_order(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a write that nobody waits for is refused for a gap, in its turn";
    let acks = Acks::default();
    store.write_later(vec![append(&MAIN, 1, [1])], acks.flushed(1));
    store.write_later(vec![append(&MAIN, 9, [9])], acks.flushed(2));
    store.write(vec![append(&MAIN, 2, [2])], acks.flushed(3));
    acks.wait(3).await?;
    let came: Vec<_> = acks.came().into_iter().map(|(number, result)| (number, result.is_ok())).collect();
    same(PROMISE, &came, &vec![(1, true), (2, false), (3, true)])?;
    holds(store, PROMISE, &MAIN, 1, &[1, 2])
}

pub async fn with_the_next(provider: &mut impl Provider<Store = dyn LogStore>) -> Result<(), Broken> {
    let store = provider.open().await;
    let acks = Acks::default();
    store.write_later(vec![append(&OTHER, 1, 1..=3)], acks.flushed(1));
    store.write_later(vec![Op::Meta { journal: OTHER, key: "mark", value: entry(3) }], acks.flushed(2));
    written(&*store, vec![append(&MAIN, 1, [7])]).await?;
    let came: Vec<_> = acks.came().into_iter().map(|(number, result)| (number, result.is_ok())).collect();
    same(
        "what nobody waits for is answered before the next write that is waited for",
        &came,
        &vec![(1, true), (2, true)],
    )?;
    let store = provider.crash_and_reopen(store).await;
    holds(&*store, SURVIVES, &OTHER, 1, &[1, 2, 3])?;
    same(SURVIVES, &store.meta(&OTHER, "mark"), &Ok(Some(entry(3))))
}

pub async fn by_itself(provider: &mut impl Provider<Store = dyn LogStore>) -> Result<(), Broken> {
    const PROMISE: &str = "what nobody waits for becomes durable by itself within a bounded time";
    let mut store = provider.open().await;
    for number in 1..=3_u64 {
        let acks = Acks::default();
        store.write_later(vec![append(&MAIN, number, [number])], acks.flushed(number));
        if tokio::time::timeout(BY_ITSELF_WITHIN, acks.wait(1)).await.is_err() {
            return Err(Broken::new(PROMISE, format!("write {number} had no answer within {BY_ITSELF_WITHIN:?}")));
        }
        same(PROMISE, &acks.came(), &vec![(number, Ok(()))])?;
        store = provider.crash_and_reopen(store).await;
        holds(&*store, SURVIVES, &MAIN, 1, &(1..=number).collect::<Vec<_>>())?;
    }
    Ok(())
}
