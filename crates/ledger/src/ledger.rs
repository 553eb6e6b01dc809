//! The logs of one member: its groups, its replicas, and what it tells other members about them.

mod exchange;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use domain::Planner;
use ids::{Log, MemberId, Seq};
use invariants::{Observation, observation::QuarantineCause};
use ports::{Env, LogStore, PeerTransport, Registry, SnapshotStore};
use wire::proto::{self, peer_reply, peer_request};

use crate::{
    cell::StateCell,
    config::Config,
    decider::Rule,
    feed::Feed,
    group::{Group, GroupError, refusal},
    heads::{Head, HeadTable},
    peers::Peers,
    puller::Puller,
    raft::machine::Shared,
    records::RecordLog,
    replica::{OpenError, Replica, ReplicaParts},
    shipping::{LogCopy, SnapshotsOut, log_of},
    state::LogState,
};

/// The world of one member.
#[derive(Clone)]
pub struct Ports {
    pub env: Arc<dyn Env>,
    pub transport: Arc<dyn PeerTransport>,
    pub logs: Arc<dyn LogStore>,
    pub snapshots: Arc<dyn SnapshotStore>,
    pub registry: Arc<dyn Registry>,
    /// Who decides what clusters become; none in a region without a cloud.
    pub planner: Option<Arc<dyn Planner>>,
}

/// Why a member could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error(transparent)]
    Replica(#[from] OpenError),
    #[error("started {member} of {region}: the registry does not list it there")]
    NotListed { member: MemberId, region: ids::RegionId },
}

/// See the module.
pub struct Ledger {
    config: Config,
    ports: Ports,
    rule: Rule,
    peers: Arc<Peers>,
    groups: BTreeMap<Log, Arc<Group>>,
    replicas: BTreeMap<Log, Arc<Replica>>,
    /// Logs that could not be started from this member's disk, and why.
    not_started: BTreeMap<Log, String>,
    heads: Arc<HeadTable>,
    /// Snapshots that other members are taking.
    snapshots_out: SnapshotsOut,
}

impl Ledger {
    /// Starts everything this member holds. With `form`, groups that were never formed are formed by their first member; a member that
    /// replaces another starts without, and is taken in by the others. `rule` holds where this member leads.
    pub async fn start(config: Config, ports: Ports, form: bool, rule: Rule) -> Result<Arc<Self>, StartError> {
        let topology = ports.registry.topology();
        if !topology.members_of(&config.region).contains(&config.member) {
            return Err(StartError::NotListed { member: config.member, region: config.region });
        }
        let (transport, env) = (Arc::clone(&ports.transport), Arc::clone(&ports.env));
        let peers = Arc::new(Peers::new(config.ring.clone(), config.member, transport, env));
        let (groups, replicas, not_started, snapshots_out) = Default::default();
        let mut ledger =
            Self { config, ports, rule, peers, groups, replicas, not_started, heads: Arc::default(), snapshots_out };
        let own = Log::Region(ledger.config.region.clone());
        for log in [Log::Global, own] {
            let group = match ledger.start_group(log.clone()).await {
                Ok(group) => group,
                Err(error) => {
                    ledger.not_started(&log, &error);
                    continue;
                }
            };
            let home = topology.home_of(&log);
            if form && home.first() == Some(&ledger.config.member) {
                group.form(&home).await?;
            }
            ledger.groups.insert(log, Arc::new(group));
        }
        for log in topology.logs() {
            if !ledger.groups.contains_key(&log) {
                match ledger.open_replica(log.clone()) {
                    Ok(replica) => {
                        ledger.replicas.insert(log, Arc::new(replica));
                    }
                    Err(error) => ledger.not_started(&log, &error),
                }
            }
        }
        let ledger = Arc::new(ledger);
        ledger.spawn_pullers();
        ledger.spawn_heads();
        Ok(ledger)
    }

    /// A log that this member's disk no longer holds whole is out of service here; the others are served.
    fn not_started(&mut self, log: &Log, error: &dyn std::error::Error) {
        let cause = error.source().map(ToString::to_string);
        let why = cause.as_ref().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
        self.not_started.insert(log.clone(), why);
        tracing::error!(member = %self.config.member, %log, %error, cause, "does not serve a log");
        let (member, cause) = (self.config.member, QuarantineCause::Stopped);
        self.ports.env.observe(&|| Observation::Quarantined { member, log: log.clone(), cause });
    }

    async fn start_group(&self, log: Log) -> Result<Group, GroupError> {
        let timing = match &log {
            Log::Global => self.config.timing.global,
            Log::Region(_) => self.config.timing.region,
        };
        let shared = Shared {
            member: self.config.member,
            cell: Arc::new(StateCell::new(LogState::new(log.clone()))),
            records: Arc::new(RecordLog::new(log.clone(), Arc::clone(&self.ports.logs))),
            snapshots: Arc::clone(&self.ports.snapshots),
            env: Arc::clone(&self.ports.env),
            planner: self.ports.planner.clone(),
            retention: self.config.retention,
            size: Arc::default(),
            snapshot_chunk_bytes: self.config.snapshot_chunk_bytes,
            canary: self.config.canary,
            log,
        };
        let global = match (&shared.log, self.groups.get(&Log::Global)) {
            (Log::Global, _) => Arc::clone(&shared.cell),
            (Log::Region(_), Some(group)) => Arc::clone(group.cell()),
            // The global log is not served here: nothing in it is known, so nothing that needs it is accepted.
            (Log::Region(_), None) => Arc::new(StateCell::new(LogState::new(Log::Global))),
        };
        Group::start(shared, timing, Arc::clone(&self.ports.logs), Arc::clone(&self.peers), global, self.rule).await
    }

    fn open_replica(&self, log: Log) -> Result<Replica, OpenError> {
        let parts = ReplicaParts {
            member: self.config.member,
            cell: Arc::new(StateCell::new(LogState::new(log.clone()))),
            records: Arc::new(RecordLog::new(log.clone(), Arc::clone(&self.ports.logs))),
            snapshots: Arc::clone(&self.ports.snapshots),
            env: Arc::clone(&self.ports.env),
            retention: self.config.retention,
            canary: self.config.canary,
        };
        Replica::open(log, parts)
    }

    fn spawn_pullers(&self) {
        let own = self.groups.get(&Log::Region(self.config.region.clone()));
        for replica in self.replicas.values() {
            let own = own.map(Arc::clone);
            let puller = Puller {
                replica: Arc::clone(replica),
                peers: Arc::clone(&self.peers),
                heads: Arc::clone(&self.heads),
                registry: Arc::clone(&self.ports.registry),
                env: Arc::clone(&self.ports.env),
                region: self.config.region.clone(),
                timing: self.config.timing,
                region_leader: Box::new(move || own.as_ref().and_then(|group| group.leader())),
                bytes_per_second: self.config.catch_up_bytes_per_second,
                left_alone: Mutex::default(),
                gathered: Mutex::default(),
            };
            self.ports.env.tasks().spawn(puller.run());
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    pub fn peers(&self) -> &Arc<Peers> {
        &self.peers
    }

    /// The group of a log that this member votes in.
    pub fn group(&self, log: &Log) -> Option<&Arc<Group>> {
        self.groups.get(log)
    }

    /// This member's replicas of other regions' logs.
    pub fn replicas(&self) -> impl Iterator<Item = &Arc<Replica>> {
        self.replicas.values()
    }

    /// The last known head of another member's copy of a log.
    pub fn head_of(&self, log: &Log, member: MemberId) -> Option<Head> {
        self.heads.of(log, member)
    }

    /// This member's copy of a log, while it serves.
    pub fn copy(&self, log: &Log) -> Option<LogCopy> {
        self.kept(log).filter(|_| self.out_of_service(log).is_none())
    }

    /// This member's copy of a log, also when it is out of service: to tell where it stands, not to read.
    pub fn kept(&self, log: &Log) -> Option<LogCopy> {
        if let Some(group) = self.groups.get(log) {
            let shared = group.shared();
            let (cell, records) = (Arc::clone(&shared.cell), Arc::clone(&shared.records));
            return Some(LogCopy { cell, records, voter: true });
        }
        let replica = self.replicas.get(log)?;
        let (cell, records) = (Arc::clone(replica.cell()), Arc::clone(replica.records()));
        Some(LogCopy { cell, records, voter: false })
    }

    /// Why this member does not serve its copy of a log; `None` while it does.
    pub fn out_of_service(&self, log: &Log) -> Option<String> {
        if let Some(group) = self.groups.get(log) {
            return group.stopped();
        }
        match self.replicas.get(log) {
            Some(replica) => replica.quarantined(),
            None => self.not_started.get(log).cloned(),
        }
    }

    /// The groups that this member votes in and could start.
    pub fn groups(&self) -> impl Iterator<Item = (&Log, &Arc<Group>)> {
        self.groups.iter()
    }

    /// Watches a log from a place on; `None` when this member has no copy in service.
    pub fn watch(&self, log: &Log, after: Seq) -> Option<Feed> {
        Some(Feed::open(self.copy(log)?, Arc::clone(&self.ports.env), after, self.config.canary))
    }

    /// Serves what other members ask of the ledger. The rest is refused: commands and heads for readers are the region's business.
    pub async fn serve(&self, from: MemberId, body: peer_request::Body) -> peer_reply::Body {
        match self.serve_or_refuse(from, body).await {
            Ok(body) => body,
            Err(why) => refusal("NOT_SERVED", why),
        }
    }

    async fn serve_or_refuse(&self, from: MemberId, body: peer_request::Body) -> Result<peer_reply::Body, String> {
        Ok(match body {
            peer_request::Body::Raft(request) => {
                let log = log_of(&request.log)?;
                let group = self.groups.get(&log).ok_or_else(|| self.no_copy(&log))?;
                group.serve(request.body.ok_or("read a Raft request: it is empty")?).await
            }
            peer_request::Body::Heads(request) => {
                self.take_heads(from, &request.heads);
                peer_reply::Body::Heads(proto::HeadsReply { heads: self.heads_out() })
            }
            peer_request::Body::Pull(request) => {
                let copy = self.copy_of(&request.log)?;
                let body = copy.pull(self.ports.env.as_ref(), &request, self.config.timing.round).await?;
                peer_reply::Body::Pull(proto::PullReply { body: Some(body) })
            }
            peer_request::Body::Snapshot(request) => {
                let copy = self.copy_of(&request.log)?;
                let (env, bytes_max) = (self.ports.env.as_ref(), self.config.snapshot_chunk_bytes);
                peer_reply::Body::Snapshot(self.snapshots_out.serve(&copy, env, &request, bytes_max)?)
            }
            peer_request::Body::Head(_) | peer_request::Body::Submit(_) | peer_request::Body::Replace(_) => {
                return Err("asked the ledger for what the region serves".to_owned());
            }
        })
    }

    fn copy_of(&self, log: &str) -> Result<LogCopy, String> {
        let log = log_of(log)?;
        self.copy(&log).ok_or_else(|| self.no_copy(&log))
    }

    fn no_copy(&self, log: &Log) -> String {
        format!("asked {} for {log}: it has no copy in service", self.config.member)
    }
}
