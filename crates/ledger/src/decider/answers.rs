//! What callers are told: outcomes of what was proposed, and what a quorum must confirm before it is told.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use domain::Rejection;
use ids::{Incarnation, MemberId};
use invariants::{Observation, observation::entry_digest};
use openraft::{
    ReadPolicy,
    errors::{ClientWriteError, LinearizableReadError, RaftError},
    raft::ClientWriteResult,
};
use ports::{timeout, trace::tracing::Span};
use wire::{CommandDigest, command::Submission};

use super::{Decider, QUEUE_MAX, Ticket};
use crate::{
    Canary,
    raft::{Batch, Entry, ProposalOutcome, RaftLogId, TypeConfig, convert::encode_entry},
    state::{LogState, Outcome},
    verdict::{Verdict, rejected},
};

/// Times a command is decided again after a wrong guess before the caller is told to come later.
const ATTEMPTS_MAX: u32 = 32;

impl Decider {
    pub(super) fn settle(&self, tickets: Vec<Ticket>, batch: Batch, answer: Option<ClientWriteResult<TypeConfig>>) {
        match answer {
            Some(Ok(written)) => {
                self.observe_acknowledged(written.log_id, batch);
                for (ticket, outcome) in tickets.into_iter().zip(written.data) {
                    self.settle_one(ticket, outcome);
                }
            }
            // Refused before the entry was appended: it had no effect.
            Some(Err(ClientWriteError::ForwardToLeader(_))) => {
                self.wrong_guesses.fetch_add(1, SeqCst);
                for ticket in tickets {
                    ticket.claim.release();
                    self.not_leader(ticket);
                }
            }
            // Appended, and then thrown away or not heard of again: another leader may have it.
            Some(Err(_)) | None => {
                self.wrong_guesses.fetch_add(1, SeqCst);
                let message =
                    format!("proposed to {}: its leader changed before the entry was acknowledged", self.shared.log);
                for ticket in tickets {
                    let _ = ticket.reply.send(Verdict::Unsettled { message: message.clone() });
                }
            }
        }
    }

    fn observe_acknowledged(&self, log_id: RaftLogId, batch: Batch) {
        let (member, log) = (self.shared.member, &self.shared.log);
        self.shared.env.observe_each(&|| {
            let entry = Entry { log_id, payload: openraft::EntryPayload::Normal(batch.clone()) };
            let digest = entry_digest(&encode_entry(&entry));
            Observation::EntryAcknowledged { member, log: log.clone(), index: log_id.index(), digest }
        });
    }

    fn settle_one(&self, mut ticket: Ticket, outcome: ProposalOutcome) {
        ticket.proposed = Span::none();
        let incarnation = self.shared.cell.state().incarnation;
        let verdict = match outcome {
            ProposalOutcome::Stored(seq) if let Some(rejected) = &ticket.rejected => Verdict::told(rejected, Some(seq)),
            ProposalOutcome::Stored(seq) => {
                let subject = ticket.submission.command.subject();
                Verdict::Done { incarnation, seq, subject, validated_only: false }
            }
            ProposalOutcome::Duplicate(outcome) => self.repeated(&ticket.submission, &outcome, incarnation),
            ProposalOutcome::Conflict { .. } => {
                self.wrong_guesses.fetch_add(1, SeqCst);
                if ticket.claim.release() {
                    self.requeue(ticket);
                }
                return;
            }
        };
        let _ = ticket.reply.send(verdict);
    }

    /// Back into the queue, to be decided again.
    fn requeue(&self, mut ticket: Ticket) {
        ticket.attempts += 1;
        if ticket.attempts > ATTEMPTS_MAX {
            let message = format!(
                "decided {} {ATTEMPTS_MAX} times: others changed what it rests on each time",
                ticket.submission.command.subject()
            );
            let _ = ticket.reply.send(Verdict::unavailable("CONTENTION", message));
            return;
        }
        self.queue_again(ticket);
    }

    pub(super) fn queue_again(&self, ticket: Ticket) {
        // A full queue drops the ticket: its caller withdraws it and says so.
        self.queue.push(ticket);
    }

    pub(super) fn spawn_confirm(&self, ticket: Ticket) {
        let Ok(permit) = Arc::clone(&self.confirming).try_acquire_owned() else {
            let _ = ticket.reply.send(self.overloaded());
            return;
        };
        let decider = self.clone();
        self.shared.env.tasks().spawn(async move {
            decider.confirm(ticket).await;
            drop(permit);
        });
    }

    pub(super) fn overloaded(&self) -> Verdict {
        Verdict::unavailable(
            "OVERLOADED",
            format!("queued a command for {}: {QUEUE_MAX} wait already", self.shared.log),
        )
    }

    /// Answers what leaves no guard behind: rejections, validations, requests that were answered before. A rejection that is to be
    /// recorded goes back to the queue with what was found.
    async fn confirm(&self, mut ticket: Ticket) {
        let left = ticket.deadline.since(self.shared.env.now());
        let state = match timeout(self.shared.env.as_ref(), left, self.confirmed()).await {
            Some(Ok(state)) => state,
            Some(Err(leader)) => {
                let _ = ticket.reply.send(Verdict::NotLeader { leader });
                return;
            }
            None => {
                // The claim is still ours: it was not proposed.
                let _ = ticket.reply.send(self.no_quorum());
                return;
            }
        };
        let verdict = match state.outcome(&ticket.submission.request_id) {
            Some(outcome) => self.repeated(&ticket.submission, outcome, state.incarnation),
            None => match self.propose(&state, &ticket.submission) {
                // A row that this build cannot read says nothing about the command: another leader may.
                Err(rejection) if ticket.is_to_be_recorded() && !matches!(rejection, Rejection::UnreadableRow(_)) => {
                    let rejected = rejected(&rejection).cut();
                    if !self.shared.canary.is(Canary::RefuseFromMemory) {
                        ticket.rejected = Some(Arc::new(rejected));
                        return self.requeue(ticket);
                    }
                    Verdict::told(&rejected, Some(state.seq.next()))
                }
                Err(rejection) => Verdict::rejected(&rejection),
                Ok(_) if ticket.submission.validate_only => Verdict::Done {
                    incarnation: state.incarnation,
                    seq: state.seq,
                    subject: ticket.submission.command.subject(),
                    validated_only: true,
                },
                Ok(_) => return self.requeue(ticket),
            },
        };
        let _ = ticket.reply.send(verdict);
    }

    /// The state after a quorum confirmed this leader: it holds everything that anyone was told before the call. `Err`: not the
    /// leader, with the leader where it is known.
    pub async fn confirmed(&self) -> Result<LogState, Option<MemberId>> {
        match self.raft.ensure_linearizable(ReadPolicy::ReadIndex).await {
            Ok(_) => Ok(self.shared.cell.state()),
            Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(forward))) => {
                Err(forward.leader_id.map(MemberId).filter(|leader| *leader != self.shared.member))
            }
            Err(_) => Err(None),
        }
    }

    /// The answer to a request that was answered before: the same, unless its id now stands for another request.
    fn repeated(&self, submission: &Submission, first: &Outcome, incarnation: Incarnation) -> Verdict {
        let ignored = self.shared.canary.is(Canary::IgnoreCommandDigest);
        if first.is_of_another(CommandDigest::of(&submission.command)) && !ignored {
            return Verdict::request_id_reused(submission, first);
        }
        match &first.rejected {
            Some(rejected) => Verdict::told(rejected, Some(first.seq)),
            None => {
                Verdict::Done { incarnation, seq: first.seq, subject: first.response.clone(), validated_only: false }
            }
        }
    }
}
