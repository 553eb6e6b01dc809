//! Rounds of runs: first one system, then the other, with the order turned round each time.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use tokio::time::Instant;

use crate::{
    atoll::{Atoll, Target},
    etcd::Etcd,
    load::{Payloads, Seen},
    processes::cpu,
    reads::Level,
    table::{Row, Table},
};

/// Between two runs: what the last one left to write is written.
const REST: Duration = Duration::from_millis(1500);
/// Before what is measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// What is run, and where.
pub struct Programs {
    pub region_node: PathBuf,
    pub etcd: PathBuf,
    pub dir: Option<PathBuf>,
}

/// One way of asking one of the systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Etcd,
    Unary,
    Stream,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Unary => "atoll, unary",
            Self::Stream => "atoll, stream",
        }
    }
}

/// Whether connections are encrypted, those of clients and those between members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Tls {
    On,
    Off,
}

impl Tls {
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

/// One measured run.
pub struct Run {
    pub way: Way,
    pub seen: Seen,
    pub elapsed: Duration,
    pub server_cpu: Duration,
    pub client_cpu: Duration,
}

#[derive(clap::Args)]
pub struct Writes {
    /// Concurrent callers, one table row each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256, 500])]
    callers: Vec<usize>,
    /// Seconds of one run.
    #[arg(long, default_value_t = 8, conflicts_with = "minutes")]
    seconds: u64,
    /// Minutes of one run, for runs in which compaction takes part.
    #[arg(long)]
    minutes: Option<u64>,
    /// Runs of each way; the table shows medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    #[arg(long, value_enum, default_value_t = Target::Region)]
    target: Target,
    /// With TLS for clients and between members, without, or one after the other.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Tls::On, Tls::Off])]
    tls: Vec<Tls>,
}

#[derive(clap::Args)]
pub struct Reads {
    #[arg(long, value_delimiter = ',', default_values_t = [64])]
    callers: Vec<usize>,
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    #[arg(long, value_enum, default_value_t = Target::Region)]
    target: Target,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Tls::On, Tls::Off])]
    tls: Vec<Tls>,
}

/// Both systems, running.
struct Both {
    etcd: Etcd,
    atoll: Atoll,
    payloads: Payloads,
    _dir: Option<tempfile::TempDir>,
}

impl Both {
    async fn start(programs: &Programs, tls: bool, target: Target, callers_max: usize) -> Result<Self> {
        let kept = match &programs.dir {
            Some(dir) => tempfile::tempdir_in(dir),
            None => tempfile::tempdir(),
        };
        let kept = kept.context("made a directory for the data")?;
        let (etcd_dir, atoll_dir) = (kept.path().join("etcd"), kept.path().join("atoll"));
        std::fs::create_dir_all(&etcd_dir)?;
        std::fs::create_dir_all(&atoll_dir)?;
        // Files of a run that could not start are worth a look.
        let kept = Kept(Some(kept));
        let etcd = Etcd::start(&programs.etcd, &etcd_dir, tls).await?;
        let atoll = Atoll::start(&programs.region_node, &atoll_dir, tls, target).await?;
        atoll.prepare(callers_max).await?;
        Ok(Self { etcd, atoll, payloads: Payloads::new(), _dir: kept.done() })
    }

    async fn write(&self, way: Way, callers: usize, span: Duration) -> Result<Run> {
        let run = async |span| match way {
            Way::Etcd => self.etcd.writes(callers, span, &self.payloads).await,
            Way::Unary => self.atoll.writes(callers, span, &self.payloads).await,
            Way::Stream => self.atoll.stream_writes(callers, span, &self.payloads).await,
        };
        run(WARM_UP.min(span)).await?;
        self.measured(way, async { run(span).await }).await
    }

    async fn read(&self, way: Way, level: Level, callers: usize, span: Duration) -> Result<Run> {
        let run = async {
            match way {
                Way::Etcd => self.etcd.reads(callers, span, level).await,
                Way::Unary | Way::Stream => self.atoll.reads(callers, span, level).await,
            }
        };
        self.measured(way, run).await
    }

    async fn measured(&self, way: Way, run: impl Future<Output = Result<Seen>>) -> Result<Run> {
        let pids = if way == Way::Etcd { self.etcd.processes.pids() } else { self.atoll.processes.pids() };
        let own = [std::process::id()];
        let (since, servers, client) = (Instant::now(), cpu(&pids), cpu(&own));
        let seen = run.await?;
        let elapsed = since.elapsed();
        let (server_cpu, client_cpu) = (cpu(&pids).saturating_sub(servers), cpu(&own).saturating_sub(client));
        tokio::time::sleep(REST).await;
        Ok(Run { way, seen, elapsed, server_cpu, client_cpu })
    }
}

/// A directory that stays when nobody says that it may go.
struct Kept(Option<tempfile::TempDir>);

impl Kept {
    fn done(mut self) -> Option<tempfile::TempDir> {
        self.0.take()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(dir) = self.0.take() {
            let _ = dir.keep();
        }
    }
}

/// The order of one round: each way comes first equally often.
fn order(ways: &[Way], round: usize) -> Vec<Way> {
    let mut order = ways.to_vec();
    order.rotate_left(round % ways.len().max(1));
    order
}

impl Writes {
    pub async fn run(&self, programs: &Programs) -> Result<()> {
        let span = Duration::from_secs(self.minutes.map_or(self.seconds, |minutes| minutes * 60));
        let callers_max = self.callers.iter().copied().max().unwrap_or(1);
        let mut table = Table::new(format!("writes of 1 KiB, {:?}, runs of {} s", self.target, span.as_secs()));
        for &tls in &self.tls {
            let both = Both::start(programs, tls == Tls::On, self.target, callers_max).await?;
            for callers in &self.callers {
                let mut runs = Vec::new();
                for round in 0..self.rounds {
                    for way in order(&[Way::Etcd, Way::Unary, Way::Stream], round) {
                        let run = both.write(way, *callers, span).await?;
                        eprintln!("{}", Row::progress(tls, *callers, round, &run));
                        runs.push((round, run));
                    }
                }
                table.add(&format!("TLS {}", tls.name()), *callers, &runs);
            }
        }
        table.print();
        table.all_done()
    }
}

impl Reads {
    pub async fn run(&self, programs: &Programs) -> Result<()> {
        let span = Duration::from_secs(self.seconds);
        let callers_max = self.callers.iter().copied().max().unwrap_or(1);
        let mut table =
            Table::new(format!("reads of one resource of 1 KiB, {:?}, runs of {} s", self.target, span.as_secs()));
        for &tls in &self.tls {
            let both = Both::start(programs, tls == Tls::On, self.target, callers_max).await?;
            // Every key is written once at least.
            both.write(Way::Etcd, callers_max, WARM_UP).await?;
            both.write(Way::Stream, callers_max, WARM_UP).await?;
            for level in [Level::Local, Level::Linearizable] {
                for callers in &self.callers {
                    let mut runs = Vec::new();
                    for round in 0..self.rounds {
                        for way in order(&[Way::Etcd, Way::Unary], round) {
                            let run = both.read(way, level, *callers, span).await?;
                            eprintln!("{}", Row::progress(tls, *callers, round, &run));
                            runs.push((round, run));
                        }
                    }
                    table.add(&format!("{level:?}, TLS {}", tls.name()), *callers, &runs);
                }
            }
        }
        table.print();
        table.all_done()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        writes: Writes,
    }

    #[test]
    fn tls_is_on_or_off_and_no_other_word() {
        let parsed = |words: &[&str]| {
            let command = Command::try_parse_from([&["bench"], words].concat());
            command.map(|command| command.writes.tls).map_err(|error| error.to_string())
        };
        assert_eq!(parsed(&[]), Ok(vec![Tls::On, Tls::Off]));
        assert_eq!(parsed(&["--tls", "off"]), Ok(vec![Tls::Off]));
        assert_eq!(parsed(&["--tls", "off,on"]), Ok(vec![Tls::Off, Tls::On]));
        for word in ["yes", "On", "true", ""] {
            assert!(parsed(&["--tls", word]).is_err(), "{word:?}");
        }
    }
}
