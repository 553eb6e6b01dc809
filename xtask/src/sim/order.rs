//! Runs one job for each seed on several threads and hands the results over in seed order.
//!
//! Order makes two sweeps comparable line by line, and makes "caught after K seeds" mean the same on any number of cores.
//! It knows nothing about simulators.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use anyhow::Result;

/// Calls `job` for each seed, `jobs` at a time, and `consume` with each result in seed order as soon as it can be.
///
/// When `consume` breaks or fails, or a job fails, no further seed is started; those that run are waited for.
pub fn in_seed_order<T: Send>(
    seeds: &RangeInclusive<u64>,
    jobs: NonZeroUsize,
    job: impl Fn(u64) -> Result<T> + Sync,
    mut consume: impl FnMut(T) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let unclaimed = Mutex::new(seeds.clone());
    let stop = AtomicBool::new(false);
    let claim = || {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        unclaimed.lock().unwrap_or_else(PoisonError::into_inner).next()
    };
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.get() {
            let sender = sender.clone();
            let (claim, job) = (&claim, &job);
            scope.spawn(move || {
                while let Some(seed) = claim() {
                    if sender.send((seed, job(seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = *seeds.start();
        let consume_all = || {
            for (seed, result) in results {
                early.insert(seed, result);
                while let Some(result) = early.remove(&due) {
                    due = due.saturating_add(1);
                    if consume(result?)?.is_break() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        let result = consume_all();
        stop.store(true, Ordering::Relaxed);
        result
    })
}
