//! Faults: whom they hit, and when they were.

use std::fmt;

use anyhow::{Context as _, Result};
use ids::{Log, MemberId, RegionId};
use rand::{RngExt, rngs::SmallRng, seq::SliceRandom};

use crate::{ring::Ring, view::View};

/// Whom to hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    AnyNode,
    LeaderOfGlobal,
    LeaderOfRegion,
    WholeRegion,
}

impl Target {
    pub const ALL: [Self; 4] = [Self::AnyNode, Self::LeaderOfGlobal, Self::LeaderOfRegion, Self::WholeRegion];
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnyNode => "any node",
            Self::LeaderOfGlobal => "leader of G",
            Self::LeaderOfRegion => "leader of an R",
            Self::WholeRegion => "whole region",
        })
    }
}

/// Every target equally often, in an order that is drawn.
pub fn targets(rounds: usize, rng: &mut SmallRng) -> Vec<Target> {
    let mut targets = Vec::new();
    while targets.len() < rounds {
        let mut some = Target::ALL;
        some.shuffle(rng);
        targets.extend(some);
    }
    targets.truncate(rounds);
    targets
}

/// The members that a target means now.
pub fn members(target: Target, ring: &Ring, view: &View, rng: &mut SmallRng) -> Result<Vec<MemberId>> {
    let regions = &ring.options.regions;
    let region =
        regions.get(rng.random_range(0..regions.len().max(1))).context("draw a region of a ring without any")?;
    let leader = |log: &Log| {
        let (_, member) = view.leader(log).with_context(|| format!("look for the leader of {log}: nobody says so"))?;
        Ok(vec![member])
    };
    match target {
        Target::AnyNode => {
            let node = ring.nodes.get(rng.random_range(0..ring.nodes.len().max(1)));
            Ok(vec![node.context("draw a node of a ring without any")?.member])
        }
        Target::LeaderOfGlobal => leader(&Log::Global),
        Target::LeaderOfRegion => leader(&Log::Region(region.clone())),
        Target::WholeRegion => Ok(ring.members_of(region)),
    }
}

/// One fault, as it was. Times are of the run's clock.
#[derive(Clone, Debug)]
pub struct Fault {
    pub what: String,
    pub began: u64,
    /// The fault was taken back.
    pub ended: u64,
    /// The ring was whole again: until here its consequences are looked for.
    pub whole: u64,
    /// Regions that had no majority of their own while it lasted.
    pub regions_down: Vec<RegionId>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_target_comes_equally_often() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut counts = BTreeMap::new();
        for target in targets(50, &mut rng) {
            *counts.entry(target).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 4);
        assert!(counts.values().all(|count| (12..=13).contains(count)), "{counts:?}");
    }
}
