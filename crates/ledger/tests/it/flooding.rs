//! A replica whose disk does not keep up: it stops pulling, so what waits for a flush is bounded, and goes on when the disk does.

use std::time::Duration;

use fakes::DiskWeather;
use ids::{Log, MemberId};

use crate::{
    ring::{Ring, until},
    snapshots::{clusters, project},
};

#[tokio::test(start_paused = true)]
async fn a_replica_whose_flushes_stall_stops_pulling_and_goes_on_when_they_end() {
    let mut ring = Ring::formed(&[1, 1]).await;
    let far = MemberId(2);
    let log: Log = "region/a".parse().unwrap();
    let made = project(&ring).await;
    ring.all_hold(&Log::Global, made).await;
    // Few records are two seconds of this.
    ring.catch_up_bytes_per_second = 10_450;
    ring.kill(far);
    ring.start(far).await;
    clusters(&ring, 1..=1).await;
    let at = |ring: &Ring, id| ring.at(id).ledger.copy(&log).unwrap().cell.seq();
    ring.all_hold(&log, at(&ring, MemberId(1))).await;

    ring.weather(far, DiskWeather { stalled: true, ..DiskWeather::default() });
    clusters(&ring, 2..=100).await;
    let full = at(&ring, MemberId(1));
    until(|| (at(&ring, far) == full).then_some(())).await;
    assert!(ring.disks[&far].pending() > 0, "it took in more than its disk flushed");
    clusters(&ring, 101..=120).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(at(&ring, far), full, "it goes on pulling into memory");

    ring.weather(far, DiskWeather::default());
    ring.all_hold(&log, at(&ring, MemberId(1))).await;
    assert!(at(&ring, far) > full);
}
