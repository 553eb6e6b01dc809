//! The ring and its machines: starts, ends, holds and replaces members.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use fakes::{Disk, DiskCanary, DiskWeather, StillRegistry};
use ids::{Log, MemberId, RegionId, RingId};
use invariants::{AccountOnce, Observation};
use ledger::{
    Canary, Config, Ports,
    verify::{self, Held},
};
use planner::Settler;
use ports::{Cloud, Env, Registry, TaskScope, Topology, cloud::CloudRegion};
use rand::RngExt;
use region::{Keeping, Region};

use crate::{
    env::{Clocks, SimEnv},
    net::Net,
    plan::{Bug, Plan, distance_ms},
    seeds::Seeds,
    trace::Trace,
};

/// One machine of the ring.
struct Machine {
    region: RegionId,
    disk: Arc<Disk>,
    clocks: Arc<Clocks>,
    process: Option<Process>,
    lives: u64,
}

/// A running member.
#[derive(Clone)]
struct Process {
    scope: TaskScope,
    held: bool,
    /// Set when it has started, or could not.
    region: Arc<Mutex<Started>>,
}

/// How far the start of a member is.
#[derive(Clone, Default)]
enum Started {
    #[default]
    NotYet,
    Yes(Region),
    Failed,
}

/// See the module.
pub struct World {
    pub plan: Plan,
    cloud: Option<Arc<dyn Cloud>>,
    pub trace: Arc<Trace>,
    pub net: Arc<Net>,
    pub registry: Arc<StillRegistry>,
    machines: Mutex<BTreeMap<MemberId, Machine>>,
    next_member: Mutex<u64>,
    /// Replacements that were begun: log, the member that is gone, the new one.
    replacements: Mutex<Vec<(Log, MemberId, MemberId)>>,
    /// What copies of the global log have shown of cloud accounts.
    pub accounts: Mutex<AccountOnce>,
}

impl World {
    /// A ring with nothing running yet, and without a cloud.
    pub fn new(plan: Plan) -> Arc<Self> {
        Self::over(plan, None)
    }

    /// A ring with nothing running yet, over a cloud whose clusters it keeps.
    pub fn over(plan: Plan, cloud: Option<Arc<dyn Cloud>>) -> Arc<Self> {
        let trace = Arc::new(Trace::begin());
        let mut distances = BTreeMap::new();
        for a in &plan.regions {
            for b in &plan.regions {
                distances.insert((a.clone(), b.clone()), distance_ms(a, b));
            }
        }
        let net = Net::new(Arc::clone(&trace), plan.seeds.rng("net"), plan.weather, distances);
        let registry = Arc::new(StillRegistry::new(Topology::default()));
        let world = Arc::new(Self {
            plan,
            cloud,
            trace,
            net,
            registry,
            machines: Mutex::default(),
            next_member: Mutex::new(1),
            replacements: Mutex::default(),
            accounts: Mutex::default(),
        });
        for region in world.plan.regions.clone() {
            for _ in 0..world.plan.nodes {
                world.add_machine(&region);
            }
        }
        world
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MemberId, Machine>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new machine with an empty disk and a member id that was never used.
    fn add_machine(&self, region: &RegionId) -> MemberId {
        let member = {
            let mut next = self.next_member.lock().unwrap_or_else(PoisonError::into_inner);
            let member = MemberId(*next);
            *next += 1;
            member
        };
        let seeds = self.member_seeds(member);
        let observer = Arc::clone(&self.trace);
        let disk = Disk::new(member, seeds.of("disk"), Arc::new(move |what| observer.observe(&what)));
        disk.set_weather(self.fair_weather());
        if let Bug::Disk(canary) = self.plan.bug {
            disk.sabotage(canary);
        } else {
            disk.sabotage(DiskCanary::None);
        }
        let mut rng = seeds.rng("clocks");
        let clocks = Arc::new(Clocks {
            drift_ppm: rng.random_range(-200..=200),
            wall_offset_ms: AtomicI64::new(rng.random_range(-5_000..=5_000)),
        });
        let machine = Machine { region: region.clone(), disk, clocks, process: None, lives: 0 };
        self.lock().insert(member, machine);
        self.net.place(member, region.clone());
        let mut topology = self.registry.topology();
        topology.regions.entry(region.clone()).or_default().push(member);
        self.registry.set(topology);
        member
    }

    fn member_seeds(&self, member: MemberId) -> Seeds {
        Seeds(self.plan.seeds.of(&format!("member {member}")))
    }

    /// Disks as they are without a fault.
    pub fn fair_weather(&self) -> DiskWeather {
        let (flush_min, flush_max) = self.plan.flush;
        // From a flush or two to longer than most things that follow: what a delay hides shows at either end.
        let later_max = flush_max * 8;
        DiskWeather { flush_min, flush_max, later_max, stalled: false, full: false, failing: false }
    }

    pub fn members(&self) -> Vec<MemberId> {
        self.lock().keys().copied().collect()
    }

    pub fn members_of(&self, region: &RegionId) -> Vec<MemberId> {
        let machines = self.lock();
        machines.iter().filter(|(_, machine)| machine.region == *region).map(|(member, _)| *member).collect()
    }

    pub fn region_of(&self, member: MemberId) -> Option<RegionId> {
        self.lock().get(&member).map(|machine| machine.region.clone())
    }

    pub fn disk(&self, member: MemberId) -> Option<Arc<Disk>> {
        self.lock().get(&member).map(|machine| Arc::clone(&machine.disk))
    }

    pub fn is_up(&self, member: MemberId) -> bool {
        self.lock().get(&member).is_some_and(|machine| machine.process.is_some())
    }

    /// The running member, once it has started; with the scope that its work runs in.
    pub fn region(&self, member: MemberId) -> Option<(Region, TaskScope)> {
        let process = self.lock().get(&member)?.process.clone()?;
        let started = process.region.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Started::Yes(region) = started else { return None };
        Some((region, process.scope))
    }

    /// Steps a member's wall clock.
    pub fn step_clock(&self, member: MemberId, offset_ms: i64) {
        if let Some(machine) = self.lock().get(&member) {
            machine.clocks.wall_offset_ms.store(offset_ms, SeqCst);
        }
    }

    /// Starts a member from what its disk holds. With `form`, as one of the ring's first members.
    pub fn start(self: &Arc<Self>, member: MemberId, form: bool) {
        let Some((config, ports, process)) = self.new_process(member) else { return };
        self.trace.observe(&Observation::Started { member });
        let (world, slot, scope) = (Arc::clone(self), Arc::clone(&process.region), process.scope.clone());
        let keeping = self.keeping(&config);
        process.scope.spawn(async move {
            let started = match Box::pin(Region::start(config, ports, keeping, form)).await {
                Ok(region) => {
                    world.net.attach(member, region.clone(), scope);
                    Started::Yes(region)
                }
                Err(error) => {
                    world.trace.note(format_args!("{member} did not start: {error:?}"));
                    Started::Failed
                }
            };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = started;
        });
    }

    fn new_process(&self, member: MemberId) -> Option<(Config, Ports, Process)> {
        let mut machines = self.lock();
        let machine = machines.get_mut(&member)?;
        machine.lives += 1;
        let seeds = Seeds(self.member_seeds(member).of(&format!("life {}", machine.lives)));
        let env = Arc::new(SimEnv::new(Arc::clone(&self.trace), Arc::clone(&machine.clocks), seeds));
        let open = machine.disk.open(Arc::clone(&env) as Arc<dyn Env>);
        let process = Process { scope: env.tasks().clone(), held: false, region: Arc::default() };
        machine.process = Some(process.clone());
        let config = Config {
            ring: RingId::new("simulated"),
            member,
            region: machine.region.clone(),
            timing: self.plan.timing,
            retention: self.plan.retention,
            catch_up_bytes_per_second: 4 * 1024 * 1024,
            snapshot_chunk_bytes: self.plan.snapshot_chunk_bytes,
            canary: if let Bug::Ledger(canary) = self.plan.bug { canary } else { Canary::None },
        };
        let ports = Ports {
            env,
            transport: self.net.transport(member),
            logs: Arc::clone(&open) as Arc<dyn ports::LogStore>,
            snapshots: open,
            registry: Arc::clone(&self.registry) as Arc<dyn Registry>,
            planner: None,
        };
        Some((config, ports, process))
    }

    fn keeping(&self, config: &Config) -> Option<Keeping> {
        let cloud = self.cloud.clone()?;
        let mut options = reconcile::Options::new(CloudRegion::new(config.region.as_str()));
        options.planted = if let Bug::Reconcile(planted) = self.plan.bug { Some(planted) } else { None };
        // As seldom as everything that goes on all the time.
        (options.survey_every, options.lead_every) = (Duration::from_secs(300), Duration::from_secs(2));
        Some(Keeping { cloud, settler: Arc::new(Settler::new()), options })
    }

    /// Ends a member without warning; what its disk had not flushed is lost.
    pub fn crash(&self, member: MemberId) {
        let Some((process, disk)) =
            self.lock().get_mut(&member).map(|machine| (machine.process.take(), Arc::clone(&machine.disk)))
        else {
            return;
        };
        let Some(process) = process else { return };
        self.net.detach(member);
        process.scope.abort();
        // Held tasks would otherwise keep what they own for ever.
        process.scope.release();
        disk.crash();
        self.trace.observe(&Observation::Crashed { member });
        // The logs of days are long: there it is done at the end.
        if self.cloud.is_none() {
            self.verify_stores(member);
        }
    }

    /// What the member's disk holds is what its logs would write again: as a tool sees it that looks at the disk of a dead process.
    pub fn verify_stores(&self, member: MemberId) {
        // A disk that lies, or a ledger with a known bug, is judged by the rules that are to catch it.
        let (Bug::None, Some(region), Some(disk)) = (self.plan.bug, self.region_of(member), self.disk(member)) else {
            return;
        };
        let held = self.logs().into_iter().map(|log| {
            let voter = log == Log::Global || log == Log::Region(region.clone());
            Held { log, voter }
        });
        let reader = disk.reader();
        let report = verify::verify(reader.as_ref(), reader.as_ref(), &held.collect::<Vec<_>>());
        for finding in report.findings {
            self.trace.violate("verified", format!("{member}: {finding}"));
        }
    }

    /// Holds a member still, or lets it go on.
    pub fn hold(&self, member: MemberId, held: bool) {
        if let Some(process) = self.lock().get_mut(&member).and_then(|machine| machine.process.as_mut()) {
            process.held = held;
            if held { process.scope.hold() } else { process.scope.release() }
        }
    }

    /// Ends a member and empties its disk.
    pub fn lose_disk(&self, member: MemberId) {
        self.crash(member);
        if let Some(disk) = self.disk(member) {
            disk.lose();
        }
    }

    /// Takes a machine out of the ring and puts a new, empty one in its place.
    pub fn swap_machine(self: &Arc<Self>, gone: MemberId) -> Option<MemberId> {
        let region = self.region_of(gone)?;
        self.lock().remove(&gone);
        let mut topology = self.registry.topology();
        topology.regions.entry(region.clone()).or_default().retain(|member| *member != gone);
        self.registry.set(topology);
        let new = self.add_machine(&region);
        self.start(new, false);
        Some(new)
    }

    /// Remembers a replacement, to be finished after the faults at the latest.
    pub fn begin_replacement(&self, log: &Log, gone: MemberId, new: MemberId) {
        self.replacements.lock().unwrap_or_else(PoisonError::into_inner).push((log.clone(), gone, new));
    }

    /// Every replacement that was begun.
    pub fn replacements(&self) -> Vec<(Log, MemberId, MemberId)> {
        self.replacements.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What looks after the machines of a real ring: starts members that are down, and restarts those that stopped serving a group.
    pub fn supervise(self: &Arc<Self>) {
        for member in self.members() {
            if self.needs_restart(member) {
                self.crash(member);
                self.start(member, false);
            }
        }
    }

    /// Whether the member is down, could not start, or stopped serving a group.
    pub fn needs_restart(&self, member: MemberId) -> bool {
        let process = self.lock().get(&member).and_then(|machine| machine.process.clone());
        let Some(process) = process else { return true };
        let started = process.region.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let region = match started {
            Started::NotYet => return false,
            Started::Failed => return true,
            Started::Yes(region) => region,
        };
        let ledger = region.ledger();
        let topology = self.registry.topology();
        topology.logs().any(|log| ledger.group(&log).is_some_and(|group| group.stopped().is_some()))
    }

    /// Every log of the ring.
    pub fn logs(&self) -> Vec<Log> {
        self.registry.topology().logs().collect()
    }
}
