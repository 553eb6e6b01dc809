//! Hands what clients wrote down to the oracle, in the oracle's words.

use std::collections::BTreeMap;

use oracle::{Interval, Operation, list_append, register, sessions};

use crate::load::book::{ListsSeen, Outcome, Pages, Purpose, Seen, Step, Written};
use crate::load::request::Wish;

/// How much was judged, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    pub register_operations: usize,
    pub list_transactions: usize,
    pub session_steps: usize,
    pub broken: Vec<String>,
    /// The oracle gave up, or could not read the history.
    pub unjudged: Vec<String>,
}

/// Judges all histories. `finals` are the lists as they were read in the end.
pub fn check(pages: &Pages, finals: BTreeMap<String, Vec<u64>>) -> Judged {
    let registers = registers(&pages.written, &pages.seen);
    let lists = lists(&pages.written, &pages.lists_seen, finals);
    let sessions = sessions_of(pages);
    let mut judged = Judged {
        register_operations: registers.values().map(Vec::len).sum(),
        list_transactions: lists.txns.len(),
        session_steps: pages.sessions.len(),
        ..Judged::default()
    };
    if let Err(error) = register::check_subjects(&registers) {
        let is_violation = matches!(error.source, oracle::linearizable::Error::NotLinearizable(_));
        let text = format!("not linearizable: {}: {}", error.subject, error.source);
        if is_violation { &mut judged.broken } else { &mut judged.unjudged }.push(text);
    }
    match list_append::check(&lists) {
        Ok(()) => {}
        Err(error @ (list_append::Error::Malformed { .. } | list_append::Error::AppendedTwice { .. })) => {
            judged.unjudged.push(error.to_string());
        }
        Err(error) => judged.broken.push(format!("not strictly serializable: {error}")),
    }
    if let Err(violation) = sessions::check(&sessions) {
        judged.broken.push(format!("session: {violation}"));
    }
    judged
}

fn interval(write: &Written) -> Interval {
    match write.outcome {
        Outcome::Unknown { .. } => Interval::unknown(write.invoked),
        Outcome::Done { .. } | Outcome::Rejected { .. } | Outcome::NotDone { .. } => {
            Interval::answered(write.invoked, write.ended)
        }
    }
}

fn registers(written: &[Written], seen: &[Seen]) -> BTreeMap<String, Vec<Operation<register::Op>>> {
    let mut registers: BTreeMap<String, Vec<Operation<register::Op>>> = BTreeMap::new();
    for write in written.iter().filter(|write| write.purpose == Purpose::Register) {
        if let Some(op) = register_op(write) {
            let operation = Operation { client: write.client, interval: interval(write), op };
            registers.entry(write.subject.name()).or_default().push(operation);
        }
    }
    for read in seen {
        let interval = Interval::answered(read.invoked, read.ended);
        let op = register::Op::Read { seen: read.seen.clone() };
        let operation = Operation { client: read.client, interval, op };
        registers.entry(read.subject.name()).or_default().push(operation);
    }
    registers
}

/// `None`: it says nothing about the subject.
fn register_op(write: &Written) -> Option<register::Op> {
    let expected = match &write.wish {
        Wish::Update { expected, .. } | Wish::Delete { expected } => *expected,
        Wish::Create { .. } | Wish::Append { .. } => None,
    };
    let version_out = match &write.outcome {
        Outcome::Done { version } => *version,
        Outcome::Unknown { .. } => None,
        Outcome::Rejected { reason } => {
            return match (reason.as_str(), expected) {
                ("ALREADY_EXISTS", _) => Some(register::Op::CreateRefusedExists),
                ("NOT_FOUND", _) => Some(register::Op::RefusedNotFound),
                ("ETAG_MISMATCH", Some(expected)) => Some(register::Op::EtagMismatch { expected }),
                _ => None,
            };
        }
        Outcome::NotDone { .. } => return None,
    };
    match &write.wish {
        Wish::Create { value } => Some(register::Op::Create { value: value.clone(), version_out }),
        Wish::Update { value, expected } => {
            Some(register::Op::Update { value: value.clone(), expected: *expected, version_out })
        }
        Wish::Delete { expected } => Some(register::Op::Delete { expected: *expected }),
        Wish::Append { .. } => None,
    }
}

fn lists(written: &[Written], seen: &[ListsSeen], finals: BTreeMap<String, Vec<u64>>) -> list_append::History {
    let mut history = list_append::History { finals, ..list_append::History::default() };
    for write in written {
        let Wish::Append { before, value, .. } = &write.wish else { continue };
        let (key, value) = (write.subject.name(), *value);
        match write.outcome {
            Outcome::Done { .. } | Outcome::Unknown { .. } => {
                let read = list_append::Micro::Read { key: key.clone(), list: before.clone() };
                let ops = vec![read, list_append::Micro::Append { key, value }];
                history.txns.push(list_append::Txn { client: write.client, interval: interval(write), ops });
            }
            Outcome::Rejected { .. } | Outcome::NotDone { .. } => {
                history.failed.push(list_append::Append { key, value });
            }
        }
    }
    for read in seen {
        let micro =
            |(key, list): &(String, Vec<u64>)| list_append::Micro::Read { key: key.clone(), list: list.clone() };
        let ops = read.lists.iter().map(micro).collect();
        let interval = Interval::answered(read.invoked, read.ended);
        history.txns.push(list_append::Txn { client: read.client, interval, ops });
    }
    history
}

fn sessions_of(pages: &Pages) -> BTreeMap<String, Vec<sessions::Event>> {
    let mut sessions: BTreeMap<String, Vec<sessions::Event>> = BTreeMap::new();
    for (client, step) in &pages.sessions {
        let event = match step {
            Step::Wrote(position) => sessions::Event::Wrote(position.clone()),
            Step::Observed(position) => sessions::Event::Observed(position.clone()),
        };
        sessions.entry(format!("client {client}")).or_default().push(event);
    }
    sessions
}

#[cfg(test)]
mod tests {
    use client::RequestId;

    use super::*;
    use crate::load::subject::Subject;

    fn write(times: [u64; 2], wish: Wish, outcome: Outcome) -> Written {
        let purpose = if matches!(wish, Wish::Append { .. }) { Purpose::List } else { Purpose::Register };
        Written {
            client: 1,
            purpose,
            subject: Subject::Folder { id: "f".to_owned() },
            wish,
            request_id: RequestId([0; 16]),
            invoked: times[0],
            ended: times[1],
            outcome,
        }
    }

    fn read(times: [u64; 2], seen: Option<(u64, &str)>) -> Seen {
        let subject = Subject::Folder { id: "f".to_owned() };
        let seen = seen.map(|(version, value)| (version, value.to_owned()));
        Seen { client: 2, subject, invoked: times[0], ended: times[1], seen }
    }

    fn create(times: [u64; 2], value: &str, version: u64) -> Written {
        write(times, Wish::Create { value: value.to_owned() }, Outcome::Done { version: Some(version) })
    }

    #[test]
    fn a_read_that_misses_an_acknowledged_write_is_a_broken_promise() {
        let written = vec![create([1, 2], "x", 5)];
        let fine = Pages { written: written.clone(), seen: vec![read([3, 4], Some((5, "x")))], ..Pages::default() };
        assert!(check(&fine, BTreeMap::new()).broken.is_empty());
        let stale = Pages { written, seen: vec![read([3, 4], None)], ..Pages::default() };
        let judged = check(&stale, BTreeMap::new());
        assert!(judged.broken.concat().contains("not linearizable"), "{judged:?}");
        assert_eq!(judged.register_operations, 2);
    }

    #[test]
    fn a_refusal_for_the_state_of_the_ring_says_nothing_and_an_etag_mismatch_does() {
        let update = |outcome| write([3, 4], Wish::Update { value: "y".to_owned(), expected: Some(5) }, outcome);
        let pages = |second| Pages { written: vec![create([1, 2], "x", 5), second], ..Pages::default() };
        let not_done = Outcome::NotDone { reason: "HOME_UNREACHABLE".to_owned() };
        assert!(check(&pages(update(not_done)), BTreeMap::new()).broken.is_empty());
        let mismatch = Outcome::Rejected { reason: "ETAG_MISMATCH".to_owned() };
        assert_eq!(check(&pages(update(mismatch)), BTreeMap::new()).broken.len(), 1);
    }

    #[test]
    fn an_acknowledged_append_that_is_gone_in_the_end_is_a_broken_promise() {
        let wish = Wish::Append { before: vec![1], value: 2, expected: 4 };
        let first = Wish::Append { before: vec![], value: 1, expected: 3 };
        let done = |version| Outcome::Done { version: Some(version) };
        let written = vec![write([1, 2], first, done(4)), write([3, 4], wish, done(5))];
        let pages = Pages { written, ..Pages::default() };
        let finals = |list: &[u64]| BTreeMap::from([("organizations/chaos/folders/f".to_owned(), list.to_vec())]);
        assert!(check(&pages, finals(&[1, 2])).broken.is_empty());
        assert!(check(&pages, finals(&[1])).broken.concat().contains("lost write"));
    }
}
