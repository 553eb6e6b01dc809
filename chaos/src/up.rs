//! A ring for a person: three regions on this machine, with distance between them, something in them, and a table that lives.
//!
//! `cargo xtask up` builds and then runs this. It stays in the foreground until it is told to stop, and stops in order.
//!
//! Map: [`cloud`] the simulated cloud beside it · [`state`] what `down` finds · [`demo`] what is in the ring · [`context`] the context of `atoll` · [`table`] the live table ·
//! [`fallen`] when who fell is started again.

pub mod cloud;
pub mod context;
pub mod demo;
pub mod fallen;
pub mod state;
pub mod table;

use std::{
    io::{IsTerminal, Write as _, stdout},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use futures_util::future::{Either, select};
use ids::RegionId;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep},
};

use crate::{
    ring::{CloudAt, Distance, FixedPorts, Node, Options, Programs, Ring},
    view::Observer,
};
use cloud::Cloud;
use fallen::Fallen;
use state::State;

pub const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];
/// One way, between data centres of those names.
pub const DISTANCES_MS: [(&str, &str, u64); 3] =
    [("us-east-1", "us-west-2", 32), ("us-east-1", "eu-west-1", 38), ("us-west-2", "eu-west-1", 65)];
pub const PORTS: FixedPorts = FixedPorts { api: 7101, peer: 7201, telemetry: 7301 };

const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// As regions do where nothing is said.
const SURVEY_EVERY: Duration = Duration::from_secs(60);
/// Where nobody watches, the table is printed so seldom.
const PRINT_EVERY: Duration = Duration::from_secs(300);

/// What a person may ask for.
#[derive(Clone, Debug)]
pub struct Wishes {
    pub programs: Programs,
    pub nodes_per_region: u64,
    /// Keep the state here; else it is gone when the ring stops.
    pub data: Option<PathBuf>,
    pub delay: bool,
    /// Where to say that it is up.
    pub state: PathBuf,
}

/// The regions that a ring has here.
pub fn regions() -> Result<Vec<RegionId>> {
    REGIONS.iter().map(|region| region.parse().context("name a region")).collect()
}

/// The distances between them.
pub fn distances() -> Result<Vec<Distance>> {
    let distance = |(one, other, ms): &(&str, &str, u64)| {
        Ok(Distance { between: (one.parse()?, other.parse()?), one_way: Duration::from_millis(*ms) })
    };
    DISTANCES_MS.iter().map(distance).collect()
}

/// Runs a ring until it is told to stop.
pub async fn run(wishes: &Wishes) -> Result<()> {
    if let Some(State { pid, dir, .. }) = State::read(&wishes.state)? {
        bail!("a ring is up already (process {pid}, in {}); `cargo xtask down` stops it", dir.display());
    }
    let temporary = match &wishes.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("atoll-").tempdir().context("make a temporary directory")?),
    };
    let dir = match (&wishes.data, &temporary) {
        (Some(dir), _) => dir.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => bail!("make a temporary directory: there is none"),
    };
    keep_shape(&dir, wishes.nodes_per_region)?;
    let mut state = State { pid: std::process::id(), dir: dir.clone(), ready: false };
    state.write(&wishes.state)?;
    let result = serve(wishes, dir, &mut state).await;
    // Best effort: a state whose process is gone counts as none.
    let _ = std::fs::remove_file(&wishes.state);
    result
}

/// A directory is for one number of nodes: another would be another ring on the same data.
fn keep_shape(dir: &Path, nodes_per_region: u64) -> Result<()> {
    let file = dir.join("nodes-per-region");
    std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    match std::fs::read_to_string(&file) {
        Ok(text) if text.trim() == nodes_per_region.to_string() => Ok(()),
        Ok(text) => bail!(
            "{} holds a ring of {} nodes per region: run it with `--nodes {}`, or take another directory",
            dir.display(),
            text.trim(),
            text.trim()
        ),
        Err(_) => {
            std::fs::write(&file, nodes_per_region.to_string()).with_context(|| format!("write {}", file.display()))
        }
    }
}

async fn serve(wishes: &Wishes, dir: PathBuf, state: &mut State) -> Result<()> {
    let mut stop = Stop::listen()?;
    let mut cloud = Cloud::start(&wishes.programs.cloud, &dir).await?;
    let options = Options {
        binary: wishes.programs.node.clone(),
        dir,
        name: "local".to_owned(),
        regions: regions()?,
        members_per_region: wishes.nodes_per_region,
        distances: if wishes.delay { distances()? } else { Vec::new() },
        tls: true,
        fixed_ports: Some(PORTS),
        multiplier: 1.0,
        log: "info".to_owned(),
        seed: 0,
        cloud: Some(CloudAt { address: cloud.address(), survey_every: SURVEY_EVERY }),
    };
    let members = wishes.nodes_per_region * REGIONS.len() as u64;
    println!("starting {members} nodes in {}", options.dir.display());
    let starting = Box::pin(Ring::start(options, STARTS_WITHIN));
    let mut ring = match select(Box::pin(stop.wanted()), starting).await {
        // Nothing is in it yet: what was started is killed when it is dropped.
        Either::Left(_) => return Ok(()),
        Either::Right((ring, _)) => ring?,
    };
    let access = ring.access()?;
    let first = ring.options.regions.first().cloned().context("start a ring without regions")?;
    demo::make(&access.client(&first)?, &cloud.accounts().await?).await?;
    let cli = context::Cli { program: wishes.programs.cli.clone(), config: None };
    let contexts = context::write(&cli, &ring).await?;
    state.ready = true;
    state.write(&wishes.state)?;
    println!("{}", greeting(&ring, &cloud, &contexts));
    watch(&mut ring, &mut cloud, &mut stop).await?;
    println!("\nstopping in order");
    ring.stop().await?;
    cloud.stop().await?;
    println!("stopped{}", if wishes.data.is_some() { "; the state is kept" } else { "" });
    Ok(())
}

/// Ctrl-C, or SIGTERM.
pub(crate) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    pub(crate) async fn wanted(&mut self) {
        select(Box::pin(self.interrupt.recv()), Box::pin(self.terminate.recv())).await;
    }
}

/// Shows the table until it is told to stop.
async fn watch(ring: &mut Ring, cloud: &mut Cloud, stop: &mut Stop) -> Result<()> {
    let observer = Observer::new(&ring.access()?)?;
    let of_region = |region: &RegionId| (region.clone(), ring.members_of(region));
    let members: table::Members = ring.options.regions.iter().map(of_region).collect();
    let on_screen = stdout().is_terminal();
    let mut printed: Option<(Instant, Vec<String>)> = None;
    let mut fallen = Fallen::default();
    loop {
        let view = observer.look().await;
        let mut lines = table::lines(&members, &view);
        for (member, status) in ring.fallen() {
            let left = fallen.left(member, Instant::now());
            if left.is_none() {
                ring.launch(member)?;
            }
            let when = left.map_or_else(|| "now".to_owned(), |left| format!("in {} s", left.as_secs_f64().ceil()));
            lines.push(format!("{member} ended with {status}; it is started again {when}"));
        }
        cloud.tend()?;
        show(&lines, &mut printed, on_screen)?;
        let pause = sleep(Duration::from_secs(1));
        if let Either::Left(_) = select(Box::pin(stop.wanted()), Box::pin(pause)).await {
            return Ok(());
        }
    }
}

/// On a terminal over what was there, else when something other than numbers changed, and now and then.
fn show(lines: &[String], printed: &mut Option<(Instant, Vec<String>)>, on_screen: bool) -> Result<()> {
    let shape = |lines: &[String]| lines.iter().map(|line| words(line)).collect::<Vec<_>>();
    let due = match &*printed {
        Some((at, before)) => on_screen || at.elapsed() >= PRINT_EVERY || shape(before) != shape(lines),
        None => true,
    };
    if !due {
        return Ok(());
    }
    let mut out = stdout().lock();
    if let Some((_, before)) = printed.as_ref().filter(|_| on_screen) {
        // Up over the old table, and clear from there.
        write!(out, "\x1b[{}A\x1b[J", before.len())?;
    }
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    out.flush()?;
    *printed = Some((Instant::now(), lines.to_vec()));
    Ok(())
}

/// The first columns of a row: which region, how it is, who is up, who leads.
fn words(line: &str) -> String {
    line.split_whitespace().take(5).collect::<Vec<_>>().join(" ")
}

fn greeting(ring: &Ring, cloud: &Cloud, contexts: &context::Written) -> String {
    let mut lines = vec![String::new(), "endpoints:".to_owned()];
    for node in &ring.nodes {
        lines.push(format!(
            "  {:<10} {:<4} {}   metrics http://{}/metrics",
            node.region, node.member, node.api, node.telemetry
        ));
    }
    lines.extend(ring.nodes.iter().flat_map(moved));
    let atoll = &contexts.command;
    lines.extend([
        format!("trust:  {}", ring.authority().display()),
        format!("cloud:  simulated, at {}; `{}` looks at it and breaks things", cloud.address(), cloud.command()),
        ring.where_the_logs_are(),
        String::new(),
        format!("contexts of atoll:\n{}", contexts.table.trim_end()),
        String::new(),
        "next:".to_owned(),
        format!("  {atoll} region list"),
        format!("  {atoll} cluster create web --type production --location eu-west-1 --wait"),
        format!("  {atoll} cluster list"),
        format!("  {atoll} log tail --log all"),
        "  kill one of the processes and look again; Ctrl-C stops everything".to_owned(),
        String::new(),
    ]);
    lines.join("\n")
}

/// The ports that people remember and a member has not, because something else has them.
fn moved(node: &Node) -> Vec<String> {
    let number = u16::try_from(node.member.0).unwrap_or(1).saturating_sub(1);
    let places = [(PORTS.api + number, &node.api), (PORTS.telemetry + number, &node.telemetry)];
    let elsewhere = places.into_iter().filter(|(port, address)| !address.ends_with(&format!(":{port}")));
    let line =
        |(port, address)| format!("note: port {port} is in use by something else; {} is at {address}", node.member);
    elsewhere.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_for_one_number_of_nodes() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("kept");
        keep_shape(&dir, 1).unwrap();
        keep_shape(&dir, 1).unwrap();
        let error = keep_shape(&dir, 3).unwrap_err().to_string();
        assert!(error.contains("a ring of 1 nodes per region"), "{error}");
    }

    #[test]
    fn the_distances_are_between_the_regions() {
        let regions = regions().unwrap();
        for distance in distances().unwrap() {
            assert!(regions.contains(&distance.between.0) && regions.contains(&distance.between.1));
        }
    }

    #[test]
    fn the_table_is_printed_again_when_more_than_numbers_change() {
        let mut printed = None;
        let line = |leader: &str, at: u64| vec![format!("a CONNECTED 1/1 m1 {leader} {at}")];
        show(&line("m1", 1), &mut printed, false).unwrap();
        let first = printed.clone().unwrap().0;
        show(&line("m1", 2), &mut printed, false).unwrap();
        assert_eq!(printed.clone().unwrap().0, first);
        show(&line("m2", 2), &mut printed, false).unwrap();
        assert_ne!(printed.unwrap().1, line("m1", 1));
    }
}
