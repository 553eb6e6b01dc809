//! The orderly end of a member, so that the ring does not have to notice its absence.
//!
//! ```text
//!   refuse own callers ─▶ answer what they gave ─▶ hand over each group led here ─▶ decide and relay no more ─▶ answer what others gave
//! ```
//!
//! Whoever leads goes on deciding what other members pass on until another leads, so writes through them pause for a round trip and not
//! for an election timeout. Reads, shipping and consensus go on until the caller ends the member's tasks. That, and flushing and closing
//! the stores, is the caller's, because both also happen where no orderly end was possible.

use std::{collections::BTreeSet, fmt, time::Duration};

use futures_util::future::join_all;
use ids::{Log, MemberId};
use ledger::group::Group;
use ports::{Instant, timeout};

use crate::{
    admission::Asker,
    region::{Inner, Region},
};

/// Between two looks whether another member leads.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A voter within so many Raft entries of the leader takes over at once; one further behind is asked last.
const CAUGHT_UP_WITHIN: u64 = 1000;

/// What a shutdown did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Commands that waited for their verdict when it began, and got it.
    pub drained: usize,
    /// Commands that still waited when the time for them was over; their callers were not answered.
    pub cut_off: usize,
    /// Every group that was led here.
    pub handovers: Vec<Handover>,
    pub took: Duration,
}

/// What became of the leadership of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    pub log: Log,
    pub outcome: HandoverOutcome,
}

/// See [`Handover`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandoverOutcome {
    /// This member leads now.
    To(MemberId),
    /// No other voter is in reach: the group has no leader until one is.
    NobodyInReach,
    /// These were asked, in this order, and no other leader was known in time: the group elects one when this member is gone.
    NotTaken { asked: Vec<MemberId>, detail: String },
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "drained {}, cut off {}, took {} ms", self.drained, self.cut_off, self.took.as_millis())?;
        self.handovers.iter().try_for_each(|handover| write!(f, ", {handover}"))
    }
}

impl fmt::Display for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = &self.log;
        match &self.outcome {
            HandoverOutcome::To(member) => write!(f, "{log} to {member}"),
            HandoverOutcome::NobodyInReach => write!(f, "{log} to nobody: no other voter is in reach"),
            HandoverOutcome::NotTaken { detail, .. } => write!(f, "{log} to nobody: {detail}"),
        }
    }
}

impl Region {
    /// Ends this member's part in the ring, at most `within`: see the module. A quarter of the time is for what waits at the
    /// beginning, half for handing over, the rest for what other members gave. May be called once; what it began stays so.
    pub async fn shutdown(&self, within: Duration) -> ShutdownReport {
        let region = &self.inner;
        let began = region.env.now();
        let waiting = region.admission.in_flight();
        region.admission.drain();
        region.wait_for_none(Asker::Caller, began.plus(within / 4)).await;
        let handovers = region.hand_over_all(began.plus(within / 4 * 3)).await;
        region.admission.close();
        region.wait_for_none(Asker::Caller, began.plus(within)).await;
        region.wait_for_none(Asker::Member, began.plus(within)).await;
        let cut_off = region.admission.in_flight();
        ShutdownReport {
            drained: waiting.saturating_sub(cut_off),
            cut_off: cut_off + region.admission.in_flight_from_members(),
            handovers,
            took: region.env.now().since(began),
        }
    }
}

impl Inner {
    async fn wait_for_none(&self, asker: Asker, deadline: Instant) {
        let left = deadline.since(self.env.now());
        let _ = timeout(self.env.as_ref(), left, self.admission.none_in_flight(asker)).await;
    }

    async fn hand_over_all(&self, deadline: Instant) -> Vec<Handover> {
        let led = self.ledger.groups().filter(|(_, group)| group.is_leader());
        let handed = led.map(|(log, group)| async move {
            Handover { log: log.clone(), outcome: self.hand_over(group, deadline).await }
        });
        join_all(handed).await
    }

    /// Asks one voter after the other to lead, each for as long as an election would take, until another leads.
    async fn hand_over(&self, group: &Group, deadline: Instant) -> HandoverOutcome {
        let candidates = self.successors(group);
        if candidates.is_empty() {
            return HandoverOutcome::NobodyInReach;
        }
        let mut asked: Vec<MemberId> = Vec::new();
        let mut detail = "the time for it was over before anybody was asked".to_owned();
        // Again and again: what asks for it may be lost on the way, and the leader takes no writes until somebody leads.
        for candidate in candidates.iter().cycle().copied() {
            if deadline <= self.env.now() {
                break;
            }
            if !asked.contains(&candidate) {
                asked.push(candidate);
            }
            detail = match group.transfer_leader(candidate).await {
                Ok(()) => format!("{candidate} was asked and did not take it in time"),
                Err(error) => error.to_string(),
            };
            let until = self.env.now().plus(self.handover_patience(group)).min(deadline);
            if let Some(leader) = self.another_leads(group, until).await {
                return HandoverOutcome::To(leader);
            }
        }
        HandoverOutcome::NotTaken { asked, detail }
    }

    fn handover_patience(&self, group: &Group) -> Duration {
        let timing = self.ledger.config().timing;
        match &group.shared().log {
            Log::Global => timing.global.election_min,
            Log::Region(_) => timing.region.election_min,
        }
    }

    async fn another_leads(&self, group: &Group, until: Instant) -> Option<MemberId> {
        loop {
            if let Some(leader) = group.leader().filter(|leader| *leader != self.member()) {
                return Some(leader);
            }
            if until <= self.env.now() {
                return None;
            }
            self.env.sleep(LOOK_EVERY).await;
        }
    }

    /// The other voters in reach, best first: caught up, of the same region, furthest on.
    fn successors(&self, group: &Group) -> Vec<MemberId> {
        let topology = self.registry.topology();
        let neighbours: BTreeSet<MemberId> =
            topology.members_of(&self.ledger.config().region).iter().copied().collect();
        let in_reach = group.behind().into_iter().filter(|(voter, _)| self.reachable(*voter));
        let mut able: Vec<(MemberId, u64)> = in_reach.collect();
        able.sort_by_key(|(voter, behind)| (*behind > CAUGHT_UP_WITHIN, !neighbours.contains(voter), *behind, *voter));
        able.into_iter().map(|(voter, _)| voter).collect()
    }
}
