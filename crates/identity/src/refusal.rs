//! Why a token is refused.

/// The message is for the log of whoever refuses. A caller is told the [`Refusal::reason`] alone: it says nothing about which issuers, keys,
/// organizations or members there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("read a token of {bytes} bytes: wanted {max} at most")]
    TooLong { bytes: usize, max: usize },
    #[error(
        "read a token: wanted three parts of base64url, the first two JSON objects, signed by RS256, PS256, ES256 or EdDSA"
    )]
    Malformed,
    #[error("read a token whose header says that more than is known here must be understood")]
    Critical,
    #[error("looked for the key {key:?} of {issuer}: it is not known, or is not for {algorithm}")]
    UnknownKey { issuer: String, key: String, algorithm: String },
    #[error("checked the signature of a token of {issuer}: it is not of the key that the token names")]
    BadSignature { issuer: String },
    #[error("read a token of {given:?}: wanted one of {wanted}")]
    OtherIssuer { given: String, wanted: String },
    #[error("read a token for {given:?}: wanted one for {wanted}")]
    OtherAudience { given: Vec<String>, wanted: String },
    #[error("read a token that expired at {at}; it is {now} (Unix seconds)")]
    Expired { at: u64, now: u64 },
    #[error("read a token that counts from {at} on; it is {now} (Unix seconds)")]
    NotYet { at: u64, now: u64 },
    #[error("read a token that counts for {seconds} s: wanted {max} at most")]
    TooLongLived { seconds: u64, max: u64 },
    #[error("looked for the claim {claim} of a token of {issuer}: wanted {wanted}")]
    Claim { issuer: String, claim: String, wanted: &'static str },
}

impl Refusal {
    /// Stable code that programs act on: get another token, wait, or this will never do.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "TOKEN_EXPIRED",
            Self::NotYet { .. } => "TOKEN_NOT_YET_VALID",
            _ => "TOKEN_REFUSED",
        }
    }
}
