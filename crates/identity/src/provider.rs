//! Issuers that an organization trusts: OpenID Connect.

use std::collections::BTreeSet;

use access::Member;
use ids::OrganizationName;

use crate::{
    Identity, Keys, Method, Refusal, Trust,
    claims::{Claims, Seconds},
};

/// Groups that a token may claim.
pub const GROUPS_MAX: usize = 500;

/// One organization's trust in one issuer.
#[derive(Clone)]
pub struct Provider {
    pub organization: OrganizationName,
    /// Its URL, as its tokens say it.
    pub issuer: String,
    /// The client that its tokens are issued to.
    pub audience: String,
    /// The claim that names a user: `sub`, or one that the organization's people know, such as `email`. An `email` counts only where
    /// `email_verified` is true.
    pub user_claim: String,
    /// The claim that lists groups; empty: none does.
    pub groups_claim: String,
    /// What it published last.
    pub keys: Keys,
}

impl Provider {
    /// Who has this token, at `now` in Unix seconds.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn identify(&self, token: &str, now: u64) -> Result<Identity, Refusal> {
        let (issuer, audience, keys) = (self.issuer.clone(), self.audience.clone(), self.keys.clone());
        let claims = Trust { issuer, audience, keys, longest: None }.read(token, now)?;
        let seconds = |at: Option<Seconds>| at.map(|Seconds(at)| at).unwrap_or_default();
        Ok(Identity {
            organization: self.organization.clone(),
            member: self.user(&claims)?,
            groups: self.groups(&claims)?,
            method: Method::OpenIdConnect,
            issued: seconds(claims.iat),
            expires: seconds(claims.exp),
        })
    }

    fn user(&self, claims: &Claims) -> Result<Member, Refusal> {
        let refused = |wanted| Refusal::Claim { issuer: self.issuer.clone(), claim: self.user_claim.clone(), wanted };
        let id = match self.user_claim.as_str() {
            "sub" => claims.sub.as_str(),
            claim => match claims.texts(claim).unwrap_or_default().as_slice() {
                [one] => one,
                _ => return Err(refused("one text")),
            },
        };
        if self.user_claim == "email" && !claims.is_true("email_verified") {
            return Err(refused("an address that the issuer has verified"));
        }
        format!("user:{id}")
            .parse()
            .map_err(|_| refused("1 to 255 printable ASCII characters without spaces and quotes"))
    }

    /// A group whose name no binding could have gives nothing.
    fn groups(&self, claims: &Claims) -> Result<Vec<Member>, Refusal> {
        if self.groups_claim.is_empty() {
            return Ok(Vec::new());
        }
        let refused = |wanted| Refusal::Claim { issuer: self.issuer.clone(), claim: self.groups_claim.clone(), wanted };
        let names = claims.texts(&self.groups_claim).ok_or_else(|| refused("a list of texts"))?;
        if names.len() > GROUPS_MAX {
            return Err(refused("500 groups at most"));
        }
        let groups: BTreeSet<Member> = names.iter().filter_map(|name| format!("group:{name}").parse().ok()).collect();
        Ok(groups.into_iter().collect())
    }
}
