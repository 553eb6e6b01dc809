//! Reads with tokens and ages, regions, topology.

use std::time::Duration;

use api::v1::{
    self, ReadOptions, clusters_client::ClustersClient, organizations_client::OrganizationsClient, read_options::Level,
    region::Mode, regions_client::RegionsClient,
};
use tonic::{Code, Request, Response, metadata::MetadataMap};

use super::ring::{Ring, cluster_name, create_organization, eventually, new_cluster, refusal};

fn text<'a>(metadata: &'a MetadataMap, key: &str) -> Option<&'a str> {
    metadata.get(key).map(|value| value.to_str().unwrap())
}

fn token<T>(response: &Response<T>) -> String {
    text(response.metadata(), api::metadata::TOKEN).unwrap().to_owned()
}

fn get(name: &str, level: Level, token: &str) -> v1::GetClusterRequest {
    let read = ReadOptions { level: level.into(), token: token.to_owned(), max_staleness: None };
    v1::GetClusterRequest { name: name.to_owned(), read: Some(read) }
}

#[tokio::test]
async fn every_answer_says_who_gave_it_what_it_saw_and_how_old_it_may_be() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(1).await);
    let made = client.create_cluster(new_cluster("b", "one")).await.unwrap();
    let metadata = made.metadata();
    assert_eq!((text(metadata, api::metadata::REGION), text(metadata, api::metadata::MEMBER)), (Some("a"), Some("1")));
    let seen = token(&made);
    assert!(seen.starts_with("region/b@1."), "{seen}");

    let mut elsewhere = ClustersClient::new(ring.connect(3).await);
    let name = cluster_name("b", "one");
    let read = elsewhere.get_cluster(get(&name, Level::AtLeast, &seen)).await.unwrap();
    assert_eq!(read.into_inner(), made.into_inner());
    let fresh = elsewhere.get_cluster(get(&name, Level::Linearizable, "")).await.unwrap();
    let age: u64 = text(fresh.metadata(), api::metadata::AGE_MS).unwrap().parse().unwrap();
    assert!(age < 5000, "{age} ms");
    assert!(elsewhere.get_cluster(get(&name, Level::Local, "")).await.is_ok());
    assert!(elsewhere.get_cluster(get(&name, Level::Unspecified, "")).await.is_ok());
}

#[tokio::test]
async fn a_token_of_the_future_is_waited_for_and_then_refused() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(1).await);
    client.create_cluster(new_cluster("b", "one")).await.unwrap();
    let mut request = Request::new(get(&cluster_name("b", "one"), Level::AtLeast, "region/b@1.99,global@1.1"));
    request.set_timeout(Duration::from_secs(2));
    let refused = refusal(client.get_cluster(request).await);
    assert_eq!((refused.reason.as_str(), refused.code), ("NOT_YET_REPLICATED", Code::Unavailable));
    assert_eq!((refused.metadata["wanted"].as_str(), refused.metadata["seq"].as_str()), ("region/b@1.99", "1"));
    assert!(refused.retry_after.is_some());
    let other_life = get(&cluster_name("b", "one"), Level::AtLeast, "region/b@7.1");
    assert_eq!(refusal(client.get_cluster(other_life).await).reason, "OTHER_INCARNATION");
}

#[tokio::test]
async fn a_region_that_is_cut_off_reads_with_age_and_refuses_what_it_cannot_do() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = ClustersClient::new(ring.connect(2).await);
    ClustersClient::new(ring.connect(1).await).create_cluster(new_cluster("a", "far")).await.unwrap();
    let name = cluster_name("a", "far");
    eventually(|| {
        let mut client = client.clone();
        let get = get(&name, Level::Local, "");
        async move { client.get_cluster(get).await.ok() }
    })
    .await;
    ring.cut(1, 2);
    ring.cut(2, 3);
    let mut regions = RegionsClient::new(ring.connect(2).await);
    eventually(|| {
        let mut regions = regions.clone();
        async move {
            let status = regions.get_member_status(v1::GetMemberStatusRequest {}).await.unwrap().into_inner();
            (status.mode() == Mode::Isolated).then_some(())
        }
    })
    .await;
    // Its own go on, the tree and the others do not; reads do, and say how old they may be.
    client.create_cluster(new_cluster("b", "own")).await.unwrap();
    let refused = refusal(create_organization(&ring.connect(2).await, "new").await);
    assert_eq!(
        (refused.reason.as_str(), refused.code, refused.retry_after.is_some()),
        ("GLOBAL_QUORUM_LOST", Code::Unavailable, true)
    );
    let refused = refusal(client.create_cluster(new_cluster("a", "x")).await);
    assert_eq!((refused.reason.as_str(), refused.metadata["position"].as_str()), ("HOME_UNREACHABLE", "region/a@1.1"));
    let local = client.get_cluster(get(&name, Level::Local, "")).await.unwrap();
    let age: u64 = text(local.metadata(), api::metadata::AGE_MS).unwrap().parse().unwrap();
    assert!(age > 1000, "{age} ms");
    let mut strict = get(&name, Level::Local, "");
    strict.read.as_mut().unwrap().max_staleness = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    assert_eq!(refusal(client.get_cluster(strict).await).reason, "TOO_STALE");
    assert_eq!(refusal(client.get_cluster(get(&name, Level::Linearizable, "")).await).reason, "HOME_UNREACHABLE");

    let seen = regions.list_regions(v1::ListRegionsRequest {}).await.unwrap().into_inner();
    assert_eq!(seen.served_by, "b");
    let modes: Vec<(String, Mode)> = seen.regions.iter().map(|region| (region.name.clone(), region.mode())).collect();
    let wanted =
        [("locations/a", Mode::Unreachable), ("locations/b", Mode::Isolated), ("locations/c", Mode::Unreachable)];
    assert_eq!(modes, wanted.map(|(name, mode)| (name.to_owned(), mode)));
    assert!(seen.regions.iter().all(|region| region.mode() == Mode::Connected || !region.reason.is_empty()));
}

#[tokio::test]
async fn the_ring_is_described_by_any_member() {
    let ring = Ring::formed().await;
    let mut client = RegionsClient::new(ring.connect(3).await);
    let topology = client.get_topology(v1::GetTopologyRequest {}).await.unwrap().into_inner();
    assert_eq!(topology.ring, "test");
    let addresses: Vec<(String, u64, String)> = topology
        .regions
        .into_iter()
        .flat_map(|region| {
            region.members.into_iter().map(move |member| (region.region.clone(), member.member, member.api))
        })
        .collect();
    let wanted =
        [("a", 1), ("b", 2), ("c", 3)].map(|(region, id)| (region.to_owned(), id, format!("http://member-{id}")));
    assert_eq!(addresses, wanted);

    let status = client.get_member_status(v1::GetMemberStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.ring.as_str(), status.member, status.region.as_str()), ("test", 3, "c"));
    assert_eq!((status.version.as_str(), status.refuses_writes.as_str()), ("0.0.0-test", ""));
    let logs: Vec<(&str, bool)> = status.logs.iter().map(|log| (log.log.as_str(), log.voter)).collect();
    assert_eq!(logs, [("global", true), ("region/a", false), ("region/b", false), ("region/c", true)]);
    ring.front(3).refuse_writes(Some(("DISK_FULL", "no room")));
    let status = client.get_member_status(v1::GetMemberStatusRequest {}).await.unwrap().into_inner();
    assert_eq!(status.refuses_writes, "DISK_FULL");

    let region = |name: &str| v1::GetRegionRequest { name: name.to_owned() };
    let own = client.get_region(region("locations/c")).await.unwrap().into_inner();
    assert_eq!((own.members[0].member, own.members[0].leads, own.log.unwrap().leader), (3, true, 3));
    assert_eq!(refusal(client.get_region(region("locations/nowhere")).await).reason, "UNKNOWN_LOCATION");
    assert_eq!(refusal(client.get_region(region("c")).await).fields, ["name"]);
}

#[tokio::test]
async fn the_trace_context_of_a_write_is_in_its_record() {
    let ring = Ring::formed().await;
    let channel = ring.connect(1).await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut request = Request::new(v1::CreateOrganizationRequest {
        organization_id: "acme".to_owned(),
        organization: Some(v1::Organization::default()),
        ..Default::default()
    });
    request.metadata_mut().insert(api::metadata::TRACEPARENT, traceparent.parse().unwrap());
    let made = OrganizationsClient::new(channel.clone()).create_organization(request).await.unwrap().into_inner();
    let after_seq = made.etag.parse::<u64>().unwrap() - 1;
    let list = v1::ListRecordsRequest { log: "global".to_owned(), after_seq, ..Default::default() };
    let records = v1::log_client::LogClient::new(channel).list_records(list).await.unwrap().into_inner().records;
    assert_eq!(records[0].traceparent, traceparent);
}
