//! What the simulated disk does beyond its ports: weather, crashes, lies, and what it tells.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use ids::{Log, MemberId, Seq};
use invariants::{Observation, observation::entry_digest};
use ports::{Bounds, Env, Flushed, Journal, LogStore, Op, SnapshotStore, StoreError};
use wire::proto;

use super::{Damage, Disk, DiskCanary, DiskWeather, OpenDisk, Place};
use crate::TokioEnv;

const MEMBER: MemberId = MemberId(3);
const RAFT: Journal = Journal::Raft(Log::Global);
const HOUR: Duration = Duration::from_secs(3600);

type Answers = Vec<(u64, Result<(), StoreError>)>;

/// A disk, the process that has it open, and all that was heard of both.
struct Bench {
    disk: Arc<Disk>,
    store: Arc<OpenDisk>,
    seen: Arc<Mutex<Vec<Observation>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let disk = Disk::new(MEMBER, seed, Arc::new(move |what| told.lock().unwrap().push(what)));
        let store = disk.open(Arc::new(TokioEnv::new(seed)));
        Self { disk, store, seen, answers: Arc::default() }
    }

    fn reopen(&mut self) {
        self.store = self.disk.open(Arc::new(TokioEnv::new(1)));
    }

    fn weather(&self, change: impl FnOnce(&mut DiskWeather)) {
        let mut weather = self.disk.weather();
        change(&mut weather);
        self.disk.set_weather(weather);
    }

    fn flushed(&self, number: u64) -> Flushed {
        let answers = Arc::clone(&self.answers);
        Box::new(move |result| answers.lock().unwrap().push((number, result)))
    }

    fn write(&self, number: u64, op: Op) {
        self.store.write(vec![op], self.flushed(number));
    }

    fn append(&self, numbers: impl IntoIterator<Item = u64>) {
        numbers.into_iter().for_each(|number| self.write(number, append(number)));
    }

    fn answers(&self) -> Answers {
        self.answers.lock().unwrap().clone()
    }

    fn next(&self) -> u64 {
        self.store.bounds(&RAFT).next
    }

    fn seen(&self) -> Vec<Observation> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn entry(number: u64) -> Bytes {
    Bytes::from(format!("entry {number}"))
}

fn append(number: u64) -> Op {
    Op::Append { journal: RAFT, first: number, entries: vec![entry(number)] }
}

fn vote(term: u64) -> Op {
    let value = wire::encode_checked(&proto::RaftVote { term, candidate: 2, committed: true });
    Op::Meta { journal: RAFT, key: "vote", value }
}

fn durable(number: u64) -> Observation {
    let entries = vec![(number, entry_digest(&entry(number)))];
    Observation::EntriesDurable { member: MEMBER, log: Log::Global, entries }
}

async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_keeps_any_prefix_tells_of_it_and_answers_nobody() {
    let mut kept = Vec::new();
    for seed in 0..60 {
        let mut bench = Bench::new(seed);
        bench.append(1..=5);
        bench.disk.crash();
        bench.reopen();
        let next = bench.next();
        assert_eq!(bench.seen(), (1..next).map(durable).collect::<Vec<_>>(), "seed {seed}");
        pass(HOUR).await;
        assert_eq!(bench.answers(), []);
        let counts = bench.disk.counts();
        assert_eq!((counts.units, counts.units_lost), (next - 1, 6 - next));
        kept.push(next - 1);
    }
    kept.sort_unstable();
    kept.dedup();
    assert_eq!(kept, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn writes_that_arrive_during_a_flush_share_the_next() {
    let bench = Bench::new(1);
    bench.append([1]);
    tokio::task::yield_now().await;
    bench.append(2..=30);
    pass(HOUR).await;
    assert_eq!(bench.answers(), (1..=30).map(|number| (number, Ok(()))).collect::<Vec<_>>());
    assert_eq!((bench.disk.counts().flushes, bench.disk.counts().units), (2, 30));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_disk_answers_when_the_stall_is_over() {
    let bench = Bench::new(1);
    bench.weather(|weather| weather.stalled = true);
    bench.append(1..=3);
    pass(HOUR).await;
    assert_eq!(bench.answers(), []);
    assert_eq!((bench.next(), bench.disk.pending()), (4, 3), "readable all the same");
    bench.weather(|weather| weather.stalled = false);
    pass(Duration::from_millis(50)).await;
    assert_eq!(bench.answers().len(), 3);
    assert_eq!(bench.disk.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_still_removes_and_fails_for_good_at_the_next_bytes() {
    let mut bench = Bench::new(1);
    bench.append(1..=3);
    pass(HOUR).await;
    bench.weather(|weather| weather.full = true);
    bench.write(4, Op::Purge { journal: RAFT, through: 1 });
    pass(HOUR).await;
    bench.write(5, append(4));
    pass(HOUR).await;
    bench.weather(|weather| weather.full = false);
    bench.write(6, Op::Truncate { journal: RAFT, last: 2 });
    pass(HOUR).await;
    let full = Err(StoreError::Full { bytes: 7 });
    assert_eq!(bench.answers()[3..], [(4, Ok(())), (5, full.clone()), (6, full)]);
    bench.reopen();
    assert_eq!(bench.store.bounds(&RAFT), Bounds { first: 2, next: 4 });
    bench.write(7, append(4));
    pass(HOUR).await;
    assert_eq!(bench.answers().last(), Some(&(7, Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn a_failed_flush_takes_all_that_is_pending_with_it() {
    let mut bench = Bench::new(1);
    bench.weather(|weather| weather.failing = true);
    bench.append([1]);
    tokio::task::yield_now().await;
    bench.append(2..=3);
    pass(HOUR).await;
    bench.append([4]);
    pass(HOUR).await;
    let answers = bench.answers();
    assert_eq!(answers.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(answers.iter().all(|(_, result)| matches!(result, Err(StoreError::Flush { .. }))));
    assert_eq!(bench.seen(), []);
    bench.reopen();
    assert_eq!(bench.next(), 1);
    assert_eq!(bench.disk.counts().units_lost, 3, "the fourth was never taken");
}

#[tokio::test(start_paused = true)]
async fn an_old_handle_writes_into_nothing_and_hears_nothing() {
    let mut bench = Bench::new(1);
    let old = Arc::clone(&bench.store);
    bench.reopen();
    old.write(vec![append(1)], bench.flushed(1));
    old.put(&Log::Global, Bytes::from_static(b"old"), bench.flushed(2));
    pass(HOUR).await;
    assert_eq!((bench.answers(), bench.next()), (Vec::new(), 1));
    assert_eq!(bench.store.latest(&Log::Global), Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_lost_disk_is_empty_and_says_so() {
    let mut bench = Bench::new(1);
    bench.append(1..=2);
    pass(HOUR).await;
    bench.seen();
    bench.append([3]);
    bench.disk.lose();
    bench.reopen();
    assert_eq!(bench.seen(), [Observation::DiskLost { member: MEMBER }]);
    assert_eq!(bench.store.bounds(&RAFT), Bounds::default());
    assert_eq!(bench.answers().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_durable_is_told_before_it_is_acknowledged_and_not_sooner() {
    let bench = Bench::new(1);
    let log = Log::Global;
    let raft = proto::RaftMark { applied: Some(proto::RaftLogId { term: 1, index: 9 }), membership: None };
    let snapshot = proto::Snapshot { seq: 5, raft: Some(raft), ..Default::default() };
    let sealed = wire::seal::seal(&wire::encode(&snapshot));
    let records = Op::Append { journal: Journal::Records(Log::Global), first: 1, entries: vec![entry(1)] };
    let cuts = [Op::Truncate { journal: RAFT, last: 8 }, Op::Purge { journal: RAFT, through: 7 }];
    bench.store.write(vec![vote(4), append(8), records], bench.flushed(1));
    bench.store.put(&log, sealed, bench.flushed(2));
    let (seen, heard) = (Arc::clone(&bench.seen), Arc::new(Mutex::new(0)));
    let at_answer = Arc::clone(&heard);
    let flushed = Box::new(move |_| *at_answer.lock().unwrap() = seen.lock().unwrap().len());
    bench.store.write(cuts.to_vec(), flushed);
    assert_eq!(bench.seen(), []);
    pass(HOUR).await;
    assert_eq!(*heard.lock().unwrap(), 5);
    let promised = [
        Observation::VoteDurable { member: MEMBER, log: log.clone(), term: 4, candidate: MemberId(2) },
        durable(8),
        Observation::SnapshotDurable { member: MEMBER, log: log.clone(), index: 9, seq: Seq(5) },
        Observation::EntriesTruncated { member: MEMBER, log: log.clone(), after: 8 },
        Observation::EntriesPurged { member: MEMBER, log, through: 7 },
    ];
    assert_eq!(bench.seen(), promised);
}

#[tokio::test(start_paused = true)]
async fn the_first_lie_acknowledges_what_a_crash_may_lose() {
    let lost = (0..20).filter(|seed| {
        let mut bench = Bench::new(*seed);
        bench.disk.sabotage(DiskCanary::AckBeforeFlush);
        bench.append([1]);
        assert_eq!((bench.answers(), bench.seen()), (vec![(1, Ok(()))], Vec::new()));
        bench.reopen();
        bench.next() == 1
    });
    assert!((5..=15).contains(&lost.count()));
}

#[tokio::test(start_paused = true)]
async fn the_second_lie_loses_every_pending_vote() {
    for seed in 0..20 {
        let mut bench = Bench::new(seed);
        bench.disk.sabotage(DiskCanary::VoteNotFlushed);
        bench.write(1, vote(1));
        pass(HOUR).await;
        bench.append([1]);
        bench.write(2, vote(2));
        assert_eq!(bench.answers(), [(1, Ok(())), (2, Ok(()))]);
        bench.reopen();
        let Op::Meta { value, .. } = vote(1) else { unreachable!() };
        assert_eq!(bench.store.meta(&RAFT, "vote"), Ok(Some(value)), "the flushed one stays");
    }
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_life() {
    let life = async |seed| {
        let mut bench = Bench::new(seed);
        for _ in 0..20 {
            let next = bench.next();
            bench.append(next..next + 4);
            pass(Duration::from_millis(2)).await;
            bench.reopen();
        }
        (bench.seen(), bench.answers(), bench.disk.counts())
    };
    assert_eq!(life(7).await, life(7).await);
    assert_ne!(life(7).await.0, life(8).await.0);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_end_with_their_member_flush_nothing_more() {
    let mut bench = Bench::new(1);
    let env = Arc::new(TokioEnv::new(1));
    bench.store = bench.disk.open(env.clone());
    bench.append([1]);
    env.tasks().abort();
    pass(HOUR).await;
    assert_eq!((bench.answers(), bench.disk.pending()), (Vec::new(), 1));
}

#[tokio::test(start_paused = true)]
async fn damage_is_seen_by_readers_and_survives() {
    let mut bench = Bench::new(1);
    bench.append(1..=4);
    bench.write(5, vote(3));
    pass(HOUR).await;
    let place = |at| Place::Entry(RAFT, at);
    assert_eq!(bench.disk.places(), [place(1), place(2), place(3), place(4), Place::Meta(RAFT, "vote")]);
    assert!(bench.disk.damage(&place(1), &Damage::SwapWithNext));
    assert!(bench.disk.damage(&place(3), &Damage::Drop));
    assert!(bench.disk.damage(&place(1), &Damage::Flip { byte: 0, bit: 0 }));
    assert!(bench.disk.damage(&Place::Meta(RAFT, "vote"), &Damage::Unreadable));
    for nowhere in [place(0), place(4), Place::Snapshot(Log::Global)] {
        assert!(!bench.disk.damage(&nowhere, &Damage::Drop), "{nowhere:?}");
    }
    for _ in 0..2 {
        let reader = bench.disk.reader();
        let flipped = Bytes::from_static(b"dntry 2");
        assert_eq!(reader.read(&RAFT, 1, 9, usize::MAX), Ok(vec![flipped, entry(1), entry(4)]));
        assert!(matches!(reader.meta(&RAFT, "vote"), Err(StoreError::Corrupt { .. })));
        bench.reopen();
    }
    bench.disk.damage(&place(2), &Damage::Unreadable);
    assert_eq!(bench.store.read(&RAFT, 1, 2, usize::MAX).map(|entries| entries.len()), Ok(1));
    assert!(matches!(bench.store.read(&RAFT, 1, 4, usize::MAX), Err(StoreError::Corrupt { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_is_pending_until_somebody_waits_or_for_a_while() {
    let bench = Bench::new(4);
    bench.weather(|weather| weather.later_max = HOUR);
    bench.store.write_later(vec![append(1)], bench.flushed(1));
    pass(Duration::from_millis(50)).await;
    assert_eq!((bench.answers(), bench.disk.pending()), (Vec::new(), 1), "longer than any flush takes");
    bench.append([2]);
    pass(Duration::from_millis(50)).await;
    assert_eq!(bench.answers(), [(1, Ok(())), (2, Ok(()))]);
    assert_eq!((bench.disk.counts().flushes, bench.disk.pending()), (1, 0));
    bench.store.write_later(vec![append(3)], bench.flushed(3));
    pass(HOUR + Duration::from_secs(1)).await;
    assert_eq!(bench.answers().len(), 3, "by itself");
}

#[tokio::test(start_paused = true)]
async fn a_crash_takes_what_nobody_waited_for_as_it_takes_anything_pending() {
    let (mut kept, mut lost) = (0, 0);
    for seed in 0..40 {
        let mut bench = Bench::new(seed);
        bench.weather(|weather| weather.later_max = HOUR);
        (1..=4).for_each(|number| bench.store.write_later(vec![append(number)], bench.flushed(number)));
        pass(Duration::from_millis(50)).await;
        bench.disk.crash();
        bench.reopen();
        kept += bench.next() - 1;
        lost += 5 - bench.next();
    }
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
}
