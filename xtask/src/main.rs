//! The developer commands of this workspace: `cargo xtask <command>`.
//!
//! They exist so that a person, a fresh machine and CI all run the same thing under the same name. What is a rule lives in
//! a file beside the code (`xtask/layers.toml`, `clippy.toml`); this crate only runs and reports. It is no part of the
//! product: no other crate may depend on it.
//!
//! Map: [`setup`] the machine, [`ci`] the list of checks, [`layers`] the dependency rules, [`sim`] the simulator's seeds, [`up`] a ring
//! of real processes, [`process`] running commands and measuring time.

mod ci;
mod layers;
mod process;
mod setup;
mod sim;
mod up;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use process::{Stopwatch, cargo};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The developer commands of this workspace")]
#[command(after_help = "Examples:
  cargo xtask up              three regions on this machine, until Ctrl-C
  cargo xtask demo            two minutes by itself, and a verdict for each promise
  cargo xtask test            set up the machine and run every test
  cargo xtask ci              every check, read-only; what .ci/run runs
  cargo xtask sim --seed 12   one simulated run, in detail")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up, build, and run three regions with distance between them, until Ctrl-C
    #[command(after_help = "Examples:
  cargo xtask up                 three regions of one node; the state is gone when they stop
  cargo xtask up --nodes 3       three nodes in each
  cargo xtask up --data DIR      keep the state in DIR over restarts
  cargo xtask up --no-delay      no distance between the regions
  cargo xtask up --detach        in the background; `cargo xtask down` stops it")]
    Up {
        /// What `chaos up` accepts
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Stop a ring that is up
    Down {
        /// What `chaos down` accepts
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Set up, build, and play two minutes by itself: clusters in three regions, one cut off and healed, a verdict for each promise
    #[command(after_help = "Examples:
  cargo xtask demo
  cargo xtask demo --nodes 3     three nodes in each region
  cargo xtask demo --dir DIR     keep logs and data in DIR

Exit code 0 only if every promise was examined and held.")]
    Demo {
        /// What `chaos demo` accepts
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Set up, build, and judge a ring of real processes under faults
    #[command(after_help = "Examples:
  cargo xtask drill kill-loop --rounds 50 --nodes 3
  cargo xtask drill cut-link --nodes 1
  cargo xtask drill -- --help    what `chaos drill` accepts")]
    Drill {
        /// What `chaos drill` accepts
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Install what building and checking needs and this machine lacks; safe to repeat
    Setup,
    /// Set up, then run every test and doctest of the workspace
    Test,
    /// Run every check without changing a file, and stop at the first failure
    Ci,
    /// Format, and apply what clippy can fix by itself
    Fix,
    /// Check the dependencies between crates against xtask/layers.toml
    Layers,
    /// Simulate: one process for each seed, in seed order
    Sim(sim::Args),
    /// Set up with etcd, build, and measure the service beside it
    #[command(after_help = "Examples:
  cargo xtask bench                        writes, then reads, of a region's log and of the global one
  cargo xtask bench writes --minutes 5
  cargo xtask bench -- --help              what `bench` accepts")]
    Bench {
        /// What `bench` accepts
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run the ledger's own benchmarks
    #[command(after_help = "Examples:
  cargo xtask bench-ledger
  cargo xtask bench-ledger --bench append
  cargo xtask bench-ledger -- --help      what `cargo bench` accepts")]
    BenchLedger {
        /// Passed to `cargo bench -p ledger` as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Up { args } => up::up(&args),
        Command::Down { args } => up::down(&args),
        Command::Demo { args } => up::demo(&args),
        Command::Drill { args } => up::drill(&args),
        Command::Setup => setup::run(),
        Command::Test => {
            let stopwatch = Stopwatch::start();
            setup::run()?;
            let result = ci::tests();
            println!("tests {} after {}", if result.is_ok() { "passed" } else { "failed" }, stopwatch.seconds());
            result
        }
        Command::Ci => ci::run(),
        Command::Fix => ci::fix(),
        Command::Layers => layers::run(),
        Command::Sim(args) => sim::run(&args),
        Command::Bench { args } => up::bench(&args),
        Command::BenchLedger { args } => {
            cargo(["bench", "-p", "ledger"].into_iter().chain(args.iter().map(String::as_str)).collect())
        }
    }
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
    fn bench_ledger_passes_its_arguments_on_unread() {
        let cli = Cli::try_parse_from(["xtask", "bench-ledger", "--bench", "append", "--", "--quick"]).unwrap();
        let Command::BenchLedger { args } = cli.command else { panic!("parsed as another command") };
        assert_eq!(args, ["--bench", "append", "--", "--quick"]);
    }

    #[test]
    fn up_passes_its_options_on_unread() {
        let cli = Cli::try_parse_from(["xtask", "up", "--nodes", "3", "--detach"]).unwrap();
        let Command::Up { args } = cli.command else { panic!("parsed as another command") };
        assert_eq!(args, ["--nodes", "3", "--detach"]);
    }
}
