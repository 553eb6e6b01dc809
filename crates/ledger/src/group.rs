//! One consensus group of this member: Raft, its decider, and who is in it.

mod compaction;
mod serve;
mod stop;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    time::Duration,
};

use ids::{Log, MemberId};
use openraft::{ChangeMembers, Config as RaftConfig, EmptyNode, SnapshotPolicy, async_runtime::watch::WatchReceiver};
use ports::{LogStore, timeout};
use wire::command::Submission;

use crate::{
    Canary,
    cell::StateCell,
    config::{GroupTiming, Retention},
    decider::{Decider, Rule},
    peers::Peers,
    raft::{
        Raft,
        install::Incoming,
        log::RaftLog,
        machine::{Machine, Shared},
        network::Network,
    },
    runtime::Runtime,
    state::LogState,
    verdict::Verdict,
};

pub use serve::refusal;
use stop::Stopped;
pub use stop::{Stop, StopCause};

/// How long a snapshot on its way may make no progress; its last piece includes its flush.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a group could not do as asked. Nothing was changed, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error("started the group of {log}")]
    Start {
        log: Log,
        #[source]
        source: io::Error,
    },
    #[error("changed the members of {log}: {detail}")]
    Members { log: Log, detail: String },
}

/// See the module.
pub struct Group {
    shared: Shared,
    raft: Raft,
    decider: Decider,
    stopped: Arc<Stopped>,
    incoming: Incoming,
    /// One change of members at a time: each begins from what the last one left.
    changing: tokio::sync::Mutex<()>,
}

/// The settings of one group. `enable_leader_restore` is off: with openraft's default a leader that crashes, loses its unsynced tail
/// and restarts quickly goes on in its old term and gives the same log ids to other entries.
pub fn raft_config(log: &Log, timing: GroupTiming, retention: Retention, canary: Canary) -> RaftConfig {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    RaftConfig {
        cluster_name: log.to_string(),
        heartbeat_interval: ms(timing.heartbeat),
        election_timeout_min: ms(timing.election_min),
        election_timeout_max: ms(timing.election_max),
        install_snapshot_timeout: ms(INSTALL_TIMEOUT),
        max_payload_entries: 64,
        // What is due is known here: `compaction`.
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: retention.entries_kept,
        replication_lag_threshold: retention.entries_kept.max(retention.snapshot_every),
        enable_pre_vote: Some(true),
        enable_leader_restore: Some(canary.is(Canary::LeaderRestore)),
        ..RaftConfig::default()
    }
}

impl Group {
    /// Starts the group from what this member's disk holds. `global` is the global log's state here: for the global group
    /// its own.
    pub async fn start(
        shared: Shared,
        timing: GroupTiming,
        store: Arc<dyn LogStore>,
        peers: Arc<Peers>,
        global: Arc<StateCell>,
        rule: Rule,
    ) -> Result<Self, GroupError> {
        let log = shared.log.clone();
        let failed = |source| GroupError::Start { log: log.clone(), source };
        let config = raft_config(&log, timing, shared.retention, shared.canary).validate();
        let config = Arc::new(config.map_err(|error| failed(io::Error::other(error)))?);
        let machine = Machine::open(shared.clone()).map_err(failed)?;
        let storage = RaftLog::new(log.clone(), store);
        let network = Network { peers, log: log.clone(), chunk_bytes: shared.snapshot_chunk_bytes };
        let seed = shared.env.seed("raft");
        let raft = Raft::new(shared.member.0, config, network, storage, machine);
        let raft = Runtime::scope(seed, Box::pin(raft)).await.map_err(|error| failed(io::Error::other(error)))?;
        let (decider, tickets) = Decider::new(shared.clone(), raft.clone(), global, rule);
        shared.env.tasks().spawn(decider.clone().run(tickets));
        let (stopped, incoming, changing) = Default::default();
        let group = Self { shared, raft, decider, stopped, incoming, changing };
        group.spawn_monitor();
        group.spawn_compaction();
        Ok(group)
    }

    /// Forms the group, if it was never formed: called by one member, once in the life of a log.
    pub async fn form(&self, voters: &[MemberId]) -> Result<(), GroupError> {
        let members: BTreeSet<u64> = voters.iter().map(|member| member.0).collect();
        let raft = &self.raft;
        let formed = self.scoped(async move {
            if raft.is_initialized().await.map_err(|error| error.to_string())? {
                return Ok(());
            }
            raft.initialize(members).await.map_err(|error| error.to_string())
        });
        formed.await.map_err(|detail| self.members_error(detail))
    }

    fn members_error(&self, detail: impl ToString) -> GroupError {
        GroupError::Members { log: self.shared.log.clone(), detail: detail.to_string() }
    }

    /// openraft draws chance from the scope of the calling task.
    async fn scoped<T>(&self, work: impl Future<Output = T>) -> T {
        Runtime::scope(self.shared.env.seed("rpc"), Box::pin(work)).await
    }

    pub fn cell(&self) -> &Arc<StateCell> {
        &self.shared.cell
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Why this member no longer serves the group; `None` while it does.
    pub fn stopped(&self) -> Option<String> {
        self.stopped.get().map(|stop| stop.why)
    }

    /// The leader as this member knows it; it may have changed.
    pub fn leader(&self) -> Option<MemberId> {
        self.decider.leader().filter(|_| !self.stopped.is_set())
    }

    /// Whether this member leads, as far as it knows. Not a proof: see [`Self::confirmed`].
    pub fn is_leader(&self) -> bool {
        self.decider.leading_term().is_some() && !self.stopped.is_set()
    }

    /// The term that this member is in.
    pub fn term(&self) -> u64 {
        self.raft.metrics().borrow_watched().current_term
    }

    /// How many Raft entries each other voter is behind, as far as this member knows; nothing, unless it leads.
    pub fn behind(&self) -> BTreeMap<MemberId, u64> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let (last, voters) = (metrics.last_log_index.unwrap_or_default(), metrics.membership_config.voter_ids());
        let Some(replication) = &metrics.replication else { return BTreeMap::new() };
        let others = voters.filter(|voter| *voter != self.shared.member.0);
        let behind = others.map(|voter| {
            // Nothing is acknowledged yet: as far behind as can be.
            let matched = replication.get(&voter).and_then(Option::as_ref).map(|matched| matched.index());
            (MemberId(voter), matched.map_or(u64::MAX, |matched| last.saturating_sub(matched)))
        });
        behind.collect()
    }

    /// The voters, as sets of which each needs a majority.
    pub fn voters(&self) -> Vec<BTreeSet<MemberId>> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let sets = metrics.membership_config.membership().get_joint_config().iter();
        sets.map(|set| set.iter().copied().map(MemberId).collect()).collect()
    }

    /// Whether those voters that are `reached` are a majority. As [`Self::voters`], without putting them together for every command.
    pub fn has_majority(&self, reached: impl Fn(MemberId) -> bool) -> bool {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let mut sets = metrics.membership_config.membership().get_joint_config().iter();
        sets.all(|set| set.iter().filter(|voter| reached(MemberId(**voter))).count() * 2 > set.len())
    }

    /// Decides and replicates a command, if this member leads.
    pub async fn submit(&self, submission: Submission, within: Duration) -> Verdict {
        match self.stopped() {
            Some(why) => Verdict::unavailable("MEMBER_STOPPED", why),
            None => self.decider.submit(submission, within).await,
        }
    }

    /// The state that holds everything anyone was told before the call; `Err` with the leader, where it is known, if this is not it.
    pub async fn confirmed(&self, within: Duration) -> Result<LogState, Option<MemberId>> {
        timeout(self.shared.env.as_ref(), within, self.scoped(self.decider.confirmed())).await.unwrap_or(Err(None))
    }

    /// Hands leadership over; returns when the request is on its way.
    pub async fn transfer_leader(&self, to: MemberId) -> Result<(), GroupError> {
        // openraft would wait for a member that cannot take it, and refuse writes meanwhile.
        if !self.voters().iter().all(|set| set.contains(&to)) || to == self.shared.member {
            return Err(self.members_error(format!("{to} was to lead it, wanted another of its voters")));
        }
        self.scoped(self.raft.trigger().transfer_leader(to.0)).await.map_err(|error| self.members_error(error))
    }

    /// Replaces a member that is gone for good by a new one: the new one catches up as a learner first, so the group never waits for
    /// an empty disk. Can be repeated until it succeeds.
    pub async fn replace(&self, gone: MemberId, new: MemberId) -> Result<(), GroupError> {
        let _changing = self.changing.lock().await;
        let voting: BTreeSet<MemberId> = self.voters().into_iter().flatten().collect();
        if let Some(highest) = voting.iter().max().filter(|highest| new < **highest && !voting.contains(&new)) {
            return Err(self.members_error(format!(
                "{gone} was to be replaced by {new}, wanted a member id that was never used: above {highest}"
            )));
        }
        match (voting.contains(&gone), voting.contains(&new)) {
            (false, true) => return Ok(()),
            // A second replacement was faster; taking the new one in as well would leave a voter too many.
            (false, false) => {
                return Err(self.members_error(format!("{gone} was to be replaced by {new}, wanted one of its voters")));
            }
            (true, _) => {}
        }
        self.scoped(self.raft.add_learner(new.0, EmptyNode {}, true))
            .await
            .map_err(|error| self.members_error(error))?;
        let mut voters: BTreeSet<u64> = self.voters().into_iter().flatten().map(|member| member.0).collect();
        voters.remove(&gone.0);
        voters.insert(new.0);
        let change = self.raft.change_membership(ChangeMembers::ReplaceAllVoters(voters), false);
        self.scoped(change).await.map(|_| ()).map_err(|error| self.members_error(error))
    }
}
