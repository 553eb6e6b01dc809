//! A ring that is up, the steps that scripts take on it, and the judgement at the end.
//!
//! Waits are on a condition with a deadline in virtual time, never on a span that happens to be enough.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use domain::Command;
use fakes::DiskWeather;
use ids::{ClusterName, Log, MemberId, RegionId, RequestId, Seq};
use invariants::{Observation, Violation, Violations};
use ledger::{LogState, Verdict};
use ports::{Registry, TaskScope};
use region::Region;
use sim::{
    call::{Caller, Outcome},
    checks,
    client::{Client, Shared, shop},
    plan::{Plan, ms},
    run::{self, warm_up},
    world::World,
};
use tokio::{task::JoinHandle, time::Instant};
use wire::command::Submission;

use crate::support::{create, describe};

/// How long anything may take that is promised at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// A ring that is up, and its load.
pub struct Ring {
    pub world: Arc<World>,
    scope: TaskScope,
    shared: Arc<Shared>,
    clients: Mutex<Vec<JoinHandle<()>>>,
    numbers: Mutex<u128>,
}

impl Ring {
    pub async fn formed(plan: Plan) -> Self {
        let world = World::new(plan);
        Box::pin(warm_up(&world)).await;
        let shared = Shared {
            history: Default::default(),
            stop: Default::default(),
            healed: Default::default(),
            serial: Default::default(),
        };
        let ring = Self {
            world,
            scope: TaskScope::default(),
            shared: Arc::new(shared),
            clients: Mutex::default(),
            numbers: Mutex::default(),
        };
        ring.until("all copies hold what was set up", || ring.equal()).await;
        ring
    }

    pub fn region(&self, region: usize) -> RegionId {
        self.world.plan.regions[region].clone()
    }

    pub fn log(&self, region: usize) -> Log {
        Log::Region(self.region(region))
    }

    pub fn member(&self, region: usize, number: usize) -> MemberId {
        run::member_at(&self.world, region, number).unwrap()
    }

    pub fn members(&self, region: usize) -> Vec<MemberId> {
        self.world.members_of(&self.region(region))
    }

    /// Everybody but these.
    pub fn others(&self, than: &[MemberId]) -> Vec<MemberId> {
        self.world.members().into_iter().filter(|member| !than.contains(member)).collect()
    }

    /// The running member.
    pub fn at(&self, member: MemberId) -> Region {
        self.world.region(member).expect("the member is up").0
    }

    pub fn state(&self, member: MemberId, log: &Log) -> LogState {
        self.at(member).ledger().copy(log).expect("the copy is in service").cell.state()
    }

    pub fn seq(&self, member: MemberId, log: &Log) -> Seq {
        self.state(member, log).seq
    }

    pub fn leaders(&self, log: &Log) -> Vec<MemberId> {
        let leaders = checks::leaders(&self.world).into_iter().find(|(other, _)| other == log);
        leaders.map(|(_, leaders)| leaders).unwrap_or_default()
    }

    /// Waits for the log's one leader.
    pub async fn leader(&self, log: &Log) -> MemberId {
        self.until("one leader", || self.leaders(log).len() == 1).await;
        self.leaders(log)[0]
    }

    /// A member of the log's group that does not lead it.
    pub async fn follower(&self, log: &Log) -> MemberId {
        let leader = self.leader(log).await;
        let home = self.world.registry.topology().home_of(log);
        home.into_iter().find(|member| *member != leader).unwrap()
    }

    pub async fn until(&self, what: &str, mut held: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !held() {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} for: {what}");
            tokio::time::sleep(ms(10)).await;
        }
    }

    /// Virtual time passes.
    pub async fn pass(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    /// Cuts, or mends, both ways between two sides.
    pub fn cut(&self, one: &[MemberId], other: &[MemberId], cut: bool) {
        self.world.net.cut(one, other, cut);
        self.world.net.cut(other, one, cut);
    }

    /// From now on nothing that the member writes becomes durable.
    pub fn stall(&self, member: MemberId) {
        let weather = DiskWeather { stalled: true, ..self.world.fair_weather() };
        self.world.disk(member).unwrap().set_weather(weather);
    }

    /// Kills the member; what its disk had not flushed is lost.
    pub fn crash(&self, member: MemberId) {
        self.world.crash(member);
        self.world.disk(member).unwrap().set_weather(self.world.fair_weather());
    }

    /// Starts the member again and waits until it is up.
    pub async fn start(&self, member: MemberId) {
        self.world.start(member, false);
        self.until("the member is up", || self.world.region(member).is_some()).await;
    }

    /// A client of a region, which tries other members of it and then of others. Each draws request ids of its own.
    pub fn caller(&self, region: usize, name: &str) -> Caller {
        let number = self.number();
        run::caller(&self.world, &self.region(region), &format!("{name} {number}"))
    }

    /// One more each time.
    fn number(&self) -> u128 {
        let mut numbers = self.numbers.lock().unwrap();
        *numbers += 1;
        *numbers
    }

    /// A client that asks one member of its region, once.
    pub fn local_caller(&self, region: usize, name: &str) -> Caller {
        Caller { stays: true, ..self.caller(region, name) }
    }

    /// Sends a command that must succeed.
    pub async fn done(&self, caller: &mut Caller, command: Command) -> Seq {
        match caller.command(command.clone()).await {
            Outcome::Done(position) => position.seq,
            other => panic!("{command:?} at {} ns was {other:?}", self.world.trace.now()),
        }
    }

    /// Gives a command to this member and nobody else.
    pub async fn submit_at(&self, member: MemberId, command: Command, within: Duration) -> Option<Seq> {
        let request_id = RequestId(self.number().to_be_bytes());
        let log = command.log();
        self.world.trace.observe(&Observation::Invoked { request_id, log: log.clone() });
        let actor = "script".to_owned();
        let submission = Submission {
            request_id,
            actor,
            command,
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
            planned: None,
        };
        let caller = self.caller(0, "script");
        let answer = caller.at(member, within, move |region| async move { region.submit(&submission, within).await });
        let answer = answer.await;
        self.world.trace.observe(&match answer {
            Some(Verdict::Done { incarnation, seq, .. }) => {
                Observation::Acknowledged { request_id, log, incarnation, seq }
            }
            Some(Verdict::Rejected { .. } | Verdict::Unavailable { .. } | Verdict::NotLeader { .. }) => {
                Observation::Refused { request_id, reason: "refused" }
            }
            Some(Verdict::Unsettled { .. }) | None => Observation::Unknown { request_id },
        });
        if let Some(Verdict::Done { seq, .. }) = answer { Some(seq) } else { None }
    }

    /// Makes the cluster that [`Self::write`] changes.
    pub async fn prepare(&self, region: usize) {
        let mut caller = self.caller(region, "prepare");
        self.done(&mut caller, create(&self.cluster(region, "written"))).await;
    }

    /// So many commands for a region's log, one after the other, after [`Self::prepare`].
    pub async fn write(&self, caller: &mut Caller, region: usize, count: usize) -> Seq {
        let name = self.cluster(region, "written");
        let mut last = Seq::ZERO;
        for number in 0..count {
            last = self.done(caller, describe(&name, &number.to_string())).await;
        }
        last
    }

    pub fn cluster(&self, region: usize, label: &str) -> ClusterName {
        ClusterName { project: shop().unwrap(), location: self.region(region), cluster: label.parse().unwrap() }
    }

    /// Clients of every kind in every region, whose history is judged in the end.
    pub fn load(&self) {
        let mut clients = self.clients.lock().unwrap();
        for (number, region) in self.world.plan.regions.iter().enumerate() {
            for client in 0..self.world.plan.clients_per_region {
                let id = u32::try_from(number * 100 + client + 1).unwrap();
                let caller = self.caller(number, &format!("{region}-{client}"));
                let client = Client::new(id, caller, Arc::clone(&self.shared), None);
                clients.push(self.scope.spawn(client.run()));
            }
        }
    }

    /// Runs `work` beside the script.
    pub fn beside<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.scope.spawn(work)
    }

    pub async fn stop_load(&self) {
        self.shared.stop.store(true, SeqCst);
        let clients = std::mem::take(&mut *self.clients.lock().unwrap());
        for client in clients {
            tokio::time::timeout(PATIENCE, client).await.expect("every call ends").unwrap();
        }
    }

    /// Commands of the load that were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.shared.history.lock().counts.acknowledged
    }

    /// Whether every copy is in service and equal to the others.
    pub fn equal(&self) -> bool {
        let heads = checks::heads(&self.world);
        let mut found = Violations::default();
        invariants::check_replicas_equal(self.world.trace.now(), &heads, &mut found);
        heads.len() == self.world.members().len() * self.world.logs().len() && found.is_empty()
    }

    /// Takes every fault back and waits until all copies are equal.
    pub async fn rest(&self) {
        self.world.net.mend_all();
        for member in self.world.members() {
            self.world.hold(member, false);
            self.world.disk(member).unwrap().set_weather(self.world.fair_weather());
        }
        self.stop_load().await;
        let mut supervised = Instant::now();
        let rested = || {
            if supervised.elapsed() > ms(500) {
                supervised = Instant::now();
                self.world.supervise();
            }
            self.world.logs().iter().all(|log| self.leaders(log).len() == 1) && self.equal()
        };
        self.until("one leader per log and equal copies", rested).await;
    }

    /// Every rule, over the whole run.
    pub fn judge(&self) -> Vec<Violation> {
        checks::scan_durability(&self.world);
        let global = self.state(self.member(0, 0), &Log::Global);
        checks::check_tree(&self.world, &global);
        checks::check_accounts(&self.world, &global);
        let mut written = self.shared.history.lock();
        written.lists.finals = checks::final_lists(&global);
        checks::check_histories(&self.world, &mut written);
        self.world.trace.finish().0
    }

    /// The records of a log, as members applied them.
    pub fn truth(&self, log: &Log) -> BTreeMap<Seq, ids::Hash> {
        self.world.trace.seen(|seen| {
            let of_log = seen.hashes.iter().filter(|((other, _), _)| other == log);
            of_log.map(|((_, seq), hash)| (*seq, *hash)).collect()
        })
    }
}
