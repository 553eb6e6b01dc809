//! What clients did and were told, in the words of their own process's clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::RequestId;
use ids::{Log, Position, RegionId};
use tokio::time::Instant;

use super::{
    request::Wish,
    subject::{Subject, words},
};

/// One monotonic clock for everything that is judged together.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Nanoseconds since the start.
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// How a write ended for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect; the version it made, where the answer says.
    Done { version: Option<u64> },
    /// The rules of the domain refuse it, for this reason.
    Rejected { reason: String },
    /// Not done, because of the state of the ring.
    NotDone { reason: String },
    /// It may or may not take effect. `refused`: the last try was refused by the rules, and an earlier one was not answered.
    Unknown { reason: String, refused: bool },
}

/// Why a write was sent: who judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// A value that is replaced: judged as a register.
    Register,
    /// A list that is appended to: judged as one.
    List,
    /// A sign of life: counted, settled and looked for in the logs, and no more.
    Probe,
}

/// One write.
#[derive(Clone, Debug)]
pub struct Written {
    pub client: u32,
    pub purpose: Purpose,
    pub subject: Subject,
    pub wish: Wish,
    pub request_id: RequestId,
    pub invoked: u64,
    pub ended: u64,
    pub outcome: Outcome,
}

/// One linearizable read of a register.
#[derive(Clone, Debug)]
pub struct Seen {
    pub client: u32,
    pub subject: Subject,
    pub invoked: u64,
    pub ended: u64,
    /// Version and value; `None`: it is not there.
    pub seen: Option<(u64, String)>,
}

/// One linearizable read of all lists at one place of the log.
#[derive(Clone, Debug)]
pub struct ListsSeen {
    pub client: u32,
    pub invoked: u64,
    pub ended: u64,
    pub lists: Vec<(String, Vec<u64>)>,
}

/// One step of a session, as [`oracle::sessions`] judges it.
#[derive(Clone, Debug)]
pub enum Step {
    Wrote(Position),
    Observed(Position),
}

/// What kind of call a prober makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    GlobalWrite,
    RegionWrite(RegionId),
    /// Of the global log, not before what the client has seen. What only the leader knew to be committed when it died is known again
    /// when the next one is elected, so no such read can be sooner than a write.
    GlobalRead,
    /// Of the log of a region, not before what the client has seen.
    RegionRead(RegionId),
}

/// Who probes what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prober {
    /// The region that its client prefers.
    pub from: RegionId,
    pub class: Class,
}

/// One call of a prober.
#[derive(Clone, Debug)]
pub struct Probe {
    pub invoked: u64,
    pub ended: u64,
    /// Who answered; or why it failed.
    pub result: Result<String, String>,
}

/// A read that was not served: neither with what is there nor with the word that nothing is.
#[derive(Clone, Debug)]
pub struct Refused {
    pub client: u32,
    /// What was read, and how.
    pub what: String,
    pub invoked: u64,
    pub ended: u64,
    pub why: String,
}

/// Everything that was written down.
#[derive(Debug, Default)]
pub struct Pages {
    pub written: Vec<Written>,
    pub seen: Vec<Seen>,
    pub lists_seen: Vec<ListsSeen>,
    pub sessions: Vec<(u32, Step)>,
    pub probes: Vec<(Prober, Probe)>,
    pub reads_refused: Vec<Refused>,
    /// The harness could not make sense of an answer: a failure of the harness, or of the API.
    pub nonsense: Vec<String>,
}

/// The book that all clients of a run share.
#[derive(Clone, Debug)]
pub struct Book {
    pub clock: Clock,
    pages: Arc<Mutex<Pages>>,
}

impl Book {
    pub fn new(clock: Clock) -> Self {
        Self { clock, pages: Arc::default() }
    }

    pub fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A read that was not served.
    pub fn refused(&self, client: u32, what: String, invoked: u64, error: &client::Error) {
        let (ended, why) = (self.clock.now(), words(error));
        self.lock().reads_refused.push(Refused { client, what, invoked, ended, why });
    }

    /// A step of a session: what an answer says that it has seen of the log that was asked.
    pub fn step(&self, client: u32, log: &Log, token: &client::Token, step: impl FnOnce(Position) -> Step) {
        if let Some((incarnation, seq)) = token.get(&log.to_string()) {
            let position =
                Position { log: log.clone(), incarnation: ids::Incarnation(incarnation), seq: ids::Seq(seq) };
            self.lock().sessions.push((client, step(position)));
        }
    }
}
