//! `cloud-sim`: the simulated cloud as a process, and commands to look at it and to meddle with it.
//!
//! Map: [`serve`] the process · [`commands`] asking one that runs · [`print`] what people see · [`failure`] how a command ends otherwise.

mod commands;
mod failure;
mod print;
mod serve;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use adapter_cloud_sim::DEFAULT_ADDRESS;
use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "Examples:
  cloud-sim serve --data /var/lib/cloud-sim              a cloud of 12 accounts in every region of the first catalogue edition
  cloud-sim serve --data DIR --listen 127.0.0.1:0        on a port that is free; the first line says which
  cloud-sim status                                       how it stands, and its delays: seconds where EC2 takes minutes
  cloud-sim machines --region eu-west-1                  what is there, whatever describes show of it
  cloud-sim kill i-0123456789abcdef0                     terminate a machine behind the service's back
  cloud-sim open-group sg-0123456789abcdef0              let everybody in
  cloud-sim vices set character=mild launch=40000        trouble of a usual day; EC2's launches
  cloud-sim vices set capacity=eu-west-1a/m7g.large:0    no such machine is to be had there
  cloud-sim vices set outages=eu-west-1:600              nothing is launched in that region for ten minutes
  cloud-sim bill --from 2026-11-01 --to 2026-12-01       what November cost
  cloud-sim audit --owner atoll:cluster                  what was done twice, and what has no owner by that tag

Exit codes: 0 done, 1 did not end well (audit: findings), 2 could not begin as asked, and changed nothing.";

/// A SIMULATED cloud, shaped by EC2: nothing in it exists, and nothing is paid for.
#[derive(Parser)]
#[command(name = "cloud-sim", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Be the cloud until SIGTERM or SIGINT. Its state survives any end.
    Serve {
        /// Where to listen: a loopback address, because nobody is authenticated.
        #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS)]
        listen: SocketAddr,
        /// The state; made where it is missing.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// What chance is drawn from. Settled with the first start; else the time of it.
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// Accounts, delays, vices, and the edition of the catalogue: TOML.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    #[command(flatten)]
    Ask(Asking),
}

/// A command to a process that runs.
#[derive(Subcommand)]
enum Asking {
    /// How it stands.
    Status(Process),
    /// The accounts that exist.
    Accounts(Process),
    /// Every machine, as it is.
    Machines {
        #[arg(long)]
        account: Option<String>,
        #[arg(long)]
        region: Option<String>,
        #[command(flatten)]
        process: Process,
    },
    /// What machines cost, by the cloud's own books.
    Bill {
        /// A day or a time, such as 2026-11-21 or 2026-11-21T08:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = print::seconds)]
        from: Option<u64>,
        #[arg(long, value_name = "TIME", value_parser = print::seconds)]
        to: Option<u64>,
        /// Totals by the values of this tag, too.
        #[arg(long, value_name = "TAG")]
        by: Option<String>,
        #[command(flatten)]
        process: Process,
    },
    /// What was done more than once, and what belongs to nobody.
    Audit {
        /// Key of the tag that says whose a resource is: those without it are listed.
        #[arg(long, value_name = "TAG")]
        owner: Option<String>,
        #[command(flatten)]
        process: Process,
    },
    /// The trouble that it makes.
    #[command(subcommand)]
    Vices(Turning),
    #[command(flatten)]
    Tamper(Tampering),
}

#[derive(Subcommand)]
enum Turning {
    /// Vices and delays as they are.
    Show(Process),
    /// Turn knobs; all of them, or none if one makes no sense.
    Set {
        /// A field of the vices (per mille, or milliseconds) or of the delays (milliseconds), or one of character=off|mild|harsh,
        /// capacity=ZONE/TYPE:COUNT, outages=REGION|ZONE[/TYPE]:SECONDS.
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = pair)]
        turns: Vec<(String, String)>,
        #[command(flatten)]
        process: Process,
    },
}

/// What is done behind the service's back.
#[derive(Subcommand)]
enum Tampering {
    /// Terminate a machine.
    Kill(Resource),
    /// Stop a machine that runs.
    Stop(Resource),
    /// Make a machine fail its status checks.
    Impair(Resource),
    /// Give a machine an address on the Internet.
    MakePublic(Resource),
    /// Give a machine that runs another root volume, which is not encrypted.
    SwapRoot(Resource),
    /// Make a stopped machine one of another type.
    Retype {
        #[command(flatten)]
        resource: Resource,
        /// Such as m7g.large.
        instance_type: String,
    },
    /// Let everybody into a security group.
    OpenGroup(Resource),
    /// Take every rule from a security group.
    CloseGroup(Resource),
    /// Delete a volume, attached or not.
    DestroyVolume(Resource),
    /// Take a VPC its way to the Internet.
    DetachGateway(Resource),
    /// Set a tag.
    SetTag {
        #[command(flatten)]
        resource: Resource,
        #[arg(value_name = "KEY=VALUE", value_parser = pair)]
        tag: (String, String),
    },
    /// Take a tag away.
    RemoveTag {
        #[command(flatten)]
        resource: Resource,
        key: String,
    },
}

#[derive(Args)]
struct Resource {
    /// Such as i-0123456789abcdef0.
    id: String,
    #[command(flatten)]
    process: Process,
}

/// Which process is asked.
#[derive(Args)]
struct Process {
    /// Where the cloud listens.
    #[arg(long, value_name = "HOST:PORT", default_value = DEFAULT_ADDRESS)]
    at: SocketAddr,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| "wanted KEY=VALUE".to_owned())
}

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Serve { listen, data, seed, config } => serve::run(listen, &data, seed, config.as_deref()),
        Command::Ask(asking) => commands::run(asking),
    };
    ended.unwrap_or_else(|failure| {
        eprintln!("cloud-sim: {failure}");
        failure.code()
    })
}
