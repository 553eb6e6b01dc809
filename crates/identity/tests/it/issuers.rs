//! An issuer with keys of every kind, and whatever somebody might make of its tokens.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use identity::{Keys, Provider};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://login.acme.example";
pub const CLIENT: &str = "atoll-cli";
pub const NOW: u64 = 1_790_000_000;

/// A private key, with how it signs and what it is called.
pub struct Secret {
    pub id: &'static str,
    pub algorithm: Algorithm,
    pub key: EncodingKey,
}

impl Secret {
    pub fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).unwrap()
    }
}

fn rsa(id: &'static str, algorithm: Algorithm) -> Secret {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    // PKCS#1 is what stands in PKCS#8 behind 26 bytes that say so.
    let der = pair.as_der().unwrap();
    Secret { id, algorithm, key: EncodingKey::from_rsa_der(&der.as_ref()[26..]) }
}

pub fn elliptic(id: &'static str) -> Secret {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    Secret { id, algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(pair.as_ref()) }
}

pub static ELLIPTIC: LazyLock<Secret> = LazyLock::new(|| elliptic("ec-1"));
pub static RSA: LazyLock<Secret> = LazyLock::new(|| rsa("rsa-1", Algorithm::RS256));
pub static PSS: LazyLock<Secret> = LazyLock::new(|| rsa("rsa-2", Algorithm::PS256));

pub fn keys() -> Keys {
    let all = [ELLIPTIC.public(), RSA.public(), PSS.public()];
    Keys::parse(&json!({ "keys": all }).to_string()).unwrap()
}

pub fn provider() -> Provider {
    Provider {
        organization: "organizations/acme".parse().unwrap(),
        issuer: ISSUER.to_owned(),
        audience: CLIENT.to_owned(),
        user_claim: "email".to_owned(),
        groups_claim: "groups".to_owned(),
        keys: keys(),
    }
}

/// What a good token says.
pub fn good() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "248289761001", "iat": NOW - 10, "exp": NOW + 3600,
        "email": "ann@acme.example", "email_verified": true, "groups": ["oncall", "two words", "staff", "oncall"],
    })
}

/// A good token but for one claim; `null` takes it away.
pub fn with(claim: &str, value: Value) -> Value {
    let mut claims = good();
    let fields = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(fields.remove(claim)),
        value => drop(fields.insert(claim.to_owned(), value)),
    }
    claims
}

pub fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
