//! Writing: a command to the leader of its log, and the resource as the answer.
//!
//! The answer to a write is read from the copy here once that holds the write, so it is never older than the write; it may be newer.
//! Where the copy does not come so far in [`COPY_WITHIN`] (the write was decided far away), or no longer has the row, the answer is what
//! the write itself says, under the revision that it made. That may not be the whole resource, so the metadata `atoll-partial` say so.

use std::time::Duration;

use gateway::Need;
use ids::{Log, Position, RequestId, Revision, Token};
use ledger::Verdict;
use region::Consistency;
use wire::Submission;

use super::{
    call::{Answer, Call, WITHIN},
    command::{Write, Writes, resource_field},
    front::{Front, Opened},
    gate::Admitted,
    read::{placed, row, with_details},
    resource::{Resource, shown},
    status::Refusal,
};

/// How long an answer waits for the copy here. A copy stands still for a second or more when the member that it is pulled from is lost;
/// a write that took effect must not look lost meanwhile.
const COPY_WITHIN: Duration = Duration::from_millis(750);

/// A write that took effect, or would.
pub struct Committed {
    pub request_id: RequestId,
    pub position: Position,
    pub validated_only: bool,
}

impl Front {
    /// Does a unary write and answers the resource.
    pub(super) async fn write<Q, T>(&self, request: tonic::Request<Q>) -> Result<tonic::Response<T>, tonic::Status>
    where
        Q: Writes,
        T: Resource,
    {
        let takes = self.writes.taken();
        self.serve_write(request, WITHIN, |call, request| async move {
            takes?;
            let write = request.write()?;
            let committed = call.submit(&write).await?;
            Ok(call.result(&write, &committed).await)
        })
        .await
    }
}

/// The submission of a write by somebody who may make it. Its request id is made here where the caller gave none.
pub fn submission(
    opened: &Opened,
    by: &Admitted,
    write: Write,
    traceparent: String,
    seen: &Token,
    retried: bool,
) -> Submission {
    // Whoever decides knows at least what it was allowed by.
    let mut seen = seen.clone();
    by.global.iter().for_each(|position| seen.see(position));
    Submission {
        request_id: write.request_id.unwrap_or_else(|| opened.request_id()),
        actor: by.who.to_string(),
        command: write.command,
        validate_only: write.validate_only,
        traceparent,
        seen_global: seen.get(&Log::Global),
        retried,
        planned: write.planned,
    }
}

/// What a verdict means to the caller.
pub fn committed(submission: &Submission, verdict: Verdict) -> Result<Committed, Refusal> {
    let log = submission.command.log();
    match verdict {
        Verdict::Done { incarnation, seq, validated_only, .. } => {
            let position = Position { log, incarnation, seq };
            Ok(Committed { request_id: submission.request_id, position, validated_only })
        }
        Verdict::Rejected { reason, message, details, record } => {
            let prefix = match resource_field(&submission.command) {
                "" => String::new(),
                field => format!("{field}."),
            };
            let refusal = with_details(Refusal::rejected(&reason, message), details, &prefix);
            Err(match record {
                Some(record) => refusal.with(api::RECORD, record),
                None => refusal,
            })
        }
        Verdict::Unavailable { reason, message } => Err(Refusal::not_done(&reason, message)),
        Verdict::NotLeader { .. } => {
            Err(Refusal::new("NO_LEADER", format!("submitted to {log}: no leader was found in time")))
        }
        Verdict::Unsettled { message } => Err(unknown(submission.request_id, message)),
    }
}

/// It may or may not have taken effect.
pub fn unknown(request_id: RequestId, message: impl Into<String>) -> Refusal {
    Refusal::new("OUTCOME_UNKNOWN", message).with("request_id", request_id)
}

impl Call {
    /// Brings a write to the leader of its log.
    pub async fn submit(&self, write: &Write) -> Result<Committed, Refusal> {
        let by = self.admit(&Need::of(&write.command)).await?;
        let (write, traceparent) = (write.clone(), self.traceparent.clone());
        self.submit_as(&submission(&self.opened, &by, write, traceparent, &self.seen, self.retried)).await
    }

    pub async fn submit_as(&self, submission: &Submission) -> Result<Committed, Refusal> {
        let submitted = self.opened.region.submit(submission, self.left());
        // Closing drops the submission where it stands, which may be after it was proposed.
        let verdict = self.opened.unless_closing(submitted).await;
        let verdict = verdict.map_err(|why| unknown(submission.request_id, why.message))?;
        committed(submission, verdict).map_err(|refusal| match refusal.reason.as_ref() {
            "HOME_UNREACHABLE" => placed(&self.opened, &submission.command.log(), refusal),
            _other => refusal,
        })
    }

    /// The resource after a write.
    pub async fn result<T: Resource>(&self, write: &Write, committed: &Committed) -> Answer<T> {
        let (log, subject) = (write.command.log(), write.command.subject());
        let token = Token::from(committed.position.clone());
        let copy = self.copy_at(&log, &token, COPY_WITHIN.min(self.left())).await;
        let found = copy.as_ref().and_then(|view| row::<T::Row>(&view.state, &subject).ok().flatten());
        if committed.validated_only {
            let before = found.zip(copy.as_ref());
            let before = before.and_then(|((revision, row), view)| shown(&view.state, revision, &row).ok());
            let mut planned: T = before.unwrap_or_default();
            planned.apply(&write.command, committed.request_id);
            let (etag, update_time) = planned.version();
            etag.clear();
            *update_time = None;
            return Answer { body: planned, token, age: None, partial: copy.is_none() };
        }
        let made = Revision::from(committed.position.seq);
        let here = found.filter(|(revision, _)| *revision >= made).zip(copy.as_ref());
        let here = here.and_then(|((revision, row), view)| shown(&view.state, revision, &row).ok());
        match (here, copy) {
            (Some(here), Some(view)) => Answer::new(here, view.token(), view.age),
            _not_here => {
                let mut implied = T::default();
                implied.apply(&write.command, committed.request_id);
                *implied.version().0 = made.to_string();
                Answer { body: implied, token, age: None, partial: true }
            }
        }
    }

    async fn copy_at(&self, log: &Log, token: &Token, within: Duration) -> Option<region::ReadView> {
        let consistency = Consistency::AtLeast(token.clone());
        let read = self.opened.unless_closing(self.opened.region.read(log, &consistency, within)).await;
        read.ok()?.ok()
    }
}
