//! Deletions of projects: every region acknowledges by itself, and one that is cut off is waited for.

use std::time::Duration;

use domain::command::DeleteProject;
use ids::Log;
use sim::{checks, client::list_project};

use crate::support::{Ring, calm, play};

fn waiting(ring: &Ring, region: usize) -> Vec<String> {
    checks::draining(&ring.state(ring.member(region, 0), &Log::Global))
}

/// What `drains_end` looks at: it shows a deletion that waits, with the region that it waits for, and nothing when it came to its end.
#[test]
fn a_deletion_waits_for_a_region_that_is_cut_off_and_for_no_other() {
    play(calm(3), async |ring| {
        let leader = ring.leader(&Log::Global).await;
        let cut_off = (0..3).find(|region| !ring.members(*region).contains(&leader)).unwrap();
        let inside = ring.members(cut_off);
        ring.cut(&inside, &ring.others(&inside), true);
        let elsewhere = (cut_off + 1) % 3;
        let name = list_project(0).unwrap();
        let mut caller = ring.local_caller(elsewhere, "owner");
        ring.done(&mut caller, DeleteProject { name, etag: None }.into()).await;
        ring.pass(Duration::from_secs(20)).await;
        let left = waiting(ring, elsewhere);
        let named = |region: usize| left.iter().any(|what| what.contains(ring.region(region).as_str()));
        assert_eq!(left.len(), 1, "{left:?}");
        assert!((0..3).all(|region| named(region) == (region == cut_off)), "{left:?}");
        ring.cut(&inside, &ring.others(&inside), false);
        ring.until("the deletion is over everywhere", || (0..3).all(|region| waiting(ring, region).is_empty())).await;
    });
}
