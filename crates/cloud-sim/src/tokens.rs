//! Client tokens: what a token was used for, and what came of it.

use std::{collections::BTreeMap, sync::Arc};

use ports::cloud::{ClientToken, CloudError, ErrorCode, Zone};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A token counts within its kind of creation, for launches also within its zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TokenKey {
    pub action: Arc<str>,
    pub zone: Option<Zone>,
    pub token: ClientToken,
}

#[derive(Serialize, Deserialize)]
struct Spent {
    /// Of the parameters: the first eight bytes of their SHA-256, enough to tell the calls of one caller apart.
    digest: u64,
    /// Id of what it made; none where the launch found no capacity.
    made: Option<Arc<str>>,
    /// Until when it is known, once what it made has ended.
    until: Option<u64>,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Tokens(#[serde(with = "crate::pairs")] BTreeMap<TokenKey, Spent>);

impl Tokens {
    /// Id of what the token made, if it was used for these parameters.
    pub fn made(&self, key: &TokenKey, digest: u64) -> Result<Option<Arc<str>>, CloudError> {
        let token = key.token.as_str();
        if token.is_empty() || token.len() > 64 || !token.is_ascii() {
            let message = format!("took {token:?} as a client token: wanted 1 to 64 ASCII characters");
            return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
        }
        match self.0.get(key) {
            Some(spent) if spent.digest != digest => {
                let message = format!("used the client token {token} again with other parameters");
                Err(CloudError::refused(ErrorCode::IdempotentParameterMismatch, message))
            }
            spent => Ok(spent.and_then(|spent| spent.made.clone())),
        }
    }

    pub fn knows(&self, key: &TokenKey) -> bool {
        self.0.contains_key(key)
    }

    pub fn spend(&mut self, key: TokenKey, digest: u64, made: Option<Arc<str>>, until: Option<u64>) {
        self.0.insert(key, Spent { digest, made, until });
    }

    /// What it made has ended.
    pub fn ended(&mut self, key: &TokenKey, until: u64) {
        self.0.get_mut(key).into_iter().for_each(|spent| spent.until = Some(until));
    }

    /// Forgets a token whose time has passed.
    pub fn forget(&mut self, key: &TokenKey, now: u64) {
        if self.0.get(key).and_then(|spent| spent.until).is_some_and(|until| until <= now) {
            self.0.remove(key);
        }
    }
}

pub(crate) fn digest(parameters: &impl Serialize) -> u64 {
    let bytes = serde_json::to_vec(parameters).unwrap_or_default();
    Sha256::digest(&bytes).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
