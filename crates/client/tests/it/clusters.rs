//! Clusters in regions with a cloud: writes whose outcome takes its time, and what is told of it.

use std::time::Duration;

use client::{
    Client, Read, Write,
    double::Fault,
    v1::{self, cluster_status::State},
};

use crate::world::{World, eventually};

const PARENT: &str = "organizations/acme/projects/web/locations/eu-west-1";

/// A cluster that is asked for, and nothing more.
async fn asked(world: &World, client: &Client) -> client::Answered<v1::Cluster> {
    world.ring.state().cloud = true;
    let cluster = v1::Cluster { cluster_type: "PRODUCTION".to_owned(), ..Default::default() };
    client.clusters().create(PARENT, "demo", cluster, &Write::default()).await.unwrap()
}

fn became(world: &World, state: State) {
    let status = v1::ClusterStatus { state: state.into(), ..Default::default() };
    world.ring.change(|ring| ring.became(&format!("{PARENT}/clusters/demo"), status));
}

#[tokio::test]
async fn what_a_write_began_is_waited_for_over_regions_that_die() {
    let mut world = World::start();
    let client = world.client();
    let made = asked(&world, &client).await;
    let operation = client.clusters().operation(&made, &Read::default()).await.unwrap().unwrap();
    let (operations, read) = (client.operations(), Read::default());
    let waiting = operations.wait(&operation, Some(Duration::from_secs(20)), &read);
    let play = async {
        let (ring, before) = (world.ring.clone(), world.ring.state().traces.len());
        eventually("the wait", || ring.state().traces.len() > before).await;
        world.servers[0].stop();
        became(&world, State::Running);
    };
    let (done, ()) = tokio::join!(waiting, play);
    let done = done.unwrap();
    assert!(done.value.done && done.value.error.is_none(), "{done:?}");
    let runs = client.clusters().get(&made.value.name, &Read::default()).await.unwrap();
    let again = client.clusters().operation(&runs, &Read::default()).await.unwrap();
    assert_eq!(again, None, "nothing is under way");
}

#[tokio::test]
async fn an_answer_that_is_not_whole_is_asked_for_again_to_know_what_goes_on() {
    let world = World::start();
    let client = world.client();
    let made = asked(&world, &client).await;
    let wanted = made.value.operation.clone();
    let name = v1::Cluster { name: made.value.name.clone(), ..Default::default() };
    let partial = client::Answered { value: name, partial: true, ..made };
    let operation = client.clusters().operation(&partial, &Read::default()).await.unwrap();
    assert_eq!(operation, Some(wanted));
    world.ring.state().clusters.clear();
    assert_eq!(client.clusters().operation(&partial, &Read::default()).await.unwrap(), None, "it is gone already");
}

#[tokio::test]
async fn a_wish_whose_answer_is_lost_is_done_once() {
    let world = World::start();
    let client = world.client();
    let made = asked(&world, &client).await;
    became(&world, State::Running);
    world.servers[0].fail(Fault::LoseAnswer);
    let clusters = client.clusters();
    let asleep = clusters.hibernate(&made.value.name, "", &Write::default()).await.unwrap();
    assert!(asleep.value.operation.contains(".demo.hibernate."), "{asleep:?}");
    let waking = clusters.wake(&made.value.name, &asleep.value.etag, &Write::default()).await.unwrap();
    let later = Some(Duration::from_secs(86_400));
    let going = clusters.delete_later(&made.value.name, "", later, &Write::default()).await.unwrap();
    assert!(waking.value.operation.contains(".demo.wake.") && going.value.purge_time.is_some());
    clusters.undelete(&made.value.name, "", &Write::default()).await.unwrap();
    let error = clusters.undelete(&made.value.name, "", &Write::default()).await.unwrap_err();
    assert_eq!(error.reason, "NOTHING_TO_UNDELETE");
    let mut executed = world.executed();
    let all = executed.len();
    executed.sort_unstable();
    executed.dedup();
    assert_eq!((all, executed.len()), (5, 5), "each once");
}

#[tokio::test]
async fn machines_decisions_and_deeds_are_read_as_asked() {
    let world = World::start();
    let client = world.client();
    let made = asked(&world, &client).await;
    let machine = |slot: &str| v1::Machine { slot: slot.to_owned(), ..Default::default() };
    let deed = |part: &str| v1::Deed { part: part.to_owned(), ..Default::default() };
    let production = v1::Decisions { edition: "2026-11".to_owned(), ..Default::default() };
    world.ring.change(|state| {
        let (name, slots) = (made.value.name.clone(), ["master-1", "worker-1", "worker-2"]);
        state.machines.insert(name.clone(), slots.map(machine).into());
        state.deeds.insert(name, ["machine worker-1", "vpc"].map(deed).into());
        state.decisions.insert("PRODUCTION".to_owned(), production.clone());
    });
    let clusters = client.clusters();
    let listed = clusters.machines(&made.value.name, 2, &Read::default()).collect().await.unwrap();
    assert_eq!(
        listed.items.iter().map(|of| of.slot.as_str()).collect::<Vec<_>>(),
        ["master-1", "worker-1", "worker-2"]
    );
    let explained = clusters.explain(&made.value.name, "worker-1", &Read::linearizable()).await.unwrap().value;
    assert_eq!(explained, [deed("machine worker-1")]);
    let sent = world.ring.state().reads.last().cloned().unwrap();
    assert_eq!(sent.level(), v1::read_options::Level::Linearizable);
    assert_eq!(clusters.decisions(&made.value.name, &Read::default()).await.unwrap().value, production);
    let preview = clusters.preview(PARENT, "HUGE", v1::ClusterOptions::default(), &Read::default()).await.unwrap_err();
    assert_eq!(
        (preview.reason.as_str(), preview.metadata["accepted"].as_str()),
        ("UNKNOWN_CLUSTER_TYPE", "PRODUCTION")
    );
}
