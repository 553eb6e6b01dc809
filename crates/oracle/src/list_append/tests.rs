//! Each violation by hand, and generated transactions with and without a broken promise.

use proptest::prelude::*;

use super::*;

fn append(key: &str, value: u64) -> Micro {
    Micro::Append { key: key.to_owned(), value }
}

fn read(key: &str, list: &[u64]) -> Micro {
    Micro::Read { key: key.to_owned(), list: list.to_vec() }
}

fn txn(client: u32, invoked: u64, completed: impl Into<Option<u64>>, ops: &[Micro]) -> Txn {
    Txn { client, interval: Interval { invoked, completed: completed.into() }, ops: ops.to_vec() }
}

/// Transactions that all overlap, one per client.
fn at_once(ops: &[&[Micro]]) -> History {
    let txns = ops.iter().zip(1..).map(|(ops, client)| txn(client, 0, 100, ops)).collect();
    History { txns, ..History::default() }
}

fn with_finals(mut history: History, finals: &[(&str, &[u64])]) -> History {
    history.finals = finals.iter().map(|(key, list)| ((*key).to_owned(), list.to_vec())).collect();
    history
}

fn words(history: &History) -> String {
    check(history).unwrap_err().to_string()
}

fn cycle(history: &History) -> Cycle {
    match check(history) {
        Err(Error::Cycle(cycle)) => cycle,
        other => panic!("wanted a cycle, got {other:?}"),
    }
}

#[test]
fn a_serial_history_over_two_keys_passes() {
    let txns = vec![
        txn(1, 0, 1, &[append("x", 1), append("y", 2), read("x", &[1])]),
        txn(2, 2, 3, &[read("x", &[1]), append("x", 3), read("x", &[1, 3]), read("y", &[2])]),
        txn(3, 4, None, &[append("y", 4), read("x", &[])]),
        txn(1, 5, 6, &[read("y", &[2, 4])]),
    ];
    let history = History { txns, ..History::default() };
    assert_eq!(check(&with_finals(history, &[("x", &[1, 3]), ("y", &[2, 4]), ("z", &[])])), Ok(()));
    assert_eq!(check(&History::default()), Ok(()));
}

#[test]
fn what_only_the_harness_can_get_wrong_is_no_verdict() {
    let backwards = History { txns: vec![txn(1, 5, 4, &[append("x", 1)])], ..History::default() };
    assert_eq!(words(&backwards), "read the transaction [5..4] client 1: append x 1: answered before it was called");
    let twice = at_once(&[&[append("x", 1)], &[append("x", 1)]]);
    assert_eq!(words(&twice), "read the appends to x: 1 is appended twice");
}

#[test]
fn a_value_that_nobody_appended_is_a_phantom() {
    let history = at_once(&[&[append("x", 1)], &[read("x", &[1, 7])]]);
    assert_eq!(words(&history), "phantom: x has 7, which nobody appended, in [0..100] client 2: read x [1 7]");
}

#[test]
fn a_value_of_a_failed_append_is_an_aborted_read() {
    let mut history = at_once(&[&[read("x", &[7])]]);
    history.failed.push(Append { key: "x".to_owned(), value: 7 });
    assert_eq!(words(&history), "aborted read: x has 7, whose append failed, in [0..100] client 1: read x [7]");
    let in_the_end = with_finals(History { txns: vec![], ..history }, &[("x", &[7])]);
    assert!(words(&in_the_end).ends_with("in the read at the end, [7]"));
}

#[test]
fn a_value_twice_in_a_list_is_a_duplicate() {
    let history = at_once(&[&[append("x", 1)], &[read("x", &[1, 1])]]);
    assert_eq!(words(&history), "duplicate: x has 1 twice, in [0..100] client 2: read x [1 1]");
}

#[test]
fn lists_that_do_not_begin_each_other_are_incompatible() {
    let history = at_once(&[&[append("x", 1)], &[append("x", 2)], &[read("x", &[1])], &[read("x", &[2, 1])]]);
    let expected = "incompatible orders of x: neither begins with the other, [1] and [0..100] client 4: read x [2 1]";
    assert_eq!(words(&history), expected);
}

#[test]
fn a_transaction_sees_its_own_steps() {
    let other: &[Micro] = &[append("x", 9)];
    let forgets = at_once(&[&[append("x", 1), read("x", &[])], other]);
    let expected = "inconsistent with itself: x should end in [1] after the transaction's own steps, in \
                    [0..100] client 1: append x 1, read x []";
    assert_eq!(words(&forgets), expected);
    for steps in [[read("x", &[]), read("x", &[9])], [read("x", &[1]), append("x", 1)]] {
        assert!(words(&at_once(&[&steps, other])).starts_with("inconsistent with itself"), "{steps:?}");
    }
    let moved_behind = at_once(&[&[read("x", &[]), append("x", 1), read("x", &[9, 1])], other]);
    assert!(words(&moved_behind).starts_with("inconsistent with itself: x should end in [1]"));
}

#[test]
fn an_acknowledged_append_that_is_gone_in_the_end_is_lost_and_an_unknown_one_is_not() {
    let history = History {
        txns: vec![txn(1, 0, 1, &[append("x", 1)]), txn(2, 0, None, &[append("x", 2)])],
        ..History::default()
    };
    assert_eq!(check(&with_finals(history.clone(), &[("x", &[1])])), Ok(()));
    assert_eq!(check(&with_finals(history.clone(), &[])), Ok(()), "not read in the end");
    let lost = with_finals(history, &[("x", &[])]);
    assert_eq!(words(&lost), "lost write: x lacks 1 in the end, acknowledged in [0..1] client 1: append x 1");
}

#[test]
fn writes_in_opposite_orders_are_a_cycle_of_writes() {
    let history = at_once(&[&[append("x", 1), append("y", 1)], &[append("x", 2), append("y", 2)]]);
    assert_eq!(check(&history), Ok(()), "nobody knows the order");
    let history = with_finals(history, &[("x", &[1, 2]), ("y", &[2, 1])]);
    let expected = "\
G0 cycle of 2 transactions
  T0 [0..100] client 1: append x 1, append y 1
    before T1, ww: in x its 1 comes before the other's 2
  T1 [0..100] client 2: append x 2, append y 2
    before T0, ww: in y its 2 comes before the other's 1";
    assert_eq!(words(&history), expected);
}

#[test]
fn reading_each_other_is_a_cycle_of_reads() {
    let history = at_once(&[&[append("x", 1), read("y", &[2])], &[append("y", 2), read("x", &[1])]]);
    let cycle = cycle(&history);
    assert_eq!(cycle.kind(), "G1c");
    assert!(cycle.to_string().contains("before T1, wr: the other read its 1 in x"), "{cycle}");
}

#[test]
fn half_of_a_transaction_seen_is_a_cycle_with_one_missed_write() {
    let history = at_once(&[&[append("x", 1), append("y", 2)], &[read("x", &[]), read("y", &[2])]]);
    let cycle = cycle(&history);
    assert_eq!(cycle.kind(), "G-single");
    assert!(cycle.to_string().contains("rw: it read x without the other's 1"), "{cycle}");
}

#[test]
fn the_first_of_two_appends_seen_is_a_cycle() {
    let history = at_once(&[&[append("x", 1), append("x", 2)], &[read("x", &[1])], &[read("x", &[1, 2])]]);
    assert_eq!(cycle(&history).kind(), "G-single");
}

#[test]
fn write_skew_is_a_cycle_with_two_missed_writes() {
    let history = at_once(&[&[read("x", &[]), append("y", 1)], &[read("y", &[]), append("x", 2)]]);
    assert_eq!(cycle(&history).kind(), "G2");
}

#[test]
fn a_stale_read_is_a_cycle_only_with_real_time() {
    let stale = |invoked| History {
        txns: vec![txn(1, 0, 10, &[append("x", 1)]), txn(2, invoked, 30, &[read("x", &[])])],
        ..History::default()
    };
    assert_eq!(check(&stale(10)), Ok(()), "equal times are concurrent");
    let cycle = cycle(&stale(11));
    assert_eq!(cycle.kind(), "G-single-realtime");
    assert!(cycle.to_string().contains("before T1, real time: it was answered before the other was called"), "{cycle}");
}

#[test]
fn a_read_from_the_future_and_writes_against_time_are_cycles() {
    let future = vec![txn(1, 0, 10, &[read("x", &[1])]), txn(2, 20, None, &[append("x", 1)])];
    assert_eq!(cycle(&History { txns: future, ..History::default() }).kind(), "G1c-realtime");
    let txns = vec![txn(1, 0, 1, &[append("x", 1)]), txn(2, 2, 3, &[append("x", 2)])];
    let against = with_finals(History { txns, ..History::default() }, &[("x", &[2, 1])]);
    assert_eq!(cycle(&against).kind(), "G0-realtime");
}

#[test]
fn real_time_reaches_from_everything_that_was_over_also_where_it_overlapped() {
    // The second begins as the first ends, or before: neither follows the other, both are over before the read.
    for second in [10, 5] {
        let over = [txn(1, 0, 10, &[append("x", 1)]), txn(2, second, 20, &[append("y", 1)])];
        for key in ["x", "y"] {
            let history =
                History { txns: [&over[..], &[txn(3, 21, 22, &[read(key, &[])])]].concat(), ..History::default() };
            assert_eq!(cycle(&history).kind(), "G-single-realtime");
        }
    }
}

#[test]
fn real_time_over_many_transactions_is_told_as_one_step() {
    let mut txns = vec![txn(1, 0, 1, &[append("x", 1)])];
    txns.extend((1..50).map(|at| txn(2, at * 10, at * 10 + 5, &[append("z", at)])));
    txns.push(txn(3, 1_000, 1_001, &[read("x", &[])]));
    let cycle = cycle(&History { txns, ..History::default() });
    assert_eq!(cycle.steps.len(), 2, "{cycle}");
}

#[test]
fn long_lists_are_cut_in_the_middle() {
    let list: Vec<u64> = (1..=20).collect();
    assert_eq!(order::print(&list), "[1 ... 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20]");
    assert_eq!(order::print(&list[..3]), "[1 2 3]");
}

/// Steps (key, whether to append), how early called, how late answered, and outcome: 0 fails, 1 and 2 are unknown, the rest succeed.
type Draw = (Vec<(usize, bool)>, u64, u64, u8);

fn draws(outcomes: std::ops::Range<u8>) -> impl Strategy<Value = Vec<Draw>> {
    let steps = prop::collection::vec((0usize..3, any::<bool>()), 1..5);
    prop::collection::vec((steps, 0u64..35, 0u64..35, outcomes), 1..80)
}

/// Transactions one after the other, each at one instant inside its interval.
fn run(draws: &[Draw]) -> History {
    let mut lists: BTreeMap<String, Vec<u64>> = ["x", "y", "z"].map(|key| (key.to_owned(), vec![])).into();
    let (mut history, mut now, mut serial) = (History::default(), 100, 0);
    for (steps, early, late, outcome) in draws {
        now += 10;
        let mut after = lists.clone();
        let mut ops = Vec::new();
        for (key, is_append) in steps {
            let key = ["x", "y", "z"][*key];
            let list = after.get_mut(key).unwrap();
            if *is_append {
                serial += 1;
                list.push(serial);
                ops.push(append(key, serial));
            } else if *outcome > 2 {
                ops.push(read(key, list));
            }
        }
        if *outcome > 1 {
            lists = after;
        }
        if *outcome == 0 {
            let failed = ops.into_iter().filter_map(|op| match op {
                Micro::Append { key, value } => Some(Append { key, value }),
                Micro::Read { .. } => None,
            });
            history.failed.extend(failed);
        } else {
            history.txns.push(txn(1, now - early, (*outcome > 2).then_some(now + late), &ops));
        }
    }
    history.finals = lists;
    history
}

proptest! {
    #[test]
    fn a_real_execution_passes_whatever_overlaps_and_is_unknown(draws in draws(0..12)) {
        let mut history = run(&draws);
        let verdict = check(&history);
        prop_assert!(verdict.is_ok(), "{}", verdict.unwrap_err());
        history.finals.clear();
        prop_assert_eq!(check(&history), Ok(()), "with the end not read");
    }

    #[test]
    fn a_stale_read_after_completion_is_caught(draws in draws(0..12), chosen in any::<prop::sample::Index>()) {
        let mut history = run(&draws);
        let key = *chosen.get(&["x", "y", "z"]);
        let mut list = history.finals[key].clone();
        history.txns.push(txn(8, 10_000, 10_001, &[append(key, 9_999)]));
        history.finals.get_mut(key).unwrap().push(9_999);
        prop_assert_eq!(check(&history), Ok(()));
        list.truncate(chosen.index(list.len() + 1));
        history.txns.push(txn(9, 20_000, 20_001, &[read(key, &list)]));
        let read_at_end = matches!(check(&history), Err(Error::Cycle(_)));
        prop_assert!(read_at_end);
        history.finals.clear();
        let not_read_at_end = matches!(check(&history), Err(Error::Cycle(_)));
        prop_assert!(not_read_at_end, "the missed append is known to have happened");
    }

    #[test]
    fn an_acknowledged_append_that_is_dropped_is_caught(draws in draws(3..12), chosen in any::<prop::sample::Index>()) {
        let mut history = run(&draws);
        let acknowledged: Vec<(String, u64)> =
            history.finals.iter().flat_map(|(key, list)| list.iter().map(|value| (key.clone(), *value))).collect();
        prop_assume!(!acknowledged.is_empty());
        let (key, value) = chosen.get(&acknowledged).clone();
        history.finals.get_mut(&key).unwrap().retain(|kept| *kept != value);
        prop_assert!(check(&history).is_err());
        let others_read = |op: &Micro| matches!(op, Micro::Read { list, .. } if list.contains(&value));
        if !history.txns.iter().any(|txn| txn.ops.iter().any(others_read)) {
            let is_lost = matches!(check(&history), Err(Error::LostWrite { value: lost, .. }) if lost == value);
            prop_assert!(is_lost);
        }
    }
}

#[test]
fn thousands_of_transactions_of_a_few_clients_pass() {
    let draws: Vec<Draw> = (0..2_000)
        .map(|at| {
            (
                vec![(at % 3, at % 2 == 0), (at % 2, true), (2, at % 11 == 0)],
                at as u64 % 30,
                at as u64 % 35,
                (at % 12) as u8,
            )
        })
        .collect();
    assert_eq!(check(&run(&draws)), Ok(()));
}
