//! A leader that has no room on its disk.

use std::time::Duration;

use domain::{State, command as c};
use ids::Log;
use ledger::Verdict;

use crate::ring::{Ring, cluster, done, project, submission, until};

const FULL: Option<(&str, &str)> = Some(("DISK_FULL", "no room on the disk"));

fn reason(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Unavailable { reason, .. } => reason,
        other => panic!("wanted a refusal without effect, got {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_room_refuses_customers_of_every_member_at_once_and_takes_them_again() {
    let ring = Ring::formed().await.with_project().await;
    ring.at(1).refuse_writes(FULL);
    let before = ring.at(1).ledger().copy(&Log::Region("a".parse().unwrap())).unwrap().cell.seq();
    for (asked, request) in [(1, 10), (2, 11), (3, 12)] {
        let began = tokio::time::Instant::now();
        let verdict = ring.submit(asked, submission(request, cluster("a", "one"))).await;
        assert_eq!(reason(&verdict), "DISK_FULL", "asked at {asked}");
        assert!(began.elapsed() < Duration::from_secs(1), "refused after {:?}", began.elapsed());
    }
    assert_eq!(ring.at(1).ledger().copy(&Log::Region("a".parse().unwrap())).unwrap().cell.seq(), before);
    // A log that another member leads is that one's business, also for callers of this one.
    done(ring.submit(1, submission(13, cluster("b", "two"))).await);
    ring.at(1).refuse_writes(None);
    done(ring.submit(2, submission(11, cluster("a", "one"))).await);
}

#[tokio::test(start_paused = true)]
async fn what_regions_owe_the_global_log_goes_on_while_customers_are_refused() {
    let ring = Ring::of(&[2, 1]).await.with_project().await;
    let leader = ring.leader(&Log::Global).await;
    let name: ids::ProjectName = "organizations/acme/projects/web".parse().unwrap();
    done(ring.submit(1, submission(20, c::DeleteProject { name: name.clone(), etag: None }.into())).await);
    ring.at(leader).refuse_writes(FULL);
    let deleted = || {
        let state = ring.at(3).ledger().copy(&Log::Global).unwrap().cell.state();
        let view: &dyn domain::View = &state;
        let row = view.row::<domain::Project>(&ids::Subject::resource(&name.clone().into())).unwrap();
        row.filter(|(_, project)| project.state == State::Deleted)
    };
    assert!(deleted().is_none(), "it waits for the regions, so that this test tests something");
    until(deleted).await;
    let verdict = ring.submit(3, submission(21, project("new"))).await;
    assert_eq!(reason(&verdict), "DISK_FULL");
    let register = c::RegisterRegion { region: "b".parse().unwrap() };
    let again = ring.submit(3, submission(22, register.into())).await;
    assert!(!matches!(again, Verdict::Unavailable { .. }), "{again:?}");
}
