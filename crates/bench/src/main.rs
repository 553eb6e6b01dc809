//! Measures the service beside etcd: one load generator for both, alternating runs on the same machine, and ratios.
//!
//! Absolute figures of a shared machine say little; the ratio of two runs that follow each other says more, and the median of several
//! such ratios is what the tables show. Both systems get the same connections, payloads and number of keys, and calls go to the leader.
//!
//! Map: [`load`] closed loops and what they saw · [`stream`] the same over streams of mutations · [`etcd`] and [`atoll`] the two rings ·
//! [`processes`] starting and measuring them · [`measure`] rounds · [`table`] what is printed · [`clusters`] something else: what many
//! clusters cost a region, beside nobody.

mod atoll;
mod clusters;
mod etcd;
mod load;
mod measure;
mod processes;
mod reads;
mod stream;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// HTTP/2 connections of a run; fewer for fewer callers.
const CONNECTIONS_MAX: usize = 8;
/// Keys (etcd) or resources that a caller changes in turn.
const KEYS_PER_CALLER: u64 = 2;

#[derive(Parser)]
#[command(about = "Measures region nodes beside a three-member etcd, and prints ratios", after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// The `region-node` to run, built with --release.
    #[arg(long, global = true, default_value = "region-node")]
    region_node: PathBuf,
    /// The `etcd` to run.
    #[arg(long, global = true, default_value = "/usr/bin/etcd")]
    etcd: PathBuf,
    /// Where the data directories go; a temporary directory by default. Put it on the disk that shall be measured.
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  bench writes                                  both logs' defaults: TLS on and off, 1 to 500 callers
  bench writes --callers 64,500 --minutes 5     long runs, in which compaction takes part
  bench writes --target global                  G over three regions without added distance
  bench reads --callers 64
  bench clusters --count 1000,10000             what a region pays for so many clusters";

#[derive(Subcommand)]
enum What {
    /// Durable writes of 1 KiB per second: unary calls and streams of mutations, beside etcd's puts.
    Writes(measure::Writes),
    /// Reads of one resource: LOCAL and LINEARIZABLE, beside etcd's serializable and linearizable reads.
    Reads(measure::Reads),
    /// Many clusters in one region: memory, idle processor time, restart, and how soon a repair begins.
    Clusters(clusters::Clusters),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let programs = measure::Programs { region_node: arguments.region_node, etcd: arguments.etcd, dir: arguments.dir };
    runtime.block_on(async {
        match arguments.what {
            What::Writes(writes) => writes.run(&programs).await,
            What::Reads(reads) => reads.run(&programs).await,
            What::Clusters(clusters) => clusters.run(&programs).await,
        }
    })
}
