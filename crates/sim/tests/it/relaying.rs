//! Two regions lose each other while both reach the third: records of each reach the other over it, although nobody of their home
//! answers.

use std::time::Duration;

use sim::plan::ms;

use crate::support::{Ring, calm, play};

/// How far a copy may be behind while the direct way is cut.
const BEHIND: Duration = Duration::from_secs(10);

async fn cut_and_write(ring: &Ring) {
    let log = ring.log(1);
    ring.prepare(1).await;
    ring.until("all copies are equal", || ring.equal()).await;
    let mut writer = ring.caller(1, "writer");
    ring.cut(&ring.members(0), &ring.members(1), true);
    let mut reader = ring.local_caller(0, "reader");
    ring.pass(BEHIND).await;
    for number in 0..30 {
        let last = ring.write(&mut writer, 1, 1).await;
        let deadline = tokio::time::Instant::now() + BEHIND;
        while ring.members(0).iter().any(|member| ring.seq(*member, &log) < last) {
            let held: Vec<_> = ring.members(0).iter().map(|member| ring.seq(*member, &log).0).collect();
            assert!(
                tokio::time::Instant::now() < deadline,
                "write {number}: {log} is at {last}, the copies across the cut at {held:?}"
            );
            ring.pass(ms(20)).await;
        }
        let read = reader.read(&log, region::Consistency::Linearizable).await;
        assert!(read.is_some(), "a linearizable read across the cut, {number}");
    }
}

#[test]
fn records_find_a_way_over_the_third_region() {
    play(calm(3), cut_and_write);
}

#[test]
fn records_find_a_way_over_the_third_region_of_single_members() {
    play(calm(1), cut_and_write);
}
