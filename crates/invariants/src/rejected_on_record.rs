//! `rejected_on_record`: who is told that a record holds the rejection of its request is told the truth, and for ever: that record is
//! there and is all that the request ever became, and whoever sends the request again is told the same.
//!
//! Source: ARCHITECTURE.md, "Life of a command": a rejection of a retried submission is recorded, and is the last word on every try.
//!
//! Looks like a violation and is not: a rejection that is not said to be on record, after which an earlier try takes effect.

use std::collections::BTreeMap;

use ids::{Log, RequestId, Seq};

use crate::{Invariant, Nanos, Observation, SeenRecord, Violations};

#[derive(Debug, Default)]
pub struct RejectedOnRecord {
    /// Where, and in which words.
    told: BTreeMap<RequestId, (Log, Seq, String)>,
    acknowledged: BTreeMap<RequestId, Seq>,
    /// The first record seen of each request, and whether that rejects it.
    records: BTreeMap<RequestId, (Log, Seq, bool)>,
}

impl RejectedOnRecord {
    /// What contradicts what the client of `request_id` was told of a rejection.
    fn contradiction(&self, request_id: &RequestId) -> Option<String> {
        let record = self.records.get(request_id);
        if let (Some(seq), Some((log, place, true))) = (self.acknowledged.get(request_id), record) {
            return Some(format!("was acknowledged at {seq}, but {place} of {log} rejects it"));
        }
        let (log, seq, words) = self.told.get(request_id)?;
        let said = format!("was told of its rejection at {seq} of {log} ({words})");
        if let Some(seq) = self.acknowledged.get(request_id) {
            return Some(format!("{said}, and that it took effect at {seq}"));
        }
        match record {
            Some((there, at, rejected)) if (there, at, rejected) != (log, seq, &true) => {
                let what = if *rejected { "rejects" } else { "is an effect of" };
                Some(format!("{said}, but {at} of {there} {what} it"))
            }
            _ => None,
        }
    }

    fn take_in(&mut self, what: &Observation) -> Option<(RequestId, Option<String>)> {
        match what {
            Observation::RejectedOnRecord { request_id, log, seq, words } => {
                let told = (log.clone(), *seq, words.clone());
                let first = self.told.entry(*request_id).or_insert_with(|| told.clone());
                let other = (*first != told).then(|| format!("was told first {first:?}, then {told:?}"));
                Some((*request_id, other))
            }
            Observation::Acknowledged { request_id, seq, .. } => {
                self.acknowledged.insert(*request_id, *seq);
                Some((*request_id, None))
            }
            Observation::Applied { record, .. } => {
                let SeenRecord { log, seq, request_id, rejected, facts, guards, .. } = &**record;
                if self.records.contains_key(request_id) {
                    return None;
                }
                self.records.insert(*request_id, (log.clone(), *seq, *rejected));
                let changes = *rejected && !(facts.is_empty() && guards.is_empty());
                Some((
                    *request_id,
                    changes.then(|| format!("is rejected by {seq} of {log}, which has facts or guards")),
                ))
            }
            _ => None,
        }
    }
}

impl Invariant for RejectedOnRecord {
    fn name(&self) -> &'static str {
        "rejected_on_record"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let Some((request_id, wrong)) = self.take_in(what) else { return };
        for wrong in wrong.into_iter().chain(self.contradiction(&request_id)) {
            out.push(self.name(), at, format!("request {request_id} {wrong}"));
        }
    }

    fn finish(&mut self, at: Nanos, out: &mut Violations) {
        for (request_id, (log, seq, _)) in
            self.told.iter().filter(|(request_id, _)| !self.records.contains_key(request_id))
        {
            let detail = format!(
                "request {request_id} was told of its rejection at {seq} of {log}, but no such record was applied"
            );
            out.push(self.name(), at, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        SeenFact,
        testing::{A, B, G, acknowledged, applied, found, record, request, stored},
    };

    fn told(n: u8, seq: u64, words: &str) -> Observation {
        Observation::RejectedOnRecord { request_id: request(n), log: G, seq: Seq(seq), words: words.to_owned() }
    }

    fn rejecting(seq: u8, facts: &[SeenFact]) -> SeenRecord {
        SeenRecord { rejected: true, facts: facts.to_vec(), ..record(seq) }
    }

    fn count(stream: &[Observation]) -> usize {
        found(RejectedOnRecord::default(), stream).len()
    }

    #[test]
    fn a_rejection_without_its_record_is_reported_at_the_end() {
        let said = found(RejectedOnRecord::default(), &[told(1, 1, "x"), applied(A, record(2))]);
        let wanted =
            format!("request {} was told of its rejection at 1 of global, but no such record was applied", request(1));
        assert_eq!(said, [wanted]);
    }

    #[test]
    fn an_effect_of_a_request_that_was_told_of_its_rejection_is_reported_whichever_comes_first() {
        assert_eq!(count(&[told(1, 1, "x"), applied(A, record(1))]), 1);
        assert_eq!(count(&[applied(A, record(1)), told(1, 1, "x")]), 1);
        assert_eq!(count(&[applied(A, rejecting(1, &[])), told(1, 1, "x"), acknowledged(request(1), 1)]), 1);
        assert_eq!(count(&[acknowledged(request(1), 1), applied(A, rejecting(1, &[]))]), 1);
    }

    #[test]
    fn another_answer_later_and_another_place_are_reported() {
        let record = || applied(A, rejecting(1, &[]));
        assert_eq!(count(&[record(), told(1, 1, "x"), told(1, 1, "y")]), 1);
        assert_eq!(count(&[record(), told(1, 1, "x"), told(1, 0, "x")]), 1);
        assert_eq!(count(&[record(), told(1, 2, "x")]), 1);
        assert_eq!(count(&[applied(A, rejecting(1, &[stored("a")]))]), 1, "a rejection with an effect");
    }

    #[test]
    fn a_rejection_that_is_on_record_and_told_again_is_fine() {
        let record = |member| applied(member, rejecting(1, &[]));
        assert_eq!(count(&[record(A), told(1, 1, "x"), record(B), told(1, 1, "x"), acknowledged(request(2), 2)]), 0);
    }
}
