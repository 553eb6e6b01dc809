//! How an operator of the ring proves to be one: by a token that they sign themselves, with a key whose public half every member was
//! configured with.
//!
//! Nothing on record is asked about operators, so one can always act, also on a ring that is new, cut off, or whose records are in doubt.
//! Operators run the ring; what organizations have in it is not theirs.

use crate::{
    Keys, KeysError, Refusal, Trust,
    claims::Seconds,
    own::{self, Claimed, SignError, Signer},
};

/// No token of an operator counts for longer, in seconds.
pub const LIFE_MAX: u64 = own::LIFE_MAX;
const PREFIX: &str = "operator:";

/// The operators of a ring, by their public keys.
#[derive(Clone)]
pub struct Operators {
    audience: String,
    keys: Keys,
}

impl Operators {
    /// `keys` is a JSON Web Key Set in which the id of each key is its operator's name.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn parse(ring: &str, keys: &str) -> Result<Self, KeysError> {
        Ok(Self { audience: own::issuer(ring), keys: Keys::parse(keys)? })
    }

    /// Whether a token is to be looked at here, by what it says of itself.
    pub fn issued(issuer: &str) -> bool {
        issuer.starts_with(PREFIX)
    }

    /// Whose token it is, at `now` in Unix seconds: the name of an operator, and until when it counts.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn identify(&self, token: &str, now: u64) -> Result<(String, u64), Refusal> {
        let issuer = crate::issuer_of(token)?;
        let name = issuer.strip_prefix(PREFIX).unwrap_or_default().to_owned();
        // A key speaks for the operator that it is named after, and for no other.
        let keys = self.keys.only(&name);
        let trust = Trust { issuer: issuer.clone(), audience: self.audience.clone(), keys, longest: Some(LIFE_MAX) };
        let claims = trust.read(token, now)?;
        if claims.sub == issuer {
            return Ok((name, claims.exp.map_or(now, |Seconds(at)| at)));
        }
        Err(Refusal::Claim { issuer, claim: "sub".to_owned(), wanted: "the issuer itself" })
    }
}

/// A token of the operator whom the key is named after, from `now` (Unix seconds) for so many seconds.
///
/// # Errors
/// [`SignError`]
pub fn sign(key: &Signer, now: u64, seconds: u64) -> Result<String, SignError> {
    let name = format!("{PREFIX}{}", key.id());
    key.sign(&Claimed { iss: &name, aud: &own::issuer(key.ring()), sub: &name, org: None, jti: None }, now, seconds)
}
