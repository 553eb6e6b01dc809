//! The stream of mutations.

use std::collections::BTreeMap;

use adapter_grpc::api::Limits;
use api::v1::{self, Mutation, mutation::Kind, mutations_client::MutationsClient, outcome::Result as Is};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::ring::{Ring, cluster_name, eventually, new_cluster, refused};

struct Stream {
    requests: mpsc::Sender<v1::MutateRequest>,
    answers: Streaming<v1::MutateResponse>,
}

impl Stream {
    async fn open(ring: &Ring, id: u64) -> Self {
        let (requests, receiver) = mpsc::channel(4);
        let answers = MutationsClient::new(ring.connect(id).await).mutate(ReceiverStream::new(receiver)).await.unwrap();
        assert!(answers.metadata().contains_key(api::metadata::MEMBER));
        Self { requests, answers: answers.into_inner() }
    }

    async fn send(&self, mutations: Vec<Kind>) {
        let mutations = mutations.into_iter().map(|kind| Mutation { kind: Some(kind), retried: false }).collect();
        self.requests.send(v1::MutateRequest { mutations }).await.unwrap();
    }

    /// The next `count` outcomes, by index.
    async fn outcomes(&mut self, count: usize) -> BTreeMap<u64, Is> {
        let mut all = BTreeMap::new();
        while all.len() < count {
            for outcome in self.answers.message().await.unwrap().expect("outcomes").outcomes {
                let before = all.insert(outcome.index, outcome.result.unwrap());
                assert!(before.is_none(), "two outcomes of {}", outcome.index);
            }
        }
        all
    }
}

fn create(region: &str, id: &str, request: u64) -> Kind {
    Kind::CreateCluster(v1::CreateClusterRequest { request_id: format!("{request:032x}"), ..new_cluster(region, id) })
}

fn reason(is: &Is) -> &str {
    match is {
        Is::Done(_) => "DONE",
        Is::Error(error) => &error.reason,
    }
}

#[tokio::test]
async fn more_than_fit_at_once_are_all_answered_once_each_at_their_place() {
    const COUNT: u64 = 1500;
    let ring = Ring::with_limits(Limits { unanswered: 200, ..Limits::default() }).await.with_project().await;
    let mut stream = Stream::open(&ring, 1).await;
    // One message holds more than may be unanswered.
    let many = (0..COUNT).map(|n| create("a", &format!("c{n}"), n + 1)).collect();
    stream.send(many).await;
    let outcomes = stream.outcomes(COUNT.try_into().unwrap()).await;
    for (n, (index, is)) in (0..COUNT).zip(&outcomes) {
        let Is::Done(done) = is else { panic!("mutation {n}: {is:?}") };
        assert_eq!((*index, done.name.clone()), (n, cluster_name("a", &format!("c{n}"))));
        let position = done.position.as_ref().unwrap();
        assert_eq!((position.log.as_str(), position.seq.to_string()), ("region/a", done.etag.clone()));
    }
}

#[tokio::test]
async fn each_mutation_stands_alone_and_its_refusal_is_typed() {
    let ring = Ring::formed().await.with_project().await;
    let mut stream = Stream::open(&ring, 3).await;
    let malformed = v1::DeleteFolderRequest { name: "folders/x".to_owned(), ..Default::default() };
    let update = v1::UpdateClusterRequest {
        cluster: Some(v1::Cluster {
            name: cluster_name("b", "none"),
            description: "x".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let long = v1::Cluster { display_name: "x".repeat(300), cluster_type: "DEVELOPMENT".into(), ..Default::default() };
    let too_long = v1::CreateClusterRequest { cluster: Some(long), ..new_cluster("a", "long") };
    stream.send(vec![create("a", "one", 1), Kind::DeleteFolder(malformed), create("b", "two", 2)]).await;
    stream.send(vec![Kind::UpdateCluster(update), create("nowhere", "three", 3), Kind::CreateCluster(too_long)]).await;
    stream.requests.send(v1::MutateRequest { mutations: vec![Mutation { kind: None, retried: false }] }).await.unwrap();
    let outcomes = stream.outcomes(7).await;
    let reasons: Vec<&str> = outcomes.values().map(reason).collect();
    let invalid = "INVALID_ARGUMENT";
    assert_eq!(reasons, ["DONE", invalid, "DONE", "NOT_FOUND", "UNKNOWN_LOCATION", invalid, invalid]);
    let field = |index: u64| match &outcomes[&index] {
        Is::Error(error) => error.field_violations[0].field.clone(),
        Is::Done(_) => panic!("wanted a refusal"),
    };
    assert_eq!([field(1), field(5), field(6)], ["name", "cluster.display_name", "kind"]);
    // Sent again, in another region: the same outcome.
    let mut elsewhere = Stream::open(&ring, 2).await;
    elsewhere.send(vec![create("a", "one", 1)]).await;
    let again = elsewhere.outcomes(1).await;
    assert_eq!(again[&0], outcomes[&0]);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody_else() {
    let ring = Ring::with_limits(Limits { unanswered: 200, ..Limits::default() }).await.with_project().await;
    let idle = Stream::open(&ring, 1).await;
    for from in (0..1000).step_by(250) {
        idle.send((from..from + 250).map(|n| create("a", &format!("c{n}"), n + 1)).collect()).await;
    }
    // More is not read before answers leave, and what was read is decided meanwhile, so another client finds room.
    let mut other = Stream::open(&ring, 1).await;
    for n in 0..10 {
        other.send(vec![create("a", &format!("d{n}"), 10_000 + n)]).await;
        assert_eq!(reason(&other.outcomes(1).await.into_values().next().unwrap()), "DONE");
    }
}

#[tokio::test]
async fn the_stream_ends_when_the_client_has_sent_all_and_has_every_outcome() {
    let ring = Ring::formed().await.with_project().await;
    let mut stream = Stream::open(&ring, 1).await;
    stream.send(vec![create("a", "one", 1), create("a", "two", 2)]).await;
    let Stream { requests, .. } = &mut stream;
    *requests = mpsc::channel(1).0;
    stream.outcomes(2).await;
    assert_eq!(stream.answers.message().await.unwrap(), None);
}

#[tokio::test]
async fn a_region_that_closes_ends_the_stream_with_its_reason() {
    let ring = Ring::formed().await.with_project().await;
    let mut stream = Stream::open(&ring, 1).await;
    ring.front(1).refuse_writes(Some(("DISK_FULL", "the disk is full")));
    stream.send(vec![create("a", "one", 1)]).await;
    assert_eq!(reason(&stream.outcomes(1).await[&0]), "DISK_FULL");
    ring.front(1).close("MEMBER_STOPPED", "closed for a test");
    let status = stream.answers.message().await.unwrap_err();
    assert_eq!(refused(&status).reason, "MEMBER_STOPPED");
    ring.front(1).vacated().await;
}

#[tokio::test]
async fn a_region_that_closes_while_mutations_are_under_way_says_that_they_are_unknown() {
    let ring = Ring::formed().await.with_project().await;
    let mut stream = Stream::open(&ring, 1).await;
    stream.send(vec![create("a", "one", 1)]).await;
    stream.outcomes(1).await;
    ring.cut(1, 2);
    ring.cut(1, 3);
    stream.send(vec![create("b", "two", 2)]).await;
    eventually(|| async { (ring.region(1).status().submissions_in_flight == 1).then_some(()) }).await;
    ring.front(1).close("MEMBER_STOPPED", "closed for a test");
    let refused = refused(&stream.answers.message().await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (tonic::Code::Aborted, "OUTCOME_UNKNOWN"));
    assert_eq!(refused.metadata["because"], "MEMBER_STOPPED");
}

#[tokio::test]
async fn one_stream_leaves_room_for_others() {
    let ring = Ring::formed().await.with_project().await;
    let greedy = Stream::open(&ring, 1).await;
    let mut other = Stream::open(&ring, 1).await;
    // Nobody answers these for a while.
    ring.cut(1, 2);
    ring.cut(1, 3);
    for from in (0..5000).step_by(1000) {
        let many = (from..from + 1000).map(|n| create("b", &format!("c{n}"), n + 1)).collect();
        greedy.send(many).await;
    }
    let waiting = || ring.region(1).status().submissions_in_flight;
    eventually(|| async { (waiting() >= 1024).then_some(()) }).await;
    other.send(vec![create("a", "one", 10_000)]).await;
    assert_eq!(reason(&other.outcomes(1).await[&0]), "DONE");
    assert_eq!(waiting(), 1024, "more than one stream may hold, or fewer, so that this test shows nothing");
}

/// For people: `cargo test --release -p adapter-grpc --test it -- --ignored --nocapture mutations_per_second`. Client, server, consensus
/// and simulated disks share one thread, so it says what a mutation costs in all, and not what a ring does.
#[tokio::test]
#[ignore = "a measurement"]
async fn mutations_per_second() {
    const KEYS: u64 = 1000;
    let ring = Ring::formed().await.with_project().await;
    let mut stream = Stream::open(&ring, 1).await;
    stream.send((0..KEYS).map(|n| create("a", &format!("c{n}"), n + 1)).collect()).await;
    stream.outcomes(KEYS.try_into().unwrap()).await;
    for unanswered in [64_u64, 512, 2048] {
        let update = |n: u64| {
            let name = cluster_name("a", &format!("c{}", n % KEYS));
            let cluster = v1::Cluster { name, description: format!("{n:01024}"), ..Default::default() };
            Kind::UpdateCluster(v1::UpdateClusterRequest { cluster: Some(cluster), ..Default::default() })
        };
        let count = unanswered * 20;
        let began = tokio::time::Instant::now();
        stream.send((0..unanswered).map(update).collect()).await;
        let (mut sent, mut answered, mut messages) = (unanswered, 0, 0);
        while answered < count {
            let outcomes = stream.answers.message().await.unwrap().unwrap().outcomes;
            messages += 1;
            for outcome in &outcomes {
                assert!(matches!(outcome.result, Some(Is::Done(_))), "{outcome:?}");
            }
            answered += outcomes.len() as u64;
            let more = (outcomes.len() as u64).min(count - sent);
            if more > 0 {
                stream.send((sent..sent + more).map(update).collect()).await;
                sent += more;
            }
        }
        let (took, per_message) = (began.elapsed(), answered / messages);
        println!(
            "{unanswered} unanswered: {:.0}/s, {per_message} outcomes to a message",
            answered as f64 / took.as_secs_f64()
        );
    }
}
