//! What one run does: topology, weather, faults and load, all drawn from the seed.
//!
//! Not every fault in every run: a run that has everything finds less than runs that each have something (swarm testing, Groce et al.,
//! 2012).

use std::{collections::BTreeSet, fmt, time::Duration};

use ids::RegionId;
use ledger::{Retention, Timing};
use rand::{Rng, RngExt, rngs::SmallRng};

pub use crate::canaries::{Bug, CANARIES, CanaryCase};
use crate::{net::Weather, seeds::Seeds};

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// One region cut from all others.
    Partition,
    /// Two regions cut from each other; both reach the third.
    Partial,
    /// One region heard by another, which it does not hear.
    OneWay,
    /// A link that goes up and down.
    Flapping,
    /// One member cut from everybody.
    Member,
    Loss,
    Delay,
    /// Messages arrive when their senders have long given them up.
    Late,
    /// A process ends, the unsynced tail of its disk with it.
    Crash,
    /// A process stands still.
    Pause,
    /// Wall clocks step.
    Clock,
    DiskFull,
    DiskSlow,
    DiskFail,
    /// A member's disk is lost; a new member takes its place.
    Replace,
    /// Shipped records are damaged on the way.
    Damage,
    /// An operator hands leadership over.
    Transfer,
    /// An operator shuts a member down in order, and starts it again.
    Shutdown,
}

impl Fault {
    pub const ALL: [Self; 18] = [
        Self::Partition,
        Self::Partial,
        Self::OneWay,
        Self::Flapping,
        Self::Member,
        Self::Loss,
        Self::Delay,
        Self::Late,
        Self::Crash,
        Self::Pause,
        Self::Clock,
        Self::DiskFull,
        Self::DiskSlow,
        Self::DiskFail,
        Self::Replace,
        Self::Damage,
        Self::Transfer,
        Self::Shutdown,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Partition => "partition",
            Self::Partial => "partial",
            Self::OneWay => "one-way",
            Self::Flapping => "flapping",
            Self::Member => "member-cut",
            Self::Loss => "loss",
            Self::Delay => "delay",
            Self::Late => "late",
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Clock => "clock",
            Self::DiskFull => "disk-full",
            Self::DiskSlow => "disk-slow",
            Self::DiskFail => "disk-fail",
            Self::Replace => "replace",
            Self::Damage => "damage",
            Self::Transfer => "transfer",
            Self::Shutdown => "shutdown",
        })
    }
}

const FORGETFUL: Retention = Retention { snapshot_every: 10, log_bytes: u64::MAX, entries_kept: 3, records_kept: 8 };

/// See the module.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seeds: Seeds,
    pub nodes: usize,
    pub regions: Vec<RegionId>,
    pub faults: BTreeSet<Fault>,
    /// A region that is cut off for the whole safety phase, and otherwise left in peace.
    pub isolated: Option<RegionId>,
    pub weather: Weather,
    pub flush: (Duration, Duration),
    pub retention: Retention,
    pub timing: Timing,
    /// So few that a snapshot takes many pieces, and faults come in between.
    pub snapshot_chunk_bytes: usize,
    pub clients_per_region: usize,
    pub think_ms: u64,
    pub safety: Duration,
    pub bug: Bug,
}

impl Plan {
    /// Draws the plan of a seed. `nodes`: members per region, drawn when not given.
    pub fn draw(seed: u64, nodes: Option<usize>, canary: Option<&CanaryCase>) -> Self {
        let seeds = Seeds(seed);
        let mut rng = seeds.rng("plan");
        let drawn_nodes = if rng.random_range(0..100) < 60 { 3 } else { 1 };
        let nodes = nodes.or_else(|| canary.map(|canary| canary.nodes)).unwrap_or(drawn_nodes);
        let regions: Vec<RegionId> =
            ["us-east-1", "us-west-2", "eu-west-1"].iter().filter_map(|name| name.parse().ok()).collect();
        let isolate = rng.random_range(0..100) < 25 && canary.is_none();
        let isolated = regions.get(rng.random_range(0..regions.len())).filter(|_| isolate).cloned();
        let faults = draw_faults(&mut rng, nodes, isolate, canary);
        let weather = Weather {
            loss: if faults.contains(&Fault::Loss) { rng.random_range(20..300) } else { 0 },
            damage: if faults.contains(&Fault::Damage) { rng.random_range(50..500) } else { 0 },
            late: if faults.contains(&Fault::Late) { rng.random_range(20..200) } else { 0 },
            jitter_ms: rng.random_range(1..=10),
        };
        let flush_min = rng.random_range(1..=2);
        let flush = (ms(flush_min), ms(flush_min + rng.random_range(1..=8)));
        let small = rng.random_range(0..100) < 50;
        let retention = Retention {
            snapshot_every: if small { rng.random_range(40..150) } else { 1_000 },
            log_bytes: seeds.rng("log bytes").random_range(5_000..100_000),
            entries_kept: if small { rng.random_range(5..40) } else { 500 },
            records_kept: if small { rng.random_range(20..100) } else { 100_000 },
        };
        // Only so little is kept that whoever was away for a moment needs a snapshot, in the short logs of a run.
        let forgets = seeds.rng("forgets").random_range(0..100) < 20 || canary.is_some_and(|canary| canary.forgetful);
        let retention = if forgets { FORGETFUL } else { retention };
        Self {
            seeds,
            nodes,
            regions,
            faults,
            isolated,
            weather,
            flush,
            retention,
            timing: Timing::default(),
            snapshot_chunk_bytes: seeds.rng("chunks").random_range(2..=16) * 1024,
            clients_per_region: rng.random_range(2..=4),
            think_ms: rng.random_range(20..=150),
            safety: Duration::from_secs(rng.random_range(16..=28)),
            bug: canary.map_or(Bug::None, |canary| canary.bug),
        }
    }

    /// The faults as the summary line names them.
    pub fn fault_names(&self) -> String {
        let isolated = self.isolated.as_ref().map(|region| format!("isolated:{region}"));
        let names: Vec<String> = isolated.into_iter().chain(self.faults.iter().map(ToString::to_string)).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(",") }
    }
}

fn draw_faults(rng: &mut impl Rng, nodes: usize, isolate: bool, canary: Option<&CanaryCase>) -> BTreeSet<Fault> {
    let odds = rng.random_range(15..60);
    let drawn = Fault::ALL.into_iter().filter(|_| rng.random_range(0..100) < odds);
    let mut faults: BTreeSet<Fault> = drawn.collect();
    if let Some(canary) = canary {
        faults.extend(canary.needs);
    }
    // The only member of a region is its whole log: losing its disk is losing data, which nobody promises to survive.
    if nodes == 1 {
        faults.remove(&Fault::Replace);
    }
    // Weather is everywhere, also inside the region whose quickness is measured.
    if isolate {
        faults.remove(&Fault::Loss);
        faults.remove(&Fault::Delay);
        faults.remove(&Fault::Late);
        // A machine that joins later would not be behind the cut.
        faults.remove(&Fault::Replace);
    }
    faults
}

/// One-way delay between two regions, in milliseconds: about half of what is measured between the cities.
pub fn distance_ms(a: &RegionId, b: &RegionId) -> u64 {
    let mut ends = [a.as_str(), b.as_str()];
    ends.sort_unstable();
    match ends {
        ["us-east-1", "us-west-2"] => 32,
        ["eu-west-1", "us-east-1"] => 36,
        ["eu-west-1", "us-west-2"] => 64,
        _ => 1,
    }
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A drawn span between two bounds.
pub fn span(rng: &mut SmallRng, from_ms: u64, to_ms: u64) -> Duration {
    ms(rng.random_range(from_ms..=to_ms))
}
