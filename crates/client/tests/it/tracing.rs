//! One call is one trace, whichever regions it reaches.

use client::{Route, TraceContext, WatchFrom, Write, double::Fault};

use crate::world::{World, organization};

/// The trace contexts that came, with the region that each came to.
fn came(world: &World) -> Vec<(String, TraceContext)> {
    let traces = world.ring.state().traces.clone();
    traces.into_iter().map(|(region, trace)| (region, trace.parse().unwrap())).collect()
}

#[tokio::test]
async fn all_tries_of_a_call_are_one_trace_in_every_region() {
    let world = World::start();
    world.servers[0].fail(Fault::LoseAnswer);
    let client = world.client();
    let made = client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    assert_eq!(made.tries, 2);
    let first = came(&world);
    assert_eq!((first.len(), first[0].1), (2, first[1].1));
    assert_ne!(first[0].0, first[1].0, "two regions");
    world.servers[0].fail(Fault::None);
    client.organizations().create("other", organization(""), &Write::default()).await.unwrap();
    assert_ne!(came(&world)[2].1.trace_id(), first[0].1.trace_id(), "each call is a trace of its own");
}

#[tokio::test]
async fn the_trace_of_the_caller_is_passed_on_as_it_is() {
    let world = World::start();
    let given: TraceContext = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    let client = world.client().traced(given);
    client.organizations().create("acme", organization(""), &Write::default()).await.unwrap();
    client.watch("global", WatchFrom::After(0)).next().await.unwrap().unwrap();
    let mut mutations = client.mutations(1, Route::Any);
    let create = client::v1::CreateFolderRequest {
        folder_id: "dev".to_owned(),
        folder: Some(client::v1::Folder { parent: "organizations/acme".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let kind = Some(client::v1::mutation::Kind::CreateFolder(create));
    mutations.sender.send(vec![client::v1::Mutation { kind, retried: false }]).await;
    mutations.receiver.next().await.unwrap().result.unwrap();
    let came = came(&world);
    assert_eq!(came.len(), 3, "a call, a watch and a stream of mutations: {came:?}");
    assert!(came.iter().all(|(_, trace)| *trace == given), "{came:?}");
}
