//! The model of a subject: each observation alone, unknown versions, and generated histories with and without a broken promise.

use proptest::prelude::*;

use crate::Interval;

use super::*;

fn create(value: &str, version: impl Into<Option<u64>>) -> Op {
    Op::Create { value: value.to_owned(), version_out: version.into() }
}

fn update(value: &str, expected: impl Into<Option<u64>>, version: impl Into<Option<u64>>) -> Op {
    Op::Update { value: value.to_owned(), expected: expected.into(), version_out: version.into() }
}

fn delete(expected: impl Into<Option<u64>>) -> Op {
    Op::Delete { expected: expected.into() }
}

fn read(version: u64, value: &str) -> Op {
    Op::Read { seen: Some((version, value.to_owned())) }
}

const READ_NOTHING: Op = Op::Read { seen: None };

/// The state after the operations one after the other, if they can follow each other.
fn after(ops: &[Op]) -> Option<State> {
    ops.iter().try_fold(Register::initial(), |state, op| Register::step(&state, op))
}

fn allows(ops: &[Op]) -> bool {
    after(ops).is_some()
}

#[test]
fn a_life_of_a_subject_is_allowed() {
    assert!(allows(&[
        READ_NOTHING,
        Op::RefusedNotFound,
        create("a", 3),
        Op::CreateRefusedExists,
        read(3, "a"),
        Op::EtagMismatch { expected: 2 },
        update("b", 3, 5),
        update("c", None, 6),
        delete(6),
        READ_NOTHING,
        create("d", 9),
        read(9, "d"),
    ]));
}

#[test]
fn each_observation_refuses_the_states_it_denies() {
    let a = create("a", 3);
    let denied = [
        vec![read(1, "a")],
        vec![a.clone(), READ_NOTHING],
        vec![a.clone(), Op::RefusedNotFound],
        vec![a.clone(), create("b", 4)],
        vec![a.clone(), read(3, "b")],
        vec![a.clone(), read(4, "a")],
        vec![a.clone(), Op::EtagMismatch { expected: 3 }],
        vec![a.clone(), update("b", 2, 4)],
        vec![a, delete(2)],
        vec![Op::CreateRefusedExists],
        vec![Op::EtagMismatch { expected: 3 }],
        vec![update("b", None, 4)],
        vec![delete(None)],
    ];
    for ops in denied {
        assert!(!allows(&ops), "{ops:?}");
    }
}

#[test]
fn versions_rise_also_over_a_removal() {
    assert!(!allows(&[create("a", 3), update("b", None, 3)]));
    assert!(!allows(&[create("a", 3), delete(None), create("b", 2)]));
}

#[test]
fn an_unknown_version_is_pinned_by_the_next_observation() {
    let unknown = [create("a", 3), update("b", 3, None)];
    let then = |more: &[Op]| allows(&[&unknown[..], more].concat());
    assert!(then(&[read(7, "b"), read(7, "b")]));
    assert!(!then(&[read(7, "b"), read(8, "b")]), "pinned by a read");
    assert!(!then(&[read(3, "b")]), "the old version is taken");
    assert!(then(&[update("c", 7, 8)]) && !then(&[update("c", 3, 8)]), "an etag that was accepted pins too");
    assert!(!then(&[update("c", 7, 7)]));
    assert!(!then(&[Op::EtagMismatch { expected: 7 }, read(7, "b")]), "a refused etag rules a version out");
    assert!(then(&[Op::EtagMismatch { expected: 7 }, read(8, "b")]));
    assert!(then(&[delete(7), create("c", 8)]) && !then(&[delete(7), create("c", 7)]));
}

#[test]
fn states_and_calls_print_in_words() {
    let words = |ops: &[Op]| after(ops).unwrap().to_string();
    assert_eq!(words(&[]), "absent, versions up to 0 taken");
    assert_eq!(words(&[create("a", 3)]), r#""a" at 3"#);
    assert_eq!(words(&[create("a", 3), update("b", None, None)]), r#""b" at an unknown version above 3"#);
    let calls = [create("a", 3), update("b", 3, None), delete(4), delete(None), read(3, "a"), READ_NOTHING];
    let calls = calls.map(|op| op.to_string()).join("; ");
    assert_eq!(
        calls,
        r#"create "a" -> 3; update "b" if at 3 -> ?; delete if at 4; delete; read -> "a" at 3; read -> not found"#
    );
    let refusals = [Op::CreateRefusedExists, Op::RefusedNotFound, Op::EtagMismatch { expected: 3 }];
    let refusals = refusals.map(|op| op.to_string()).join("; ");
    let expected = "create -> refused, exists; call -> refused, not found; call if at 3 -> refused, at another version";
    assert_eq!(refusals, expected);
}

fn at(invoked: u64, completed: u64, op: Op) -> Operation<Op> {
    Operation { client: 1, interval: Interval::answered(invoked, completed), op }
}

#[test]
fn subjects_are_judged_apart_and_the_broken_one_is_named() {
    let good = vec![at(0, 1, create("a", 1)), at(2, 3, read(1, "a"))];
    let stale = vec![at(0, 1, create("a", 1)), at(2, 3, update("b", 1, 2)), at(4, 5, read(1, "a"))];
    let unjudged = vec![at(9, 8, READ_NOTHING)];
    let mut subjects = BTreeMap::from([("good".to_owned(), good)]);
    assert_eq!(check_subjects(&subjects), Ok(()));
    subjects.insert("a/unjudged".to_owned(), unjudged);
    assert!(matches!(check_subjects(&subjects).unwrap_err().source, linearizable::Error::Malformed { .. }));
    subjects.insert("stale".to_owned(), stale);
    let error = check_subjects(&subjects).unwrap_err();
    assert_eq!(error.to_string(), "checked the history of stale");
    let source = error.source.to_string();
    assert!(
        source.ends_with(
            "to the state: \"b\" at 2\nwhere none of these can follow:\n  [4..5] client 1: read -> \"a\" at 1"
        ),
        "{source}"
    );
}

#[test]
fn hidden_writes_that_could_be_any_of_the_unknown_ones_do_not_multiply_the_search() {
    let mut ops = vec![at(0, 1, create("first", 1))];
    for round in 1..60 {
        let (now, version) = (round * 10, round * 10);
        for name in ["hidden", "idle"] {
            let op = update(&format!("{name} {round}"), None, None);
            ops.push(Operation { client: 2, interval: Interval::unknown(now), op });
        }
        // Somebody has written since, nobody knows who.
        let seen = if round == 1 { 1 } else { version - 10 };
        ops.push(at(now + 1, now + 2, Op::EtagMismatch { expected: seen }));
        ops.push(at(now + 3, now + 4, update(&format!("told {round}"), None, version)));
    }
    assert_eq!(linearizable::check::<Register>(&ops), Ok(()));
    ops.push(at(1_000, 1_001, read(10, "told 1")));
    assert!(is_violation(&linearizable::check::<Register>(&ops)));
}

#[test]
fn what_one_read_tells_is_used_only_where_it_is_certain() {
    let simple = |ops: &[Op]| -> Vec<Op> {
        let ops: Vec<_> = ops.iter().map(|op| at(0, 9, op.clone())).collect();
        Register::simplify(&ops).into_iter().map(|operation| operation.op).collect()
    };
    assert_eq!(simple(&[create("a", None), read(3, "a")]), [create("a", 3), read(3, "a")]);
    let two_writers = [create("a", None), update("a", None, None), read(3, "a")];
    assert_eq!(simple(&two_writers), two_writers);
    let two_versions = [create("a", None), read(3, "a"), read(4, "a")];
    assert_eq!(simple(&two_versions), two_versions);
    let mut never_was = vec![at(0, 9, create("a", None)), at(0, 9, read(3, "a"))];
    never_was[1].interval = Interval::unknown(0);
    assert_eq!(Register::simplify(&never_was)[0].op, create("never read", None));
    let unread = [create("a", None), update("b", None, None), create("c", 4), read(9, "never read")];
    let expected =
        [create("never read'", None), update("never read'", None, None), create("c", 4), read(9, "never read")];
    assert_eq!(simple(&unread), expected);
}

/// What one call is drawn from: kind, right etag or not, how early it was called, how late answered, unknown outcome, and effect.
type Draw = (u8, bool, u64, u64, bool, bool);

fn draws(unknown: f64) -> impl Strategy<Value = Vec<Draw>> {
    let draw = (0u8..8, any::<bool>(), 0u64..35, 0u64..35, prop::bool::weighted(unknown), any::<bool>());
    prop::collection::vec(draw, 0..120)
}

/// A subject that does one thing at a time, at one instant inside each call's interval.
#[derive(Default)]
struct World {
    now: u64,
    seq: u64,
    row: Option<(u64, String)>,
    history: Vec<Operation<Op>>,
}

impl World {
    fn run(draws: &[Draw]) -> Self {
        let mut world = Self::default();
        draws.iter().for_each(|draw| world.call(*draw));
        world
    }

    fn call(&mut self, (kind, right, early, late, unknown, happens): Draw) {
        self.now += 10;
        self.seq += early % 3;
        let value = format!("v{}", self.now);
        let held = self.row.as_ref().map(|(version, _)| *version);
        let wanted = if right { held } else { Some(early) };
        let attempt = match kind {
            0 | 1 => create(&value, None),
            2..=4 => update(&value, wanted, None),
            5 => delete(wanted),
            _ => Op::Read { seen: None },
        };
        if unknown && kind < 6 {
            if happens {
                self.apply(attempt.clone());
            }
            // Asked up to a long time before it takes effect.
            let interval = Interval::unknown(self.now.saturating_sub(early * 5));
            return self.history.push(Operation { client: u32::from(kind), interval, op: attempt });
        }
        let op = self.apply(attempt);
        let interval = Interval::answered(self.now.saturating_sub(early), self.now + late);
        self.history.push(Operation { client: u32::from(kind), interval, op });
    }

    /// Does it and says what is observed.
    fn apply(&mut self, attempt: Op) -> Op {
        let held = self.row.as_ref().map(|(version, _)| *version);
        match (attempt, held) {
            (Op::Create { .. }, Some(_)) => Op::CreateRefusedExists,
            (Op::Create { value, .. }, None) => create(&value.clone(), self.write(value)),
            (Op::Update { .. } | Op::Delete { .. }, None) => Op::RefusedNotFound,
            (Op::Update { expected: Some(etag), .. } | Op::Delete { expected: Some(etag) }, Some(held))
                if etag != held =>
            {
                Op::EtagMismatch { expected: etag }
            }
            (Op::Update { value, expected, .. }, Some(_)) => update(&value.clone(), expected, self.write(value)),
            (Op::Delete { expected }, Some(_)) => {
                self.seq += 1;
                self.row = None;
                delete(expected)
            }
            _ => Op::Read { seen: self.row.clone() },
        }
    }

    fn write(&mut self, value: String) -> u64 {
        self.seq += 1;
        self.row = Some((self.seq, value));
        self.seq
    }

    /// One call after everything else has been answered.
    fn quietly(&mut self, op: Op) {
        self.now += 100;
        self.history.push(at(self.now, self.now + 1, op));
    }

    fn verdict(&self) -> Result<(), linearizable::Error> {
        linearizable::check::<Register>(&self.history)
    }
}

fn is_violation(verdict: &Result<(), linearizable::Error>) -> bool {
    matches!(verdict, Err(linearizable::Error::NotLinearizable(_)))
}

proptest! {
    #[test]
    fn a_real_execution_passes_whatever_overlaps_and_is_unknown(draws in draws(0.25)) {
        let verdict = World::run(&draws).verdict();
        prop_assert!(verdict.is_ok(), "{}", verdict.unwrap_err());
    }

    #[test]
    fn a_stale_read_after_completion_is_caught(draws in draws(0.25)) {
        let mut world = World::run(&draws);
        let first = world.row.take().map_or_else(|| create("first", world.seq + 1), |(version, _)| update("first", version, world.seq + 1));
        let second = update("second", world.seq + 1, world.seq + 2);
        let stale = read(world.seq + 1, "first");
        world.quietly(first);
        world.quietly(stale.clone());
        world.quietly(second);
        prop_assert_eq!(world.verdict(), Ok(()));
        world.quietly(stale);
        prop_assert!(is_violation(&world.verdict()));
    }

    #[test]
    fn an_acknowledged_write_that_is_dropped_is_caught(draws in draws(0.0)) {
        let mut world = World::run(&draws);
        let seen = world.row.clone();
        world.quietly(seen.as_ref().map_or_else(|| create("dropped", world.seq + 1), |(v, _)| update("dropped", *v, world.seq + 1)));
        prop_assert_eq!(world.verdict(), Ok(()));
        world.quietly(Op::Read { seen });
        prop_assert!(is_violation(&world.verdict()));
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn unknown_versions_are_judged_as_if_every_version_were_tried(
        drawn in prop::collection::vec((0u64..8, 0u64..6, prop::bool::weighted(0.3), any_op()), 0..=5),
    ) {
        let ops: Vec<_> = drawn
            .into_iter()
            .map(|(from, length, unknown, op)| {
                let interval = Interval { invoked: from, completed: (!unknown).then_some(from + length) };
                Operation { client: 1, interval, op }
            })
            .collect();
        let verdict = linearizable::check::<Register>(&ops);
        prop_assert_eq!(verdict.is_ok(), try_versions(&ops, &(0..ops.len()).collect::<Vec<_>>(), 0, None));
    }
}

/// Versions that are told are tens, so there is room between them for as many untold ones as a history has.
fn any_op() -> impl Strategy<Value = Op> {
    let told = || (1u64..4).prop_map(|version| version * 10);
    let maybe = || prop::option::of(told());
    prop_oneof![
        ("[a-c]", maybe()).prop_map(|(value, version)| create(&value, version)),
        ("[a-c]", maybe(), maybe()).prop_map(|(value, etag, version)| update(&value, etag, version)),
        maybe().prop_map(delete),
        (told(), "[a-c]").prop_map(|(version, value)| read(version, &value)),
        Just(READ_NOTHING),
        Just(Op::CreateRefusedExists),
        Just(Op::RefusedNotFound),
        told().prop_map(|expected| Op::EtagMismatch { expected }),
    ]
}

/// Every order, and every version for each write that does not tell its own.
fn try_versions(ops: &[Operation<Op>], left: &[usize], floor: u64, row: Option<(u64, &str)>) -> bool {
    if left.iter().all(|at| ops[*at].interval.completed.is_none()) {
        return true;
    }
    left.iter().any(|&next| {
        if left.iter().any(|other| ops[*other].interval.precedes(&ops[next].interval)) {
            return false;
        }
        let left: Vec<usize> = left.iter().copied().filter(|at| *at != next).collect();
        let write = |value, version: Option<u64>| {
            let versions = version.map_or_else(|| (1..=36).collect(), |version| vec![version]);
            versions.into_iter().any(|v| v > floor && try_versions(ops, &left, v, Some((v, value))))
        };
        let fits = |etag: &Option<u64>| row.is_some_and(|(held, _)| etag.is_none_or(|etag| etag == held));
        let stays = |holds: bool| holds && try_versions(ops, &left, floor, row);
        match &ops[next].op {
            Op::Create { value, version_out } => row.is_none() && write(value, *version_out),
            Op::Update { value, expected, version_out } => fits(expected) && write(value, *version_out),
            Op::Delete { expected } => fits(expected) && try_versions(ops, &left, floor, None),
            Op::Read { seen } => stays(row == seen.as_ref().map(|(version, value)| (*version, value.as_str()))),
            Op::CreateRefusedExists => stays(row.is_some()),
            Op::RefusedNotFound => stays(row.is_none()),
            Op::EtagMismatch { expected } => stays(row.is_some_and(|(held, _)| held != *expected)),
        }
    })
}
