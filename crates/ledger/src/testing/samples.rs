//! What this crate's own tests share: records that cost nothing to make, and states compared whole.
//!
//! Values are plain text, not entities: apply stores bytes and decodes none, so its tests need none.

use std::sync::Arc;

use bytes::Bytes;
use ids::{Hlc, Log, RequestId, Revision, Seq, Subject};
use proptest::prelude::*;
use wire::{
    CommandDigest, LEVEL_OF_EFFECTS, LEVEL_OF_REJECTIONS, Proposal, RawFact, Record, Rejected, RowDigest, StateDigest,
};

use crate::state::{Applied, LogState};

/// Subjects that random sequences draw from: few, so that they meet.
const SUBJECTS: usize = 5;
/// Requests that random sequences draw from: few, so that some come twice.
const REQUESTS: u64 = 60;

pub fn log() -> Log {
    named("region/eu-1")
}

pub fn named(log: &str) -> Log {
    log.parse().unwrap()
}

pub fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

pub fn request(number: u64) -> RequestId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    RequestId(id)
}

/// Which command every proposal here was.
pub const COMMAND: CommandDigest = CommandDigest([7; 16]);

/// A proposal and its bytes. Its response is the subject of its first fact.
pub fn proposal(number: u64, guards: &[(&str, u64)], facts: &[(&str, Option<&str>)]) -> (Proposal, Bytes) {
    let proposal = Proposal {
        request_id: request(number),
        actor: "user:tester".to_owned(),
        hlc: Hlc::at_unix_ms(1_000 + number),
        level: LEVEL_OF_EFFECTS,
        observed_global_seq: Seq::ZERO,
        guards: guards.iter().map(|(name, revision)| (subject(name), Revision(*revision))).collect(),
        facts: facts.iter().map(|(name, after)| fact(name, *after)).collect(),
        response: subject(facts.first().map_or("nothing", |(name, _)| name)),
        traceparent: String::new(),
        command: Some(COMMAND),
        rejected: None,
    };
    let bytes = proposal.encode().unwrap();
    (proposal, bytes)
}

/// A proposal that says that its request was rejected, and its bytes.
pub fn rejection(number: u64) -> (Proposal, Bytes) {
    let rejected = Rejected {
        reason: "NOT_EMPTY".to_owned(),
        message: format!("refused the request {number}"),
        details: vec![("entry".to_owned(), number.to_string())],
    };
    let (proposal, _) = proposal(number, &[], &[]);
    let proposal = Proposal { level: LEVEL_OF_REJECTIONS, rejected: Some(Arc::new(rejected)), ..proposal };
    let bytes = proposal.encode().unwrap();
    (proposal, bytes)
}

fn fact(name: &str, after: Option<&str>) -> RawFact {
    let after = after.map(|value| Bytes::copy_from_slice(value.as_bytes()));
    RawFact { kind: 1, subject: subject(name), after, detail: Bytes::new() }
}

/// Applies a proposal that must be stored; gives its record.
pub fn store(state: &mut LogState, number: u64, guards: &[(&str, u64)], facts: &[(&str, Option<&str>)]) -> Record {
    let (proposal, bytes) = proposal(number, guards, facts);
    match state.apply(&proposal, &bytes) {
        Applied::Stored { record, .. } => record,
        other => panic!("wanted a record, got {other:?}"),
    }
}

/// A state with `count` records, one subject each, and the records.
pub fn filled(count: u64) -> (LogState, Vec<Record>) {
    let mut state = LogState::new(log());
    let records = (1..=count).map(|number| store(&mut state, number, &[], &[(&format!("s/{number:04}"), Some("v"))]));
    let records = records.collect();
    (state, records)
}

/// Both states are the same in every field.
pub fn assert_same(one: &LogState, other: &LogState) {
    let LogState { log, incarnation, seq, hlc, hash, rows, requests, digest } = one;
    assert_eq!((log, incarnation, seq, hlc), (&other.log, &other.incarnation, &other.seq, &other.hlc));
    assert_eq!(hash, &other.hash);
    assert_eq!(rows, &other.rows);
    assert_eq!(requests, &other.requests);
    assert_eq!(digest, &other.digest);
}

/// The digest computed again from nothing but the rows.
pub fn digest_of_rows(state: &LogState) -> ids::Hash {
    let mut digest = StateDigest::default();
    state.rows().for_each(|(subject, row)| digest.add(RowDigest::of(subject, row.revision, &row.value)));
    digest.hash()
}

/// What a random step guards.
#[derive(Clone, Copy, Debug)]
pub enum Guarding {
    Nothing,
    /// The revision that its first subject has.
    Truly,
    /// Another revision.
    Wrongly,
}

/// One random proposal; without facts, a rejection. Turned into bytes only when it is played, because a true guard depends on what came before.
#[derive(Clone, Debug)]
pub struct Step {
    request: u64,
    guarding: Guarding,
    facts: Vec<(usize, Option<String>)>,
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let guarding = prop_oneof![Just(Guarding::Nothing), Just(Guarding::Truly), Just(Guarding::Wrongly)];
    let fact = prop::option::of("[a-z]{0,12}");
    let facts = prop::collection::btree_map(0..SUBJECTS, fact, 0..4).prop_map(|facts| facts.into_iter().collect());
    let step = (0..REQUESTS, guarding, facts);
    prop::collection::vec(step.prop_map(|(request, guarding, facts)| Step { request, guarding, facts }), 0..60)
}

/// The proposal of one step, made on `state`.
pub fn propose(state: &LogState, step: &Step) -> (Proposal, Bytes) {
    let names: Vec<String> = step.facts.iter().map(|(at, _)| format!("s/{at}")).collect();
    let facts: Vec<(&str, Option<&str>)> =
        names.iter().zip(&step.facts).map(|(name, (_, after))| (name.as_str(), after.as_deref())).collect();
    let Some(first) = names.first().map(String::as_str) else { return rejection(step.request) };
    let revision = state.rows.get(&subject(first)).map_or(0, |row| row.revision.0);
    let guards = match step.guarding {
        Guarding::Nothing => Vec::new(),
        Guarding::Truly => vec![(first, revision)],
        Guarding::Wrongly => vec![(first, revision + 1)],
    };
    proposal(step.request, &guards, &facts)
}

/// Applies one step; a record only where it was stored.
pub fn play(state: &mut LogState, step: &Step) -> Applied {
    let (proposal, bytes) = propose(state, step);
    state.apply(&proposal, &bytes)
}

/// Plays all steps on a new state: every record, and the state before the first and after each.
pub fn history(steps: &[Step]) -> (Vec<Record>, Vec<LogState>) {
    let mut state = LogState::new(log());
    let (mut records, mut states) = (Vec::new(), vec![state.clone()]);
    for step in steps {
        if let Applied::Stored { record, .. } = play(&mut state, step) {
            records.push(record);
            states.push(state.clone());
        }
    }
    (records, states)
}
