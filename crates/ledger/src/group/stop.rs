//! The end of a group at this member: noticed by a monitor, which also tells observers about leadership and membership.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use ids::MemberId;
use invariants::{Observation, observation::QuarantineCause};
use openraft::{async_runtime::watch::WatchReceiver, errors::Fatal};
use tokio::sync::Notify;

use super::Group;
use crate::raft::{TypeConfig, machine::Shared};

/// What ended a group at this member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// The store refused: a disk without room, a flush that failed, or bytes that do not read.
    Storage,
    /// Consensus itself ended, and not for a reason of the store.
    Consensus,
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Storage => "storage",
            Self::Consensus => "consensus",
        })
    }
}

/// Why a group stopped. It does not go on by itself: the member must be started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub cause: StopCause,
    pub why: String,
}

/// Whether the group stopped, and who waits for it.
#[derive(Default)]
pub(super) struct Stopped {
    stop: Mutex<Option<Stop>>,
    told: Notify,
}

impl Stopped {
    pub(super) fn get(&self) -> Option<Stop> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn is_set(&self) -> bool {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn set(&self, stop: Stop) {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
        self.told.notify_waiters();
    }
}

impl Group {
    /// Completes when this member no longer serves the group.
    pub async fn until_stopped(&self) -> Stop {
        loop {
            let mut told = pin!(self.stopped.told.notified());
            // Queue up before looking, so that a stop in between is not missed.
            told.as_mut().enable();
            if let Some(stop) = self.stopped.get() {
                return stop;
            }
            told.await;
        }
    }

    /// Tells observers about leadership and membership, and notices when the group stops.
    pub(super) fn spawn_monitor(&self) {
        let (shared, stopped) = (self.shared.clone(), Arc::clone(&self.stopped));
        let mut metrics = self.raft.metrics();
        self.shared.env.tasks().spawn(async move {
            let mut seen = Seen::default();
            loop {
                let fatal = {
                    let now = metrics.borrow_and_update();
                    seen.look(&shared, &now);
                    now.running_state.as_ref().err().map(stop_of)
                };
                if let Some(why) = fatal {
                    stop(&shared, &stopped, why);
                    return;
                }
                if metrics.changed().await.is_err() {
                    // The core ended without a word, as it does when it panics: its last metrics would go on saying that it leads.
                    let why = "consensus ended without saying why".to_owned();
                    stop(&shared, &stopped, Stop { cause: StopCause::Consensus, why });
                    return;
                }
            }
        });
    }
}

fn stop_of(fatal: &Fatal<TypeConfig>) -> Stop {
    let cause = match fatal {
        Fatal::StorageError(_) => StopCause::Storage,
        Fatal::Panicked | Fatal::Stopped => StopCause::Consensus,
    };
    Stop { cause, why: fatal.to_string() }
}

fn stop(shared: &Shared, stopped: &Stopped, stop: Stop) {
    tracing::error!(member = %shared.member, log = %shared.log, cause = %stop.cause, why = stop.why, "stopped serving the group");
    shared.cell.close();
    stopped.set(stop);
    let cause = QuarantineCause::Stopped;
    shared.env.observe(&|| Observation::Quarantined { member: shared.member, log: shared.log.clone(), cause });
}

/// What the monitor told last.
#[derive(Default)]
struct Seen {
    led_term: Option<u64>,
    voters: Vec<Vec<MemberId>>,
}

impl Seen {
    fn look(&mut self, shared: &Shared, metrics: &openraft::metrics::RaftMetrics<TypeConfig>) {
        if !metrics.state.is_leader() {
            return;
        }
        let (member, log, term) = (shared.member, &shared.log, metrics.current_term);
        if self.led_term != Some(term) {
            self.led_term = Some(term);
            shared.env.observe(&|| Observation::BecameLeader { member, log: log.clone(), term });
        }
        let sets = metrics.membership_config.membership().get_joint_config().iter();
        let voters: Vec<Vec<MemberId>> = sets.map(|set| set.iter().copied().map(MemberId).collect()).collect();
        if self.voters != voters {
            shared.env.observe(&|| Observation::Membership { log: log.clone(), voters: voters.clone() });
            self.voters = voters;
        }
    }
}
