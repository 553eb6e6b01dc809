//! Days in the life of clusters: a whole ring over one simulated cloud, with owners who make, delete and put to sleep, a cloud with every
//! vice, members that crash and stand still, links that are cut, a region that is alone for a day, and people who meddle behind our back.
//! Nobody operates it.
//!
//! ```text
//!   warm-up ─▶ hours (owners, meddler, nemesis, one region alone) ─▶ quiet ─▶ cloud = wished = held = billed
//! ```
//!
//! Members speak to each other less often than in a real ring, because most of what days cost is heartbeats and probes: what consensus
//! and shipping do under faults is shown by the other runs. What is judged here is what reconciling did: by the cloud's own books and by
//! the records of the regions' logs ([`books`]). The rules over the stream hold as in any run.

mod alone;
mod books;
mod etcd;
mod operator;
mod owner;
mod trouble;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use alone::Alone;
use cloud_sim::{Options, Sim, SimCloud, Vices};
use domain::{
    Cluster, ClusterStatus, Command, Entity, SharedVpc, View, Wish,
    held::{Condition, Part, Role, Slot, State, Truth},
    progress,
};
use etcd::Watched;
use fakes::TokioEnv;
use ids::{Hash, Log};
use invariants::Violation;
use ledger::{GroupTiming, LogState, Timing};
use ports::TaskScope;
use rand::{RngExt, rngs::SmallRng};
use reconcile::Planted;
use wire::entity::decode_entity;

use crate::{
    checks, owner as ring,
    plan::{Bug, Plan},
    run::{final_state, warm_up},
    seeds::Seeds,
    world::World,
};
use owner::Owner;

const HOUR: Duration = Duration::from_secs(3600);
/// Between two wishes of an owner.
const TICK: Duration = Duration::from_secs(600);
/// After faults stop, everything is as wished within this time: what is deleted and kept for a while is gone, an hour after that at most.
const QUIET: Duration = Duration::from_secs(5 * 3600);
/// Hours in which a known bug of reconciling is caught, or not.
pub const HOURS_OF_A_CANARY: u64 = 12;

/// What is asked of a run.
#[derive(Clone, Copy, Debug)]
pub struct Wished {
    pub seed: u64,
    pub hours: u64,
    /// Clusters that an owner keeps in each region, about.
    pub clusters: usize,
    /// Members of a region, drawn when not given.
    pub nodes: Option<usize>,
    pub planted: Option<Planted>,
}

/// What a run came to.
#[derive(Default)]
pub struct Kept {
    pub violations: Vec<Violation>,
    pub digest: Option<Hash>,
    pub nodes: usize,
    /// Hours for which clusters were there, over 24.
    pub cluster_days: f64,
    pub calls: usize,
    pub records: u64,
    pub machines: usize,
    pub billed_seconds: u64,
    /// Machines that were launched because the image of the one before had to be replaced.
    pub renewed: usize,
    /// Of the region that was alone for a day: clusters made, machines replaced, and times that machines ran which were written down.
    pub alone: Option<[usize; 3]>,
}

/// The cloud of a world, with the accounts that rings are given.
pub fn cloud(seed: u64) -> Option<SimCloud> {
    let accounts = (0..16).filter_map(ring::account).collect();
    let options = Options { accounts, ..Options::of(&operator::mended()?, seed, 0) };
    Some(SimCloud::new(Sim::new(options), Arc::new(TokioEnv::new(seed))))
}

/// Runs on this thread's paused clock.
pub async fn run(wished: Wished) -> Kept {
    let mut kept = Kept::default();
    let Some(cloud) = cloud(wished.seed) else { return kept };
    let watched = Watched::new(cloud.clone());
    let world = World::over(plan(wished), Some(Arc::new(watched.clone())));
    kept.nodes = world.plan.nodes;
    warm_up(&world).await;
    operator::publish_first(&world).await;
    let mut life = Life::new(&world, cloud, wished);
    for hour in 0..wished.hours {
        life.hour(hour, &mut kept).await;
    }
    life.quiet().await;
    let stories = books::judge(&world, &life.cloud, &watched.taken(), &mut kept).await;
    if kept.renewed == 0 && wished.hours >= 24 {
        world.trace.violate("renewed", "no machine was replaced because of its image".to_owned());
    }
    if let Some(alone) = &life.alone {
        kept.alone = alone.judge(&world, &life.cloud, &stories);
    }
    at_rest(&world);
    let (violations, digest, _) = world.trace.finish();
    (kept.violations, kept.digest) = (violations, Some(digest));
    kept
}

fn plan(wished: Wished) -> Plan {
    // One member is enough where its log is not what is judged; with three, leaders change.
    let drawn = if Seeds(wished.seed).rng("members").random_bool(0.25) { 3 } else { 1 };
    let mut plan = Plan::draw(wished.seed, Some(wished.nodes.unwrap_or(drawn)), None);
    plan.faults.clear();
    plan.isolated = None;
    (plan.weather.loss, plan.weather.damage, plan.weather.late) = (0, 0, 0);
    plan.retention = ledger::Retention { snapshot_every: 2_000, entries_kept: 500, ..Default::default() };
    let seconds = Duration::from_secs;
    let slow = GroupTiming { heartbeat: seconds(5), election_min: seconds(12), election_max: seconds(20) };
    plan.timing = Timing { global: slow, region: slow, round: seconds(20) };
    plan.bug = wished.planted.map_or(Bug::None, Bug::Reconcile);
    plan
}

/// The hours.
struct Life {
    world: Arc<World>,
    cloud: SimCloud,
    owners: Vec<Owner>,
    rng: SmallRng,
    /// What troubles members.
    scope: TaskScope,
    alone: Option<Alone>,
    hours: u64,
    /// What operators have not said yet, and from which quarter of the hours on they do.
    unsaid: VecDeque<(u64, Command)>,
}

impl Life {
    fn new(world: &Arc<World>, cloud: SimCloud, wished: Wished) -> Self {
        let owners = world.plan.regions.iter().map(|region| Owner::new(world, region, wished.clusters)).collect();
        let mut rng = world.plan.seeds.rng("life");
        let alone = Alone::draw(world, wished.hours, &mut rng);
        let (world, scope) = (Arc::clone(world), TaskScope::default());
        Self { world, cloud, owners, rng, scope, alone, hours: wished.hours, unsaid: operator::later() }
    }

    async fn hour(&mut self, hour: u64, kept: &mut Kept) {
        if let Some(alone) = &mut self.alone {
            alone.hour(&self.world, &self.cloud, hour);
        }
        self.cloud.with(|sim, now| {
            let vices = trouble::vices(sim, now, &mut self.rng);
            sim.set_vices(vices);
        });
        for _ in 0..HOUR.as_secs() / TICK.as_secs() {
            let until = tokio::time::Instant::now() + TICK;
            for owner in &mut self.owners {
                owner.wish_something().await;
            }
            trouble::meddle(&self.cloud, &mut self.rng);
            trouble::strike(&self.world, &self.scope, &mut self.rng).await;
            tokio::time::sleep_until(until).await;
        }
        self.say_what_is_due(4 * hour / self.hours.max(1)).await;
        self.world.supervise();
        kept.cluster_days += owner::clusters(&self.world, None).len() as f64 / 24.0;
    }

    /// What operators say from then on, as soon as it can be said.
    async fn say_what_is_due(&mut self, quarter: u64) {
        while let Some((_, said)) = self.unsaid.front().filter(|(from, _)| *from <= quarter)
            && operator::say(&self.world, said, self.unsaid.len()).await
        {
            self.unsaid.pop_front();
        }
    }

    /// Nothing is wrong any more, and nobody wishes for anything else.
    async fn quiet(&mut self) {
        self.scope.abort();
        self.world.net.mend_all();
        for member in self.world.members() {
            self.world.hold(member, false);
            self.world.disk(member).into_iter().for_each(|disk| disk.set_weather(self.world.fair_weather()));
        }
        self.cloud.with(|sim, _| sim.set_vices(Vices::off()));
        let mut open = Vec::new();
        for _ in 0..QUIET.as_secs() / 300 {
            self.world.supervise();
            self.say_what_is_due(4).await;
            tokio::time::sleep(Duration::from_secs(300)).await;
            open = unsettled(&self.world, self.cloud.now());
            if open.is_empty() {
                // Until every replica of the cloud knows everything, and the last listing is over.
                return tokio::time::sleep(HOUR / 2).await;
            }
        }
        open.into_iter().for_each(|what| self.world.trace.violate("as_wished", what));
    }
}

/// What is true of every ring at rest.
fn at_rest(world: &World) {
    let heads = checks::heads(world);
    world.trace.check(|at, out| invariants::check_replicas_equal(at, &heads, out));
    let copies = world.members().len() * world.logs().len();
    if heads.len() != copies {
        world.trace.violate("at_rest", format!("{} of {copies} copies are in service", heads.len()));
    }
    world.members().into_iter().for_each(|member| world.verify_stores(member));
    if crate::panics() > 0 {
        world.trace.violate("no_panic", format!("{} tasks panicked", crate::panics()));
    }
}

/// One fit machine in each slot, as many of them as the policy says, every part that was ever made, and nothing that differs from what was decided.
fn is_whole(status: &ClusterStatus) -> bool {
    let held = &status.held;
    let fit = held.machines.values().all(|of| of.joined.is_some() && of.ending.is_none());
    let slots: BTreeSet<Slot> = held.machines.values().map(|of| of.slot).collect();
    let there = |part: &Part| match part {
        Part::Machine(slot) => slots.contains(slot),
        Part::Credential(_) => true,
        part => held.parts.contains_key(part),
    };
    // The only master cannot be spared, whatever is wrong with it.
    let alone = slots.iter().filter(|slot| slot.role == Role::Master).count() == 1;
    let holds = |(condition, (truth, why)): (&Condition, &(Truth, String))| {
        // And a cluster for production waits for its window, which may be days away.
        let waits = *condition == Condition::WithinAges && (!alone || why.contains("master"));
        *truth == Truth::True || waits || (alone && *condition == Condition::SecurityAsDecided)
    };
    let workers = slots.iter().filter(|slot| slot.role == Role::Worker).count() as u64;
    let decided = workers >= operator::WORKERS_MIN
        && held.generations.keys().all(there)
        && status.status.conditions.iter().all(holds);
    fit && slots.len() == held.machines.len() && held.intents.is_empty() && decided
}

/// Clusters that are not as wished, and networks that nobody uses.
fn unsettled(world: &World, now: u64) -> Vec<String> {
    let mut open = Vec::new();
    for region in &world.plan.regions {
        let Some(state) = final_state(world, &Log::Region(region.clone())) else {
            open.push(format!("the log of {region} is in service nowhere"));
            continue;
        };
        for (subject, row) in state.rows().filter(|(subject, _)| owner::is_wish(subject)) {
            match decode_entity(&row.value) {
                Ok(Entity::Cluster(row)) => open.extend(open_cluster(&state, &row, now)),
                Ok(Entity::SharedVpc(row)) => open.extend(open_vpc(&state, &row)),
                Ok(_) => {}
                Err(error) => open.push(format!("{subject}: {error}")),
            }
        }
    }
    open
}

fn open_cluster(state: &LogState, row: &Cluster, now: u64) -> Option<String> {
    let rows: &dyn View = state;
    let status = rows.row::<ClusterStatus>(&domain::cluster::status(&row.name)).ok().flatten().map(|(_, row)| row);
    let stands = status.as_ref().map(|status| status.status.state);
    let settled = match (row.wish, &status) {
        (Wish::Run, Some(status)) => stands == Some(State::Running) && is_whole(status),
        (Wish::Hibernate, Some(_)) => stands == Some(State::Hibernated),
        // What is deleted and kept for a while sleeps; what is soon to go is waited for.
        (Wish::Delete, Some(_)) => {
            let soon = now + u64::try_from(HOUR.as_millis()).unwrap_or(u64::MAX);
            row.purge_time.is_some_and(|at| at.unix_ms() > soon) && stands == Some(State::Hibernated)
        }
        (_, None) => false,
    };
    (!settled)
        .then(|| format!("{} is wished to {:?} and is {stands:?} after the quiet: {status:?}", row.name, row.wish))
}

fn open_vpc(state: &LogState, row: &SharedVpc) -> Option<String> {
    let users = progress::users(state, row).unwrap_or(1);
    (users == 0).then(|| format!("nobody uses the VPC {} of {} after the quiet", row.vpc, row.project))
}
