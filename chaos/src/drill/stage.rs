//! What every drill stands on: a ring, load on it, the faults so far, and the bad news so far.

use std::time::Duration;

use anyhow::Result;
use ids::{MemberId, RegionId};
use rand::{SeedableRng, rngs::SmallRng};
use tokio::time::{Instant, sleep};

use crate::{
    check::pauses,
    load::{self, Load, book::Clock},
    nemesis::Fault,
    ring::{self, Ring},
    view::{Observer, View},
};

/// A ring is whole again within this after a fault, or it has broken its promise to come back.
const WHOLE_WITHIN: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);

/// What a drill may want.
#[derive(Clone, Debug)]
pub struct Options {
    pub ring: ring::Options,
    pub load: load::Options,
    pub rounds: usize,
    /// How long a fault lasts that ends by itself.
    pub hold: Duration,
    /// Acknowledged writes that are sent again in the end.
    pub sample: usize,
}

/// See the module.
pub struct Stage {
    pub options: Options,
    pub ring: Ring,
    pub load: Load,
    pub observer: Observer,
    pub clock: Clock,
    pub rng: SmallRng,
    pub faults: Vec<Fault>,
    /// Promises that were found broken on the way.
    pub broken: Vec<String>,
}

impl Stage {
    /// Starts the ring, and load on it.
    pub async fn set(options: Options, starts_within: Duration) -> Result<Self> {
        let ring = Ring::start(options.ring.clone(), starts_within).await?;
        let access = ring.access()?;
        let clock = Clock::start();
        let load = Load::start(&access, clock, options.load).await?;
        let rng = SmallRng::seed_from_u64(options.load.seed);
        let observer = Observer::new(&access)?;
        Ok(Self { options, ring, load, observer, clock, rng, faults: Vec::new(), broken: Vec::new() })
    }

    /// Waits until the ring is whole. `None`: it is not, which is a broken promise, written down.
    pub async fn whole(&mut self, after: &str) -> Option<View> {
        let deadline = Instant::now() + WHOLE_WITHIN;
        loop {
            if let Some((member, status)) = self.ring.fallen().first() {
                self.broken.push(format!("after {after}: {member} ended by itself with {status}"));
                return None;
            }
            let view = self.observer.look().await;
            let Some(lack) = view.unhealthy() else { return Some(view) };
            if Instant::now() >= deadline {
                self.broken.push(format!("after {after}: not whole within {WHOLE_WITHIN:?}: {lack}"));
                return None;
            }
            sleep(POLL).await;
        }
    }

    /// Waits until every prober of whom something is promised has had a success since `began`.
    pub async fn resumed(&self, began: u64, down: &[RegionId], within: Duration) -> bool {
        let from = self.load.shared.book.lock().probes.len();
        let deadline = Instant::now() + within;
        loop {
            if pauses::all_resumed(&self.load.shared.book.lock().probes, from, began, down) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            sleep(POLL).await;
        }
    }

    /// Regions that have no majority of their own without these members.
    pub fn regions_without(&self, gone: &[MemberId]) -> Vec<RegionId> {
        let lost = |region: &&RegionId| {
            let members = self.ring.members_of(region);
            let left = members.iter().filter(|member| !gone.contains(member)).count();
            left * 2 <= members.len()
        };
        self.ring.options.regions.iter().filter(lost).cloned().collect()
    }

    /// Members in words.
    pub fn words(&self, members: &[MemberId]) -> String {
        let word = |member: &MemberId| {
            let region = self.ring.region_of(*member).map(ToString::to_string).unwrap_or_default();
            format!("{member} ({region})")
        };
        members.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}
