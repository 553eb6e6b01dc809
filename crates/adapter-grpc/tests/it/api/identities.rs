//! Identity providers and service accounts: whose tokens an organization is to take.

use api::v1::{
    self, AddServiceAccountKeyRequest, CreateIdentityProviderRequest, IdentityProvider, RemoveServiceAccountKeyRequest,
    ServiceAccount, UpdateIdentityProviderRequest, fact::After, identity_providers_client::IdentityProvidersClient,
    log_client::LogClient, mutation::Kind, mutations_client::MutationsClient, outcome,
    service_accounts_client::ServiceAccountsClient,
};
use identity::{Keys, Signer, Trust, own};
use prost_types::{FieldMask, Timestamp};
use tonic::{Code, transport::Channel};

use super::ring::{RING, Ring, eventually, refusal};

const ACME: &str = "organizations/acme";
const PROVIDER: &str = "organizations/acme/identityProviders/corp";
const ACCOUNT: &str = "organizations/acme/serviceAccounts/pager";
const SEED: [u8; own::SEED_BYTES] = [7; own::SEED_BYTES];

/// What is wrong with a provider.
type Change = fn(&mut IdentityProvider);

/// The public half of a key whose private half is at hand, with further members.
fn jwk(members: &str) -> String {
    let public = Signer::new(RING, "one", &SEED).unwrap().public().to_vec();
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"{members}}}"#, base64url(&public))
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letter = |six: &[u8]| (0..6).fold(0, |sum, at| sum << 1 | six.get(at).copied().unwrap_or(0));
    bits.chunks(6).map(|six| char::from(LETTERS[usize::from(letter(six))])).collect()
}

/// What is kept is enough to verify a token with.
fn verifies(keys: &str) -> bool {
    let signer = Signer::new(RING, "one", &SEED).unwrap();
    let who = (&ACME.parse().unwrap(), &"serviceAccount:pager".parse().unwrap());
    let token = signer.issue(who, 1_000_000, 60, "t").unwrap();
    let (issuer, audience, keys) = (own::issuer(RING), own::AUDIENCE.to_owned(), Keys::parse(keys).unwrap());
    Trust { issuer, audience, keys, longest: None }.read(&token, 1_000_010).is_ok()
}

fn keys_of(account: &ServiceAccount) -> String {
    let keys: Vec<&str> = account.keys.iter().map(|key| key.jwk.as_str()).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn provider(id: &str, audience: &str) -> CreateIdentityProviderRequest {
    CreateIdentityProviderRequest {
        parent: ACME.to_owned(),
        identity_provider_id: id.to_owned(),
        identity_provider: Some(IdentityProvider {
            display_name: "Corporate".to_owned(),
            issuer: "https://idp.example.com".to_owned(),
            audience: audience.to_owned(),
            groups_claim: "groups".to_owned(),
            keys: format!(r#"{{"keys":[{}]}}"#, jwk(r#","kid":"one""#)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn update(provider: IdentityProvider, paths: &[&str]) -> UpdateIdentityProviderRequest {
    let update_mask = Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
    let identity_provider = Some(IdentityProvider { name: PROVIDER.to_owned(), ..provider });
    UpdateIdentityProviderRequest { identity_provider, update_mask, ..Default::default() }
}

fn account(id: &str) -> v1::CreateServiceAccountRequest {
    v1::CreateServiceAccountRequest {
        parent: ACME.to_owned(),
        service_account_id: id.to_owned(),
        service_account: Some(ServiceAccount { display_name: "Pager".to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

fn add_key(id: &str, jwk: String) -> AddServiceAccountKeyRequest {
    AddServiceAccountKeyRequest { name: ACCOUNT.to_owned(), key_id: id.to_owned(), jwk, ..Default::default() }
}

fn remove_key(id: &str) -> RemoveServiceAccountKeyRequest {
    RemoveServiceAccountKeyRequest { name: ACCOUNT.to_owned(), key_id: id.to_owned(), ..Default::default() }
}

async fn clients(ring: &Ring, id: u64) -> (Channel, IdentityProvidersClient<Channel>, ServiceAccountsClient<Channel>) {
    let channel = ring.connect(id).await;
    (channel.clone(), IdentityProvidersClient::new(channel.clone()), ServiceAccountsClient::new(channel))
}

/// Whatever is there of both kinds, as lists show it.
async fn all(channel: &Channel) -> (Vec<IdentityProvider>, Vec<ServiceAccount>) {
    let (parent, page_size) = (ACME.to_owned(), 0);
    let providers = v1::ListIdentityProvidersRequest { parent: parent.clone(), page_size, ..Default::default() };
    let accounts = v1::ListServiceAccountsRequest { parent, page_size, ..Default::default() };
    let providers = IdentityProvidersClient::new(channel.clone()).list_identity_providers(providers).await.unwrap();
    let accounts = ServiceAccountsClient::new(channel.clone()).list_service_accounts(accounts).await.unwrap();
    (providers.into_inner().identity_providers, accounts.into_inner().service_accounts)
}

/// One of the three leads, so two of these go through a member that does not.
#[tokio::test]
async fn what_any_member_is_told_every_region_holds_and_tokens_can_be_verified_with_it() {
    let ring = Ring::formed().await.with_project().await;
    for id in [1, 2, 3] {
        let (_, mut providers, mut accounts) = clients(&ring, id).await;
        let made = providers
            .create_identity_provider(provider(&format!("p{id}"), &format!("a{id}")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((made.user_claim.as_str(), made.author.as_str(), made.state), ("sub", "anonymous", 1));
        assert!(verifies(&made.keys));
        accounts.create_service_account(account(&format!("s{id}"))).await.unwrap();
        let mut add = add_key("one", jwk(""));
        add.name = format!("{ACME}/serviceAccounts/s{id}");
        add.expire_time = Some(Timestamp { seconds: 4_000_000_000, nanos: 0 });
        let with_key = accounts.add_service_account_key(add.clone()).await.unwrap().into_inner();
        assert!(verifies(&keys_of(&with_key)), "{with_key:?}");
        assert_eq!(with_key.keys[0].expire_time, add.expire_time);
    }
    for id in [1, 2, 3] {
        let channel = ring.connect(id).await;
        let seen = eventually(|| async { Some(all(&channel).await).filter(|(_, accounts)| accounts.len() == 3) }).await;
        assert_eq!(seen.0.iter().map(|of| of.audience.as_str()).collect::<Vec<_>>(), ["a1", "a2", "a3"]);
        eventually(|| async { all(&channel).await.1.iter().all(|of| of.keys.len() == 1).then_some(()) }).await;
    }
}

#[tokio::test]
async fn a_provider_is_changed_at_its_etag_and_deleted_for_good() {
    let ring = Ring::formed().await.with_project().await;
    let (_, mut client, _) = clients(&ring, 2).await;
    let made = client.create_identity_provider(provider("corp", "atoll")).await.unwrap().into_inner();
    assert_eq!(refusal(client.create_identity_provider(provider("other", "atoll")).await).reason, "ISSUER_TAKEN");
    let paths = ["audience", "user_claim", "groups_claim", "keys"];
    let change =
        || IdentityProvider { audience: "ring".to_owned(), user_claim: "email".to_owned(), ..Default::default() };
    let changed = client.update_identity_provider(update(change(), &paths)).await.unwrap().into_inner();
    assert_eq!((changed.audience.as_str(), changed.user_claim.as_str()), ("ring", "email"));
    assert_eq!((changed.groups_claim.as_str(), changed.keys.as_str()), ("", ""));
    assert_eq!((&changed.issuer, &changed.display_name), (&made.issuer, &made.display_name));

    let stale = update(IdentityProvider { etag: made.etag.clone(), ..change() }, &paths);
    let refused = refusal(client.update_identity_provider(stale).await);
    assert_eq!((refused.code, refused.metadata["etag"].as_str()), (Code::Aborted, changed.etag.as_str()));
    let delete = |etag: &str| v1::DeleteIdentityProviderRequest {
        name: PROVIDER.to_owned(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    assert_eq!(refusal(client.delete_identity_provider(delete(&made.etag)).await).reason, "ETAG_MISMATCH");
    let gone = client.delete_identity_provider(delete(&changed.etag)).await.unwrap().into_inner();
    assert_eq!((gone.state, gone.keys.as_str()), (v1::State::Deleted.into(), ""));
    let get = v1::GetIdentityProviderRequest { name: PROVIDER.to_owned(), read: None };
    assert_eq!(refusal(client.get_identity_provider(get).await).reason, "NOT_FOUND");
    assert_eq!(refusal(client.create_identity_provider(provider("corp", "atoll")).await).reason, "NAME_RETIRED");
}

#[tokio::test]
async fn an_account_is_disabled_and_its_keys_come_and_go() {
    let ring = Ring::formed().await.with_project().await;
    let (channel, _, mut client) = clients(&ring, 3).await;
    let made = client.create_service_account(account("pager")).await.unwrap().into_inner();
    let disable = |disabled, etag: &str| v1::UpdateServiceAccountRequest {
        service_account: Some(ServiceAccount {
            name: ACCOUNT.to_owned(),
            disabled,
            etag: etag.to_owned(),
            ..Default::default()
        }),
        update_mask: Some(FieldMask { paths: vec!["disabled".to_owned()] }),
        ..Default::default()
    };
    let disabled = client.update_service_account(disable(true, &made.etag)).await.unwrap().into_inner();
    assert!(disabled.disabled && disabled.display_name == "Pager");
    assert_eq!(refusal(client.update_service_account(disable(false, &made.etag)).await).reason, "ETAG_MISMATCH");
    assert!(!client.update_service_account(disable(false, "")).await.unwrap().into_inner().disabled);

    client.add_service_account_key(add_key("one", jwk(""))).await.unwrap();
    assert_eq!(refusal(client.add_service_account_key(add_key("one", jwk(""))).await).reason, "KEY_TAKEN");
    let stale = AddServiceAccountKeyRequest { etag: made.etag.clone(), ..add_key("two", jwk("")) };
    assert_eq!(refusal(client.add_service_account_key(stale).await).reason, "ETAG_MISMATCH");
    let past = AddServiceAccountKeyRequest { expire_time: Some(Timestamp::default()), ..add_key("two", jwk("")) };
    let refused = refusal(client.add_service_account_key(past).await);
    assert_eq!((refused.code, refused.fields[0].as_str()), (Code::InvalidArgument, "expire_time"));
    assert_eq!(refusal(client.remove_service_account_key(remove_key("two")).await).reason, "KEY_NOT_FOUND");
    let without = client.remove_service_account_key(remove_key("one")).await.unwrap().into_inner();
    assert!(without.keys.is_empty());

    client.add_service_account_key(add_key("one", jwk(""))).await.unwrap();
    let delete = v1::DeleteServiceAccountRequest { name: ACCOUNT.to_owned(), ..Default::default() };
    let gone = client.delete_service_account(delete).await.unwrap().into_inner();
    assert!(gone.keys.is_empty() && gone.state == i32::from(v1::State::Deleted));
    assert_eq!(refusal(client.create_service_account(account("pager")).await).reason, "NAME_RETIRED");

    let list = v1::ListRecordsRequest { log: "global".to_owned(), ..Default::default() };
    let records = LogClient::new(channel).list_records(list).await.unwrap().into_inner().records;
    let facts: Vec<&v1::Fact> = records.iter().filter_map(|record| record.facts.first()).collect();
    let added = facts.iter().find(|fact| fact.kind == "service-account-key-added").unwrap();
    let Some(After::ServiceAccount(after)) = &added.after else { panic!("{added:?}") };
    assert_eq!((after.name.as_str(), after.keys.len()), (ACCOUNT, 1));
    assert_eq!(facts.last().unwrap().kind, "service-account-deleted");
}

#[tokio::test]
async fn the_same_request_happens_once_and_a_rehearsal_not_at_all() {
    let ring = Ring::formed().await.with_project().await;
    let (channel, mut providers, mut accounts) = clients(&ring, 1).await;
    let rehearsed = CreateIdentityProviderRequest { validate_only: true, ..provider("corp", "atoll") };
    let shown = providers.create_identity_provider(rehearsed).await.unwrap().into_inner();
    assert_eq!((shown.name.as_str(), shown.user_claim.as_str(), shown.etag.as_str()), (PROVIDER, "sub", ""));
    accounts
        .create_service_account(v1::CreateServiceAccountRequest { validate_only: true, ..account("pager") })
        .await
        .unwrap();
    assert_eq!(all(&channel).await, (Vec::new(), Vec::new()));

    let once = CreateIdentityProviderRequest { request_id: "0a".repeat(16), ..provider("corp", "atoll") };
    let made = providers.create_identity_provider(once.clone()).await.unwrap().into_inner();
    assert_eq!(made.uid, "0a".repeat(16));
    let far = ring.connect(3).await;
    let again = IdentityProvidersClient::new(far).create_identity_provider(once.clone()).await.unwrap().into_inner();
    assert_eq!(again, made);
    let other = CreateIdentityProviderRequest { identity_provider_id: "other".to_owned(), ..once };
    assert_eq!(refusal(providers.create_identity_provider(other).await).reason, "REQUEST_ID_REUSED");

    accounts.create_service_account(account("pager")).await.unwrap();
    let rehearsed = AddServiceAccountKeyRequest { validate_only: true, ..add_key("one", jwk("")) };
    assert_eq!(accounts.add_service_account_key(rehearsed).await.unwrap().into_inner().keys[0].id, "one");
    let once = AddServiceAccountKeyRequest { request_id: "0b".repeat(16), ..add_key("one", jwk("")) };
    let made = accounts.add_service_account_key(once.clone()).await.unwrap().into_inner();
    assert_eq!(accounts.add_service_account_key(once).await.unwrap().into_inner(), made);
    let rehearsed = RemoveServiceAccountKeyRequest { validate_only: true, ..remove_key("one") };
    assert!(accounts.remove_service_account_key(rehearsed).await.unwrap().into_inner().keys.is_empty());
    assert_eq!(all(&channel).await.1[0].keys.len(), 1);
}

#[tokio::test]
async fn bad_input_names_its_field_and_changes_nothing() {
    let ring = Ring::formed().await.with_project().await;
    let (channel, mut providers, mut accounts) = clients(&ring, 2).await;
    let cases: [(Change, &str, &str); 7] = [
        (|of| of.issuer = "http://idp.example.com".to_owned(), "INVALID_ARGUMENT", "identity_provider.issuer"),
        (|of| of.audience = String::new(), "INVALID_ARGUMENT", "identity_provider.audience"),
        (|of| of.user_claim = "two words".to_owned(), "INVALID_ARGUMENT", "identity_provider.user_claim"),
        (|of| of.keys = "not a key set".to_owned(), "INVALID_ARGUMENT", "identity_provider.keys"),
        (
            |of| {
                of.keys =
                    format!(r#"{{"keys":[{}]}}"#, jwk(&format!(r#","kid":"one","x5t":"{}""#, "a".repeat(64 * 1024))))
            },
            "INVALID_ARGUMENT",
            "identity_provider.keys",
        ),
        (
            |of| of.keys = format!(r#"{{"keys":[{}]}}"#, jwk(r#","kid":"one","d":"hidden""#)),
            "PRIVATE_KEY",
            "identity_provider.keys",
        ),
        (
            |of| of.name = "organizations/acme/identityProviders/x".to_owned(),
            "INVALID_ARGUMENT",
            "identity_provider.name",
        ),
    ];
    for (change, reason, field) in cases {
        let mut request = provider("corp", "atoll");
        change(request.identity_provider.as_mut().unwrap());
        let status = providers.create_identity_provider(request).await.unwrap_err();
        assert!(!format!("{status:?}").contains("hidden"), "{status:?}");
        let refused = super::ring::refused(&status);
        assert_eq!(
            (refused.code, refused.reason.as_str(), refused.fields[0].as_str()),
            (Code::InvalidArgument, reason, field)
        );
    }
    accounts.create_service_account(account("pager")).await.unwrap();
    let keys = [
        (add_key("One", jwk("")), "INVALID_ARGUMENT", "key_id"),
        (add_key("one", "hidden".to_owned()), "INVALID_ARGUMENT", "jwk"),
        (add_key("one", jwk(r#","kid":"two""#)), "INVALID_ARGUMENT", "jwk"),
        (add_key("one", jwk(&format!(r#","x5t":"{}""#, "a".repeat(2048)))), "INVALID_ARGUMENT", "jwk"),
        (add_key("one", jwk(r#","d":"hidden""#)), "PRIVATE_KEY", "jwk"),
        (add_key("one", r#"{"kty":"oct","k":"hidden"}"#.to_owned()), "PRIVATE_KEY", "jwk"),
    ];
    for (request, reason, field) in keys {
        let status = accounts.add_service_account_key(request).await.unwrap_err();
        assert!(!format!("{status:?}").contains("hidden"), "{status:?}");
        let refused = super::ring::refused(&status);
        assert_eq!((refused.reason.as_str(), refused.fields[0].as_str()), (reason, field));
    }
    let (providers_left, accounts_left) = all(&channel).await;
    assert!(providers_left.is_empty() && accounts_left[0].keys.is_empty());

    let made = providers.create_identity_provider(provider("corp", "atoll")).await.unwrap().into_inner();
    let fixed = update(IdentityProvider::default(), &["issuer"]);
    assert_eq!(refusal(providers.update_identity_provider(fixed).await).fields[0], "update_mask");
    let secret = IdentityProvider { keys: r#"{"keys":[{"kty":"oct","k":"hidden"}]}"#.to_owned(), ..Default::default() };
    let refused = refusal(providers.update_identity_provider(update(secret, &["keys"])).await);
    assert_eq!((refused.reason.as_str(), refused.fields[0].as_str()), ("PRIVATE_KEY", "identity_provider.keys"));
    assert_eq!(all(&channel).await.0, [made]);
}

/// The stream reads requests by the same rules.
#[tokio::test]
async fn mutations_of_one_stream_are_refused_for_the_same_reasons() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(2).await;
    let of = |kind| v1::Mutation { kind: Some(kind), retried: false };
    let mutations = vec![
        of(Kind::CreateServiceAccount(account("pager"))),
        of(Kind::AddServiceAccountKey(add_key("one", jwk(r#","d":"hidden""#)))),
    ];
    let messages = tokio_stream::iter([v1::MutateRequest { mutations }]);
    let mut answers = MutationsClient::new(channel.clone()).mutate(messages).await.unwrap().into_inner();
    let mut outcomes = Vec::new();
    while let Some(message) = answers.message().await.unwrap() {
        outcomes.extend(message.outcomes);
    }
    outcomes.sort_by_key(|outcome| outcome.index);
    assert!(matches!(&outcomes[0].result, Some(outcome::Result::Done(done)) if done.name == ACCOUNT), "{outcomes:?}");
    assert!(
        matches!(&outcomes[1].result, Some(outcome::Result::Error(error)) if error.reason == "PRIVATE_KEY"),
        "{outcomes:?}"
    );
}
