//! Stores written by the real log, machine and replica, over random histories with crashes: healthy as they are, and not with any one
//! value damaged, which is then named.

use std::sync::Arc;

use fakes::{Damage, Disk, OpenDisk, TokioEnv};
use futures_util::stream;
use ids::{Hlc, MemberId};
use openraft::{
    EntryPayload, Membership, RaftLogReader, RaftSnapshotBuilder,
    storage::{IOFlushed, RaftLogStorage, RaftStateMachine},
};
use ports::{Env, Journal};
use proptest::prelude::*;
use wire::Proposal;

use super::*;
use crate::{
    Canary, Retention,
    cell::StateCell,
    raft::{
        Batch, Entry, RaftLogId, Vote,
        log::{COMMITTED, PURGED, RaftLog},
        machine::{Machine, Shared},
    },
    records::{END, RecordLog},
    replica::{Replica, ReplicaParts},
    testing::{Step, filled, history, log, proposal, propose, steps},
};

/// What happens to a voter next.
#[derive(Clone, Debug)]
enum Act {
    /// One entry with these proposals is replicated and applied.
    Batch(Vec<Step>),
    /// Another leader: a vote, and its blank entry.
    Election,
    /// Entries of a leader that does not get a majority; another one's take their place.
    Overruled(u64),
    /// A snapshot, and a purge of all entries but so many.
    Snapshot(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => steps().prop_map(|steps| Act::Batch(steps.into_iter().take(6).collect())),
        1 => Just(Act::Election),
        1 => (1..4_u64).prop_map(Act::Overruled),
        1 => (0..12_u64).prop_map(Act::Snapshot),
    ];
    prop::collection::vec(act, 1..40)
}

/// A voter's stores, as its group writes them.
struct Voter {
    disk: Arc<Disk>,
    shared: Shared,
    raft: RaftLog,
    machine: Machine,
    last: Option<RaftLogId>,
    term: u64,
}

impl Voter {
    fn new(seed: u64, records_kept: u64) -> Self {
        let disk = Disk::new(MemberId(1), seed, Arc::new(drop));
        let env = Arc::new(TokioEnv::new(seed));
        let store = disk.open(env.clone());
        let retention = Retention { records_kept, ..Retention::default() };
        let shared = Shared {
            planner: None,
            member: MemberId(1),
            log: log(),
            cell: Arc::new(StateCell::new(LogState::new(log()))),
            records: Arc::new(RecordLog::new(log(), store.clone())),
            snapshots: store.clone(),
            env,
            retention,
            size: Arc::default(),
            snapshot_chunk_bytes: crate::config::SNAPSHOT_CHUNK_BYTES,
            canary: Canary::None,
        };
        let machine = Machine::open(shared.clone()).unwrap();
        Self { disk, shared, raft: RaftLog::new(log(), store), machine, last: None, term: 0 }
    }

    async fn live(&mut self, acts: &[Act]) {
        self.elect().await;
        for act in acts {
            match act {
                Act::Batch(steps) => {
                    let state = self.shared.cell.state();
                    // A decision has its own time: no two proposals of a request are the same bytes.
                    let now = self.last.map_or(0, |last| last.index() + 1);
                    let timed = |step| Proposal { hlc: Hlc(now), ..propose(&state, step).0 }.encode().unwrap();
                    let proposals = steps.iter().map(timed).collect();
                    self.commit(EntryPayload::Normal(proposals)).await;
                }
                Act::Election => self.elect().await,
                Act::Overruled(count) => self.overruled(*count).await,
                Act::Snapshot(kept) => self.snapshot(*kept).await,
            }
        }
    }

    fn next(&self) -> RaftLogId {
        RaftLogId::new(self.term.into(), self.last.map_or(0, |last| last.index() + 1))
    }

    async fn append(&mut self, payload: EntryPayload<Batch, u64, openraft::EmptyNode>) -> Entry {
        let entry = Entry { log_id: self.next(), payload };
        self.last = Some(entry.log_id);
        self.raft.append([entry.clone()], IOFlushed::noop()).await.unwrap();
        entry
    }

    async fn commit(&mut self, payload: EntryPayload<Batch, u64, openraft::EmptyNode>) {
        let entry = self.append(payload).await;
        self.raft.save_committed(Some(entry.log_id)).await.unwrap();
        self.machine.apply(stream::iter([Ok((entry, None))])).await.unwrap();
    }

    async fn elect(&mut self) {
        self.term += 1;
        self.raft.save_vote(&Vote::new_committed(self.term, 1)).await.unwrap();
        let first = self.last.is_none();
        let membership = || Membership::new_with_defaults(vec![[1].into()], []);
        self.commit(if first { EntryPayload::Membership(membership()) } else { EntryPayload::Blank }).await;
    }

    async fn overruled(&mut self, count: u64) {
        let before = self.last;
        self.term += 1;
        self.raft.save_vote(&Vote::new_committed(self.term, 2)).await.unwrap();
        for _ in 0..count {
            self.append(EntryPayload::Blank).await;
        }
        self.raft.truncate_after(before).await.unwrap();
        self.last = before;
        self.elect().await;
    }

    async fn snapshot(&mut self, kept: u64) {
        self.machine.build_snapshot().await.unwrap();
        let Some(last) = self.last else { return };
        if let Some(through) = last.index().checked_sub(kept) {
            let Some(entry) = self.raft.limited_get_log_entries(through, through + 1).await.unwrap().pop() else {
                return;
            };
            self.raft.purge(entry.log_id).await.unwrap();
        }
    }
}

fn held(voter: bool) -> [Held; 1] {
    [Held { log: log(), voter }]
}

fn report(reader: &OpenDisk, voter: bool) -> Report {
    verify(reader, reader, &held(voter))
}

async fn settle(disk: &Disk) {
    for _ in 0..1000 {
        if disk.pending() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the disk does not come to rest");
}

/// A replica's stores: records in batches, snapshots, a purge.
async fn replica(seed: u64, steps: &[Step], retention: Retention, install_at: Option<usize>) -> Arc<Disk> {
    let disk = Disk::new(MemberId(2), seed, Arc::new(drop));
    let env = Arc::new(TokioEnv::new(seed));
    let store = disk.open(env.clone());
    let parts = ReplicaParts {
        member: MemberId(2),
        cell: Arc::new(StateCell::new(LogState::new(log()))),
        records: Arc::new(RecordLog::new(log(), store.clone())),
        snapshots: store,
        env: env as Arc<dyn Env>,
        retention,
        canary: Canary::None,
    };
    let replica = Replica::open(log(), parts).unwrap();
    let (records, states) = history(steps);
    let mut at = 0;
    if let Some(place) = install_at.map(|place| place % states.len()) {
        replica.install(&snapshot::pack(&states[place], None)).await.unwrap();
        at = place;
    }
    while at < records.len() {
        let to = (at + 3).min(records.len());
        let batch = records[at..to].iter().map(wire::Record::encode).collect();
        replica.accept(batch, states[to].hash).unwrap();
        at = to;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    disk
}

fn on_virtual_time(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(work);
}

/// Whether a finding names what was damaged at `place`.
fn names(finding: &Finding, place: &fakes::Place, damage: Damage) -> bool {
    let next = u64::from(damage == Damage::SwapWithNext);
    match (place, &finding.place) {
        (fakes::Place::Entry(Journal::Records(_), at), Place::Record(seq)) => (*at..=at + next).contains(&seq.0),
        (fakes::Place::Entry(Journal::Raft(_), at), Place::Entry(index)) => (*at..=at + next).contains(index),
        (fakes::Place::Meta(Journal::Records(_), key), Place::RecordsMeta(named)) => key == named,
        (fakes::Place::Meta(Journal::Raft(_), key), Place::RaftMeta(named)) => key == named,
        (fakes::Place::Snapshot(_), Place::Snapshot(_) | Place::SnapshotWithin(..)) => true,
        _ => false,
    }
}

/// What the module says it cannot find: losses after which the stores still say one and the same thing.
fn shows(reader: &OpenDisk, place: &fakes::Place, damage: Damage) -> bool {
    if damage != Damage::Drop {
        return true;
    }
    match place {
        fakes::Place::Snapshot(log) => {
            let purged = reader.meta(&Journal::Raft(log.clone()), PURGED).unwrap();
            reader.bounds(&Journal::Records(log.clone())).first > 1 || purged.is_some()
        }
        // A hint that may lag, and a note that somebody takes away on purpose.
        fakes::Place::Meta(_, key) => ![COMMITTED, QUARANTINED].contains(key),
        fakes::Place::Entry(..) => true,
    }
}

/// Damages one value of a healthy disk; it must be named.
fn damaged(disk: &Arc<Disk>, voter: bool, pick: &prop::sample::Index, damage: Damage) {
    let places = disk.places();
    let place = pick.get(&places);
    let reader = disk.reader();
    let empty = |journal: &Journal| is_empty(reader.bounds(journal));
    let idle = matches!(place, fakes::Place::Meta(journal, key) if *key == END && empty(journal));
    let shows = shows(&reader, place, damage) && !(idle && damage == Damage::Drop);
    if !disk.damage(place, &damage) || !shows {
        return;
    }
    let report = report(&reader, voter);
    let named = report.findings.iter().any(|finding| names(finding, place, damage));
    assert!(named, "{place:?} {damage:?}: {:#?}", report.findings);
    assert!(report.findings.iter().all(|finding| finding.log == log()));
    assert!(report.findings.len() <= 4, "one damage, few findings: {place:?} {damage:?}: {:#?}", report.findings);
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        3 => (any::<prop::sample::Index>(), 0..8_u8).prop_map(|(byte, bit)| Damage::Flip { byte: byte.index(100_000), bit }),
        1 => Just(Damage::Drop),
        1 => Just(Damage::SwapWithNext),
        1 => Just(Damage::Unreadable),
    ]
}

fn kept() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1_000_000), 0..20_u64]
}

/// A store at rest with these records, the last of them noted as the end.
async fn holding(records: &[wire::Record]) -> Arc<Disk> {
    let disk = Disk::new(MemberId(3), 3, Arc::new(drop));
    let store = disk.open(Arc::new(TokioEnv::new(3)));
    let kept = RecordLog::new(log(), store);
    let encoded = records.iter().map(wire::Record::encode).collect();
    kept.append(Seq(1), encoded, records.last().unwrap().hash(), Box::new(|_| ())).unwrap();
    settle(&disk).await;
    disk
}

fn only(report: Report) -> String {
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    report.findings[0].to_string()
}

/// Three records, of which the second was changed before it got its place in the chain.
fn spoiled(spoil: impl FnOnce(&mut wire::Record)) -> Vec<wire::Record> {
    let (_, mut records) = filled(3);
    spoil(&mut records[1]);
    records[2].prev_hash = records[1].hash();
    records
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_holds_and_does_not_apply_is_named() {
    let guarded = spoiled(|record| record.proposal = proposal(2, &[("s/0001", 9)], &[("s/0001", Some("x"))]).1);
    let told = only(report(&holding(&guarded).await.reader(), false));
    assert!(told.contains("record 2:") && told.contains("whose guard on s/0001 does not hold"), "{told}");
    let twice = spoiled(|record| record.proposal = proposal(1, &[], &[("s/0002", Some("x"))]).1);
    let told = only(report(&holding(&twice).await.reader(), false));
    assert!(told.contains("record 2:") && told.contains("already applied as 1"), "{told}");
    let early = spoiled(|record| record.hlc = ids::Hlc::at_unix_ms(1));
    let told = only(report(&holding(&early).await.reader(), false));
    assert!(told.contains("record 2: the time"), "{told}");
    let unreadable = spoiled(|record| record.proposal = Bytes::from_static(b"\xff"));
    let told = only(report(&holding(&unreadable).await.reader(), false));
    assert!(told.contains("record 2:") && told.contains("a proposal that this build can read"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_not_the_fold_of_the_records_is_named_with_both_digests() {
    let (state, records) = filled(3);
    let disk = holding(&records).await;
    let mut other = state.clone();
    let (added, _) = proposal(9, &[], &[("s/0002", Some("other"))]);
    other.advance(&added, &records[2], records[2].hash());
    disk.open(Arc::new(TokioEnv::new(4))).put(&log(), snapshot::pack(&other, None), Box::new(|_| ()));
    settle(&disk).await;
    let told = only(report(&disk.reader(), false));
    assert!(told.contains("the snapshot at 3: the state digest"), "{told}");
    assert!(told.contains(&state.digest().to_string()) && told.contains(&other.digest().to_string()), "{told}");
}

#[tokio::test(start_paused = true)]
async fn records_that_the_raft_entries_do_not_make_are_named() {
    let mut voter = Voter::new(5, 1_000_000);
    voter.elect().await;
    let (_, records) = filled(3);
    for record in &records[..2] {
        voter.commit(EntryPayload::Normal(Batch::from_iter([record.proposal.clone()]))).await;
    }
    let kept = Arc::clone(&voter.shared.records);
    kept.append(Seq(3), vec![records[2].encode()], records[2].hash(), Box::new(|_| ())).unwrap();
    settle(&voter.disk).await;
    let told = only(report(&voter.disk.reader(), true));
    assert!(told.contains("record 3: no Raft entry makes it"), "{told}");
    voter.commit(EntryPayload::Blank).await;
    let another = proposal(77, &[], &[("s/0001", Some("another"))]).1;
    voter.append(EntryPayload::Normal(Batch::from_iter([another]))).await;
    settle(&voter.disk).await;
    let told = only(report(&voter.disk.reader(), true));
    assert!(told.contains("record 3: another record than the Raft entries make"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_disk_with_nothing_on_it_is_healthy_and_says_so() {
    let disk = Disk::new(MemberId(1), 1, Arc::new(drop));
    let report = report(&disk.reader(), true);
    assert!(report.is_healthy());
    let log = &report.logs[0];
    assert_eq!((log.first, log.last, log.head_hash, log.records, log.entries), (None, Seq(0), Some(Hash::ZERO), 0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_voters_stores_are_healthy_at_rest_and_after_a_crash(acts in acts(), seed in any::<u64>(), kept in kept()) {
        on_virtual_time(async move {
            let mut voter = Voter::new(seed, kept);
            voter.live(&acts).await;
            let live = report(&voter.disk.reader(), true);
            assert!(live.is_healthy(), "{:#?}", live.findings);
            let (told, state) = (&live.logs[0], voter.shared.cell.state());
            assert_eq!((told.last, told.head_hash, told.state_digest), (state.seq, Some(state.hash), Some(state.digest())));
            voter.disk.crash();
            let crashed = report(&voter.disk.reader(), true);
            assert!(crashed.is_healthy(), "{:#?}", crashed.findings);
        });
    }

    #[test]
    fn any_damage_of_a_voters_stores_is_named(
        acts in acts(), seed in any::<u64>(), kept in kept(), picks in prop::collection::vec((any::<prop::sample::Index>(), damage()), 4),
    ) {
        on_virtual_time(async move {
            for (pick, damage) in picks {
                let mut voter = Voter::new(seed, kept);
                voter.live(&acts).await;
                settle(&voter.disk).await;
                damaged(&voter.disk, true, &pick, damage);
            }
        });
    }

    #[test]
    fn a_replicas_stores_are_healthy_after_a_crash_and_any_damage_is_named(
        steps in steps(), seed in any::<u64>(), kept in kept(), install_at in prop::option::of(0..100_usize),
        pick in any::<prop::sample::Index>(), damage in damage(),
    ) {
        on_virtual_time(async move {
            let retention = Retention { snapshot_every: 10, log_bytes: u64::MAX, entries_kept: 5, records_kept: kept };
            let disk = replica(seed, &steps, retention, install_at).await;
            let live = report(&disk.reader(), false);
            assert!(live.is_healthy(), "{:#?}", live.findings);
            disk.crash();
            let crashed = report(&disk.reader(), false);
            assert!(crashed.is_healthy(), "{:#?}", crashed.findings);
            if !disk.places().is_empty() {
                damaged(&disk, false, &pick, damage);
            }
        });
    }
}
