//! How fast the parts of a ledger are that every record passes: applying, verifying, catching up, snapshots, deciding; and what a
//! state costs in memory. Prints a table; compares nothing but the one bar that a promise rests on.
//!
//! Run with `cargo bench -p ledger`. Each line is measured three times on fresh state. The disk is simulated, so no flush waits.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop where the product may not")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{Command, Context, command::CreateOrganization};
use fakes::{Disk, TokioEnv};
use ids::{Hash, Hlc, Log, MemberId, RequestId, Seq, Subject};
use ledger::{
    Canary, LogState, Retention,
    cell::StateCell,
    records::RecordLog,
    replica::{Replica, ReplicaParts},
    shipping::PULL_BYTES_MAX,
    snapshot,
    state::Applied,
};
use ports::Env;
use wire::{LEVEL_OF_EFFECTS, Proposal, RawFact, Record, entity::raw_fact};

/// Records of one measurement.
const RECORDS: u64 = 30_000;
/// Subjects of a large state.
const SUBJECTS: u64 = 100_000;
/// Bytes of one row's value.
const VALUE_BYTES: usize = 1024;
/// Records per second that a replica must take in while it catches up.
const CATCH_UP_BAR: f64 = 50_000.0;

fn main() {
    println!("{:<44} {:>12} {:>12} {:>12}", "", "min", "median", "max");
    // Memory first: what was freed before would be used again and not be seen.
    let mut large = LogState::new(Log::Global);
    let grown = [(); 3].map(|()| grown_by(&mut large));
    row("memory of 100,000 subjects of 1 KiB, MiB", grown.map(|bytes| bytes / 1024.0 / 1024.0));
    row("memory of one of them, bytes", grown.map(|bytes| bytes / SUBJECTS as f64));
    let sealed = snapshot::pack(&large, None);
    row("snapshot of them, bytes", [sealed.len() as f64; 3]);
    line("snapshot of them, pack, ms", || millis(timed(|| snapshot::pack(&large, None))));
    line("snapshot of them, unpack, ms", || millis(timed(|| snapshot::unpack(&Log::Global, &sealed).unwrap())));
    drop((large, sealed));
    let written = write(RECORDS);
    line("apply, records/s", || per_second(RECORDS, apply(&written)));
    line("fold of records, records/s", || per_second(RECORDS, fold(&written)));
    let caught_up = line("replica catch-up, records/s", || per_second(RECORDS, catch_up(&written)));
    println!("  bar {CATCH_UP_BAR:.0}/s: {}", if caught_up >= CATCH_UP_BAR { "met" } else { "missed" });
    line("decide and encode, commands/s", decide);
}

/// Measures three times and prints; the median.
fn line(what: &str, mut measure: impl FnMut() -> f64) -> f64 {
    row(what, [measure(), measure(), measure()])
}

/// Prints what was measured; the median.
fn row(what: &str, mut measured: [f64; 3]) -> f64 {
    measured.sort_by(f64::total_cmp);
    let [min, median, max] = measured;
    println!("{what:<44} {min:>12.0} {median:>12.0} {max:>12.0}");
    median
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the host's time")]
fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    let made = black_box(work());
    let took = began.elapsed();
    drop(made);
    took
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

fn request(number: u64) -> RequestId {
    let mut id = [0; 16];
    id.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    RequestId(id)
}

/// A proposal for one of `subjects` subjects, guarded by what the subject is in `state`.
fn proposal(state: &LogState, number: u64, subjects: u64) -> Proposal {
    let name = format!("organizations/acme/projects/web/locations/eu-west-1/clusters/c-{:06}", number % subjects);
    let subject: Subject = name.parse().unwrap();
    let revision = domain::View::revision(state, &subject);
    // Text that differs, so that nothing is the same by accident.
    let value: Vec<u8> = (0..VALUE_BYTES).map(|at| (at as u64 ^ number) as u8).collect();
    let fact = RawFact { kind: 13, subject: subject.clone(), after: Some(value.into()), detail: Bytes::new() };
    Proposal {
        request_id: request(number),
        actor: "user:bench".to_owned(),
        hlc: Hlc::at_unix_ms(1_000 + number),
        level: LEVEL_OF_EFFECTS,
        observed_global_seq: Seq::ZERO,
        guards: vec![(subject.clone(), revision)],
        facts: vec![fact],
        response: subject,
        traceparent: String::new(),
        command: None,
        rejected: None,
    }
}

/// One log as its group wrote it.
struct Written {
    proposals: Vec<(Proposal, Bytes)>,
    records: Vec<Bytes>,
    hashes: Vec<Hash>,
}

fn write(count: u64) -> Written {
    let mut state = LogState::new(Log::Global);
    let mut written = Written { proposals: Vec::new(), records: Vec::new(), hashes: Vec::new() };
    for number in 0..count {
        let proposal = proposal(&state, number, 10_000);
        let bytes = proposal.encode().unwrap();
        if let Applied::Stored { record, hash } = state.apply(&proposal, &bytes) {
            written.records.push(record.encode());
            written.hashes.push(hash);
        }
        written.proposals.push((Proposal::decode(&bytes).unwrap(), bytes));
    }
    assert_eq!(written.records.len() as u64, count, "every proposal is stored");
    written
}

/// What a group does with each committed proposal, without its decoding.
fn apply(written: &Written) -> Duration {
    let mut state = LogState::new(Log::Global);
    timed(|| {
        for (proposal, bytes) in &written.proposals {
            black_box(state.apply(proposal, bytes));
        }
    })
}

/// What a replica does with each record once: decode, check, apply.
fn fold(written: &Written) -> Duration {
    let mut state = LogState::new(Log::Global);
    timed(|| {
        for bytes in &written.records {
            state.apply_record(&Record::decode(bytes.clone()).unwrap()).unwrap();
        }
    })
}

/// All records as pulls bring them: half a megabyte at a time.
fn catch_up(written: &Written) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let batches = batches(written);
    runtime.block_on(async {
        let env = Arc::new(TokioEnv::new(1));
        let store = Disk::new(MemberId(1), 1, Arc::new(drop)).open(env.clone());
        let parts = ReplicaParts {
            member: MemberId(1),
            cell: Arc::new(StateCell::new(LogState::new(Log::Global))),
            records: Arc::new(RecordLog::new(Log::Global, store.clone())),
            snapshots: store,
            env: env.clone(),
            retention: Retention::default(),
            canary: Canary::None,
        };
        let replica = Replica::open(Log::Global, parts).unwrap();
        let took = timed(|| {
            for (records, last_hash) in batches {
                replica.accept(records, last_hash).unwrap();
            }
        });
        assert_eq!(replica.cell().seq(), Seq(RECORDS), "all were taken in");
        env.tasks().abort();
        took
    })
}

fn batches(written: &Written) -> Vec<(Vec<Bytes>, Hash)> {
    let mut batches: Vec<(Vec<Bytes>, Hash)> = Vec::new();
    let mut bytes = usize::MAX;
    for (record, hash) in written.records.iter().zip(&written.hashes) {
        bytes = bytes.saturating_add(record.len());
        if bytes > PULL_BYTES_MAX {
            bytes = record.len();
            batches.push((Vec::new(), *hash));
        }
        if let Some((records, last_hash)) = batches.last_mut() {
            // As received: bytes of its own, not shared with the source.
            records.push(Bytes::copy_from_slice(record));
            *last_hash = *hash;
        }
    }
    batches
}

/// What a leader does for each command before it is replicated.
fn decide() -> f64 {
    const COMMANDS: u64 = 10_000;
    let mut state = LogState::new(Log::Global);
    let took = timed(|| {
        for number in 0..COMMANDS {
            let command = Command::CreateOrganization(CreateOrganization {
                name: format!("organizations/o-{number:06}").parse().unwrap(),
                display_name: "An organization".to_owned(),
                description: "d".repeat(200),
            });
            let now = state.hlc.next(Hlc::at_unix_ms(1_000));
            let context = Context {
                now,
                request_id: request(number),
                actor: "",
                global: &state,
                global_seq: state.seq,
                log: &Log::Global,
                planner: None,
                planned: None,
            };
            let decision = domain::decide(&state, &command, &context).unwrap();
            let proposal = Proposal {
                guards: decision.guards.into_iter().map(|guard| (guard.subject, guard.revision)).collect(),
                facts: decision.facts.iter().map(raw_fact).collect(),
                response: decision.subject,
                hlc: now,
                ..head(number)
            };
            let bytes = proposal.encode().unwrap();
            black_box(state.apply(&proposal, &bytes));
        }
    });
    per_second(COMMANDS, took)
}

/// What every proposal of a command has.
fn head(number: u64) -> Proposal {
    Proposal {
        request_id: request(number),
        actor: "user:bench".to_owned(),
        hlc: Hlc::default(),
        level: LEVEL_OF_EFFECTS,
        observed_global_seq: Seq::ZERO,
        guards: Vec::new(),
        facts: Vec::new(),
        response: Subject::root_set("bench"),
        traceparent: String::new(),
        command: None,
        rejected: None,
    }
}

fn large_state() -> LogState {
    let mut state = LogState::new(Log::Global);
    for number in 0..SUBJECTS {
        let bytes = proposal(&state, number, SUBJECTS).encode().unwrap();
        // As committed: values are parts of the bytes that were received.
        state.apply(&Proposal::decode(&bytes).unwrap(), &bytes);
    }
    state
}

/// Bytes of memory that a large state takes, with the outcomes of the requests that wrote it. It is left in `into`; one that was
/// there before is never freed, because the next measurement must not find its memory.
fn grown_by(into: &mut LogState) -> f64 {
    let before = resident();
    let state = black_box(large_state());
    let after = resident();
    std::mem::forget(std::mem::replace(into, state));
    after.saturating_sub(before) as f64
}

/// Resident bytes of this process; 0 where the system does not tell.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
