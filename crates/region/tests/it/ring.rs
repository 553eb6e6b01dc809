//! Up to three regions, in one process: everything is delivered after a millisecond, unless its way is cut.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use cloud_sim::SimCloud;
use domain::{
    ClusterOptions, ClusterType, Command,
    command::{CreateCluster, CreateOrganization, CreateProject},
};
use fakes::{Disk, DiskWeather, StillRegistry, TokioEnv};
use ids::{Log, MemberId, RequestId, RingId};
use ledger::{Canary, Config, Ports, Retention, Timing, Verdict};
use planner::Settler;
use ports::{BoxFuture, CallError, Env, PeerService, PeerTransport, Registry, Topology, cloud::CloudRegion};
use region::{Keeping, Region};
use wire::{
    Submission,
    proto::{PeerReply, PeerRequest, peer_reply, peer_request},
};

/// How long anything may take.
pub const SOON: Duration = Duration::from_secs(10);
pub const RING: &str = "test";

/// A member that is up, and its world.
type Process = (Arc<TokioEnv>, Region);

/// Who is up, and between whom nothing passes.
#[derive(Clone, Default)]
struct Network {
    up: Arc<Mutex<BTreeMap<MemberId, Process>>>,
    cut: Arc<Mutex<BTreeSet<(MemberId, MemberId)>>>,
    /// Commands that were sent over a cut way, and are still on it.
    stranded: Arc<Mutex<Vec<(MemberId, PeerRequest)>>>,
    /// Commands that a relay passes on lose what makes them readable.
    spoiled: Arc<AtomicBool>,
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
    async fn deliver(&self, to: MemberId, mut request: PeerRequest) -> Result<PeerReply, CallError> {
        if let Some(peer_request::Body::Submit(submit)) = &mut request.body
            && !submit.via.is_empty()
            && self.spoiled.load(SeqCst)
        {
            submit.submission.as_mut().unwrap().command = None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let way = (MemberId(request.from), to);
        if self.cut.lock().unwrap().contains(&way) {
            if matches!(request.body, Some(peer_request::Body::Submit(_))) {
                self.stranded.lock().unwrap().push((to, request));
            }
            return std::future::pending().await;
        }
        let (env, region) = self.up.lock().unwrap().get(&to).cloned().ok_or(CallError::Unreachable { to })?;
        match env.tasks().spawn(region.serve(request)).await {
            Ok(reply) => Ok(reply),
            // It ended meanwhile: nobody answers.
            Err(_) => std::future::pending().await,
        }
    }
}

/// See the module. Members are numbered from 1, region by region; regions are `a`, `b`, `c`.
pub struct Ring {
    network: Network,
    cloud: Option<SimCloud>,
    registry: Arc<StillRegistry>,
    disks: Mutex<BTreeMap<MemberId, Arc<Disk>>>,
}

impl Ring {
    /// Three regions of one member each, that know of each other.
    pub async fn formed() -> Self {
        Self::of(&[1, 1, 1]).await
    }

    /// So many members in each region, that know of each other: every region is in the global log's registry, everywhere.
    pub async fn of(sizes: &[u64]) -> Self {
        Self::over(&["a", "b", "c"], sizes, None).await
    }

    /// Regions with a cloud.
    pub async fn with_cloud(regions: &[&str], cloud: SimCloud) -> Self {
        Self::over(regions, &vec![1; regions.len()], Some(cloud)).await
    }

    async fn over(names: &[&str], sizes: &[u64], cloud: Option<SimCloud>) -> Self {
        let mut ids = (1..).map(MemberId);
        let regions = names.iter().zip(sizes).map(|(name, size)| {
            let members = (0..*size).filter_map(|_| ids.next()).collect();
            (name.parse().unwrap(), members)
        });
        let registry = Arc::new(StillRegistry::new(Topology { regions: regions.collect() }));
        let ring = Self { network: Network::default(), cloud, registry, disks: Mutex::default() };
        for id in ring.ids() {
            ring.start(id).await;
        }
        for id in ring.ids() {
            ring.holds(id, &Log::Global, ids::Seq(sizes.len() as u64)).await;
        }
        ring
    }

    pub fn ids(&self) -> Vec<u64> {
        self.registry.topology().members().map(|member| member.0).collect()
    }

    /// Starts a member from what its disk holds.
    pub async fn start(&self, id: u64) {
        let member = MemberId(id);
        let env = Arc::new(TokioEnv::new(id));
        let new = || Disk::new(member, id, Arc::new(drop));
        let disk = self.disks.lock().unwrap().entry(member).or_insert_with(new).open(env.clone());
        let ports = Ports {
            env: env.clone(),
            transport: Arc::new(self.network.clone()),
            logs: disk.clone(),
            snapshots: disk,
            registry: self.registry.clone(),
            planner: None,
        };
        let config = Config {
            ring: RingId::new(RING),
            member,
            region: self.registry.topology().region_of(member).unwrap().clone(),
            timing: Timing::default(),
            retention: Retention::default(),
            catch_up_bytes_per_second: 64 * 1024 * 1024,
            snapshot_chunk_bytes: ledger::config::SNAPSHOT_CHUNK_BYTES,
            canary: Canary::None,
        };
        let keeping = self.cloud.clone().map(|cloud| Keeping {
            cloud: Arc::new(cloud),
            settler: Arc::new(Settler::new()),
            options: reconcile::Options::new(CloudRegion::new(config.region.as_str())),
        });
        let region = env.tasks().enter(Region::start(config, ports, keeping, true)).await.unwrap();
        self.network.up.lock().unwrap().insert(member, (env, region));
    }

    /// Ends a member: none of its tasks goes on, and nothing reaches it.
    pub fn end(&self, id: u64) {
        let process = self.network.up.lock().unwrap().remove(&MemberId(id));
        process.unwrap().0.tasks().abort();
    }

    /// Who holds what every member is given, this ring included: more than one while a member is up, or was not let go.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.registry)
    }

    /// What a member's disk does from now on.
    pub fn weather(&self, id: u64, weather: DiskWeather) {
        self.disks.lock().unwrap()[&MemberId(id)].set_weather(weather);
    }

    /// Does `work` at a member, as a task of it.
    pub async fn on<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        id: u64,
        work: impl FnOnce(Region) -> F,
    ) -> T {
        let (env, region) = self.network.up.lock().unwrap()[&MemberId(id)].clone();
        env.tasks().spawn(work(region)).await.unwrap()
    }

    /// The member that leads a log, once exactly one of those that are up takes itself for it and all others agree.
    pub async fn leader(&self, log: &Log) -> u64 {
        until(|| {
            let up = self.network.up.lock().unwrap();
            let said = up.values().filter_map(|(_, region)| region.ledger().group(log)).map(|group| group.leader());
            let said: BTreeSet<Option<MemberId>> = said.collect();
            let leader = said.first().copied().flatten().filter(|leader| said.len() == 1 && up.contains_key(leader))?;
            let leads = up[&leader].1.ledger().group(log)?.is_leader();
            leads.then_some(leader.0)
        })
        .await
    }

    pub fn at(&self, id: u64) -> Region {
        self.network.up.lock().unwrap()[&MemberId(id)].1.clone()
    }

    /// Nothing passes between the two, in either direction.
    pub fn cut(&self, one: u64, other: u64) {
        let (one, other) = (MemberId(one), MemberId(other));
        self.network.cut.lock().unwrap().extend([(one, other), (other, one)]);
    }

    /// What `from` asks does not come to `to`; what `to` asks still comes to `from`.
    pub fn cut_way(&self, from: u64, to: u64) {
        self.network.cut.lock().unwrap().insert((MemberId(from), MemberId(to)));
    }

    /// From now on no leader can read a command that came over a relay.
    pub fn spoil_relayed(&self) {
        self.network.spoiled.store(true, SeqCst);
    }

    /// The commands that were sent over cut ways arrive after all: what each is answered, which nobody waits for any more.
    pub async fn deliver_stranded(&self) -> Vec<Verdict> {
        let stranded = std::mem::take(&mut *self.network.stranded.lock().unwrap());
        let mut verdicts = Vec::new();
        for (to, request) in stranded {
            let (env, region) = self.network.up.lock().unwrap()[&to].clone();
            let reply = env.tasks().spawn(region.serve(request)).await.unwrap();
            let Some(peer_reply::Body::Submit(reply)) = reply.body else { panic!("not an answer: {reply:?}") };
            verdicts.push(Verdict::from_proto(reply).unwrap());
        }
        verdicts
    }

    /// Takes every cut back.
    pub fn mend(&self) {
        self.network.cut.lock().unwrap().clear();
    }

    /// Calls a member as another one would.
    pub async fn call(&self, id: u64, ring: &str, body: Option<peer_request::Body>) -> peer_reply::Body {
        let request = PeerRequest { ring: ring.to_owned(), from: 99, body };
        self.network.call(MemberId(id), request, SOON).await.unwrap().body.unwrap()
    }

    /// Gives a command to a member, as a client of its region would.
    pub async fn submit(&self, id: u64, submission: Submission) -> Verdict {
        self.on(id, |region| async move { region.submit(&submission, SOON).await }).await
    }

    /// An organization and a project in it, known everywhere.
    pub async fn with_project(self) -> Self {
        done(self.submit(1, submission(1, organization("acme"))).await);
        let seq = done(self.submit(1, submission(2, project("web"))).await);
        for id in self.ids() {
            self.holds(id, &Log::Global, seq).await;
        }
        self
    }

    /// Waits until a member's copy of a log holds `seq`.
    pub async fn holds(&self, id: u64, log: &Log, seq: ids::Seq) {
        let copy = self.at(id).ledger().copy(log).unwrap();
        tokio::time::timeout(SOON, copy.cell.reached(seq)).await.unwrap();
    }
}

/// A command under a request id that the test chose.
pub fn submission(request: u8, command: Command) -> Submission {
    let (actor, traceparent) = ("user:tester".to_owned(), String::new());
    Submission {
        request_id: RequestId([request; 16]),
        actor,
        command,
        validate_only: false,
        traceparent,
        seen_global: None,
        retried: false,
        planned: None,
    }
}

pub fn organization(label: &str) -> Command {
    let name = format!("organizations/{label}").parse().unwrap();
    Command::CreateOrganization(CreateOrganization { name, display_name: String::new(), description: String::new() })
}

/// A project of the organization that [`Ring::with_project`] makes.
pub fn project(label: &str) -> Command {
    Command::CreateProject(CreateProject {
        name: format!("organizations/acme/projects/{label}").parse().unwrap(),
        parent: "organizations/acme".parse().unwrap(),
        display_name: String::new(),
        description: String::new(),
    })
}

/// A cluster of the project that [`Ring::with_project`] makes.
pub fn cluster(region: &str, label: &str) -> Command {
    Command::CreateCluster(CreateCluster {
        name: format!("organizations/acme/projects/web/locations/{region}/clusters/{label}").parse().unwrap(),
        display_name: String::new(),
        description: String::new(),
        cluster_type: ClusterType::PRODUCTION,
        options: ClusterOptions::default(),
    })
}

/// Looks every millisecond until there is something.
pub async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            match look() {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    tokio::time::timeout(3 * SOON, waiting).await.unwrap()
}

/// The sequence of a command that took effect.
pub fn done(verdict: Verdict) -> ids::Seq {
    match verdict {
        Verdict::Done { seq, .. } => seq,
        other => panic!("wanted an effect, got {other:?}"),
    }
}
