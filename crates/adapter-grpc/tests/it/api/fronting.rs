//! Regions that come and go behind a listener, health, reflection.

use api::v1::{
    self, WatchRecordsRequest, clusters_client::ClustersClient, log_client::LogClient,
    organizations_client::OrganizationsClient, regions_client::RegionsClient,
};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use super::ring::{Ring, SOON, create_organization, eventually, new_cluster, refusal, refused};

fn health(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test]
async fn a_closed_region_refuses_calls_with_its_reason_until_it_is_open_again() {
    let ring = Ring::formed().await;
    let channel = ring.connect(1).await;
    create_organization(&channel, "acme").await.unwrap();
    let watch = WatchRecordsRequest { log: "global".to_owned(), from_now: true, ..Default::default() };
    let mut watch = LogClient::new(channel.clone()).watch_records(watch).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();

    ring.front(1).close("DISK_FULL", "no room for the log");
    let list = v1::ListOrganizationsRequest::default;
    let mut client = OrganizationsClient::new(channel.clone());
    let refused_read = refusal(client.list_organizations(list()).await);
    assert_eq!((refused_read.code, refused_read.reason.as_str()), (Code::ResourceExhausted, "DISK_FULL"));
    assert!(refused_read.retry_after.is_some());
    assert_eq!(refusal(create_organization(&channel, "new").await).reason, "DISK_FULL");
    let mut regions = RegionsClient::new(channel.clone());
    assert_eq!(refusal(regions.get_topology(v1::GetTopologyRequest {}).await).reason, "DISK_FULL");
    // The watch ends with a place to resume, and then nobody uses the region any more.
    let ended = loop {
        if let Err(status) = watch.message().await {
            break refused(&status);
        }
    };
    assert_eq!((ended.reason.as_str(), ended.metadata["resume_after_seq"].as_str()), ("DISK_FULL", "4"));
    ring.front(1).vacated().await;

    ring.front(1).open(ring.region(1));
    assert_eq!(client.list_organizations(list()).await.unwrap().into_inner().organizations.len(), 1);
    create_organization(&channel, "new").await.unwrap();
}

#[tokio::test]
async fn refused_writes_are_typed_and_reads_go_on() {
    let ring = Ring::formed().await;
    let channel = ring.connect(1).await;
    create_organization(&channel, "acme").await.unwrap();
    ring.front(1).refuse_writes(Some(("DISK_FULL", "less than 1 GiB of room")));
    let refused = refusal(create_organization(&channel, "new").await);
    assert_eq!(
        (refused.code, refused.reason.as_str(), refused.retry_after.is_some()),
        (Code::ResourceExhausted, "DISK_FULL", true)
    );
    let mut client = OrganizationsClient::new(channel.clone());
    assert_eq!(
        client
            .list_organizations(v1::ListOrganizationsRequest::default())
            .await
            .unwrap()
            .into_inner()
            .organizations
            .len(),
        1
    );
    ring.front(1).refuse_writes(None);
    create_organization(&channel, "new").await.unwrap();
}

#[tokio::test]
async fn health_follows_the_region_and_not_the_global_majority() {
    let ring = Ring::formed().await;
    let mut client = HealthClient::new(ring.connect(1).await);
    let mut watch = client.watch(health("atoll.v1.Clusters")).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    for service in ["", "atoll.v1.Organizations", "atoll.v1.Log"] {
        assert_eq!(client.check(health(service)).await.unwrap().into_inner().status(), ServingStatus::Serving);
    }
    assert_eq!(client.check(health("atoll.v1.Moons")).await.unwrap_err().code(), Code::NotFound);
    let mut unknown = client.watch(health("atoll.v1.Moons")).await.unwrap().into_inner();
    assert_eq!(unknown.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);

    ring.cut(1, 2);
    ring.cut(1, 3);
    eventually(|| async { (ring.region(1).status().mode == region::Mode::Isolated).then_some(()) }).await;
    assert_eq!(client.check(health("")).await.unwrap().into_inner().status(), ServingStatus::Serving);

    ring.front(1).close("MEMBER_STOPPED", "closed for a test");
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(client.check(health("")).await.unwrap().into_inner().status(), ServingStatus::NotServing);
}

#[tokio::test]
async fn reflection_lists_and_describes_every_service() {
    let ring = Ring::formed().await;
    let mut client = ServerReflectionClient::new(ring.connect(1).await);
    let ask = |message_request| ServerReflectionRequest { host: String::new(), message_request: Some(message_request) };
    let asked = vec![
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol("atoll.v1.Clusters".to_owned())),
    ];
    let mut answers = client.server_reflection_info(tokio_stream::iter(asked)).await.unwrap().into_inner();
    let MessageResponse::ListServicesResponse(listed) =
        answers.message().await.unwrap().unwrap().message_response.unwrap()
    else {
        panic!("another answer")
    };
    let listed: Vec<String> = listed.service.into_iter().map(|service| service.name).collect();
    for service in ["Clusters", "Folders", "Log", "Mutations", "Operations", "Organizations", "Projects", "Regions"] {
        assert!(listed.contains(&format!("atoll.v1.{service}")), "{service} in {listed:?}");
        let health = HealthClient::new(ring.connect(1).await).check(health(&format!("atoll.v1.{service}"))).await;
        assert!(health.is_ok(), "{service} has no health");
    }
    let described = answers.message().await.unwrap().unwrap().message_response.unwrap();
    assert!(matches!(described, MessageResponse::FileDescriptorResponse(_)), "{described:?}");
}

#[tokio::test]
async fn a_write_that_was_done_when_the_region_closed_is_never_said_not_to_be() {
    let ring = Ring::formed().await.with_project().await;
    ring.hold_records();
    let mut client = ClustersClient::new(ring.connect(1).await);
    // A pull that was under way may still bring this one.
    client.create_cluster(new_cluster("b", "first")).await.unwrap();
    let copy = ring.region(2).ledger().copy(&"region/b".parse().unwrap()).unwrap();
    // It is committed at its home, and its answer waits for the copy here.
    let close = async {
        tokio::time::timeout(SOON, copy.cell.reached(ids::Seq(2))).await.unwrap();
        ring.front(1).close("MEMBER_STOPPED", "closed for a test");
    };
    let (written, ()) = tokio::join!(client.create_cluster(new_cluster("b", "second")), close);
    match written {
        Ok(answer) => assert_eq!(answer.metadata().get(api::metadata::PARTIAL).unwrap(), "true"),
        Err(status) => assert_eq!(refused(&status).reason, "OUTCOME_UNKNOWN"),
    }
    ring.front(1).vacated().await;
}
