//! The order of things: taken, flushed, acknowledged. And what readers see while it happens.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use adapter_rocksdb::StoreEvent;
use bytes::Bytes;
use ids::Log;
use ports::{Bounds, Journal, LogStore, Op, StoreError};
use tempfile::TempDir;

use crate::{
    directory::{open, open_observed},
    workload::{Model, content, raft, written},
};

#[test]
fn every_acknowledgement_follows_the_flush_that_covers_it() {
    let dir = TempDir::new().unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let store = open_observed(dir.path(), Arc::new(move |event| seen.lock().unwrap().push(event)));
    let (told, answers) = mpsc::channel();
    let mut model = Model::default();
    for number in 0..2000_u64 {
        // Every tenth is refused, and answered in its place all the same.
        let gap = Op::Append { journal: raft(), first: u64::MAX / 2, entries: vec![Bytes::new()] };
        let ops = if number % 10 == 9 { vec![gap] } else { model.next() };
        let told = told.clone();
        store.write(ops, Box::new(move |result| told.send((number, result)).unwrap()));
    }
    for number in 0..2000 {
        let (answered, result) = answers.recv().unwrap();
        assert_eq!((answered, result.is_err()), (number, number % 10 == 9));
    }
    drop(store);
    let (mut taken, mut flushed, mut acknowledged, mut flushes) = (0, 0, 0, 0);
    for event in events.lock().unwrap().iter() {
        match *event {
            StoreEvent::Taken { write, .. } => {
                assert_eq!(write, taken + 1);
                taken = write;
            }
            StoreEvent::Flushed { through } => {
                assert!(through > flushed && through <= taken, "{through}: {flushed} flushed, {taken} taken");
                flushed = through;
                flushes += 1;
            }
            StoreEvent::Acknowledged { write, ok } => {
                assert_eq!((write, ok), (acknowledged + 1, write % 10 != 0));
                assert!(write <= flushed, "{write} was acknowledged, {flushed} flushed");
                acknowledged = write;
            }
        }
    }
    assert_eq!((taken, flushed, acknowledged), (2000, 2000, 2000));
    println!("2000 writes in {flushes} flushes");
    assert!(flushes < 500, "writes that wait share a flush");
}

/// Entries are appended, replaced and purged at full speed while others read all that is there.
#[test]
fn a_reader_never_misses_what_is_retained() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(open(dir.path()));
    let done = Arc::new(AtomicBool::new(false));
    let read = |from_end: u64| {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        std::thread::Builder::new().spawn(move || {
            let mut reads = 0_u64;
            while !done.load(Ordering::Relaxed) {
                let Bounds { first, next } = store.bounds(&raft());
                let from = first.max(next.saturating_sub(from_end));
                match store.read(&raft(), from, u64::MAX, usize::MAX) {
                    // Purged or truncated since the look at the bounds.
                    Err(StoreError::Outside { .. }) => {}
                    found => {
                        for (number, entry) in (from..).zip(found.unwrap()) {
                            let unit = u64::from_be_bytes(entry[..8].try_into().unwrap());
                            assert!(entry == content(unit, number), "another entry at {number}");
                        }
                    }
                }
                reads += 1;
            }
            reads
        })
    };
    let readers = [read(5).unwrap(), read(1000).unwrap()];
    let mut model = Model::default();
    let (told, answers) = mpsc::channel();
    for unit in 0..6000 {
        let (ops, told) = (model.next(), told.clone());
        store.write(ops, Box::new(move |result| told.send(result).unwrap()));
        if unit >= 200 {
            answers.recv().unwrap().unwrap();
        }
    }
    done.store(true, Ordering::Relaxed);
    let reads = readers.map(|reader| reader.join().unwrap());
    assert!(reads.iter().all(|reads| *reads > 100), "{reads:?}");
    assert_eq!(model.check(&store), Ok(()));
}

#[test]
fn a_callback_may_write_panic_and_drop_the_last_handle() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(open(dir.path()));
    let journal = Journal::Records(Log::Global);
    let append = move |first| vec![Op::Append { journal: journal.clone(), first, entries: vec![content(1, first)] }];
    store.write(append(1), Box::new(|_| panic!("as it should, for the test")));
    let (told, answers) = mpsc::channel();
    let (again, second) = (Arc::clone(&store), append(2));
    store.write(
        Vec::new(),
        Box::new(move |_| {
            let last = Arc::clone(&again);
            again.write(
                second,
                Box::new(move |result| {
                    drop(last);
                    told.send(result).unwrap();
                }),
            );
        }),
    );
    drop(store);
    assert_eq!(answers.recv().unwrap(), Ok(()));
}

#[test]
fn a_journal_that_was_emptied_goes_on_where_it_was_after_any_opening() {
    let dir = TempDir::new().unwrap();
    let journal = raft();
    for round in 0..6_u64 {
        let store = open(dir.path());
        let next = store.bounds(&journal).next;
        assert_eq!(next, 1 + round * 7, "purged through what is beyond the end");
        let entries: Vec<Bytes> = (next..next + 5).map(|number| content(round, number)).collect();
        let append = Op::Append { journal: journal.clone(), first: next, entries };
        written(&store, vec![append, Op::Purge { journal: journal.clone(), through: next + 6 }]).unwrap();
        if round % 2 == 0 {
            store.shutdown().unwrap();
        }
    }
}

/// An emptied journal may begin again at a lower number: what is still in the files from before must not come back.
#[test]
fn a_journal_that_begins_again_further_down_holds_only_the_new_entries() {
    let dir = TempDir::new().unwrap();
    let journal = raft();
    let append = |unit, first, count: u64| {
        let entries = (first..first + count).map(|number| content(unit, number)).collect();
        Op::Append { journal: raft(), first, entries }
    };
    let store = open(dir.path());
    written(&store, vec![append(1, 1, 50)]).unwrap();
    store.shutdown().unwrap();
    drop(store);
    let store = open(dir.path());
    written(&store, vec![Op::Purge { journal: journal.clone(), through: 60 }, append(2, 20, 3)]).unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.bounds(&journal), Bounds { first: 20, next: 23 });
    let found = store.read(&journal, 20, 99, usize::MAX).unwrap();
    assert_eq!(found, (20..23).map(|number| content(2, number)).collect::<Vec<_>>());
}

#[test]
fn what_nobody_waits_for_is_durable_when_the_store_is_closed() {
    let dir = TempDir::new().unwrap();
    let entry = |number: u64| Op::Append { journal: raft(), first: number, entries: vec![content(number, number)] };
    let later = |store: &adapter_rocksdb::Store, number: u64| {
        let (told, answer) = mpsc::channel();
        store.write_later(vec![entry(number)], Box::new(move |result| told.send(result).unwrap()));
        answer
    };
    let store = open(dir.path());
    let answer = later(&store, 1);
    store.shutdown().unwrap();
    assert_eq!(answer.try_recv(), Ok(Ok(())), "shutdown returns only behind it");
    drop(store);
    let store = open(dir.path());
    let answer = later(&store, 2);
    drop(store);
    assert_eq!(answer.try_recv(), Ok(Ok(())), "so does dropping it");
    let store = open(dir.path());
    assert_eq!(store.read(&raft(), 1, 9, usize::MAX), Ok(vec![content(1, 1), content(2, 2)]));
}

#[test]
fn what_nobody_waits_for_shares_the_flush_of_what_is_waited_for() {
    let dir = TempDir::new().unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let store = open_observed(dir.path(), Arc::new(move |event| seen.lock().unwrap().push(event)));
    let (told, answers) = mpsc::channel();
    for number in 1..=50_u64 {
        let (entry, told) = (content(number, number), told.clone());
        let ops = vec![Op::Append { journal: raft(), first: number, entries: vec![entry] }];
        let flushed = Box::new(move |result| told.send((number, result)).unwrap());
        if number == 50 { store.write(ops, flushed) } else { store.write_later(ops, flushed) }
    }
    assert!((1..=50).all(|number| answers.recv().unwrap() == (number, Ok(()))));
    let flushes = events.lock().unwrap().iter().filter(|event| matches!(event, StoreEvent::Flushed { .. })).count();
    assert!(flushes <= 5, "{flushes} flushes for one write that was waited for");
}
