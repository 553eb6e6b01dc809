//! One life of a member: from the opening of its store to its closing. A process may have several, when a disk was full for a while.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use adapter_cloud_sim::RemoteCloud;
use adapter_grpc::peer::{GrpcTransport, Settings};
use adapter_rocksdb::{Observe, Store, StoreEvent};
use adapter_telemetry::Metrics;
use futures_util::future::join_all;
use ids::{Log, MemberId};
use ledger::Ports;
use planner::Settler;
use ports::{Env, PeerTransport, TaskScope, cloud::CloudRegion};
use region::{Keeping, Region};
use tokio::time::{Instant, timeout};
use wire::proto::{self, peer_reply, peer_request};

use crate::{
    config::Config,
    failure::{Failure, chain},
    identity,
    node::Node,
    pages::Open,
    world::HostEnv,
};

/// How long what was dropped may take to let go of the store.
const LET_GO_WITHIN: Duration = Duration::from_secs(10);

/// How long one call of the cloud may take.
const CALL_WITHIN: Duration = Duration::from_secs(30);

/// How long others may take to say whether the ring exists.
const ASK_WITHIN: Duration = Duration::from_secs(1);

/// See the module.
pub struct Life {
    pub region: Region,
    transport: GrpcTransport,
    tasks: TaskScope,
    store: Arc<Store>,
}

impl Life {
    /// Starts the member on an open store, and lets callers in. Groups are formed where this member was initialized for it.
    pub async fn begin(node: &Node, store: Store) -> Result<Self, Failure> {
        let (config, store) = (node.config(), Arc::new(store));
        let env = Arc::new(HostEnv::new(Arc::clone(&node.metrics)));
        let tasks = env.tasks().clone();
        let settings = Settings { ring: config.ring(), tls: node.tls.outgoing() };
        let transport = GrpcTransport::new(settings, tasks.clone());
        transport.set_members(&addresses(&config));
        let ports = Ports {
            env,
            transport: Arc::new(transport.clone()),
            logs: Arc::clone(&store) as _,
            snapshots: Arc::clone(&store) as _,
            registry: Arc::clone(&node.listed) as _,
            planner: None,
        };
        let ledger = config.ledger().map_err(|error| Failure::start(&error))?;
        let form = identity::to_be_formed(&config);
        if form {
            no_such_ring(&config, &ledger, &transport, &store).await?;
        }
        let keeping = keeping(&config, &tasks);
        let started = tasks.enter(Box::pin(Region::start(ledger, ports, keeping, form))).await;
        let region = started.map_err(|error| {
            tasks.abort();
            Failure::start(&error)
        })?;
        if form {
            settle(&config);
        }
        node.door.open(Arc::new(region.clone()), tasks.clone());
        node.front.open(region.clone());
        if let Some(gone) = identity::joining(&config) {
            tasks.spawn(join(region.clone(), config, gone));
        }
        Ok(Self { region, transport, tasks, store })
    }

    /// What the telemetry pages show.
    pub fn open(&self) -> Open {
        Open { region: self.region.clone(), transport: self.transport.clone() }
    }

    /// Takes over the members of a configuration that was read again.
    pub fn set_members(&self, node: &Node) {
        self.transport.set_members(&addresses(&node.config()));
    }

    /// Ends everything of this life and closes the store. Nobody may use the region any more: front and door are closed before.
    pub async fn end(self, node: &Node) -> Result<(), String> {
        let Self { region, transport, tasks, store } = self;
        let _ = timeout(LET_GO_WITHIN, node.front.vacated()).await;
        tasks.abort();
        drop((region, transport));
        let until = Instant::now() + LET_GO_WITHIN;
        while Arc::strong_count(&store) > 1 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let users = Arc::strong_count(&store) - 1;
        if users > 0 {
            tracing::warn!(users, "closes a store that is still in use");
        }
        let close = move || {
            let closed = store.shutdown();
            drop(store);
            closed
        };
        #[expect(clippy::disallowed_methods, reason = "closing waits for the disk, and nothing else may run meanwhile")]
        let closed = tokio::task::spawn_blocking(close).await;
        match closed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(chain(&error)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What keeps the region's clusters, where it has a cloud.
fn keeping(config: &Config, tasks: &TaskScope) -> Option<Keeping> {
    let address = config.cloud.simulated.as_ref()?.0;
    tracing::warn!(%address, "the cloud is simulated: nothing in it exists");
    let options = reconcile::Options::new(CloudRegion::new(config.cloud_region()));
    Some(Keeping {
        cloud: Arc::new(RemoteCloud::new(address, CALL_WITHIN, tasks.clone())),
        settler: Arc::new(Settler::new()),
        options: reconcile::Options { survey_every: config.cloud.survey_every.0, ..options },
    })
}

/// Refuses to form a group whose log somebody holds already: then this member has been in it, or another of its number, and what that
/// one promised is lost with its disk. Whoever cannot be asked cannot object.
async fn no_such_ring(
    config: &Config,
    ledger: &ledger::Config,
    transport: &GrpcTransport,
    store: &Store,
) -> Result<(), Failure> {
    let (global, own) = (Log::Global, Log::Region(ledger.region.clone()));
    if identity::holds_something(store, global.clone()) || identity::holds_something(store, own.clone()) {
        return Ok(());
    }
    let by_region = config.by_region(|member| member.id).map_err(|error| Failure::start(&error))?;
    let first = |mut ids: Vec<u64>| ids.drain(..).next() == Some(config.member);
    let (global, own) = (global.to_string(), own.to_string());
    let forms_global = first(by_region.values().flatten().copied().collect());
    let forms_own = by_region.get(&ledger.region).is_some_and(|ids| first(ids.clone()));
    let ask = |member: MemberId| {
        let body = Some(peer_request::Body::Heads(proto::HeadsRequest::default()));
        let request = proto::PeerRequest { ring: ledger.ring.to_string(), from: ledger.member.0, body };
        let called = transport.call(member, request, ASK_WITHIN);
        async move { (member, called.await) }
    };
    for (member, reply) in join_all(addresses(config).into_keys().map(ask)).await {
        let Ok(Some(peer_reply::Body::Heads(reply))) = reply.map(|reply| reply.body) else { continue };
        let formed = |head: &&proto::Head| {
            head.seq > 0 && ((forms_global && head.log == global) || (forms_own && head.log == own))
        };
        if let Some(head) = reply.heads.iter().find(formed) {
            return Err(Failure::refused(format!(
                "formed the ring {}: {member} holds {} records of {} already, wanted `region-node join` with a member id that was never used",
                config.ring, head.seq, head.log
            )));
        }
    }
    Ok(())
}

/// Takes the place of a lost member.
async fn join(region: Region, config: Arc<Config>, gone: MemberId) {
    tracing::info!(%gone, "asks to be taken in");
    let failed = |log: &Log, why: String| tracing::warn!(%log, why, "was not taken in yet");
    region.join(gone, failed).await;
    settle(&config);
    tracing::info!(%gone, "was taken in");
}

fn settle(config: &Config) {
    if let Err(error) = identity::settled(config) {
        // Harmless: who is formed or taken in already is not again.
        tracing::warn!(%error, "kept the mark of a first start");
    }
}

/// Where this member reaches the others.
fn addresses(config: &Config) -> BTreeMap<MemberId, String> {
    let others = config.members.iter().filter(|member| member.id != config.member);
    others.map(|member| (MemberId(member.id), member.peer.clone())).collect()
}

/// Measures how long a write takes to become durable.
pub fn observe_store(metrics: &Arc<Metrics>) -> Observe {
    let metrics = Arc::clone(metrics);
    let taken: Mutex<VecDeque<(u64, Instant)>> = Mutex::default();
    Arc::new(move |event| {
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            StoreEvent::Taken { write, awaited } => {
                if awaited {
                    taken.push_back((write, Instant::now()));
                }
            }
            StoreEvent::Flushed { .. } => drop(metrics.flushes.inc()),
            // In the order in which they were taken; those that nobody waits for are not among them.
            StoreEvent::Acknowledged { write, ok } => {
                if let Some((_, at)) = taken.pop_front_if(|(first, _)| *first == write).filter(|_| ok) {
                    metrics.commit_seconds.observe(at.elapsed().as_secs_f64());
                }
            }
        }
    })
}
