//! Usage: against a model that walks every second, and what must hold of any rows, cuts and times of looking.

use std::collections::BTreeMap;

use domain::{
    Date, Entity, MachineRun,
    held::Time,
    usage::{
        Amount, CLOSED_AFTER_SECONDS, DAY_SECONDS, Tally, Within, closed_before, days,
        report::{By, Line, Report, Runs, cluster_key},
        second, tally,
    },
};
use ids::{Hlc, RequestId, ResourceName};
use proptest::prelude::*;

use crate::{
    memory::Memory,
    world::{self, World, cluster, create_folder, create_organization, create_project, move_project, project},
};

/// The model looks at one second of six hours; everything happens at such seconds, so it misses nothing.
const STEP: u64 = 6 * 3600;
/// 2026-01-01.
const YEAR: u64 = 20_454 * DAY_SECONDS;
/// Four months and a half.
const STEPS: u64 = 135 * DAY_SECONDS / STEP;

fn at(step: u64) -> u64 {
    YEAR + step * STEP
}

fn hlc(second: u64) -> Hlc {
    Hlc::at_unix_ms(second * 1000)
}

fn run(started: u64, started_recorded: u64, stopped: Option<(u64, u64)>) -> MachineRun {
    MachineRun {
        cluster: cluster("a/p:x", "us-east-1", "c"),
        uid: RequestId([1; 16]),
        machine: "i-1".into(),
        slot: "worker-1".parse().unwrap(),
        instance_type: "m7g.large".into(),
        vcpus: 2,
        memory_mib: 8192,
        started: Time(started),
        started_recorded: hlc(started_recorded),
        stopped: stopped.map(|(stopped, recorded)| (Time(stopped), hlc(recorded))),
    }
}

/// Runs of which some are learned at once, some weeks later.
fn runs() -> impl Strategy<Value = MachineRun> {
    let late = prop_oneof![3 => Just(0_u64), 1 => 0..STEPS];
    let stop = proptest::option::weighted(0.8, (0..STEPS, late.clone(), any::<bool>()));
    (0..STEPS, late, stop).prop_map(|(started, late, stop)| {
        let recorded = started + late;
        let stopped = stop.map(|(ran, late, at_once)| {
            let ended = started + ran % (STEPS - started);
            (at(ended), if at_once { at(recorded.max(ended)) } else { at(ended.max(recorded) + late) })
        });
        // In one record, where its start was learned when it had ended.
        let recorded = stopped.filter(|(ended, at_once)| at(recorded) >= *ended && at(recorded) == *at_once);
        run(at(started), recorded.map_or_else(|| at(started + late), |(_, at_once)| at_once), stopped)
    })
}

fn within() -> impl Strategy<Value = Within> {
    (0..STEPS, 0..STEPS)
        .prop_map(|(one, other)| Within { from: Time(at(one.min(other))), to: Time(at(one.max(other))) })
}

/// The month that a second is in, and when it is closed.
fn month(second: u64) -> (u64, u64) {
    let date = |second: u64| Date::from_days_since_1970(second / DAY_SECONDS).first_of_month();
    let mut next = second - second % DAY_SECONDS;
    while date(next) == date(second) {
        next += DAY_SECONDS;
    }
    (date(second).days_since_1970() * DAY_SECONDS, next + CLOSED_AFTER_SECONDS)
}

/// Whether the machine was running at a second, as far as the log knew at another.
fn ran(run: &MachineRun, at: u64, known: impl Fn(Hlc) -> bool) -> bool {
    let ended = run.stopped.filter(|(_, recorded)| known(*recorded)).is_some_and(|(end, _)| end.0 <= at);
    known(run.started_recorded) && run.started.0 <= at && !ended
}

/// The same, said naively: every second is counted as was known when its month was closed, and each later change of what was known is an
/// adjustment at its time.
fn naive(run: &MachineRun, within: Within, as_of: Hlc) -> (u64, i64) {
    let (mut used, mut adjusted) = (0, 0);
    let learned: Vec<Hlc> = [Some(run.started_recorded), run.stopped.map(|(_, recorded)| recorded)]
        .into_iter()
        .flatten()
        .filter(|recorded| *recorded <= as_of)
        .collect();
    for step in 0..STEPS * 2 {
        let second = at(step);
        let (_, closed) = month(second);
        if within.contains(Time(second)) && second < domain::usage::second(as_of).0 {
            used += u64::from(ran(run, second, |recorded| recorded <= as_of && recorded < hlc(closed))) * STEP;
        }
        for (place, change) in learned.iter().enumerate() {
            let first = !learned[..place].contains(change);
            if first && *change >= hlc(closed) && within.contains(domain::usage::second(*change)) {
                let after = i64::from(ran(run, second, |recorded| recorded <= *change));
                let before = i64::from(ran(run, second, |recorded| recorded < *change));
                adjusted += (after - before) * i64::try_from(STEP).unwrap();
            }
        }
    }
    (used, adjusted)
}

fn seconds(run: &MachineRun, seconds: i128) -> Amount {
    Amount { vcpu_seconds: i128::from(run.vcpus) * seconds, mib_seconds: i128::from(run.memory_mib) * seconds }
}

fn sum(parts: impl IntoIterator<Item = Tally>) -> Tally {
    let mut sum = Tally::default();
    parts.into_iter().for_each(|part| sum += part);
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_counted_is_what_a_walk_over_every_second_counts(run in runs(), within in within(), as_of in 0..STEPS * 2) {
        let as_of = hlc(at(as_of));
        let (used, adjusted) = naive(&run, within, as_of);
        let wanted = Tally { used: seconds(&run, used.into()), adjusted: seconds(&run, adjusted.into()) };
        prop_assert_eq!(tally(&run, within, as_of), wanted);
    }

    #[test]
    fn parts_add_up_to_the_whole_however_time_is_cut(
        run in runs(), within in within(), as_of in YEAR..at(STEPS * 2), cuts in proptest::collection::vec(YEAR..at(STEPS), 0..6),
    ) {
        let mut cuts: Vec<Time> = cuts.into_iter().map(|cut| Time(cut).clamp(within.from, within.to)).collect();
        cuts.extend([within.from, within.to]);
        cuts.sort_unstable();
        let parts = cuts.windows(2).map(|cut| tally(&run, Within { from: cut[0], to: cut[1] }, hlc(as_of)));
        let whole = tally(&run, within, hlc(as_of));
        prop_assert_eq!(sum(parts), whole);
        let days = days(&run, within, hlc(as_of));
        prop_assert!(days.is_sorted_by(|one, next| one.0 < next.0));
        prop_assert!(days.iter().all(|(day, _)| day.0 % DAY_SECONDS == 0));
        prop_assert_eq!(sum(days.into_iter().map(|(_, tally)| tally)), whole);
    }

    /// Over all time, use and adjustments are what the machine ran, as far as is known.
    #[test]
    fn in_the_end_everything_is_counted_once(run in runs(), as_of in YEAR..at(STEPS * 2)) {
        let all = Within { from: Time(0), to: Time(u64::MAX) };
        let known = |recorded: Hlc| recorded <= hlc(as_of);
        let end = run.stopped.filter(|(_, recorded)| known(*recorded)).map_or(as_of, |(end, _)| end.0.min(as_of));
        let ran = if known(run.started_recorded) { end.saturating_sub(run.started.0) } else { 0 };
        prop_assert_eq!(tally(&run, all, hlc(as_of)).total(), seconds(&run, ran.into()));
    }

    /// A closed month: what is in it, use and adjustments, does not change, however much is learned afterwards.
    #[test]
    fn a_closed_month_has_the_same_figures_for_ever(run in runs(), as_of in YEAR..at(STEPS * 2), later in 0..STEPS) {
        let (as_of, later) = (hlc(as_of), hlc(as_of + later * STEP));
        let earlier = MachineRun { stopped: run.stopped.filter(|(_, recorded)| *recorded <= as_of), ..run.clone() };
        let closed = Within { from: Time(0), to: closed_before(as_of) };
        let before = if run.started_recorded <= as_of { tally(&earlier, closed, as_of) } else { Tally::default() };
        prop_assert_eq!(before, tally(&run, closed, later));
        prop_assert_eq!(days(&run, closed, as_of), days(&run, closed, later));
    }

    #[test]
    fn everything_before_a_time_is_in_closed_months_and_nothing_after(as_of in YEAR..YEAR * 2) {
        let closed = closed_before(hlc(as_of)).0;
        prop_assert_eq!(month(closed).0, closed, "the beginning of a month");
        prop_assert!(month(closed).1 > as_of);
        prop_assert!(month(closed - 1).1 <= as_of);
    }
}

/// A generator that never reaches a case proves nothing about it.
#[test]
fn the_runs_that_are_tried_are_of_every_kind() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeMap::<&str, u32>::new();
    for _ in 0..500 {
        let run = runs().new_tree(&mut runner).unwrap().current();
        let late = run.started < closed_before(run.started_recorded);
        let kind = match run.stopped {
            None if late => "open, learned late",
            None => "open",
            Some((_, recorded)) if recorded == run.started_recorded && late => "learned at once, late",
            Some((_, recorded)) if recorded == run.started_recorded => "learned at once",
            Some((end, recorded)) if late && end < closed_before(recorded) => "both late",
            Some((end, recorded)) if end < closed_before(recorded) => "end learned late",
            Some(_) if late => "start learned late",
            Some(_) => "in time",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

const DAY: u64 = DAY_SECONDS;
/// 2026-01-31.
const JAN_31: u64 = YEAR + 30 * DAY;
const FEBRUARY: Within = Within { from: Time(YEAR + 31 * DAY), to: Time(YEAR + 59 * DAY) };
const JANUARY: Within = Within { from: Time(YEAR), to: FEBRUARY.from };

#[test]
fn an_end_that_is_learned_after_the_month_was_closed_is_an_adjustment_when_it_is_learned() {
    let open = run(JAN_31, JAN_31, None);
    let closing = hlc(FEBRUARY.from.0 + CLOSED_AFTER_SECONDS);
    assert_eq!(tally(&open, JANUARY, closing).used, seconds(&open, i128::from(DAY)));
    assert_eq!(closed_before(closing), FEBRUARY.from);
    assert_eq!(closed_before(Hlc(closing.0 - 1)), JANUARY.from);
    // It had run for an hour.
    let learned = FEBRUARY.from.0 + 10 * DAY;
    let known = run(JAN_31, JAN_31, Some((JAN_31 + 3600, learned)));
    let later = hlc(learned + 1);
    let january = tally(&known, JANUARY, later);
    assert_eq!(january, Tally { used: seconds(&known, i128::from(DAY)), adjusted: Amount::default() });
    let february = tally(&known, FEBRUARY, later);
    assert_eq!(february, Tally { used: Amount::default(), adjusted: seconds(&known, 3600 - i128::from(DAY)) });
    // Learned in time, it is simply what it was.
    let in_time = run(JAN_31, JAN_31, Some((JAN_31 + 3600, FEBRUARY.from.0 + 2 * DAY)));
    assert_eq!(tally(&in_time, JANUARY, later).used, seconds(&in_time, 3600));
    assert_eq!(tally(&in_time, FEBRUARY, later), Tally::default());
}

#[test]
fn a_run_that_goes_on_counts_until_it_is_looked_at() {
    let open = run(YEAR, YEAR, None);
    for ran in [0, 1, 3600, 40 * DAY] {
        let all = Within { from: Time(0), to: Time(u64::MAX) };
        assert_eq!(tally(&open, all, hlc(YEAR + ran)), Tally { used: seconds(&open, ran.into()), ..Tally::default() });
    }
    assert_eq!(second(hlc(YEAR)), Time(YEAR));
}

/// Rows of a region: three clusters in two projects, one of them made twice, five machines.
fn rows() -> Memory {
    let mut rows = Memory::default();
    let mut put = |label: &str, name: &str, uid: u8, machine: &str, hours: u64| {
        let name = cluster(label, "us-east-1", name);
        let entry = format!("{}/{}/{machine}/{YEAR}", name.project.project, name.cluster);
        let subject = domain::sets::machine_runs(&world::organization("a")).entry(&entry);
        let row = MachineRun {
            cluster: name,
            uid: RequestId([uid; 16]),
            machine: machine.into(),
            ..run(YEAR, YEAR, Some((YEAR + hours * 3600, YEAR + hours * 3600)))
        };
        rows.put(subject, Entity::from(row));
    };
    put("a/p:x", "c", 1, "i-1", 1);
    put("a/p:x", "c", 2, "i-2", 2);
    put("a/p:x", "c", 1, "i-3", 4);
    put("a/p:x", "c-2", 3, "i-4", 8);
    put("a/p:x-y", "c", 4, "i-5", 48);
    rows
}

fn tree() -> World {
    World::with([
        create_organization("a"),
        create_folder("a/f:f", "a"),
        create_folder("a/f:g", "a/f:f"),
        create_project("a/p:x", "a/f:g"),
        create_project("a/p:x-y", "a"),
    ])
}

fn report(parent: impl Into<ResourceName>, by: By, world: &World, piece: usize) -> Vec<Line> {
    let (parent, rows) = (parent.into(), rows());
    let (mut runs, mut report) = (Runs::of(&parent), Report::new(parent, JANUARY, by));
    loop {
        let read = runs.next(&rows, piece).unwrap();
        if read.is_empty() {
            return report.into_lines().collect();
        }
        read.iter().for_each(|run| report.add(run, hlc(YEAR + 100 * DAY), &world.global()).unwrap());
    }
}

/// Keys, and hours used.
fn hours(lines: &[Line]) -> Vec<(&str, i128)> {
    lines.iter().map(|line| (line.key.as_str(), line.tally.used.vcpu_seconds / 2 / 3600)).collect()
}

#[test]
fn runs_add_up_by_cluster_project_folder_organization_and_day() {
    let (world, a) = (tree(), world::organization("a"));
    let uid = |byte: u8| format!("{byte:02x}").repeat(16);
    let by_cluster = report(a.clone(), By::Cluster, &world, 2);
    let keys: Vec<String> = ["x/c/1", "x/c/2", "x/c-2/3", "x-y/c/4"].iter().map(|key| key.to_string()).collect();
    let wanted = keys.iter().zip([5, 2, 8, 48]).map(|(key, hours)| {
        let (name, byte) = key.rsplit_once('/').unwrap();
        (format!("us-east-1/{name}/{}", uid(byte.parse().unwrap())), hours)
    });
    let mut wanted: Vec<(String, i128)> = wanted.collect();
    wanted.sort();
    assert_eq!(hours(&by_cluster), wanted.iter().map(|(key, hours)| (key.as_str(), *hours)).collect::<Vec<_>>());
    assert_eq!(hours(&report(a.clone(), By::Project, &world, 1)), [("x", 15), ("x-y", 48)]);
    let folders = [("organizations/a", 48), ("organizations/a/folders/g", 15)];
    assert_eq!(hours(&report(a.clone(), By::Folder, &world, 3)), folders);
    assert_eq!(hours(&report(a.clone(), By::Organization, &world, 9)), [("organizations/a", 63)]);
    let day = |day: u64| format!("{:012}", YEAR + day * DAY);
    assert_eq!(hours(&report(a, By::Day, &world, 9)), [(day(0).as_str(), 39), (day(1).as_str(), 24)]);
}

#[test]
fn only_what_is_asked_about_is_counted() {
    let world = tree();
    assert_eq!(hours(&report(project("a/p:x"), By::Project, &world, 2)), [("x", 15)]);
    assert_eq!(hours(&report(project("a/p:x-y"), By::Organization, &world, 2)), [("organizations/a", 48)]);
    assert_eq!(
        report(cluster("a/p:x", "us-east-1", "c"), By::Organization, &world, 2)[0].tally.used.vcpu_seconds,
        7 * 7200
    );
    assert_eq!(report(cluster("a/p:x", "us-east-1", "d"), By::Day, &world, 2), []);
    assert_eq!(report(world::organization("b"), By::Day, &world, 2), []);
}

#[test]
fn a_project_counts_in_the_folders_where_it_is_now() {
    let mut world = tree();
    let folder = |world: &World, name: &str| {
        hours(&report(world::folder(name), By::Organization, world, 2)).first().map(|line| line.1)
    };
    assert_eq!((folder(&world, "a/f:f"), folder(&world, "a/f:g")), (Some(15), Some(15)));
    world.run(&move_project("a/p:x", "a/f:f")).unwrap();
    world.run(&move_project("a/p:x-y", "a/f:g")).unwrap();
    assert_eq!((folder(&world, "a/f:f"), folder(&world, "a/f:g")), (Some(63), Some(48)));
    world.run(&world::delete_project("a/p:x-y")).unwrap();
    assert!(world.project("a/p:x-y").is_err(), "no region is awaited, so it is gone");
    assert_eq!(folder(&world, "a/f:g"), Some(48), "where it was last");
}

#[test]
fn reading_goes_on_behind_a_cluster_and_reads_no_run_twice() {
    let rows = rows();
    let parent = ResourceName::from(world::organization("a"));
    let mut all = Runs::of(&parent).next(&rows, 9).unwrap();
    let machines = |runs: &[MachineRun]| runs.iter().map(|run| run.machine.to_string()).collect::<Vec<_>>();
    assert_eq!(all.len(), 5);
    let first = cluster_key(&all[0].cluster);
    let (_, behind) = first.split_once('/').unwrap();
    let rest = Runs::of(&parent).behind(behind).next(&rows, 9).unwrap();
    all.retain(|run| cluster_key(&run.cluster) != first);
    assert_eq!(machines(&rest), machines(&all));
    let mut twice = Runs::of(&parent);
    let pieces: Vec<MachineRun> = (0..9).flat_map(|_| twice.next(&rows, 2).unwrap()).collect();
    assert_eq!(pieces.len(), 5);
}
