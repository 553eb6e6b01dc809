//! Days in the life of clusters: a whole ring over one simulated cloud, with an owner who makes, deletes and puts to sleep, a cloud with
//! every vice, members that crash, regions that are cut off for hours, and people who meddle behind our back. Nobody operates it.
//!
//! ```text
//!   warm-up ─▶ days (owner, meddler, nemesis, one region isolated for a day) ─▶ quiet ─▶ cloud = wished = held = billed
//! ```
//!
//! Consensus is slowed down, because days of heartbeats cost hours: what it does under faults is shown by the other runs. What is judged
//! here is what reconciling did, by the cloud's own books and by the records of the regions' logs.

mod books;
mod owner;

use std::{sync::Arc, time::Duration};

use cloud_sim::{Options, Place, Sim, SimCloud, Tamper, Vices};
use domain::{ClusterStatus, Entity, Wish, command as c, held::State};
use fakes::TokioEnv;
use ids::{ClusterName, Log, RegionId};
use ledger::{GroupTiming, Timing};
use ports::cloud::{CloudRegion, InstanceId, SecurityGroupId};
use rand::{RngExt, rngs::SmallRng};
use wire::entity::decode_entity;

use crate::{
    owner as ring,
    plan::{Bug, Plan, ms},
    run::{caller, final_state, warm_up},
    seeds::Seeds,
    world::World,
};
use owner::Owner;

const HOUR: Duration = Duration::from_secs(3600);
/// After faults stop, everything is as wished within this time: the longest pause after refusals, a launch, and room.
const QUIET: Duration = Duration::from_secs(4 * 3600);

/// What is asked of a run.
#[derive(Clone, Copy, Debug)]
pub struct Wished {
    pub seed: u64,
    pub days: u64,
    /// Clusters that the owner keeps in each region, about.
    pub clusters: usize,
    pub planted: Option<reconcile::Planted>,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    pub violations: Vec<String>,
    /// Hours that clusters were there, as the owner saw them, over 24.
    pub cluster_days: f64,
    pub calls: u64,
    pub records: u64,
    pub machines: usize,
    /// Records of the region that was isolated for a day, made meanwhile.
    pub isolated_records: u64,
}

/// The cloud of a world, with the accounts that rings are given.
pub fn cloud(seed: u64) -> Option<SimCloud> {
    let accounts = (0..16).filter_map(ring::account).collect();
    let options = Options { accounts, ..Options::of(&catalog::first().ok()?, seed, 0) };
    Some(SimCloud::new(Sim::new(options), Arc::new(TokioEnv::new(seed))))
}

/// Runs on this thread's paused clock.
pub async fn run(wished: Wished) -> Kept {
    let mut kept = Kept::default();
    let Some(cloud) = cloud(wished.seed) else { return kept };
    let world = World::over(plan(wished), Some((cloud.clone(), wished.planted)));
    warm_up(&world).await;
    publish(&world, &mut kept).await;
    let mut life = Life::new(&world, cloud, wished);
    for hour in 0..wished.days * 24 {
        life.hour(hour, &mut kept).await;
    }
    life.quiet(&mut kept).await;
    books::judge(&world, &life.cloud, &mut kept).await;
    kept
}

fn plan(wished: Wished) -> Plan {
    let mut plan = Plan::draw(wished.seed, Some(1), None);
    plan.faults.clear();
    plan.isolated = None;
    (plan.weather.loss, plan.weather.damage, plan.weather.late) = (0, 0, 0);
    plan.retention = ledger::Retention { snapshot_every: 2_000, entries_kept: 500, ..Default::default() };
    let seconds = Duration::from_secs;
    let slow = GroupTiming { heartbeat: seconds(5), election_min: seconds(12), election_max: seconds(20) };
    plan.timing = Timing { global: slow, region: slow };
    plan.bug = Bug::None;
    plan
}

async fn publish(world: &Arc<World>, kept: &mut Kept) {
    let (Some(region), Ok(catalog)) = (world.plan.regions.first(), catalog::first()) else { return };
    let mut operator = caller(world, region, "operator");
    for _ in 0..30 {
        if matches!(
            operator.command(c::PublishCatalog { catalog: catalog.clone(), waves: None }.into()).await,
            crate::call::Outcome::Done(_)
        ) {
            // Until every region knows it.
            return tokio::time::sleep(Duration::from_secs(60)).await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    kept.violations.push("the catalogue could not be published".to_owned());
}

/// The days.
struct Life {
    world: Arc<World>,
    cloud: SimCloud,
    wished: Wished,
    owners: Vec<Owner>,
    rng: SmallRng,
    /// The region that is cut off for a day, and since when, with the records it had.
    isolated: Option<(RegionId, u64, u64)>,
}

impl Life {
    fn new(world: &Arc<World>, cloud: SimCloud, wished: Wished) -> Self {
        let owners = world.plan.regions.iter().map(|region| Owner::new(world, region, wished.clusters));
        let owners = owners.collect();
        let rng = Seeds(wished.seed).rng("life");
        Self { world: Arc::clone(world), cloud, wished, owners, rng, isolated: None }
    }

    async fn hour(&mut self, hour: u64, kept: &mut Kept) {
        self.isolate(hour, kept);
        self.cloud.with(|sim, now| sim.set_vices(vices(&mut self.rng, now)));
        for _ in 0..6 {
            for owner in &mut self.owners {
                owner.wish_something().await;
            }
            self.meddle();
            self.trouble().await;
            tokio::time::sleep(HOUR / 6).await;
        }
        self.world.supervise();
        kept.cluster_days += statuses(&self.world).len() as f64 / 24.0;
    }

    /// One region is alone for the second day, or from the middle on where there is no second.
    fn isolate(&mut self, hour: u64, kept: &mut Kept) {
        let begin = if self.wished.days > 2 { 24 } else { 6 };
        let records = |world: &World, region: &RegionId| {
            final_state(world, &Log::Region(region.clone())).map_or(0, |state| state.seq.0)
        };
        if hour == begin {
            let Some(region) = self.world.plan.regions.get(self.rng.random_range(0..3)).cloned() else { return };
            let (inside, outside): (Vec<_>, Vec<_>) = self
                .world
                .members()
                .into_iter()
                .partition(|member| self.world.region_of(*member).as_ref() == Some(&region));
            self.world.net.cut(&inside, &outside, true);
            self.world.net.cut(&outside, &inside, true);
            let had = records(&self.world, &region);
            self.isolated = Some((region, hour, had));
        }
        if let Some((region, since, had)) = self.isolated.clone().filter(|(_, since, _)| hour == since + 24) {
            kept.isolated_records = records(&self.world, &region) - had;
            if kept.isolated_records == 0 {
                kept.violations
                    .push(format!("{region} wrote nothing in the day from hour {since} on which it was alone"));
            }
            self.world.net.mend_all();
            self.isolated = None;
        }
    }

    /// Somebody does something behind our back.
    fn meddle(&mut self) {
        let rng = &mut self.rng;
        if rng.random_range(0..100) >= 25 {
            return;
        }
        self.cloud.with(|sim, now| {
            let machines: Vec<(Place, InstanceId)> = sim
                .instances()
                .filter(|(_, of)| !of.state.ending())
                .map(|(place, of)| (place.clone(), of.id.clone()))
                .collect();
            let Some((place, id)) = machines.get(rng.random_range(0..machines.len().max(1))).cloned() else { return };
            let groups: Vec<SecurityGroupId> = sim
                .tagged(reconcile::mark::PART)
                .into_iter()
                .filter(|(at, id, _)| **at == place && id.starts_with("sg-"))
                .map(|(_, id, _)| SecurityGroupId::new(id))
                .collect();
            let group = groups.get(rng.random_range(0..groups.len().max(1))).cloned();
            let tamper = match (rng.random_range(0..6), group) {
                (0 | 1, _) => Tamper::Kill(id),
                (2, _) => Tamper::Impair(id),
                (3, Some(group)) => Tamper::OpenGroup(group),
                (4, Some(group)) => Tamper::CloseGroup(group),
                _ => Tamper::Stop(id),
            };
            sim.tamper(now, &place, tamper);
        });
    }

    /// A member crashes, and comes back.
    async fn trouble(&mut self) {
        let members = self.world.members();
        if self.rng.random_range(0..100) < 30
            && let Some(member) = members.get(self.rng.random_range(0..members.len().max(1))).copied()
        {
            self.world.crash(member);
            tokio::time::sleep(ms(self.rng.random_range(100..120_000))).await;
            self.world.start(member, false);
        }
    }

    /// Nothing is wrong any more, and nobody wishes for anything else.
    async fn quiet(&mut self, kept: &mut Kept) {
        self.world.net.mend_all();
        self.cloud.with(|sim, _| sim.set_vices(Vices::off()));
        let mut open = Vec::new();
        for _ in 0..QUIET.as_secs() / 300 {
            tokio::time::sleep(Duration::from_secs(300)).await;
            self.world.supervise();
            open = unsettled(&self.world);
            if open.is_empty() {
                // Until every replica of the cloud knows everything, and the last listing is over.
                return tokio::time::sleep(HOUR / 2).await;
            }
        }
        kept.violations.extend(open);
    }
}

/// What the cloud does to its callers in the next hour.
fn vices(rng: &mut SmallRng, now: u64) -> Vices {
    let mut some = |share: u16| if rng.random_range(0..100) < 40 { rng.random_range(0..=share) } else { 0 };
    let mut vices = Vices {
        lag: 5_000,
        stale: some(300),
        timeout_without_effect: some(30),
        timeout_with_effect: some(30),
        late_effect: some(15),
        late_by: 60_000,
        lost_response: some(30),
        duplicate: some(10),
        slow: some(30),
        internal_error: some(30),
        never_joins: some(100),
        capacity_outage: some(200),
        mean_life_s: 40 * 86_400,
        mean_health_s: 40 * 86_400,
        ..Vices::off()
    };
    if rng.random_range(0..100) < 5 {
        // It says no for hours.
        let region = ["us-east-1", "us-west-2", "eu-west-1"][rng.random_range(0..3)];
        let (zone, instance_type, until) = (None, None, now + 4 * 3_600_000);
        vices.outages.push(cloud_sim::Outage {
            region: CloudRegion::new(region),
            zone,
            instance_type,
            from: now,
            until,
        });
    }
    vices
}

/// Clusters and shared VPCs of every region, with what became of each.
fn statuses(world: &World) -> Vec<(domain::Cluster, Option<ClusterStatus>)> {
    let mut all = Vec::new();
    for region in &world.plan.regions {
        let Some(state) = final_state(world, &Log::Region(region.clone())) else { continue };
        for (_, row) in state.rows() {
            let Ok(Entity::Cluster(cluster)) = decode_entity(&row.value) else { continue };
            let status = domain::cluster::status(&cluster.name);
            let status = (&state as &dyn domain::View).row::<ClusterStatus>(&status);
            all.push((cluster, status.ok().flatten().map(|(_, status)| status)));
        }
    }
    all
}

/// Clusters that are not as wished.
fn unsettled(world: &World) -> Vec<String> {
    let mut open = Vec::new();
    for (cluster, status) in statuses(world) {
        let state = status.as_ref().map(|status| status.status.state);
        let settled = match (cluster.wish, &status) {
            (Wish::Run, Some(status)) => {
                let whole = status.held.machines.values().all(|of| of.joined.is_some() && of.ending.is_none());
                state == Some(State::Running) && whole && status.held.intents.is_empty()
            }
            (Wish::Hibernate, Some(_)) => state == Some(State::Hibernated),
            (Wish::Delete, _) | (_, None) => false,
        };
        if !settled {
            let ClusterName { location, cluster: label, .. } = &cluster.name;
            open.push(format!(
                "{label} in {location} is wished to {:?} and is {state:?} after the quiet",
                cluster.wish
            ));
        }
    }
    open
}
