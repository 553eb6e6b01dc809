//! Whose tokens are taken: identity providers and service accounts, one rule per test.

use domain::{Command, IdentityProvider, ServiceAccount, State, View, command::*, identity_provider, service_account};
use ids::{Hlc, IdentityProviderName, Revision, ServiceAccountName};

use crate::world::*;

const ISSUER: &str = "https://idp.example.com";
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":"AA"}]}"#;
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"one","x":"AA"}"#;

fn provider_name(label: &str) -> IdentityProviderName {
    format!("organizations/a/identityProviders/{label}").parse().unwrap()
}

fn account_name(label: &str) -> ServiceAccountName {
    format!("organizations/a/serviceAccounts/{label}").parse().unwrap()
}

fn provider(label: &str, issuer: &str, audience: &str) -> CreateIdentityProvider {
    CreateIdentityProvider {
        name: provider_name(label),
        display_name: String::new(),
        description: String::new(),
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
        user_claim: String::new(),
        groups_claim: "groups".to_owned(),
        keys: KEYS.to_owned(),
    }
}

fn unchanged(label: &str) -> UpdateIdentityProvider {
    UpdateIdentityProvider {
        name: provider_name(label),
        display_name: None,
        description: None,
        audience: None,
        user_claim: None,
        groups_claim: None,
        keys: None,
        etag: None,
    }
}

fn delete_provider(label: &str) -> Command {
    DeleteIdentityProvider { name: provider_name(label), etag: None }.into()
}

fn account(label: &str) -> Command {
    let (display_name, description) = (String::new(), String::new());
    CreateServiceAccount { name: account_name(label), display_name, description }.into()
}

fn disable(label: &str, disabled: Option<bool>, etag: Option<Revision>) -> Command {
    let (display_name, description) = (None, None);
    UpdateServiceAccount { name: account_name(label), display_name, description, disabled, etag }.into()
}

fn delete_account(label: &str) -> Command {
    DeleteServiceAccount { name: account_name(label), etag: None }.into()
}

fn add_key(label: &str, key: &str) -> AddServiceAccountKey {
    let (name, key) = (account_name(label), key.parse().unwrap());
    AddServiceAccountKey { name, key, jwk: JWK.to_owned(), expire_time: None, etag: None }
}

fn remove_key(label: &str, key: &str) -> Command {
    RemoveServiceAccountKey { name: account_name(label), key: key.parse().unwrap(), etag: None }.into()
}

fn provider_row(world: &World, label: &str) -> IdentityProvider {
    let global = world.global();
    (&global as &dyn View).row(&identity_provider::subject(&provider_name(label))).unwrap().unwrap().1
}

fn account_row(world: &World, label: &str) -> ServiceAccount {
    let global = world.global();
    (&global as &dyn View).row(&service_account::subject(&account_name(label))).unwrap().unwrap().1
}

#[test]
fn a_provider_is_changed_but_for_its_issuer_and_says_by_whom() {
    let mut world = World::with([create_organization("a"), provider("corp", ISSUER, "atoll").into()]);
    let row = provider_row(&world, "corp");
    assert_eq!((row.issuer.as_str(), row.user_claim.as_str(), row.author.as_str()), (ISSUER, "sub", "user:tester"));
    let etag = world.etag(&delete_provider("corp"));
    let update = UpdateIdentityProvider {
        audience: Some("other".to_owned()),
        user_claim: Some("email".to_owned()),
        groups_claim: Some(String::new()),
        keys: Some(String::new()),
        etag: Some(etag),
        ..unchanged("corp")
    };
    world.run(&update.clone().into()).unwrap();
    let row = provider_row(&world, "corp");
    assert_eq!((row.issuer.as_str(), row.audience.as_str(), row.user_claim.as_str()), (ISSUER, "other", "email"));
    assert_eq!((row.groups_claim.as_str(), row.keys.as_str()), ("", ""));
    assert_eq!(world.reason(update), "ETAG_MISMATCH");
    assert_eq!(world.reason(unchanged("corp")), "UPDATE_EMPTY");
    assert_eq!(world.reason(unchanged("none")), "UPDATE_EMPTY");
    assert_eq!(world.reason(delete_provider("none")), "NOT_FOUND");
}

#[test]
fn a_provider_with_a_field_that_does_not_read_is_refused() {
    let world = World::with([create_organization("a")]);
    let refused = |change: fn(&mut CreateIdentityProvider)| {
        let mut create = provider("corp", ISSUER, "atoll");
        change(&mut create);
        let details = world.decide(&create.into()).unwrap_err().details();
        details.into_iter().find(|(key, _)| *key == "field").map(|(_, value)| value).unwrap()
    };
    assert_eq!(refused(|of| of.issuer = "http://idp.example.com".to_owned()), "issuer");
    assert_eq!(refused(|of| of.audience = String::new()), "audience");
    assert_eq!(refused(|of| of.audience = "a".repeat(256)), "audience");
    assert_eq!(refused(|of| of.audience = "größer".to_owned()), "audience");
    assert_eq!(refused(|of| of.user_claim = "a b".to_owned()), "user_claim");
    assert_eq!(refused(|of| of.groups_claim = "a".repeat(256)), "groups_claim");
    assert_eq!(refused(|of| of.keys = "no keys".to_owned()), "keys");
    assert_eq!(refused(|of| of.keys = format!("{{{}}}", " ".repeat(64 * 1024 - 1))), "keys");
    assert_eq!(refused(|of| of.display_name = "a".repeat(257)), "display_name");
    let fits = CreateIdentityProvider {
        keys: format!("{{{}}}", " ".repeat(64 * 1024 - 2)),
        ..provider("corp", ISSUER, &"a".repeat(255))
    };
    assert!(world.decide(&fits.into()).is_ok());
}

/// What is refused may be a private key that was meant for nobody.
#[test]
fn a_refusal_of_keys_does_not_show_them() {
    let world = World::with([create_organization("a"), account("pager")]);
    let keys = "-----BEGIN PRIVATE KEY----- secret".to_owned();
    let create = CreateIdentityProvider { keys: keys.clone(), ..provider("corp", ISSUER, "atoll") };
    let add = AddServiceAccountKey { jwk: keys, ..add_key("pager", "one") };
    for command in [Command::from(create), add.into()] {
        let rejection = world.decide(&command).unwrap_err();
        assert!(!format!("{rejection} {:?}", rejection.details()).contains("secret"), "{rejection}");
    }
}

#[test]
fn no_two_active_providers_take_the_same_tokens() {
    let mut world = World::with([
        create_organization("a"),
        provider("one", ISSUER, "atoll").into(),
        provider("two", ISSUER, "other").into(),
        provider("three", "https://other.example.com", "atoll").into(),
    ]);
    assert_eq!(world.reason(provider("four", ISSUER, "atoll")), "ISSUER_TAKEN");
    let moved = UpdateIdentityProvider { audience: Some("atoll".to_owned()), ..unchanged("two") };
    assert_eq!(world.reason(moved.clone()), "ISSUER_TAKEN");
    let same = UpdateIdentityProvider { audience: Some("atoll".to_owned()), ..unchanged("one") };
    assert!(world.decide(&same.into()).is_ok(), "it is no other");
    world.run(&delete_provider("one")).unwrap();
    world.run(&moved.into()).unwrap();
    let gone = provider_row(&world, "one");
    assert_eq!((gone.state, gone.keys.as_str(), gone.issuer.as_str()), (State::Deleted, "", ISSUER));
    assert_eq!(world.reason(provider("one", ISSUER, "third")), "NAME_RETIRED");
    assert_eq!(world.reason(provider("two", ISSUER, "third")), "ALREADY_EXISTS");
}

/// Two at once would both find themselves alone.
#[test]
fn two_changes_of_providers_at_once_are_one_after_the_other() {
    let mut world = World::with([create_organization("a"), provider("one", ISSUER, "first").into()]);
    let moved = UpdateIdentityProvider { audience: Some("atoll".to_owned()), ..unchanged("one") };
    let second = world.decide(&provider("two", ISSUER, "atoll").into()).unwrap();
    world.run(&moved.into()).unwrap();
    let log = world.logs.get_mut(&ids::Log::Global).unwrap();
    assert!(log.apply(&second).is_err(), "what it rested on changed");
}

#[test]
fn an_organization_has_ten_providers_at_most_whatever_was_deleted() {
    let mut world = World::with([create_organization("a")]);
    for number in 0..10 {
        world.run(&provider(&format!("p{number}"), ISSUER, &format!("a{number}")).into()).unwrap();
    }
    let eleventh = provider("p10", ISSUER, "a10");
    assert_eq!(world.reason(eleventh.clone()), "TOO_MANY_IDENTITY_PROVIDERS");
    world.run(&delete_provider("p3")).unwrap();
    world.run(&eleventh.into()).unwrap();
}

#[test]
fn an_account_is_changed_and_disabled() {
    let mut world = World::with([create_organization("a"), account("pager")]);
    assert!(!account_row(&world, "pager").disabled);
    let etag = Some(world.etag(&delete_account("pager")));
    world.run(&disable("pager", Some(true), etag)).unwrap();
    assert!(account_row(&world, "pager").disabled);
    assert_eq!(world.reason(disable("pager", Some(false), etag)), "ETAG_MISMATCH");
    assert_eq!(world.reason(disable("pager", None, None)), "UPDATE_EMPTY");
    assert_eq!(world.reason(disable("none", Some(true), None)), "NOT_FOUND");
    assert_eq!(world.reason(account("pager")), "ALREADY_EXISTS");
}

#[test]
fn keys_of_an_account_come_and_go_by_their_ids() {
    let mut world = World::with([create_organization("a"), account("pager")]);
    let expire_time = Some(Hlc(u64::MAX));
    world.run(&AddServiceAccountKey { expire_time, ..add_key("pager", "one") }.into()).unwrap();
    let row = account_row(&world, "pager");
    let key = row.keys.get(&"one".parse().unwrap()).unwrap();
    assert_eq!((key.jwk.as_str(), key.expire_time, key.create_time), (JWK, expire_time, row.update_time));
    assert_eq!(world.reason(add_key("pager", "one")), "KEY_TAKEN");
    let past = AddServiceAccountKey { expire_time: Some(Hlc(1)), ..add_key("pager", "two") };
    assert_eq!(world.reason(past), "INVALID_ARGUMENT");
    let long = AddServiceAccountKey { jwk: format!("{{{}}}", " ".repeat(2047)), ..add_key("pager", "two") };
    assert_eq!(world.reason(long), "INVALID_ARGUMENT");
    assert_eq!(
        world.reason(AddServiceAccountKey { jwk: String::new(), ..add_key("pager", "two") }),
        "INVALID_ARGUMENT"
    );
    let late = AddServiceAccountKey { etag: Some(Revision(1)), ..add_key("pager", "two") };
    assert_eq!(world.reason(late), "ETAG_MISMATCH");
    assert_eq!(world.reason(remove_key("pager", "two")), "KEY_NOT_FOUND");
    world.run(&remove_key("pager", "one")).unwrap();
    assert!(account_row(&world, "pager").keys.is_empty());
    world.run(&add_key("pager", "one").into()).unwrap();
}

#[test]
fn an_account_has_ten_keys_at_most_and_none_when_it_is_gone() {
    let mut world = World::with([create_organization("a"), account("pager")]);
    for number in 0..10 {
        world.run(&add_key("pager", &format!("k{number}")).into()).unwrap();
    }
    assert_eq!(world.reason(add_key("pager", "k10")), "TOO_MANY_KEYS");
    world.run(&delete_account("pager")).unwrap();
    let row = account_row(&world, "pager");
    assert_eq!((row.state, row.keys.len()), (State::Deleted, 0));
    assert_eq!(world.reason(add_key("pager", "k10")), "NOT_FOUND");
    assert_eq!(world.reason(account("pager")), "NAME_RETIRED", "bindings may be left that name it");
}

#[test]
fn an_organization_has_a_thousand_accounts_at_most_whatever_was_deleted() {
    let mut world = World::with([create_organization("a")]);
    for number in 0..1000 {
        world.run(&account(&format!("s{number}"))).unwrap();
    }
    assert_eq!(world.reason(account("one-more")), "TOO_MANY_SERVICE_ACCOUNTS");
    world.run(&delete_account("s500")).unwrap();
    world.run(&account("one-more")).unwrap();
}

#[test]
fn lists_show_what_is_active_page_by_page() {
    use domain::query::{PageRequest, identity_providers, service_accounts};
    let mut world = World::with([
        create_organization("a"),
        provider("one", ISSUER, "1").into(),
        provider("two", ISSUER, "2").into(),
        account("x"),
        account("y"),
        account("z"),
    ]);
    world.run(&delete_account("y")).unwrap();
    world.run(&delete_provider("one")).unwrap();
    let (global, of) = (world.global(), organization("a"));
    let first = service_accounts(&global, &of, PageRequest { size: 1, token: "" }).unwrap();
    assert_eq!((first.items[0].1.name.clone(), first.next.as_deref()), (account_name("x"), Some("x")));
    let second = service_accounts(&global, &of, PageRequest { size: 1, token: "x" }).unwrap();
    assert_eq!((second.items[0].1.name.clone(), second.next), (account_name("z"), None));
    let providers = identity_providers(&global, &of, PageRequest::default()).unwrap();
    assert_eq!(providers.items.iter().map(|(_, row)| row.name.clone()).collect::<Vec<_>>(), [provider_name("two")]);
    assert!(identity_providers(&global, &organization("b"), PageRequest::default()).is_err());
}

#[test]
fn an_organization_goes_after_its_providers_and_accounts() {
    let mut world = World::with([create_organization("a"), provider("corp", ISSUER, "1").into(), account("pager")]);
    assert_eq!(world.reason(delete_organization("a")), "NOT_EMPTY");
    world.run(&delete_provider("corp")).unwrap();
    assert_eq!(world.reason(delete_organization("a")), "NOT_EMPTY");
    world.run(&delete_account("pager")).unwrap();
    world.run(&delete_organization("a")).unwrap();
    assert_eq!(world.reason(account("other")), "NOT_FOUND");
}
