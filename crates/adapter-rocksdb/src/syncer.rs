//! The thread that makes writes durable: takes all that is queued, writes it as one batch with one sync, calls back in order, again.
//!
//! Writes that come during a sync share the next one, so batches grow with load, and a lone write waits for nobody. Writes for which
//! nobody waits go with the next one that is waited for; where none comes, they are written after [`LATER`].
//! After a failed batch nothing is written again: what the failed one left behind is known only to the next opening.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::PoisonError,
    time::Duration,
};

use ports::{Journal, StoreError};
use rocksdb::{DB, WriteBatch, WriteOptions};

use crate::{
    error::{is_full, one_line},
    event::StoreEvent,
    keys::{self, EntryKey, META},
    state::{Step, Unit},
    store::Shared,
};

/// Bytes of one batch, but for the last write in it: a backlog is worked off in parts, so that its first writes are answered soon.
const BATCH_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// How long a write waits that nobody waits for.
const LATER: Duration = Duration::from_millis(20);

/// Writes until the store closes.
pub fn run(shared: &Shared) {
    let mut value = Vec::new();
    while let Some(batch) = next_batch(shared) {
        let through = batch.last().map_or(0, |unit| unit.number);
        let result = write(&shared.db, &batch, &mut value);
        let mut behind = Vec::new();
        {
            let mut state = shared.lock();
            match &result {
                Ok(()) => state.release(batch.iter().flat_map(|unit| unit.bounds.keys()), through),
                Err(error) => {
                    state.broken = Some(error.clone());
                    behind.extend(state.queue.drain(..));
                }
            }
        }
        if result.is_ok() {
            shared.tell(StoreEvent::Flushed { through });
        }
        for unit in batch.into_iter().chain(behind) {
            answer(shared, unit, result.clone());
        }
    }
}

fn next_batch(shared: &Shared) -> Option<Vec<Unit>> {
    let mut state = shared.lock();
    while !state.closing && !state.is_awaited() {
        if state.idle {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            // Whatever it was: what follows soon needs no waking.
            state.idle = false;
            continue;
        }
        let (woken, waited) = shared.changed.wait_timeout(state, LATER).unwrap_or_else(PoisonError::into_inner);
        state = woken;
        if waited.timed_out() {
            if !state.queue.is_empty() {
                break;
            }
            state.idle = true;
        }
    }
    state.idle = false;
    if state.queue.is_empty() {
        state.ended = true;
        return None;
    }
    Some(state.batch(BATCH_BYTES_MAX))
}

fn answer(shared: &Shared, unit: Unit, result: Result<(), StoreError>) {
    let result = unit.refused.map_or(result, Err);
    shared.tell(StoreEvent::Acknowledged { write: unit.number, ok: result.is_ok() });
    let flushed = unit.flushed;
    // A caller's panic was reported by the hook; it must not take the answers of all others with it.
    let _ = catch_unwind(AssertUnwindSafe(move || flushed(result)));
}

/// Writes the batch and returns when it is durable. Each value is put together in `value`, which is kept from one batch to the next.
fn write(db: &DB, batch: &[Unit], value: &mut Vec<u8>) -> Result<(), StoreError> {
    if batch.iter().all(Unit::changes_nothing) {
        return Ok(());
    }
    let bytes = batch.iter().map(|unit| unit.bytes).fold(0, u64::saturating_add);
    let failed = |error: rocksdb::Error| match is_full(&error) {
        true => StoreError::Full { bytes },
        false => StoreError::Flush { detail: one_line(error.as_ref()) },
    };
    let mut durable = WriteOptions::default();
    durable.set_sync(true);
    db.write_opt(encode(db, batch, bytes, value)?, &durable).map_err(failed)
}

/// One RocksDB batch is one record of the write-ahead log: after a crash it is there whole or not at all.
fn encode(db: &DB, batch: &[Unit], bytes: u64, value: &mut Vec<u8>) -> Result<WriteBatch, StoreError> {
    let mut encoded = WriteBatch::with_capacity_bytes(usize::try_from(bytes).unwrap_or(0).saturating_add(4096));
    for step in batch.iter().flat_map(|unit| &unit.steps) {
        put(db, step, &mut encoded, value)?;
    }
    let latest: BTreeMap<_, _> = batch.iter().flat_map(|unit| &unit.bounds).collect();
    let meta = family(db, META)?;
    for (journal, bounds) in latest {
        let key = keys::bounds_key(journal);
        keys::seal(META, &key, &keys::encode_bounds(*bounds), value);
        encoded.put_cf(meta, &key, &value);
    }
    Ok(encoded)
}

fn put(db: &DB, step: &Step, encoded: &mut WriteBatch, value: &mut Vec<u8>) -> Result<(), StoreError> {
    match step {
        Step::Put { journal, first, entries } => {
            let (name, entries_of) = entries_of(db, journal)?;
            let mut key = EntryKey::new(journal);
            for (number, entry) in (*first..).zip(entries) {
                let key = key.at(number);
                keys::seal(name, key, entry, value);
                encoded.put_cf(entries_of, key, &value);
            }
        }
        Step::Delete { journal, from, to } => {
            let (_, entries_of) = entries_of(db, journal)?;
            let (mut start, mut end) = (EntryKey::new(journal), EntryKey::new(journal));
            encoded.delete_range_cf(entries_of, start.at(*from), end.at(*to));
        }
        Step::Meta { journal, key, value: content } => {
            let key = keys::meta_key(journal, key);
            keys::seal(META, &key, content, value);
            encoded.put_cf(family(db, META)?, &key, &value);
        }
    }
    Ok(())
}

fn entries_of<'a>(db: &'a DB, journal: &Journal) -> Result<(&'static str, &'a rocksdb::ColumnFamily), StoreError> {
    let name = keys::family(journal);
    Ok((name, family(db, name)?))
}

/// All families are opened with the database, so none is ever missing.
pub fn family<'a>(db: &'a DB, name: &'static str) -> Result<&'a rocksdb::ColumnFamily, StoreError> {
    db.cf_handle(name).ok_or_else(|| StoreError::Flush { detail: format!("the column family {name} is not open") })
}
