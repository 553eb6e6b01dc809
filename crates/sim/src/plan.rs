//! What one run does: topology, weather, faults and load, all drawn from the seed.
//!
//! Not every fault in every run: a run that has everything finds less than runs that each have something (swarm testing, Groce et al.,
//! 2012).

use std::{collections::BTreeSet, fmt, time::Duration};

use fakes::DiskCanary;
use ids::RegionId;
use ledger::{Canary, Retention};
use rand::{Rng, RngExt, rngs::SmallRng};

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
}

impl Fault {
    pub const ALL: [Self; 16] = [
        Self::Partition,
        Self::Partial,
        Self::OneWay,
        Self::Flapping,
        Self::Member,
        Self::Loss,
        Self::Delay,
        Self::Crash,
        Self::Pause,
        Self::Clock,
        Self::DiskFull,
        Self::DiskSlow,
        Self::DiskFail,
        Self::Replace,
        Self::Damage,
        Self::Transfer,
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
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Clock => "clock",
            Self::DiskFull => "disk-full",
            Self::DiskSlow => "disk-slow",
            Self::DiskFail => "disk-fail",
            Self::Replace => "replace",
            Self::Damage => "damage",
            Self::Transfer => "transfer",
        })
    }
}

/// A known bug to have in a run, to see that it is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    None,
    Ledger(Canary),
    Disk(DiskCanary),
    /// A member whose disk was lost comes back under its old id.
    ReusedMember,
}

/// A canary: its name, what it is, where it is hunted.
pub struct CanaryCase {
    pub name: &'static str,
    pub bug: Bug,
    pub nodes: usize,
    /// Faults without which the bug does no harm.
    pub needs: &'static [Fault],
    /// The rules that are there for this bug: only what one of them says counts as caught.
    pub caught_by: &'static [&'static str],
    pub description: &'static str,
}

/// Every canary.
pub const CANARIES: &[CanaryCase] = &[
    CanaryCase {
        name: "ack-before-flush",
        bug: Bug::Disk(DiskCanary::AckBeforeFlush),
        nodes: 3,
        needs: &[Fault::Crash],
        caught_by: &["acknowledged_on_quorum", "acknowledged_survives", "committed_immutable"],
        description: "a write is acknowledged before the flush that covers it",
    },
    CanaryCase {
        name: "vote-not-flushed",
        bug: Bug::Disk(DiskCanary::VoteNotFlushed),
        nodes: 3,
        needs: &[Fault::Crash, Fault::Member],
        caught_by: &["vote_durable_before_reply", "one_vote_per_term"],
        description: "a vote is answered before it is flushed",
    },
    CanaryCase {
        name: "skip-guard",
        bug: Bug::Ledger(Canary::SkipGuard),
        nodes: 3,
        needs: &[Fault::Crash, Fault::Member],
        caught_by: &["guards_held"],
        description: "a record is applied although the guard on its own subject does not hold",
    },
    CanaryCase {
        name: "reuse-member",
        bug: Bug::ReusedMember,
        nodes: 3,
        needs: &[Fault::Replace, Fault::Member, Fault::DiskSlow],
        caught_by: &[
            "one_vote_per_term",
            "one_leader_per_term",
            "committed_immutable",
            "acknowledged_survives",
            "same_record_everywhere",
        ],
        description: "a member whose disk was lost comes back under its old id",
    },
    CanaryCase {
        name: "duplicate-request",
        bug: Bug::Ledger(Canary::DuplicateRequest),
        nodes: 3,
        needs: &[Fault::Loss, Fault::Crash],
        caught_by: &["request_once"],
        description: "a request that was applied before is applied again",
    },
    CanaryCase {
        name: "watch-gap",
        bug: Bug::Ledger(Canary::WatchGap),
        nodes: 3,
        needs: &[],
        caught_by: &["watch"],
        description: "a watch loses one record when it resumes",
    },
    CanaryCase {
        name: "leader-restore",
        bug: Bug::Ledger(Canary::LeaderRestore),
        nodes: 3,
        needs: &[Fault::Crash, Fault::DiskSlow],
        caught_by: &[
            "acknowledged_on_quorum",
            "committed_immutable",
            "same_record_everywhere",
            "acknowledged_survives",
        ],
        description: "a restarted leader resumes its old term without an election (openraft's default)",
    },
    CanaryCase {
        name: "age-from-reply",
        bug: Bug::Ledger(Canary::AgeFromReply),
        nodes: 3,
        needs: &[],
        caught_by: &["age_honest"],
        description: "the age of a read counts from the reply of the freshness probe",
    },
    CanaryCase {
        name: "unchecked-chain",
        bug: Bug::Ledger(Canary::UncheckedChain),
        nodes: 3,
        needs: &[Fault::Damage],
        caught_by: &["chain", "same_record_everywhere"],
        description: "shipped records are taken without checking the chain",
    },
    CanaryCase {
        name: "relay-twice",
        bug: Bug::Ledger(Canary::RelayTwice),
        nodes: 3,
        needs: &[Fault::Partial],
        caught_by: &["relay_once"],
        description: "a relay passes a command to a second relay",
    },
];

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
            jitter_ms: rng.random_range(1..=10),
        };
        let flush_min = rng.random_range(1..=2);
        let flush = (ms(flush_min), ms(flush_min + rng.random_range(1..=8)));
        let small = rng.random_range(0..100) < 50;
        let retention = Retention {
            snapshot_every: if small { rng.random_range(40..150) } else { 1_000 },
            entries_kept: if small { rng.random_range(5..40) } else { 500 },
            records_kept: if small { rng.random_range(20..100) } else { 100_000 },
        };
        Self {
            seeds,
            nodes,
            regions,
            faults,
            isolated,
            weather,
            flush,
            retention,
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
