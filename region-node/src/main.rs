//! One member of the ring as a process.
//!
//! Map: [`config`] what it is told · [`identity`] its first start · [`node`] serving until told to stop · [`life`] from opening the store
//! to closing it · [`world`] clocks, chance, disk · [`pages`] telemetry pages · [`calls`] counting and tracing · [`verify`], [`status`] for operators.
//!
//! **Architecture invariant:** composition only: no storage, no consensus, no protocol and no rule of the domain in it.

mod calls;
mod config;
mod failure;
mod identity;
mod life;
mod node;
mod pages;
mod status;
mod table;
mod verify;
mod world;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};

use config::{Config, layers};
use failure::Failure;
use ids::MemberId;
use status::Asked;

/// A write is many small allocations, some of them freed by another thread: what this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "Examples:
  region-node init --config /etc/atoll/node.toml      make the data directory of a member of a new ring
  region-node serve --config /etc/atoll/node.toml     serve until SIGTERM; SIGHUP reads the members again
  region-node status --config /etc/atoll/node.toml    ask the running member what it knows
  region-node join --config node.toml --replaces 3    make the data directory of the member that takes the place of member 3
  region-node verify --data /var/lib/atoll            check a data directory while no process uses it
  ATOLL_TELEMETRY_LOG=debug region-node serve --config node.toml

Exit codes: 0 done, 1 did not end well (verify: findings), 2 could not begin as asked, and changed nothing.";

/// One member of an Atoll ring.
#[derive(Parser)]
#[command(name = "region-node", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct File {
    /// The configuration, a TOML file; ATOLL_<SECTION>_<KEY> in the environment goes over it.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT, then stop in order.
    Serve {
        #[command(flatten)]
        file: File,
        /// First do what `init` does, where the data directory is empty. For development.
        #[arg(long)]
        init: bool,
    },
    /// Make the data directory of a member of a new ring. Run it once on each member before the first `serve`.
    Init(File),
    /// Make the data directory of a new member, which takes the place of a lost one.
    ///
    /// The configuration of every member lists the new member instead of the lost one by then, and was read again (SIGHUP).
    Join {
        #[command(flatten)]
        file: File,
        /// The member that is gone for good: its disk is lost, and it will never be started again.
        #[arg(long, value_name = "MEMBER")]
        replaces: u64,
    },
    /// Check a data directory while no process uses it. Changes nothing.
    Verify {
        #[arg(long, value_name = "FILE", required_unless_present = "data", conflicts_with = "data")]
        config: Option<PathBuf>,
        /// The data directory itself.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        #[arg(short, long, value_enum, default_value = "table")]
        output: Output,
    },
    /// Ask a running member what it knows.
    Status {
        /// Ask the member of this configuration.
        #[arg(long, value_name = "FILE", required_unless_present = "endpoint", conflicts_with = "endpoint")]
        config: Option<PathBuf>,
        /// Ask whoever answers here.
        #[arg(long, value_name = "https://HOST:PORT")]
        endpoint: Option<String>,
        /// With `--endpoint`: certificates of the ring's authority. Without it those of the system are believed.
        #[arg(long, value_name = "FILE", requires = "endpoint")]
        ca: Option<PathBuf>,
        #[arg(short, long, value_enum, default_value = "table")]
        output: Output,
    },
    /// Print the configuration that is in effect, and where each value came from.
    Config(File),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("region-node: {failure}");
            failure.code()
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    let load = |file: &File| Config::load(&file.config).map_err(|error| Failure::start(&error));
    match command {
        Command::Serve { file, init } => node::serve(&file.config, init)?,
        Command::Init(file) => identity::init(&load(&file)?)?,
        Command::Join { file, replaces } => identity::join(&load(&file)?, MemberId(replaces))?,
        Command::Verify { config, data, output } => {
            let dir = match (data, config) {
                (Some(dir), _) => dir,
                (None, config) => load(&File { config: config.unwrap_or_default() })?.data.dir,
            };
            let sound = verify::run(&dir, output == Output::Json)?;
            return Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
        Command::Status { config, endpoint, ca, output } => {
            let asked = match (endpoint, config) {
                (Some(endpoint), _) => Asked::at(&endpoint, ca.as_deref())?,
                (None, config) => Asked::of(&load(&File { config: config.unwrap_or_default() })?)?,
            };
            status::run(asked, output == Output::Json)?;
        }
        Command::Config(file) => {
            let loaded = layers::load(&file.config, &layers::environment());
            let (config, origins) = loaded.map_err(|error| Failure::start(&error))?;
            print!("{}", layers::effective(&config, &origins).map_err(|error| Failure::start(&error))?);
        }
    }
    Ok(ExitCode::SUCCESS)
}
