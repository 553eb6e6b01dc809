//! What one call may ask for. Every field has a default, so `Read::default()` and `Write::default()` are what most callers pass.

use std::time::Duration;

use api::v1;

use crate::{RequestId, Token};

/// Which regions may answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// The client's preferred region, then any other.
    #[default]
    Any,
    /// This region first, then any other.
    Prefer(String),
    /// This region or nobody.
    Only(String),
}

/// What a read must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// What the member that answers has now.
    Local,
    /// Everything that this client has seen in earlier answers.
    #[default]
    AtLeast,
    /// Everything that this token has seen, whatever the client has seen.
    AtLeastToken(Token),
    /// Everything that anyone was told, anywhere, before the call.
    Linearizable,
}

/// Options of a read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub consistency: Consistency,
    /// A read that may be older is refused; lists over regions name the older ones as unreachable instead.
    pub max_staleness: Option<Duration>,
    /// Over all tries; the client's when not set.
    pub timeout: Option<Duration>,
    pub route: Route,
}

impl Read {
    pub fn local() -> Self {
        Self { consistency: Consistency::Local, ..Self::default() }
    }

    pub fn linearizable() -> Self {
        Self { consistency: Consistency::Linearizable, ..Self::default() }
    }

    #[must_use]
    pub fn only(self, region: &str) -> Self {
        Self { route: Route::Only(region.to_owned()), ..self }
    }

    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// `seen` is what the client has seen so far.
    pub(crate) fn out(&self, seen: &Token) -> v1::ReadOptions {
        use v1::read_options::Level;
        let (level, token) = match &self.consistency {
            Consistency::Local => (Level::Local, String::new()),
            Consistency::AtLeast => (Level::AtLeast, seen.to_string()),
            Consistency::AtLeastToken(token) => (Level::AtLeast, token.to_string()),
            Consistency::Linearizable => (Level::Linearizable, String::new()),
        };
        v1::ReadOptions {
            level: level.into(),
            token,
            max_staleness: self.max_staleness.and_then(|max| max.try_into().ok()),
        }
    }
}

/// Options of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Write {
    /// Made by the client where it is not set. To settle an earlier write whose outcome is not known, see [`Write::again`].
    pub request_id: Option<RequestId>,
    /// An earlier call with this request id may still take effect: a refusal of this one settles that one too.
    pub retried: bool,
    /// Decide and tell, change nothing.
    pub validate_only: bool,
    /// Over all tries; the client's when not set.
    pub timeout: Option<Duration>,
    pub route: Route,
}

impl Write {
    #[must_use]
    pub fn with_request_id(request_id: RequestId) -> Self {
        Self { request_id: Some(request_id), ..Self::default() }
    }

    /// To send a write of unknown outcome again, and learn the outcome: a refusal is then the last word on the earlier one as well.
    #[must_use]
    pub fn again(request_id: RequestId) -> Self {
        Self { retried: true, ..Self::with_request_id(request_id) }
    }

    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }
}
