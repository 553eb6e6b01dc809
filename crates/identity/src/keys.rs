//! Keys of an issuer: a JSON Web Key Set (RFC 7517), of which what is not for checking signatures is left out.

use std::collections::BTreeMap;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde_json::Value;

/// Keys of one issuer at most; what large ones publish while they rotate is a handful.
pub const KEYS_MAX: usize = 64;
/// Bytes of a key set at most.
pub const KEY_SET_BYTES_MAX: usize = 256 * 1024;

/// Public keys by their ids.
#[derive(Clone, Default)]
pub struct Keys {
    keys: BTreeMap<String, Key>,
}

#[derive(Clone)]
struct Key {
    /// An RSA key may sign in two ways; every other in one.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// Text that is no key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("read a key set of {bytes} bytes: wanted {KEY_SET_BYTES_MAX} at most")]
    TooLong { bytes: usize },
    #[error("read a key set: wanted a JSON object with a list of keys")]
    Malformed,
    #[error("read a key set of {keys} keys: wanted {KEYS_MAX} at most")]
    TooMany { keys: usize },
    #[error("read a key set: wanted a key with an id, for RS256, PS256, ES256 or EdDSA, among {keys}")]
    NoneOfUse { keys: usize },
}

impl Keys {
    /// Reads a key set. Keys for something else, of other kinds, or without an id are left out.
    ///
    /// # Errors
    /// [`KeysError`]: it is none, or none of its keys is of use.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        if text.len() > KEY_SET_BYTES_MAX {
            return Err(KeysError::TooLong { bytes: text.len() });
        }
        let set: Value = serde_json::from_str(text).map_err(|_| KeysError::Malformed)?;
        let all = set.get("keys").and_then(Value::as_array).ok_or(KeysError::Malformed)?;
        if all.len() > KEYS_MAX {
            return Err(KeysError::TooMany { keys: all.len() });
        }
        let keys: BTreeMap<String, Key> = all.iter().filter_map(of_use).collect();
        if keys.is_empty() { Err(KeysError::NoneOfUse { keys: all.len() }) } else { Ok(Self { keys }) }
    }

    /// Adds an Ed25519 key.
    pub(crate) fn add_ed25519(&mut self, id: &str, public: &[u8]) {
        let key = Key { algorithms: vec![Algorithm::EdDSA], key: DecodingKey::from_ed_der(public) };
        self.keys.insert(id.to_owned(), key);
    }

    /// The key of that id, if it is for that algorithm.
    pub(crate) fn find(&self, id: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        self.keys.get(id).filter(|key| key.algorithms.contains(&algorithm)).map(|key| &key.key)
    }

    /// The key of that id, and no other.
    pub(crate) fn only(&self, id: &str) -> Self {
        let keys = self.keys.iter().filter(|(found, _)| *found == id);
        Self { keys: keys.map(|(id, key)| (id.clone(), key.clone())).collect() }
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

/// Members that only private and symmetric keys have: RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1.
const SECRETS: [&str; 8] = ["d", "dp", "dq", "k", "oth", "p", "q", "qi"];

/// The name of a member that says that a private or a symmetric key is somewhere in this. A secret in a member of another name is not found.
pub fn secret(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let symmetric = name == "kty" && value.as_str() == Some("oct");
            let says_so = symmetric || SECRETS.contains(&name.as_str());
            if says_so { Some(name.as_str()) } else { secret(value) }
        }),
        Value::Array(values) => values.iter().find_map(secret),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn of_use(value: &Value) -> Option<(String, Key)> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
    let id = jwk.common.key_id.clone().filter(|id| signs && !id.is_empty())?;
    let possible = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => vec![Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::OctetKeyPair(of) if of.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        _ => return None,
    };
    let algorithms = match jwk.common.key_algorithm {
        None => possible,
        Some(only) => possible.into_iter().filter(|algorithm| named(*algorithm) == Some(only)).collect(),
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    (!algorithms.is_empty()).then_some((id, Key { algorithms, key }))
}

fn named(algorithm: Algorithm) -> Option<KeyAlgorithm> {
    match algorithm {
        Algorithm::RS256 => Some(KeyAlgorithm::RS256),
        Algorithm::PS256 => Some(KeyAlgorithm::PS256),
        Algorithm::ES256 => Some(KeyAlgorithm::ES256),
        Algorithm::EdDSA => Some(KeyAlgorithm::EdDSA),
        _ => None,
    }
}
