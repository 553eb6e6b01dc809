//! Logs and watches.

use std::{sync::Arc, time::Duration};

use adapter_grpc::api::Limits;
use api::v1::{
    self, WatchRecordsRequest, clusters_client::ClustersClient, fact::After, log_client::LogClient,
    watch_records_response::Item,
};
use tonic::{Request, Streaming};

use super::ring::{Ring, SOON, create_organization, eventually, new_cluster, refusal, refused};

/// The next record of a watch.
async fn next_record(watch: &mut Streaming<v1::WatchRecordsResponse>) -> v1::Record {
    let next = async {
        loop {
            match watch.message().await.unwrap().expect("a watch does not end").item.unwrap() {
                Item::Record(record) => return record,
                Item::Progress(_) => {}
            }
        }
    };
    tokio::time::timeout(SOON, next).await.unwrap()
}

#[tokio::test]
async fn records_are_listed_with_what_they_did_and_prove_themselves() {
    let ring = Ring::formed().await.with_project().await;
    let mut client = LogClient::new(ring.connect(3).await);
    let list = |after_seq, page_size| v1::ListRecordsRequest {
        log: "global".to_owned(),
        after_seq,
        page_size,
        with_proposals: true,
        read: None,
    };
    let all = client.list_records(list(0, 0)).await.unwrap().into_inner();
    let head = all.head.unwrap();
    assert_eq!(all.records.iter().map(|record| record.seq).collect::<Vec<_>>(), (1..=head.seq).collect::<Vec<_>>());
    assert_eq!((head.first_seq, &head.hash), (1, &all.records.last().unwrap().hash));
    for pair in all.records.windows(2) {
        assert_eq!(pair[1].prev_hash, pair[0].hash);
    }
    let created = &all.records[3];
    assert_eq!((created.actor.as_str(), created.facts[0].kind.as_str()), ("anonymous", "organization-created"));
    let Some(After::Organization(organization)) = &created.facts[0].after else { panic!("{created:?}") };
    assert_eq!(
        (organization.name.as_str(), organization.uid.as_str()),
        ("organizations/acme", created.request_id.as_str())
    );
    // A reader that knows the codec comes to the same hash.
    let again = wire::Record {
        log: created.log.parse().unwrap(),
        incarnation: ids::Incarnation(created.incarnation),
        seq: ids::Seq(created.seq),
        hlc: ids::Hlc(created.hlc),
        prev_hash: ids::Hash(created.prev_hash.as_ref().try_into().unwrap()),
        proposal: created.proposal.clone(),
    };
    assert_eq!(again.hash().0.as_slice(), created.hash.as_ref());
    let page = client.list_records(list(2, 2)).await.unwrap().into_inner().records;
    assert_eq!(page.iter().map(|record| record.seq).collect::<Vec<_>>(), [3, 4]);
    let here =
        client.get_log_head(v1::GetLogHeadRequest { log: "global".to_owned(), read: None }).await.unwrap().into_inner();
    assert_eq!(here, head);
}

#[tokio::test]
async fn a_watch_tells_every_record_once_and_resumes_in_another_region() {
    let ring = Ring::formed().await.with_project().await;
    let log = "region/b".to_owned();
    let mut watch = LogClient::new(ring.connect(1).await)
        .watch_records(WatchRecordsRequest { log: log.clone(), from_now: true, after_seq: 99, ..Default::default() })
        .await
        .unwrap()
        .into_inner();
    let first = watch.message().await.unwrap().unwrap().item.unwrap();
    assert_eq!(first, Item::Progress(v1::Progress { seq: 0 }));
    let mut client = ClustersClient::new(ring.connect(2).await);
    for n in 1..=20 {
        client.create_cluster(new_cluster("b", &format!("c{n}"))).await.unwrap();
    }
    for seq in 1..=10 {
        let record = next_record(&mut watch).await;
        assert_eq!((record.seq, record.proposal.len()), (seq, 0));
        assert!(record.observed_global_seq > 0);
    }
    drop(watch);
    let mut watch = LogClient::new(ring.connect(3).await)
        .watch_records(WatchRecordsRequest { log, after_seq: 10, ..Default::default() })
        .await
        .unwrap()
        .into_inner();
    for seq in 11..=20 {
        assert_eq!(next_record(&mut watch).await.seq, seq);
    }
    loop {
        let item = watch.message().await.unwrap().unwrap().item.unwrap();
        let Item::Progress(progress) = item else { panic!("a record twice: {item:?}") };
        if progress.seq == 20 {
            return;
        }
    }
}

#[tokio::test]
async fn a_watcher_that_never_reads_is_cut_off_and_told_where_to_resume() {
    let patience = Duration::from_millis(300);
    let ring = Ring::with_limits(Limits { watch_patience: patience, ..Limits::default() }).await.with_project().await;
    let channel = ring
        .endpoint(1)
        .initial_stream_window_size(4096)
        .initial_connection_window_size(1 << 16)
        .connect()
        .await
        .unwrap();
    // What uses the copy when no watch does; others look at it now and then, so the least of several looks.
    let copy = ring.region(1).ledger().copy(&"region/a".parse().unwrap()).unwrap();
    let mut users = usize::MAX;
    for _ in 0..50 {
        users = users.min(Arc::strong_count(&copy.records));
        tokio::task::yield_now().await;
    }
    let mut idle = LogClient::new(channel)
        .watch_records(WatchRecordsRequest { log: "region/a".to_owned(), with_proposals: true, ..Default::default() })
        .await
        .unwrap()
        .into_inner();
    let mut client = ClustersClient::new(ring.connect(1).await);
    for n in 1..=200 {
        let cluster =
            v1::Cluster { cluster_type: "DEVELOPMENT".into(), description: "d".repeat(4000), ..Default::default() };
        let request = v1::CreateClusterRequest { cluster: Some(cluster), ..new_cluster("a", &format!("c{n}")) };
        client.create_cluster(request).await.unwrap();
    }
    // The watcher's task ends although nobody reads.
    eventually(|| async { (Arc::strong_count(&copy.records) <= users).then_some(()) }).await;
    let mut last = 0;
    let status = loop {
        match idle.message().await {
            Ok(Some(item)) => match item.item.unwrap() {
                Item::Record(record) => {
                    assert_eq!(record.seq, last + 1);
                    last = record.seq;
                }
                Item::Progress(_) => {}
            },
            Ok(None) => panic!("ended without a reason"),
            Err(status) => break status,
        }
    };
    let refused = refused(&status);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["resume_after_seq"].clone()),
        ("WATCH_TOO_SLOW", last.to_string())
    );
    assert!(last < 200, "nothing was held back");
}

#[tokio::test]
async fn what_is_no_longer_kept_is_refused_with_what_is() {
    let ring = Ring::formed().await;
    let channel = ring.connect(1).await;
    create_organization(&channel, "acme").await.unwrap();
    let copy = ring.region(1).ledger().copy(&ids::Log::Global).unwrap();
    copy.records.purge(ids::Seq(2));
    let mut client = LogClient::new(channel);
    let list = v1::ListRecordsRequest { log: "global".to_owned(), ..Default::default() };
    let refused_list = refusal(client.list_records(list).await);
    assert_eq!(
        (refused_list.reason.as_str(), refused_list.metadata["first_seq"].as_str()),
        ("REVISION_COMPACTED", "3")
    );
    let watch = WatchRecordsRequest { log: "global".to_owned(), ..Default::default() };
    let mut watch = client.watch_records(watch).await.unwrap().into_inner();
    let refused_watch = refused(&watch.message().await.unwrap_err());
    assert_eq!(
        (refused_watch.reason.as_str(), refused_watch.metadata["first_seq"].as_str()),
        ("REVISION_COMPACTED", "3")
    );
    let head =
        client.get_log_head(v1::GetLogHeadRequest { log: "global".to_owned(), read: None }).await.unwrap().into_inner();
    assert_eq!(head.first_seq, 3);
}

#[tokio::test]
async fn heads_and_records_hold_what_the_read_asks_or_are_refused() {
    let ring = Ring::formed().await;
    let mut client = LogClient::new(ring.connect(3).await);
    let token = |token: &str| v1::ReadOptions { token: token.to_owned(), ..Default::default() };
    let none_is_so_new =
        v1::ReadOptions { max_staleness: Some(prost_types::Duration::default()), ..Default::default() };
    for (read, reason) in [(token("global@1.1000000"), "NOT_YET_REPLICATED"), (none_is_so_new, "TOO_STALE")] {
        let mut head = Request::new(v1::GetLogHeadRequest { log: "global".to_owned(), read: Some(read.clone()) });
        head.set_timeout(Duration::from_millis(300));
        assert_eq!(refusal(client.get_log_head(head).await).reason, reason);
        let list = v1::ListRecordsRequest { log: "global".to_owned(), read: Some(read), ..Default::default() };
        let mut list = Request::new(list);
        list.set_timeout(Duration::from_millis(300));
        assert_eq!(refusal(client.list_records(list).await).reason, reason);
    }
    let linearizable = v1::ReadOptions { level: v1::read_options::Level::Linearizable.into(), ..Default::default() };
    create_organization(&ring.connect(1).await, "acme").await.unwrap();
    let newest = ring.region(1).ledger().copy(&ids::Log::Global).unwrap().head().seq.0;
    let head = v1::GetLogHeadRequest { log: "global".to_owned(), read: Some(linearizable) };
    assert!(client.get_log_head(head).await.unwrap().into_inner().seq >= newest, "what was told elsewhere is in it");
}

#[tokio::test]
async fn a_log_that_is_none_is_refused() {
    let ring = Ring::formed().await;
    let mut client = LogClient::new(ring.connect(1).await);
    let head = |log: &str| v1::GetLogHeadRequest { log: log.to_owned(), read: None };
    assert_eq!(refusal(client.get_log_head(head("moon")).await).fields, ["log"]);
    assert_eq!(refusal(client.get_log_head(head("region/nowhere")).await).reason, "UNKNOWN_LOCATION");
    let watch = WatchRecordsRequest { log: "region/nowhere".to_owned(), ..Default::default() };
    assert_eq!(refusal(client.watch_records(watch).await).reason, "UNKNOWN_LOCATION");
}
