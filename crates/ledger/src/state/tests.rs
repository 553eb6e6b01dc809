//! What a record does to a state, and every way in which a record of another member is refused.
//!
//! A refusal is checked with the whole state before and after, because a state that a refused record changed a little would differ
//! from all others without anyone noticing.

use ids::{Hash, Hlc, Incarnation, limits::REMEMBERED_REQUESTS_MAX};
use proptest::prelude::*;
use wire::{LEVEL, proto};

use super::*;
use crate::testing::{
    COMMAND, assert_same, digest_of_rows, filled, history, log, named, play, proposal, rejection, request, steps,
    store, subject,
};

/// The error of a record that must be refused, after checking that nothing changed.
fn refused(state: &LogState, record: &Record) -> Error {
    let mut after = state.clone();
    let error = after.apply_record(record).unwrap_err();
    assert_same(state, &after);
    error
}

/// A state of three records and the one that would come next, to be spoiled.
fn next_record() -> (LogState, Record) {
    let (state, _) = filled(3);
    let record = store(&mut state.clone(), 4, &[("s/0001", 1)], &[("s/0004", Some("four"))]);
    (state, record)
}

#[test]
fn a_record_gives_its_subjects_its_sequence_as_revision() {
    let mut state = LogState::new(log());
    store(&mut state, 1, &[], &[("a", Some("one")), ("b", Some("two"))]);
    store(&mut state, 2, &[("a", 1)], &[("a", Some("three"))]);
    let rows: Vec<_> = state.rows().map(|(subject, row)| (subject.as_str(), row.revision.0, &row.value[..])).collect();
    assert_eq!(rows, [("a", 2, &b"three"[..]), ("b", 1, &b"two"[..])]);
    assert_eq!(state.position().seq, Seq(2));
    assert_eq!(
        state.outcome(&request(2)),
        Some(&Outcome { seq: Seq(2), response: subject("a"), command: Some(COMMAND), rejected: None })
    );
    assert_eq!(state.digest(), digest_of_rows(&state));
}

#[test]
fn what_changed_since_an_earlier_state_is_what_is_new_or_another_and_nothing_else() {
    let (older, _) = filled(300);
    let mut state = older.clone();
    assert_eq!(state.changed_since(&older).count(), 0);
    store(&mut state, 301, &[("s/0007", 7)], &[("s/0007", Some("changed")), ("s/0009", None), ("t", Some("new"))]);
    let changed: Vec<_> =
        state.changed_since(&older).map(|(subject, row)| (subject.as_str(), row.revision.0)).collect();
    assert_eq!(changed, [("s/0007", 301), ("t", 301)]);
    let nothing = LogState::new(log());
    assert_eq!(state.changed_since(&nothing).count(), state.rows().count());
}

#[test]
fn a_failed_guard_is_a_conflict_and_changes_nothing() {
    let (state, _) = filled(3);
    for (guards, culprit) in [
        (vec![("s/0001", 2)], "s/0001"),
        (vec![("s/0001", 1), ("s/0002", 0)], "s/0002"),
        (vec![("absent", 1)], "absent"),
    ] {
        let mut after = state.clone();
        let (proposal, bytes) = proposal(9, &guards, &[("s/0001", Some("new"))]);
        assert_eq!(after.apply(&proposal, &bytes), Applied::Conflict { subject: subject(culprit) });
        assert_same(&state, &after);
    }
}

#[test]
fn a_request_that_was_applied_before_has_its_first_outcome_and_changes_nothing() {
    let (state, _) = filled(3);
    let mut after = state.clone();
    // Other facts and a guard that fails: the request was answered, so neither matters.
    let (proposal, bytes) = proposal(2, &[("s/0001", 77)], &[("other", Some("new"))]);
    let first = Outcome { seq: Seq(2), response: subject("s/0002"), command: Some(COMMAND), rejected: None };
    assert_eq!(after.apply(&proposal, &bytes), Applied::Duplicate(first));
    assert_same(&state, &after);
}

#[test]
fn of_an_effect_and_a_rejection_of_one_request_the_first_in_the_log_holds() {
    let (effect, rejected) = (proposal(9, &[], &[("new", Some("v"))]), rejection(9));
    let (before, _) = filled(3);
    for (first, second) in [(&effect, &rejected), (&rejected, &effect)] {
        let mut state = before.clone();
        assert!(matches!(state.apply(&first.0, &first.1), Applied::Stored { .. }));
        let after_first = state.clone();
        let Applied::Duplicate(outcome) = state.apply(&second.0, &second.1) else { panic!("the second was stored") };
        assert_eq!((outcome.seq, &outcome.rejected), (Seq(4), &first.0.rejected));
        assert_same(&after_first, &state);
    }
}

#[test]
fn a_rejection_is_a_record_that_changes_no_row() {
    let (mut state, _) = filled(3);
    let before = state.clone();
    let (proposal, bytes) = rejection(9);
    let Applied::Stored { record, .. } = state.apply(&proposal, &bytes) else { panic!("not stored") };
    assert_eq!((state.digest(), state.changed_since(&before).count()), (before.digest(), 0));
    assert_eq!((state.seq, state.hash), (Seq(4), record.hash()));
    // The look-ahead and a replica remember it too.
    let mut ahead = before.clone();
    ahead.foresee(&proposal);
    let mut replica = before;
    replica.apply_record(&record).unwrap();
    assert_eq!(ahead.outcome(&request(9)), state.outcome(&request(9)));
    assert_same(&state, &replica);
}

#[test]
fn a_subject_that_was_removed_and_made_again_has_a_revision_it_never_had() {
    let mut state = LogState::new(log());
    store(&mut state, 1, &[("a", 0)], &[("a", Some("x"))]);
    store(&mut state, 2, &[("a", 1)], &[("a", None)]);
    assert_eq!(state.revision(&subject("a")), Revision::ABSENT);
    assert_eq!(state.digest(), StateDigest::default().hash(), "no row leaves no trace");
    store(&mut state, 3, &[("a", 0)], &[("a", Some("x"))]);
    assert_eq!(state.revision(&subject("a")), Revision(3));
    let (proposal, bytes) = proposal(4, &[("a", 1)], &[("a", Some("y"))]);
    assert!(matches!(state.apply(&proposal, &bytes), Applied::Conflict { .. }), "the first life's revision is over");
}

#[test]
fn removing_what_is_absent_is_a_record_that_changes_no_row() {
    let (mut state, _) = filled(1);
    let digest = state.digest();
    store(&mut state, 2, &[], &[("absent", None)]);
    assert_eq!((state.seq, state.rows().count(), state.digest()), (Seq(2), 1, digest));
}

#[test]
fn remembered_requests_are_bounded_and_the_oldest_is_forgotten_first() {
    let mut state = LogState::new(log());
    let max = REMEMBERED_REQUESTS_MAX as u64;
    let response = subject("s");
    for seq in 1..=max {
        state.requests.remember(
            request(seq),
            Outcome { seq: Seq(seq), response: response.clone(), command: Some(COMMAND), rejected: None },
        );
    }
    state.seq = Seq(max);
    assert!(state.outcome(&request(1)).is_some(), "exactly as many as promised are remembered");
    for number in [max + 1, max + 2] {
        store(&mut state, number, &[], &[("s", Some("v"))]);
    }
    assert_eq!(state.requests.iter().count(), REMEMBERED_REQUESTS_MAX);
    let remembered = [1, 2, 3, max + 2].map(|number| state.outcome(&request(number)).is_some());
    assert_eq!(remembered, [false, false, true, true]);
    // A request that was forgotten is a new one.
    assert_eq!(store(&mut state, 1, &[], &[("s", Some("w"))]).seq, Seq(max + 3));
}

#[test]
fn a_records_time_is_later_than_the_last_even_when_the_leaders_clock_stepped_back() {
    let mut state = LogState::new(log());
    let first = store(&mut state, 500, &[], &[("a", Some("x"))]);
    let second = store(&mut state, 1, &[], &[("a", Some("y"))]);
    assert_eq!(second.hlc, Hlc(first.hlc.0 + 1));
}

#[test]
fn a_record_out_of_place_is_refused_with_what_was_wrong() {
    let (state, record) = next_record();
    let other = Record { log: named("region/us-1"), ..record.clone() };
    assert!(matches!(refused(&state, &other), Error::OtherLog { what: "a record", given, wanted }
        if given == "region/us-1" && wanted == "region/eu-1"));
    let other = Record { incarnation: Incarnation(2), ..record.clone() };
    assert!(matches!(
        refused(&state, &other),
        Error::OtherIncarnation { given: Incarnation(2), wanted: Incarnation(1), .. }
    ));
    for seq in [Seq(3), Seq(5)] {
        let moved = Record { seq, ..record.clone() };
        assert!(matches!(refused(&state, &moved), Error::OutOfOrder { given, wanted: Seq(4) } if given == seq));
    }
    let torn = Record { prev_hash: Hash([7; 32]), ..record.clone() };
    assert!(matches!(refused(&state, &torn), Error::BrokenChain { seq: Seq(4), given, wanted }
        if given == Hash([7; 32]) && wanted == state.hash));
    for hlc in [state.hlc, Hlc(0)] {
        let late = Record { hlc, ..record.clone() };
        assert!(matches!(refused(&state, &late), Error::TimeStoodStill { seq: Seq(4), given, last }
            if given == hlc && last == state.hlc));
    }
}

#[test]
fn a_record_whose_content_cannot_follow_is_refused_with_what_was_wrong() {
    let (state, record) = next_record();
    let (_, guarded) = proposal(4, &[("s/0001", 9)], &[("s/0004", Some("four"))]);
    let unguarded = Record { proposal: guarded, ..record.clone() };
    assert!(matches!(refused(&state, &unguarded), Error::GuardFailed { seq: Seq(4), subject } if subject == "s/0001"));
    let (_, again) = proposal(2, &[], &[("s/0004", Some("four"))]);
    let twice = Record { proposal: again, ..record.clone() };
    assert!(matches!(refused(&state, &twice), Error::RequestTwice { seq: Seq(4), first: Seq(2) }));
    let mut newer: proto::Proposal = wire::decode("a test", record.proposal.clone()).unwrap();
    newer.level = LEVEL + 1;
    let newer = Record { proposal: wire::encode(&newer), ..record.clone() };
    assert!(
        matches!(refused(&state, &newer), Error::FromTheFuture { level, supported: LEVEL, .. } if level == LEVEL + 1)
    );
    let garbage = Record { proposal: Bytes::from_static(b"\xff\xff"), ..record };
    assert!(matches!(refused(&state, &garbage), Error::Unreadable { bytes: 2, .. }));
}

#[test]
fn the_entries_of_a_set_come_in_order_and_page_by_page() {
    let mut state = LogState::new(log());
    let rows = ["p#kids", "p#kids/a", "p#kids/b/x", "p#kids/c", "p#kids0", "p#kid/z", "p#kidsy/a", "q#kids/d"];
    store(&mut state, 1, &[], &rows.map(|row| (row, Some("m"))));
    let kids = subject("p#kids");
    assert_eq!(state.entries(&kids, None, 10), ["a", "b/x", "c"], "neither the set's own row nor its neighbours");
    assert_eq!(state.entries(&kids, None, 2), ["a", "b/x"]);
    assert_eq!(state.entries(&kids, Some("b/x"), 2), ["c"]);
    assert_eq!(state.entries(&kids, Some("aa"), 1), ["b/x"], "a page may begin after an entry that is gone");
    assert!(state.entries(&kids, Some("c"), 2).is_empty());
    assert!(state.entries(&kids, None, 0).is_empty());
    assert!(state.entries(&subject("none"), None, 10).is_empty());
}

#[test]
fn a_row_that_is_no_entity_is_an_error_that_names_it() {
    let mut state = LogState::new(log());
    store(&mut state, 1, &[], &[("a", Some("\u{1}not an entity"))]);
    assert_eq!(state.get(&subject("a")).unwrap_err().subject, subject("a"));
    assert_eq!(state.get(&subject("b")).unwrap(), None);
}

proptest! {
    #[test]
    fn whoever_folds_the_records_has_the_same_state_after_each(steps in steps()) {
        let (records, states) = history(&steps);
        let mut folded = LogState::new(log());
        for (record, wanted) in records.iter().zip(&states[1..]) {
            let proposal = folded.apply_record(record).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(proposal.encode().unwrap(), record.proposal.clone());
            assert_same(wanted, &folded);
            prop_assert_eq!(folded.hash, record.hash());
            prop_assert_eq!(folded.digest(), digest_of_rows(&folded));
        }
        prop_assert_eq!(folded.seq.0, records.len() as u64);
    }

    #[test]
    fn what_is_not_stored_changes_nothing(steps in steps()) {
        let mut state = LogState::new(log());
        for step in &steps {
            let before = state.clone();
            if !matches!(play(&mut state, step), Applied::Stored { .. }) {
                assert_same(&before, &state);
            }
        }
    }
}
