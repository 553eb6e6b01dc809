//! What a reader sees, whether or not it is durable.

use bytes::Bytes;
use ids::Log;
use ports::{Bounds, Journal, LogStore, Op, StoreError};

use super::{MAIN, append, entry, holds, written};
use crate::{
    Broken,
    acks::Acks,
    broken::{given, same},
};

pub fn never_written(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a journal that never held anything is 1..1";
    for journal in [MAIN, Journal::Records(Log::Global)] {
        same(PROMISE, &store.bounds(&journal), &Bounds { first: 1, next: 1 })?;
        same(PROMISE, &store.read(&journal, 1, 9, 100), &Ok(Vec::new()))?;
        same("a meta value that was never set is none", &store.meta(&journal, "vote"), &Ok(None))?;
    }
    Ok(())
}

pub fn readable_before_the_flush(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "what a write says is readable on return";
    let acks = Acks::default();
    let meta = Op::Meta { journal: MAIN, key: "mark", value: entry(7) };
    store.write(vec![append(&MAIN, 1, 1..=3), meta], acks.flushed(1));
    holds(store, PROMISE, &MAIN, 1, &[1, 2, 3])?;
    same(PROMISE, &store.meta(&MAIN, "mark"), &Ok(Some(entry(7))))?;
    store.write(vec![Op::Truncate { journal: MAIN, last: 2 }], acks.flushed(2));
    holds(store, PROMISE, &MAIN, 1, &[1, 2])?;
    store.write(vec![Op::Purge { journal: MAIN, through: 1 }], acks.flushed(3));
    holds(store, PROMISE, &MAIN, 2, &[2])
}

pub async fn ranges(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a read gives from..to in order, cut to next";
    written(store, vec![append(&MAIN, 1, 1..=4), append(&MAIN, 5, 5..=9)]).await?;
    let ranges = [(1, 10, 1..10), (3, 7, 3..7), (9, 10, 9..10), (4, 4, 4..4), (8, 99, 8..10), (6, 2, 6..6)];
    for (from, to, promised) in ranges {
        let found = given(PROMISE, store.read(&MAIN, from, to, usize::MAX))?;
        same(PROMISE, &found, &promised.map(entry).collect())?;
    }
    Ok(())
}

pub async fn outside(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a read from outside the retained range says so, except at next, where it is empty";
    written(store, vec![append(&MAIN, 1, 1..=9), Op::Purge { journal: MAIN, through: 3 }]).await?;
    same(PROMISE, &store.read(&MAIN, 10, 20, 100), &Ok(Vec::new()))?;
    for from in [0, 3, 11, u64::MAX] {
        let found = store.read(&MAIN, from, from.saturating_add(2), 100);
        if !matches!(found, Err(StoreError::Outside { first: 4, next: 10, .. })) {
            return Err(Broken::new(PROMISE, format!("a read of 4..10 from {from} gave {found:?}")));
        }
    }
    Ok(())
}

pub async fn bytes_max(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a read is cut at bytes_max bytes, after at least one entry";
    let entries: Vec<Bytes> = [0, 10, 10, 30].iter().map(|length| Bytes::from(vec![1; *length])).collect();
    written(store, vec![Op::Append { journal: MAIN, first: 1, entries }]).await?;
    let cuts = [(1, 0, 1), (1, 10, 2), (1, 19, 2), (1, 20, 3), (2, 1, 1), (4, 5, 1), (1, 50, 4)];
    for (from, bytes_max, promised) in cuts {
        let found = given(PROMISE, store.read(&MAIN, from, 5, bytes_max))?;
        let lengths: Vec<usize> = found.iter().map(Bytes::len).collect();
        if lengths.len() != promised {
            let detail = format!("entries of 0, 10, 10, 30 bytes, from {from}, at most {bytes_max}: got {lengths:?}");
            return Err(Broken::new(PROMISE, detail));
        }
    }
    Ok(())
}
