//! Who may present tokens: issuers that an organization trusts, and its programs.

use ids::{Hlc, IdentityProviderName, Label, Revision, ServiceAccountName};

/// Trusts an issuer. Whoever asks has read the keys as a key set, and found no private one among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateIdentityProvider {
    pub name: IdentityProviderName,
    pub display_name: String,
    pub description: String,
    pub issuer: String,
    pub audience: String,
    /// Empty: `sub`.
    pub user_claim: String,
    pub groups_claim: String,
    pub keys: String,
}

/// Changes everything but the issuer: tokens of another one name other people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateIdentityProvider {
    pub name: IdentityProviderName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub audience: Option<String>,
    /// Empty: `sub`.
    pub user_claim: Option<String>,
    pub groups_claim: Option<String>,
    pub keys: Option<String>,
    pub etag: Option<Revision>,
}

/// Trusts an issuer no more. Its name is not taken again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteIdentityProvider {
    pub name: IdentityProviderName,
    pub etag: Option<Revision>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateServiceAccount {
    pub name: ServiceAccountName,
    pub display_name: String,
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateServiceAccount {
    pub name: ServiceAccountName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub disabled: Option<bool>,
    pub etag: Option<Revision>,
}

/// Deletes a service account with its keys. Its name is not taken again, for bindings may be left that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteServiceAccount {
    pub name: ServiceAccountName,
    pub etag: Option<Revision>,
}

/// Takes one more key for the account's own. Whoever asks has read it as a public key that has this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddServiceAccountKey {
    pub name: ServiceAccountName,
    pub key: Label,
    pub jwk: String,
    /// `None`: for good.
    pub expire_time: Option<Hlc>,
    pub etag: Option<Revision>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveServiceAccountKey {
    pub name: ServiceAccountName,
    pub key: Label,
    pub etag: Option<Revision>,
}
