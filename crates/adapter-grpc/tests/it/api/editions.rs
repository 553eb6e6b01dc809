//! Editions of the catalogue: published, spread, halted, and what is to be had of those in use.

use std::collections::BTreeSet;

use api::v1::{
    self, catalog_client::CatalogClient, log_client::LogClient, mutations_client::MutationsClient,
    offered_version::Support,
};
use domain::catalog::Catalog;
use ids::{RegionId, limits::EDITION_BYTES_MAX};
use prost_types::Duration;
use tonic::{Code, Request, transport::Channel};

use super::ring::{Refused, Ring, refusal};

/// The first edition, moved to the regions of the test's ring and to its time.
fn moved(edition: &str) -> Catalog {
    let text = catalog::FIRST.replace("us-east-1", "a").replace("us-west-2", "b").replace("eu-west-1", "c");
    let mut catalog = catalog::read(&text).unwrap();
    edition.clone_into(&mut catalog.edition);
    for version in catalog.versions.values_mut() {
        version.released = "1970-01-01".parse().unwrap();
        version.standard_end = "9998-12-31".parse().unwrap();
        version.extended_end = "9999-12-31".parse().unwrap();
    }
    catalog
}

fn contents(catalog: &Catalog) -> v1::CatalogContents {
    wire::catalog::shown_as(catalog).unwrap()
}

fn publish(edition: &str) -> v1::PublishEditionRequest {
    v1::PublishEditionRequest { contents: Some(contents(&moved(edition))), ..Default::default() }
}

fn spread(edition: &str, order: &[&str], soak: i64) -> v1::PublishEditionRequest {
    let order = order.iter().map(|region| format!("locations/{region}")).collect();
    let soak = Some(Duration { seconds: soak, nanos: 0 });
    v1::PublishEditionRequest { waves: Some(v1::WavePlan { order, soak }), ..publish(edition) }
}

fn halt(edition: &str) -> v1::HaltEditionRequest {
    v1::HaltEditionRequest { name: format!("editions/{edition}"), ..Default::default() }
}

async fn get(channel: &Channel, edition: &str) -> v1::Edition {
    let request = v1::GetEditionRequest { name: format!("editions/{edition}"), read: None };
    CatalogClient::new(channel.clone()).get_edition(request).await.unwrap().into_inner()
}

/// What each location uses, by the location's name.
async fn used(channel: &Channel) -> Vec<(String, String)> {
    let list = v1::ListLocationsRequest::default();
    let answer = CatalogClient::new(channel.clone()).list_locations(list).await.unwrap().into_inner();
    answer.locations.into_iter().map(|location| (location.name, location.edition)).collect()
}

fn all(editions: [&str; 3]) -> Vec<(String, String)> {
    let of = |(region, edition): (&str, &str)| (format!("locations/{region}"), format!("editions/{edition}"));
    ["a", "b", "c"].into_iter().zip(editions).map(of).collect()
}

fn head(ring: &Ring) -> u64 {
    ring.region(1).ledger().copy(&ids::Log::Global).unwrap().cell.seq().0
}

#[tokio::test]
async fn an_edition_is_published_once_shown_as_it_was_given_and_in_use_everywhere() {
    let ring = Ring::formed().await;
    let channel = ring.connect(3).await;
    let mut client = CatalogClient::new(channel.clone());
    assert_eq!(used(&channel).await[0], ("locations/a".to_owned(), String::new()));
    let request = v1::PublishEditionRequest { request_id: "0e".repeat(16), ..publish("2026-11") };
    let made = client.publish_edition(request.clone()).await.unwrap().into_inner();
    assert_eq!((made.name.as_str(), made.soak), ("editions/2026-11", Some(Duration::default())));
    let order: Vec<_> = made.waves.iter().map(|wave| (wave.location.as_str(), wave.start_time)).collect();
    assert_eq!(order, [("locations/a", None), ("locations/b", None), ("locations/c", None)]);
    assert!(made.publish_time.is_some() && made.halt_time.is_none() && !made.etag.is_empty());
    let before = head(&ring);
    assert_eq!(client.publish_edition(request.clone()).await.unwrap().into_inner(), made, "one request, once");
    assert_eq!(head(&ring), before);

    let got = get(&channel, "2026-11").await;
    assert_eq!(got.contents, request.contents);
    assert_eq!(got.locations, ["locations/a", "locations/b", "locations/c"]);
    assert_eq!(v1::Edition { contents: None, locations: Vec::new(), ..got }, made);
    assert_eq!(used(&channel).await, all(["2026-11"; 3]));
}

#[tokio::test]
async fn the_next_edition_spreads_and_one_that_is_halted_is_used_nowhere() {
    let ring = Ring::formed().await;
    let channel = ring.connect(2).await;
    let mut client = CatalogClient::new(channel.clone());
    client.publish_edition(publish("2026-11")).await.unwrap();
    let made = client.publish_edition(publish("2026-12")).await.unwrap().into_inner();
    let published = made.publish_time.unwrap();
    let waits: Vec<_> =
        made.waves.iter().map(|wave| wave.start_time.map(|start| start.seconds - published.seconds)).collect();
    assert_eq!(waits, [None, Some(3600), Some(7200)]);
    assert_eq!(used(&channel).await, all(["2026-12", "2026-11", "2026-11"]));
    client.publish_edition(spread("2026-12-b", &["c", "b"], 1800)).await.unwrap();
    assert_eq!(used(&channel).await, all(["2026-12", "2026-11", "2026-12-b"]));

    let halted = client.halt_edition(halt("2026-12")).await.unwrap().into_inner();
    assert!(halted.halt_time.is_some() && halted.update_time == halted.halt_time, "{halted:?}");
    assert_eq!(used(&channel).await, all(["2026-11", "2026-11", "2026-12-b"]));
    client.publish_edition(spread("2027-01", &[], 0)).await.unwrap();
    assert_eq!(used(&channel).await, all(["2027-01"; 3]));

    let (mut shown, mut page_token) = (Vec::new(), String::new());
    loop {
        let list = v1::ListEditionsRequest { page_size: 3, page_token, read: None };
        let page = client.list_editions(list).await.unwrap().into_inner();
        shown.extend(page.editions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let shown: Vec<_> =
        shown.iter().map(|one| (one.name.as_str(), one.locations.len(), one.contents.is_some())).collect();
    let wanted = [("2026-11", 0), ("2026-12", 0), ("2026-12-b", 0), ("2027-01", 3)];
    let wanted = wanted.map(|(name, locations)| (format!("editions/{name}"), locations, false));
    assert_eq!(shown, wanted.each_ref().map(|(name, locations, whole)| (name.as_str(), *locations, *whole)));

    let list = v1::ListRecordsRequest { log: "global".to_owned(), ..Default::default() };
    let records = LogClient::new(channel).list_records(list).await.unwrap().into_inner().records;
    let facts: Vec<&v1::Fact> = records.iter().flat_map(|record| &record.facts).collect();
    let kinds: BTreeSet<&str> = facts.iter().map(|fact| fact.kind.as_str()).collect();
    assert!(kinds.is_superset(&["edition-published", "catalog-published", "edition-halted"].into()), "{kinds:?}");
    let fact = facts.iter().find(|fact| fact.kind == "edition-halted").unwrap();
    let Some(v1::fact::After::Edition(after)) = &fact.after else { panic!("{fact:?}") };
    assert_eq!((fact.subject.as_str(), after), ("editions/2026-12", &halted));
}

/// Of an edition whose own check finds nothing.
#[tokio::test]
async fn an_edition_of_which_no_cluster_can_be_made_is_refused_with_the_type_and_the_region_by_whoever_is_asked() {
    let ring = Ring::formed().await;
    let mut useless = moved("2026-11");
    for instance_type in useless.instance_types.values_mut() {
        instance_type.offers.retain(|region, _| region.as_str() != "b");
    }
    useless.check().unwrap();
    let request = v1::PublishEditionRequest { contents: Some(contents(&useless)), ..Default::default() };
    let before = head(&ring);
    for member in [1, 2, 3] {
        for validate_only in [false, true] {
            let request = v1::PublishEditionRequest { validate_only, ..request.clone() };
            let status = CatalogClient::new(ring.connect(member).await).publish_edition(request).await.unwrap_err();
            assert!(
                status.message().contains("2 cannot be decided") && status.message().contains("none fits"),
                "{status}"
            );
            let refused = refusal::<()>(Err(status));
            let Refused { code, reason, metadata, .. } = &refused;
            assert_eq!((*code, reason.as_str()), (Code::InvalidArgument, "EDITION_UNDECIDABLE"));
            assert_eq!((metadata["cluster_type"].as_str(), metadata["region"].as_str()), ("DEVELOPMENT", "b"));
        }
    }
    assert_eq!(head(&ring), before, "nothing was written");

    // Of a try that follows one without an answer it is put on record, for all of them.
    let mut retried = Request::new(v1::PublishEditionRequest { request_id: "0f".repeat(16), ..request });
    retried.metadata_mut().insert(api::metadata::PREVIOUS_ATTEMPTS, "1".parse().unwrap());
    let refused = refusal(CatalogClient::new(ring.connect(1).await).publish_edition(retried).await);
    assert_eq!(refused.metadata[api::RECORD], (before + 1).to_string());
}

#[tokio::test]
async fn the_largest_edition_is_published_and_a_larger_one_is_refused_with_the_limit() {
    let ring = Ring::formed().await;
    let mut client = CatalogClient::new(ring.connect(2).await);
    let sized = |edition: &str, bytes: usize| {
        let mut contents = contents(&moved(edition));
        let facts = contents.sources[0].facts.len();
        contents.sources[0].facts = String::new();
        // The lengths of the text and of its message take more bytes than those of the empty ones.
        let rest = wire::encoded_len(&contents);
        contents.sources[0].facts = "x".repeat(bytes - rest);
        let over = wire::encoded_len(&contents) - bytes;
        contents.sources[0].facts.truncate(bytes - rest - over);
        assert!(facts > 0 && wire::encoded_len(&contents) == bytes);
        v1::PublishEditionRequest { contents: Some(contents), ..Default::default() }
    };
    let usual = wire::encoded_len(&contents(&moved("2026-11")));
    assert!(usual < EDITION_BYTES_MAX / 3, "{usual}");
    let before = head(&ring);
    let refused = refusal(client.publish_edition(sized("2026-11", EDITION_BYTES_MAX + 1)).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "EDITION_TOO_LARGE"));
    assert_eq!(refused.metadata["limit_bytes"], EDITION_BYTES_MAX.to_string());
    assert_eq!(refused.metadata["bytes"], (EDITION_BYTES_MAX + 1).to_string());
    assert_eq!(head(&ring), before);
    let made = client.publish_edition(sized("2026-11", EDITION_BYTES_MAX)).await.unwrap().into_inner();
    assert_eq!(made.name, "editions/2026-11");
}

#[tokio::test]
async fn what_does_not_read_names_its_field_and_what_breaks_a_rule_its_reason() {
    let ring = Ring::formed().await;
    let mut client = CatalogClient::new(ring.connect(1).await);
    let made = client.publish_edition(publish("2026-11")).await.unwrap().into_inner();
    let before = head(&ring);
    let mut fields = Vec::new();
    let changed = |change: &dyn Fn(&mut v1::CatalogContents)| {
        let mut request = publish("2026-12");
        change(request.contents.as_mut().unwrap());
        request
    };
    for request in [
        v1::PublishEditionRequest::default(),
        changed(&|contents| contents.edition = "december".to_owned()),
        changed(&|contents| contents.regions[0].pods[0] = "10.0.0.1/8".to_owned()),
        changed(&|contents| contents.instance_types.push(contents.instance_types[0].clone())),
        spread("2026-12", &["mars"], 0),
        spread("2026-12", &["a", "a"], 0),
        spread("2026-12", &[], 60),
        spread("2026-12", &[], -1),
        v1::PublishEditionRequest { request_id: "x".to_owned(), ..publish("2026-12") },
    ] {
        let refused = refusal(client.publish_edition(request).await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_ARGUMENT"), "{refused:?}");
        fields.extend(refused.fields);
    }
    let order = "waves.order";
    let wanted = ["contents", "contents.edition", "contents", "contents", order, order, "waves.soak", "waves.soak"];
    assert_eq!(fields, [wanted.as_slice(), &["request_id"]].concat());

    let reason = |refused: Refused| (refused.code, refused.reason);
    let old = refusal(client.publish_edition(publish("2026-10")).await);
    assert_eq!(reason(old), (Code::FailedPrecondition, "EDITION_NOT_NEWER".to_owned()));
    let broken = changed(&|contents| contents.images.clear());
    let refused = refusal(client.publish_edition(broken).await);
    assert_eq!(reason(refused), (Code::InvalidArgument, "EDITION_UNPUBLISHABLE".to_owned()));
    let missing = changed(&|contents| {
        *contents = self::contents(&moved("2026-12").only_in(&["a", "b"].map(|id| id.parse().unwrap()).into()))
    });
    let status = client.publish_edition(missing).await.unwrap_err();
    assert!(status.message().contains("looked for the region c, which the ring has"), "{status}");

    for name in ["", "2026-11", "editions/", "editions/x", "editions/2026-11/x"] {
        let asked = v1::HaltEditionRequest { name: name.to_owned(), ..Default::default() };
        assert_eq!(refusal(client.halt_edition(asked).await).fields, ["name"], "{name}");
        let asked = v1::GetEditionRequest { name: name.to_owned(), read: None };
        assert_eq!(refusal(client.get_edition(asked).await).fields, ["name"], "{name}");
    }
    assert_eq!(refusal(client.halt_edition(halt("2026-12")).await).reason, "NOT_FOUND");
    let stale = v1::HaltEditionRequest { etag: "1".to_owned(), ..halt("2026-11") };
    assert_eq!(refusal(client.halt_edition(stale).await).reason, "ETAG_MISMATCH");
    for rehearsed in [
        client.publish_edition(v1::PublishEditionRequest { validate_only: true, ..publish("2026-12") }).await,
        client.halt_edition(v1::HaltEditionRequest { validate_only: true, ..halt("2026-11") }).await,
    ] {
        let rehearsed = rehearsed.unwrap().into_inner();
        assert!(rehearsed.name.starts_with("editions/2026-1") && rehearsed.etag.is_empty(), "{rehearsed:?}");
    }
    assert_eq!(head(&ring), before, "none of it changed anything");
    client.halt_edition(v1::HaltEditionRequest { etag: made.etag, ..halt("2026-11") }).await.unwrap();
    assert_eq!(reason(refusal(client.halt_edition(halt("2026-11")).await)).1, "EDITION_HALTED");
}

#[tokio::test]
async fn what_is_to_be_had_is_that_of_the_editions_in_use_where_they_are() {
    let ring = Ring::formed().await;
    let mut client = CatalogClient::new(ring.connect(3).await);
    client.publish_edition(publish("2026-11")).await.unwrap();
    // In use in `a` only, where a machine costs more.
    let mut dearer = moved("2026-12");
    let a: RegionId = "a".parse().unwrap();
    dearer.instance_types.get_mut("m7g.large").unwrap().offers.get_mut(&a).unwrap().price = 99;
    let request = v1::PublishEditionRequest { contents: Some(contents(&dearer)), ..Default::default() };
    client.publish_edition(request).await.unwrap();

    let list = |location: &str, parent: &str| v1::ListInstanceTypesRequest {
        parent: parent.to_owned(),
        location: location.to_owned(),
        ..Default::default()
    };
    let mut prices = Vec::new();
    for (location, parent) in [("", "editions/-"), ("locations/a", "editions/-"), ("locations/a", "editions/2026-11")] {
        let found = client.list_instance_types(list(location, parent)).await.unwrap().into_inner().instance_types;
        let ours = found.into_iter().filter(|one| one.name.ends_with("/m7g.large"));
        prices.push(
            ours.map(|one| {
                let offers = one.instance_type.unwrap().offers.into_iter();
                (one.name, offers.map(|offer| (offer.region, offer.price)).collect::<Vec<_>>())
            })
            .collect::<Vec<_>>(),
        );
    }
    let of = |edition: &str, offers: &[(&str, u64)]| {
        let offers = offers.iter().map(|(region, price)| ((*region).to_owned(), *price)).collect::<Vec<_>>();
        (format!("editions/{edition}/instanceTypes/m7g.large"), offers)
    };
    let (old, new) = (of("2026-11", &[("b", 81_600), ("c", 91_000)]), of("2026-12", &[("a", 99)]));
    assert_eq!(prices, [vec![new.clone(), old], vec![new], vec![of("2026-11", &[("a", 81_600)])]]);

    let types = v1::ListClusterTypesRequest { parent: "editions/-".to_owned(), ..Default::default() };
    let types = client.list_cluster_types(types).await.unwrap().into_inner().cluster_types;
    let shown: Vec<_> = types.iter().map(|one| (one.name.as_str(), one.locations.join(" "))).collect();
    let (a, rest) = ("locations/a".to_owned(), "locations/b locations/c".to_owned());
    assert_eq!(
        shown,
        [
            ("editions/2026-12/clusterTypes/DEVELOPMENT", a.clone()),
            ("editions/2026-12/clusterTypes/PRODUCTION", a),
            ("editions/2026-11/clusterTypes/DEVELOPMENT", rest.clone()),
            ("editions/2026-11/clusterTypes/PRODUCTION", rest),
        ]
    );
    assert!(types.iter().all(|one| one.cluster_type.as_ref().unwrap().decisions.len() > 40));

    let versions = v1::ListVersionsRequest {
        parent: "editions/-".to_owned(),
        location: "locations/b".to_owned(),
        ..Default::default()
    };
    let answer = client.list_versions(versions).await.unwrap().into_inner();
    assert_eq!(answer.today.len(), "2026-11-21".len());
    let names: Vec<&str> = answer.versions.iter().map(|one| one.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["1.37.2", "1.36.5", "1.35.9", "1.34.11"], "the newest first");
    for one in &answer.versions {
        assert_eq!(
            (one.support(), &one.version.as_ref().unwrap().published),
            (Support::Standard, &vec!["b".to_owned()])
        );
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_name_what_they_cannot_be_over() {
    let ring = Ring::formed().await;
    let mut client = CatalogClient::new(ring.connect(1).await);
    client.publish_edition(publish("2026-11")).await.unwrap();
    let list = |page_size, page_token: &str| v1::ListInstanceTypesRequest {
        parent: "editions/-".to_owned(),
        page_size,
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    let whole = client.list_instance_types(list(0, "")).await.unwrap().into_inner().instance_types;
    assert_eq!(whole.len(), 134);
    let (mut pages, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = client.list_instance_types(list(50, &page_token)).await.unwrap().into_inner();
        pages.push(page.instance_types);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 34]);
    assert_eq!(pages.concat(), whole);

    let at = |parent: &str, location: &str| v1::ListInstanceTypesRequest {
        parent: parent.to_owned(),
        location: location.to_owned(),
        ..Default::default()
    };
    for (request, field) in [
        (list(0, "editions/2026-11/instanceTypes/none"), "page_token"),
        (list(-1, ""), "page_size"),
        (at("", ""), "parent"),
        (at("editions/x", ""), "parent"),
        (at("editions/-", "a"), "location"),
    ] {
        assert_eq!(refusal(client.list_instance_types(request).await).fields, [field]);
    }
    assert_eq!(refusal(client.list_instance_types(at("editions/2026-12", "")).await).reason, "NOT_FOUND");
    assert_eq!(
        refusal(client.list_instance_types(at("editions/-", "locations/mars")).await).reason,
        "UNKNOWN_LOCATION"
    );
}

#[tokio::test]
async fn editions_are_published_and_halted_over_a_stream_under_their_names() {
    let ring = Ring::formed().await;
    let kinds =
        [v1::mutation::Kind::PublishEdition(publish("2026-11")), v1::mutation::Kind::HaltEdition(halt("2026-11"))];
    for kind in kinds {
        let mutations = vec![v1::Mutation { kind: Some(kind), retried: false }];
        let messages = tokio_stream::iter([v1::MutateRequest { mutations }]);
        let mut stream = MutationsClient::new(ring.connect(2).await).mutate(messages).await.unwrap().into_inner();
        let outcomes = stream.message().await.unwrap().unwrap().outcomes;
        let Some(v1::outcome::Result::Done(done)) = &outcomes[0].result else { panic!("{outcomes:?}") };
        assert_eq!(done.name, "editions/2026-11");
    }
}
