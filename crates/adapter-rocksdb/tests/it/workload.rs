//! Numbered writes over several journals, each a function of its number and of those before, and what a store should hold after them.

use std::collections::BTreeMap;

use adapter_rocksdb::Store;
use bytes::Bytes;
use ids::Log;
use ports::{Bounds, Journal, LogStore, Op, StoreError};

/// The meta value that names the last write.
pub const LAST: &str = "last";

pub fn raft() -> Journal {
    Journal::Raft(Log::Global)
}

pub fn journals() -> [Journal; 3] {
    let region = Log::Region("eu-1".parse().unwrap());
    [raft(), Journal::Records(Log::Global), Journal::Records(region)]
}

/// One journal as it should be: the entries, each with the write that brought it.
#[derive(Clone, Debug, Default)]
struct Should {
    entries: BTreeMap<u64, u64>,
    bounds: Bounds,
}

/// What a store should hold after some writes.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub unit: u64,
    journals: [Should; 3],
}

impl Model {
    pub fn after(units: u64) -> Self {
        let mut model = Self::default();
        model.advance(units);
        model
    }

    pub fn advance(&mut self, units: u64) {
        while self.unit < units {
            self.next();
        }
    }

    /// The next write.
    pub fn next(&mut self) -> Vec<Op> {
        self.unit += 1;
        let unit = self.unit;
        let mut ops = Vec::new();
        if unit.is_multiple_of(17) {
            ops.push(self.truncate(0, 3));
        }
        if unit.is_multiple_of(50) {
            (0..3).for_each(|at| ops.push(self.purge(at, 60)));
        }
        // All of it, and beyond.
        if unit.is_multiple_of(191) {
            ops.push(self.purge(2, 0));
        }
        ops.push(self.append(0, 1));
        ops.extend((1..3).filter_map(|at| {
            let entries = (unit + at) % 3;
            (entries > 0).then(|| self.append(usize::try_from(at).unwrap(), entries))
        }));
        ops.push(Op::Meta { journal: raft(), key: LAST, value: Bytes::copy_from_slice(&unit.to_be_bytes()) });
        ops
    }

    fn append(&mut self, at: usize, count: u64) -> Op {
        let should = &mut self.journals[at];
        let first = should.bounds.next;
        should.entries.extend((first..first + count).map(|number| (number, self.unit)));
        should.bounds.next += count;
        let entries = (first..first + count).map(|number| content(self.unit, number)).collect();
        Op::Append { journal: journals()[at].clone(), first, entries }
    }

    fn truncate(&mut self, at: usize, count: u64) -> Op {
        let should = &mut self.journals[at];
        let next = (should.bounds.next - count.min(should.bounds.next)).max(should.bounds.first);
        should.bounds.next = next;
        should.entries.retain(|number, _| *number < next);
        Op::Truncate { journal: journals()[at].clone(), last: next - 1 }
    }

    /// Keeps the last `keep`; none at all: also skips one number.
    fn purge(&mut self, at: usize, keep: u64) -> Op {
        let should = &mut self.journals[at];
        let through = if keep == 0 { should.bounds.next } else { should.bounds.next.saturating_sub(keep + 1) };
        should.bounds.first = should.bounds.first.max(through + 1);
        should.bounds.next = should.bounds.next.max(should.bounds.first);
        should.entries.retain(|number, _| *number > through);
        Op::Purge { journal: journals()[at].clone(), through }
    }

    /// Whether the store holds exactly this. `Err`: it says itself that it cannot tell. A wrong value is a panic.
    pub fn check(&self, store: &Store) -> Result<(), StoreError> {
        let mut first_error = Ok(());
        for (journal, should) in journals().iter().zip(&self.journals) {
            let Bounds { first, next } = should.bounds;
            assert_eq!(store.bounds(journal), should.bounds, "{journal} after {}", self.unit);
            let mut from = first;
            while from < next {
                match store.read(journal, from, next, 20_000) {
                    Ok(found) => {
                        assert!(!found.is_empty(), "{journal} at {from}");
                        for entry in found {
                            assert!(
                                entry == content(should.entries[&from], from),
                                "{journal} has another entry {from}"
                            );
                            from += 1;
                        }
                    }
                    Err(error @ StoreError::Corrupt { .. }) => {
                        // What is behind the entry can still be read.
                        from = named(journal, from..next, &error) + 1;
                        first_error = first_error.and(Err(error));
                    }
                    Err(other) => panic!("read {journal} at {from}: {other}"),
                }
            }
        }
        assert_eq!(last(store), self.unit);
        first_error
    }
}

/// The entry that the error names, which must be one of those asked for.
fn named(journal: &Journal, asked: std::ops::Range<u64>, error: &StoreError) -> u64 {
    let StoreError::Corrupt { owner, detail, .. } = error else { panic!("{error}") };
    assert_eq!(*owner, journal.to_string());
    let number = detail.strip_prefix("entry ").and_then(|rest| rest.split(':').next()?.parse().ok());
    number.filter(|number| asked.contains(number)).unwrap_or_else(|| panic!("{asked:?}: {error}"))
}

/// The number of the last write that the store holds.
pub fn last(store: &Store) -> u64 {
    let value = store.meta(&raft(), LAST).unwrap();
    value.map_or(0, |value| u64::from_be_bytes(value[..].try_into().unwrap()))
}

/// Bytes that no other write puts under any number.
pub fn content(unit: u64, number: u64) -> Bytes {
    let length = usize::try_from((unit * 7919 + number * 31) % 2500).unwrap();
    let mut bytes = [unit.to_be_bytes(), number.to_be_bytes()].concat();
    bytes.extend((0..length).map(|at| u8::try_from((at * 7 + length) % 251).unwrap()));
    bytes.into()
}

pub fn snapshot(unit: u64) -> Bytes {
    let mut bytes = unit.to_be_bytes().to_vec();
    bytes.extend((0..300_000_u64).map(|at| u8::try_from((at * 11 + unit) % 253).unwrap()));
    bytes.into()
}

/// Writes and waits.
pub fn written(store: &Store, ops: Vec<Op>) -> Result<(), StoreError> {
    let (told, answer) = std::sync::mpsc::channel();
    store.write(ops, Box::new(move |result| told.send(result).unwrap()));
    answer.recv().unwrap()
}

pub fn put(store: &Store, log: &Log, sealed: Bytes) -> Result<(), StoreError> {
    use ports::SnapshotStore;
    let (told, answer) = std::sync::mpsc::channel();
    store.put(log, sealed, Box::new(move |result| told.send(result).unwrap()));
    answer.recv().unwrap()
}

/// A store that `units` writes and one snapshot were made to.
pub fn filled(store: &Store, units: u64) -> Model {
    let mut model = Model::default();
    while model.unit < units {
        let ops = model.next();
        written(store, ops).unwrap();
    }
    put(store, &Log::Global, snapshot(units)).unwrap();
    model
}
