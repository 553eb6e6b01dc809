//! Quotas: what regions take over by themselves, and what moves between them.

use api::v1::{
    self, GetQuotaRequest, ListQuotasRequest, Quota, QuotaSlice, UpdateQuotaRequest, clusters_client::ClustersClient,
    quotas_client::QuotasClient,
};
use ids::Log;
use tonic::{Code, transport::Channel};

use super::ring::{Ring, cluster_name, create_organization, eventually, new_cluster, refusal};

const NAME: &str = "organizations/acme/quota";

fn update(slices: [(&str, u64); 3]) -> UpdateQuotaRequest {
    let slice = |(region, vcpus)| QuotaSlice { location: format!("locations/{region}"), vcpus, ..Default::default() };
    let quota = Quota { name: NAME.to_owned(), slices: slices.map(slice).to_vec(), ..Default::default() };
    UpdateQuotaRequest { quota: Some(quota), ..Default::default() }
}

async fn set(channel: &Channel, slices: [(&str, u64); 3]) -> Quota {
    QuotasClient::new(channel.clone()).update_quota(update(slices)).await.unwrap().into_inner()
}

/// Target, held and used of the regions `a`, `b`, `c`.
async fn slices(channel: &Channel) -> Vec<(u64, Option<u64>, Option<u64>)> {
    let request = GetQuotaRequest { name: NAME.to_owned(), read: None };
    let quota = QuotasClient::new(channel.clone()).get_quota(request).await.unwrap().into_inner();
    quota.slices.into_iter().map(|slice| (slice.vcpus, slice.held, slice.used)).collect()
}

/// Waits until the regions hold so much.
async fn hold(channel: &Channel, wanted: [u64; 3]) {
    eventually(|| async {
        let held: Vec<Option<u64>> = slices(channel).await.into_iter().map(|(_, held, _)| held).collect();
        (held == wanted.map(Some)).then_some(())
    })
    .await;
}

async fn create(channel: &Channel, region: &str, id: &str) -> Result<v1::Cluster, tonic::Status> {
    let created = ClustersClient::new(channel.clone()).create_cluster(new_cluster(region, id)).await;
    created.map(tonic::Response::into_inner)
}

async fn delete(channel: &Channel, region: &str, id: &str) {
    let request = v1::DeleteClusterRequest { name: cluster_name(region, id), ..Default::default() };
    ClustersClient::new(channel.clone()).delete_cluster(request).await.unwrap();
}

#[tokio::test]
async fn regions_take_their_slices_over_and_refuse_what_goes_beyond() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(2).await;
    create(&channel, "a", "one").await.unwrap();
    let made = set(&channel, [("a", 2), ("b", 1), ("c", 0)]).await;
    assert_eq!((made.name.as_str(), made.slices.len()), (NAME, 3));
    hold(&channel, [2, 1, 0]).await;
    create(&channel, "a", "two").await.unwrap();
    let refused = refusal(create(&channel, "a", "three").await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "QUOTA_EXCEEDED"));
    let told = |key: &str| refused.metadata[key].as_str();
    assert_eq!((told("used"), told("needed"), told("limit"), told("region")), ("2", "1", "2", "a"));
    assert_eq!(refusal(create(&channel, "c", "one").await).reason, "QUOTA_EXCEEDED");
    create(&channel, "b", "one").await.unwrap();
    eventually(|| async {
        let used: Vec<Option<u64>> = slices(&channel).await.into_iter().map(|(_, _, used)| used).collect();
        (used == [Some(2), Some(1), Some(0)]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_moves_is_given_up_first_and_waits_for_clusters_to_go() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(3).await;
    set(&channel, [("a", 2), ("b", 0), ("c", 0)]).await;
    hold(&channel, [2, 0, 0]).await;
    create(&channel, "a", "one").await.unwrap();
    create(&channel, "a", "two").await.unwrap();
    set(&channel, [("a", 1), ("b", 1), ("c", 0)]).await;
    let log = Log::Region("a".parse().unwrap());
    let limit = || {
        let state = ring.region(1).ledger().copy(&log).unwrap().cell.state();
        let rows: &dyn domain::View = &state;
        let subject = domain::quota::allotment(&"organizations/acme".parse().unwrap());
        rows.row::<domain::Allotment>(&subject).unwrap().and_then(|(_, row)| row.limit).map(|limit| limit.vcpus)
    };
    eventually(|| async { (limit() == Some(1)).then_some(()) }).await;
    assert_eq!(refusal(create(&channel, "b", "one").await).reason, "QUOTA_EXCEEDED");
    assert_eq!(slices(&channel).await[0].1, Some(2), "its clusters need more than it is to have");
    delete(&channel, "a", "two").await;
    hold(&channel, [1, 1, 0]).await;
    eventually(|| async { create(&channel, "b", "one").await.ok() }).await;
    assert_eq!(refusal(create(&channel, "a", "three").await).reason, "QUOTA_EXCEEDED");
}

#[tokio::test]
async fn quotas_are_listed_and_what_does_not_read_is_named() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(1).await;
    let mut client = QuotasClient::new(channel.clone());
    let get = || GetQuotaRequest { name: NAME.to_owned(), read: None };
    assert_eq!(refusal(client.get_quota(get()).await).reason, "NOT_FOUND");
    let planned = UpdateQuotaRequest { validate_only: true, ..update([("a", 1), ("b", 1), ("c", 1)]) };
    client.update_quota(planned).await.unwrap();
    assert_eq!(refusal(client.get_quota(get()).await).reason, "NOT_FOUND");
    let known = UpdateQuotaRequest { request_id: "0d".repeat(16), ..update([("a", 1), ("b", 1), ("c", 1)]) };
    let made = client.update_quota(known.clone()).await.unwrap().into_inner();
    assert!(made.slices.len() == 3 && !made.etag.is_empty());
    client.update_quota(known).await.unwrap();
    create_organization(&channel, "beta").await.unwrap();
    let mut other = update([("a", 1), ("b", 1), ("c", 1)]);
    other.quota.as_mut().unwrap().name = "organizations/beta/quota".to_owned();
    client.update_quota(other.clone()).await.unwrap();
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let list = ListQuotasRequest { page_size: 1, page_token, read: None };
        let page = client.list_quotas(list).await.unwrap().into_inner();
        names.extend(page.quotas.into_iter().map(|quota| quota.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, [NAME, "organizations/beta/quota"]);
    let stale = |change: &dyn Fn(&mut Quota)| {
        let mut request = other.clone();
        change(request.quota.as_mut().unwrap());
        request
    };
    let bad = [
        ("quota", UpdateQuotaRequest::default()),
        ("quota.name", stale(&|quota| quota.name = "organizations/beta".to_owned())),
        ("quota.slices.location", stale(&|quota| quota.slices[0].location = "a".to_owned())),
        ("quota.slices.location", stale(&|quota| quota.slices[0].location = "locations/b".to_owned())),
        ("quota.slices", stale(&|quota| quota.slices[0].location = "locations/mars".to_owned())),
        ("quota.etag", stale(&|quota| quota.etag = "x".to_owned())),
    ];
    for (field, request) in bad {
        assert_eq!(refusal(client.update_quota(request).await).fields, [field]);
    }
    let refused = refusal(client.update_quota(stale(&|quota| quota.etag = "1".to_owned())).await);
    assert_eq!(refused.reason, "ETAG_MISMATCH");
    let nobody = stale(&|quota| quota.name = "organizations/none/quota".to_owned());
    assert_eq!(refusal(client.update_quota(nobody).await).reason, "NOT_FOUND");
}
