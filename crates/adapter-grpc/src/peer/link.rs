//! One lane to one member: connected on first use, found again soon after it was lost.
//!
//! ```text
//!            first call              heard
//!     Idle ────────────▶ Connecting ───────▶ Ready ──▶ closed, or silent while calls wait: Idle
//!                         ▲       │ failed
//!      call after a pause │       ▼
//!                         └──── Waiting (50 ms, doubling up to a second; calls fail at once meanwhile)
//! ```
//!
//! Connecting is a task of its own: a call whose time is over does not take the attempt with it, or a short deadline would never let a
//! long handshake finish.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use ids::MemberId;
use ports::TaskScope;
use tokio::{sync::watch, time::Instant};

use super::{
    ConnectError, Lane, LinkStatus, Trouble,
    connect::{Connection, Target, connect},
};

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(800);
/// Calls wait, and not a byte came back for so long: new calls take a new connection. Longer than the interval of keep-alive, so that a
/// member that is alive and only slow is not called anew; shorter than its end, so that calls are soon known to be undelivered.
const SILENCE: Duration = Duration::from_millis(2500);

pub(super) struct Link {
    member: MemberId,
    lane: Lane,
    target: Target,
    tasks: TaskScope,
    state: watch::Sender<State>,
    /// Attempts that failed since a call was answered.
    failures: AtomicU32,
    trouble: Mutex<Option<Trouble>>,
    /// Whether there is a trouble, so that nobody locks when all is well.
    troubled: AtomicBool,
}

enum State {
    Idle,
    Connecting,
    Ready(Arc<Connection>),
    Waiting { until: Instant },
}

/// What a caller does next.
enum Step {
    Use(Arc<Connection>),
    GiveUp,
    Connect,
    Wait,
}

impl Link {
    pub fn new(member: MemberId, lane: Lane, target: Target, tasks: TaskScope) -> Self {
        Self {
            member,
            lane,
            target,
            tasks,
            state: watch::Sender::new(State::Idle),
            failures: AtomicU32::new(0),
            trouble: Mutex::new(None),
            troubled: AtomicBool::new(false),
        }
    }

    /// The connection, once there is one; none when the attempt failed, or another one is not due yet.
    pub async fn connection(self: &Arc<Self>) -> Option<Arc<Connection>> {
        let ready = match &*self.state.borrow() {
            State::Ready(connection) if connection.is_open() => Some(Arc::clone(connection)),
            _ => None,
        };
        if ready.is_some() {
            return ready;
        }
        let mut changes = self.state.subscribe();
        loop {
            match self.step() {
                Step::Use(connection) => return Some(connection),
                Step::GiveUp => return None,
                Step::Connect => self.begin(),
                Step::Wait => changes.changed().await.ok()?,
            }
        }
    }

    /// Connects in the background if there is no connection and an attempt is due.
    pub fn warm(self: &Arc<Self>) {
        if matches!(self.step(), Step::Connect) {
            self.begin();
        }
    }

    fn step(&self) -> Step {
        let mut step = Step::Wait;
        self.state.send_if_modified(|state| {
            step = match state {
                State::Ready(connection) if connection.is_open() => Step::Use(Arc::clone(connection)),
                State::Waiting { until } if Instant::now() < *until => Step::GiveUp,
                State::Connecting => Step::Wait,
                State::Idle | State::Ready(_) | State::Waiting { .. } => Step::Connect,
            };
            let connects = matches!(step, Step::Connect);
            if connects {
                *state = State::Connecting;
            }
            connects
        });
        step
    }

    fn begin(self: &Arc<Self>) {
        let link = Arc::clone(self);
        // Ends within the limits of connecting, or with its scope.
        drop(self.tasks.spawn(async move {
            let mut attempt = Attempt { link: &link, result: None };
            attempt.result = Some(connect(&link.target, &link.tasks).await);
        }));
    }

    fn settle(&self, result: Option<Result<Connection, ConnectError>>) {
        let state = match result {
            Some(Ok(connection)) => State::Ready(Arc::new(connection)),
            Some(Err(error)) => {
                self.note(Trouble::Connect(error));
                State::Waiting { until: Instant::now() + self.pause() }
            }
            // Dropped where it stood: the scope has ended.
            None => State::Idle,
        };
        self.state.send_replace(state);
    }

    /// Longer after every failure, and another one for every link, so that members do not call a restarted one all at once.
    fn pause(&self) -> Duration {
        let failures = self.failures.fetch_add(1, Relaxed);
        let mut hasher = DefaultHasher::new();
        (self.member.0, self.lane.name(), &self.target.address, failures).hash(&mut hasher);
        let percent = 75 + u32::try_from(hasher.finish() % 51).unwrap_or_default();
        let full = PAUSE_MIN.saturating_mul(1 << failures.min(4)).min(PAUSE_MAX);
        full * percent / 100
    }

    /// A call was answered.
    pub fn answered(&self) {
        if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
        }
        if self.troubled.swap(false, Relaxed) {
            let was = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
            if matches!(was, Some(Trouble::Connect(_) | Trouble::Refused { .. })) {
                tracing::info!(member = %self.member, lane = %self.lane, "calls are answered again");
            }
        }
    }

    /// Notes what went wrong, and says it once.
    pub fn note(&self, trouble: Trouble) {
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.as_ref() == Some(&trouble) {
            return;
        }
        match &trouble {
            Trouble::Connect(_) | Trouble::Refused { .. } | Trouble::TooLarge { .. } => {
                tracing::warn!(member = %self.member, lane = %self.lane, %trouble, "called a member");
            }
            Trouble::Broken { .. } | Trouble::Late => {
                tracing::debug!(member = %self.member, lane = %self.lane, %trouble, "called a member");
            }
        }
        *noted = Some(trouble);
        self.troubled.store(true, Relaxed);
    }

    /// A call on `connection` was not answered in time. If nothing at all was heard for a while, the next call takes a new connection;
    /// what waits on this one may still be answered.
    pub fn late(&self, connection: &Arc<Connection>) {
        if connection.heard().quiet() < SILENCE {
            return;
        }
        self.state.send_if_modified(|state| match state {
            State::Ready(current) if Arc::ptr_eq(current, connection) => {
                *state = State::Idle;
                true
            }
            _ => false,
        });
    }

    pub fn status(&self) -> LinkStatus {
        let connected = matches!(&*self.state.borrow(), State::Ready(connection) if connection.is_open());
        LinkStatus {
            member: self.member,
            address: self.target.address.clone(),
            lane: self.lane,
            connected,
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Leaves no link in `Connecting`, however the attempt ends.
struct Attempt<'a> {
    link: &'a Link,
    result: Option<Result<Connection, ConnectError>>,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.link.settle(self.result.take());
    }
}
