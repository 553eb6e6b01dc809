//! One question to the leader of a log: decide this command; how far is the log.
//!
//! The leader may be this member, another one, one that is only reachable over a third, or nobody. Asking goes on until there is an
//! answer or the time is over, and remembers whether any try may have been acted on: only when none may, "not done" is said.

use std::{collections::BTreeSet, time::Duration};

use ids::{Log, MemberId, RegionId};
use ledger::{Verdict, group::Group};
use ports::{BoxFuture, CallError, Instant};
use wire::proto::{peer_reply, peer_request};

use crate::region::Inner;

/// One try at one member. When it is over the next goes another way, which leaves time for an answer within two seconds.
const TRY_WITHIN: Duration = Duration::from_millis(1000);
/// Between two tries that came to nothing.
const RETRY_AFTER: Duration = Duration::from_millis(60);
/// Said by the leader, this will not pass while a caller waits: the disk needs an operator.
const DISK_FULL: &str = "DISK_FULL";

/// What one try came to.
#[derive(Debug)]
pub enum Tried<T> {
    Answer(T),
    /// The member does not lead the log; the leader, where it is known.
    NotLeader(Option<MemberId>),
    /// Certainly not acted on.
    NotDone {
        reason: String,
        message: String,
    },
    /// May have been acted on.
    Maybe(String),
}

/// What asking came to in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked<T> {
    /// `doubtful`: an earlier try may have been acted on as well, or may still be.
    Answer { answer: T, doubtful: bool },
    /// Certainly not acted on, and never will be.
    NotDone { reason: String, message: String },
    /// Some try may have been acted on.
    Maybe(String),
}

/// A kind of question.
pub trait Question: Send + Sync {
    type Answer: Send;

    /// The request; `to` is set when the receiver shall pass it on. `doubtful`: an earlier try may still be acted on.
    fn request(&self, to: Option<MemberId>, within: Duration, doubtful: bool) -> peer_request::Body;

    /// Reads a reply.
    fn reply(&self, body: peer_reply::Body) -> Tried<Self::Answer>;

    /// Asks this member itself.
    fn here<'a>(&'a self, group: &'a Group, within: Duration, doubtful: bool) -> BoxFuture<'a, Tried<Self::Answer>>;
}

/// What the tries of one asking came to so far.
#[derive(Default)]
struct Tries {
    round: usize,
    /// Some of them may have been acted on.
    maybe: Option<String>,
    /// Regions where one had no answer: that the way there is cut is likelier than that one member hangs.
    silent: BTreeSet<RegionId>,
}

impl Inner {
    /// Asks until there is an answer, at most `within`.
    pub(crate) async fn ask<Q: Question>(&self, log: &Log, question: &Q, within: Duration) -> Asked<Q::Answer> {
        // Whoever votes in its group knows that there is such a log.
        if self.ledger.group(log).is_none() && self.registry.topology().home_of(log).is_empty() {
            let message = format!("asked for {log}: no such region, wanted one of this ring");
            return Asked::NotDone { reason: "UNKNOWN_LOCATION".to_owned(), message };
        }
        let deadline = self.env.now().plus(within);
        let mut tries = Tries::default();
        let mut last = None;
        loop {
            if let Some((reason, message)) = self.known_lost(log) {
                return conclude(tries.maybe, reason.to_owned(), message);
            }
            let left = deadline.since(self.env.now());
            if left.is_zero() {
                let (reason, message) = last.unwrap_or_else(|| no_leader(log, within));
                return conclude(tries.maybe, reason, message);
            }
            match self.ask_once(log, question, left, &mut tries).await {
                Tried::Answer(answer) => return Asked::Answer { answer, doubtful: tries.maybe.is_some() },
                Tried::NotLeader(leader) => self.remember_leader(log, leader),
                Tried::NotDone { reason, message } if reason == DISK_FULL => {
                    return conclude(tries.maybe, reason, message);
                }
                Tried::NotDone { reason, message } => last = Some((reason, message)),
                Tried::Maybe(message) => tries.maybe = Some(message),
            }
            tries.round += 1;
            self.env.sleep(RETRY_AFTER.min(deadline.since(self.env.now()))).await;
        }
    }

    async fn ask_once<Q: Question>(
        &self,
        log: &Log,
        question: &Q,
        left: Duration,
        tries: &mut Tries,
    ) -> Tried<Q::Answer> {
        let (within, doubtful) = (left.min(TRY_WITHIN), tries.maybe.is_some());
        if let Some(group) = self.ledger.group(log).filter(|group| group.is_leader()) {
            return question.here(group, within, doubtful).await;
        }
        let Some(target) = self.leader_guess(log, tries.round) else { return Tried::NotLeader(None) };
        let region = self.registry.topology().region_of(target).cloned();
        let direct = self.answers(target) && region.as_ref().is_none_or(|region| !tries.silent.contains(region));
        // Where nobody else is in reach, the direct way may have come back.
        let relay = if direct { None } else { self.relay_to(target, tries.round) };
        let (at, pass_to) = relay.map_or((target, None), |relay| (relay, Some(target)));
        match self.ledger.peers().call(at, question.request(pass_to, within, doubtful), within).await {
            Ok(peer_reply::Body::Refusal(refusal)) => {
                self.forget_leader_at(target);
                Tried::NotDone { reason: refusal.reason, message: refusal.message }
            }
            Ok(body) => {
                let tried = question.reply(body);
                if relay.is_some() && matches!(tried, Tried::NotDone { .. }) {
                    // That way leads nowhere; the direct one may be no worse.
                    self.forget_leader_at(target);
                    tries.silent.clear();
                }
                tried
            }
            Err(error @ CallError::Unreachable { .. }) => {
                self.forget_leader_at(at);
                Tried::NotDone { reason: "UNREACHABLE".to_owned(), message: error.to_string() }
            }
            Err(error @ CallError::TimedOut { .. }) => {
                // It may still lead: the next try goes to it over a relay, and only then to another.
                if relay.is_some() || !region.is_some_and(|region| tries.silent.insert(region)) {
                    self.forget_leader_at(target);
                }
                Tried::Maybe(error.to_string())
            }
        }
    }

    /// Whom to ask first: the leader that this member knows of, else one home member after the other.
    fn leader_guess(&self, log: &Log, round: usize) -> Option<MemberId> {
        let own = self.ledger.group(log).map(|group| group.leader());
        let known = own.unwrap_or_else(|| self.remembered_leader(log)).filter(|leader| *leader != self.member());
        known.or_else(|| {
            if own.is_some() {
                // A member of the group that knows no leader waits for one; the others know no more.
                return None;
            }
            let home = self.registry.topology().home_of(log);
            home.get(round.checked_rem(home.len())?).copied()
        })
    }

    /// A member that may reach `target`: those in a third region first, one after the other.
    fn relay_to(&self, target: MemberId, round: usize) -> Option<MemberId> {
        let topology = self.registry.topology();
        let target_region = topology.region_of(target);
        let able = topology.members().filter(|member| {
            *member != target
                && *member != self.member()
                && self.ledger.peers().answered_within(*member, self.reachable_within())
                && !self.ledger.peers().silent(*member)
        });
        let mut able: Vec<MemberId> = able.collect();
        let own = self.region();
        able.sort_by_key(|member| {
            let region = topology.region_of(*member);
            region == Some(own) || region == target_region
        });
        able.get(round.checked_rem(able.len())?).copied()
    }

    /// Whether the member answered lately; right after the start everybody counts as reachable.
    pub(crate) fn reachable(&self, member: MemberId) -> bool {
        let early = self.env.now().since(self.started) < self.reachable_within();
        early || self.ledger.peers().answered_within(member, self.reachable_within())
    }

    /// A member counts as reachable while it answered within this time.
    pub(crate) fn reachable_within(&self) -> Duration {
        self.ledger.config().timing.reachable_within()
    }

    /// Whether to go straight to the member: it counts as reachable, and answered the last call.
    fn answers(&self, member: MemberId) -> bool {
        self.reachable(member) && !self.ledger.peers().silent(member)
    }

    /// Why asking is pointless, where that is known: this member votes in the log's group and reaches no majority of it, or the log is
    /// another region's and nobody who could pass the question on is in reach.
    fn known_lost(&self, log: &Log) -> Option<(&'static str, String)> {
        if self.ledger.group(log).is_some() {
            let reason = if *log == Log::Global { "GLOBAL_QUORUM_LOST" } else { "REGION_QUORUM_LOST" };
            return self.quorum_lost(log).then(|| (reason, format!("asked for {log}: {}", self.lost(log))));
        }
        let topology = self.registry.topology();
        let mut others = topology.members().filter(|member| *member != self.member());
        let cut_off = !others.any(|member| topology.region_of(member) != Some(self.region()) && self.reachable(member));
        cut_off.then(|| ("HOME_UNREACHABLE", self.home_unreachable(log)))
    }

    /// Whether no majority of the log's voters is in reach of this member. It counts itself while it serves the log.
    pub(crate) fn quorum_lost(&self, log: &Log) -> bool {
        let group = self.ledger.group(log);
        let serves = group.is_some_and(|group| group.stopped().is_none());
        let reached = |voter: MemberId| if voter == self.member() { serves } else { self.reachable(voter) };
        match group {
            Some(group) => !group.has_majority(reached),
            None => {
                let home = self.registry.topology().home_of(log);
                home.iter().filter(|voter| reached(**voter)).count() * 2 <= home.len()
            }
        }
    }

    pub(crate) fn lost(&self, log: &Log) -> String {
        format!("{} reaches no majority of the voters of {log}", self.member())
    }

    pub(crate) fn home_unreachable(&self, log: &Log) -> String {
        let position = self.ledger.copy(log).map(|copy| copy.cell.state().position().to_string());
        let last = position.unwrap_or_else(|| "nothing".to_owned());
        format!(
            "asked for {log}: no member of its home region is in reach of {}, whose copy holds {last}",
            self.region()
        )
    }

    fn region(&self) -> &RegionId {
        &self.ledger.config().region
    }
}

fn conclude<T>(maybe: Option<String>, reason: String, message: String) -> Asked<T> {
    match maybe {
        Some(message) => Asked::Maybe(message),
        None => Asked::NotDone { reason, message },
    }
}

fn no_leader(log: &Log, within: Duration) -> (String, String) {
    ("NO_LEADER".to_owned(), format!("asked for {log}: no leader was found within {} ms", within.as_millis()))
}

/// A verdict as what one try came to.
pub fn tried(verdict: Verdict) -> Tried<Verdict> {
    match verdict {
        done @ (Verdict::Done { .. } | Verdict::Rejected { .. }) => Tried::Answer(done),
        Verdict::NotLeader { leader } => Tried::NotLeader(leader),
        Verdict::Unavailable { reason, message } => Tried::NotDone { reason, message },
        Verdict::Unsettled { message } => Tried::Maybe(message),
    }
}

/// When this question must be answered.
pub(crate) fn within_ms(within: Duration) -> u32 {
    u32::try_from(within.as_millis()).unwrap_or(u32::MAX)
}

/// Time left until `deadline`.
pub(crate) fn left(now: Instant, deadline: Instant) -> Duration {
    deadline.since(now)
}
