//! From a bearer token to a caller.

use std::sync::Arc;

use identity::{Identity, Operators, OwnTokens, Provider, Refusal, issuer_of};
use ids::OrganizationName;

use crate::Who;

/// Whom a ring takes tokens of.
#[derive(Clone)]
pub struct Authenticator {
    pub operators: Arc<Operators>,
    pub own: OwnTokens,
}

impl Authenticator {
    /// Who has this token, at `now` in Unix seconds, and until when it counts. `organization` is the one that the call is about, where it is
    /// about one: somebody whose issuer several organizations trust is somebody else in each. `trusting` tells who trusts an issuer.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn identify(
        &self,
        token: &str,
        organization: Option<&OrganizationName>,
        now: u64,
        trusting: impl FnOnce(&str) -> Vec<Arc<Provider>>,
    ) -> Result<(Who, u64), Refusal> {
        let issuer = issuer_of(token)?;
        if Operators::issued(&issuer) {
            return self.operators.identify(token, now).map(|(name, until)| (Who::Operator(name), until));
        }
        if issuer == self.own.issuer() {
            return self.own.identify(token, now).map(member);
        }
        let trusting = trusting(&issuer);
        let of_it = |provider: &&Arc<Provider>| organization.is_none_or(|name| provider.organization == *name);
        let mut refusal = Refusal::OtherIssuer {
            given: issuer.chars().take(80).collect(),
            wanted: "an issuer that the organization trusts, or this ring".to_owned(),
        };
        for provider in trusting.iter().filter(of_it) {
            match provider.identify(token, now) {
                Ok(identity) => return Ok(member(identity)),
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }
}

fn member(identity: Identity) -> (Who, u64) {
    let until = identity.expires;
    (Who::Member(identity), until)
}
