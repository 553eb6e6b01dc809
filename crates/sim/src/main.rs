//! Runs one seed and prints one line.
//!
//! Exit codes: 0 all held; 3 something was violated; 2 usage; anything else is a fault of the harness.

use std::{collections::BTreeSet, process::ExitCode};

use clap::Parser;
use invariants::Violation;
use sim::{
    count_panics,
    kept::{self, HOURS_OF_A_CANARY, Kept, Wished},
    on_virtual_time,
    plan::{Bug, CANARIES, CanaryCase, Plan},
    run::{Report, run},
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Runs one seed of the simulated ring.
///
/// Examples:
///   sim --seed 7
///   sim --seed 7 --nodes 3 --verbose
///   sim --seed 1 --canary ack-before-flush
///   sim --seed 1 --hours 72 --clusters 20
#[derive(Parser)]
#[command(verbatim_doc_comment)]
struct Args {
    /// The seed: the whole run is a function of it.
    #[arg(long, required_unless_present = "list_canaries")]
    seed: Option<u64>,
    /// Members per region; drawn from the seed when not given.
    #[arg(long, value_parser = ["1", "3"])]
    nodes: Option<String>,
    /// Has a known bug, which the run is to catch.
    #[arg(long)]
    canary: Option<String>,
    /// Runs so many hours in the life of clusters over a simulated cloud instead. Bugs of reconciling are hunted there.
    #[arg(long)]
    hours: Option<u64>,
    /// About so many clusters in each region, in the life of clusters.
    #[arg(long, default_value_t = 8)]
    clusters: usize,
    /// Tells on standard error what happens.
    #[arg(long)]
    verbose: bool,
    /// Tells everything.
    #[arg(long)]
    trace: bool,
    /// Lists the known bugs: name, members per region, description.
    #[arg(long)]
    list_canaries: bool,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]
fn main() -> ExitCode {
    let args = Args::parse();
    if args.list_canaries {
        CANARIES.iter().for_each(|canary| println!("{}\t{}\t{}", canary.name, canary.nodes, canary.description));
        return ExitCode::SUCCESS;
    }
    let canary = match args.canary.as_deref().map(find_canary).transpose() {
        Ok(canary) => canary,
        Err(name) => {
            eprintln!("looked for the canary {name:?}: wanted one of `sim --list-canaries`");
            return ExitCode::from(2);
        }
    };
    let level = if args.trace {
        tracing::Level::TRACE
    } else if args.verbose {
        tracing::Level::INFO
    } else {
        tracing::Level::ERROR
    };
    // openraft says much about each fault that a run injects; what it means is for the invariants to judge.
    let shown = Targets::new()
        .with_default(level)
        .with_target("openraft", if args.trace { level } else { tracing::Level::ERROR });
    let shown = if args.verbose || args.trace { shown } else { shown.with_target("openraft", LevelFilter::OFF) };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).without_time();
    tracing_subscriber::registry().with(lines.with_filter(shown)).init();
    count_panics();
    let (seed, nodes) = (args.seed.unwrap_or_default(), args.nodes.and_then(|nodes| nodes.parse().ok()));
    let planted = canary.and_then(|canary| if let Bug::Reconcile(planted) = canary.bug { Some(planted) } else { None });
    if args.hours.is_some() || planted.is_some() {
        let hours = args.hours.unwrap_or(HOURS_OF_A_CANARY);
        let wished = Wished { seed, hours, clusters: args.clusters, nodes, planted };
        return told(on_virtual_time(kept::run(wished)).map(|kept| print_kept(&wished, canary, &kept)));
    }
    let plan = Plan::draw(seed, nodes, canary);
    told(on_virtual_time(run(plan.clone())).map(|report| print_report(&plan, canary, &report)))
}

#[expect(clippy::print_stderr, reason = "a command line program")]
fn told(code: std::io::Result<ExitCode>) -> ExitCode {
    code.unwrap_or_else(|error| {
        eprintln!("built a runtime with a paused clock: {error}");
        ExitCode::from(1)
    })
}

#[expect(clippy::print_stdout, reason = "a command line program")]
fn print_kept(wished: &Wished, canary: Option<&CanaryCase>, kept: &Kept) -> ExitCode {
    let (verdict, code) = verdict(&kept.violations, canary);
    let alone = kept
        .alone
        .map_or_else(|| "none".to_owned(), |[made, replaced, metered]| format!("{made}+{replaced}+{metered}"));
    let digest = kept.digest.map(|digest| digest.to_string()).unwrap_or_default();
    println!(
        "seed={} nodes={} hours={} cluster-days={:.1} machines={} machine-hours={} calls={} records={} renewed={} alone={alone} digest={digest} verdict={verdict}",
        wished.seed,
        kept.nodes,
        wished.hours,
        kept.cluster_days,
        kept.machines,
        kept.billed_seconds / 3600,
        kept.calls,
        kept.records,
        kept.renewed,
    );
    code
}

fn find_canary(name: &str) -> Result<&'static CanaryCase, String> {
    CANARIES.iter().find(|canary| canary.name == name).ok_or_else(|| name.to_owned())
}

/// What is said at the end, once what was violated is told.
#[expect(clippy::print_stderr, reason = "a command line program")]
fn verdict(violations: &[Violation], canary: Option<&CanaryCase>) -> (String, ExitCode) {
    for violation in violations {
        eprintln!("{violation}");
    }
    // A known bug is caught by a rule that is there for it; whatever else breaks proves nothing.
    let counts = |name: &str| canary.is_none_or(|canary| canary.caught_by.contains(&name));
    let violated: BTreeSet<&str> = violations.iter().map(|violation| violation.invariant).collect();
    let violated: Vec<&str> = violated.into_iter().filter(|name| counts(name)).collect();
    match violated.is_empty() {
        true => ("ok".to_owned(), ExitCode::SUCCESS),
        false => (format!("violation({})", violated.join("+")), ExitCode::from(3)),
    }
}

#[expect(clippy::print_stdout, reason = "a command line program")]
fn print_report(plan: &Plan, canary: Option<&CanaryCase>, report: &Report) -> ExitCode {
    let (verdict, code) = verdict(&report.violations, canary);
    println!(
        "seed={} nodes={} faults={} acked={} refused={} unknown={} reads={} folds={} lines={} virtual={:.1}s digest={} verdict={verdict}",
        plan.seeds.0,
        plan.nodes,
        plan.fault_names(),
        report.counts.acknowledged,
        report.counts.refused,
        report.counts.unknown,
        report.counts.reads,
        report.folds,
        report.lines,
        report.virtual_time.as_secs_f64(),
        report.digest,
    );
    code
}
