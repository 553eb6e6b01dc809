//! Members in one process: real ledgers on simulated disks, and a transport that delivers everything after a millisecond.
//!
//! A member that is stopped is unreachable; its disk stays, and it can be started again from what was flushed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use domain::{Command, command::CreateOrganization};
use fakes::{Disk, DiskWeather, StillRegistry, TokioEnv};
use ids::{Log, MemberId, RequestId, RingId};
use ledger::{Canary, Config, Ledger, Ports, Retention, Timing, Verdict, group::Group};
use ports::{BoxFuture, CallError, Env, PeerTransport, Topology};
use wire::{
    Submission,
    proto::{PeerReply, PeerRequest, peer_reply, peer_request},
};

/// How long a command or a state may take to come.
pub const SOON: Duration = Duration::from_secs(10);

/// A process of one member.
#[derive(Clone)]
pub struct Process {
    pub env: Arc<TokioEnv>,
    pub ledger: Arc<Ledger>,
}

impl Process {
    pub fn group(&self, log: &Log) -> &Arc<Group> {
        self.ledger.group(log).unwrap()
    }

    /// Asks the member as another one would.
    pub async fn ask(&self, body: peer_request::Body) -> peer_reply::Body {
        let ledger = Arc::clone(&self.ledger);
        self.env.tasks().spawn(async move { ledger.serve(MemberId(99), body).await }).await.unwrap()
    }

    pub async fn submit(&self, submission: Submission) -> Verdict {
        let group = Arc::clone(self.group(&submission.command.log()));
        self.env.tasks().spawn(async move { group.submit(submission, SOON).await }).await.unwrap()
    }
}

/// Looks at what is sent, may change it, and says whether it arrives.
type Fate<T> = Box<dyn FnMut(&mut T) -> bool + Send>;

/// Who is up, and what becomes of messages.
#[derive(Clone, Default)]
struct Network {
    up: Arc<Mutex<BTreeMap<MemberId, Process>>>,
    requests: Arc<Mutex<Option<Fate<peer_request::Body>>>>,
    replies: Arc<Mutex<Option<Fate<peer_reply::Body>>>>,
}

fn arrives<T>(fate: &Mutex<Option<Fate<T>>>, body: &mut T) -> bool {
    fate.lock().unwrap().as_mut().is_none_or(|fate| fate(body))
}

impl PeerTransport for Network {
    fn call(
        &self,
        to: MemberId,
        request: PeerRequest,
        within: Duration,
    ) -> BoxFuture<'static, Result<PeerReply, CallError>> {
        let network = self.clone();
        Box::pin(async move {
            let delivered = tokio::time::timeout(within, network.deliver(to, request)).await;
            delivered.unwrap_or(Err(CallError::TimedOut { to, within }))
        })
    }
}

impl Network {
    async fn deliver(&self, to: MemberId, request: PeerRequest) -> Result<PeerReply, CallError> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let process = self.up.lock().unwrap().get(&to).cloned().ok_or(CallError::Unreachable { to })?;
        let (from, mut body) = (MemberId(request.from), request.body.unwrap());
        if !arrives(&self.requests, &mut body) {
            std::future::pending::<()>().await;
        }
        let served = process.env.tasks().spawn(async move { process.ledger.serve(from, body).await });
        match served.await {
            Ok(mut body) => {
                if !arrives(&self.replies, &mut body) {
                    std::future::pending::<()>().await;
                }
                Ok(PeerReply { body: Some(body) })
            }
            // The process ended meanwhile: silence.
            Err(_) => std::future::pending().await,
        }
    }
}

/// See the module.
pub struct Ring {
    pub registry: Arc<StillRegistry>,
    pub disks: BTreeMap<MemberId, Arc<Disk>>,
    pub canary: Canary,
    pub retention: Retention,
    pub chunk_bytes: usize,
    pub catch_up_bytes_per_second: u64,
    network: Network,
    requests: AtomicU64,
}

impl Ring {
    /// A ring that was started and formed: members 1, 2, ... of the regions `a`, `b`, ... with so many members each.
    pub async fn formed(members_per_region: &[u64]) -> Self {
        Self::formed_with(members_per_region, Retention::default(), 1024 * 1024).await
    }

    /// As [`Ring::formed`], with snapshots in pieces of `chunk_bytes`.
    pub async fn formed_with(members_per_region: &[u64], retention: Retention, chunk_bytes: usize) -> Self {
        let mut ids = 1..;
        let regions = members_per_region.iter().zip('a'..).map(|(count, name)| {
            let members: Vec<MemberId> = ids.by_ref().take(usize::try_from(*count).unwrap()).map(MemberId).collect();
            (name.to_string().parse().unwrap(), members)
        });
        let topology = Topology { regions: regions.collect() };
        let disks = topology.members().map(|id| (id, Disk::new(id, id.0, Arc::new(drop)))).collect();
        let ring = Self {
            registry: Arc::new(StillRegistry::new(topology)),
            disks,
            canary: Canary::None,
            retention,
            chunk_bytes,
            catch_up_bytes_per_second: 64 * 1024 * 1024,
            network: Network::default(),
            requests: AtomicU64::new(0),
        };
        for id in ring.ids() {
            ring.start(id).await;
        }
        ring
    }

    pub fn ids(&self) -> Vec<MemberId> {
        self.disks.keys().copied().collect()
    }

    /// Starts a member from its disk.
    pub async fn start(&self, id: MemberId) {
        let env = Arc::new(TokioEnv::observed(id.0));
        let disk = self.disks[&id].open(env.clone());
        let ports = Ports {
            env: env.clone(),
            transport: Arc::new(self.network.clone()),
            logs: disk.clone(),
            snapshots: disk,
            registry: self.registry.clone(),
            planner: None,
        };
        let config = Config {
            ring: RingId::new("test"),
            member: id,
            region: ports.registry.topology().region_of(id).unwrap().clone(),
            timing: Timing::default(),
            retention: self.retention,
            catch_up_bytes_per_second: self.catch_up_bytes_per_second,
            snapshot_chunk_bytes: self.chunk_bytes,
            canary: self.canary,
        };
        let ledger = env.tasks().enter(Ledger::start(config, ports, true, |_, _| Ok(()))).await.unwrap();
        self.network.up.lock().unwrap().insert(id, Process { env, ledger });
    }

    /// A new member with an empty disk joins the region of `gone` and begins to take its place in G.
    pub async fn replace(&mut self, gone: MemberId) -> MemberId {
        let new = MemberId(self.disks.keys().map(|id| id.0).max().unwrap() + 1);
        let mut topology = ports::Registry::topology(self.registry.as_ref());
        let home = topology.regions.values_mut().find(|members| members.contains(&gone)).unwrap();
        home.retain(|id| *id != gone);
        home.push(new);
        self.registry.set(topology);
        self.disks.remove(&gone);
        self.disks.insert(new, Disk::new(new, new.0, Arc::new(drop)));
        let leader = self.at(self.leader(&Log::Global).await);
        self.start(new).await;
        let group = Arc::clone(leader.group(&Log::Global));
        drop(leader.env.tasks().spawn(async move { group.replace(gone, new).await }));
        new
    }

    /// Kills a member; its disk keeps what was flushed and perhaps a little more.
    pub fn kill(&self, id: MemberId) {
        let process = self.network.up.lock().unwrap().remove(&id).unwrap();
        process.env.tasks().abort();
        self.disks[&id].crash();
    }

    /// What becomes of requests from now on.
    pub fn requests(&self, fate: impl FnMut(&mut peer_request::Body) -> bool + Send + 'static) {
        *self.network.requests.lock().unwrap() = Some(Box::new(fate));
    }

    /// What becomes of replies from now on.
    pub fn replies(&self, fate: impl FnMut(&mut peer_reply::Body) -> bool + Send + 'static) {
        *self.network.replies.lock().unwrap() = Some(Box::new(fate));
    }

    pub fn weather(&self, id: MemberId, weather: DiskWeather) {
        self.disks[&id].set_weather(weather);
    }

    pub fn at(&self, id: MemberId) -> Process {
        self.network.up.lock().unwrap()[&id].clone()
    }

    /// The leader of a log, when all its members that are up and serve agree on one.
    fn agreed_leader(&self, log: &Log) -> Option<MemberId> {
        let up = self.network.up.lock().unwrap();
        let groups = up.values().filter_map(|process| process.ledger.group(log));
        let mut said = groups.filter(|group| group.stopped().is_none()).map(|group| group.leader());
        let leader = said.next()??;
        let group = up.get(&leader)?.group(log);
        let leads = group.is_leader() && group.stopped().is_none();
        (leads && said.all(|other| other == Some(leader))).then_some(leader)
    }

    /// The leader that all agree on.
    pub async fn leader(&self, log: &Log) -> MemberId {
        until(|| self.agreed_leader(log)).await
    }

    /// A member of the log's group that does not lead it.
    pub async fn follower(&self, log: &Log) -> MemberId {
        let leader = self.leader(log).await;
        let home = ports::Registry::topology(self.registry.as_ref()).home_of(log);
        home.into_iter().find(|id| *id != leader).unwrap()
    }

    /// A submission under a new request id.
    pub fn submission(&self, command: Command) -> Submission {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.requests.fetch_add(1, SeqCst).to_be_bytes());
        Submission {
            request_id: RequestId(id),
            actor: "user:tester".to_owned(),
            command,
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
            planned: None,
        }
    }

    /// Decides a command at its log's leader, whoever that is by then: one that just lost its office did nothing.
    pub async fn decide(&self, command: Command) -> Verdict {
        loop {
            let leader = self.leader(&command.log()).await;
            let verdict = self.at(leader).submit(self.submission(command.clone())).await;
            if !matches!(verdict, Verdict::NotLeader { .. }) {
                return verdict;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until every member that is up and serves holds `seq` of a log.
    pub async fn all_hold(&self, log: &Log, seq: ids::Seq) {
        let up: Vec<Process> = self.network.up.lock().unwrap().values().cloned().collect();
        until(|| {
            let mut copies = up.iter().filter_map(|process| process.ledger.copy(log));
            copies.all(|copy| copy.cell.seq() >= seq).then_some(())
        })
        .await;
    }
}

/// The sequence of a command that took effect.
pub fn done(verdict: Verdict) -> ids::Seq {
    match verdict {
        Verdict::Done { seq, validated_only: false, .. } => seq,
        other => panic!("wanted an effect, got {other:?}"),
    }
}

/// A new organization.
pub fn organization(label: &str) -> Command {
    described(label, String::new())
}

/// A new organization with a description.
pub fn described(label: &str, description: String) -> Command {
    let name = format!("organizations/{label}").parse().unwrap();
    Command::CreateOrganization(CreateOrganization { name, display_name: label.to_owned(), description })
}

/// Looks every few virtual milliseconds until there is something.
pub async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..6000 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited a minute of virtual time in vain");
}
