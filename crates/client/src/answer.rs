//! Answers with their origin: who gave them, how old they may be, what they have seen.

use std::time::Duration;

use api::metadata;
use tonic::metadata::MetadataMap;

use crate::Token;

/// One answer, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<T> {
    pub value: T,
    /// Region of the member that answered.
    pub region: String,
    /// The member that answered, when it said so.
    pub member: Option<u64>,
    /// Of a read: everything acknowledged so long ago is in it. `None`: not known, or not a read.
    pub age: Option<Duration>,
    /// What the answer has seen.
    pub token: Token,
    /// Of a write: it is done, and of the resource only name and etag are known where it was answered.
    pub partial: bool,
    /// How many tries the call took, this one included.
    pub tries: u32,
}

impl<T> Answered<T> {
    /// The same origin with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answered<U> {
        let Self { value, region, member, age, token, partial, tries } = self;
        Answered { value: change(value), region, member, age, token, partial, tries }
    }
}

/// A whole list, collected from its pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// `locations/{location}` of every region whose copy was missing or older than asked.
    pub unreachable: Vec<String>,
    /// Region that served the last page.
    pub region: String,
    pub member: Option<u64>,
    /// The greatest age of any page; `None` when one of them was not known.
    pub age: Option<Duration>,
    pub token: Token,
}

/// What response metadata says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub region: Option<String>,
    pub member: Option<u64>,
    pub age: Option<Duration>,
    pub token: Token,
    pub partial: bool,
}

impl Origin {
    /// What cannot be read is left out: metadata informs, it does not decide.
    pub(crate) fn of(headers: &MetadataMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            region: text(metadata::REGION).map(str::to_owned),
            member: text(metadata::MEMBER).and_then(|value| value.parse().ok()),
            age: text(metadata::AGE_MS).and_then(|value| value.parse().ok()).map(Duration::from_millis),
            partial: text(metadata::PARTIAL) == Some("true"),
            token: text(metadata::TOKEN).and_then(|value| value.parse().ok()).unwrap_or_default(),
        }
    }
}
