//! `request_once`: one request id has at most one effect and one place, and every place told to a client really is its effect.
//!
//! Source: Google AIP-155, and ARCHITECTURE.md, "Life of a command", 6: a request sent again with the same id has the outcome of the
//! first.
//!
//! Looks like a violation and is not: one outcome told several times, also in several regions; an acknowledged record that a later
//! incarnation left behind, and its request proposed again (a takeover loses what was not shipped, and reports it).

use std::collections::BTreeMap;

use ids::{Incarnation, Log, RequestId, Seq};

use crate::{
    Invariant, Nanos, Observation, SeenRecord, Violations,
    canon::{Canon, Place},
};

#[derive(Debug, Default)]
pub struct RequestOnce {
    logs: BTreeMap<Log, Effects>,
    told: BTreeMap<RequestId, Told>,
}

/// Which request made which record of one log.
#[derive(Debug, Default)]
struct Effects {
    canon: Canon,
    by_request: BTreeMap<RequestId, Seq>,
    by_seq: BTreeMap<Seq, RequestId>,
}

/// Where a client was told that its request took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    log: Log,
    incarnation: Incarnation,
    seq: Seq,
}

impl Effects {
    /// Takes the record in; tells the place of an earlier effect of its request.
    fn fold(&mut self, record: &SeenRecord) -> Option<Seq> {
        match self.canon.admit(record) {
            Place::Elsewhere => return None,
            Place::Next => {}
            Place::Replaces => {
                for request_id in self.by_seq.split_off(&record.seq).values() {
                    self.by_request.remove(request_id);
                }
            }
        }
        self.by_seq.insert(record.seq, record.request_id);
        let first = *self.by_request.entry(record.request_id).or_insert(record.seq);
        (first != record.seq).then_some(first)
    }
}

impl RequestOnce {
    /// What contradicts the place told for `request_id`. A record not seen yet does not, until the run is over.
    fn contradiction(&self, request_id: RequestId, told: &Told, over: bool) -> Option<String> {
        let Some(effects) = self.logs.get(&told.log) else {
            return over.then(|| "but no record of that log was applied".to_owned());
        };
        if effects.canon.orphaned(told.incarnation, told.seq) {
            return None;
        }
        match (effects.by_seq.get(&told.seq), effects.by_request.get(&request_id)) {
            (Some(there), _) if *there == request_id => None,
            (_, Some(seq)) => Some(format!("but its record is {seq}")),
            (Some(other), None) => Some(format!("but that record is of request {other}")),
            (None, None) => over.then(|| "but no such record was applied".to_owned()),
        }
    }

    fn acknowledge(&mut self, request_id: RequestId, told: &Told) -> Vec<String> {
        let first = self.told.entry(request_id).or_insert_with(|| told.clone());
        let moved = (first != told).then(|| format!("before that at {first}"));
        let later = self.logs.get(&told.log).is_some_and(|log| log.canon.orphaned(first.incarnation, first.seq));
        if later && first.log == told.log {
            *first = told.clone();
            return self.contradiction(request_id, told, false).into_iter().collect();
        }
        moved.into_iter().chain(self.contradiction(request_id, told, false)).collect()
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}.{}", self.log, self.incarnation, self.seq)
    }
}

impl Invariant for RequestOnce {
    fn name(&self) -> &'static str {
        "request_once"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        match what {
            Observation::Applied { record, .. } => {
                let SeenRecord { log, incarnation, seq, request_id, .. } = &**record;
                if let Some(first) = self.logs.entry(log.clone()).or_default().fold(record) {
                    let detail =
                        format!("request {request_id} took effect at {log}@{incarnation}.{seq} and at {first}");
                    out.push(self.name(), at, detail);
                }
            }
            Observation::Acknowledged { request_id, log, incarnation, seq } => {
                let told = Told { log: log.clone(), incarnation: *incarnation, seq: *seq };
                for wrong in self.acknowledge(*request_id, &told) {
                    out.push(self.name(), at, format!("request {request_id} was acknowledged at {told}, {wrong}"));
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, at: Nanos, out: &mut Violations) {
        for (request_id, told) in &self.told {
            if let Some(wrong) = self.contradiction(*request_id, told, true) {
                out.push(self.name(), at, format!("request {request_id} was acknowledged at {told}, {wrong}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
