//! Smallest streams in which a request has, or only seems to have, more than one effect or place.

use super::*;
use crate::testing::{A, B, G, acknowledged, applied, found, record, regional, request};

fn violations(stream: &[Observation]) -> Vec<String> {
    let words = |said: String| said.replace(&request(1).to_string(), "r1").replace(&request(2).to_string(), "r2");
    found(RequestOnce::default(), stream).into_iter().map(words).collect()
}

fn again(seq: u8, request_id: RequestId) -> SeenRecord {
    SeenRecord { request_id, ..record(seq) }
}

#[test]
fn a_request_in_two_records_is_reported() {
    let stream = [applied(A, record(1)), applied(A, again(2, request(1)))];
    assert_eq!(violations(&stream), ["request r1 took effect at global@1.2 and at 1"]);
}

#[test]
fn a_client_told_two_places_is_reported() {
    let stream = [applied(A, record(1)), acknowledged(request(1), 1), acknowledged(request(1), 2)];
    let said = violations(&stream);
    let place = "request r1 was acknowledged at global@1.2";
    assert_eq!(said, [format!("{place}, before that at global@1.1"), format!("{place}, but its record is 1")]);
}

#[test]
fn a_client_told_the_place_of_another_request_is_reported_whichever_comes_first() {
    let told_last = [applied(A, record(1)), acknowledged(request(2), 1)];
    let wrong = "request r2 was acknowledged at global@1.1, but that record is of request r1";
    assert_eq!(violations(&told_last), [wrong, wrong], "at once, and at the end");
    assert_eq!(violations(&[acknowledged(request(2), 1), applied(A, record(1))]), [wrong]);
}

#[test]
fn an_acknowledged_request_that_was_never_applied_is_reported_at_the_end() {
    let nowhere = "request r1 was acknowledged at global@1.1, but no record of that log was applied";
    assert_eq!(violations(&[acknowledged(request(1), 1)]), [nowhere]);
    let stream = [applied(A, record(3)), acknowledged(request(1), 1)];
    assert_eq!(violations(&stream), ["request r1 was acknowledged at global@1.1, but no such record was applied"]);
}

#[test]
fn replays_repeated_answers_and_other_logs_are_fine() {
    let elsewhere = SeenRecord { log: regional(), ..record(1) };
    let stream = [
        acknowledged(request(1), 1),
        applied(A, record(1)),
        applied(B, record(1)),
        applied(A, record(2)),
        acknowledged(request(1), 1),
        applied(B, elsewhere),
    ];
    assert!(violations(&stream).is_empty());
}

#[test]
fn a_request_orphaned_by_a_takeover_may_take_effect_again() {
    let second_life = |seq, request_id| SeenRecord { incarnation: Incarnation(2), ..again(seq, request_id) };
    let told_again =
        Observation::Acknowledged { request_id: request(2), log: G, incarnation: Incarnation(2), seq: Seq(3) };
    let stream = [
        applied(A, record(1)),
        applied(A, record(2)),
        acknowledged(request(2), 2),
        applied(B, second_life(2, request(9))),
        applied(B, second_life(3, request(2))),
        told_again,
    ];
    assert!(violations(&stream).is_empty());
}
