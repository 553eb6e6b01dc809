//! Tokens that regions of this ring issue, and their signing keys.
//!
//! Every region signs with the newest key of the ring and takes tokens of all that are still known, so keys are changed without anybody noticing:
//! a new one is known everywhere before it signs, and an old one is taken until its last token has expired. Ed25519, because the same token
//! comes of the same key and the same claims, also in a simulated ring.

use access::Member;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ids::OrganizationName;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Identity, Keys, Method, Refusal, Trust, claims::Seconds};

/// Who our tokens are for.
pub const AUDIENCE: &str = "atoll";
/// No token counts for longer, in seconds: whoever was let in once is looked at anew within the hour.
pub const LIFE_MAX: u64 = 3600;
/// Bytes of the secret of a signing key.
pub const SEED_BYTES: usize = 32;
/// What stands before the secret in the form that keys are read in: RFC 8410, section 7.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The issuer of a ring's own tokens.
pub fn issuer(ring: &str) -> String {
    format!("atoll:{ring}")
}

/// A signing key.
pub struct Signer {
    ring: String,
    id: String,
    key: EncodingKey,
    public: Vec<u8>,
}

/// What a token says but for its times.
#[derive(Serialize)]
pub struct Claimed<'a> {
    pub iss: &'a str,
    pub aud: &'a str,
    pub sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<&'a str>,
}

#[derive(Serialize)]
struct Timed<'a> {
    #[serde(flatten)]
    claimed: &'a Claimed<'a>,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// Text that is no secret of a key, or a token that could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("made the signing key {id} of its secret: it is none")]
    Seed { id: String },
    #[error("wrote a token of {seconds} s: wanted 1 to {LIFE_MAX}")]
    Life { seconds: u64 },
    #[error("wrote a token for {member}: wanted a service account or a user")]
    Group { member: Member },
    #[error("signed a token with the key {id}: {why}")]
    Sign { id: String, why: String },
}

impl Signer {
    /// # Errors
    /// [`SignError::Seed`]
    pub fn new(ring: &str, id: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, SignError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SignError::Seed { id: id.to_owned() })?;
        let der: Vec<u8> = PKCS8_PREFIX.iter().chain(seed).copied().collect();
        let (key, public) = (EncodingKey::from_ed_der(&der), pair.public_key().as_ref().to_vec());
        Ok(Self { ring: ring.to_owned(), id: id.to_owned(), key, public })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn ring(&self) -> &str {
        &self.ring
    }

    /// What others verify with, as a key of a JSON Web Key Set (RFC 8037).
    pub fn public_jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(&self.public);
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": x })
    }

    /// What others verify with: 32 bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// A token for a member of an organization, from `now` (Unix seconds) for so many seconds. `jti` names it.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn issue(
        &self,
        (organization, member): (&OrganizationName, &Member),
        now: u64,
        seconds: u64,
        jti: &str,
    ) -> Result<String, SignError> {
        if member.is_group() {
            return Err(SignError::Group { member: member.clone() });
        }
        let (sub, org, iss) = (member.to_string(), organization.to_string(), issuer(&self.ring));
        self.sign(&Claimed { iss: &iss, aud: AUDIENCE, sub: &sub, org: Some(&org), jti: Some(jti) }, now, seconds)
    }

    /// A token that says this, from `now` (Unix seconds) for so many seconds.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(&self, claimed: &Claimed<'_>, now: u64, seconds: u64) -> Result<String, SignError> {
        if !(1..=LIFE_MAX).contains(&seconds) {
            return Err(SignError::Life { seconds });
        }
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::EdDSA) };
        let timed = Timed { claimed, iat: now, nbf: now, exp: now + seconds };
        let written = encode(&header, &timed, &self.key);
        written.map_err(|error| SignError::Sign { id: self.id.clone(), why: error.to_string() })
    }
}

/// The ring's own tokens, by the public keys that are known.
#[derive(Clone)]
pub struct OwnTokens {
    trust: Trust,
}

impl OwnTokens {
    /// `keys` are ids and public keys of 32 bytes.
    pub fn new<'a>(ring: &str, keys: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut known = Keys::default();
        keys.into_iter().for_each(|(id, public)| known.add_ed25519(id, public));
        let (issuer, audience) = (issuer(ring), AUDIENCE.to_owned());
        Self { trust: Trust { issuer, audience, keys: known, longest: Some(LIFE_MAX) } }
    }

    pub fn issuer(&self) -> &str {
        &self.trust.issuer
    }

    /// Who has this token, at `now` in Unix seconds.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn identify(&self, token: &str, now: u64) -> Result<Identity, Refusal> {
        let claims = self.trust.read(token, now)?;
        let refused =
            |claim: &str, wanted| Refusal::Claim { issuer: self.trust.issuer.clone(), claim: claim.to_owned(), wanted };
        let organization = claims.texts("org").unwrap_or_default();
        let organization = organization.first().and_then(|text| text.parse().ok());
        let member = claims.sub.parse::<Member>().ok().filter(|member| !member.is_group());
        let seconds = |at: Option<Seconds>| at.map(|Seconds(at)| at).unwrap_or_default();
        Ok(Identity {
            organization: organization.ok_or_else(|| refused("org", "an organization"))?,
            member: member.ok_or_else(|| refused("sub", "a user or a service account"))?,
            groups: Vec::new(),
            method: Method::Token,
            issued: seconds(claims.iat),
            expires: seconds(claims.exp),
        })
    }
}
