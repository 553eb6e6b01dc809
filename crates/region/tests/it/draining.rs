//! What a region owes the global log: it registers itself, and says when it holds no cluster of a project that is being deleted.

use std::time::Duration;

use domain::{Command, State, command as c};
use ids::{Log, Seq};
use ledger::{LogState, Verdict};

use crate::ring::{Ring, cluster, done, project, submission, until};

fn global(ring: &Ring, id: u64) -> LogState {
    ring.at(id).ledger().copy(&Log::Global).unwrap().cell.state()
}

/// A project as a member knows it, also when it is deleted.
fn state(ring: &Ring, id: u64, label: &str) -> Option<domain::Project> {
    let name: ids::ProjectName = format!("organizations/acme/projects/{label}").parse().unwrap();
    let state = global(ring, id);
    let view: &dyn domain::View = &state;
    view.row::<domain::Project>(&ids::Subject::resource(&name.into())).unwrap().map(|(_, project)| project)
}

fn delete(label: &str) -> Command {
    let name = format!("organizations/acme/projects/{label}").parse().unwrap();
    c::DeleteProject { name, etag: None }.into()
}

async fn deleted(ring: &Ring, id: u64, label: &str) {
    until(|| state(ring, id, label).filter(|project| project.state == State::Deleted)).await;
}

#[tokio::test(start_paused = true)]
async fn a_formed_ring_registers_its_regions_by_itself_and_once() {
    let ring = Ring::of(&[3, 2, 1]).await;
    let regions = domain::sets::regions();
    let known = domain::View::entries(&global(&ring, 6), &regions, None, 10);
    assert_eq!(known, ["a", "b", "c"]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(global(&ring, 6).seq, Seq(3), "a ring at rest stays at rest");
}

#[tokio::test(start_paused = true)]
async fn a_project_without_clusters_is_deleted_once_every_region_said_so() {
    let ring = Ring::of(&[3, 1]).await.with_project().await;
    let before = done(ring.submit(4, submission(9, delete("web"))).await);
    deleted(&ring, 1, "web").await;
    // One record for each region, however many members it has.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(global(&ring, 1).seq, Seq(before.0 + 2));
}

#[tokio::test(start_paused = true)]
async fn a_project_with_a_cluster_waits_for_the_region_that_holds_it_and_only_for_that() {
    let ring = Ring::of(&[3, 1]).await.with_project().await;
    done(ring.submit(1, submission(8, cluster("a", "one"))).await);
    done(ring.submit(1, submission(9, delete("web"))).await);
    let waits_for = |wanted: &[&str]| {
        state(&ring, 1, "web")
            .filter(|project| project.awaiting.iter().map(|region| region.as_str()).eq(wanted.iter().copied()))
    };
    until(|| waits_for(&["a"])).await;
    let still = global(&ring, 1).seq;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((global(&ring, 1).seq, state(&ring, 1, "web").unwrap().state), (still, State::Deleting));
    let name = "organizations/acme/projects/web/locations/a/clusters/one".parse().unwrap();
    done(ring.submit(1, submission(10, c::DeleteCluster { name, retain_ms: 0, etag: None }.into())).await);
    deleted(&ring, 4, "web").await;
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_of_the_region_goes_on_where_the_old_one_was() {
    let ring = Ring::of(&[3, 1]).await.with_project().await;
    done(ring.submit(4, submission(8, cluster("a", "one"))).await);
    done(ring.submit(4, submission(9, delete("web"))).await);
    let own = Log::Region("a".parse().unwrap());
    let id = ring.leader(&own).await;
    ring.end(id);
    let name = "organizations/acme/projects/web/locations/a/clusters/one".parse().unwrap();
    done(ring.submit(4, submission(10, c::DeleteCluster { name, retain_ms: 0, etag: None }.into())).await);
    deleted(&ring, 4, "web").await;
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_cut_off_keeps_a_deletion_waiting_until_it_is_back() {
    let ring = Ring::formed().await.with_project().await;
    ring.cut(2, 1);
    ring.cut(2, 3);
    tokio::time::sleep(Duration::from_secs(5)).await;
    done(ring.submit(1, submission(9, delete("web"))).await);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let waiting = state(&ring, 1, "web").unwrap();
    assert_eq!((waiting.state, waiting.awaiting.len()), (State::Deleting, 1));
    ring.mend();
    deleted(&ring, 2, "web").await;
}

#[tokio::test(start_paused = true)]
async fn many_deletions_at_once_all_end() {
    let ring = Ring::of(&[3, 1]).await.with_project().await;
    for number in 0..40 {
        done(ring.submit(1, submission(20 + number, project(&format!("p-{number}")))).await);
    }
    for number in 0..40 {
        let verdict = ring.submit(1, submission(100 + number, delete(&format!("p-{number}")))).await;
        assert!(matches!(verdict, Verdict::Done { .. }), "{verdict:?}");
    }
    for number in 0..40 {
        deleted(&ring, 4, &format!("p-{number}")).await;
    }
}
