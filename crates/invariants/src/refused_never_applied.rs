//! `refused_never_applied`: a command whose client was told that it never takes effect is in no record, before or after.
//!
//! Source: ARCHITECTURE.md, "Life of a command": not done has no effect and never will; whoever cannot promise that answers
//! unsettled. Clients never use a request id again after a refusal.
//!
//! Looks like a violation and is not: a record that says that the request was rejected ([`crate::rejected_on_record`]). An unknown
//! outcome that turns out to be an effect. An answer to a second attempt that speaks
//! only of that attempt, while the first is still open, is not a refusal of the request and must not be observed as one.

use std::collections::BTreeMap;

use ids::{Log, RequestId, Seq};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct RefusedNeverApplied {
    refused: BTreeMap<RequestId, &'static str>,
    applied: BTreeMap<RequestId, (Log, Seq)>,
}

impl Invariant for RefusedNeverApplied {
    fn name(&self) -> &'static str {
        "refused_never_applied"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let request_id = match what {
            Observation::Refused { request_id, reason } => {
                if self.refused.insert(*request_id, reason).is_some() {
                    return;
                }
                request_id
            }
            Observation::Applied { record, .. } if !record.rejected => {
                if self.applied.contains_key(&record.request_id) {
                    return;
                }
                self.applied.insert(record.request_id, (record.log.clone(), record.seq));
                &record.request_id
            }
            _ => return,
        };
        if let (Some(reason), Some((log, seq))) = (self.refused.get(request_id), self.applied.get(request_id)) {
            let detail = format!("request {request_id} was refused ({reason}) and is record {seq} of {log}");
            out.push(self.name(), at, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        SeenRecord,
        testing::{A, B, applied, found, record, request},
    };

    fn refused(n: u8) -> Observation {
        Observation::Refused { request_id: request(n), reason: "NO_QUORUM" }
    }

    #[test]
    fn a_refused_request_in_a_record_is_reported_once_whichever_comes_first() {
        let stream = [refused(1), applied(A, record(1)), applied(B, record(1)), refused(1)];
        let detail = format!("request {} was refused (NO_QUORUM) and is record 1 of global", request(1));
        assert_eq!(found(RefusedNeverApplied::default(), &stream), [detail]);
        assert_eq!(found(RefusedNeverApplied::default(), &[applied(A, record(1)), refused(1)]).len(), 1);
    }

    #[test]
    fn an_unknown_outcome_and_other_requests_are_fine() {
        let rejected = SeenRecord { rejected: true, ..record(2) };
        let stream =
            [Observation::Unknown { request_id: request(1) }, applied(A, record(1)), refused(2), applied(A, rejected)];
        assert!(found(RefusedNeverApplied::default(), &stream).is_empty());
    }
}
