//! Short ways to write down small streams, and to see what one rule makes of them. Only for the tests of this crate.

use std::sync::Arc;

use ids::{Hash, Hlc, Incarnation, Log, MemberId, RequestId, Revision, Seq, Subject};

use crate::{Invariant, Nanos, Observation, SeenFact, SeenGuard, SeenRecord, Violations};

pub const A: MemberId = MemberId(1);
pub const B: MemberId = MemberId(2);
pub const C: MemberId = MemberId(3);
pub const D: MemberId = MemberId(4);
pub const G: Log = Log::Global;

pub fn regional() -> Log {
    Log::Region("us-east-1".parse().unwrap())
}

pub fn request(n: u8) -> RequestId {
    RequestId([n; 16])
}

pub fn hash(n: u8) -> Hash {
    Hash([n; 32])
}

/// The record of the global log that belongs at `seq`: request, hash and time all follow from it.
pub fn record(seq: u8) -> SeenRecord {
    SeenRecord {
        log: G,
        incarnation: Incarnation::FIRST,
        seq: Seq(seq.into()),
        hlc: Hlc(u64::from(seq) * 10),
        prev_hash: hash(seq.saturating_sub(1)),
        hash: hash(seq),
        request_id: request(seq),
        proposal: seq.into(),
        rejected: false,
        guards: Vec::new(),
        facts: Vec::new(),
    }
}

pub fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

pub fn guard(text: &str, revision: u64) -> SeenGuard {
    SeenGuard { subject: subject(text), revision: Revision(revision) }
}

pub fn stored(text: &str) -> SeenFact {
    SeenFact { subject: subject(text), after: Some(hash(7)) }
}

pub fn removed(text: &str) -> SeenFact {
    SeenFact { subject: subject(text), after: None }
}

pub fn applied(member: MemberId, record: SeenRecord) -> Observation {
    Observation::Applied { member, record: Arc::new(record) }
}

pub fn installed(member: MemberId, seq: u8) -> Observation {
    let (incarnation, digest) = (Incarnation::FIRST, hash(seq));
    Observation::Installed { member, log: G, incarnation, seq: Seq(seq.into()), hash: hash(seq), digest }
}

pub fn acknowledged(request_id: RequestId, seq: u64) -> Observation {
    Observation::Acknowledged { request_id, log: G, incarnation: Incarnation::FIRST, seq: Seq(seq) }
}

/// What `invariant` says about a stream whose observations are a nanosecond apart, from 0.
pub fn found(invariant: impl Invariant, stream: &[Observation]) -> Vec<String> {
    let timed: Vec<_> = stream.iter().cloned().enumerate().map(|(at, what)| (at as Nanos, what)).collect();
    found_at(invariant, &timed)
}

/// What `invariant` says about a stream with times.
pub fn found_at(mut invariant: impl Invariant, stream: &[(Nanos, Observation)]) -> Vec<String> {
    let mut out = Violations::default();
    for (at, what) in stream {
        invariant.observe(*at, what, &mut out);
    }
    invariant.finish(stream.last().map_or(0, |(at, _)| *at), &mut out);
    said(&out)
}

/// The details of what was found.
pub fn said(out: &Violations) -> Vec<String> {
    out.iter().map(|violation| violation.detail.clone()).collect()
}
