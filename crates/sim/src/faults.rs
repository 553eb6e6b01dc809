//! The nemesis: does the planned faults, one after the other and some at once, and takes every one of them back.

use std::{sync::Arc, time::Duration};

use fakes::DiskWeather;
use ids::{Log, MemberId, RegionId};
use ports::TaskScope;
use rand::{RngExt, rngs::SmallRng};

pub mod shutdown;

use crate::{
    plan::{Bug, Fault, ms, span},
    world::World,
};

/// See the module.
pub struct Nemesis {
    world: Arc<World>,
    rng: SmallRng,
    scope: TaskScope,
}

impl Nemesis {
    pub fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), rng: world.plan.seeds.rng("nemesis"), scope: TaskScope::default() }
    }

    /// Does faults for the whole safety phase. When it returns, some may still be in force: heal the world.
    pub async fn run(mut self) {
        let trace = Arc::clone(&self.world.trace);
        let end = trace.now() + u64::try_from(self.world.plan.safety.as_nanos()).unwrap_or(u64::MAX);
        if let Some(region) = self.world.plan.isolated.clone() {
            let (inside, outside) = self.sides(&region);
            self.world.net.cut(&inside, &outside, true);
            self.world.net.cut(&outside, &inside, true);
        }
        let kinds: Vec<Fault> = self.world.plan.faults.iter().copied().collect();
        while trace.now() < end {
            tokio::time::sleep(span(&mut self.rng, 200, 2_500)).await;
            if kinds.is_empty() {
                continue;
            }
            if let Some(fault) = kinds.get(self.rng.random_range(0..kinds.len())).copied() {
                self.strike(fault).await;
            }
        }
        self.scope.abort();
    }

    /// Members that faults may touch: an isolated region is left in peace.
    fn targets(&self) -> Vec<MemberId> {
        let spared = self.world.plan.isolated.as_ref();
        let members = self.world.members().into_iter();
        members.filter(|member| self.world.region_of(*member).as_ref() != spared || spared.is_none()).collect()
    }

    fn target(&mut self) -> Option<MemberId> {
        let targets = self.targets();
        if targets.is_empty() { None } else { targets.get(self.rng.random_range(0..targets.len())).copied() }
    }

    /// A target, or with good odds the leader of some log: that is where faults hurt.
    fn target_leader(&mut self) -> Option<MemberId> {
        let logs = self.world.logs();
        let log = logs.get(self.rng.random_range(0..logs.len().max(1)))?.clone();
        let leader = self.leader_of(&log).filter(|leader| self.targets().contains(leader));
        if self.rng.random_range(0..100) < 60 { leader.or_else(|| self.target()) } else { self.target() }
    }

    fn leader_of(&self, log: &Log) -> Option<MemberId> {
        self.world.members().into_iter().find(|member| {
            let region = self.world.region(*member);
            region.is_some_and(|(region, _)| region.ledger().group(log).is_some_and(|group| group.is_leader()))
        })
    }

    fn sides(&self, region: &RegionId) -> (Vec<MemberId>, Vec<MemberId>) {
        let inside = self.world.members_of(region);
        let outside = self.world.members().into_iter().filter(|member| !inside.contains(member)).collect();
        (inside, outside)
    }

    fn two_regions(&mut self) -> Option<(Vec<MemberId>, Vec<MemberId>)> {
        let regions = &self.world.plan.regions;
        let a = self.rng.random_range(0..regions.len());
        let b = (a + self.rng.random_range(1..regions.len())) % regions.len();
        Some((self.world.members_of(regions.get(a)?), self.world.members_of(regions.get(b)?)))
    }

    async fn strike(&mut self, fault: Fault) {
        self.world.trace.note(format_args!("fault {fault}"));
        tracing::info!(at_ms = self.world.trace.now() / 1_000_000, %fault, "fault");
        match fault {
            Fault::Partition | Fault::Partial | Fault::OneWay | Fault::Flapping | Fault::Member => self.cut(fault),
            // In force all the time, as weather.
            Fault::Loss | Fault::Late | Fault::Damage => {}
            Fault::Delay => self.delay(),
            Fault::Crash => self.crash().await,
            Fault::Pause => self.pause(),
            Fault::Clock => self.step_clock(),
            Fault::DiskFull | Fault::DiskSlow | Fault::DiskFail => self.disk(fault),
            Fault::Replace => self.replace().await,
            Fault::Transfer => self.transfer(),
            Fault::Shutdown => self.shut_down(),
        }
    }

    fn cut(&mut self, fault: Fault) {
        let both_ways = fault != Fault::OneWay;
        let (one, other) = match fault {
            Fault::Partition => {
                let regions = &self.world.plan.regions;
                let Some(region) = regions.get(self.rng.random_range(0..regions.len())).cloned() else { return };
                self.sides(&region)
            }
            Fault::Member => {
                let Some(member) = self.target_leader() else { return };
                let others = self.world.members().into_iter().filter(|other| *other != member).collect();
                (vec![member], others)
            }
            _ => {
                let Some(sides) = self.two_regions() else { return };
                sides
            }
        };
        let times = if fault == Fault::Flapping { self.rng.random_range(3..10) } else { 1 };
        let span_ms = if fault == Fault::Flapping { (100, 900) } else { (500, 7_000) };
        let (world, mut rng) =
            (Arc::clone(&self.world), self.world.plan.seeds.rng(&format!("cut {}", self.world.trace.now())));
        self.scope.spawn(async move {
            for _ in 0..times {
                world.net.cut(&one, &other, true);
                if both_ways {
                    world.net.cut(&other, &one, true);
                }
                tokio::time::sleep(span(&mut rng, span_ms.0, span_ms.1)).await;
                world.net.cut(&one, &other, false);
                if both_ways {
                    world.net.cut(&other, &one, false);
                }
                tokio::time::sleep(span(&mut rng, 100, 900)).await;
            }
        });
    }

    fn delay(&mut self) {
        let calm = self.world.plan.weather;
        let jitter_ms = self.rng.random_range(30..=300);
        let span = span(&mut self.rng, 300, 3_000);
        let world = Arc::clone(&self.world);
        self.scope.spawn(async move {
            world.net.set_weather(crate::net::Weather { jitter_ms, ..calm });
            tokio::time::sleep(span).await;
            world.net.set_weather(calm);
        });
    }

    /// Stalls the disk before the crash more often than not: only then is there a tail to lose.
    async fn crash(&mut self) {
        let Some(member) = self.target_leader() else { return };
        if !self.world.is_up(member) {
            return;
        }
        if self.rng.random_range(0..100) < 70
            && let Some(disk) = self.world.disk(member)
        {
            disk.set_weather(DiskWeather { stalled: true, ..self.world.fair_weather() });
            tokio::time::sleep(span(&mut self.rng, 20, 400)).await;
        }
        self.world.crash(member);
        if let Some(disk) = self.world.disk(member) {
            disk.set_weather(self.world.fair_weather());
        }
        // Often back at once, inside the lease of the others.
        let down = if self.rng.random_range(0..100) < 50 {
            span(&mut self.rng, 5, 200)
        } else {
            span(&mut self.rng, 200, 6_000)
        };
        let world = Arc::clone(&self.world);
        self.scope.spawn(async move {
            tokio::time::sleep(down).await;
            if !world.is_up(member) {
                world.start(member, false);
            }
        });
    }

    fn pause(&mut self) {
        let Some(member) = self.target_leader() else { return };
        let span = span(&mut self.rng, 200, 5_000);
        let world = Arc::clone(&self.world);
        self.scope.spawn(async move {
            world.hold(member, true);
            tokio::time::sleep(span).await;
            world.hold(member, false);
        });
    }

    fn step_clock(&mut self) {
        if let Some(member) = self.target() {
            self.world.step_clock(member, self.rng.random_range(-600_000..=600_000));
        }
    }

    fn disk(&mut self, fault: Fault) {
        let Some(disk) = self.target_leader().and_then(|member| self.world.disk(member)) else { return };
        let fair = self.world.fair_weather();
        let weather = match fault {
            Fault::DiskFull => DiskWeather { full: true, ..fair },
            Fault::DiskFail => DiskWeather { failing: true, ..fair },
            _ if self.rng.random_range(0..100) < 50 => DiskWeather { stalled: true, ..fair },
            _ => DiskWeather { flush_min: ms(50), flush_max: ms(400), ..fair },
        };
        let member = disk.member();
        let span = span(&mut self.rng, 200, 3_000);
        let world = Arc::clone(&self.world);
        self.scope.spawn(async move {
            disk.set_weather(weather);
            tokio::time::sleep(span).await;
            disk.set_weather(fair);
            // Whoever looks after the machine restarts what a broken disk stopped.
            if world.is_up(member) && world.needs_restart(member) {
                world.crash(member);
                tokio::time::sleep(ms(100)).await;
                world.start(member, false);
            }
        });
    }

    /// A disk is lost and a new member takes the old one's place in both of its groups.
    async fn replace(&mut self) {
        let Some(gone) = self.target() else { return };
        if self.world.plan.bug == Bug::ReusedMember {
            self.reuse_member().await;
            return;
        }
        let Some(region) = self.world.region_of(gone) else { return };
        // One at a time, and only while the rest of the region stands: a majority must survive.
        let rest = self.world.members_of(&region).into_iter().filter(|member| *member != gone);
        if rest.into_iter().any(|member| !self.world.is_up(member)) || !self.settled(gone) {
            return;
        }
        self.world.lose_disk(gone);
        let Some(new) = self.world.swap_machine(gone) else { return };
        let logs = [Log::Global, Log::Region(region)];
        for log in logs {
            self.world.begin_replacement(&log, gone, new);
            let world = Arc::clone(&self.world);
            self.scope.spawn(async move { replace_in(&world, &log, gone, new, Duration::from_secs(40)).await });
        }
    }

    /// The canary's own fault: what a leader and one follower have committed is lost with that follower's disk, because it comes back
    /// under its old id and helps the third member, which never had it, to be elected.
    async fn reuse_member(&mut self) {
        let regions = &self.world.plan.regions;
        let Some(region) = regions.get(self.rng.random_range(0..regions.len())).cloned() else { return };
        let Some(leader) = self.leader_of(&Log::Region(region.clone())) else { return };
        let others: Vec<MemberId> =
            self.world.members_of(&region).into_iter().filter(|member| *member != leader).collect();
        let [forgetful, behind] = others.as_slice() else { return };
        let (leader, forgetful, behind) = ([leader], *forgetful, [*behind]);
        let cut = |from: &[MemberId], to: &[MemberId], cut| {
            self.world.net.cut(from, to, cut);
            self.world.net.cut(to, from, cut);
        };
        let kept = [leader[0], forgetful];
        cut(&behind, &kept, true);
        tokio::time::sleep(ms(2_000)).await;
        cut(&leader, &[forgetful, behind[0]], true);
        self.world.lose_disk(forgetful);
        self.world.start(forgetful, false);
        cut(&behind, &kept, false);
        cut(&leader, &behind, true);
        tokio::time::sleep(ms(4_000)).await;
        self.world.net.mend_all();
    }

    /// Whether every group that the member votes in has its full set of voters again after an earlier replacement, and everybody who
    /// stays knows it: what the leader alone knows is lost with its disk.
    fn settled(&self, gone: MemberId) -> bool {
        let members = self.world.members();
        let Some(region) = self.world.region_of(gone) else { return false };
        let known = |member, log: &Log| Some(self.world.region(member)?.0.ledger().group(log)?.voters());
        [Log::Global, Log::Region(region)].iter().all(|log| {
            let Some(voters) = self.leader_of(log).and_then(|leader| known(leader, log)) else { return false };
            let staying = voters.iter().flatten().filter(|voter| **voter != gone);
            voters.len() == 1
                && voters.iter().flatten().all(|voter| members.contains(voter))
                && staying.into_iter().all(|voter| known(*voter, log).as_ref() == Some(&voters))
        })
    }

    fn transfer(&mut self) {
        let logs = self.world.logs();
        let Some(log) = logs.get(self.rng.random_range(0..logs.len().max(1))).cloned() else { return };
        let (Some(leader), Some(to)) = (self.leader_of(&log), self.target()) else { return };
        if let Some((region, scope)) = self.world.region(leader) {
            scope.spawn(async move {
                if let Some(group) = region.ledger().group(&log) {
                    let _ = group.transfer_leader(to).await;
                }
            });
        }
    }
}

/// Asks the leader of a log to replace a member, again and again until it is done or the time is over.
pub async fn replace_in(world: &Arc<World>, log: &Log, gone: MemberId, new: MemberId, within: Duration) -> bool {
    let deadline = tokio::time::Instant::now() + within;
    // A new member that was replaced in turn must not be taken in any more.
    while tokio::time::Instant::now() < deadline && world.members().contains(&new) {
        for member in world.members() {
            let Some((region, scope)) = world.region(member) else { continue };
            let Some(group) = region.ledger().group(log).filter(|group| group.is_leader()).map(Arc::clone) else {
                continue;
            };
            let voters = group.voters();
            if voters.len() == 1 && voters.iter().all(|set| set.contains(&new) && !set.contains(&gone)) {
                return true;
            }
            let task = scope.spawn(async move { group.replace(gone, new).await.is_ok() });
            if let Ok(Ok(true)) = tokio::time::timeout(ms(5_000), task).await {
                return true;
            }
        }
        tokio::time::sleep(ms(300)).await;
    }
    false
}
