//! Commands: to the leader of their log, wherever it is.

use std::time::Duration;

use ids::{Log, MemberId, Position};
use invariants::Observation;
use ledger::{Verdict, group::Group};
use ports::{BoxFuture, Measure, trace::tracing::Instrument, trace_span};
use wire::{
    Rejected,
    command::{Submission, submission_in, submission_out},
    proto::{self, peer_reply, peer_request},
};

use crate::{
    admission::{Asker, NotAdmitted},
    ask::{Asked, Question, Tried, tried, within_ms},
    region::{Inner, Region},
};

/// How long a region's leader waits for what the caller has seen of the global log. Records take a fraction of it to any region in reach.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// The question: decide this command.
struct Decide<'a> {
    submission: &'a Submission,
    region: &'a Inner,
}

impl Question for Decide<'_> {
    type Answer = Verdict;

    fn request(&self, to: Option<MemberId>, within: Duration, doubtful: bool) -> peer_request::Body {
        peer_request::Body::Submit(proto::SubmitRequest {
            submission: Some(submission_out(&self.again(doubtful))),
            via: Vec::new(),
            to: to.map_or(0, |member| member.0),
            within_ms: within_ms(within),
        })
    }

    fn reply(&self, body: peer_reply::Body) -> Tried<Verdict> {
        let unreadable = || Tried::Maybe("read the reply to a command: it does not answer it".to_owned());
        let peer_reply::Body::Submit(reply) = body else { return unreadable() };
        Verdict::from_proto(reply).map_or_else(|_| unreadable(), tried)
    }

    fn here<'a>(&'a self, group: &'a Group, within: Duration, doubtful: bool) -> BoxFuture<'a, Tried<Verdict>> {
        Box::pin(async move { tried(self.region.decide_here(group, self.again(doubtful), 0, within).await) })
    }
}

impl Decide<'_> {
    /// The submission of the next try.
    fn again(&self, doubtful: bool) -> Submission {
        Submission { retried: self.submission.retried || doubtful, ..self.submission.clone() }
    }
}

impl Region {
    /// Brings a command to the leader of its log and waits for what became of it, at most `within`. Sending it again with the same
    /// request id, here or in any other region, has the same outcome. A member that is shutting down, or that has too much to do,
    /// refuses it with the reason `SHUTTING_DOWN` or `OVERLOADED`; a leader without room on its disk, with `DISK_FULL`.
    pub async fn submit(&self, submission: &Submission, within: Duration) -> Verdict {
        let env = &self.inner.env;
        let began = env.now();
        let verdict = match self.inner.admission.admit(Asker::Caller) {
            Ok(_admitted) => self.inner.submit(submission, within).await,
            Err(why) => why.verdict(),
        };
        let (outcome, reason) = outcome(&verdict);
        env.measure(&Measure::Submitted { outcome, reason, took: env.now().since(began) });
        verdict
    }

    /// While this member leads a log, it decides no customer's command of it, whoever asks, and says this reason and message; until
    /// told otherwise. Reads, consensus and what regions do by themselves go on.
    pub fn refuse_writes(&self, why: Option<(&'static str, &str)>) {
        let why = why.map(|(reason, message)| NotAdmitted { reason, message: message.to_owned() });
        self.inner.admission.refuse_writes(why);
    }
}

/// A verdict in two words, for counting.
fn outcome(verdict: &Verdict) -> (&'static str, &str) {
    match verdict {
        Verdict::Done { validated_only: false, .. } => ("done", ""),
        Verdict::Done { validated_only: true, .. } => ("validated", ""),
        Verdict::Rejected { reason, .. } => ("rejected", reason),
        Verdict::Unavailable { reason, .. } => ("unavailable", reason),
        Verdict::NotLeader { .. } => ("not_leader", ""),
        Verdict::Unsettled { .. } => ("unsettled", ""),
    }
}

impl Inner {
    pub(crate) async fn submit(&self, submission: &Submission, within: Duration) -> Verdict {
        let log = submission.command.log();
        let span = trace_span!("region.submit", &submission.traceparent, member = %self.member(), log = %log, request_id = %submission.request_id);
        let question = Decide { submission, region: self };
        match self.ask(&log, &question, within).instrument(span).await {
            // A rejection that no record holds is only the last word when no earlier try can still take effect.
            Asked::Answer { answer: Verdict::Rejected { reason, message, record: None, .. }, doubtful: true }
                if !submission.validate_only =>
            {
                let message =
                    format!("an earlier try may still take effect; a later one was refused, {reason}: {message}");
                Verdict::Unsettled { message }
            }
            Asked::Answer { answer, .. } => answer,
            Asked::NotDone { reason, message } => Verdict::Unavailable { reason, message },
            Asked::Maybe(message) => Verdict::Unsettled { message },
        }
    }

    async fn decide_here(&self, group: &Group, submission: Submission, relay_hops: u32, within: Duration) -> Verdict {
        if let Err(why) = self.admission.decides(&submission.command) {
            return why.verdict();
        }
        let request_id = submission.request_id;
        self.env.observe_each(&|| Observation::Routed { request_id, relay_hops });
        let began = self.env.now();
        self.reach_seen(&submission, within).await;
        group.submit(submission, within.saturating_sub(self.env.now().since(began))).await
    }

    /// A region decides on its own copy of the global log. Whoever made a project elsewhere and goes on with what is in it must not be
    /// told that there is no such project. But a region that is cut off goes on with what it knows, so this waits a moment only.
    async fn reach_seen(&self, submission: &Submission, within: Duration) {
        let Some((incarnation, seq)) = submission.seen_global else { return };
        if submission.command.log() != Log::Global {
            let seen = Position { log: Log::Global, incarnation, seq };
            let _ = self.reach(&seen, SEEN_WITHIN.min(within / 2)).await;
        }
    }

    /// A command from another member for a log that this one may lead.
    pub(crate) async fn serve_submit(&self, request: proto::SubmitRequest) -> proto::SubmitReply {
        let relay_hops = u32::try_from(request.via.len()).unwrap_or(u32::MAX);
        let within = Duration::from_millis(u64::from(request.within_ms));
        let submission = request.submission.ok_or_else(|| "read a submit request: it is empty".to_owned());
        let read = submission.and_then(|submission| submission_in(submission).map_err(|error| error.to_string()));
        let verdict = match read {
            Err(message) => {
                let reason = "UNREADABLE_COMMAND".to_owned();
                Verdict::told(&Rejected { reason, message, details: Vec::new() }, None)
            }
            Ok(submission) => {
                let log = submission.command.log();
                match self.ledger.group(&log) {
                    Some(group) if group.is_leader() && self.admission.closed() => {
                        NotAdmitted::shutting_down().verdict()
                    }
                    Some(group) if group.is_leader() => self.decide_here(group, submission, relay_hops, within).await,
                    Some(group) => Verdict::NotLeader { leader: group.leader() },
                    None => Verdict::NotLeader { leader: None },
                }
            }
        };
        verdict.into_proto()
    }
}
