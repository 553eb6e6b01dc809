//! How a suite says no: the promise in words, and what happened instead.

use std::fmt::Debug;

/// One promise of a port that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken promise: {promise}: {detail}")]
pub struct Broken {
    pub promise: &'static str,
    pub detail: String,
}

impl Broken {
    pub fn new(promise: &'static str, detail: impl Into<String>) -> Self {
        Self { promise, detail: detail.into() }
    }
}

/// Whether what was found is what was promised.
pub(crate) fn same<T: Debug + PartialEq>(promise: &'static str, found: &T, promised: &T) -> Result<(), Broken> {
    if found == promised {
        return Ok(());
    }
    Err(Broken::new(promise, format!("found {found:?} instead of {promised:?}")))
}

/// The value of a call that should succeed.
pub(crate) fn given<T, E: Debug>(promise: &'static str, result: Result<T, E>) -> Result<T, Broken> {
    result.map_err(|error| Broken::new(promise, format!("refused with {error:?}")))
}
