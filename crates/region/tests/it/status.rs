//! What a member says of itself and of the ring: as it is, through isolation and back.

use std::{collections::BTreeSet, time::Duration};

use fakes::DiskWeather;
use ids::{Log, MemberId, Seq};
use region::{CopyKind, LogStatus, Mode, Status, StopCause};

use crate::ring::{Ring, cluster, done, organization, submission, until};

fn log(status: &Status, log: &Log) -> LogStatus {
    status.logs.iter().find(|of| of.log == *log).unwrap().clone()
}

fn region(name: &str) -> Log {
    Log::Region(name.parse().unwrap())
}

async fn mode(ring: &Ring, id: u64, wanted: Mode) -> Status {
    until(|| Some(ring.at(id).status()).filter(|status| status.mode == wanted)).await
}

#[tokio::test(start_paused = true)]
async fn a_connected_member_says_where_its_copies_stand_and_who_leads() {
    let ring = Ring::of(&[3, 1]).await.with_project().await;
    let seq = done(ring.submit(2, submission(9, cluster("a", "one"))).await);
    ring.holds(4, &region("a"), seq).await;
    let leader = ring.leader(&region("a")).await;
    let status = mode(&ring, leader, Mode::Connected).await;
    assert_eq!((status.ring.as_str(), status.member, status.region.as_str()), ("test", MemberId(leader), "a"));
    assert_eq!((status.reason.as_str(), status.shutting_down, status.submissions_in_flight), ("", false, 0));
    assert!(status.uptime > Duration::ZERO);
    let logs: Vec<_> = status.logs.iter().map(|log| (log.log.clone(), log.copy)).collect();
    let (voter, replica) = (CopyKind::Voter, CopyKind::Replica);
    assert_eq!(logs, [(Log::Global, voter), (region("a"), voter), (region("b"), replica)]);
    let own = log(&status, &region("a"));
    assert_eq!((own.leader, own.leads, own.position.seq, own.lag), (Some(MemberId(leader)), true, seq, 0));
    assert_eq!(own.voters, [[1, 2, 3].map(MemberId).into_iter().collect::<BTreeSet<_>>()]);
    assert!(own.term >= Some(1) && own.age.is_some() && own.out_of_service.is_none(), "{own:?}");
    let far = mode(&ring, 4, Mode::Connected).await;
    let copy = log(&far, &region("a"));
    assert_eq!((copy.copy, copy.term, copy.leads, copy.voters.len()), (replica, None, false, 0));
    assert_eq!((copy.hash, copy.state_digest, copy.position), (own.hash, own.state_digest, own.position));
    assert!(status.regions.iter().all(|region| region.reachable && region.answered.is_some()), "{:?}", status.regions);
}

#[tokio::test(start_paused = true)]
async fn an_isolated_region_says_so_and_whom_it_does_not_hear_and_then_catches_up() {
    let ring = Ring::formed().await.with_project().await;
    mode(&ring, 2, Mode::Connected).await;
    ring.cut(2, 1);
    ring.cut(2, 3);
    let status = mode(&ring, 2, Mode::Isolated).await;
    assert!(status.reason.contains("no majority of the voters of global"), "{}", status.reason);
    let heard: Vec<_> = status.regions.iter().map(|region| (region.region.as_str(), region.reachable)).collect();
    assert_eq!(heard, [("a", false), ("b", true), ("c", false)]);
    let silent = &status.regions[0].members[0];
    assert!(!silent.reachable && silent.answered.unwrap() > Duration::from_secs(2), "{silent:?}");
    assert!(!mode(&ring, 1, Mode::Connected).await.regions[1].reachable);
    // Long enough for its copies to be old when it comes back.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let seq = done(ring.submit(1, submission(9, organization("meanwhile"))).await);
    ring.mend();
    let status = mode(&ring, 2, Mode::CatchingUp).await;
    assert!(status.reason.contains("the copy of"), "{}", status.reason);
    let status = mode(&ring, 2, Mode::Connected).await;
    assert!(log(&status, &Log::Global).position.seq >= seq);
}

#[tokio::test(start_paused = true)]
async fn a_member_without_a_majority_of_its_own_region_is_on_an_island() {
    let ring = Ring::of(&[3, 1]).await;
    for other in [2, 3, 4] {
        ring.cut(1, other);
    }
    let status = mode(&ring, 1, Mode::Island).await;
    assert!(status.reason.contains("voters of region/a"), "{}", status.reason);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_behind_says_by_how_much() {
    let ring = Ring::formed().await.with_project().await;
    let far = region("b");
    // It cannot pull, and is still told how far others are.
    ring.cut_way(1, 2);
    ring.cut_way(1, 3);
    // The pull that waits at its source since before is over.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for number in 0..5 {
        done(ring.submit(2, submission(10 + number, cluster("b", &format!("c-{number}")))).await);
    }
    let behind = until(|| Some(log(&ring.at(1).status(), &far)).filter(|log| log.head_seq == Seq(5))).await;
    assert_eq!((behind.position.seq, behind.lag), (Seq::ZERO, 5));
    ring.mend();
    ring.holds(1, &far, Seq(5)).await;
    assert_eq!(log(&ring.at(1).status(), &far).lag, 0);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_stops_is_told_to_who_waits_and_to_who_asks_later() {
    let ring = Ring::of(&[3]).await;
    let id = ring.leader(&region("a")).await;
    let waiting = ring.at(id).stopped();
    ring.weather(id, DiskWeather { full: true, ..DiskWeather::default() });
    // Whether it takes effect is not the question.
    ring.submit(id, submission(9, organization("unlucky"))).await;
    let stopped = tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap();
    assert_eq!(stopped.cause, StopCause::Storage);
    assert!(stopped.why.contains("without room"), "{stopped}");
    let again = tokio::time::timeout(Duration::from_secs(1), ring.at(id).stopped()).await.unwrap();
    assert_eq!(again.cause, StopCause::Storage);
    let status = ring.at(id).status();
    let said = log(&status, &stopped.log);
    assert!(said.out_of_service.is_some() && !said.leads && said.leader.is_none(), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_serves_is_never_told_to_have_stopped() {
    let ring = Ring::formed().await;
    assert!(tokio::time::timeout(Duration::from_secs(5), ring.at(1).stopped()).await.is_err());
}
