//! Commands that build on what their caller saw of the global log elsewhere.

use std::time::Duration;

use domain::command as c;
use ids::{Incarnation, Seq};
use ledger::Verdict;
use wire::Submission;

use crate::ring::{Ring, done, project, submission};

/// A cluster in region b, in a project that the region has not heard of yet.
fn cluster_in(project: &str, seen: Seq) -> Submission {
    let name = format!("organizations/acme/projects/{project}/locations/b/clusters/one").parse().unwrap();
    let (display_name, description) = (String::new(), String::new());
    let cluster_type = domain::ClusterType::DEVELOPMENT;
    let command =
        c::CreateCluster { name, display_name, description, cluster_type, options: domain::ClusterOptions::default() }
            .into();
    Submission { seen_global: Some((Incarnation(1), seen)), ..submission(50, command) }
}

#[tokio::test(start_paused = true)]
async fn a_region_waits_for_what_the_caller_has_seen() {
    let ring = Ring::formed().await.with_project().await;
    ring.cut(2, 1);
    ring.cut(2, 3);
    let seen = done(ring.submit(1, submission(9, project("late"))).await);
    let (verdict, ()) = tokio::join!(ring.submit(2, cluster_in("late", seen)), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        ring.mend();
    });
    done(verdict);
}

#[tokio::test(start_paused = true)]
async fn a_region_that_stays_cut_off_decides_on_what_it_has() {
    let ring = Ring::formed().await.with_project().await;
    ring.cut(2, 1);
    ring.cut(2, 3);
    let seen = done(ring.submit(1, submission(9, project("late"))).await);
    let Verdict::Rejected { reason, .. } = ring.submit(2, cluster_in("late", seen)).await else {
        panic!("wanted a rejection");
    };
    assert_eq!(reason, "PROJECT_NOT_ACTIVE");
    let known = cluster_in("web", seen);
    let began = tokio::time::Instant::now();
    done(ring.submit(2, Submission { request_id: ids::RequestId([51; 16]), ..known }).await);
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
}
