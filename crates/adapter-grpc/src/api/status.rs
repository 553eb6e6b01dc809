//! Every way in which a call is refused, and what gRPC says of it. The one place that maps a reason to a code.
//!
//! Codes follow gRPC's own advice on retrying. UNAVAILABLE always means *not done*: the same request may be sent again, here later or
//! elsewhere now; at the end of a stream of mutations it is said of those without an answer. ABORTED means: look again before you go on; with `OUTCOME_UNKNOWN` the request may have taken effect, and the same
//! request id, sent again, tells. A refusal that may pass by itself carries `google.rpc.RetryInfo`; one that does not never will
//! without another request.
//!
//! Reasons come as text, because they travel between members of different versions. One that this table does not hold was given by a
//! newer member: what kind of refusal it is decides its code ([`Refusal::rejected`], [`Refusal::not_done`]).

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{BadRequest, ErrorDetail, ErrorInfo, FieldViolation, RetryInfo, StatusExt};

mod table;

pub use table::{Row, TABLE};

/// Why a call was refused, or why its outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What programs act on.
    pub reason: Cow<'static, str>,
    pub code: Code,
    /// Sent again, the same request may succeed, not before this has passed.
    pub retry_after: Option<Duration>,
    /// For people.
    pub message: String,
    /// The values behind the reason.
    pub metadata: BTreeMap<String, String>,
    /// The request's fields that were refused, with what is wanted.
    pub violations: Vec<(String, String)>,
}

/// The row of a reason, if this version knows it.
pub fn row_of(reason: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.reason == reason)
}

impl Refusal {
    /// A refusal of this crate. Its reason is in the table; a test holds that.
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self::of(Cow::Borrowed(reason), message.into(), Code::Internal, None)
    }

    /// A refusal by the rules of the domain: sent again, it is refused again until something else changes.
    pub fn rejected(reason: &str, message: impl Into<String>) -> Self {
        Self::of(known(reason), message.into(), Code::FailedPrecondition, None)
    }

    /// Not attempted, and without effect.
    pub fn not_done(reason: &str, message: impl Into<String>) -> Self {
        Self::of(known(reason), message.into(), Code::Unavailable, Some(Duration::from_secs(1)))
    }

    /// A field of the request that does not read. `wanted` says what would.
    pub fn field(field: impl Into<String>, given: &str, wanted: impl std::fmt::Display) -> Self {
        let field = field.into();
        let given: String = given.chars().take(80).collect();
        let description = format!("{given:?} was given, wanted {wanted}");
        let mut refusal =
            Self::new("INVALID_ARGUMENT", format!("read the field {field} as {given:?}: wanted {wanted}"));
        refusal.violations.push((field, description));
        refusal
    }

    fn of(reason: Cow<'static, str>, message: String, code: Code, retry_after: Option<Duration>) -> Self {
        let (code, retry_after) = row_of(&reason).map_or((code, retry_after), |row| (row.code, row.retry_after()));
        Self { reason, code, retry_after, message, metadata: BTreeMap::new(), violations: Vec::new() }
    }

    /// Adds a value behind the reason.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// As a gRPC status with its details.
    pub fn into_status(self) -> Status {
        let mut details = vec![ErrorDetail::ErrorInfo(ErrorInfo {
            reason: self.reason.into_owned(),
            domain: api::ERROR_DOMAIN.to_owned(),
            metadata: self.metadata.into_iter().collect(),
        })];
        if !self.violations.is_empty() {
            let violations = self.violations.into_iter();
            let violations =
                violations.map(|(field, description)| FieldViolation { field, description, ..Default::default() });
            details.push(ErrorDetail::BadRequest(BadRequest { field_violations: violations.collect() }));
        }
        if let Some(after) = self.retry_after {
            details.push(ErrorDetail::RetryInfo(RetryInfo { retry_delay: Some(after) }));
        }
        Status::with_error_details_vec(self.code, self.message, details)
    }

    /// As a message inside an answer.
    pub fn into_message(self) -> api::v1::Error {
        let violations = self.violations.into_iter();
        api::v1::Error {
            code: i32::from(self.code),
            reason: self.reason.into_owned(),
            message: self.message,
            metadata: self.metadata.into_iter().collect(),
            field_violations: violations
                .map(|(field, description)| api::v1::FieldViolation { field, description })
                .collect(),
            retry_after: self.retry_after.map(super::resource::duration),
        }
    }
}

fn known(reason: &str) -> Cow<'static, str> {
    row_of(reason).map_or_else(|| Cow::Owned(reason.to_owned()), |row| Cow::Borrowed(row.reason))
}
