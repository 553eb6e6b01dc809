//! How much this member takes on at once, and when it takes on no more.
//!
//! Every command waits somewhere for its verdict: in the decider's queue, which has its own bound, or here for the answer of another
//! member, which had none. Two counts, so that what other members pass on cannot crowd out this member's own callers and the other
//! way round. When a member shuts down it first refuses its own callers and goes on deciding for others, because it may still lead;
//! after it handed that over it is closed: it decides and relays nothing any more, and still tells who leads.
//!
//! A member without room on its disk decides no customer's command, whoever asks: what it must write by itself shall still find some.

use std::{
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst},
    },
};

use domain::Command;
use ledger::Verdict;
use tokio::sync::Notify;

/// Commands of this member's own callers that wait for their verdict; the next is told to come later.
pub const SUBMISSIONS_MAX: usize = 4096;
/// Commands and questions of other members, to decide here or to pass on, that wait for their answer.
pub const FROM_MEMBERS_MAX: usize = 8192;

/// See the module.
#[derive(Default)]
pub struct Admission {
    stage: AtomicU8,
    own: Arc<Count>,
    from_members: Arc<Count>,
    /// Why customers' commands are not decided here, while they are not.
    refusing: RwLock<Option<NotAdmitted>>,
}

#[derive(Default)]
struct Count {
    waiting: AtomicUsize,
    none: Notify,
}

/// Room for one command; given back when it is dropped.
pub struct Admitted(Arc<Count>);

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, SeqCst) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

/// Whose command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A caller of this member.
    Caller,
    /// Another member.
    Member,
}

/// Why there is no room; the command has no effect and never will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAdmitted {
    pub reason: &'static str,
    pub message: String,
}

impl NotAdmitted {
    pub fn shutting_down() -> Self {
        let message = "gave a command to a member that is shutting down: any other member takes it".to_owned();
        Self { reason: "SHUTTING_DOWN", message }
    }

    pub fn verdict(self) -> Verdict {
        Verdict::unavailable(self.reason, self.message)
    }
}

impl Admission {
    /// After 0, which is open.
    const DRAINING: u8 = 1;
    const CLOSED: u8 = 2;

    /// Takes a command on, or says why not.
    pub fn admit(&self, asker: Asker) -> Result<Admitted, NotAdmitted> {
        let (count, most) = match asker {
            Asker::Caller => (&self.own, SUBMISSIONS_MAX),
            Asker::Member => (&self.from_members, FROM_MEMBERS_MAX),
        };
        // Counted before the stage is looked at, so that whoever waits for zero after raising the stage waits for this one too.
        let waiting = count.waiting.fetch_add(1, SeqCst);
        let admitted = Admitted(Arc::clone(count));
        if asker == Asker::Caller && self.closing() {
            return Err(NotAdmitted::shutting_down());
        }
        if waiting >= most {
            let message = format!("gave a command to a member where {waiting} wait already: at most {most} do");
            return Err(NotAdmitted { reason: "OVERLOADED", message });
        }
        Ok(admitted)
    }

    /// Decides no customer's command from now on, until told otherwise.
    pub fn refuse_writes(&self, why: Option<NotAdmitted>) {
        *self.refusing.write().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Whether this member, leading the log, decides the command now. What regions do by themselves goes on.
    pub fn decides(&self, command: &Command) -> Result<(), NotAdmitted> {
        let owed = matches!(
            command,
            Command::RegisterRegion(_)
                | Command::AcknowledgeDrain(_)
                | Command::CloseGate(_)
                | Command::ClaimAccount(_)
                | Command::MirrorQuota(_)
                | Command::AcknowledgeQuota(_)
                | Command::Progress(_)
        );
        if owed {
            return Ok(());
        }
        self.refusing.read().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }

    /// Takes on no more from this member's own callers.
    pub fn drain(&self) {
        self.stage.fetch_max(Self::DRAINING, SeqCst);
    }

    /// Decides and relays nothing any more.
    pub fn close(&self) {
        self.stage.fetch_max(Self::CLOSED, SeqCst);
    }

    /// Whether nothing is decided or relayed any more.
    pub fn closed(&self) -> bool {
        self.stage.load(SeqCst) >= Self::CLOSED
    }

    /// Whether new commands of this member's own callers are refused.
    pub fn closing(&self) -> bool {
        self.stage.load(SeqCst) >= Self::DRAINING
    }

    /// Commands of this member's own callers that wait for their verdict.
    pub fn in_flight(&self) -> usize {
        self.own.waiting.load(SeqCst)
    }

    /// Commands and questions of other members that wait for their answer.
    pub fn in_flight_from_members(&self) -> usize {
        self.from_members.waiting.load(SeqCst)
    }

    /// Completes when none of that kind waits. The caller supplies the deadline.
    pub async fn none_in_flight(&self, asker: Asker) {
        let count = match asker {
            Asker::Caller => &self.own,
            Asker::Member => &self.from_members,
        };
        loop {
            let mut none = pin!(count.none.notified());
            // Queue up before looking, so that the last one to end in between is not missed.
            none.as_mut().enable();
            if count.waiting.load(SeqCst) == 0 {
                return;
            }
            none.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(admission: &Admission, asker: Asker) -> &'static str {
        admission.admit(asker).err().map_or("admitted", |why| why.reason)
    }

    #[test]
    fn no_more_than_so_many_wait_and_one_that_ends_makes_room() {
        for (asker, other, most) in
            [(Asker::Caller, Asker::Member, SUBMISSIONS_MAX), (Asker::Member, Asker::Caller, FROM_MEMBERS_MAX)]
        {
            let admission = Admission::default();
            let mut waiting: Vec<_> = (0..most).map(|_| admission.admit(asker).unwrap()).collect();
            assert_eq!(refused(&admission, asker), "OVERLOADED");
            assert_eq!(refused(&admission, other), "admitted", "one kind does not crowd out the other");
            waiting.pop();
            assert_eq!(refused(&admission, asker), "admitted");
            drop(waiting);
            assert_eq!((admission.in_flight(), admission.in_flight_from_members()), (0, 0));
        }
    }

    #[test]
    fn a_member_that_shuts_down_refuses_its_own_callers_first_and_does_not_open_again() {
        let admission = Admission::default();
        let both = |admission: &Admission| [Asker::Caller, Asker::Member].map(|asker| refused(admission, asker));
        assert_eq!((both(&admission), admission.closing(), admission.closed()), (["admitted"; 2], false, false));
        admission.drain();
        assert_eq!((both(&admission), admission.closed()), (["SHUTTING_DOWN", "admitted"], false));
        admission.close();
        admission.drain();
        assert_eq!((both(&admission), admission.closed()), (["SHUTTING_DOWN", "admitted"], true));
    }
}
