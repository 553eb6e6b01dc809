//! Mutation streams: every mutation has one outcome, over broken streams too.

use std::{collections::BTreeSet, time::Duration};

use client::{
    Route,
    double::Fault,
    v1::{self, mutation::Kind},
};
use tokio::time::timeout;

use crate::world::{World, organization};

fn create(number: u64) -> v1::Mutation {
    let request = v1::CreateOrganizationRequest {
        organization_id: format!("org-{number}"),
        organization: Some(organization("")),
        ..v1::CreateOrganizationRequest::default()
    };
    v1::Mutation { kind: Some(Kind::CreateOrganization(request)), retried: false }
}

#[tokio::test]
async fn every_mutation_has_one_outcome_and_no_more_than_allowed_are_under_way() {
    let world = World::start();
    let (mut sender, mut receiver) = world.client().mutations(8, Route::Any).split();
    let sending = async move {
        for first in (0..100).step_by(20) {
            sender.send((first..first + 20).map(create).collect()).await.unwrap();
            assert!(sender.in_flight() <= 8);
        }
    };
    let receiving = async {
        let mut seen = BTreeSet::new();
        while let Some(outcome) = receiver.next().await {
            assert_eq!(outcome.result.unwrap().name, format!("organizations/org-{}", outcome.index));
            assert!(seen.insert(outcome.index), "{} twice", outcome.index);
        }
        seen
    };
    let ((), seen) = tokio::join!(sending, receiving);
    assert_eq!(seen.len(), 100);
}

#[tokio::test]
async fn a_broken_stream_is_taken_up_elsewhere_and_nothing_happens_twice() {
    let mut world = World::start();
    let (mut sender, mut receiver) = world.client().mutations(64, Route::Any).split();
    world.servers[0].fail(Fault::Slow(Duration::from_millis(20)));
    sender.send((0..20).map(create).collect()).await.unwrap();
    for _ in 0..3 {
        receiver.next().await.unwrap().result.unwrap();
    }
    world.servers[0].stop();
    sender.send((20..30).map(create).collect()).await.unwrap();
    drop(sender);
    let mut rest = 0;
    while let Some(outcome) = timeout(Duration::from_secs(10), receiver.next()).await.expect("nothing came") {
        outcome.result.unwrap();
        rest += 1;
    }
    assert_eq!(rest, 27);
    let executed = world.executed();
    assert_eq!(executed.iter().collect::<BTreeSet<_>>().len(), executed.len(), "one execution per request id");
    assert_eq!(world.ring.state().organizations.len(), 30);
}

#[tokio::test]
async fn a_mute_region_is_left_with_everything_that_is_under_way() {
    let world = World::start();
    let (mut sender, mut receiver) = world.client().mutations(16, Route::Any).split();
    world.servers[0].fail(Fault::Mute);
    sender.send((0..10).map(create).collect()).await.unwrap();
    drop(sender);
    let mut outcomes = 0;
    while let Some(outcome) = timeout(Duration::from_secs(6), receiver.next()).await.expect("nothing came") {
        outcome.result.unwrap();
        outcomes += 1;
    }
    assert_eq!(outcomes, 10);
}

#[tokio::test]
async fn refusals_and_unknown_outcomes_are_handed_over_with_their_request_ids() {
    let world = World::start();
    let (mut sender, mut receiver) = world.client().mutations(16, Route::Any).split();
    sender.send(vec![create(1), create(1)]).await.unwrap();
    receiver.next().await.unwrap().result.unwrap();
    let refused = receiver.next().await.unwrap();
    let error = refused.result.unwrap_err();
    assert!(error.is("ALREADY_EXISTS") && !error.outcome_unknown());
    assert_eq!(error.request_id, refused.request_id);

    world.servers[0].fail(Fault::LoseAnswer);
    sender.send(vec![create(2)]).await.unwrap();
    let unknown = receiver.next().await.unwrap();
    assert!(unknown.result.unwrap_err().outcome_unknown());
    assert!(world.executed().contains(&unknown.request_id.unwrap().to_string()));
}

#[tokio::test]
async fn when_nobody_takes_the_stream_every_outcome_is_unknown() {
    let mut world = World::start();
    let client = client::Client::connect(world.config().within(Duration::from_millis(500))).unwrap();
    let (mut sender, mut receiver) = client.mutations(16, Route::Any).split();
    world.servers.iter_mut().for_each(client::double::Server::stop);
    sender.send(vec![create(1), create(2)]).await.unwrap();
    drop(sender);
    for _ in 0..2 {
        let outcome = timeout(Duration::from_secs(10), receiver.next()).await.expect("nothing came").unwrap();
        assert!(outcome.result.unwrap_err().outcome_unknown());
    }
    assert!(receiver.next().await.is_none());
}

/// What becomes of the creation of something that exists, sent over a stream that is lost and over the next.
async fn refused_on_a_second_stream(forgets_refusals: bool) -> (client::Error, World) {
    let world = World::start();
    world.ring.state().forgets_refusals = forgets_refusals;
    let client = world.client();
    client.organizations().create("org-0", organization(""), &client::Write::default()).await.unwrap();
    world.servers[0].fail(Fault::Mute);
    let (mut sender, mut receiver) = client.mutations(16, Route::Any).split();
    sender.send(vec![create(0)]).await.unwrap();
    let outcome = timeout(Duration::from_secs(6), receiver.next()).await.expect("nothing came").unwrap();
    (outcome.result.unwrap_err(), world)
}

#[tokio::test]
async fn a_refusal_on_a_second_stream_is_put_on_record_and_settles_the_first_try() {
    let (error, _world) = refused_on_a_second_stream(false).await;
    assert!(error.is("ALREADY_EXISTS") && error.is_on_record() && !error.outcome_unknown(), "{error}");
    let (error, _world) = refused_on_a_second_stream(true).await;
    assert!(error.is("ALREADY_EXISTS") && error.outcome_unknown(), "{error}");
}
