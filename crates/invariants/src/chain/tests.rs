//! Smallest streams in which a member's records do, or only seem to, break the chain.

use super::*;
use crate::{
    QuarantineCause,
    testing::{A, B, G, applied, found, hash, installed, record},
};

fn violations(stream: &[Observation]) -> Vec<String> {
    found(Chain::default(), stream)
}

fn after_first(record: SeenRecord) -> Vec<String> {
    violations(&[applied(A, crate::testing::record(1)), applied(A, record)])
}

#[test]
fn a_gap_and_a_repetition_are_reported() {
    assert_eq!(after_first(record(3)), ["global@1.3 on m1: applied right after 1"]);
    assert_eq!(after_first(record(1)), ["global@1.1 on m1: applied right after 1"]);
    assert_eq!(violations(&[applied(A, record(2))]), ["global@1.2 on m1: applied right after 0"]);
}

#[test]
fn a_wrong_predecessor_is_reported() {
    let forged = SeenRecord { prev_hash: hash(9), ..record(2) };
    assert_eq!(after_first(forged), ["global@1.2 on m1: names 090909090909 before it, which is 010101010101"]);
    assert_eq!(violations(&[applied(A, SeenRecord { prev_hash: hash(9), ..record(1) })]).len(), 1);
}

#[test]
fn a_time_that_does_not_rise_and_an_incarnation_that_falls_are_reported() {
    assert_eq!(
        after_first(SeenRecord { hlc: record(1).hlc, ..record(2) }),
        ["global@1.2 on m1: its time 0.10 is not after 0.10"]
    );
    let second_life = SeenRecord { incarnation: Incarnation(2), ..record(1) };
    assert_eq!(
        violations(&[applied(A, second_life), applied(A, record(2))]),
        ["global@1.2 on m1: incarnation fell from 2"]
    );
}

#[test]
fn a_snapshot_that_takes_back_what_is_applied_is_reported() {
    let stream = [installed(A, 5), installed(A, 3)];
    assert_eq!(violations(&stream), ["global@1.3 on m1: a snapshot went back from 5"]);
}

#[test]
fn members_go_on_each_for_itself_and_over_snapshots() {
    let stream = [
        applied(A, record(1)),
        applied(B, record(1)),
        applied(A, record(2)),
        installed(B, 4),
        applied(B, record(5)),
        applied(A, record(3)),
    ];
    assert!(violations(&stream).is_empty());
}

#[test]
fn a_member_that_started_begins_again() {
    let started = Observation::Started { member: A };
    let stream =
        [applied(A, record(1)), applied(A, record(2)), started.clone(), applied(A, record(1)), started.clone()];
    assert!(violations(&stream).is_empty());
    let stream = [applied(A, record(1)), started.clone(), installed(A, 1), applied(A, record(2))];
    assert!(violations(&stream).is_empty());
    let stream = [applied(A, record(1)), started, applied(A, record(2))];
    assert_eq!(violations(&stream), ["global@1.2 on m1: applied right after 0"], "nothing was left in memory");
}

#[test]
fn a_replaced_copy_may_go_back() {
    let quarantined = Observation::Quarantined { member: A, log: G, cause: QuarantineCause::Chain };
    assert!(violations(&[installed(A, 5), quarantined, installed(A, 3), applied(A, record(4))]).is_empty());
    let sealed = Observation::Installed {
        member: A,
        log: G,
        incarnation: Incarnation(2),
        seq: Seq(3),
        hash: hash(3),
        digest: hash(3),
    };
    assert!(violations(&[installed(A, 5), sealed]).is_empty());
}
