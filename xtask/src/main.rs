//! The developer commands of this workspace: `cargo xtask <command>`.
//!
//! They exist so that a person, a fresh machine and CI all run the same thing under the same name. What is a rule lives in
//! a file beside the code (`xtask/layers.toml`, `clippy.toml`); this crate only runs and reports. It is no part of the
//! product: no other crate may depend on it.
//!
//! Map: [`setup`] the machine, [`ci`] the list of checks, [`layers`] the dependency rules, [`sim`] the simulator's seeds,
//! [`process`] running commands and measuring time.

mod ci;
mod layers;
mod process;
mod setup;
mod sim;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use process::{Stopwatch, cargo};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The developer commands of this workspace")]
#[command(after_help = "Examples:
  cargo xtask test            set up the machine and run every test
  cargo xtask ci              every check, read-only; what .ci/run runs
  cargo xtask sim --seed 12   one simulated run, in detail")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
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
    /// Run the ledger's benchmarks
    #[command(after_help = "Examples:
  cargo xtask bench
  cargo xtask bench --bench append
  cargo xtask bench -- --help      what `cargo bench` accepts")]
    Bench {
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
        Command::Bench { args } => {
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
    fn bench_passes_its_arguments_on_unread() {
        let cli = Cli::try_parse_from(["xtask", "bench", "--bench", "append", "--", "--quick"]).unwrap();
        let Command::Bench { args } = cli.command else { panic!("parsed as another command") };
        assert_eq!(args, ["--bench", "append", "--", "--quick"]);
    }
}
