//! Who a caller is. Tokens are verified with what is known already: no identity provider is asked while a call waits.
//!
//! ```text
//!   bearer ─ issuer_of (unverified: only to look up whom to trust)
//!              │
//!              ├─ an issuer of an organization ─▶ Provider ──┐
//!              ├─ this ring ───────────────────▶ OwnTokens ──┼─▶ Trust::read (key, signature, issuer, audience, times) ─▶ Identity
//!              ├─ a service account's own key ─▶ assertion ──┤
//!              └─ an operator's own key ───────▶ Operators ──┘
//! ```
//!
//! Map: [`trust`] what every token must hold · [`keys`] keys of an issuer · [`provider`] OpenID Connect · [`own`] tokens that regions issue, and
//! their signing keys · [`assertion`] how a service account proves itself · [`operator`] how one who runs the ring does · [`claims`] what a token says · [`refusal`] why one is refused.
//!
//! **Architecture invariant:** no clock, no network: whoever asks says what time it is and which keys count. **Architecture invariant:** which
//! algorithm a key is for is known from the key, never from the token.

pub mod assertion;
pub mod claims;
pub mod keys;
pub mod operator;
pub mod own;
pub mod provider;
pub mod refusal;
pub mod trust;

use access::{Caller, Member};
use ids::OrganizationName;

pub use keys::{Keys, KeysError};
pub use operator::Operators;
pub use own::{OwnTokens, Signer};
pub use provider::Provider;
pub use refusal::Refusal;
pub use trust::{TOKEN_BYTES_MAX, Trust, issuer_of};

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A token of an issuer that the organization trusts.
    OpenIdConnect,
    /// A token that a region of this ring issued.
    Token,
}

/// Who a caller is, in one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub organization: OrganizationName,
    pub member: Member,
    /// Groups that the token claims, each once.
    pub groups: Vec<Member>,
    pub method: Method,
    /// Unix seconds at which the token was issued, and from which on it counts no more.
    pub issued: u64,
    pub expires: u64,
}

impl Identity {
    /// As access is asked about it.
    pub fn caller(&self) -> Caller<'_> {
        Caller { member: &self.member, claimed: &self.groups }
    }
}
