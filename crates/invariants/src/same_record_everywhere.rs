//! `same_record_everywhere`: the same place in a log has the same record, and the same state after it, on every member of every
//! region.
//!
//! Source: Raft (Ongaro and Ousterhout), figure 3, State Machine Safety; ARCHITECTURE.md, "Life of a record across regions": exact
//! record bytes are shipped. Apply is a function of the records alone, and the state digest shows when it is not.
//!
//! Looks like a violation and is not: places of different incarnations with the same sequence number (a takeover leaves orphans
//! behind); a member that is merely behind.

use std::collections::BTreeMap;

use ids::{Hash, Incarnation, Log, MemberId, Seq};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct SameRecordEverywhere {
    records: Places,
    states: Places,
}

/// What was seen first at each place, and on whom.
#[derive(Debug, Default)]
struct Places(BTreeMap<Log, BTreeMap<Place, First>>);

type Place = (Incarnation, Seq);
type First = (Hash, MemberId);

/// What a member shows at a place.
struct Shown<'a> {
    member: MemberId,
    log: &'a Log,
    place: Place,
    hash: Hash,
}

impl Places {
    /// How `shown` differs from what was first seen there, if it does.
    fn differs(&mut self, kind: &str, shown: &Shown<'_>) -> Option<String> {
        let Shown { member, log, place, hash } = shown;
        let seen = self.0.entry((*log).clone()).or_default();
        let (first, holder) = *seen.entry(*place).or_insert((*hash, *member));
        let (incarnation, seq) = place;
        (first != *hash)
            .then(|| format!("{log}@{incarnation}.{seq}: {kind} is {hash:?} on {member}, {first:?} on {holder}"))
    }
}

impl SameRecordEverywhere {
    fn compare(&mut self, what: &Observation) -> [Option<String>; 2] {
        match what {
            Observation::Applied { member, record } => {
                let place = (record.incarnation, record.seq);
                let shown = Shown { member: *member, log: &record.log, place, hash: record.hash };
                [self.records.differs("record", &shown), None]
            }
            Observation::Installed { member, log, incarnation, seq, hash, digest } => {
                let shown = |hash| Shown { member: *member, log, place: (*incarnation, *seq), hash };
                [self.records.differs("record", &shown(*hash)), self.states.differs("state", &shown(*digest))]
            }
            Observation::StateDigest { member, log, incarnation, seq, digest } => {
                let shown = Shown { member: *member, log, place: (*incarnation, *seq), hash: *digest };
                [self.states.differs("state", &shown), None]
            }
            _ => [None, None],
        }
    }
}

impl Invariant for SameRecordEverywhere {
    fn name(&self) -> &'static str {
        "same_record_everywhere"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        for detail in self.compare(what).into_iter().flatten() {
            out.push(self.name(), at, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        SeenRecord,
        testing::{A, B, G, applied, found, hash, installed, record},
    };

    fn state(member: MemberId, seq: u64, digest: u8) -> Observation {
        let (incarnation, digest) = (Incarnation::FIRST, hash(digest));
        Observation::StateDigest { member, log: G, incarnation, seq: Seq(seq), digest }
    }

    #[test]
    fn two_records_at_one_place_are_reported() {
        let stream = [applied(A, record(1)), applied(B, SeenRecord { hash: hash(9), ..record(1) })];
        assert_eq!(
            found(SameRecordEverywhere::default(), &stream),
            ["global@1.1: record is 090909090909 on m2, 010101010101 on m1"]
        );
    }

    #[test]
    fn two_states_at_one_place_are_reported_also_from_a_snapshot() {
        assert_eq!(found(SameRecordEverywhere::default(), &[state(A, 5, 1), state(B, 5, 2)]).len(), 1);
        let stream = [applied(A, SeenRecord { hash: hash(8), ..record(5) }), state(A, 5, 1), installed(B, 5)];
        assert_eq!(
            found(SameRecordEverywhere::default(), &stream),
            [
                "global@1.5: record is 050505050505 on m2, 080808080808 on m1",
                "global@1.5: state is 050505050505 on m2, 010101010101 on m1",
            ]
        );
    }

    #[test]
    fn equal_places_and_other_incarnations_are_fine() {
        let orphan = SeenRecord { incarnation: Incarnation(2), hash: hash(9), ..record(5) };
        let stream = [applied(A, record(5)), state(A, 5, 5), installed(B, 5), state(B, 6, 1), applied(B, orphan)];
        assert!(found(SameRecordEverywhere::default(), &stream).is_empty());
    }
}
