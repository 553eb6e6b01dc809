//! `guards_held`: no record is applied whose read set changed between deciding and applying.
//!
//! Source: ARCHITECTURE.md, "Life of a command", 3 and 6: a record carries (subject, revision) of all that its decision read; apply
//! compares them, and a difference is a conflict that stores nothing. This rule compares again, against revisions it works out from the
//! facts alone.
//! Kung and Robinson, "On Optimistic Methods for Concurrency Control", 1981, is the general form.
//!
//! Looks like a violation and is not: a record replayed after a start, or applied by a second member (it was right when it was
//! first applied, and [`crate::same_record_everywhere`] says that it is the same); an orphan of an earlier incarnation; a subject
//! removed and made again (its revision is the sequence number of the record that made it, never an old one).

use std::collections::BTreeMap;

use ids::{Log, Revision, Seq, Subject};

use crate::{
    Invariant, Nanos, Observation, SeenRecord, Violations,
    canon::{Canon, Place},
};

#[derive(Debug, Default)]
pub struct GuardsHeld {
    logs: BTreeMap<Log, Rows>,
}

/// The revisions of one log at the head of its history.
#[derive(Debug, Default)]
struct Rows {
    canon: Canon,
    revisions: BTreeMap<Subject, Revision>,
    /// What each fact found, in order, so that a later incarnation can begin before the head.
    undo: Vec<(Seq, Subject, Revision)>,
}

impl Rows {
    fn revision(&self, subject: &Subject) -> Revision {
        self.revisions.get(subject).copied().unwrap_or(Revision::ABSENT)
    }

    fn set(&mut self, subject: &Subject, revision: Revision) {
        if revision == Revision::ABSENT {
            self.revisions.remove(subject);
        } else {
            self.revisions.insert(subject.clone(), revision);
        }
    }

    fn undo_from(&mut self, seq: Seq) {
        while let Some((_, subject, before)) = self.undo.pop_if(|(written, _, _)| *written >= seq) {
            self.set(&subject, before);
        }
    }

    /// Takes the record in; tells each guard that did not hold.
    fn fold(&mut self, record: &SeenRecord) -> Vec<String> {
        let broken = record.guards.iter().filter(|guard| guard.revision != self.revision(&guard.subject));
        let broken = broken.map(|guard| {
            let (subject, now) = (&guard.subject, self.revision(&guard.subject));
            format!("was decided on {subject} at {}, which is at {now}", guard.revision)
        });
        let broken = broken.collect();
        for fact in &record.facts {
            self.undo.push((record.seq, fact.subject.clone(), self.revision(&fact.subject)));
            let revision = fact.after.map_or(Revision::ABSENT, |_| Revision::from(record.seq));
            self.set(&fact.subject, revision);
        }
        broken
    }
}

impl Invariant for GuardsHeld {
    fn name(&self) -> &'static str {
        "guards_held"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let Observation::Applied { member, record } = what else { return };
        let rows = self.logs.entry(record.log.clone()).or_default();
        match rows.canon.admit(record) {
            Place::Elsewhere => return,
            Place::Next => {}
            Place::Replaces => rows.undo_from(record.seq),
        }
        let SeenRecord { log, incarnation, seq, .. } = &**record;
        for broken in rows.fold(record) {
            out.push(self.name(), at, format!("{log}@{incarnation}.{seq} applied by {member} {broken}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use ids::Incarnation;

    use super::*;
    use crate::{
        SeenFact, SeenGuard,
        testing::{A, B, applied, found, guard, record, removed, stored},
    };

    fn writes(seq: u8, guards: &[SeenGuard], facts: &[SeenFact]) -> SeenRecord {
        SeenRecord { guards: guards.to_vec(), facts: facts.to_vec(), ..record(seq) }
    }

    #[test]
    fn a_record_decided_on_what_has_changed_is_reported_once() {
        let records =
            [writes(1, &[], &[stored("x")]), writes(2, &[], &[stored("x")]), writes(3, &[guard("x", 1)], &[])];
        let by = |member| records.iter().cloned().map(move |record| applied(member, record));
        let stream: Vec<_> = by(A).chain(by(B)).collect();
        assert_eq!(
            found(GuardsHeld::default(), &stream),
            ["global@1.3 applied by m1 was decided on x at 1, which is at 2"]
        );
    }

    #[test]
    fn a_subject_that_must_be_absent_and_is_not_is_reported() {
        let stream = [applied(A, writes(1, &[], &[stored("x")])), applied(A, writes(2, &[guard("x", 0)], &[]))];
        assert_eq!(found(GuardsHeld::default(), &stream).len(), 1);
    }

    #[test]
    fn guards_on_what_is_there_or_absent_or_removed_hold() {
        let stream = [
            applied(A, writes(1, &[guard("x", 0)], &[stored("x"), stored("y")])),
            applied(A, writes(2, &[guard("x", 1), guard("y", 1)], &[removed("x")])),
            applied(B, writes(1, &[guard("x", 0)], &[stored("x"), stored("y")])),
            applied(A, writes(3, &[guard("x", 0), guard("y", 1)], &[stored("x")])),
            applied(A, writes(4, &[guard("x", 3)], &[])),
        ];
        assert!(found(GuardsHeld::default(), &stream).is_empty());
    }

    #[test]
    fn a_later_incarnation_is_held_to_what_was_before_it_began() {
        let second_life = |record| SeenRecord { incarnation: Incarnation(2), ..record };
        let stream = [
            applied(A, writes(1, &[], &[stored("x")])),
            applied(A, writes(2, &[guard("x", 1)], &[stored("x")])),
            applied(A, writes(3, &[guard("x", 2)], &[removed("x")])),
            applied(B, second_life(writes(2, &[guard("x", 1)], &[stored("y")]))),
            applied(B, second_life(writes(3, &[guard("x", 1), guard("y", 2)], &[]))),
        ];
        assert!(found(GuardsHeld::default(), &stream).is_empty());
    }
}
