//! `cargo xtask sim`: builds the simulator once and runs it seed by seed, each seed in a process of its own.
//!
//! A process per seed keeps one run's leftovers (allocator, statics, a panic) out of the next, so that a seed fails alone
//! exactly as it failed in a sweep. What happens inside a run is the simulator's business; here is only the contract with
//! its command line: [`simulator`] runs and judges one process, [`order`] runs many and keeps their order, [`sweep`]
//! reports them, [`canary`] expects planted bugs to be caught.

mod canary;
mod order;
mod simulator;
mod sweep;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context as _, Result, bail};
use clap::value_parser;

use crate::process::{cargo, workspace};
use simulator::{Nodes, Simulator, Verdict};

const SEEDS_DEFAULT: u64 = 40;
/// A planted bug that needs more seeds than this would not be found in everyday sweeps either.
const CANARY_SEEDS_MAX: u64 = 100;

/// What to run; the defaults are a sweep.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask sim                          seeds 1 to 40
  cargo xtask sim --seeds 500 --from 1000  seeds 1000 to 1499
  cargo xtask sim --seed 12                seed 12 alone, with its details as they happen
  cargo xtask sim --seeds 4 --twice        each seed in two processes, whose lines must be equal
  cargo xtask sim --hours 72 --seeds 6     days in the life of clusters, over a simulated cloud
  cargo xtask sim --canary                 every planted bug must be caught
  cargo xtask sim --canary NAME --seed 7   how one planted bug is caught")]
pub struct Args {
    /// How many seeds [default: 40, or at most 100 for each canary]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// The first seed [default: 1]
    #[arg(long, value_name = "SEED")]
    from: Option<u64>,
    /// Run this seed alone, with the simulator's details as they happen
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Run each seed in two processes and compare their lines byte for byte
    #[arg(long, conflicts_with = "canary")]
    twice: bool,
    /// Fix the topology [default: the seed, or the canary, draws it]
    #[arg(long)]
    nodes: Option<Nodes>,
    /// Run so many hours in the life of clusters over a simulated cloud instead
    #[arg(long, value_name = "H")]
    hours: Option<u64>,
    /// About so many clusters in each region, in the life of clusters [default: the simulator's]
    #[arg(long, value_name = "N")]
    clusters: Option<u64>,
    /// Expect a violation: plant this bug, or one after the other every bug there is
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    canary: Option<Option<String>>,
    /// How many processes at a time [default: the number of cores]
    #[arg(long, value_name = "J")]
    jobs: Option<NonZeroUsize>,
    /// Run this simulator instead of building one
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

impl Args {
    /// Seeds from 1, once.
    pub fn sweep(seeds: u64) -> Args {
        Args { seeds: Some(seeds), ..Args::default() }
    }

    /// Seeds from 1, each in two processes.
    pub fn sweep_twice(seeds: u64) -> Args {
        Args { twice: true, ..Args::sweep(seeds) }
    }

    /// So many hours in the life of clusters, seeds from 1.
    pub fn lives(seeds: u64, hours: u64) -> Args {
        Args { hours: Some(hours), ..Args::sweep(seeds) }
    }

    fn range(&self) -> Result<RangeInclusive<u64>> {
        if let Some(seed) = self.seed {
            return Ok(seed..=seed);
        }
        let default = if self.canary.is_some() { CANARY_SEEDS_MAX } else { SEEDS_DEFAULT };
        let (from, seeds) = (self.from.unwrap_or(1), self.seeds.unwrap_or(default));
        let last = from.checked_add(seeds - 1);
        let last = last.with_context(|| format!("--from {from} --seeds {seeds}: seeds end at {}", u64::MAX))?;
        Ok(from..=last)
    }
}

/// Runs what the arguments ask for and fails if any run ended otherwise than it should.
pub fn run(args: &Args) -> Result<()> {
    let program = match &args.program {
        Some(program) => program.clone(),
        None => build()?,
    };
    run_program(program, args, &mut io::stdout())
}

fn run_program(program: PathBuf, args: &Args, out: &mut dyn Write) -> Result<()> {
    let sim = Simulator {
        program,
        is_given: args.program.is_some(),
        nodes: args.nodes,
        hours: args.hours,
        clusters: args.clusters,
        canary: args.canary.clone().flatten(),
    };
    let seeds = args.range()?;
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    match (args.seed, &args.canary) {
        (Some(_), Some(None)) => bail!("--seed with --canary: name the canary, as in `--canary NAME --seed 7`"),
        (Some(seed), _) if !args.twice => one(&sim, seed, out),
        (_, Some(name)) => canary::hunt_all(&sim, name.as_deref(), &seeds, jobs, out),
        (_, None) => sweep::run(&sim, &sweep::Sweep { seeds, jobs, twice: args.twice }, out),
    }
}

/// One seed, its details on the terminal's own stderr.
fn one(sim: &Simulator, seed: u64, out: &mut dyn Write) -> Result<()> {
    let outcome = sim.run_verbose(seed)?;
    writeln!(out, "{}", outcome.line())?;
    match (&outcome.verdict, &sim.canary) {
        (Verdict::Ok, None) | (Verdict::Violated(_), Some(_)) => Ok(()),
        (Verdict::Ok, Some(name)) => bail!("canary `{name}` was not caught by seed {seed}"),
        (verdict, _) => bail!("seed {seed}: {verdict}"),
    }
}

fn build() -> Result<PathBuf> {
    cargo(vec!["build", "--profile", "sim", "-p", "sim"])?;
    Ok(workspace()?.target_directory.join("sim").join("sim").into())
}
