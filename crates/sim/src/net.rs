//! The network between members: delay, loss, reordering, cuts in either direction, and records damaged on the way.
//!
//! Every message is encoded and decoded, so nothing crosses that has no bytes. A lost message is silence: its sender learns nothing
//! before its own deadline. Delays are drawn per message, so messages overtake each other.

use std::{
    collections::BTreeMap,
    future::pending,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use ids::{MemberId, RegionId};
use invariants::observation::entry_digest;
use ports::{BoxFuture, CallError, PeerService, PeerTransport, TaskScope};
use rand::{RngExt, rngs::SmallRng};
use region::Region;
use tokio::sync::oneshot;
use wire::proto::{PeerReply, PeerRequest};

use crate::{damage, trace::Trace};

/// How late a late message is: no try at a member takes so long.
const LATE_MS: RangeInclusive<u64> = 1_500..=6_000;

/// One way between two members.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// Faults that cut it at the moment.
    cuts: u32,
}

/// Weather of the whole network.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Lost messages, per 10,000.
    pub loss: u32,
    /// Pull replies with damaged records, per 10,000.
    pub damage: u32,
    /// Messages that arrive seconds later, per 10,000: their senders have given them up by then.
    pub late: u32,
    /// Added to every delay, at most, in milliseconds.
    pub jitter_ms: u64,
}

/// A member that is up.
#[derive(Clone)]
struct Attached {
    region: Region,
    scope: TaskScope,
    life: u64,
}

/// See the module.
pub struct Net {
    trace: Arc<Trace>,
    /// Messages under way belong to nobody: they arrive even if their sender is gone.
    scope: TaskScope,
    inner: Mutex<Inner>,
}

struct Inner {
    rng: SmallRng,
    weather: Weather,
    regions: BTreeMap<MemberId, RegionId>,
    /// One-way delay between regions, in milliseconds.
    distance_ms: BTreeMap<(RegionId, RegionId), u64>,
    ways: BTreeMap<(MemberId, MemberId), Way>,
    attached: BTreeMap<MemberId, Attached>,
    lives: u64,
}

impl Net {
    pub fn new(
        trace: Arc<Trace>,
        rng: SmallRng,
        weather: Weather,
        distance_ms: BTreeMap<(RegionId, RegionId), u64>,
    ) -> Arc<Self> {
        let inner = Inner {
            rng,
            weather,
            regions: BTreeMap::new(),
            distance_ms,
            ways: BTreeMap::new(),
            attached: BTreeMap::new(),
            lives: 0,
        };
        Arc::new(Self { trace, scope: TaskScope::default(), inner: Mutex::new(inner) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a member known before it is up.
    pub fn place(&self, member: MemberId, region: RegionId) {
        self.lock().regions.insert(member, region);
    }

    /// The member serves from now on.
    pub fn attach(&self, member: MemberId, region: Region, scope: TaskScope) {
        let mut inner = self.lock();
        inner.lives += 1;
        let life = inner.lives;
        inner.attached.insert(member, Attached { region, scope, life });
    }

    /// The member is gone.
    pub fn detach(&self, member: MemberId) {
        self.lock().attached.remove(&member);
    }

    pub fn set_weather(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    /// Cuts, or with `false` mends, every way from one of `from` to one of `to`. Cuts add up: a way is open when every cut is mended.
    pub fn cut(&self, from: &[MemberId], to: &[MemberId], cut: bool) {
        let mut inner = self.lock();
        for a in from {
            for b in to {
                let way = inner.ways.entry((*a, *b)).or_default();
                way.cuts = if cut { way.cuts + 1 } else { way.cuts.saturating_sub(1) };
            }
        }
    }

    /// Mends everything.
    pub fn mend_all(&self) {
        self.lock().ways.clear();
    }

    /// The transport of one member.
    pub fn transport(self: &Arc<Self>, from: MemberId) -> Arc<dyn PeerTransport> {
        Arc::new(Transport { net: Arc::clone(self), from })
    }

    /// Delay of a message, or `None` if it is lost.
    fn fate(&self, from: MemberId, to: MemberId, bytes: &Bytes) -> Option<Duration> {
        let fate = self.lock().fate(from, to);
        self.trace.note(format_args!("{from}>{to} {} {:x} {fate:?}", bytes.len(), entry_digest(bytes)));
        fate
    }

    fn open(&self, from: MemberId, to: MemberId) -> bool {
        self.lock().ways.get(&(from, to)).is_none_or(|way| way.cuts == 0)
    }

    fn attached(&self, member: MemberId) -> Option<Attached> {
        self.lock().attached.get(&member).cloned()
    }

    fn damaged(&self, reply: PeerReply) -> PeerReply {
        let mut inner = self.lock();
        let odds = inner.weather.damage;
        damage::maybe(reply, odds, &mut inner.rng)
    }

    /// Carries a request over, has it served, and carries the reply back. Each step may lose it.
    async fn carry(self: Arc<Self>, from: MemberId, to: MemberId, request: Bytes, reply: oneshot::Sender<Carried>) {
        let Some(delay) = self.fate(from, to, &request) else { return };
        tokio::time::sleep(delay).await;
        if !self.open(from, to) {
            return;
        }
        let Some(server) = self.attached(to) else {
            // Nobody listens there: the sender's machine is told so.
            if let Some(delay) = self.fate(to, from, &Bytes::new()) {
                tokio::time::sleep(delay).await;
                if self.open(to, from) {
                    let _ = reply.send(Carried::NobodyThere);
                }
            }
            return;
        };
        let Ok(request) = wire::decode::<PeerRequest>("a request", request) else { return };
        let net = Arc::clone(&self);
        let region = server.region.clone();
        // Served by the receiver's own tasks: they end with it.
        server.scope.spawn(async move {
            let answer = wire::encode(&net.damaged(region.serve(request).await));
            let scope = net.scope.clone();
            scope.spawn(net.carry_back(to, from, answer, reply));
        });
    }

    async fn carry_back(self: Arc<Self>, from: MemberId, to: MemberId, answer: Bytes, reply: oneshot::Sender<Carried>) {
        let Some(life) = self.attached(to).map(|member| member.life) else { return };
        let Some(delay) = self.fate(from, to, &answer) else { return };
        tokio::time::sleep(delay).await;
        let same_life = self.attached(to).is_some_and(|member| member.life == life);
        if self.open(from, to) && same_life {
            let _ = reply.send(Carried::Reply(answer));
        }
    }
}

impl Inner {
    fn fate(&mut self, from: MemberId, to: MemberId) -> Option<Duration> {
        let lost = self.rng.random_range(0..10_000) < self.weather.loss;
        let jitter = self.rng.random_range(0..=self.weather.jitter_ms);
        let tail = if self.rng.random_range(0..200) == 0 { self.rng.random_range(0..=40) } else { 0 };
        if lost || self.ways.get(&(from, to)).is_some_and(|way| way.cuts > 0) {
            return None;
        }
        let ends = (self.regions.get(&from)?.clone(), self.regions.get(&to)?.clone());
        let late = self.weather.late > 0 && self.rng.random_range(0..10_000) < self.weather.late;
        let tail = if late { self.rng.random_range(LATE_MS) } else { tail };
        let base = self.distance_ms.get(&ends).copied().unwrap_or(1);
        Some(Duration::from_millis(base + jitter + tail))
    }
}

enum Carried {
    Reply(Bytes),
    NobodyThere,
}

struct Transport {
    net: Arc<Net>,
    from: MemberId,
}

impl PeerTransport for Transport {
    fn call(
        &self,
        to: MemberId,
        request: PeerRequest,
        within: Duration,
    ) -> BoxFuture<'static, Result<PeerReply, CallError>> {
        let (net, from) = (Arc::clone(&self.net), self.from);
        let (reply, carried) = oneshot::channel();
        let request = wire::encode(&request);
        Box::pin(async move {
            let scope = net.scope.clone();
            scope.spawn(net.carry(from, to, request, reply));
            let answered = async {
                match carried.await {
                    Ok(carried) => carried,
                    // Lost on the way: nobody tells the sender.
                    Err(_) => pending().await,
                }
            };
            match tokio::time::timeout(within, answered).await {
                Ok(Carried::Reply(bytes)) => {
                    wire::decode("a reply", bytes).map_err(|_| CallError::TimedOut { to, within })
                }
                Ok(Carried::NobodyThere) => Err(CallError::Unreachable { to }),
                Err(_) => Err(CallError::TimedOut { to, within }),
            }
        })
    }
}
