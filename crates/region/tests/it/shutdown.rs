//! An orderly end: nothing is lost, others hardly notice, and the report says what was done.

use std::{sync::Arc, time::Duration};

use ids::{Log, MemberId, RequestId, Seq};
use ledger::Verdict;
use region::{Consistency, HandoverOutcome, ShutdownReport};
use tokio::time::Instant;

use crate::ring::{Ring, SOON, cluster, organization, submission};

fn own() -> Log {
    Log::Region("a".parse().unwrap())
}

async fn shut_down(ring: &Ring, id: u64) -> ShutdownReport {
    ring.on(id, |region| async move { region.shutdown(SOON).await }).await
}

/// Makes clusters through a member, one after the other, until told to stop; the longest that one took, and those that took effect.
async fn writes(ring: Arc<Ring>, through: u64, from: u8, count: u8) -> (Duration, Vec<(RequestId, Seq)>) {
    let (mut longest, mut told) = (Duration::ZERO, Vec::new());
    for number in from..from + count {
        let began = Instant::now();
        let submission = submission(number, cluster("a", &format!("c-{number}")));
        let request_id = submission.request_id;
        match ring.submit(through, submission).await {
            Verdict::Done { seq, .. } => told.push((request_id, seq)),
            other => panic!("wanted an effect through {through}, got {other:?}"),
        }
        longest = longest.max(began.elapsed());
    }
    (longest, told)
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_shuts_down_under_load_loses_nothing_and_writes_through_others_hardly_pause() {
    // Its process may end at once, or take its time to close its stores.
    for lingers in [false, true] {
        let ring = Arc::new(Ring::of(&[3, 1]).await.with_project().await);
        let id = ring.leader(&own()).await;
        // Two that vote with it, and one of another region, which knows only what it was told.
        let others: Vec<u64> = ring.ids().into_iter().filter(|other| *other != id).collect();
        let clients = others.iter().zip([20, 90, 160]).map(|(through, from)| {
            #[expect(clippy::disallowed_methods, reason = "a client is no part of any member")]
            tokio::spawn(writes(Arc::clone(&ring), *through, from, 70))
        });
        let clients: Vec<_> = clients.collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let report = shut_down(&ring, id).await;
        assert!(clients.iter().all(|client| !client.is_finished()), "the load goes on meanwhile");
        let successor = ring.at(others[0]).ledger().group(&own()).unwrap().leader().unwrap();
        let handed = report.handovers.iter().find(|handover| handover.log == own()).unwrap();
        assert_eq!(handed.outcome, HandoverOutcome::To(successor));
        assert!(report.cut_off == 0 && report.took < Duration::from_secs(1), "{report}");
        if !lingers {
            ring.end(id);
        }
        let mut told = Vec::new();
        for client in clients {
            let (longest, of_client) = client.await.unwrap();
            // An election waits for the lease, 600 ms, and then at least 400 ms more.
            assert!(longest < Duration::from_millis(300), "a write took {longest:?}");
            told.extend(of_client);
        }
        assert_eq!(told.len(), 210);
        let last = told.iter().map(|(_, seq)| *seq).max().unwrap();
        for other in others {
            ring.holds(other, &own(), last).await;
            let state = ring.at(other).ledger().copy(&own()).unwrap().cell.state();
            for (request_id, seq) in &told {
                assert_eq!(state.outcome(request_id).map(|outcome| outcome.seq), Some(*seq));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_ends_without_shutting_down_is_missed_for_an_election() {
    let ring = Arc::new(Ring::of(&[3, 1]).await.with_project().await);
    let id = ring.leader(&own()).await;
    let through = [1, 2, 3].into_iter().find(|other| *other != id).unwrap();
    ring.end(id);
    let (longest, _) = writes(Arc::clone(&ring), through, 20, 5).await;
    assert!(
        longest > Duration::from_millis(900),
        "a write took {longest:?}: what the shutdown is for is not seen here"
    );
}

#[tokio::test(start_paused = true)]
async fn a_member_that_shuts_down_refuses_commands_answers_reads_and_leads_nothing() {
    let ring = Ring::of(&[3]).await.with_project().await;
    let id = ring.leader(&Log::Global).await;
    let report = shut_down(&ring, id).await;
    assert!(report.handovers.iter().any(|handover| handover.log == Log::Global), "{report}");
    let verdict = ring.submit(id, submission(9, organization("late"))).await;
    assert!(matches!(&verdict, Verdict::Unavailable { reason, .. } if reason == "SHUTTING_DOWN"), "{verdict:?}");
    let status = ring.at(id).status();
    assert!(status.shutting_down && status.logs.iter().all(|log| !log.leads), "{status:?}");
    let read = ring.on(id, |region| async move { region.read(&Log::Global, &Consistency::Linearizable, SOON).await });
    assert!(read.await.is_ok());
    // The region's name is there for the next one: nothing of it was taken back.
    let other = [1, 2, 3].into_iter().find(|other| *other != id).unwrap();
    assert!(matches!(ring.submit(other, submission(9, organization("late"))).await, Verdict::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_a_member_shuts_down_gets_its_answer() {
    let ring = Arc::new(Ring::of(&[3]).await.with_project().await);
    let id = ring.leader(&own()).await;
    let waiting: Vec<_> = (20..60)
        .map(|number| {
            let ring = Arc::clone(&ring);
            #[expect(clippy::disallowed_methods, reason = "a client is no part of any member")]
            tokio::spawn(async move { ring.submit(id, submission(number, cluster("a", &format!("c-{number}")))).await })
        })
        .collect();
    crate::ring::until(|| (ring.at(id).status().submissions_in_flight == 40).then_some(())).await;
    let report = shut_down(&ring, id).await;
    assert_eq!((report.drained, report.cut_off), (40, 0));
    for answer in waiting {
        assert!(matches!(answer.await.unwrap(), Verdict::Done { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn leadership_goes_to_a_neighbour_and_to_nobody_where_nobody_is_in_reach() {
    // The global log's leader is in a region of two, or becomes so.
    let ring = Ring::of(&[2, 2]).await;
    let id = ring.leader(&Log::Global).await;
    let neighbour = [2, 1, 4, 3][usize::try_from(id).unwrap() - 1];
    let report = shut_down(&ring, id).await;
    let handed = report.handovers.iter().find(|handover| handover.log == Log::Global).unwrap();
    assert_eq!(handed.outcome, HandoverOutcome::To(MemberId(neighbour)));

    let ring = Ring::formed().await;
    let report = shut_down(&ring, 2).await;
    let handed = report.handovers.iter().find(|handover| handover.log == Log::Region("b".parse().unwrap())).unwrap();
    assert_eq!(handed.outcome, HandoverOutcome::NobodyInReach);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_in_time_although_nobody_takes_over() {
    let ring = Ring::of(&[3]).await;
    let id = ring.leader(&own()).await;
    let others = [1, 2, 3].into_iter().filter(|other| *other != id);
    // They still count as reachable when it begins, and hear nothing.
    others.for_each(|other| ring.cut(id, other));
    let began = Instant::now();
    let report = ring.on(id, |region| async move { region.shutdown(Duration::from_secs(2)).await }).await;
    assert!(began.elapsed() <= Duration::from_millis(2_100), "{:?}", began.elapsed());
    let handed = report.handovers.iter().find(|handover| handover.log == own()).unwrap();
    assert!(matches!(&handed.outcome, HandoverOutcome::NotTaken { asked, .. } if asked.len() == 2), "{handed}");
}
