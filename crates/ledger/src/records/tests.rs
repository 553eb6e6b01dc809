//! Kept records: the tail in memory and the journal behind it are one sequence, and what does not continue it is refused.

use std::time::Duration;

use fakes::{Disk, OpenDisk, TokioEnv};
use ids::MemberId;
use ports::Env;

use super::*;
use crate::testing::log;

/// A disk of its own, open.
fn disk() -> Arc<OpenDisk> {
    Disk::new(MemberId(1), 7, Arc::new(drop)).open(Arc::new(TokioEnv::new(7)))
}

fn on(store: &Arc<OpenDisk>) -> RecordLog {
    RecordLog::new(log(), Arc::clone(store) as Arc<dyn LogStore>)
}

/// Bytes that tell which record they are.
fn record(seq: u64, bytes: usize) -> Bytes {
    let mut record = seq.to_be_bytes().to_vec();
    record.resize(bytes.max(8), 0);
    record.into()
}

fn records(range: std::ops::RangeInclusive<u64>, bytes: usize) -> Vec<Bytes> {
    range.map(|seq| record(seq, bytes)).collect()
}

fn append(kept: &RecordLog, range: std::ops::RangeInclusive<u64>) -> Result<(), StoreError> {
    let first = Seq(*range.start());
    kept.append(first, records(range, 8), Hash::ZERO, Box::new(|_| ()))
}

/// The sequences read after `after`, each checked to be the record it says.
fn after(kept: &RecordLog, after: u64, bytes_max: usize) -> Vec<u64> {
    let read = kept.after(Seq(after), bytes_max).unwrap();
    let seqs = read.into_iter().map(|(seq, bytes)| {
        assert_eq!(&bytes[..8], seq.0.to_be_bytes());
        seq.0
    });
    seqs.collect()
}

#[tokio::test(start_paused = true)]
async fn the_tail_and_the_journal_give_the_same_records() {
    const BYTES: usize = 64 * 1024;
    let store = disk();
    let kept = on(&store);
    // Half as much again as the tail holds.
    let count = (TAIL_BYTES_MAX + TAIL_BYTES_MAX / 2) as u64 / BYTES as u64;
    for seq in 1..=count {
        kept.append(Seq(seq), records(seq..=seq, BYTES), Hash::ZERO, Box::new(|_| ())).unwrap();
    }
    let front = kept.lock().records.front().unwrap().0;
    assert!(front > Seq(1) && kept.lock().bytes <= TAIL_BYTES_MAX);
    let reopened = on(&store);
    assert!(reopened.lock().records.is_empty(), "a new process reads the journal only");
    for place in 0..=count {
        for bytes_max in [0, BYTES, 3 * BYTES, usize::MAX] {
            let read = kept.after(Seq(place), bytes_max).unwrap();
            assert_eq!(read, reopened.after(Seq(place), bytes_max).unwrap(), "after {place}, at most {bytes_max}");
            assert!(!read.is_empty() || place == count, "at least one");
        }
    }
    assert_eq!(after(&kept, front.0 - 1, 2 * BYTES), [front.0, front.0 + 1]);
    assert_eq!(after(&kept, count + 5, usize::MAX), [0; 0], "the future is empty");
}

#[tokio::test(start_paused = true)]
async fn what_was_purged_is_told_with_the_first_that_is_kept() {
    let kept = on(&disk());
    append(&kept, 1..=10).unwrap();
    kept.purge(Seq(4));
    assert_eq!(kept.after(Seq(3), 99), Err(ReadError::Purged { after: Seq(3), first: Seq(5) }));
    assert_eq!(after(&kept, 4, 16), [5, 6]);
    kept.purge(Seq(20));
    assert_eq!(kept.next(), Seq(21), "a purge past the end moves the end");
    assert_eq!(kept.after(Seq(10), 99), Err(ReadError::Purged { after: Seq(10), first: Seq(21) }));
    assert_eq!(after(&kept, 20, 99), [0; 0]);
    append(&kept, 21..=22).unwrap();
    assert_eq!(after(&kept, 20, 99), [21, 22]);
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_refused_with_both_places() {
    let kept = on(&disk());
    append(&kept, 1..=3).unwrap();
    let error = append(&kept, 5..=6).unwrap_err();
    assert_eq!(error, StoreError::Gap { journal: "records/region/eu-1".to_owned(), given: 5, next: 4 });
    assert_eq!((kept.next(), after(&kept, 0, 99)), (Seq(4), vec![1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn records_that_are_here_already_are_compared_and_the_rest_is_added() {
    let kept = on(&disk());
    append(&kept, 1..=3).unwrap();
    append(&kept, 1..=3).unwrap();
    append(&kept, 2..=5).unwrap();
    assert_eq!(after(&kept, 0, 99), [1, 2, 3, 4, 5]);
    let mut others = records(4..=6, 8);
    others[1] = record(99, 8);
    let error = kept.append(Seq(4), others, Hash::ZERO, Box::new(|_| ())).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { what: "a record", detail, .. } if detail.contains("record 5")),
        "{error}"
    );
    assert_eq!(kept.next(), Seq(6), "nothing of it was added");
    kept.purge(Seq(5));
    append(&kept, 4..=6).unwrap();
    assert_eq!(after(&kept, 5, 99), [6], "what was purged cannot be compared and is passed over");
}

#[tokio::test(start_paused = true)]
async fn records_that_were_known_count_as_flushed_at_once_and_new_ones_when_they_are() {
    let env = TokioEnv::new(1);
    let kept = on(&disk());
    for (range, flushed_at_once) in [(1..=3, false), (1..=3, true), (3..=4, false)] {
        let (told, heard) = std::sync::mpsc::channel();
        let told = Box::new(move |result: Result<(), StoreError>| told.send(result).unwrap());
        kept.append(Seq(*range.start()), records(range, 8), Hash::ZERO, told).unwrap();
        assert_eq!(heard.try_recv().is_ok(), flushed_at_once);
        env.sleep(Duration::from_millis(100)).await;
        assert_eq!(heard.try_recv().is_ok(), !flushed_at_once);
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_ends_before_the_state_begins_again_behind_it() {
    let kept = on(&disk());
    append(&kept, 1..=3).unwrap();
    kept.join_to(Seq(10));
    assert_eq!(kept.next(), Seq(11));
    assert!(matches!(kept.after(Seq(3), 99), Err(ReadError::Purged { first: Seq(11), .. })));
    append(&kept, 11..=12).unwrap();
    assert_eq!(after(&kept, 10, 99), [11, 12]);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_begins_behind_a_gap_is_dropped() {
    let store = disk();
    let ahead = on(&store);
    ahead.purge(Seq(20));
    append(&ahead, 21..=25).unwrap();
    let kept = on(&store);
    kept.join_to(Seq(10));
    assert_eq!((kept.next(), after(&kept, 10, 99)), (Seq(11), vec![]));
    append(&kept, 11..=12).unwrap();
    assert_eq!(after(&kept, 10, 99), [11, 12]);
    assert_eq!(after(&on(&store), 10, 99), [11, 12], "and so on disk");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fits_the_state_is_left_alone() {
    for place in [2, 3, 5, 6] {
        let store = disk();
        let kept = on(&store);
        append(&kept, 1..=6).unwrap();
        kept.purge(Seq(2));
        kept.join_to(Seq(place));
        assert_eq!((kept.next(), after(&kept, 2, 99)), (Seq(7), vec![3, 4, 5, 6]), "joined to {place}");
    }
}
