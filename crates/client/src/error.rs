//! Typed refusals: decoded once, from gRPC statuses and from errors inside answers, into one shape.

use std::{collections::BTreeMap, fmt, ops::Deref, time::Duration};

use api::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::RequestId;

/// Reasons that a client acts on, or makes itself. The servers have more; reasons are text and stay stable.
pub mod reason {
    /// No endpoint took the call. Made by the client; nothing was sent.
    pub const NOT_REACHABLE: &str = "NOT_REACHABLE";
    /// A read got no answer in time. Made by the client.
    pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";
    /// An answer that breaks the contract. Made by the client.
    pub const MALFORMED_ANSWER: &str = "MALFORMED_ANSWER";
    /// The client was configured with something that cannot work. Made by the client.
    pub const MISCONFIGURED: &str = "MISCONFIGURED";
    /// A write may or may not take effect; the same request id, sent again anywhere, tells.
    pub const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
    pub const GLOBAL_QUORUM_LOST: &str = "GLOBAL_QUORUM_LOST";
    pub const REGION_QUORUM_LOST: &str = "REGION_QUORUM_LOST";
    pub const HOME_UNREACHABLE: &str = "HOME_UNREACHABLE";
    pub const NOT_YET_REPLICATED: &str = "NOT_YET_REPLICATED";
    pub const TOO_STALE: &str = "TOO_STALE";
    pub const REVISION_COMPACTED: &str = "REVISION_COMPACTED";
    pub const SHUTTING_DOWN: &str = "SHUTTING_DOWN";
    pub const STARTING: &str = "STARTING";
    pub const DISK_FULL: &str = "DISK_FULL";
    pub const MEMBER_STOPPED: &str = "MEMBER_STOPPED";
    pub const OTHER_RING: &str = "OTHER_RING";
}

/// Why a call did not give what was asked. Its content is [`Failure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Failure>);

/// The content of an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    /// Stable, upper snake case: what programs act on. Empty when the other side named none.
    pub reason: String,
    /// For people.
    pub message: String,
    pub violations: Vec<FieldViolation>,
    /// The values behind the reason, such as the current etag.
    pub metadata: BTreeMap<String, String>,
    /// The same request may succeed later: not before this has passed.
    pub retry_after: Option<Duration>,
    /// Of a write: send it again with this id to settle it.
    pub request_id: Option<RequestId>,
    /// Who refused; `None` when nobody answered.
    pub region: Option<String>,
    /// Every try, in the order of their ends.
    pub attempts: Vec<Attempt>,
    /// A try of this write may have taken effect, or may still.
    pub unsettled: bool,
}

/// A field of the request that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    pub field: String,
    pub description: String,
}

/// One try of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub region: String,
    pub address: String,
    /// What came of it, for people.
    pub outcome: String,
}

impl Error {
    pub(crate) fn made(code: Code, reason: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            violations: Vec::new(),
            metadata: BTreeMap::new(),
            retry_after: None,
            request_id: None,
            region: None,
            attempts: Vec::new(),
            unsettled: false,
        }))
    }

    /// What a status says. It says nothing about other tries.
    pub(crate) fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let mut error = Self::made(status.code(), "", status.message());
        if let Some(info) = details.error_info() {
            error.0.reason.clone_from(&info.reason);
            error.0.metadata = info.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        }
        error.0.retry_after = details.retry_info().and_then(|info| info.retry_delay);
        if let Some(bad) = details.bad_request() {
            let violation = |violation: &tonic_types::FieldViolation| FieldViolation {
                field: violation.field.clone(),
                description: violation.description.clone(),
            };
            error.0.violations = bad.field_violations.iter().map(violation).collect();
        }
        error
    }

    pub(crate) fn change(&mut self) -> &mut Failure {
        &mut self.0
    }

    /// A write may have taken effect, or may still: send it again with [`Failure::request_id`] to learn it. A refusal that came after a
    /// try without an answer counts too, unless it is on record, because that try may be decided later.
    pub fn outcome_unknown(&self) -> bool {
        self.unsettled
    }

    /// A record holds this refusal, so no try of the write takes effect, also one that is still under way.
    pub fn is_on_record(&self) -> bool {
        self.metadata.contains_key(api::RECORD)
    }

    /// Nobody took the call.
    pub fn not_reachable(&self) -> bool {
        self.reason == reason::NOT_REACHABLE
    }

    pub fn is(&self, reason: &str) -> bool {
        self.reason == reason
    }

    /// What the caller can do, where that is known.
    pub fn next_step(&self) -> Option<String> {
        if self.unsettled {
            return self.request_id.map(|id| format!("send it again with the request id {id} to learn the outcome"));
        }
        let step = match self.reason.as_str() {
            reason::NOT_REACHABLE => "check the addresses, or wait until a region is back",
            reason::DEADLINE_EXCEEDED => "give it more time, or read locally",
            reason::GLOBAL_QUORUM_LOST => "no region that was asked reaches a majority of the ring; try again later",
            reason::REGION_QUORUM_LOST => "the region has lost its majority; try again when its members are back",
            reason::HOME_UNREACHABLE => "the home region is out of reach; try again later, or inside that region",
            reason::NOT_YET_REPLICATED => "read locally to see what is here, or give it more time",
            reason::TOO_STALE => "allow more staleness, or read linearizably",
            reason::REVISION_COMPACTED => "list again, and watch from there",
            "ETAG_MISMATCH" => "read the resource again and repeat with its etag",
            "NOT_EMPTY" => "delete or move what is in it first",
            _ => return None,
        };
        Some(step.to_owned())
    }
}

impl Deref for Error {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl From<v1::Error> for Error {
    fn from(error: v1::Error) -> Self {
        let mut made = Self::made(Code::from(error.code), &error.reason, error.message);
        made.0.metadata = error.metadata.into_iter().collect();
        made.0.retry_after = error.retry_after.and_then(|after| after.try_into().ok());
        let violation = |v: v1::FieldViolation| FieldViolation { field: v.field, description: v.description };
        made.0.violations = error.field_violations.into_iter().map(violation).collect();
        made.0.unsettled = made.0.reason == reason::OUTCOME_UNKNOWN;
        made
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", if self.message.is_empty() { "refused without a message" } else { &self.message })?;
        for violation in &self.violations {
            write!(f, "; {}: {}", violation.field, violation.description)?;
        }
        if !self.reason.is_empty() {
            write!(f, " [{}", self.reason)?;
            self.region.iter().try_for_each(|region| write!(f, " from {region}"))?;
            write!(f, "]")?;
        }
        if self.unsettled && self.reason != reason::OUTCOME_UNKNOWN {
            write!(f, "; an earlier try got no answer and may still take effect")?;
        }
        self.next_step().map_or(Ok(()), |step| write!(f, "; next: {step}"))
    }
}
