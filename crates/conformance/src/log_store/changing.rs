//! Appends, cuts and meta values.

use ids::Log;
use ports::{Bounds, Journal, LogStore, Op};

use super::{MAIN, append, entry, holds, refused, region, written};
use crate::{Broken, broken::same};

fn truncate_to(last: u64) -> Op {
    Op::Truncate { journal: MAIN, last }
}

fn purge_through(through: u64) -> Op {
    Op::Purge { journal: MAIN, through }
}

pub async fn gap(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "an append that does not continue the journal is refused and changes nothing";
    written(store, vec![append(&MAIN, 1, 1..=3)]).await?;
    for first in [0, 1, 3, 5, 100] {
        refused(store, PROMISE, vec![append(&MAIN, first, [9])]).await?;
        holds(store, PROMISE, &MAIN, 1, &[1, 2, 3])?;
    }
    written(store, vec![append(&MAIN, 4, [4])]).await?;
    holds(store, "a refused append does not stop later ones", &MAIN, 1, &[1, 2, 3, 4])
}

pub async fn whole_or_not_at_all(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a write that is refused is refused as a whole";
    let records = Journal::Records(Log::Global);
    let meta = Op::Meta { journal: MAIN, key: "mark", value: entry(1) };
    let ops = vec![append(&MAIN, 1, [1]), meta, append(&records, 1, [1]), append(&records, 3, [3])];
    refused(store, PROMISE, ops).await?;
    same(PROMISE, &store.bounds(&MAIN), &Bounds::default())?;
    same(PROMISE, &store.bounds(&records), &Bounds::default())?;
    same(PROMISE, &store.meta(&MAIN, "mark"), &Ok(None))?;
    written(store, vec![append(&MAIN, 1, 1..=3), truncate_to(1), append(&MAIN, 2, [9])]).await?;
    holds(store, "operations of one write are done in order", &MAIN, 1, &[1, 9])
}

pub async fn any_start(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a journal without entries begins at any number";
    let records = Journal::Records(Log::Global);
    written(store, vec![append(&MAIN, 0, [10, 11]), append(&records, 41, [41, 42])]).await?;
    holds(store, PROMISE, &MAIN, 0, &[10, 11])?;
    holds(store, PROMISE, &records, 41, &[41, 42])?;
    written(store, vec![purge_through(2), append(&MAIN, 60, [60])]).await?;
    holds(store, PROMISE, &MAIN, 60, &[60])
}

pub async fn truncate(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a truncation removes every entry after the last to keep, and no other";
    written(store, vec![append(&MAIN, 1, 1..=9)]).await?;
    for last in [9, 20] {
        written(store, vec![truncate_to(last)]).await?;
        holds(store, PROMISE, &MAIN, 1, &[1, 2, 3, 4, 5, 6, 7, 8, 9])?;
    }
    written(store, vec![truncate_to(4)]).await?;
    holds(store, PROMISE, &MAIN, 1, &[1, 2, 3, 4])?;
    written(store, vec![append(&MAIN, 5, [55, 66])]).await?;
    holds(store, "an append after a truncation replaces what was there", &MAIN, 1, &[1, 2, 3, 4, 55, 66])?;
    written(store, vec![purge_through(3), truncate_to(1)]).await?;
    let Bounds { first, next } = store.bounds(&MAIN);
    same("a truncation to below what is retained leaves nothing", &first, &next)
}

pub async fn purge(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a purge removes every entry up to its number, and next stays";
    written(store, vec![append(&MAIN, 1, 1..=6)]).await?;
    written(store, vec![purge_through(2)]).await?;
    holds(store, PROMISE, &MAIN, 3, &[3, 4, 5, 6])?;
    written(store, vec![purge_through(1)]).await?;
    holds(store, "a purge of what is gone changes nothing", &MAIN, 3, &[3, 4, 5, 6])?;
    written(store, vec![append(&MAIN, 7, [7])]).await?;
    holds(store, PROMISE, &MAIN, 3, &[3, 4, 5, 6, 7])?;
    written(store, vec![purge_through(7)]).await?;
    holds(store, PROMISE, &MAIN, 8, &[])?;
    written(store, vec![append(&MAIN, 8, [8])]).await?;
    holds(store, PROMISE, &MAIN, 8, &[8])
}

pub async fn purge_beyond(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a purge beyond next raises next";
    written(store, vec![append(&MAIN, 1, 1..=3)]).await?;
    written(store, vec![purge_through(10)]).await?;
    holds(store, PROMISE, &MAIN, 11, &[])?;
    written(store, vec![append(&MAIN, 11, [11])]).await?;
    holds(store, PROMISE, &MAIN, 11, &[11])
}

pub async fn meta(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a meta value is the last one set, by journal and key, and outlives the entries";
    let set = |key, value| Op::Meta { journal: MAIN, key, value: entry(value) };
    written(store, vec![set("vote", 1), set("mark", 2)]).await?;
    same(PROMISE, &store.bounds(&MAIN), &Bounds::default())?;
    written(store, vec![append(&MAIN, 1, 1..=3), set("vote", 3)]).await?;
    written(store, vec![truncate_to(1), purge_through(5)]).await?;
    same(PROMISE, &store.meta(&MAIN, "vote"), &Ok(Some(entry(3))))?;
    same(PROMISE, &store.meta(&MAIN, "mark"), &Ok(Some(entry(2))))?;
    same(PROMISE, &store.meta(&Journal::Records(Log::Global), "vote"), &Ok(None))
}

pub async fn independent(store: &dyn LogStore) -> Result<(), Broken> {
    const PROMISE: &str = "a change of one journal changes no other";
    let region = region()?;
    let others = [Journal::Records(Log::Global), Journal::Raft(region.clone()), Journal::Records(region)];
    written(store, others.iter().map(|journal| append(journal, 1, [1, 2])).collect()).await?;
    written(store, vec![append(&MAIN, 7, 7..=9), truncate_to(8), purge_through(7)]).await?;
    holds(store, PROMISE, &MAIN, 8, &[8])?;
    written(store, vec![purge_through(99)]).await?;
    others.iter().try_for_each(|journal| holds(store, PROMISE, journal, 1, &[1, 2]))
}
