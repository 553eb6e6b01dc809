//! Whose tokens are taken.

use domain::{AccountKey, Command, IdentityProvider, ServiceAccount, State, command::*};
use ids::Revision;

use super::{hlc, id, text};

const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AA"}]}"#;
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"laptop","x":"AA"}"#;

pub fn provider() -> IdentityProvider {
    IdentityProvider {
        name: text("organizations/acme/identityProviders/corp"),
        uid: id(0x80),
        display_name: "Corporate".into(),
        description: "Everyone who works here".into(),
        issuer: "https://idp.example.com".into(),
        audience: "atoll".into(),
        user_claim: "email".into(),
        groups_claim: "groups".into(),
        keys: KEYS.into(),
        state: State::Active,
        author: "user:ann@example.com".into(),
        create_time: hlc(6, 0),
        update_time: hlc(6, 3),
    }
}

/// One key for good, one for a time.
pub fn account() -> ServiceAccount {
    let key = |expire_time| AccountKey { jwk: JWK.into(), create_time: hlc(6, 4), expire_time };
    ServiceAccount {
        name: text("organizations/acme/serviceAccounts/pager"),
        uid: id(0x90),
        display_name: "Pager".into(),
        description: "Wakes people".into(),
        disabled: true,
        keys: [(text("laptop"), key(Some(hlc(9, 0)))), (text("tower"), key(None))].into(),
        state: State::Active,
        author: "user:ann@example.com".into(),
        create_time: hlc(6, 0),
        update_time: hlc(6, 4),
    }
}

pub fn commands() -> Vec<(&'static str, Command)> {
    let IdentityProvider { name, display_name, description, issuer, audience, user_claim, groups_claim, keys, .. } =
        provider();
    let update = UpdateIdentityProvider {
        name: name.clone(),
        display_name: Some("Corporate".into()),
        description: None,
        audience: Some("ring".into()),
        user_claim: Some("sub".into()),
        // Set to nothing, which is not the same as not set.
        groups_claim: Some(String::new()),
        keys: Some(KEYS.into()),
        etag: Some(Revision(5)),
    };
    let delete = DeleteIdentityProvider { name: name.clone(), etag: Some(Revision(6)) };
    let create =
        CreateIdentityProvider { name, display_name, description, issuer, audience, user_claim, groups_claim, keys };
    vec![
        ("create_identity_provider", create.into()),
        ("update_identity_provider", update.into()),
        ("delete_identity_provider", delete.into()),
        ("create_service_account", create_account().into()),
        ("update_service_account", update_account().into()),
        ("delete_service_account", DeleteServiceAccount { name: account().name, etag: None }.into()),
        ("add_service_account_key", add_key().into()),
        ("remove_service_account_key", remove_key().into()),
    ]
}

fn create_account() -> CreateServiceAccount {
    let ServiceAccount { name, display_name, description, .. } = account();
    CreateServiceAccount { name, display_name, description }
}

fn update_account() -> UpdateServiceAccount {
    let (name, description) = (account().name, Some("Wakes nobody".into()));
    UpdateServiceAccount { name, display_name: None, description, disabled: Some(false), etag: Some(Revision(7)) }
}

fn add_key() -> AddServiceAccountKey {
    let (name, key, expire_time) = (account().name, text("laptop"), Some(hlc(9, 0)));
    AddServiceAccountKey { name, key, jwk: JWK.into(), expire_time, etag: Some(Revision(8)) }
}

fn remove_key() -> RemoveServiceAccountKey {
    RemoveServiceAccountKey { name: account().name, key: text("tower"), etag: Some(Revision(9)) }
}
