//! What three regions promise while they are together.

use client::{Read, Route, Write, v1};

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_in_one_region_is_read_in_another_with_the_token() {
    let rig = Rig::start(1).await;
    let (east, west, europe) = (rig.region(0), rig.region(1), rig.region(2));
    let writer = rig.client(0);
    let project = rig.project(&writer, "acme").await;
    for (number, home) in [&east, &west, &europe].into_iter().enumerate() {
        let parent = format!("{project}/locations/{home}");
        let id = format!("c{number}");
        let cluster = v1::Cluster { cluster_type: "DEVELOPMENT".into(), ..Default::default() };
        let made = writer.clusters().create(&parent, &id, cluster, &Write::default()).await.unwrap();
        // Another client, in another region, that knows nothing but the token.
        let reader = rig.client((number + 1) % 3);
        reader.import_token(&made.token);
        let elsewhere = Read { route: Route::Only(rig.region((number + 1) % 3).to_string()), ..Read::default() };
        let seen = reader.clusters().get(&made.value.name, &elsewhere).await.unwrap();
        assert_eq!(seen.region, rig.region((number + 1) % 3).to_string());
        assert_eq!(seen.value, made.value);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_sent_again_in_another_region_happens_once() {
    let rig = Rig::start(1).await;
    rig.project(&rig.client(0), "acme").await;
    let id = client::RequestId::new();
    let folder = v1::Folder { parent: "organizations/acme".to_owned(), ..Default::default() };
    let in_region =
        |number: usize| Write { route: Route::Only(rig.region(number).to_string()), ..Write::with_request_id(id) };
    let first = rig.client(0).folders().create("once", folder.clone(), &in_region(0)).await.unwrap();
    let again = rig.client(1).folders().create("once", folder.clone(), &in_region(1)).await.unwrap();
    assert_eq!(first.value.etag, again.value.etag);
    let other = rig.client(1).folders().create("once", folder, &Write::default()).await.unwrap_err();
    assert_eq!(other.reason, "ALREADY_EXISTS");
}
