//! Reads a journal entry by entry, in batches as long as they can be read whole: what cannot be read is passed over one by one.

use std::collections::VecDeque;

use bytes::Bytes;
use ports::{Bounds, Journal, LogStore, StoreError};

/// Bytes read at a time.
const BATCH_BYTES: usize = 1024 * 1024;
/// Entries read one by one after a batch that could not be read.
const SINGLY: u64 = 64;

/// See the module.
pub struct Cursor<'a> {
    store: &'a dyn LogStore,
    journal: &'a Journal,
    at: u64,
    end: u64,
    batch: VecDeque<Bytes>,
    singly_to: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(store: &'a dyn LogStore, journal: &'a Journal, bounds: Bounds) -> Self {
        Self { store, journal, at: bounds.first, end: bounds.next, batch: VecDeque::new(), singly_to: bounds.first }
    }

    fn fill(&mut self) -> Result<(), StoreError> {
        if self.at >= self.singly_to {
            match self.store.read(self.journal, self.at, self.end, BATCH_BYTES) {
                Ok(batch) => self.batch = batch.into(),
                Err(_) => self.singly_to = self.at.saturating_add(SINGLY),
            }
        }
        if self.batch.is_empty() {
            self.batch = self.store.read(self.journal, self.at, self.at.saturating_add(1), BATCH_BYTES)?.into();
        }
        Ok(())
    }
}

impl Iterator for Cursor<'_> {
    /// Place, and what is there.
    type Item = (u64, Result<Bytes, StoreError>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let filled = if self.batch.is_empty() { self.fill() } else { Ok(()) };
        let (at, owner) = (self.at, self.journal.to_string());
        self.at += 1;
        let missing = || StoreError::Corrupt { what: "an entry", owner, detail: "there is none".to_owned() };
        Some((at, filled.and_then(|()| self.batch.pop_front().ok_or_else(missing))))
    }
}
