//! What the services hold: a region that may be closed and opened again behind a listener that stays.
//!
//! A call takes a *lease* of the region and gives it back when it ends. Closing refuses new calls, ends the calls under way, and
//! [`Front::vacated`] tells when the last lease is gone: only then are the region's stores free to be opened again.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use identity::Operators;
use ids::{MemberId, RegionId, RequestId, RingId};
use planner::Settler;
use ports::Env;
use rand::{Rng, SeedableRng, rngs::StdRng};
use region::Region;
use tokio::sync::{Notify, watch};

use super::{call::Signature, gate::Gate, status::Refusal};

/// Who answers, and where everybody else is.
#[derive(Clone, Debug)]
pub struct About {
    pub ring: RingId,
    pub member: MemberId,
    pub region: RegionId,
    /// Version of the binary.
    pub version: String,
    /// Every member's public address, `https://host:port`.
    pub topology: BTreeMap<RegionId, Vec<(MemberId, String)>>,
}

/// What one client may hold up, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A watcher that takes nothing for so long is cut off.
    pub watch_patience: Duration,
    /// Mutations of one stream without an answer; no more are read until answers leave. A fraction of what the region takes on
    /// ([`region::admission::SUBMISSIONS_MAX`]), so that one stream leaves room for others.
    pub unanswered: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { watch_patience: Duration::from_secs(30), unanswered: 1024 }
    }
}

/// See the module.
pub struct Front {
    pub(super) about: About,
    pub(super) limits: Limits,
    pub(super) signature: Signature,
    pub(super) gate: Arc<Gate>,
    pub(super) writes: Writes,
    /// Works out decisions about clusters for who asks, from the copies here.
    pub(super) settler: Arc<Settler>,
    state: RwLock<State>,
    /// Whether the region is open, for health.
    serving: watch::Sender<bool>,
}

struct State {
    door: Door,
    /// The region that was closed last and may still be in use.
    leaving: Option<Arc<Gone>>,
}

/// Whether writes are taken. Shared with the streams of mutations, which outlive the call that began them.
#[derive(Clone, Default)]
pub(super) struct Writes(Arc<RwLock<Option<Refusal>>>);

impl Writes {
    /// Refuses while writes are refused.
    pub fn taken(&self) -> Result<(), Refusal> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(Ok(()), |why| Err(why.clone()))
    }
}

enum Door {
    Open(Arc<Opened>),
    Closed(Refusal),
}

/// A region in use. Its last lease tells [`Gone`].
pub(super) struct Opened {
    pub region: Region,
    closing: Closing,
    request_ids: Mutex<StdRng>,
    gone: Arc<Gone>,
}

#[derive(Default)]
struct Closing {
    closed: AtomicBool,
    why: Mutex<Option<Refusal>>,
    told: Notify,
}

/// Whether nobody uses a region any more.
#[derive(Default)]
struct Gone {
    gone: AtomicBool,
    told: Notify,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.gone.gone.store(true, SeqCst);
        self.gone.told.notify_waiters();
    }
}

impl Front {
    /// Without a region: every call is refused with `STARTING` until [`Front::open`].
    pub fn new(about: About) -> Arc<Self> {
        Self::guarded(about, Limits::default(), None)
    }

    /// With the ring's operators. Without them everybody may do everything.
    pub fn guarded(about: About, limits: Limits, operators: Option<Operators>) -> Arc<Self> {
        let starting =
            Refusal::new("STARTING", "called a member that is starting: it takes calls when its copies are open");
        Arc::new(Self {
            signature: Signature::new(&about),
            gate: Gate::new(&about.ring, operators),
            about,
            limits,
            writes: Writes::default(),
            settler: Arc::default(),
            state: RwLock::new(State { door: Door::Closed(starting), leaving: None }),
            serving: watch::Sender::new(false),
        })
    }

    /// Serves `region` from now on. A region that was open before is closed.
    pub fn open(&self, region: Region) {
        self.close("STARTING", "called a member that opens its copies again: another member takes the call");
        let env = &region.ledger().ports().env;
        let mut seed = [0; 32];
        for part in seed.chunks_exact_mut(8) {
            part.copy_from_slice(&env.seed("api.request-id").to_le_bytes());
        }
        let request_ids = Mutex::new(StdRng::from_seed(seed));
        let opened = Opened { region, closing: Closing::default(), request_ids, gone: Arc::default() };
        self.write_state(|state| state.door = Door::Open(Arc::new(opened)));
        self.serving.send_replace(true);
    }

    /// Refuses every call with `reason` (UNAVAILABLE, to be tried again) from now on, and ends those under way.
    pub fn close(&self, reason: &str, message: &str) {
        let why = Refusal::not_done(reason, message);
        let before = self.write_state(|state| {
            let before = std::mem::replace(&mut state.door, Door::Closed(why.clone()));
            if let Door::Open(opened) = &before {
                state.leaving = Some(Arc::clone(&opened.gone));
            }
            before
        });
        self.serving.send_replace(false);
        if let Door::Open(opened) = before {
            opened.closing.close(why);
        }
    }

    /// Completes when no call uses the region that was closed last any more.
    pub async fn vacated(&self) {
        let leaving = self.state.read().unwrap_or_else(PoisonError::into_inner).leaving.clone();
        if let Some(gone) = leaving {
            until(&gone.told, &gone.gone).await;
        }
    }

    /// Refuses writes with this reason and message until told otherwise; reads and watches go on.
    pub fn refuse_writes(&self, why: Option<(&str, &str)>) {
        let why = why.map(|(reason, message)| Refusal::not_done(reason, message));
        *self.writes.0.write().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Whether a region is open, and every change of it.
    pub(super) fn serving(&self) -> watch::Receiver<bool> {
        self.serving.subscribe()
    }

    /// The open region, to use until the call ends.
    pub(super) fn lease(&self) -> Result<Arc<Opened>, Refusal> {
        match &self.state.read().unwrap_or_else(PoisonError::into_inner).door {
            Door::Open(opened) => Ok(Arc::clone(opened)),
            Door::Closed(why) => Err(why.clone()),
        }
    }

    fn write_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Opened {
    pub fn env(&self) -> &Arc<dyn Env> {
        &self.region.ledger().ports().env
    }

    /// A request id for a caller who gave none.
    pub fn request_id(&self) -> RequestId {
        let mut id = [0; 16];
        self.request_ids.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut id);
        RequestId(id)
    }

    /// Completes when the region is to be left, with the reason.
    pub async fn closing(&self) -> Refusal {
        until(&self.closing.told, &self.closing.closed).await;
        let why = self.closing.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
        why.unwrap_or_else(|| Refusal::new("STARTING", "called a member that closed its copies"))
    }

    /// Does `work`, unless the region is closed before it is done: then the work is dropped where it stands.
    pub async fn unless_closing<T>(&self, work: impl Future<Output = T>) -> Result<T, Refusal> {
        match select(pin!(work), pin!(self.closing())).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right((why, _)) => Err(why),
        }
    }
}

impl Closing {
    fn close(&self, why: Refusal) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        self.closed.store(true, SeqCst);
        self.told.notify_waiters();
    }
}

/// Completes when `flag` is raised; whoever raises it tells `told`.
async fn until(told: &Notify, flag: &AtomicBool) {
    loop {
        let mut changed = pin!(told.notified());
        // Queue up before looking, so that a change in between is not missed.
        changed.as_mut().enable();
        if flag.load(SeqCst) {
            return;
        }
        changed.await;
    }
}
