//! Rows that say whose tokens an organization takes.

use std::collections::BTreeMap;

use ids::{Hlc, IdentityProviderName, Label, RequestId, ServiceAccountName};

use super::State;

/// An issuer of tokens (OpenID Connect) that an organization trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    pub name: IdentityProviderName,
    /// As [`super::Organization::uid`].
    pub uid: RequestId,
    pub display_name: String,
    pub description: String,
    /// Its URL, as its tokens say it. Never changed.
    pub issuer: String,
    /// Whom its tokens are issued to.
    pub audience: String,
    /// The claim that names a user.
    pub user_claim: String,
    /// The claim that lists groups; empty: none does.
    pub groups_claim: String,
    /// Its JSON Web Key Set (RFC 7517), as text, with public keys only. Empty: none is known, and no token of it is taken.
    pub keys: String,
    /// As [`super::Group::state`]. One that is DELETED has no keys.
    pub state: State,
    pub author: String,
    pub create_time: Hlc,
    pub update_time: Hlc,
}

/// A program of an organization, which proves itself by a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    pub name: ServiceAccountName,
    /// As [`super::Organization::uid`].
    pub uid: RequestId,
    pub display_name: String,
    pub description: String,
    /// Nothing that it presents counts.
    pub disabled: bool,
    /// By id.
    pub keys: BTreeMap<Label, AccountKey>,
    /// As [`super::Group::state`]. One that is DELETED has no keys.
    pub state: State,
    pub author: String,
    pub create_time: Hlc,
    pub update_time: Hlc,
}

/// A public key of a service account. The private one never was here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKey {
    /// A JSON Web Key (RFC 7517), as text; its `kid` is the id of the key.
    pub jwk: String,
    pub create_time: Hlc,
    /// It does not count from then on. `None`: it counts for good.
    pub expire_time: Option<Hlc>,
}
