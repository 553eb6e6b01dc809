//! Watches over cut streams, dead regions and compacted logs.

use std::time::Duration;

use client::{Watch, WatchFrom, WatchItem, double::Fault, reason};
use tokio::time::timeout;

use crate::world::World;

fn append(world: &World, count: u64) {
    for _ in 0..count {
        world.ring.change(|state| state.append("global", "", "organization-created", "organizations/acme", None));
    }
}

/// Reads until the record `last`, and gives the sequences in the order they came.
async fn until(watch: &mut Watch, last: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    while seen.last() != Some(&last) {
        match timeout(Duration::from_secs(15), watch.next()).await.expect("nothing came").unwrap().unwrap() {
            WatchItem::Record(record) => seen.push(record.seq),
            WatchItem::Progress { .. } | WatchItem::Interrupted { .. } => {}
            relist @ WatchItem::Relist { .. } => panic!("{relist:?}"),
        }
    }
    seen
}

#[tokio::test]
async fn a_stream_that_is_cut_again_and_again_has_neither_gap_nor_duplicate() {
    let world = World::start();
    world.ring.state().cut_watch_after = Some(3);
    append(&world, 10);
    let mut watch = world.client().watch("global", WatchFrom::After(0));
    assert_eq!(until(&mut watch, 10).await, (1..=10).collect::<Vec<u64>>());
    assert_eq!(watch.position(), Some(10));
}

#[tokio::test]
async fn a_watch_goes_on_in_another_region_when_its_own_dies() {
    let mut world = World::start();
    append(&world, 4);
    let mut watch = world.client().watch("global", WatchFrom::After(0));
    assert_eq!(until(&mut watch, 4).await, [1, 2, 3, 4]);
    assert_eq!(watch.region(), Some("us-east-1"));
    world.servers[0].stop();
    append(&world, 3);
    assert_eq!(until(&mut watch, 7).await, [5, 6, 7]);
    assert_ne!(watch.region(), Some("us-east-1"));
}

#[tokio::test]
async fn an_interruption_is_told_once_and_says_why() {
    let world = World::start();
    world.ring.state().cut_watch_after = Some(1);
    append(&world, 1);
    let mut watch = world.client().watch("global", WatchFrom::After(0));
    until(&mut watch, 1).await;
    let item = watch.next().await.unwrap().unwrap();
    assert!(matches!(&item, WatchItem::Interrupted { error } if error.is("OUT_OF_SERVICE")), "{item:?}");
}

#[tokio::test]
async fn a_watch_from_now_begins_at_the_head() {
    let world = World::start();
    append(&world, 5);
    let mut watch = world.client().watch("global", WatchFrom::Now);
    let first = watch.next().await.unwrap().unwrap();
    assert_eq!(first, WatchItem::Progress { seq: 5 });
    append(&world, 1);
    assert_eq!(until(&mut watch, 6).await, [6]);
}

#[tokio::test]
async fn what_is_no_longer_kept_says_to_list_again() {
    let world = World::start();
    append(&world, 9);
    world.ring.state().first_seq = 6;
    let mut watch = world.client().watch("global", WatchFrom::After(2));
    let item = watch.next().await.unwrap().unwrap();
    let WatchItem::Relist { first_seq, error } = item else { panic!("{item:?}") };
    assert_eq!((first_seq, error.reason.as_str()), (Some(6), reason::REVISION_COMPACTED));
    assert!(watch.next().await.is_none(), "it is over");
}

#[tokio::test]
async fn a_region_that_does_not_serve_a_watch_is_left() {
    let world = World::start();
    append(&world, 2);
    let code = client::Code::Unavailable;
    world.servers[0].fail(Fault::Refuse { code, reason: "NOT_SERVED", retry_after: None, writes_only: false });
    let mut watch = world.client().watch("global", WatchFrom::After(0));
    assert_eq!(until(&mut watch, 2).await, [1, 2]);
    assert_ne!(watch.region(), Some("us-east-1"));
}
