//! `chaos`: a ring of real processes for a person, and drills that judge it.
//!
//! Exit codes: 0 every promise was kept, 1 a promise was broken, 2 the harness could not do its work.

mod daemon;

use std::{
    io::{Write as _, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, Result};
use chaos::{
    demo,
    drill::{self, Drill, kill, links},
    load,
    ring::{self, Programs, checked_binary},
    up,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tokio::time::Instant;

const EXAMPLES: &str = "Examples:
  chaos drill kill-loop --rounds 50 --nodes 3   kill nodes, leaders and regions under load, and judge what clients saw
  chaos drill cut-link --nodes 1                cut the links between two regions, one pair after the other
  chaos up --nodes 3                            three regions of three nodes, until Ctrl-C
  chaos demo                                    two minutes of the product by itself, and a verdict for each promise
  chaos up --detach                             the same in the background; `chaos down` stops it

Exit codes: 0 every promise was kept, 1 one was broken, 2 this program could not do its work.";

/// Real processes of Atoll: a ring on this machine, and drills on it.
#[derive(Parser)]
#[command(name = "chaos", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a ring, load it, disturb it, and judge what clients saw
    Drill(DrillArgs),
    /// Run a ring of three regions until Ctrl-C
    Up(UpArgs),
    /// Two minutes by itself: clusters in three regions, one cut off and healed, and a verdict for each promise
    Demo(DemoArgs),
    /// Stop a ring that is up
    Down {
        /// Where `up` says that it is up [default: in the user's state directory]
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// SIGKILL any node, the leader of G, the leader of an R, a whole region
    KillLoop,
    /// SIGSTOP the same for a while
    PauseLoop,
    /// Stall both directions between two regions
    CutLink,
    /// Stall one direction between two regions
    OneWay,
    /// Leave connections between two regions half open
    HalfOpen,
    /// Let a link go up and down
    FlapLink,
    /// Cut a region off from all others
    Isolate,
}

#[derive(Args)]
struct DrillArgs {
    name: Name,
    /// How many faults
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// Nodes of each region: 1, 3 or 5
    #[arg(long, default_value_t = 3, value_parser = nodes)]
    nodes: u64,
    /// How long a fault lasts that ends by itself, in seconds
    #[arg(long, default_value_t = 15)]
    hold: u64,
    /// Clients that draw what to do, in each region; probers come on top
    #[arg(long, default_value_t = 2)]
    clients: u32,
    /// Mean time between two calls of such a client, in milliseconds
    #[arg(long, default_value_t = 100)]
    think_ms: u64,
    /// What is drawn
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// No distance between the regions
    #[arg(long)]
    no_delay: bool,
    /// Without TLS
    #[arg(long)]
    no_tls: bool,
    /// Of every timeout of consensus
    #[arg(long, default_value_t = 1.0)]
    multiplier: f64,
    /// Levels of the nodes' logs
    #[arg(long, default_value = "info")]
    log: String,
    /// Keep everything here [default: a temporary directory, kept only when something is wrong]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The binary [default: region-node beside this program]
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
}

#[derive(Args)]
struct UpArgs {
    /// Nodes of each region: 1, 3 or 5
    #[arg(long, default_value_t = 1, value_parser = nodes)]
    nodes: u64,
    /// Keep the state here over restarts [default: a temporary directory, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// No distance between the regions
    #[arg(long)]
    no_delay: bool,
    /// Go on in the background as soon as the ring is whole
    #[arg(long)]
    detach: bool,
    /// Where to say that it is up [default: in the user's state directory]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    programs: ProgramArgs,
}

#[derive(Args)]
struct DemoArgs {
    /// Nodes of each region: 1, 3 or 5
    #[arg(long, default_value_t = 1, value_parser = nodes)]
    nodes: u64,
    /// Keep everything here [default: a temporary directory, kept only when something did not hold]
    #[arg(long)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    programs: ProgramArgs,
}

/// What a ring is run from.
#[derive(Args)]
struct ProgramArgs {
    /// The binary [default: region-node beside this program]
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
    /// The command for people [default: atoll beside this program]
    #[arg(long, value_name = "PATH")]
    cli: Option<PathBuf>,
    /// The simulated cloud [default: cloud-sim beside this program]
    #[arg(long, value_name = "PATH")]
    cloud: Option<PathBuf>,
}

impl ProgramArgs {
    fn found(self) -> Result<Programs> {
        Ok(Programs {
            node: checked_binary(&beside(self.node, "region-node")?)?,
            cli: checked_binary(&beside(self.cli, "atoll")?)?,
            cloud: checked_binary(&beside(self.cloud, "cloud-sim")?)?,
        })
    }
}

/// An even number stands no more failures than the odd one below it.
fn nodes(text: &str) -> Result<u64, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        "5" => Ok(5),
        _ => Err("wanted 1, 3 or 5".to_owned()),
    }
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime.context("start a runtime").and_then(|runtime| runtime.block_on(run(Cli::parse().command)));
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Drill(args) => practise(args).await,
        Command::Up(args) => {
            let wishes = up::Wishes {
                programs: args.programs.found()?,
                nodes_per_region: args.nodes,
                data: args.data.map(std::path::absolute).transpose().context("resolve --data")?,
                delay: !args.no_delay,
                state: daemon::state_file(args.state)?,
            };
            if args.detach {
                daemon::detach(&wishes).await?
            } else {
                up::run(&wishes).await?
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(args) => {
            let wishes = demo::Wishes {
                programs: args.programs.found()?,
                nodes_per_region: args.nodes,
                dir: args.dir.map(std::path::absolute).transpose().context("resolve --dir")?,
            };
            Ok(if demo::run(&wishes).await? { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Command::Down { state } => {
            daemon::down(&daemon::state_file(state)?).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The path given, or the program of that name beside this one.
fn beside(given: Option<PathBuf>, name: &str) -> Result<PathBuf> {
    match given {
        Some(path) => Ok(path),
        None => {
            let own = std::env::current_exe().context("find this program's own path")?;
            Ok(own.parent().unwrap_or_else(|| Path::new(".")).join(name))
        }
    }
}

async fn practise(args: DrillArgs) -> Result<ExitCode> {
    let drill = match args.name {
        Name::KillLoop => Drill::Kill(kill::How::Kill),
        Name::PauseLoop => Drill::Kill(kill::How::Pause),
        Name::CutLink => Drill::Links(links::How::Cut),
        Name::OneWay => Drill::Links(links::How::OneWay),
        Name::HalfOpen => Drill::Links(links::How::HalfOpen),
        Name::FlapLink => Drill::Links(links::How::Flap),
        Name::Isolate => Drill::Isolate,
    };
    let temporary = tempfile::Builder::new().prefix("chaos-").tempdir().context("make a temporary directory")?;
    let dir = args.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    let options = options(&args, dir)?;
    let start = Instant::now();
    let mut say = |line: String| {
        let seconds = start.elapsed().as_secs_f64();
        // A closed terminal is no reason to stop a drill.
        let _ = writeln!(stdout(), "{seconds:>7.1} s  {line}");
    };
    let result = drill::run(drill, options, &mut say).await;
    let good = result.as_ref().is_ok_and(|report| report.broken.is_empty() && report.unjudged.is_empty());
    if !good && args.dir.is_none() {
        println!("logs and data are kept in {}", temporary.keep().display());
    }
    let report = result?;
    println!("\n{}", report.print());
    Ok(match (report.broken.is_empty(), report.unjudged.is_empty()) {
        (true, true) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(1),
        (true, false) => ExitCode::from(2),
    })
}

fn options(args: &DrillArgs, dir: PathBuf) -> Result<drill::Options> {
    let ring = ring::Options {
        binary: checked_binary(&beside(args.node.clone(), "region-node")?)?,
        dir,
        name: "drill".to_owned(),
        regions: up::regions()?,
        members_per_region: args.nodes,
        distances: if args.no_delay { Vec::new() } else { up::distances()? },
        tls: !args.no_tls,
        fixed_ports: None,
        multiplier: args.multiplier,
        log: args.log.clone(),
        seed: args.seed,
        cloud: None,
    };
    let load = load::Options {
        workers_per_region: args.clients,
        think: Duration::from_millis(args.think_ms),
        seed: args.seed,
    };
    Ok(drill::Options { ring, load, rounds: args.rounds, hold: Duration::from_secs(args.hold), sample: 200 })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn regions_have_one_three_or_five_nodes() {
        for command in [["up", "--no-delay"].as_slice(), ["drill", "kill-loop"].as_slice()] {
            let parse =
                |number: &str| Cli::try_parse_from([["chaos"].as_slice(), command, &["--nodes", number]].concat());
            assert!(["1", "3", "5"].iter().all(|number| parse(number).is_ok()), "{command:?}");
            for number in ["0", "2", "4", "7", "three"] {
                let refused = parse(number).err().map(|error| error.to_string()).unwrap_or_default();
                assert!(refused.contains("wanted 1, 3 or 5"), "{command:?} {number}: {refused}");
            }
        }
    }
}
