//! What became of a submitted command.

use domain::Rejection;
use ids::{Incarnation, MemberId, Seq, Subject};
use wire::{
    Error, Rejected, Submission,
    proto::{self, submit_reply::Body},
    record::subject_in,
};

use crate::state::Outcome;

/// The answer to a submission. The variants tell apart what a caller must tell apart: done, certainly not done, and not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It took effect as this record; or, for a validation, it would have.
    Done { incarnation: Incarnation, seq: Seq, subject: Subject, validated_only: bool },
    /// The rules of the domain refuse it. This try had no effect and never will.
    Rejected {
        reason: String,
        message: String,
        /// The values behind the reason: names of `domain::Rejection::details`.
        details: Vec<(String, String)>,
        /// The record that holds the outcome of the request, so that no other try of it takes effect either. `None`: an earlier try
        /// may.
        record: Option<Seq>,
    },
    /// This member does not lead the log; it had no effect here.
    NotLeader { leader: Option<MemberId> },
    /// It was not attempted. It had no effect and never will.
    Unavailable { reason: String, message: String },
    /// It may or may not take effect; the same request id, sent again, tells.
    Unsettled { message: String },
}

impl Verdict {
    pub fn rejected(rejection: &Rejection) -> Self {
        Self::told(&rejected(rejection), None)
    }

    /// What was rejected, by this record.
    pub fn told(rejected: &Rejected, record: Option<Seq>) -> Self {
        let Rejected { reason, message, details } = rejected.clone();
        Self::Rejected { reason, message, details, record }
    }

    /// The request's id was used before, for another command.
    pub fn request_id_reused(submission: &Submission, first: &Outcome) -> Self {
        let (request_id, subject) = (submission.request_id, submission.command.subject());
        let (record, about) = (first.seq, &first.response);
        let details =
            [("request_id", request_id.to_string()), ("subject", about.to_string()), ("seq", record.to_string())];
        Self::Rejected {
            reason: "REQUEST_ID_REUSED".to_owned(),
            message: format!(
                "submitted a change of {subject} as the request {request_id}: that id was used for another change, of {about}, in the \
                 record {record}; wanted an id that was never used"
            ),
            details: details.map(|(key, value)| (key.to_owned(), value)).into(),
            record: Some(record),
        }
    }

    pub fn unavailable(reason: &str, message: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.to_owned(), message: message.into() }
    }

    pub fn into_proto(self) -> proto::SubmitReply {
        let mut rejected_seq = 0;
        let body = match self {
            Self::Done { incarnation, seq, subject, validated_only } => Body::Done(proto::Done {
                incarnation: incarnation.0,
                seq: seq.0,
                subject: subject.to_string(),
                validated_only,
            }),
            Self::Rejected { reason, message, details, record } => {
                rejected_seq = record.map_or(0, |seq| seq.0);
                Body::Rejected(Rejected { reason, message, details }.out())
            }
            Self::NotLeader { leader } => Body::NotLeader(proto::NotLeader { leader: leader.map_or(0, |id| id.0) }),
            Self::Unavailable { reason, message } => Body::Unavailable(proto::Unavailable { reason, message }),
            Self::Unsettled { message } => Body::Unsettled(proto::Unsettled { message }),
        };
        proto::SubmitReply { body: Some(body), rejected_seq }
    }

    pub fn from_proto(reply: proto::SubmitReply) -> Result<Self, Error> {
        const WHAT: &str = "a submit reply";
        let missing = Error::Field { what: WHAT, field: "body", value: "nothing".to_owned(), wanted: "an answer" };
        Ok(match reply.body.ok_or(missing)? {
            Body::Done(done) => Self::Done {
                incarnation: Incarnation(done.incarnation),
                seq: Seq(done.seq),
                subject: subject_in(WHAT, "subject", &done.subject)?,
                validated_only: done.validated_only,
            },
            Body::Rejected(rejected) => {
                let record = (reply.rejected_seq != 0).then_some(Seq(reply.rejected_seq));
                Self::told(&Rejected::read(rejected), record)
            }
            Body::NotLeader(other) => Self::NotLeader { leader: (other.leader != 0).then_some(MemberId(other.leader)) },
            Body::Unavailable(why) => Self::Unavailable { reason: why.reason, message: why.message },
            Body::Unsettled(why) => Self::Unsettled { message: why.message },
        })
    }
}

/// A rejection of the domain as it is told.
pub fn rejected(rejection: &Rejection) -> Rejected {
    let details = rejection.details().into_iter();
    Rejected {
        reason: rejection.reason().to_owned(),
        message: rejection.to_string(),
        details: details.map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}
