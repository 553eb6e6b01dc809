//! Three regions of one member each in one process, with a listener for each on loopback. Between members everything is delivered at
//! once, unless its way is cut; clients come over real connections without TLS.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use adapter_grpc::api::{About, Front, Limits, routes};
use api::v1;
use domain::{
    Command, Planner, View as _,
    command::{AddAccount, PublishCatalog},
};
use fakes::{Disk, StillRegistry, TokioEnv};
use identity::Operators;
use ids::{Log, MemberId, RequestId, RingId, Seq};
use ledger::{Canary, Config, GroupTiming, Ports, Retention, Timing, Verdict};
use planner::Settler;
use ports::{BoxFuture, CallError, Env, PeerService, PeerTransport, Registry, Topology};
use region::Region;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use tonic_types::StatusExt;
use wire::{
    Submission,
    proto::{PeerReply, PeerRequest, peer_request},
};

/// How long anything may take.
pub const SOON: Duration = Duration::from_secs(20);
pub const RING: &str = "test";

type Process = (Arc<TokioEnv>, Region);
/// Pairs of members between whom nothing passes.
type Cut = Arc<Mutex<BTreeSet<(MemberId, MemberId)>>>;

#[derive(Clone, Default)]
struct Network {
    up: Arc<Mutex<BTreeMap<MemberId, Process>>>,
    cut: Cut,
    /// No records are shipped to other regions.
    held: Arc<AtomicBool>,
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
        if self.cut.lock().unwrap().contains(&(MemberId(request.from), to)) {
            return std::future::pending().await;
        }
        let ships = matches!(request.body, Some(peer_request::Body::Pull(_) | peer_request::Body::Snapshot(_)));
        if ships && self.held.load(SeqCst) {
            return Err(CallError::Unreachable { to });
        }
        let (env, region) = self.up.lock().unwrap().get(&to).cloned().ok_or(CallError::Unreachable { to })?;
        env.tasks().spawn(region.serve(request)).await.map_err(|_| CallError::Unreachable { to })
    }
}

/// One member with its listener.
pub struct Member {
    pub front: Arc<Front>,
    pub address: SocketAddr,
    env: Arc<TokioEnv>,
}

/// See the module. Members 1, 2, 3 are the regions `a`, `b`, `c`, or those of [`CLOUD`].
pub struct Ring {
    network: Network,
    members: BTreeMap<u64, Member>,
    /// None: regions without a cloud.
    planner: Option<Arc<dyn Planner>>,
}

/// Regions that the catalogue knows.
pub const CLOUD: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

impl Drop for Ring {
    fn drop(&mut self) {
        self.members.values().for_each(|member| member.env.tasks().abort());
    }
}

impl Ring {
    /// All three up and known to the global log.
    pub async fn formed() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub async fn with_limits(limits: Limits) -> Self {
        Self::of(["a", "b", "c"], None, limits, None).await
    }

    /// Whoever calls must show who they are.
    pub async fn guarded(operators: Operators) -> Self {
        Self::of(["a", "b", "c"], None, Limits::default(), Some(operators)).await
    }

    /// Regions that have a cloud, and nothing else.
    pub async fn with_planner(planner: Arc<dyn Planner>) -> Self {
        Self::of(["a", "b", "c"], Some(planner), Limits::default(), None).await
    }

    /// Regions with a cloud, a catalogue, and the project `web` of `acme`, which has an account. Nobody reconciles but the test.
    pub async fn with_cloud() -> Self {
        let ring = Self::of(CLOUD, Some(Arc::new(Settler::new())), Limits::default(), None).await;
        let account = AddAccount { account: "000000000001".parse().unwrap() };
        ring.submit(1, account.into(), 1).await;
        let mut catalog = catalog::first().unwrap();
        // By the wall clock of these members some versions are still to come.
        catalog.versions.values_mut().for_each(|version| version.released = "2025-06-01".parse().unwrap());
        ring.submit(1, PublishCatalog { catalog, waves: None }.into(), 2).await;
        ring.with_project().await
    }

    async fn of(
        names: [&str; 3],
        planner: Option<Arc<dyn Planner>>,
        limits: Limits,
        operators: Option<Operators>,
    ) -> Self {
        let regions = names.into_iter().zip(1..).map(|(name, id)| (name.parse().unwrap(), vec![MemberId(id)]));
        let registry = Arc::new(StillRegistry::new(Topology { regions: regions.collect() }));
        let mut ring = Self { network: Network::default(), members: BTreeMap::new(), planner };
        for id in [1, 2, 3] {
            let member = ring.start(MemberId(id), &registry, limits, operators.clone()).await;
            ring.members.insert(id, member);
        }
        // Each region registers itself.
        for id in [1, 2, 3] {
            let copy = ring.region(id).ledger().copy(&Log::Global).unwrap();
            let registered = || copy.cell.state().entries(&domain::sets::regions(), None, 9).len();
            eventually(|| async { (registered() == 3).then_some(()) }).await;
        }
        ring
    }

    async fn start(
        &self,
        id: MemberId,
        registry: &Arc<StillRegistry>,
        limits: Limits,
        operators: Option<Operators>,
    ) -> Member {
        let env = Arc::new(TokioEnv::new(id.0));
        let disk = Disk::new(id, id.0, Arc::new(drop)).open(env.clone());
        let ports = Ports {
            env: env.clone(),
            transport: Arc::new(self.network.clone()),
            logs: disk.clone(),
            snapshots: disk,
            registry: registry.clone(),
            planner: self.planner.clone(),
        };
        let ms = Duration::from_millis;
        let fast = GroupTiming { heartbeat: ms(60), election_min: ms(300), election_max: ms(500) };
        let config = Config {
            ring: RingId::new(RING),
            member: id,
            region: registry.topology().region_of(id).unwrap().clone(),
            timing: Timing { global: fast, region: fast, ..Timing::default() },
            retention: Retention::default(),
            catch_up_bytes_per_second: 64 * 1024 * 1024,
            snapshot_chunk_bytes: ledger::config::SNAPSHOT_CHUNK_BYTES,
            canary: Canary::None,
        };
        let about = About {
            ring: config.ring.clone(),
            member: id,
            region: config.region.clone(),
            version: "0.0.0-test".to_owned(),
            topology: registry
                .topology()
                .regions
                .into_iter()
                .map(|(region, members)| {
                    let members =
                        members.into_iter().map(|member| (member, format!("http://member-{}", member.0))).collect();
                    (region, members)
                })
                .collect(),
        };
        let front = Front::guarded(about, limits, operators);
        let address = listen(&env, &front);
        let region = env.tasks().enter(Region::start(config, ports, None, true)).await.unwrap();
        self.network.up.lock().unwrap().insert(id, (env.clone(), region.clone()));
        front.open(region);
        Member { front, address, env }
    }

    /// Submits a command that the API does not have. It must take effect.
    pub async fn submit(&self, id: u64, command: Command, request: u8) -> Seq {
        let submission = Submission {
            request_id: RequestId([request; 16]),
            actor: "test".to_owned(),
            command,
            validate_only: false,
            traceparent: String::new(),
            seen_global: None,
            retried: false,
            planned: None,
        };
        let region = self.region(id);
        let env = self.members[&id].env.clone();
        match env.tasks().enter(region.submit(&submission, SOON)).await {
            Verdict::Done { seq, .. } => seq,
            refused => panic!("{refused:?}"),
        }
    }

    pub fn front(&self, id: u64) -> &Arc<Front> {
        &self.members[&id].front
    }

    pub fn region(&self, id: u64) -> Region {
        self.network.up.lock().unwrap()[&MemberId(id)].1.clone()
    }

    /// A new connection to a member.
    pub async fn connect(&self, id: u64) -> Channel {
        self.endpoint(id).connect().await.unwrap()
    }

    pub fn endpoint(&self, id: u64) -> Endpoint {
        Endpoint::from_shared(format!("http://{}", self.members[&id].address)).unwrap()
    }

    /// Nothing passes between the two, in either direction.
    pub fn cut(&self, one: u64, other: u64) {
        let (one, other) = (MemberId(one), MemberId(other));
        self.network.cut.lock().unwrap().extend([(one, other), (other, one)]);
    }

    /// From now on no region gets records of another, though everything else passes.
    pub fn hold_records(&self) {
        self.network.held.store(true, SeqCst);
    }

    pub fn heal(&self) {
        self.network.cut.lock().unwrap().clear();
    }

    /// Waits until a member's copy of a log holds `seq`.
    pub async fn holds(&self, id: u64, log: &Log, seq: Seq) {
        let copy = self.region(id).ledger().copy(log).unwrap();
        tokio::time::timeout(SOON, copy.cell.reached(seq)).await.unwrap();
    }

    /// An organization `acme` and a project `web` in it, known everywhere.
    pub async fn with_project(self) -> Self {
        let channel = self.connect(1).await;
        create_organization(&channel, "acme").await.unwrap();
        create_project(&channel, "organizations/acme", "web").await.unwrap();
        let seq = self.region(1).ledger().copy(&Log::Global).unwrap().cell.seq();
        for id in [1, 2, 3] {
            self.holds(id, &Log::Global, seq).await;
        }
        self
    }
}

fn listen(env: &Arc<TokioEnv>, front: &Arc<Front>) -> SocketAddr {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let served = Server::builder().add_routes(routes(front).unwrap()).serve_with_incoming(incoming);
    env.tasks().spawn(async move { served.await.unwrap() });
    address
}

pub async fn create_organization(channel: &Channel, id: &str) -> Result<v1::Organization, Status> {
    let mut client = v1::organizations_client::OrganizationsClient::new(channel.clone());
    let request = v1::CreateOrganizationRequest {
        organization_id: id.to_owned(),
        organization: Some(v1::Organization { display_name: id.to_uppercase(), ..Default::default() }),
        ..Default::default()
    };
    client.create_organization(request).await.map(tonic::Response::into_inner)
}

pub async fn create_project(channel: &Channel, parent: &str, id: &str) -> Result<v1::Project, Status> {
    let mut client = v1::projects_client::ProjectsClient::new(channel.clone());
    let request = v1::CreateProjectRequest {
        project_id: id.to_owned(),
        project: Some(v1::Project { parent: parent.to_owned(), ..Default::default() }),
        ..Default::default()
    };
    client.create_project(request).await.map(tonic::Response::into_inner)
}

pub fn new_cluster(region: &str, id: &str) -> v1::CreateClusterRequest {
    v1::CreateClusterRequest {
        parent: format!("organizations/acme/projects/web/locations/{region}"),
        cluster_id: id.to_owned(),
        cluster: Some(v1::Cluster { cluster_type: "PRODUCTION".into(), ..Default::default() }),
        ..Default::default()
    }
}

pub fn cluster_name(region: &str, id: &str) -> String {
    format!("organizations/acme/projects/web/locations/{region}/clusters/{id}")
}

/// What programs see of a refusal.
#[derive(Debug)]
pub struct Refused {
    pub code: Code,
    pub reason: String,
    pub metadata: BTreeMap<String, String>,
    pub fields: Vec<String>,
    pub retry_after: Option<Duration>,
}

/// Reads a refusal, which must be typed and say who refused.
pub fn refused(status: &Status) -> Refused {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
    assert_eq!(info.domain, "atoll");
    assert!(status.metadata().contains_key(api::metadata::REGION), "{status:?}");
    let fields =
        details.bad_request().map(|bad| bad.field_violations.iter().map(|violation| violation.field.clone()).collect());
    Refused {
        code: status.code(),
        reason: info.reason.clone(),
        metadata: info.metadata.clone().into_iter().collect(),
        fields: fields.unwrap_or_default(),
        retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
    }
}

/// The refusal of a call that must not succeed.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> Refused {
    refused(&result.unwrap_err())
}

/// Asks again and again until the answer is as wanted.
pub async fn eventually<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, looking).await.expect("what was waited for did not come")
}
