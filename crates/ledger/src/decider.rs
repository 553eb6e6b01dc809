//! The one decider of a group: turns submissions into proposals, in order, many to a Raft entry.
//!
//! ```text
//! submissions ─▶ queue ─▶ decide on the look-ahead ─▶ encode ─▶ one Raft entry ─▶ outcomes ─▶ answers
//!                             ▲                         │
//!                             └── look-ahead = applied state + what is in flight
//! ```
//!
//! Decisions rest on a *look-ahead*: the applied state with every proposal in flight applied to it, so a busy organization pipelines
//! instead of conflicting with itself. It is only a guess: what is in flight may be lost. Guards catch a wrong guess when the proposal
//! is applied, and the command is decided again.
//!
//! Guards compare revisions, which are sequences, and a guessed sequence may be taken by another record in the end. So guesses never
//! mix: a look-ahead begins where nothing of this leader is in flight and all that earlier leaders left is applied, and
//! everything that is proposed in its term is decided on it. Then a guard that holds was seen as it is ([`Decider::look_ahead`]).
//!
//! A *refusal* leaves no guard behind, so it is never given on a guess: before a rejection is told, a quorum confirms this leader
//! and the command is decided once more on the state that was confirmed ([`Decider::confirm`]). The same goes for validations and for
//! requests that were answered before.
//!
//! A rejection of a *retried* submission is then recorded, in order with everything else: an earlier try that comes later finds it, and
//! has no effect.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{Command, Context, Rejection};
use ids::{Hlc, Log, MemberId, Seq, Subject};
use openraft::{async_runtime::watch::WatchReceiver, impls::ProgressResponder};
use ports::{timeout, trace::tracing::Span, trace_span};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wire::{
    CommandDigest, LEVEL_OF_EFFECTS, LEVEL_OF_REJECTIONS, Proposal, RawFact, Rejected, command::Submission,
    entity::raw_fact, level_of,
};

use crate::{
    Canary,
    cell::StateCell,
    observed,
    raft::{Batch, Raft, machine::Shared},
    state::LogState,
    verdict::Verdict,
};

mod answers;
mod queue;
mod ticket;

pub use queue::Waiting;
use queue::{Queue, queue};
pub use ticket::{Claim, Ticket};

/// Submissions that wait for the decider; the next is told to come later.
pub const QUEUE_MAX: usize = 4096;
/// Proposals and bytes of one Raft entry.
const BATCH_MAX: usize = 512;
const BATCH_BYTES_MAX: usize = 512 * 1024;
/// Raft entries in flight. More gained nothing in trials and lengthens what a change of leader throws away.
const IN_FLIGHT_MAX: u32 = 4;
/// Where more than one entry is in flight, how long a batch waits for them, so that those who come meanwhile share it. Shorter than the
/// way to another region, over which entries overlap.
const GATHER: Duration = Duration::from_millis(5);
/// How long decisions wait for a state to begin from, before their callers are told to ask again. They have no effect until then.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);

/// A further rule about a command that the domain accepts at this time, given by whoever assembles the member: of what needs more than the
/// domain knows. It looks at nothing else, so it holds whatever state the command is decided on.
pub type Rule = fn(&Command, Hlc) -> Result<(), Rejection>;

/// See the module. Cheap to clone: every task of the decider holds one.
#[derive(Clone)]
pub struct Decider {
    shared: Shared,
    raft: Raft,
    /// The global log's state at this member; for the global group its own.
    global: Arc<StateCell>,
    rule: Rule,
    queue: Queue<Ticket>,
    in_flight: Arc<AtomicUsize>,
    /// Room for answers that a quorum must confirm first.
    confirming: Arc<Semaphore>,
    /// Raised whenever a guess turned out wrong: the look-ahead is made anew.
    wrong_guesses: Arc<AtomicU64>,
}

/// The state that the next decision rests on.
struct LookAhead {
    state: LogState,
    wrong_guesses: u64,
    term: u64,
}

impl Decider {
    /// A decider and its queue; `run` it in a task of its own.
    pub fn new(shared: Shared, raft: Raft, global: Arc<StateCell>, rule: Rule) -> (Self, Waiting<Ticket>) {
        let (queue, tickets) = queue(QUEUE_MAX);
        let decider = Self {
            shared,
            raft,
            global,
            rule,
            queue,
            in_flight: Arc::default(),
            confirming: Arc::new(Semaphore::new(QUEUE_MAX)),
            wrong_guesses: Arc::default(),
        };
        (decider, tickets)
    }

    /// Queues a submission and waits for its verdict, at most `within`.
    pub async fn submit(&self, submission: Submission, within: Duration) -> Verdict {
        let (reply, verdict) = oneshot::channel();
        let claim = Arc::new(Claim::default());
        let env = &self.shared.env;
        let deadline = env.now().plus(within);
        let ticket = Ticket {
            submission,
            deadline,
            claim: Arc::clone(&claim),
            reply,
            attempts: 0,
            rejected: None,
            proposed: Span::none(),
        };
        if !self.queue.push(ticket) {
            return self.overloaded();
        }
        match timeout(env.as_ref(), within, verdict).await {
            Some(Ok(verdict)) => verdict,
            None | Some(Err(_)) if claim.withdraw() => self.no_quorum(),
            None | Some(Err(_)) => Verdict::Unsettled {
                message: format!("proposed to {}: not acknowledged within {} ms", self.shared.log, within.as_millis()),
            },
        }
    }

    fn no_quorum(&self) -> Verdict {
        let message = format!(
            "proposed to {}: it did not get so far in time, for want of a majority or of room; nothing was done",
            self.shared.log
        );
        Verdict::unavailable("NO_QUORUM", message)
    }

    /// Decides until the group stops.
    pub async fn run(self, mut tickets: Waiting<Ticket>) {
        let permits = Arc::new(Semaphore::new(IN_FLIGHT_MAX as usize));
        let mut look_ahead = None;
        let env = Arc::clone(&self.shared.env);
        while let Some(first) = tickets.first().await {
            if self.in_flight.load(SeqCst) > 1 {
                drop(timeout(env.as_ref(), GATHER, permits.acquire_many(IN_FLIGHT_MAX - 1)).await);
            }
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let batch = tickets.batch(first, BATCH_MAX, env.as_ref()).await;
            self.decide_batch(batch, &mut look_ahead, &permits, permit).await;
        }
    }

    async fn decide_batch(
        &self,
        tickets: Vec<Ticket>,
        ahead: &mut Option<LookAhead>,
        permits: &Semaphore,
        permit: OwnedSemaphorePermit,
    ) {
        let Some(LookAhead { state, term, .. }) = self.look_ahead(ahead, permits).await else {
            tickets.into_iter().for_each(|ticket| self.not_leader(ticket));
            return;
        };
        let mut bytes_left = BATCH_BYTES_MAX;
        let mut proposed = Vec::new();
        for mut ticket in tickets {
            if ticket.deadline <= self.shared.env.now() || ticket.submission.validate_only {
                self.spawn_confirm(ticket);
                continue;
            }
            let proposed_now = match &ticket.rejected {
                Some(rejected) => self.propose_rejection(state, &ticket.submission, rejected),
                None => self.propose(state, &ticket.submission),
            };
            match proposed_now {
                // The rest waits for the next entry; the look-ahead does not hold it.
                Ok((_, bytes)) if bytes.len() > bytes_left => self.queue_again(ticket),
                Ok(_) if state.outcome(&ticket.submission.request_id).is_some() => self.spawn_confirm(ticket),
                // Claimed before it is applied to the look-ahead: what was withdrawn leaves no trace there.
                Ok((proposal, bytes)) if ticket.claim.propose() => {
                    let (member, log) = (self.shared.member, &self.shared.log);
                    self.shared.env.observe_each(&|| observed::decided(member, log, state, &proposal, &bytes));
                    state.foresee(&proposal);
                    ticket.proposed = self.span_of(&ticket.submission);
                    bytes_left -= bytes.len();
                    proposed.push((ticket, (proposal, bytes)));
                }
                Ok(_withdrawn) => {}
                // It cannot be recorded, so it is told as what it is: the word of this try.
                Err(_) if let Some(rejected) = &ticket.rejected => {
                    let _ = ticket.reply.send(Verdict::told(rejected, None));
                }
                Err(_) => self.spawn_confirm(ticket),
            }
        }
        if !proposed.is_empty() {
            self.write(proposed, *term, permit).await;
        }
    }

    /// The look-ahead of the term in which this member leads; made anew when the term is another or a guess was wrong. `None`: it
    /// does not lead, or the state to begin from was not known in time.
    async fn look_ahead<'a>(&self, ahead: &'a mut Option<LookAhead>, permits: &Semaphore) -> Option<&'a mut LookAhead> {
        let term = self.leading_term()?;
        let wrong_guesses = self.wrong_guesses.load(SeqCst);
        if ahead.as_ref().is_none_or(|ahead| ahead.wrong_guesses != wrong_guesses || ahead.term != term) {
            *ahead = None;
            if !self.shared.canary.guesses_in_a_hurry() {
                timeout(self.shared.env.as_ref(), SETTLE_WITHIN, self.settled(permits)).await??;
            }
        }
        let applied = self.shared.cell.seq();
        if self.in_flight.load(SeqCst) == 0 && ahead.as_ref().is_some_and(|ahead| ahead.state.seq < applied) {
            *ahead = None;
        }
        Some(ahead.get_or_insert_with(|| LookAhead { state: self.shared.cell.state(), wrong_guesses, term }))
    }

    /// Waits until nothing that this leader proposed is in flight, and the entries of earlier leaders are applied. `None`: it does
    /// not lead.
    async fn settled(&self, permits: &Semaphore) -> Option<()> {
        // One is held by who calls.
        let _all_others = permits.acquire_many(IN_FLIGHT_MAX - 1).await.ok()?;
        self.confirmed().await.ok().map(drop)
    }

    /// Decides `submission` on `state` and encodes what to replicate.
    fn propose(&self, state: &LogState, submission: &Submission) -> Result<(Proposal, Bytes), Rejection> {
        let (member, log) = (self.shared.member, &self.shared.log);
        let span = trace_span!("ledger.decide", &submission.traceparent, member = %member, log = %log, request_id = %submission.request_id);
        span.in_scope(|| self.decide(state, submission))
    }

    fn decide(&self, state: &LogState, submission: &Submission) -> Result<(Proposal, Bytes), Rejection> {
        let global = self.global.state();
        let now = self.now(state);
        let context = Context {
            now,
            request_id: submission.request_id,
            actor: &submission.actor,
            global: &global,
            global_seq: global.seq,
            log: &self.shared.log,
            planner: self.shared.planner.as_deref(),
            planned: submission.planned,
        };
        let decision = domain::decide(state, &submission.command, &context)?;
        (self.rule)(&submission.command, now)?;
        let unguarded =
            |subject: &Subject| self.shared.canary.is(Canary::UnguardedClaim) && domain::account::in_pool(subject);
        let guards = decision.guards.into_iter().filter(|guard| !unguarded(&guard.subject));
        let facts: Vec<RawFact> = decision.facts.iter().map(raw_fact).collect();
        encoded(Proposal {
            level: level_of(&facts),
            guards: guards.map(|guard| (guard.subject, guard.revision)).collect(),
            facts,
            response: decision.subject,
            ..self.without_effect(now, global.seq, submission)
        })
    }

    /// What records that `submission` was rejected. It has no guards: it holds for the moment at which it was decided, not for its
    /// place in the log.
    fn propose_rejection(
        &self,
        state: &LogState,
        submission: &Submission,
        rejected: &Arc<Rejected>,
    ) -> Result<(Proposal, Bytes), Rejection> {
        encoded(Proposal {
            level: LEVEL_OF_REJECTIONS,
            rejected: Some(Arc::clone(rejected)),
            ..self.without_effect(self.now(state), self.global.seq(), submission)
        })
    }

    fn now(&self, state: &LogState) -> Hlc {
        state.hlc.next(Hlc::at_unix_ms(self.shared.env.wall_ms()))
    }

    fn without_effect(&self, now: Hlc, global: Seq, submission: &Submission) -> Proposal {
        Proposal {
            request_id: submission.request_id,
            actor: submission.actor.clone(),
            hlc: now,
            level: LEVEL_OF_EFFECTS,
            observed_global_seq: if self.shared.log == Log::Global { Seq::ZERO } else { global },
            guards: Vec::new(),
            facts: Vec::new(),
            response: submission.command.subject(),
            traceparent: submission.traceparent.clone(),
            command: Some(CommandDigest::of(&submission.command)),
            rejected: None,
        }
    }

    /// From here on the majority has the word.
    fn span_of(&self, submission: &Submission) -> Span {
        let (member, log) = (self.shared.member, &self.shared.log);
        trace_span!("ledger.propose", &submission.traceparent, member = %member, log = %log, request_id = %submission.request_id)
    }

    /// Proposes a batch that was decided on the look-ahead of `term`: in another term other entries may have come before it.
    async fn write(&self, proposed: Vec<(Ticket, (Proposal, Bytes))>, term: u64, permit: OwnedSemaphorePermit) {
        let (tickets, proposals): (Vec<_>, Vec<_>) = proposed.into_iter().unzip();
        let batch = Batch::decided(proposals);
        let (responder, answer) = ProgressResponder::complete_only();
        self.in_flight.fetch_add(1, SeqCst);
        // Sent before the next batch is decided, so that entries are in the order in which they were decided.
        let request = self.raft.write(batch.clone()).responder(responder);
        let sent = match self.shared.canary.guesses_in_a_hurry() {
            true => request.await,
            false => request.with_leader(term).await,
        };
        let decider = self.clone();
        self.shared.env.tasks().spawn(async move {
            let answer = if sent.is_ok() { answer.await.ok() } else { None };
            // Told first: whoever decides next must know of a wrong guess.
            decider.settle(tickets, batch, answer);
            decider.in_flight.fetch_sub(1, SeqCst);
            drop(permit);
        });
    }

    fn not_leader(&self, ticket: Ticket) {
        let _ = ticket
            .reply
            .send(Verdict::NotLeader { leader: self.leader().filter(|leader| *leader != self.shared.member) });
    }

    /// The leader as this member knows it; it may have changed.
    pub fn leader(&self) -> Option<MemberId> {
        self.raft.metrics().borrow_watched().current_leader.map(MemberId)
    }

    /// The term in which this member leads, as far as it knows.
    pub fn leading_term(&self) -> Option<u64> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        metrics.state.is_leader().then_some(metrics.current_term)
    }
}

fn encoded(proposal: Proposal) -> Result<(Proposal, Bytes), Rejection> {
    let bytes = proposal.encode().map_err(|error| Rejection::InvalidArgument {
        field: "command",
        value: error.to_string(),
        wanted: "a decision within the limits of one proposal".to_owned(),
    })?;
    Ok((proposal, bytes))
}

#[cfg(test)]
mod tests;
