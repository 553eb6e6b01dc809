//! Why bytes were refused.

use ids::{Hash, Incarnation, Seq};

/// Every variant names what was read and the value that did not fit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("decoded {bytes} bytes as {what}")]
    Unreadable {
        what: &'static str,
        bytes: usize,
        #[source]
        source: prost::DecodeError,
    },
    #[error("read the field {field} of {what} with the value {value}: wanted {wanted}")]
    Field { what: &'static str, field: &'static str, value: String, wanted: &'static str },
    #[error("read {what} of level {level}: this build reads up to {supported}")]
    FromTheFuture { what: &'static str, level: u32, supported: u32 },
    #[error("measured {what} at {given}: at most {max} are accepted")]
    TooMuch { what: &'static str, given: usize, max: usize },
    #[error("read {what} of the log {given}: wanted one of {wanted}")]
    OtherLog { what: &'static str, given: String, wanted: String },
    #[error("read {what} of incarnation {given}: wanted {wanted}")]
    OtherIncarnation { what: &'static str, given: Incarnation, wanted: Incarnation },
    #[error("read the record {given}: wanted {wanted}, the next one")]
    OutOfOrder { given: Seq, wanted: Seq },
    #[error("read the record {seq} after a record with hash {given}: the record before it has {wanted}")]
    BrokenChain { seq: Seq, given: Hash, wanted: Hash },
    #[error("read the record {seq} with the time {given}: wanted a later one than {last}")]
    TimeStoodStill { seq: Seq, given: ids::Hlc, last: ids::Hlc },
    #[error("read the record {seq}, whose guard on {subject} does not hold")]
    GuardFailed { seq: Seq, subject: String },
    #[error("read the record {seq}, whose request was already applied as {first}")]
    RequestTwice { seq: Seq, first: Seq },
    #[error("checked {what} of {bytes} bytes: the checksum differs")]
    Checksum { what: &'static str, bytes: usize },
    #[error("computed the state digest {computed} of a snapshot that says {said}")]
    Digest { computed: Hash, said: Hash },
}

impl Error {
    pub(crate) fn field(what: &'static str, field: &'static str, value: impl ToString, wanted: &'static str) -> Self {
        let value = value.to_string().chars().take(120).collect();
        Self::Field { what, field, value, wanted }
    }
}
