//! Snapshots: what goes in comes out, and what was damaged or is another's is told apart by its error.
//!
//! Damage is made in the message and sealed again where the checksum alone would hide which check is under test.

use proptest::prelude::*;
use wire::seal::unseal;

use super::*;
use crate::testing::{assert_same, filled, history, log, named, rejection, request, steps, store};
use wire::LEVEL;

/// Where a group stood, with both kinds of members.
fn mark() -> proto::RaftMark {
    let at = |index| Some(proto::RaftLogId { term: 3, index });
    let voters = proto::RaftVoterSet { members: vec![1, 2, 3] };
    let membership = proto::RaftMembership { voter_sets: vec![voters], members: vec![1, 2, 3, 4] };
    proto::RaftMark {
        applied: at(17),
        membership: Some(proto::RaftStoredMembership { set_at: at(5), membership: Some(membership) }),
    }
}

fn opened(sealed: &Bytes) -> proto::Snapshot {
    decode(WHAT, unseal(WHAT, sealed).unwrap()).unwrap()
}

/// The error of a snapshot whose message was changed and sealed again.
fn refused(change: impl FnOnce(&mut proto::Snapshot)) -> Error {
    let mut message = opened(&pack(&filled(3).0, None));
    change(&mut message);
    unpack(&log(), &seal(&encode(&message))).unwrap_err()
}

#[test]
fn a_state_comes_out_as_it_went_in_with_its_requests_and_its_mark() {
    let (mut state, _) = filled(20);
    store(&mut state, 100, &[("s/0007", 7)], &[("s/0007", None), ("s/0008", Some("new"))]);
    for mark in [None, Some(mark())] {
        let (read, read_mark) = unpack(&log(), &pack(&state, mark.clone())).unwrap();
        assert_same(&state, &read);
        assert_eq!(read_mark, mark);
        assert!(read.outcome(&request(100)).is_some());
    }
}

#[test]
fn a_rejection_is_remembered_and_needs_a_reader_that_knows_of_it() {
    let (mut state, _) = filled(3);
    assert_eq!(opened(&pack(&state, None)).level, 1, "readers of before read what holds none");
    let (proposal, bytes) = rejection(9);
    state.apply(&proposal, &bytes);
    let sealed = pack(&state, None);
    assert_eq!(opened(&sealed).level, 2);
    let (read, _) = unpack(&log(), &sealed).unwrap();
    assert_same(&state, &read);
    assert_eq!(read.outcome(&request(9)).unwrap().rejected, proposal.rejected);
}

#[test]
fn an_empty_state_and_two_packs_of_one_state_are_nothing_special() {
    let empty = LogState::new(log());
    assert_same(&empty, &unpack(&log(), &pack(&empty, None)).unwrap().0);
    let (state, _) = filled(20);
    assert_eq!(pack(&state, None), pack(&state, None), "one state has one encoding");
}

#[test]
fn every_flipped_byte_and_every_cut_is_a_checksum_error() {
    let sealed = pack(&filled(3).0, Some(mark()));
    for at in 0..sealed.len() {
        let mut damaged = sealed.to_vec();
        damaged[at] ^= 0x20;
        let flipped = unpack(&log(), &damaged.into()).unwrap_err();
        assert!(
            matches!(flipped, Error::Checksum { what: WHAT, bytes } if bytes == sealed.len()),
            "byte {at}: {flipped}"
        );
        let cut = unpack(&log(), &sealed.slice(..at)).unwrap_err();
        assert!(matches!(cut, Error::Checksum { what: WHAT, bytes } if bytes == at), "cut at {at}: {cut}");
    }
}

#[test]
fn a_snapshot_of_another_log_is_refused_with_both_names() {
    let error = unpack(&named("global"), &pack(&filled(3).0, None)).unwrap_err();
    assert!(
        matches!(error, Error::OtherLog { what: WHAT, given, wanted } if given == "region/eu-1" && wanted == "global")
    );
    assert!(matches!(refused(|message| message.log = "nowhere".to_owned()), Error::Field { field: "log", .. }));
}

#[test]
fn a_snapshot_of_another_incarnation_is_refused_by_who_follows_one() {
    let (mut state, _) = filled(3);
    state.incarnation = Incarnation(2);
    let sealed = pack(&state, None);
    let error = unpack_same_life(&log(), Incarnation(1), &sealed).unwrap_err();
    assert!(matches!(error, Error::OtherIncarnation { what: WHAT, given: Incarnation(2), wanted: Incarnation(1) }));
    assert_same(&state, &unpack_same_life(&log(), Incarnation(2), &sealed).unwrap().0);
}

#[test]
fn a_snapshot_of_a_later_level_is_refused_with_its_level() {
    let error = refused(|message| message.level = LEVEL + 1);
    assert!(matches!(error, Error::FromTheFuture { what: WHAT, level, supported: LEVEL } if level == LEVEL + 1));
}

#[test]
fn rows_that_are_not_what_the_digest_says_are_refused_with_both_digests() {
    let said = filled(3).0.digest();
    let spoil: [fn(&mut proto::Snapshot); 4] = [
        |message| message.rows[1].value = Bytes::from_static(b"other"),
        |message| message.rows[1].revision += 1,
        |message| message.rows[1].subject = "s/other".to_owned(),
        |message| drop(message.rows.pop()),
    ];
    for change in spoil {
        let error = refused(change);
        assert!(matches!(error, Error::Digest { computed, said: told } if told == said && computed != said), "{error}");
    }
}

#[test]
fn fields_of_another_shape_are_refused_by_name() {
    let short = || Bytes::from_static(b"short");
    let cases = [
        (refused(|message| message.head_hash = short()), "head_hash"),
        (refused(|message| message.state_digest = short()), "state_digest"),
        (refused(|message| message.rows[0].subject = "no spaces".to_owned()), "subject"),
        (refused(|message| message.requests[0].request_id = short()), "request_id"),
        (refused(|message| message.requests[0].response = String::new()), "response"),
    ];
    for (error, wanted) in cases {
        assert!(matches!(&error, Error::Field { what: WHAT, field, .. } if *field == wanted), "{wanted}: {error}");
    }
    let sealed = seal(b"\xff\xff\xff");
    assert!(matches!(unpack(&log(), &sealed).unwrap_err(), Error::Unreadable { what: WHAT, bytes: 3, .. }));
}

proptest! {
    #[test]
    fn a_snapshot_and_the_records_after_it_are_as_good_as_all_records(steps in steps(), pick in any::<prop::sample::Index>()) {
        let (records, states) = history(&steps);
        let at = pick.index(states.len());
        let (mut resumed, _) = unpack(&log(), &pack(&states[at], None)).unwrap();
        assert_same(&states[at], &resumed);
        for record in &records[at..] {
            resumed.apply_record(record).unwrap();
        }
        assert_same(states.last().unwrap(), &resumed);
    }
}
