//! Shipping, receiving side: keeps one replica up with its log, from whichever member has more.
//!
//! One member of a region, the leader of its own group, pulls over the long way, so that the WAN carries a record once per region; the
//! others pull from it. A source is preferred from the log's home region; when that is out of reach, any member that is further on
//! serves, so relaying is free. A source whose records do not continue the chain is left alone for a while and nothing of what it
//! sent is taken in.

mod snapshot;

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{Either, select};
use ids::{Hash, Log, MemberId, RegionId};
use invariants::observation::QuarantineCause;
use ports::{Env, Instant, Registry, Topology};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use wire::{
    proto::{self, peer_reply, peer_request, pull_reply},
    record::hash_in,
};

use crate::{Timing, chunks::Gather, heads::HeadTable, peers::Peers, replica::Replica, shipping::PULL_BYTES_MAX};

/// How long one pull may take beyond the time the source may hold it.
const PULL_GRACE: Duration = Duration::from_secs(2);
/// How long a source is left alone after it did not answer.
const LEFT_ALONE_SILENT: Duration = Duration::from_secs(1);
/// How long a source is left alone after it sent what does not continue the chain.
const LEFT_ALONE_WRONG: Duration = Duration::from_secs(10);
/// Without progress for so many rounds while others are known to be further on, any member pulls over the long way.
const PATIENCE: u32 = 3;

/// A replica that has this much catching up taken in and not flushed takes no more: a sync that stalls must not fill the memory. Far more
/// than a disk in good health ever holds.
const UNFLUSHED_SECONDS: u64 = 2;
/// Between two looks whether the disk has caught up.
const FLOODED_PAUSE: Duration = Duration::from_millis(50);

/// Keeps one replica up.
pub struct Puller {
    pub replica: Arc<Replica>,
    pub peers: Arc<Peers>,
    pub heads: Arc<HeadTable>,
    pub registry: Arc<dyn Registry>,
    pub env: Arc<dyn Env>,
    pub region: RegionId,
    pub timing: Timing,
    /// The leader of this region's own group, as this member knows it.
    pub region_leader: Box<dyn Fn() -> Option<MemberId> + Send + Sync>,
    pub bytes_per_second: u64,
    pub left_alone: Mutex<BTreeMap<MemberId, Instant>>,
    /// A snapshot of which pieces have arrived.
    pub gathered: Mutex<Option<Gather>>,
}

impl Puller {
    /// Pulls until the member ends.
    pub async fn run(self) {
        let mut rng = SmallRng::seed_from_u64(self.env.seed("pull"));
        // After a wide outage everybody resumes: not all at once.
        self.pause(&mut rng, Duration::from_millis(200)).await;
        let mut progress = self.env.now();
        loop {
            if self.replica.quarantined().is_some() {
                return;
            }
            if self.replica.unflushed_bytes() >= self.bytes_per_second.saturating_mul(UNFLUSHED_SECONDS) {
                self.env.sleep(FLOODED_PAUSE).await;
                continue;
            }
            if !self.behind() {
                progress = self.env.now();
            }
            let waited = self.env.now().since(progress);
            let Some(source) = self.source(waited > self.timing.round * PATIENCE) else {
                self.pause(&mut rng, Duration::from_millis(200)).await;
                continue;
            };
            match self.pull_from(source).await {
                Ok(0) => {}
                Ok(bytes) => {
                    progress = self.env.now();
                    self.pace(bytes).await;
                }
                Err(left_alone) => {
                    self.leave_alone(source, left_alone);
                    self.pause(&mut rng, Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn pause(&self, rng: &mut SmallRng, about: Duration) {
        let ms = u64::try_from(about.as_millis()).unwrap_or(u64::MAX);
        self.env.sleep(Duration::from_millis(rng.random_range(ms / 2..=ms + ms / 2))).await;
    }

    /// Holds the catch-up rate.
    async fn pace(&self, bytes: usize) {
        let rate = self.bytes_per_second.max(1);
        let micros = (bytes as u64).saturating_mul(1_000_000) / rate;
        if micros >= 1_000 {
            self.env.sleep(Duration::from_micros(micros)).await;
        }
    }

    fn leave_alone(&self, source: MemberId, span: Duration) {
        let until = self.env.now().plus(span);
        self.left_alone.lock().unwrap_or_else(PoisonError::into_inner).insert(source, until);
    }

    fn usable(&self, member: MemberId) -> bool {
        let left_alone = self.left_alone.lock().unwrap_or_else(PoisonError::into_inner);
        member != self.peers.member() && left_alone.get(&member).is_none_or(|until| *until <= self.env.now())
    }

    /// Whom to pull from next.
    fn source(&self, impatient: bool) -> Option<MemberId> {
        let topology = self.registry.topology();
        let own = topology.members_of(&self.region);
        let leader = (self.region_leader)();
        let alone = own.len() == 1;
        if alone || impatient || leader == Some(self.peers.member()) {
            return self.far_source(&topology);
        }
        // Inside the region: the leader pulls for all, unless a neighbour has more already.
        let ahead = self.furthest(own.iter().copied(), true);
        ahead.or_else(|| leader.filter(|leader| self.usable(*leader)))
    }

    /// Whether some member is known to be further on than this replica.
    fn behind(&self) -> bool {
        let (log, here) = (self.replica.log(), self.replica.cell().seq());
        let topology = self.registry.topology();
        topology.members().any(|member| self.heads.of(log, member).is_some_and(|head| head.seq > here))
    }

    /// The home that answers; else whoever answers and is further on; else another region, which waits for the same records and may be in
    /// reach of the home; else the home that does not answer, because it may come back.
    fn far_source(&self, topology: &Topology) -> Option<MemberId> {
        let home = topology.home_of(self.replica.log());
        let answers = |member: &MemberId| {
            self.peers.answered_within(*member, self.timing.reachable_within()) && !self.peers.silent(*member)
        };
        self.furthest(home.iter().copied().filter(answers), false)
            .or_else(|| self.furthest(topology.members().filter(answers), true))
            .or_else(|| {
                let others = topology.members().filter(|member| topology.region_of(*member) != Some(&self.region));
                self.furthest(others.filter(answers), false)
            })
            .or_else(|| self.furthest(home.iter().copied(), false))
    }

    /// The usable member with the highest head; with `ahead`, only one that is further on than this replica.
    fn furthest(&self, members: impl Iterator<Item = MemberId>, ahead: bool) -> Option<MemberId> {
        let here = self.replica.cell().seq();
        let heads = members.filter(|member| self.usable(*member)).map(|member| {
            let seq = self.heads.of(self.replica.log(), member).map(|head| head.seq).unwrap_or_default();
            (seq, std::cmp::Reverse(member))
        });
        let best = heads.max()?;
        (!ahead || best.0 > here).then_some(best.1.0)
    }

    /// Pulls once. `Ok`: bytes taken in; `Err`: how long to leave the source alone.
    async fn pull_from(&self, source: MemberId) -> Result<usize, Duration> {
        let wait = self.timing.round;
        let state = self.replica.cell().state();
        let request = proto::PullRequest {
            log: state.log.to_string(),
            incarnation: state.incarnation.0,
            after_seq: state.seq.0,
            after_hash: state.hash.0.to_vec().into(),
            bytes_max: u32::try_from(PULL_BYTES_MAX).unwrap_or(u32::MAX),
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
        };
        let pull = self.peers.call(source, peer_request::Body::Pull(request), wait + PULL_GRACE);
        // A pull is long. Whoever answers nothing else meanwhile will not answer it, and another source may.
        let reply = match select(pin!(pull), pin!(self.peers.falls_silent(source))).await {
            Either::Left((reply, _)) => reply,
            Either::Right(_) => return Err(LEFT_ALONE_SILENT),
        };
        match reply {
            Ok(peer_reply::Body::Pull(proto::PullReply { body: Some(body) })) => {
                self.take(source, &state.log, body).await
            }
            Ok(_) | Err(_) => Err(LEFT_ALONE_SILENT),
        }
    }

    async fn take(&self, source: MemberId, log: &Log, body: pull_reply::Body) -> Result<usize, Duration> {
        match body {
            pull_reply::Body::Records(pulled) if pulled.records.is_empty() => Ok(0),
            pull_reply::Body::Records(pulled) => {
                let bytes = pulled.records.iter().map(bytes::Bytes::len).sum();
                let last_hash = hash_in("a pull reply", "last_hash", &pulled.last_hash).unwrap_or(Hash::ZERO);
                self.replica.accept(pulled.records, last_hash).map(|()| bytes).map_err(|error| {
                    tracing::warn!(member = %self.peers.member(), %source, %log, %error, "left a source alone: its records do not fit");
                    LEFT_ALONE_WRONG
                })
            }
            pull_reply::Body::Diverged(other) if other.voter => {
                // The log's own group holds another record here: this copy is wrong, and somebody must look why.
                let why = format!("{source} of the log's own group holds another record at or before {}", other.seq);
                let home = self.registry.topology().home_of(log).len();
                self.replica.accuse(source, home / 2 + 1, QuarantineCause::Chain, why);
                Err(LEFT_ALONE_WRONG)
            }
            pull_reply::Body::Diverged(_) => Err(LEFT_ALONE_WRONG),
            pull_reply::Body::Purged(_) => self.take_snapshot(source, log).await,
        }
    }
}
