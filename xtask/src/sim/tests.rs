//! The whole driver against a stand-in for the simulator, whose seeds end in every way there is.
//!
//! `testdata/fake-sim.sh` says which seed ends how.

use super::*;

/// Runs the command line `cargo xtask sim <line>` against the stand-in; returns its output and its error.
fn sim(line: &str) -> (String, Option<String>) {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }
    let cli = <Cli as clap::Parser>::try_parse_from(["sim"].into_iter().chain(line.split_whitespace())).unwrap();
    let program = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/fake-sim.sh"));
    let mut out = Vec::new();
    let result = run_program(program, &cli.args, &mut out);
    (String::from_utf8(out).unwrap(), result.err().map(|error| format!("{error:#}")))
}

#[track_caller]
fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "expected `{part}` in:\n{text}");
}

#[test]
fn a_sweep_prints_each_line_in_seed_order_and_a_summary() {
    let (out, error) = sim("--seeds 9 --from 10 --jobs 4 --nodes 1");
    assert_eq!(error, None);
    let seeds: Vec<_> = out.lines().filter_map(|line| simulator::field(line, "seed")).collect();
    assert_eq!(seeds, ["10", "11", "12", "13", "14", "15", "16", "17", "18"]);
    assert_contains(&out, "seed=10 nodes=1 ");
    assert_contains(&out, "9 seeds passed, 0 failed\nacked 90, refused 18, unknown 9, virtual time 13.5s\nwall time ");
}

#[test]
fn lives_of_clusters_are_counted_in_cluster_days_and_repeated_with_their_hours() {
    let (out, error) = sim("--seeds 3 --hours 12 --clusters 4");
    assert_eq!(error.as_deref(), Some("1 failed: seeds 3"));
    assert_contains(&out, "reproduce: cargo xtask sim --seed 3 --hours 12 --clusters 4\n");
    assert_contains(&out, "2 seeds passed, 1 failed\ncluster-days 13.5\nwall time ");
}

#[test]
fn a_violation_shows_how_to_repeat_it_and_its_last_forty_lines() {
    let (out, error) = sim("--seeds 3 --nodes 3");
    assert_eq!(error.as_deref(), Some("1 failed: seeds 3"));
    assert_contains(
        &out,
        "invariant `committed_immutable` was violated\n  reproduce: cargo xtask sim --seed 3 --nodes 3\n",
    );
    assert_contains(&out, "stderr:\n  | step 21\n");
    assert_contains(&out, "  | step 60\n");
    assert_contains(&out, "2 seeds passed, 1 failed");
}

#[test]
fn a_harness_that_dies_stays_silent_or_contradicts_itself_fails_the_sweep() {
    let (out, error) = sim("--seeds 5 --from 5");
    assert_eq!(error.as_deref(), Some("3 failed: seeds 5, 6, 9"));
    assert_contains(&out, "seed=5 (no line)\n  harness failure: exit code 101\n");
    assert_contains(&out, "  | panicked at the harness\n");
    assert_contains(&out, "harness failure: 0 lines on stdout; a run prints exactly one");
    assert_contains(&out, "harness failure: exit code 0 contradicts verdict=violation(single_leader)");
}

#[test]
fn twice_accepts_equal_lines_and_shows_both_that_differ() {
    let (out, error) = sim("--seeds 2 --twice");
    assert_eq!(error, None);
    assert_contains(&out, "verdict=ok equal\n");

    let (out, error) = sim("--seed 7 --twice");
    assert_eq!(error.as_deref(), Some("1 failed: seeds 7"));
    assert_eq!(out.lines().filter(|line| line.starts_with("seed=7 ")).count(), 2, "{out}");
    assert_contains(&out, "the two runs of seed 7 differ\n  reproduce: cargo xtask sim --seed 7 --twice\n");
}

#[test]
fn one_seed_fails_or_passes_by_its_verdict() {
    assert_eq!(sim("--seed 1").1, None);
    assert_eq!(sim("--seed 3").1.as_deref(), Some("seed 3: invariant `committed_immutable` was violated"));
    assert_eq!(sim("--seed 4 --canary caught").1, None);
    assert_eq!(sim("--seed 3 --canary caught").1.as_deref(), Some("canary `caught` was not caught by seed 3"));
}

#[test]
fn a_canary_is_caught_at_the_same_seed_on_any_number_of_cores() {
    for jobs in ["1", "7"] {
        let (out, error) = sim(&format!("--canary caught --jobs {jobs}"));
        assert_eq!(error, None);
        assert_contains(&out, "caught  3      4 seeds       single_leader\n1 caught, 0 not\n");
    }
}

#[test]
fn a_canary_that_is_missed_or_breaks_the_harness_is_not_caught() {
    let (out, error) = sim("--canary --seeds 8");
    assert_eq!(error.as_deref(), Some("not caught: missed, crashes"));
    assert_contains(&out, "missed   1      NOT CAUGHT    seeds 1 to 8 found nothing\n");
    assert_contains(&out, "crashes  1      NOT CAUGHT    the harness failed at seed 2\n");
    assert_contains(&out, "reproduce: cargo xtask sim --seed 2 --nodes 1 --canary crashes\n");
}

#[test]
fn an_unknown_canary_is_answered_with_the_known_ones() {
    let error = sim("--canary nope").1.unwrap();
    assert_eq!(error, "--canary nope: the simulator knows caught, missed, crashes");
}

#[test]
fn seeds_beyond_the_last_are_refused_and_the_last_one_runs() {
    let last = u64::MAX;
    assert_contains(&sim(&format!("--from {last} --seeds 2")).1.unwrap(), "seeds end at 18446744073709551615");
    assert_eq!(sim(&format!("--from {last} --seeds 1 --jobs 3")).1, None);
}
