//! Plain calls: values with their origin, typed refusals, pages, tokens.

use std::time::Duration;

use client::{
    Client, Code, Config, Endpoint, Offered, Read, RequestId, Route, Token, Write, double::Fault, reason, v1,
};

use crate::world::{World, organization};

#[tokio::test]
async fn an_answer_says_who_gave_it_and_what_it_has_seen() {
    let world = World::start();
    let client = world.client();
    let made = client.organizations().create("acme", organization("Acme"), &Write::default()).await.unwrap();
    assert_eq!((made.region.as_str(), made.member, made.tries), ("us-east-1", Some(1), 1));
    assert_eq!(made.token.to_string(), "global@1.1");
    assert_eq!(made.age, Some(Duration::from_millis(120)));

    client.organizations().get("organizations/acme", &Read::default()).await.unwrap();
    let sent = world.ring.state().reads.last().cloned().unwrap();
    assert_eq!(sent.level(), v1::read_options::Level::AtLeast);
    assert_eq!(sent.token, "global@1.1", "a read carries what was seen");
}

#[tokio::test]
async fn heads_and_records_of_logs_are_read_as_asked() {
    use v1::read_options::Level;
    let world = World::start();
    let logs = world.client().logs();
    let read = Read { max_staleness: Some(Duration::from_secs(3)), ..Read::linearizable() };
    logs.head("global", &read).await.unwrap();
    let request = v1::ListRecordsRequest { log: "global".to_owned(), ..v1::ListRecordsRequest::default() };
    logs.list(request, &read).await.unwrap();
    let sent = world.ring.state().reads.clone();
    assert_eq!(sent.len(), 2);
    for options in sent {
        assert_eq!((options.level(), options.max_staleness.unwrap().seconds), (Level::Linearizable, 3));
    }
}

#[tokio::test]
async fn a_token_goes_from_one_client_to_another() {
    let world = World::start();
    let one = world.client();
    one.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    let text = one.token().to_string();

    let other = world.client();
    other.import_token(&text.parse::<Token>().unwrap());
    other.organizations().get("organizations/acme", &Read::default()).await.unwrap();
    assert_eq!(world.ring.state().reads.last().unwrap().token, text);
}

#[tokio::test]
async fn refusals_are_typed_and_not_repeated() {
    let world = World::start();
    let client = world.client();
    let organizations = client.organizations();
    organizations.create("acme", organization(""), &Write::default()).await.unwrap();

    let error = organizations.create("acme", organization(""), &Write::default()).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::AlreadyExists, "ALREADY_EXISTS"));
    assert_eq!(error.metadata["subject"], "organizations/acme");
    assert_eq!((error.attempts.len(), error.outcome_unknown()), (1, false));
    assert!(error.request_id.is_some());

    let stale = v1::Organization { name: "organizations/acme".to_owned(), etag: "99".to_owned(), ..organization("x") };
    let error = organizations.update(stale, &["display_name"], &Write::default()).await.unwrap_err();
    assert_eq!(error.metadata["etag"], "1");
    assert!(error.to_string().ends_with("next: read the resource again and repeat with its etag"), "{error}");

    let wrong = v1::Organization { name: "organizations/acme".to_owned(), ..organization("x") };
    let error = organizations.update(wrong, &["state"], &Write::default()).await.unwrap_err();
    assert_eq!(error.violations[0].field, "update_mask");
    assert_eq!(world.ring.state().submitted.len(), 4, "no refusal was tried again");
}

#[tokio::test]
async fn a_rehearsal_changes_nothing() {
    let world = World::start();
    let options = Write { validate_only: true, ..Write::default() };
    let made = world.client().organizations().create("acme", organization(""), &options).await.unwrap();
    assert_eq!(made.value.name, "organizations/acme");
    assert!(world.ring.state().organizations.is_empty());
}

#[tokio::test]
async fn a_list_is_collected_over_its_pages() {
    let world = World::start();
    let client = world.client();
    for number in 0..5 {
        let id = format!("org-{number}");
        client.organizations().create(&id, organization(""), &Write::default()).await.unwrap();
    }
    let listed = client.organizations().list(2, &Read::default()).collect().await.unwrap();
    let names: Vec<&str> = listed.items.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), 5);
    assert!(names.is_sorted());

    let mut pages = client.organizations().list(2, &Read::default());
    let first = pages.next_page().await.unwrap().unwrap();
    assert_eq!((first.value.items.len(), first.value.next_page_token.as_str()), (2, "2"));
}

#[tokio::test]
async fn a_list_over_regions_names_those_that_are_away() {
    let world = World::start();
    world.ring.state().unreachable = vec!["locations/eu-west-1".to_owned()];
    let parent = "organizations/acme/projects/web/locations/-";
    let listed = world.client().clusters().list(parent, 0, &Read::default()).collect().await.unwrap();
    assert_eq!(listed.unreachable, ["locations/eu-west-1"]);
}

#[tokio::test]
async fn a_long_operation_is_waited_for_over_calls() {
    let world = World::start();
    let client = world.client();
    client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    let project = v1::Project { parent: "organizations/acme".to_owned(), ..v1::Project::default() };
    client.projects().create("web", project, &Write::default()).await.unwrap();
    let name = "organizations/acme/projects/web";
    let operation = client.projects().delete(name, "", &Write::default()).await.unwrap().value;
    assert!(!operation.done);

    let short = Some(Duration::from_millis(30));
    let waiting = client.operations().wait(&operation.name, short, &Read::default()).await.unwrap();
    assert!(!waiting.value.done, "it tells how it stands when the time is over");

    let acknowledge = async {
        for region in ["us-east-1", "us-west-2", "eu-west-1"] {
            world.ring.change(|state| state.acknowledge(&operation.name, region));
            tokio::task::yield_now().await;
        }
    };
    let (operations, options) = (client.operations(), Read::default());
    let (done, ()) = tokio::join!(operations.wait(&operation.name, None, &options), acknowledge);
    assert!(done.unwrap().value.done);
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_the_start() {
    let refused = |config: Config| Client::connect(config).unwrap_err();
    assert!(refused(Config::new(Vec::new())).is(reason::MISCONFIGURED));
    let error = refused(Config::new(vec![Endpoint::new("us-east-1", "ftp://somewhere")]));
    assert!(error.message.contains("\"ftp://somewhere\""), "{error}");
    let endpoints = vec![Endpoint::new("us-east-1", "http://127.0.0.1:1")];
    assert!(refused(Config::new(endpoints).prefer("mars")).message.contains("\"mars\""));
    let https = vec![Endpoint::new("us-east-1", "https://127.0.0.1:1")];
    assert!(Client::connect(Config::new(https).trust("no certificate")).is_err());
}

#[tokio::test]
async fn a_call_for_one_region_goes_to_no_other() {
    let mut world = World::start();
    let client = world.client();
    let only = Read::default().only("eu-west-1");
    assert_eq!(client.regions().member_status(&only).await.unwrap().region, "eu-west-1");
    world.servers[2].stop();
    let error = client.regions().member_status(&only).await.unwrap_err();
    assert!(error.not_reachable(), "{error}");
    assert!(error.attempts.iter().all(|attempt| attempt.region == "eu-west-1"));

    let nowhere = Write { route: Route::Only("mars".to_owned()), ..Write::with_request_id(RequestId::new()) };
    let error = client.organizations().create("acme", organization(""), &nowhere).await.unwrap_err();
    assert!(error.not_reachable() && !error.outcome_unknown(), "{error}");
}

#[tokio::test]
async fn cloud_accounts_are_added_once_and_listed() {
    let world = World::start();
    let accounts = world.client().cloud_accounts();
    let options = Write { request_id: Some(RequestId::default()), ..Write::default() };
    let made = accounts.create("000000000001", &options).await.unwrap().value;
    assert_eq!(accounts.create("000000000001", &options).await.unwrap().value, made, "the same wish");
    let error = accounts.create("000000000001", &Write::default()).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::AlreadyExists, "ACCOUNT_KNOWN"));
    accounts.create("000000000002", &Write::default()).await.unwrap();
    let acme = world.client().organizations().create("acme", organization(""), &Write::default()).await.unwrap().value;
    assert_eq!(acme.cloud_account, made.name);
    let got = accounts.get(&made.name, &Read::default()).await.unwrap().value;
    assert_eq!((got.state(), got.organization.as_str()), (v1::cloud_account::State::Claimed, "organizations/acme"));
    let names: Vec<String> =
        accounts.list(1, &Read::default()).collect().await.unwrap().items.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["cloudAccounts/000000000001", "cloudAccounts/000000000002"]);
}

#[tokio::test]
async fn usage_is_put_together_from_its_pages_with_the_earliest_times() {
    let world = World::start();
    let line = |group: &str| v1::UsageLine { group: group.to_owned(), ..v1::UsageLine::default() };
    world.ring.state().usage = ["a", "b", "c"].map(line).to_vec();
    world.ring.state().unreachable = vec!["locations/eu-west-1".to_owned()];
    let request = v1::QueryUsageRequest { page_size: 1, ..v1::QueryUsageRequest::default() };
    let all = world.client().usage().query_all(request, &Read::local()).await.unwrap();
    let groups: Vec<&str> = all.value.lines.iter().map(|line| line.group.as_str()).collect();
    assert_eq!((groups, all.tries), (vec!["a", "b", "c"], 3));
    assert_eq!(all.value.unreachable, ["locations/eu-west-1"]);
    assert_eq!(all.value.regions.len(), 3);
    let asked = world.ring.state().usage_asked.clone();
    assert_eq!(asked.iter().map(|one| one.page_token.as_str()).collect::<Vec<_>>(), ["", "1", "2"]);
    assert!(asked.iter().all(|one| one.read.as_ref().unwrap().level() == v1::read_options::Level::Local));
}

#[tokio::test]
async fn editions_are_published_once_halted_and_what_is_in_use_is_listed_in_pages() {
    let world = World::start();
    let catalog = world.client().catalog();
    let contents = |edition: &str| {
        let offers = ["eu-west-1", "us-east-1"].map(|region| v1::CatalogOffer {
            region: region.to_owned(),
            price: 7,
            not_in: Vec::new(),
        });
        let kind = |name: &str| v1::CatalogInstanceType {
            name: name.to_owned(),
            offers: offers.to_vec(),
            ..v1::CatalogInstanceType::default()
        };
        let instance_types = ["a1.large", "b1.large", "c1.large"].map(kind).to_vec();
        v1::CatalogContents { edition: edition.to_owned(), instance_types, ..v1::CatalogContents::default() }
    };
    let options = Write { request_id: Some(RequestId::default()), ..Write::default() };
    let first = catalog.publish(contents("2026-11"), None, &options).await.unwrap().value;
    let again = catalog.publish(contents("2026-11"), None, &options).await.unwrap().value;
    assert_eq!((first.name.as_str(), &again), ("editions/2026-11", &first), "the same wish");
    let error = catalog.publish(contents("2026-11"), None, &Write::default()).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::FailedPrecondition, "EDITION_NOT_NEWER"));

    let order = vec!["locations/us-east-1".to_owned()];
    let plan = Some(v1::WavePlan { order, soak: None });
    let second = catalog.publish(contents("2026-12"), plan, &Write::default()).await.unwrap().value;
    let order: Vec<&str> = second.waves.iter().map(|wave| wave.location.as_str()).collect();
    assert_eq!(order, ["locations/us-east-1", "locations/eu-west-1", "locations/us-west-2"]);

    let names = async |of: Offered| {
        let listed = catalog.instance_types(&of, 2, &Read::default()).collect().await.unwrap();
        listed.items.into_iter().map(|one| one.name).collect::<Vec<_>>()
    };
    let all = names(Offered::default()).await;
    assert_eq!(
        (all.len(), all[0].as_str(), all[5].as_str()),
        (6, "editions/2026-12/instanceTypes/a1.large", "editions/2026-11/instanceTypes/c1.large")
    );
    let in_eu = Offered { location: "locations/eu-west-1".to_owned(), ..Offered::default() };
    assert_eq!(names(in_eu).await.len(), 3);

    let halted = catalog.halt("editions/2026-12", &second.etag, &Write::default()).await.unwrap().value;
    assert!(halted.halt_time.is_some() && halted.etag != second.etag);
    let error = catalog.halt("editions/2026-12", "", &Write::default()).await.unwrap_err();
    assert_eq!(error.reason, "EDITION_HALTED");
    let used = catalog.locations(&Read::default()).await.unwrap().value.locations;
    assert!(used.iter().all(|location| location.edition == "editions/2026-11"), "{used:?}");
    let editions = catalog.list(1, &Read::default()).collect().await.unwrap().items;
    assert_eq!(editions.iter().map(|edition| edition.locations.len()).collect::<Vec<_>>(), [3, 0]);
    let whole = catalog.get("editions/2026-12", &Read::default()).await.unwrap().value;
    assert_eq!(whole.contents, Some(contents("2026-12")));
}

#[tokio::test]
async fn a_key_is_added_once_whatever_becomes_of_the_answer_and_removed_by_its_id() {
    let world = World::start();
    let client = world.client();
    let accounts = client.service_accounts();
    let new = v1::ServiceAccount { display_name: "Pager".to_owned(), ..v1::ServiceAccount::default() };
    let made = accounts.create("organizations/acme", "pager", new, &Write::default()).await.unwrap().value;
    let key = |id: &str| v1::ServiceAccountKey { id: id.to_owned(), jwk: "{}".to_owned(), ..Default::default() };
    world.servers[0].fail(Fault::LoseAnswer);
    let with_key = accounts.add_key(&made.name, key("one"), "", &Write::default()).await.unwrap();
    assert!(with_key.tries > 1, "the first answer was lost");
    assert_eq!((with_key.value.keys.len(), world.executed().len()), (1, 2));
    world.servers[0].fail(Fault::None);

    let error = accounts.add_key(&made.name, key("one"), "", &Write::default()).await.unwrap_err();
    assert_eq!(error.reason, "KEY_TAKEN");
    let error = accounts.remove_key(&made.name, "one", &made.etag, &Write::default()).await.unwrap_err();
    assert_eq!(error.reason, "ETAG_MISMATCH");
    let without = accounts.remove_key(&made.name, "one", &with_key.value.etag, &Write::default()).await.unwrap();
    assert!(without.value.keys.is_empty());
    let disabled = v1::ServiceAccount { name: made.name.clone(), disabled: true, ..v1::ServiceAccount::default() };
    assert!(accounts.update(disabled, &["disabled"], &Write::default()).await.unwrap().value.disabled);
    accounts.delete(&made.name, "", &Write::default()).await.unwrap();
    assert_eq!(accounts.get(&made.name, &Read::default()).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn identity_providers_are_changed_by_their_paths_and_listed_by_pages() {
    let world = World::start();
    let providers = world.client().identity_providers();
    let new = |audience: &str| v1::IdentityProvider { audience: audience.to_owned(), ..Default::default() };
    for id in ["one", "three", "two"] {
        providers.create("organizations/acme", id, new(id), &Write::default()).await.unwrap();
    }
    let name = "organizations/acme/identityProviders/two";
    let update = v1::IdentityProvider { name: name.to_owned(), description: "unread".to_owned(), ..new("other") };
    providers.update(update, &["audience"], &Write::default()).await.unwrap();
    let found = providers.get(name, &Read::default()).await.unwrap().value;
    assert_eq!((found.audience.as_str(), found.description.as_str(), found.user_claim.as_str()), ("other", "", "sub"));
    providers.delete("organizations/acme/identityProviders/three", "", &Write::default()).await.unwrap();
    let listed = providers.list("organizations/acme", 1, &Read::default()).collect().await.unwrap();
    let audiences: Vec<&str> = listed.items.iter().map(|of| of.audience.as_str()).collect();
    assert_eq!(audiences, ["one", "other"]);
}
