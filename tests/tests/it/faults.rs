//! Regions killed and cut off, under the eyes of a client.

use std::{collections::BTreeSet, time::Duration};

use chaos::{
    drill::{self, Drill, kill},
    load,
    proxy::Mode,
    view::{Observer, View},
};
use client::{Read, Route, Write, v1};
use ids::Log;
use tokio::time::{Instant, sleep, timeout};

use crate::rig::{Rig, alone, options};

/// What a client of a dead region waits at most.
const ELSEWHERE_WITHIN: Duration = Duration::from_secs(2);
/// So long after it was cut off, a region knows it.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_region_is_killed_completes_its_next_call_elsewhere() {
    let mut rig = Rig::start(1).await;
    let client = rig.client(0);
    let project = rig.project(&client, "acme").await;
    let before = client.projects().get(&project, &Read::default()).await.unwrap();
    assert_eq!(before.region, rig.region(0).to_string());

    let dead = rig.ring.members_of(&rig.region(0));
    rig.ring.kill_all(&dead).await.unwrap();
    let start = Instant::now();
    let after = client.projects().get(&project, &Read::default()).await.unwrap();
    assert!(start.elapsed() <= ELSEWHERE_WITHIN, "{:?}", start.elapsed());
    assert_ne!(after.region, rig.region(0).to_string());
    assert_eq!(after.value, before.value);

    let start = Instant::now();
    let parent = format!("{project}/locations/{}", rig.region(1));
    let cluster = v1::Cluster { cluster_type: "DEVELOPMENT".into(), ..Default::default() };
    client.clusters().create(&parent, "c1", cluster, &Write::default()).await.unwrap();
    assert!(start.elapsed() <= ELSEWHERE_WITHIN, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_is_cut_off_goes_on_with_its_own_log_and_refuses_the_global_one() {
    let rig = Rig::start(1).await;
    let island = rig.region(2);
    let client = rig.client(2);
    let project = rig.project(&client, "acme").await;
    let only = || Write { route: Route::Only(island.to_string()), ..Write::default() };
    let parent = format!("{project}/locations/{island}");
    let cluster = || v1::Cluster { cluster_type: "DEVELOPMENT".into(), ..Default::default() };
    let folder = || v1::Folder { parent: "organizations/acme".to_owned(), ..Default::default() };
    let before = client.clusters().create(&parent, "before", cluster(), &only()).await.unwrap();
    // The others have it, so what they show later is what they had before the cut.
    let elsewhere = rig.client(0);
    elsewhere.import_token(&before.token);
    elsewhere.clusters().get(&before.value.name, &Read::default()).await.unwrap();

    rig.ring.mesh.set_around(&island, Mode::BlackHole);
    let refused = timeout(KNOWN_WITHIN, async {
        loop {
            let options = only().within(Duration::from_secs(2));
            let refusal = client.folders().create("no", folder(), &options).await.unwrap_err();
            if refusal.is("GLOBAL_QUORUM_LOST") {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    });
    refused.await.expect("the region learns that it is cut off");
    let start = Instant::now();
    let refusal = client.folders().create("no", folder(), &only()).await.unwrap_err();
    assert!(refusal.is("GLOBAL_QUORUM_LOST") && start.elapsed() <= Duration::from_millis(1_500), "{refusal}");
    for number in 0..5 {
        let start = Instant::now();
        client.clusters().create(&parent, &format!("alone-{number}"), cluster(), &only()).await.unwrap();
        assert!(start.elapsed() <= Duration::from_secs(2), "{:?}", start.elapsed());
    }
    // The others go on without it, also with the global log.
    rig.client(0).folders().create("yes", folder(), &Write::default()).await.unwrap();
    let listed = rig.client(0).clusters().list(&format!("{project}/locations/-"), 0, &Read::local()).collect().await;
    assert_eq!(listed.unwrap().items.len(), 1, "what was made on the island is not known elsewhere");

    rig.ring.mesh.heal();
    let observer = Observer::new(&rig.access).unwrap();
    let view = observer.wait(Duration::from_secs(30), View::unsettled).await.unwrap();
    assert!(!view.heads().is_empty());
    let listed = rig.client(0).clusters().list(&format!("{project}/locations/-"), 0, &Read::default()).collect().await;
    assert_eq!(listed.unwrap().items.len(), 6);
}

/// The first tries of what needs the link get no answer; then a third region passes them on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_link_between_two_regions_is_cut_every_call_still_succeeds() {
    let rig = Rig::start(1).await;
    let client = rig.client(0);
    let project = rig.project(&client, "acme").await;
    let observer = Observer::new(&rig.access).unwrap();
    let mut leaders: BTreeSet<_> = observer.look().await.leader(&Log::Global).into_iter().collect();
    let (here, there) = (rig.region(0), rig.region(1));
    rig.ring.mesh.set_between(&here, &there, Mode::BlackHole);
    let only = || Write { route: Route::Only(here.to_string()), ..Write::default() };
    let cluster = || v1::Cluster { cluster_type: "DEVELOPMENT".into(), ..Default::default() };
    for number in 0..10 {
        let id = format!("c{number}");
        for region in [&here, &there] {
            let parent = format!("{project}/locations/{region}");
            let made = client.clusters().create(&parent, &id, cluster(), &only()).await.unwrap();
            let read = client.clusters().get(&made.value.name, &Read::linearizable()).await.unwrap();
            assert_eq!(read.value.uid, made.value.uid);
        }
        let folder = v1::Folder { parent: "organizations/acme".to_owned(), ..Default::default() };
        client.folders().create(&id, folder, &only()).await.unwrap();
        leaders.extend(observer.look().await.leader(&Log::Global));
    }
    assert!(leaders.len() <= 2, "G's leader changed more than once: {leaders:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_kills_under_load_break_no_promise() {
    let _alone = alone().await;
    let dir = tempfile::tempdir().unwrap();
    let drill_options = drill::Options {
        ring: options(dir.path(), 3),
        load: load::Options { workers_per_region: 1, think: Duration::from_millis(150), seed: 5 },
        rounds: 5,
        hold: Duration::from_secs(5),
        sample: 50,
    };
    let start = Instant::now();
    let mut say = |line: String| eprintln!("{:>6.1} s  {line}", start.elapsed().as_secs_f64());
    let report = drill::run(Drill::Kill(kill::How::Kill), drill_options, &mut say).await.unwrap();
    if !report.broken.is_empty() || !report.unjudged.is_empty() {
        panic!("{}\nlogs and data are kept in {}", report.print(), dir.keep().display());
    }
    assert_eq!((report.faults, report.verified), (5, 9));
    assert!(report.counts.acknowledged > 100, "{}", report.print());
}
