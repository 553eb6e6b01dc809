//! What clients and watchers wrote down.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ids::{Log, Seq};
use invariants::isolation::Attempt;
use oracle::{Operation, list_append, register, sessions, watch};
use wire::Record;

/// Everything that the checks at the end judge.
#[derive(Default)]
pub struct History {
    inner: Mutex<Written>,
}

#[derive(Default)]
pub struct Written {
    /// Operations per subject.
    pub registers: BTreeMap<String, Vec<Operation<register::Op>>>,
    pub lists: list_append::History,
    pub sessions: BTreeMap<String, Vec<sessions::Event>>,
    /// Commands sent inside the region that is isolated all the time.
    pub isolated: Vec<Attempt>,
    pub watches: Vec<(Log, watch::Watch)>,
    /// Records as watchers were sent them.
    pub records: BTreeMap<(Log, Seq), Record>,
    pub counts: Counts,
}

/// Commands by outcome, and reads that were served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub acknowledged: u64,
    pub refused: u64,
    pub unknown: u64,
    pub reads: u64,
}

impl History {
    pub fn lock(&self) -> MutexGuard<'_, Written> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
