//! What a token says. RFC 7519 section 4.1; OpenID Connect Core 1.0 section 2.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The claims that are looked at, and the rest by name.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    #[serde(default)]
    pub iss: String,
    #[serde(default)]
    pub sub: String,
    #[serde(default)]
    pub aud: Audience,
    /// Whom the token was issued to, where it is for several.
    pub azp: Option<String>,
    pub exp: Option<Seconds>,
    pub nbf: Option<Seconds>,
    pub iat: Option<Seconds>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One audience or several.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Several(Vec<String>),
    #[default]
    None,
}

impl Audience {
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
            Self::None => &[],
        }
    }
}

/// A NumericDate: seconds since 1970, perhaps with a fraction, which is dropped.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(from = "f64")]
pub struct Seconds(pub u64);

impl From<f64> for Seconds {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is out of range is clamped, and means never or always"
    )]
    fn from(number: f64) -> Self {
        Self(number as u64)
    }
}

impl Claims {
    /// Texts of a claim that is a text or a list of texts. `None`: it is something else. Empty: there is no such claim.
    pub fn texts(&self, claim: &str) -> Option<Vec<&str>> {
        match self.rest.get(claim) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::String(one)) => Some(vec![one]),
            Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
            Some(_) => None,
        }
    }

    /// Whether a claim is true. Some issuers write it as a text.
    pub fn is_true(&self, claim: &str) -> bool {
        self.rest.get(claim).is_some_and(|value| *value == Value::Bool(true) || value.as_str() == Some("true"))
    }
}
