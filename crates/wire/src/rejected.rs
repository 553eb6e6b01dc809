//! A rejection as it is told and recorded: stable reason, text for people, and the values behind the reason.
//!
//! A log remembers many of them, so what is recorded is cut to a bound; what is told is what is recorded.

use ids::limits::{REJECTION_BYTES_MAX, SUBJECT_BYTES_MAX};

use crate::{Error, encoded_len, proto, record::at_most};

/// Bytes of the message of a recorded rejection; it names two subjects at most.
const MESSAGE_BYTES_MAX: usize = 1024;
/// Values behind a recorded rejection.
const DETAILS_MAX: usize = 4;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub reason: String,
    pub message: String,
    pub details: Vec<(String, String)>,
}

impl Rejected {
    /// The same, cut to what a record may hold.
    #[must_use]
    pub fn cut(mut self) -> Self {
        cut(&mut self.message, MESSAGE_BYTES_MAX);
        self.details.truncate(DETAILS_MAX);
        self.details.iter_mut().for_each(|(_, value)| cut(value, SUBJECT_BYTES_MAX));
        self
    }

    pub fn out(&self) -> proto::Rejected {
        let detail = |(key, value): &(String, String)| proto::Detail { key: key.clone(), value: value.clone() };
        proto::Rejected {
            reason: self.reason.clone(),
            message: self.message.clone(),
            details: self.details.iter().map(detail).collect(),
        }
    }

    pub fn read(message: proto::Rejected) -> Self {
        let proto::Rejected { reason, message, details } = message;
        Self { reason, message, details: details.into_iter().map(|detail| (detail.key, detail.value)).collect() }
    }

    /// Reads one that is kept, and therefore bounded.
    pub fn read_kept(message: proto::Rejected) -> Result<Self, Error> {
        bounded(&message).map(|()| Self::read(message))
    }
}

pub(crate) fn bounded(message: &proto::Rejected) -> Result<(), Error> {
    at_most("bytes of a recorded rejection", encoded_len(message), REJECTION_BYTES_MAX)
}

fn cut(text: &mut String, max: usize) {
    text.truncate(text.floor_char_boundary(max));
}
