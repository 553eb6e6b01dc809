//! Request ids: what makes a write that is sent twice happen once.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// 16 bytes chosen once per wish: a UUID of version 7, so that ids sort roughly by the time of the wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 16]);

impl RequestId {
    /// A new id, from the wall clock and the system's randomness.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7().into_bytes())
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Uuid::from_bytes(self.0).simple())
    }
}

/// Text that is no request id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the request id {input:?}: wanted 32 hexadecimal digits or a UUID")]
pub struct RequestIdError {
    pub input: String,
}

impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(input: &str) -> Result<Self, RequestIdError> {
        let refused = |_| RequestIdError { input: input.chars().take(80).collect() };
        Uuid::try_parse(input).map(|id| Self(id.into_bytes())).map_err(refused)
    }
}

/// A number between 0 and 1 for jitter, out of the random part of an id.
pub(crate) fn chance() -> f64 {
    let low = u32::try_from(Uuid::now_v7().as_u128() & u128::from(u32::MAX)).unwrap_or(0);
    f64::from(low) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_survive_their_text() {
        let id = RequestId::new();
        assert_ne!(id, RequestId::new());
        assert_eq!(id.to_string().len(), 32);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("request-1".parse::<RequestId>().is_err());
    }

    #[test]
    fn chance_is_spread() {
        let drawn: Vec<f64> = (0..64).map(|_| chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(drawn.iter().any(|chance| *chance < 0.5) && drawn.iter().any(|chance| *chance > 0.5));
    }
}
