//! Who calls.

use std::fmt;

use identity::{Identity, Method};

/// Whoever makes a call, as far as they have shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// One who runs the ring.
    Operator(String),
    /// A member of one organization, with the groups that its token claims.
    Member(Identity),
    /// A ring that was not told who its operators are lets everybody do everything.
    Anybody,
}

impl Who {
    /// How they showed it.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Operator(_) => "operator key",
            Self::Member(Identity { method: Method::OpenIdConnect, .. }) => "OpenID Connect",
            Self::Member(Identity { method: Method::Token, .. }) => "token",
            Self::Anybody => "",
        }
    }
}

/// As records name them.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Member(identity) => identity.member.fmt(f),
            Self::Anybody => f.write_str("anonymous"),
        }
    }
}
