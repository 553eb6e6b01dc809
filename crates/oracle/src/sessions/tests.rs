//! Sessions that keep the promises, each way to break one, and generated sessions against replicas that lag.

use proptest::prelude::*;

use super::*;

fn at(log: &str, incarnation: u64, seq: u64) -> Position {
    Position { log: log.parse().unwrap(), incarnation: Incarnation(incarnation), seq: Seq(seq) }
}

fn wrote(seq: u64) -> Event {
    Event::Wrote(at("global", 1, seq))
}

fn observed(seq: u64) -> Event {
    Event::Observed(at("global", 1, seq))
}

fn judge(events: Vec<Event>) -> Result<(), Violation> {
    check(&BTreeMap::from([("s".to_owned(), events)]))
}

#[test]
fn a_session_that_never_goes_back_passes() {
    assert_eq!(judge(vec![observed(1), wrote(4), observed(4), wrote(4), observed(9)]), Ok(()));
}

#[test]
fn a_read_before_the_sessions_own_write_breaks_read_your_writes() {
    let violation = judge(vec![wrote(4), wrote(2), observed(3)]).unwrap_err();
    assert_eq!(violation.promise, Promise::ReadYourWrites);
    let words = "read your writes: session s, event 2, observed global@1.3 after event 0 at global@1.4";
    assert_eq!(violation.to_string(), words);
}

#[test]
fn a_read_before_an_earlier_read_breaks_monotonic_reads() {
    let violation = judge(vec![wrote(1), observed(7), observed(5)]).unwrap_err();
    assert_eq!(violation.promise, Promise::MonotonicReads);
    let words = "monotonic reads: session s, event 2, observed global@1.5 after event 1 at global@1.7";
    assert_eq!(violation.to_string(), words);
}

#[test]
fn logs_and_sessions_are_judged_apart() {
    let other = Event::Observed(at("region/us-east-1", 1, 2));
    assert_eq!(judge(vec![wrote(9), other]), Ok(()));
    let sessions = BTreeMap::from([("a".to_owned(), vec![wrote(9)]), ("b".to_owned(), vec![observed(1)])]);
    assert_eq!(check(&sessions), Ok(()));
}

#[test]
fn a_later_incarnation_is_later_and_an_earlier_one_is_not() {
    let later = Event::Observed(at("global", 2, 1));
    assert_eq!(judge(vec![wrote(9), later.clone()]), Ok(()));
    assert_eq!(judge(vec![later, observed(9)]).unwrap_err().promise, Promise::MonotonicReads);
}

proptest! {
    /// A log that grows by writes; reads are served by a replica anywhere between the token and the head.
    #[test]
    fn replicas_that_wait_for_the_token_pass_and_one_that_does_not_is_caught(
        steps in prop::collection::vec((0u8..3, 0u64..100), 1..60),
        lag in 1u64..5,
    ) {
        let (mut head, mut floor, mut events) = (10, 0, Vec::new());
        for (kind, draw) in steps {
            match kind {
                0 => head += 1 + draw % 3,
                1 => { head += 1; floor = head; events.push(wrote(head)); }
                _ => { floor += draw % (head - floor + 1); events.push(observed(floor)); }
            }
        }
        prop_assert_eq!(judge(events.clone()), Ok(()));
        if floor >= lag {
            let index = events.len();
            events.push(observed(floor - lag));
            prop_assert_eq!(judge(events).unwrap_err().index, index);
        }
    }
}
