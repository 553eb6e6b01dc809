//! One run: warm-up, safety, heal, liveness, and the scan of everything that was acknowledged.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use domain::command as c;
use ids::{ContainerName, Hash, Log, MemberId, RegionId, Seq};
use invariants::Violation;
use ledger::LogState;
use ports::TaskScope;
use rand::RngExt;
use region::Consistency;

use crate::{
    call::{Caller, Outcome},
    checks,
    client::{Client, Shared, list_project, organization, shop},
    faults::{Nemesis, replace_in},
    history::Counts,
    owner,
    plan::{Plan, ms},
    quotas,
    watcher::Watcher,
    world::World,
};

/// What a run came to.
pub struct Report {
    pub violations: Vec<Violation>,
    pub digest: Hash,
    pub lines: u64,
    pub counts: Counts,
    pub virtual_time: Duration,
    /// Places at which the fold of the facts was compared with a member's state.
    pub folds: u64,
}

/// Cloud accounts that there are from the start.
const ACCOUNTS: u64 = 12;
/// The first of those that are added in the end; what clients add is far below.
const FILLED: u64 = 900_000_000_000;

/// After faults stop, the ring must come to rest within this time.
const REST_WITHIN: Duration = Duration::from_secs(60);

/// Runs a plan on this thread's paused clock.
pub async fn run(plan: Plan) -> Report {
    let world = World::new(plan);
    let mut load = Load::new(&world);
    warm_up(&world).await;
    load.watch();
    let attendants = TaskScope::default();
    attendants.spawn(inspect_copies(Arc::clone(&world)));
    load.start();
    for region in &world.plan.regions {
        attendants.spawn(owner::clear(caller(&world, region, &format!("owner-{region}"))));
    }
    for (region, number) in world.plan.regions.iter().zip(0..) {
        let founder = caller(&world, region, &format!("founder-{region}"));
        load.clients.push(load.scope.spawn(owner::found(founder, Arc::clone(&load.shared), number)));
    }
    load.move_quotas();
    attendants.spawn(owner::rush(Arc::clone(&world), Arc::clone(&load.shared)));
    Nemesis::new(&world).run().await;
    load.shared.healed.store(true, SeqCst);
    heal(&world, &attendants).await;
    liveness(&world, &mut load).await;
    let report = conclude(&world, load).await;
    attendants.abort();
    report
}

/// Brings every member up and makes what the clients need.
pub async fn warm_up(world: &Arc<World>) {
    for member in world.members() {
        world.start(member, true);
    }
    let Some(region) = world.plan.regions.first().cloned() else { return };
    let mut caller = caller(world, &region, "setup");
    all_registered(world).await;
    let mut commands: Vec<domain::Command> = Vec::new();
    let (Some(name), Some(project)) = (organization(), shop()) else { return };
    commands.extend((0..ACCOUNTS).filter_map(owner::account).map(|account| c::AddAccount { account }.into()));
    let parent = ContainerName::Organization(name.clone());
    let text = String::new;
    commands.push(c::CreateOrganization { name, display_name: text(), description: text() }.into());
    for name in std::iter::once(project).chain((0..8).filter_map(list_project)) {
        commands
            .push(c::CreateProject { name, parent: parent.clone(), display_name: text(), description: text() }.into());
    }
    commands.extend(quotas::prepare(&world.plan.regions).into_iter().flatten());
    for command in commands {
        for _ in 0..20 {
            match caller.command(command.clone()).await {
                Outcome::Done(_) | Outcome::Rejected { .. } => break,
                Outcome::Refused | Outcome::Unknown => tokio::time::sleep(ms(500)).await,
            }
        }
    }
    // Every region's copy of the global log holds the project before clusters are made in it.
    tokio::time::sleep(ms(1_500)).await;
}

/// Fills the pool of cloud accounts: every organization is to get one.
async fn fill_pool(world: &Arc<World>) {
    let Some(region) = world.plan.regions.first() else { return };
    let mut caller = caller(world, region, "filling");
    caller.stays = false;
    for number in 0..=owner::ORGANIZATIONS {
        let Some(account) = owner::account(FILLED + number) else { return };
        caller.command(c::AddAccount { account }.into()).await;
    }
}

/// Waits until the regions have registered themselves, which every member does for its region when it comes to lead it. A deletion
/// of a project that comes before waits for nobody.
async fn all_registered(world: &Arc<World>) {
    let set = domain::sets::regions();
    for _ in 0..600 {
        let state = final_state(world, &Log::Global);
        let known = state.map(|state| domain::View::entries(&state, &set, None, usize::MAX).len());
        if known == Some(world.plan.regions.len()) {
            return;
        }
        tokio::time::sleep(ms(100)).await;
    }
    world.trace.violate("drains_end", "not every region was registered within a minute".to_owned());
}

pub fn caller(world: &Arc<World>, region: &RegionId, name: &str) -> Caller {
    Caller {
        world: Arc::clone(world),
        region: region.clone(),
        rng: world.plan.seeds.rng(&format!("client {name}")),
        name: name.to_owned(),
        stays: world.plan.isolated.as_ref() == Some(region),
    }
}

/// Clients and watchers of a run.
pub struct Load {
    world: Arc<World>,
    shared: Arc<Shared>,
    due: Vec<(Log, tokio::sync::watch::Sender<Option<Seq>>)>,
    scope: TaskScope,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn new(world: &Arc<World>) -> Self {
        let shared = Arc::new(Shared {
            history: Default::default(),
            stop: Default::default(),
            healed: Default::default(),
            serial: Default::default(),
        });
        Self { world: Arc::clone(world), shared, due: Vec::new(), scope: TaskScope::default(), clients: Vec::new() }
    }

    fn start(&mut self) {
        let mut id = 0;
        for region in &self.world.plan.regions {
            for number in 0..self.world.plan.clients_per_region {
                id += 1;
                let caller = caller(&self.world, region, &format!("{region}-{number}"));
                let isolated_since = caller.stays.then(|| self.world.trace.now());
                let client = Client::new(id, caller, Arc::clone(&self.shared), isolated_since);
                self.clients.push(self.scope.spawn(client.run()));
            }
        }
    }

    /// Starts what moves a quota, from a region that is not cut off, and what uses it up in every region.
    fn move_quotas(&mut self) {
        let (world, regions) = (&self.world, &self.world.plan.regions);
        let calm = regions.iter().find(|region| world.plan.isolated.as_ref() != Some(region));
        let shift = calm.map(|calm| quotas::shift(caller(world, calm, "quota"), Arc::clone(&self.shared)));
        self.clients.extend(shift.map(|shift| self.scope.spawn(shift)));
        for region in regions {
            let filling = caller(world, region, &format!("quota-{region}"));
            self.clients.push(self.scope.spawn(quotas::fill(filling, Arc::clone(&self.shared))));
        }
    }

    /// Lets every client finish what it began.
    async fn stop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        for client in self.clients.drain(..) {
            if tokio::time::timeout(ms(60_000), client).await.is_err() {
                self.world
                    .trace
                    .violate("calls_end", "a client still waits for an answer a minute after the faults".to_owned());
            }
        }
    }
}

/// Looks at the tree and the cloud accounts in one copy after the other, all the time.
async fn inspect_copies(world: Arc<World>) {
    for round in 0.. {
        tokio::time::sleep(ms(700)).await;
        let members = world.members();
        let member = members.get(round % members.len().max(1)).copied();
        let copy = member.and_then(|member| world.region(member)?.0.ledger().copy(&Log::Global));
        if let Some(copy) = copy {
            let state = copy.cell.state();
            checks::check_tree(&world, &state);
            checks::check_accounts(&world, &state);
        }
    }
}

/// Takes every fault back, brings everybody up, and finishes replacements.
async fn heal(world: &Arc<World>, supervisor: &TaskScope) {
    world.trace.note(format_args!("heal"));
    world.net.mend_all();
    let mut calm = world.plan.weather;
    calm.loss = 0;
    calm.damage = 0;
    calm.late = 0;
    world.net.set_weather(calm);
    for member in world.members() {
        world.hold(member, false);
        if let Some(disk) = world.disk(member) {
            disk.set_weather(world.fair_weather());
        }
    }
    // What was to end it has ended with the faults.
    for member in world.members() {
        if world.region(member).is_some_and(|(region, _)| region.status().shutting_down) {
            world.crash(member);
            world.start(member, false);
        }
    }
    let supervised = Arc::clone(world);
    supervisor.spawn(async move {
        loop {
            supervised.supervise();
            tokio::time::sleep(ms(500)).await;
        }
    });
    let replacing = Arc::clone(world);
    supervisor.spawn(async move {
        for (log, gone, new) in replacing.replacements() {
            replace_in(&replacing, &log, gone, new, Duration::from_secs(40)).await;
        }
    });
}

/// Waits until the ring has come to rest: one leader each, all copies equal, fresh writes acknowledged.
async fn liveness(world: &Arc<World>, load: &mut Load) {
    // One leader within ten seconds, with the load still on.
    let by = world.trace.now() + 10_000_000_000;
    while world.trace.now() < by && checks::leaders(world).iter().any(|(_, leaders)| leaders.len() != 1) {
        tokio::time::sleep(ms(100)).await;
    }
    let leaders = checks::leaders(world);
    world.trace.check(|at, out| invariants::check_leaders(at, &leaders, out));
    tokio::time::sleep(ms(1_500)).await;
    load.stop().await;
    for region in world.plan.regions.clone() {
        serves_again(world, &region).await;
    }
    fill_pool(world).await;
    let deadline = world.trace.now() + u64::try_from(REST_WITHIN.as_nanos()).unwrap_or(u64::MAX);
    loop {
        let mut found = invariants::Violations::default();
        let heads = checks::heads(world);
        let complete = heads.len() == world.members().len() * world.logs().len();
        invariants::check_replicas_equal(world.trace.now(), &heads, &mut found);
        let global = final_state(world, &Log::Global);
        let draining = global.as_ref().map(checks::draining).unwrap_or_default();
        let unclaimed = global.as_ref().map(checks::unclaimed).unwrap_or_default();
        if complete && found.is_empty() && draining.is_empty() && unclaimed.is_empty() {
            break;
        }
        if world.trace.now() > deadline {
            if !complete {
                world.trace.violate(
                    "at_rest",
                    format!("{} of {} copies are in service", heads.len(), world.members().len() * world.logs().len()),
                );
            }
            found.iter().for_each(|violation| world.trace.violate(violation.invariant, violation.detail.clone()));
            draining.iter().for_each(|waiting| world.trace.violate("drains_end", waiting.clone()));
            unclaimed.iter().for_each(|waiting| world.trace.violate("claims_end", waiting.clone()));
            break;
        }
        tokio::time::sleep(ms(200)).await;
    }
}

/// A fresh write in the region's log and one in the global log are acknowledged.
async fn serves_again(world: &Arc<World>, region: &RegionId) {
    let mut caller = caller(world, region, &format!("after-{region}"));
    caller.stays = false;
    let (Some(organization), Some(project)) = (organization(), shop()) else { return };
    let (Ok(folder), Ok(cluster)) = (format!("after-{region}").parse(), "after".parse()) else { return };
    let text = String::new;
    let name = organization.folder(folder);
    let parent = ContainerName::Organization(organization);
    let global = c::CreateFolder { name, parent, display_name: text(), description: text() };
    let name = ids::ClusterName { project, location: region.clone(), cluster };
    let cluster_type = domain::ClusterType::PRODUCTION;
    let local = c::CreateCluster {
        name,
        display_name: text(),
        description: text(),
        cluster_type,
        options: domain::ClusterOptions::default(),
    };
    for command in [domain::Command::from(global), local.into()] {
        let log = command.log();
        let outcome = caller.command(command).await;
        if !matches!(outcome, Outcome::Done(_)) {
            world.trace.violate("serves_again", format!("a fresh command for {log} in {region} was {outcome:?}"));
        }
        // A copy that is getting a snapshot waits for what was lost of it, and a piece that was lost is sent again after seconds.
        let by = world.trace.now() + 15_000_000_000;
        let mut read = caller.read(&log, Consistency::Linearizable).await;
        while read.is_none() && world.trace.now() < by {
            read = caller.read(&log, Consistency::Linearizable).await;
        }
        if read.is_none() {
            world
                .trace
                .violate("serves_again", format!("a fresh linearizable read of {log} in {region} was not served"));
        }
    }
}

async fn conclude(world: &Arc<World>, load: Load) -> Report {
    load.drain_watchers().await;
    checks::scan_durability(world);
    world.members().into_iter().for_each(|member| world.verify_stores(member));
    let state = final_state(world, &Log::Global);
    let mut written = load.shared.history.lock();
    if let Some(state) = &state {
        checks::check_tree(world, state);
        checks::check_accounts(world, state);
        let regions = world.plan.regions.iter().filter_map(|region| final_state(world, &Log::Region(region.clone())));
        let regions: Vec<LogState> = regions.collect();
        checks::check_clusters(world, state, &regions);
        checks::check_quotas(world, state, &regions);
        written.lists.finals = checks::final_lists(state);
    }
    checks::check_histories(world, &mut written);
    let folds = checks::check_fold(world, &written);
    let virtual_time = Duration::from_nanos(world.trace.now());
    if crate::panics() > 0 {
        world.trace.violate("no_panic", format!("{} tasks panicked", crate::panics()));
    }
    let (violations, digest, lines) = world.trace.finish();
    Report { violations, digest, lines, counts: written.counts, virtual_time, folds }
}

pub fn final_state(world: &World, log: &Log) -> Option<LogState> {
    let copies = world.members().into_iter().filter_map(|member| world.region(member)?.0.ledger().copy(log));
    copies.map(|copy| copy.cell.state()).max_by_key(|state| state.seq)
}

impl Load {
    /// Starts one or two watchers per log.
    pub fn watch(&mut self) {
        for log in self.world.logs() {
            let (due, receiver) = tokio::sync::watch::channel(None);
            let regions = self.world.plan.regions.clone();
            let mut rng = self.world.plan.seeds.rng(&format!("watch {log}"));
            for number in 0..rng.random_range(1..=2) {
                let Some(region) = regions.get(rng.random_range(0..regions.len())) else { continue };
                let mut caller = caller(&self.world, region, &format!("watch-{log}-{number}"));
                caller.stays = false;
                let shared = Arc::clone(&self.shared);
                let watcher = Watcher { caller, shared, log: log.clone(), delivered: Vec::new(), place: Seq::ZERO };
                self.scope.spawn(watcher.run(receiver.clone()));
            }
            self.due.push((log, due));
        }
    }

    /// Tells the watchers what is due and gives them time to get it.
    async fn drain_watchers(&self) {
        for (log, due) in &self.due {
            let seq = final_state(&self.world, log).map(|state| state.seq).unwrap_or_default();
            let _ = due.send(Some(seq));
        }
        for _ in 0..300 {
            if self.due.iter().all(|(_, due)| due.receiver_count() == 0) {
                break;
            }
            tokio::time::sleep(ms(100)).await;
        }
        if self.due.iter().any(|(_, due)| due.receiver_count() > 0) {
            self.world.trace.violate("watch", "a watcher did not get what was due within 30 s of rest".to_owned());
        }
        self.scope.abort();
    }
}

/// A member of the ring by its place: the `number`th of a region.
pub fn member_at(world: &World, region: usize, number: usize) -> Option<MemberId> {
    world.members_of(world.plan.regions.get(region)?).get(number).copied()
}
