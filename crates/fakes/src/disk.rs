//! The simulated disk of one member. It outlives the member's processes, and loses what was not flushed.
//!
//! ```text
//!   write ──▶ memory            what readers see
//!        └──▶ pending ──flush──▶ durable        what survives
//!               └──crash: a random prefix──▲    (writes that nobody waits for: flushed with the next one, or after a while)
//! ```
//! Map: `store` what a place holds · `pending` units in order · `state` the three parts and every step between them · `syncer` the
//! task that flushes · `open` a process's handle, which is the two ports · `damage` of what is at rest.
//!
//! A store that flushes inside the call, as most test stores do, never has a tail to lose, and so hides the bugs that tails make.
//! Bit rot comes only from [`Disk::damage`]. Not modelled: torn units, and a failed flush of which a part reached the disk after all.

mod damage;
mod open;
mod pending;
mod state;
mod store;
mod syncer;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ids::MemberId;
use invariants::Observation;
use ports::Env;
use tokio::sync::Notify;

pub use damage::{Damage, Place};
pub use open::OpenDisk;
use state::{Aftermath, State};

/// How the disk behaves from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskWeather {
    /// A flush takes at least this long.
    pub flush_min: Duration,
    /// A flush takes at most this long; where it is below `flush_min`, exactly that.
    pub flush_max: Duration,
    /// What nobody waits for is flushed by itself after at most this long.
    pub later_max: Duration,
    /// No flush completes until this is lifted.
    pub stalled: bool,
    /// The next flush that carries bytes fails for want of room.
    pub full: bool,
    /// The next flush fails.
    pub failing: bool,
}

impl Default for DiskWeather {
    /// A good solid-state disk.
    fn default() -> Self {
        Self {
            flush_min: Duration::from_millis(1),
            flush_max: Duration::from_millis(5),
            later_max: Duration::from_millis(40),
            stalled: false,
            full: false,
            failing: false,
        }
    }
}

/// A lie for the disk to tell, to show that somebody notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskCanary {
    #[default]
    None,
    /// A write is acknowledged at once, while it is pending.
    AckBeforeFlush,
    /// A write for which nobody waits is flushed with the next one that is waited for, and never by itself.
    NeverByItself,
    /// A unit that sets the meta value `vote` is acknowledged at once, and a crash throws it away if it is still pending.
    VoteNotFlushed,
}

/// What the disk did in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskCounts {
    /// Flushes that succeeded.
    pub flushes: u64,
    /// Units that became durable, by a flush or by surviving a crash.
    pub units: u64,
    /// Units that were taken and never became durable.
    pub units_lost: u64,
}

/// Where statements about what is durable go. Called without any lock held.
type Observe = Arc<dyn Fn(Observation) + Send + Sync>;

/// One member's disk.
pub struct Disk {
    member: MemberId,
    observe: Observe,
    state: Mutex<State>,
    /// Something that the syncer waits for may have happened: a write, other weather, the end of its life.
    changed: Notify,
}

impl Disk {
    /// An empty disk. What a crash keeps and how long flushes take is drawn from `seed`.
    pub fn new(member: MemberId, seed: u64, observe: Observe) -> Arc<Self> {
        Arc::new(Self { member, observe, state: Mutex::new(State::new(seed)), changed: Notify::new() })
    }

    /// A new process opens the disk: it reads what is durable. Handles opened before are dead, and what they left pending is as after
    /// [`Disk::crash`].
    pub fn open(self: &Arc<Self>, env: Arc<dyn Env>) -> Arc<OpenDisk> {
        let life = self.end_life();
        let syncer = syncer::run(Arc::clone(self), life, Arc::clone(&env));
        drop(env.tasks().spawn(syncer));
        Arc::new(OpenDisk::new(Arc::clone(self), life))
    }

    /// The process ends without warning: a random prefix of what is pending becomes durable, the rest never was. No callback is
    /// called.
    pub fn crash(&self) {
        self.end_life();
    }

    /// The disk is replaced by an empty one.
    pub fn lose(&self) {
        let aftermath = self.lock().lose(self.member);
        self.settle(aftermath);
        self.changed.notify_waiters();
    }

    /// A handle that only reads, in the present life: what a tool sees that opens the disk of a process that ended.
    pub fn reader(self: &Arc<Self>) -> Arc<OpenDisk> {
        Arc::new(OpenDisk::new(Arc::clone(self), u64::MAX))
    }

    /// Every value that readers see.
    pub fn places(&self) -> Vec<Place> {
        self.lock().memory.places()
    }

    /// Damages one stored value, in what readers see and in what survives. `false`: there is none at this place, or it cannot be
    /// damaged so. Meant for a disk at rest: what is pending by then is not damaged with it.
    pub fn damage(&self, place: &Place, damage: &Damage) -> bool {
        self.lock().damage(place, damage)
    }

    pub fn set_weather(&self, weather: DiskWeather) {
        self.lock().weather = weather;
        self.changed.notify_waiters();
    }

    pub fn weather(&self) -> DiskWeather {
        self.lock().weather
    }

    pub fn sabotage(&self, canary: DiskCanary) {
        self.lock().canary = canary;
    }

    pub fn counts(&self) -> DiskCounts {
        self.lock().counts
    }

    /// Units that a crash now could lose.
    pub fn pending(&self) -> usize {
        self.lock().pending()
    }

    pub fn member(&self) -> MemberId {
        self.member
    }

    /// The number of the life that begins.
    fn end_life(&self) -> u64 {
        let (aftermath, life) = {
            let mut state = self.lock();
            (state.crash(self.member), state.life)
        };
        self.settle(aftermath);
        self.changed.notify_waiters();
        life
    }

    /// Tells observers, then callers.
    fn settle(&self, aftermath: Aftermath) {
        aftermath.seen.into_iter().for_each(|what| (self.observe)(what));
        aftermath.calls.into_iter().for_each(|(flushed, result)| flushed(result));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("member", &self.member).field("counts", &self.counts()).finish_non_exhaustive()
    }
}
