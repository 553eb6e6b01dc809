//! Three regions of one member each, in one process: everything is delivered after a millisecond, unless its way is cut.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    ClusterType, Command,
    command::{CreateCluster, CreateOrganization, CreateProject},
};
use fakes::{Disk, StillRegistry, TokioEnv};
use ids::{Log, MemberId, RequestId, RingId};
use ledger::{Canary, Config, Ports, Retention, Timing, Verdict};
use ports::{BoxFuture, CallError, Env, PeerService, PeerTransport, Topology};
use region::Region;
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
        let way = (MemberId(request.from), to);
        if self.cut.lock().unwrap().contains(&way) {
            return std::future::pending().await;
        }
        let (env, region) = self.up.lock().unwrap().get(&to).cloned().ok_or(CallError::Unreachable { to })?;
        Ok(env.tasks().spawn(region.serve(request)).await.unwrap())
    }
}

/// See the module. Members 1, 2, 3 are the regions `a`, `b`, `c`.
pub struct Ring {
    network: Network,
}

impl Ring {
    pub async fn formed() -> Self {
        let regions = [("a", 1), ("b", 2), ("c", 3)].map(|(name, id)| (name.parse().unwrap(), vec![MemberId(id)]));
        let registry = Arc::new(StillRegistry::new(Topology { regions: regions.into() }));
        let ring = Self { network: Network::default() };
        for id in [1, 2, 3].map(MemberId) {
            ring.start(id, registry.clone()).await;
        }
        ring
    }

    async fn start(&self, id: MemberId, registry: Arc<StillRegistry>) {
        let env = Arc::new(TokioEnv::new(id.0));
        let disk = Disk::new(id, id.0, Arc::new(drop)).open(env.clone());
        let ports = Ports {
            env: env.clone(),
            transport: Arc::new(self.network.clone()),
            logs: disk.clone(),
            snapshots: disk,
            registry: registry.clone(),
        };
        let config = Config {
            ring: RingId::new(RING),
            member: id,
            region: ports::Registry::topology(registry.as_ref()).region_of(id).unwrap().clone(),
            timing: Timing::default(),
            retention: Retention::default(),
            catch_up_bytes_per_second: 64 * 1024 * 1024,
            canary: Canary::None,
        };
        let region = env.tasks().enter(Region::start(config, ports, true)).await.unwrap();
        self.network.up.lock().unwrap().insert(id, (env, region));
    }

    pub fn at(&self, id: u64) -> Region {
        self.network.up.lock().unwrap()[&MemberId(id)].1.clone()
    }

    /// Nothing passes between the two, in either direction.
    pub fn cut(&self, one: u64, other: u64) {
        let (one, other) = (MemberId(one), MemberId(other));
        self.network.cut.lock().unwrap().extend([(one, other), (other, one)]);
    }

    /// Calls a member as another one would.
    pub async fn call(&self, id: u64, ring: &str, body: Option<peer_request::Body>) -> peer_reply::Body {
        let request = PeerRequest { ring: ring.to_owned(), from: 99, body };
        self.network.call(MemberId(id), request, SOON).await.unwrap().body.unwrap()
    }

    /// Gives a command to a member, as a client of its region would.
    pub async fn submit(&self, id: u64, submission: Submission) -> Verdict {
        let (env, region) = self.network.up.lock().unwrap()[&MemberId(id)].clone();
        env.tasks().spawn(async move { region.submit(&submission, SOON).await }).await.unwrap()
    }

    /// An organization and a project in it, known everywhere.
    pub async fn with_project(self) -> Self {
        done(self.submit(1, submission(1, organization("acme"))).await);
        let create = CreateProject {
            name: "organizations/acme/projects/web".parse().unwrap(),
            parent: "organizations/acme".parse().unwrap(),
            display_name: String::new(),
            description: String::new(),
        };
        let seq = done(self.submit(1, submission(2, Command::CreateProject(create))).await);
        for id in 1..=3 {
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
    Submission { request_id: RequestId([request; 16]), actor, command, validate_only: false, traceparent }
}

pub fn organization(label: &str) -> Command {
    let name = format!("organizations/{label}").parse().unwrap();
    Command::CreateOrganization(CreateOrganization { name, display_name: String::new(), description: String::new() })
}

/// A cluster of the project that [`Ring::with_project`] makes.
pub fn cluster(region: &str, label: &str) -> Command {
    Command::CreateCluster(CreateCluster {
        name: format!("organizations/acme/projects/web/locations/{region}/clusters/{label}").parse().unwrap(),
        display_name: String::new(),
        description: String::new(),
        cluster_type: ClusterType::Production,
    })
}

/// The sequence of a command that took effect.
pub fn done(verdict: Verdict) -> ids::Seq {
    match verdict {
        Verdict::Done { seq, .. } => seq,
        other => panic!("wanted an effect, got {other:?}"),
    }
}
