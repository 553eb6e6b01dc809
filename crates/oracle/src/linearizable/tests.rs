//! The search on a plain cell: verdicts, words, limits, cost, and agreement with trying every permutation.

use proptest::prelude::*;

use crate::Interval;

use super::*;

/// A cell that holds a number, at first 0.
struct Cell;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CellOp {
    Write(u8),
    Read(u8),
    Swap { from: u8, to: u8 },
}

impl fmt::Display for CellOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(value) => write!(f, "write {value}"),
            Self::Read(value) => write!(f, "read -> {value}"),
            Self::Swap { from, to } => write!(f, "swap {from} for {to}"),
        }
    }
}

impl Model for Cell {
    type State = u8;
    type Op = CellOp;

    fn initial() -> u8 {
        0
    }

    fn step(state: &u8, op: &CellOp) -> Option<u8> {
        match op {
            CellOp::Write(value) => Some(*value),
            CellOp::Read(value) => (state == value).then_some(*state),
            CellOp::Swap { from, to } => (state == from).then_some(*to),
        }
    }
}

use CellOp::{Read, Swap, Write};

fn op(client: u32, invoked: u64, completed: impl Into<Option<u64>>, op: CellOp) -> Operation<CellOp> {
    Operation { client, interval: Interval { invoked, completed: completed.into() }, op }
}

fn judge(ops: &[Operation<CellOp>]) -> Result<(), Error> {
    check::<Cell>(ops)
}

fn refused(ops: &[Operation<CellOp>]) -> NotLinearizable {
    match judge(ops) {
        Err(Error::NotLinearizable(report)) => report,
        other => panic!("wanted a violation, got {other:?}"),
    }
}

#[test]
fn nothing_and_a_sequential_history_pass() {
    assert_eq!(judge(&[]), Ok(()));
    assert_eq!(judge(&[op(1, 0, 1, Write(5)), op(2, 2, 3, Read(5)), op(1, 4, 5, Swap { from: 5, to: 6 })]), Ok(()));
}

#[test]
fn a_read_may_miss_a_write_only_while_the_write_is_under_way() {
    assert_eq!(judge(&[op(1, 0, 10, Write(5)), op(2, 10, 20, Read(0))]), Ok(()), "equal times are concurrent");
    refused(&[op(1, 0, 10, Write(5)), op(2, 11, 20, Read(0))]);
}

#[test]
fn two_readers_may_not_disagree_on_the_order() {
    let writes = [op(1, 0, 100, Write(1)), op(2, 0, 100, Write(2))];
    let first = [op(3, 1, 10, Read(1)), op(3, 11, 20, Read(2))];
    let second = [op(4, 1, 10, Read(2)), op(4, 11, 20, Read(1))];
    assert_eq!(judge(&[&writes[..], &first].concat()), Ok(()));
    assert_eq!(judge(&[&writes[..], &second].concat()), Ok(()));
    refused(&[&writes[..], &first, &second].concat());
}

#[test]
fn an_unknown_write_may_happen_late_or_never_but_not_early_and_not_twice() {
    let unknown = op(1, 10, None, Write(5));
    assert_eq!(judge(&[unknown.clone(), op(2, 11, 12, Read(0)), op(2, 90, 91, Read(0))]), Ok(()), "never");
    assert_eq!(judge(&[unknown.clone(), op(2, 11, 12, Read(0)), op(2, 90, 91, Read(5))]), Ok(()), "late");
    refused(&[unknown.clone(), op(2, 1, 9, Read(5))]);
    refused(&[unknown, op(2, 11, 12, Read(5)), op(2, 13, 14, Write(6)), op(2, 15, 16, Read(5))]);
}

#[test]
fn unknown_operations_are_chained_where_one_needs_another() {
    let ops = [op(1, 0, None, Swap { from: 1, to: 2 }), op(2, 0, None, Swap { from: 0, to: 1 }), op(3, 5, 6, Read(2))];
    assert_eq!(judge(&ops), Ok(()));
    refused(&ops[1..]);
}

#[test]
fn a_report_names_the_longest_order_the_state_and_what_is_stuck() {
    let report = refused(&[
        op(1, 0, 1, Write(5)),
        op(2, 2, None, Write(6)),
        op(1, 3, 4, Read(6)),
        op(1, 5, 9, Read(5)),
        op(3, 6, 8, Read(7)),
    ]);
    assert_eq!(report.prefix, [0, 1, 2]);
    let words = "\
no order explains the history; the longest order found takes 3 operations
  [0..1] client 1: write 5
  [2..?] client 2: write 6
  [3..4] client 1: read -> 6
to the state: 6
where none of these can follow:
  [6..8] client 3: read -> 7
  [5..9] client 1: read -> 5";
    assert_eq!(report.to_string(), words);
}

#[test]
fn a_long_report_prints_only_its_end() {
    let mut ops: Vec<_> = (0..100).map(|at| op(1, at * 10, at * 10 + 5, Write(at as u8))).collect();
    ops.push(op(2, 2_000, 2_001, Read(0)));
    let words = refused(&ops).to_string();
    assert!(words.contains("takes 100 operations\n  ... 88 earlier\n  [880..885] client 1: write 88\n"), "{words}");
}

#[test]
fn a_history_that_is_too_concurrent_is_undecided_and_never_hangs() {
    let mut ops: Vec<_> = (0..40).map(|at| op(at, 0, 100, Swap { from: at as u8, to: at as u8 + 1 })).collect();
    ops.push(op(40, 0, 100, Read(99)));
    ops.extend((0..40).map(|at| op(at, 0, 100, Write(at as u8))));
    assert_eq!(check_within::<Cell>(&ops, 10_000), Err(Error::Undecided { steps: 10_000 }));
    let words = Error::Undecided { steps: 7 }.to_string();
    assert_eq!(words, "searched 7 steps for an order of the operations: undecided");
}

#[test]
fn an_answer_before_its_call_is_no_verdict() {
    let error = judge(&[op(1, 5, 4, Write(1))]).unwrap_err();
    assert_eq!(error.to_string(), "read the operation [5..4] client 1: write 1: answered before it was called");
}

/// Four clients in lock step: everybody writes, everybody reads; and one write of unknown outcome for every `spacing` operations.
fn long_history(rounds: u64, spacing: u64) -> Vec<Operation<CellOp>> {
    let mut ops = Vec::new();
    for round in 0..rounds {
        let value = (round % 100) as u8;
        let from = round * 100;
        ops.extend((0..3).map(|client| op(client, from, from + 40, Write(value))));
        ops.extend((0..3).map(|client| op(client, from + 50, from + 90, Read(value))));
        if round % spacing == 0 {
            ops.push(op(4, from, None, Write(100 + (round / spacing % 100) as u8)));
        }
    }
    ops
}

#[test]
fn thousands_of_operations_with_unknown_ones_take_a_few_steps_each() {
    let ops = long_history(1_000, 20);
    assert_eq!(check_within::<Cell>(&ops, 10 * ops.len() as u64), Ok(()));
}

#[test]
fn a_violation_behind_dozens_of_unknown_operations_is_decided() {
    let mut ops = long_history(200, 5);
    ops.push(op(9, 1_000_000, 1_000_001, Read(250)));
    let report = refused(&ops);
    assert_eq!(report.stuck, ["[1000000..1000001] client 9: read -> 250"]);
}

/// Whether any subset of the unknown operations and any permutation does, by trying all of them.
fn brute_force(ops: &[Operation<CellOp>]) -> bool {
    let unknown: Vec<usize> = (0..ops.len()).filter(|at| ops[*at].interval.completed.is_none()).collect();
    (0..1u32 << unknown.len()).any(|subset| {
        let is_left_out = |at: &usize| unknown.iter().position(|u| u == at).is_some_and(|bit| subset >> bit & 1 == 0);
        let chosen: Vec<usize> = (0..ops.len()).filter(|at| !is_left_out(at)).collect();
        permutations(&chosen).iter().any(|order| {
            let keeps_time = (0..order.len()).all(|later| {
                (0..later).all(|earlier| !ops[order[later]].interval.precedes(&ops[order[earlier]].interval))
            });
            keeps_time && order.iter().try_fold(Cell::initial(), |state, at| Cell::step(&state, &ops[*at].op)).is_some()
        })
    })
}

fn permutations(of: &[usize]) -> Vec<Vec<usize>> {
    let Some((first, rest)) = of.split_first() else { return vec![vec![]] };
    let insert = |order: Vec<usize>| {
        (0..=order.len()).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, *first);
            longer
        })
    };
    permutations(rest).into_iter().flat_map(insert).collect()
}

fn any_cell_op() -> impl Strategy<Value = CellOp> {
    prop_oneof![
        (0u8..3).prop_map(Write),
        (0u8..3).prop_map(Read),
        (0u8..3, 0u8..3).prop_map(|(from, to)| Swap { from, to }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_search_agrees_with_trying_every_permutation(
        drawn in prop::collection::vec((0u64..20, 0u64..12, prop::bool::weighted(0.3), any_cell_op()), 0..=6),
    ) {
        let ops: Vec<_> = drawn
            .into_iter()
            .map(|(from, length, is_unknown, what)| op(1, from, (!is_unknown).then_some(from + length), what))
            .collect();
        let verdict = judge(&ops);
        prop_assert_eq!(verdict.is_ok(), brute_force(&ops), "{:?}", verdict);
        if let Err(Error::NotLinearizable(report)) = verdict {
            // The report's own order is a real one: it folds to the state that it names.
            let state = report.prefix.iter().try_fold(0, |state, at| Cell::step(&state, &ops[*at].op));
            prop_assert_eq!(state.map(|state| state.to_string()), Some(report.state));
        }
    }
}
