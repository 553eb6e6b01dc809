//! Whose tokens are taken.

use domain::{AccountKey, Command, Entity, IdentityProvider, ServiceAccount, command::*};
use ids::{IdentityProviderName, ServiceAccountName};
use proptest::{collection, option, prelude::*};

use super::{etag, hlc, label, maybe_words, request_id as uid, state, words};

fn provider_name() -> impl Strategy<Value = IdentityProviderName> {
    label().prop_map(|label| format!("organizations/acme/identityProviders/{label}").parse().unwrap())
}

fn account_name() -> impl Strategy<Value = ServiceAccountName> {
    label().prop_map(|label| format!("organizations/acme/serviceAccounts/{label}").parse().unwrap())
}

pub fn entity() -> impl Strategy<Value = Entity> {
    let key = (words(), hlc(), option::of(hlc()));
    let key = key.prop_map(|(jwk, create_time, expire_time)| AccountKey { jwk, create_time, expire_time });
    let keys = collection::btree_map(label(), key, 0..4);
    let words = || collection::vec(words(), 8).prop_map(|words| <[String; 8]>::try_from(words).unwrap());
    let provider = (provider_name(), uid(), words(), state(), hlc(), hlc());
    let account = (account_name(), uid(), words(), any::<bool>(), keys, state(), hlc(), hlc());
    prop_oneof![
        provider.prop_map(|(name, uid, texts, state, create_time, update_time)| {
            let [display_name, description, issuer, audience, user_claim, groups_claim, keys, author] = texts;
            IdentityProvider {
                name,
                uid,
                display_name,
                description,
                issuer,
                audience,
                user_claim,
                groups_claim,
                keys,
                state,
                author,
                create_time,
                update_time,
            }
            .into()
        }),
        account.prop_map(|(name, uid, texts, disabled, keys, state, create_time, update_time)| {
            let [display_name, description, author, ..] = texts;
            ServiceAccount {
                name,
                uid,
                display_name,
                description,
                disabled,
                keys,
                state,
                author,
                create_time,
                update_time,
            }
            .into()
        }),
    ]
}

fn provider_command() -> impl Strategy<Value = Command> {
    let texts = || collection::vec(words(), 7).prop_map(|texts| <[String; 7]>::try_from(texts).unwrap());
    let maybe_texts =
        collection::vec(maybe_words(), 6).prop_map(|texts| <[Option<String>; 6]>::try_from(texts).unwrap());
    prop_oneof![
        (provider_name(), texts()).prop_map(|(name, texts)| {
            let [display_name, description, issuer, audience, user_claim, groups_claim, keys] = texts;
            CreateIdentityProvider { name, display_name, description, issuer, audience, user_claim, groups_claim, keys }
                .into()
        }),
        (provider_name(), maybe_texts, etag()).prop_map(|(name, texts, etag)| {
            let [display_name, description, audience, user_claim, groups_claim, keys] = texts;
            UpdateIdentityProvider { name, display_name, description, audience, user_claim, groups_claim, keys, etag }
                .into()
        }),
        (provider_name(), etag()).prop_map(|(name, etag)| DeleteIdentityProvider { name, etag }.into()),
    ]
}

fn account_command() -> impl Strategy<Value = Command> {
    let disabled = option::of(any::<bool>());
    prop_oneof![
        (account_name(), words(), words()).prop_map(|(name, display_name, description)| {
            CreateServiceAccount { name, display_name, description }.into()
        }),
        (account_name(), maybe_words(), maybe_words(), disabled, etag()).prop_map(
            |(name, display_name, description, disabled, etag)| {
                UpdateServiceAccount { name, display_name, description, disabled, etag }.into()
            }
        ),
        (account_name(), etag()).prop_map(|(name, etag)| DeleteServiceAccount { name, etag }.into()),
        (account_name(), label(), words(), option::of(hlc()), etag()).prop_map(
            |(name, key, jwk, expire_time, etag)| { AddServiceAccountKey { name, key, jwk, expire_time, etag }.into() }
        ),
        (account_name(), label(), etag())
            .prop_map(|(name, key, etag)| RemoveServiceAccountKey { name, key, etag }.into()),
    ]
}

pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![provider_command(), account_command()]
}
