//! Who calls: the token of each call.

use std::{fmt, sync::Arc};

use api::metadata::AUTHORIZATION;
use tonic::metadata::MetadataMap;

/// Where tokens come from. By default no call has one, which only a ring that was not told who runs it takes.
#[derive(Clone, Default)]
pub struct Credential(Option<Arc<dyn Fn() -> String + Send + Sync>>);

impl Credential {
    /// The same for every call, for as long as it counts.
    pub fn token(token: &str) -> Self {
        let token = token.to_owned();
        Self::made_by(move || token.clone())
    }

    /// Asked before each call: for tokens that are short-lived. It must not wait.
    pub fn made_by(make: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(make)))
    }

    /// A token that cannot stand in metadata is left out, and the call refused for having none.
    pub(crate) fn sign(&self, metadata: &mut MetadataMap) {
        if let Some(value) = self.0.as_ref().and_then(|make| format!("Bearer {}", make()).parse().ok()) {
            metadata.insert(AUTHORIZATION, value);
        }
    }
}

/// Never what is in it.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Credential(..)" } else { "Credential(none)" })
    }
}
