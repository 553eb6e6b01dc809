//! What a member serves to others, and what it refuses before anything is looked at.

use ids::{Log, Seq};
use wire::{
    proto::{self, head_reply, peer_reply, peer_request, submit_reply},
    submission_out,
};

use crate::ring::{RING, Ring, cluster, submission};

fn submit(to: u64, via: Vec<u64>, command: domain::Command) -> peer_request::Body {
    let submission = Some(submission_out(&submission(77, command)));
    peer_request::Body::Submit(proto::SubmitRequest { submission, via, to, within_ms: 5000 })
}

fn submitted(reply: peer_reply::Body) -> submit_reply::Body {
    match reply {
        peer_reply::Body::Submit(reply) => reply.body.unwrap(),
        other => panic!("wanted an answer to a command, got {other:?}"),
    }
}

fn region_b() -> Log {
    Log::Region("b".parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_member_of_another_ring_is_refused_and_nothing_happens() {
    let ring = Ring::formed().await.with_project().await;
    let create = || Some(submit(0, Vec::new(), cluster("b", "one")));
    let pull = proto::SnapshotPullRequest { log: "global".to_owned(), ..Default::default() };
    for (name, body) in [
        ("other", create()),
        ("", create()),
        ("TEST", create()),
        ("other", Some(peer_request::Body::Snapshot(pull))),
        ("other", None),
    ] {
        let reply = ring.call(2, name, body).await;
        let peer_reply::Body::Refusal(refusal) = reply else { panic!("wanted a refusal, got {reply:?}") };
        assert_eq!(refusal.reason, "OTHER_RING");
        assert!(refusal.message.contains(&format!("{name:?}")), "{}", refusal.message);
    }
    assert_eq!(ring.at(2).ledger().copy(&region_b()).unwrap().cell.seq(), Seq::ZERO);
    let reply = submitted(ring.call(2, RING, create()).await);
    assert!(matches!(reply, submit_reply::Body::Done(proto::Done { seq: 1, .. })), "{reply:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_body_is_refused() {
    let ring = Ring::formed().await;
    let reply = ring.call(1, RING, None).await;
    assert!(matches!(&reply, peer_reply::Body::Refusal(refusal) if refusal.reason == "EMPTY"), "{reply:?}");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_read_is_rejected_and_one_for_anothers_log_names_no_leader() {
    let ring = Ring::formed().await;
    let empty = peer_request::Body::Submit(proto::SubmitRequest::default());
    let reply = submitted(ring.call(1, RING, Some(empty)).await);
    assert!(matches!(&reply, submit_reply::Body::Rejected(why) if why.reason == "UNREADABLE_COMMAND"), "{reply:?}");
    let reply = submitted(ring.call(1, RING, Some(submit(0, Vec::new(), cluster("b", "one")))).await);
    assert_eq!(reply, submit_reply::Body::NotLeader(proto::NotLeader { leader: 0 }));
}

#[tokio::test(start_paused = true)]
async fn a_command_passes_one_relay_and_not_a_second() {
    let ring = Ring::formed().await.with_project().await;
    let relayed = submitted(ring.call(1, RING, Some(submit(2, Vec::new(), cluster("b", "one")))).await);
    assert!(matches!(relayed, submit_reply::Body::Done(_)), "{relayed:?}");
    let again = submitted(ring.call(1, RING, Some(submit(2, vec![3], cluster("b", "two")))).await);
    assert!(matches!(&again, submit_reply::Body::Unavailable(why) if why.reason == "RELAYED_ALREADY"), "{again:?}");
    assert_eq!(ring.at(2).ledger().copy(&region_b()).unwrap().cell.seq(), Seq(1));
}

#[tokio::test(start_paused = true)]
async fn only_the_leader_of_a_log_tells_how_far_it_is() {
    let ring = Ring::formed().await.with_project().await;
    let head = |log: &str| proto::HeadRequest { log: log.to_owned(), via: Vec::new(), to: 0 };
    for (log, wanted) in [("region/b", Some(0)), ("region/a", None), ("no log", None)] {
        let reply = ring.call(2, RING, Some(peer_request::Body::Head(head(log)))).await;
        let peer_reply::Body::Head(reply) = reply else { panic!("wanted a head, got {reply:?}") };
        match reply.body.unwrap() {
            head_reply::Body::Head(head) => assert_eq!(Some(head.seq), wanted, "{log}"),
            head_reply::Body::NotLeader(_) => assert_eq!(wanted, None, "{log}"),
            other => panic!("{other:?}"),
        }
    }
}
