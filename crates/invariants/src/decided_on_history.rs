//! `decided_on_history`: what a stored record was decided on is what its log's history holds.
//!
//! Source: ARCHITECTURE.md, "Life of a command", 3. Guards compare revisions, and a revision is a place in the log, not what
//! is there. A leader decides on a guess of what will be at places that are not settled; if another record takes such a place and writes
//! the same subject, the guard holds although the decision saw other content: a lost update that [`crate::guards_held`] cannot see.
//! So this rule compares who wrote: the request that the decision saw at each revision, and the one whose record is there.
//!
//! Looks like a violation and is not: a decision on a wrong guess that came to a conflict (it is stored nowhere); a record of an
//! earlier incarnation that a later one replaced.

use std::collections::BTreeMap;

use ids::{Log, RequestId, Revision, Seq};

use crate::{
    Invariant, Nanos, Observation, SeenRecord, Violations,
    canon::{Canon, Place},
};

const NAME: &str = "decided_on_history";

#[derive(Debug, Default)]
pub struct DecidedOnHistory {
    /// What decisions saw, by log and proposal, until a record is made of it.
    decided: BTreeMap<(Log, u64), Vec<(Revision, RequestId)>>,
    logs: BTreeMap<Log, Writers>,
}

/// Who made the records of one log.
#[derive(Debug, Default)]
struct Writers {
    canon: Canon,
    by_seq: BTreeMap<Seq, RequestId>,
}

impl Invariant for DecidedOnHistory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let record = match what {
            Observation::Decided { log, proposal, seen, .. } => {
                self.decided.insert((log.clone(), *proposal), seen.clone());
                return;
            }
            Observation::Applied { record, .. } => record,
            _ => return,
        };
        let SeenRecord { log, incarnation, seq, request_id, proposal, .. } = &**record;
        let writers = self.logs.entry(log.clone()).or_default();
        match writers.canon.admit(record) {
            Place::Elsewhere => return,
            Place::Next => {}
            Place::Replaces => drop(writers.by_seq.split_off(seq)),
        }
        let seen = self.decided.remove(&(log.clone(), *proposal));
        for (revision, seen) in seen.into_iter().flatten() {
            let there = writers.by_seq.get(&Seq(revision.0)).filter(|there| **there != seen);
            if let Some(there) = there {
                let detail = format!(
                    "{log}@{incarnation}.{seq} was decided on {revision} of request {seen}, which is of {there}"
                );
                out.push(NAME, at, detail);
            }
        }
        writers.by_seq.insert(*seq, *request_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, G, applied, found, record, request};

    fn decided(proposal: u64, revision: u64, writer: u8) -> Observation {
        Observation::Decided { member: A, log: G, proposal, seen: vec![(Revision(revision), request(writer))] }
    }

    #[test]
    fn a_record_decided_on_a_place_that_another_record_took_is_reported_once() {
        let stream = [
            applied(A, record(1)),
            decided(3, 2, 9),
            applied(A, record(2)),
            applied(A, record(3)),
            applied(B, record(1)),
            applied(B, record(2)),
            applied(B, record(3)),
        ];
        let said = found(DecidedOnHistory::default(), &stream);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said.first().is_some_and(|said| said.starts_with("global@1.3 was decided on 2 of request")),
            "{said:?}"
        );
    }

    #[test]
    fn what_was_guessed_right_and_what_came_to_nothing_is_quiet() {
        let right =
            [applied(A, record(1)), decided(2, 1, 1), decided(3, 2, 2), applied(A, record(2)), applied(A, record(3))];
        assert!(found(DecidedOnHistory::default(), &right).is_empty());
        let stored_nowhere = [applied(A, record(1)), decided(77, 1, 9), applied(A, record(2))];
        assert!(found(DecidedOnHistory::default(), &stored_nowhere).is_empty());
    }
}
