//! Runs one seed and prints one line.
//!
//! Exit codes: 0 all held; 3 something was violated; 2 usage; anything else is a fault of the harness.

use std::{collections::BTreeSet, process::ExitCode};

use clap::Parser;
use reconcile::Planted;
use sim::{
    count_panics,
    kept::Wished,
    on_virtual_time,
    plan::{CANARIES, CanaryCase, Plan},
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
///   sim --seed 1 --days 3 --clusters 10
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
    /// Runs so many days in the life of clusters over a simulated cloud instead.
    #[arg(long, conflicts_with_all = ["nodes", "canary"])]
    days: Option<u64>,
    /// Clusters in each region, with `--days`.
    #[arg(long, default_value_t = 6, requires = "days")]
    clusters: usize,
    /// A known bug of reconciling, with `--days`.
    #[arg(long, requires = "days", value_parser = ["random-tokens", "acts-before-intent", "stale-fence", "token-over-types", "believes-empty-lists"])]
    planted: Option<String>,
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
    if let Some(days) = args.days {
        let planted = args.planted.as_deref().and_then(planted);
        return live(Wished { seed: args.seed.unwrap_or_default(), days, clusters: args.clusters, planted });
    }
    let nodes = args.nodes.and_then(|nodes| nodes.parse().ok());
    let plan = Plan::draw(args.seed.unwrap_or_default(), nodes, canary);
    match on_virtual_time(run(plan.clone())) {
        Ok(report) => print_report(&plan, canary, &report),
        Err(error) => {
            eprintln!("built a runtime with a paused clock: {error}");
            ExitCode::from(1)
        }
    }
}

fn planted(name: &str) -> Option<Planted> {
    Some(match name {
        "random-tokens" => Planted::RandomTokens,
        "acts-before-intent" => Planted::ActsBeforeIntent,
        "stale-fence" => Planted::StaleFence,
        "token-over-types" => Planted::TokenOverTypes,
        "believes-empty-lists" => Planted::BelievesEmptyLists,
        _ => return None,
    })
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]
fn live(wished: Wished) -> ExitCode {
    let mut kept = match on_virtual_time(sim::kept::run(wished)) {
        Ok(kept) => kept,
        Err(error) => {
            eprintln!("built a runtime with a paused clock: {error}");
            return ExitCode::from(1);
        }
    };
    if sim::panics() > 0 {
        kept.violations.push(format!("{} tasks panicked", sim::panics()));
    }
    kept.violations.iter().for_each(|violation| eprintln!("{violation}"));
    let verdict = if kept.violations.is_empty() { "ok" } else { "violation" };
    println!(
        "seed={} days={} cluster-days={:.1} machines={} calls={} records={} while-alone={} verdict={verdict}",
        wished.seed, wished.days, kept.cluster_days, kept.machines, kept.calls, kept.records, kept.isolated_records,
    );
    if kept.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) }
}

fn find_canary(name: &str) -> Result<&'static CanaryCase, String> {
    CANARIES.iter().find(|canary| canary.name == name).ok_or_else(|| name.to_owned())
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]
fn print_report(plan: &Plan, canary: Option<&CanaryCase>, report: &Report) -> ExitCode {
    for violation in &report.violations {
        eprintln!("{violation}");
    }
    // A known bug is caught by a rule that is there for it; whatever else breaks proves nothing.
    let counts = |name: &str| canary.is_none_or(|canary| canary.caught_by.contains(&name));
    let violated: BTreeSet<&str> = report.violations.iter().map(|violation| violation.invariant).collect();
    let violated: Vec<&str> = violated.into_iter().filter(|name| counts(name)).collect();
    let verdict = if violated.is_empty() { "ok".to_owned() } else { format!("violation({})", violated.join("+")) };
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
    if violated.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) }
}
