//! Requests of other members that must be refused: each with a typed refusal, and the member goes on as if nothing had been asked.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ids::{Incarnation, Log, MemberId};
use ledger::{LogState, snapshot};
use wire::{
    checked,
    proto::{self, peer_reply, peer_request, raft_reply, raft_request},
    seal,
};

use crate::ring::{Ring, done, organization};

const G: Log = Log::Global;

fn refused(reply: peer_reply::Body) -> (String, String) {
    match reply {
        peer_reply::Body::Refusal(refusal) => (refusal.reason, refusal.message),
        other => panic!("wanted a refusal, got {other:?}"),
    }
}

fn raft(log: &str, body: Option<raft_request::Body>) -> peer_request::Body {
    peer_request::Body::Raft(proto::RaftRequest { log: log.to_owned(), body })
}

/// A snapshot as the leader of a later term would send it, in one piece.
fn install(snapshot: Bytes) -> proto::RaftInstall {
    let voters = proto::RaftVoterSet { members: vec![1, 2, 3] };
    let membership = proto::RaftMembership { voter_sets: vec![voters], members: vec![1, 2, 3] };
    proto::RaftInstall {
        vote: Some(proto::RaftVote { term: 1000, candidate: 2, committed: true }),
        last: Some(proto::RaftLogId { term: 1000, index: 1000 }),
        membership: Some(proto::RaftStoredMembership { set_at: None, membership: Some(membership) }),
        chunk: Some(proto::SnapshotChunk {
            checksum: seal::checksum(&snapshot).unwrap_or_default(),
            size: snapshot.len() as u64,
            offset: 0,
            crc: checked::crc(&snapshot),
            bytes: snapshot,
        }),
    }
}

/// The member holds what it held, serves, and takes part in the next decision.
async fn goes_on(ring: &Ring, id: MemberId, before: &LogState, label: &str) {
    let group = ring.at(id).group(&G).clone();
    let after = group.cell().state();
    assert_eq!((after.position(), after.hash), (before.position(), before.hash));
    assert_eq!(group.stopped(), None);
    let seq = done(ring.decide(organization(label)).await);
    assert_eq!(seq, before.seq.next());
    ring.all_hold(&G, seq).await;
    assert_eq!(group.cell().seq(), seq);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_anothers_is_refused_and_the_member_goes_on() {
    let ring = Ring::formed(&[3]).await;
    let first = done(ring.decide(organization("first")).await);
    ring.all_hold(&G, first).await;
    let id = ring.follower(&G).await;
    let other_log = LogState::new(Log::Region("a".parse().unwrap()));
    let mut other_life = ring.at(id).group(&G).cell().state();
    other_life.incarnation = Incarnation(2);
    let mut damaged = snapshot::pack(&LogState::new(G), None).to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let cases = [
        (snapshot::pack(&other_log, None), "read a snapshot of the log region/a: wanted one of global"),
        (snapshot::pack(&other_life, None), "read a snapshot of incarnation 2: wanted 1"),
        (damaged.into(), "the checksum differs"),
        (Bytes::new(), "a snapshot of 0 bytes: wanted 40 to"),
    ];
    for (at, (sealed, wanted)) in cases.into_iter().enumerate() {
        let before = ring.at(id).group(&G).cell().state();
        let request = raft("global", Some(raft_request::Body::Install(install(sealed))));
        let (reason, message) = refused(ring.at(id).ask(request).await);
        assert_eq!(reason, "NOT_SERVED");
        assert!(message.contains(wanted), "{message}");
        goes_on(&ring, id, &before, &format!("after-{at}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_raft_request_is_refused_and_the_member_goes_on() {
    let ring = Ring::formed(&[3]).await;
    let first = done(ring.decide(organization("first")).await);
    ring.all_hold(&G, first).await;
    let id = ring.follower(&G).await;
    let before = ring.at(id).group(&G).cell().state();
    let no_membership = proto::RaftInstall { membership: None, ..install(Bytes::new()) };
    let no_vote = proto::RaftInstall { vote: None, ..install(Bytes::new()) };
    let no_piece = proto::RaftInstall { chunk: None, ..install(Bytes::new()) };
    let bodies = [
        (None, "it is empty"),
        (Some(raft_request::Body::Append(proto::RaftAppend::default())), "the field vote of an append request"),
        (Some(raft_request::Body::Vote(proto::RaftVoteRequest::default())), "the field vote of a vote request"),
        (Some(raft_request::Body::PreVote(proto::RaftVoteRequest::default())), "the field vote of a vote request"),
        (Some(raft_request::Body::Install(no_membership)), "the field membership"),
        (Some(raft_request::Body::Install(no_vote)), "the field vote"),
        (Some(raft_request::Body::Install(no_piece)), "it carries no piece"),
        (Some(raft_request::Body::Transfer(proto::RaftTransfer::default())), "the field vote of a leadership transfer"),
    ];
    for (body, wanted) in bodies {
        let (reason, message) = refused(ring.at(id).ask(raft("global", body)).await);
        assert_eq!(reason, "NOT_SERVED");
        assert!(message.contains(wanted), "{message}");
    }
    goes_on(&ring, id, &before, "after").await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_the_member_does_not_hold_is_refused_by_name() {
    let ring = Ring::formed(&[1, 1]).await;
    let process = ring.at(MemberId(1));
    let pull = |log: &str| {
        peer_request::Body::Pull(proto::PullRequest { log: log.to_owned(), incarnation: 1, ..Default::default() })
    };
    let snapshot = |log: &str| {
        peer_request::Body::Snapshot(proto::SnapshotPullRequest { log: log.to_owned(), ..Default::default() })
    };
    // A replica is a copy to read, not a group to vote in.
    let append = || Some(raft_request::Body::Append(proto::RaftAppend::default()));
    let cases = [
        (pull("region/nowhere"), "region/nowhere"),
        (snapshot("region/nowhere"), "region/nowhere"),
        (raft("region/nowhere", append()), "region/nowhere"),
        (raft("region/b", append()), "region/b"),
        (pull("no log"), "no log"),
        (snapshot(""), "wanted `global`"),
    ];
    for (request, wanted) in cases {
        let (reason, message) = refused(process.ask(request).await);
        assert_eq!(reason, "NOT_SERVED");
        assert!(message.contains(wanted), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_region_serves_is_not_served_by_the_ledger() {
    let ring = Ring::formed(&[1]).await;
    for body in [
        peer_request::Body::Head(proto::HeadRequest::default()),
        peer_request::Body::Submit(proto::SubmitRequest::default()),
    ] {
        assert_eq!(refused(ring.at(MemberId(1)).ask(body).await).0, "NOT_SERVED");
    }
}

#[tokio::test(start_paused = true)]
async fn heads_of_strangers_and_of_logs_of_another_ring_are_left_out() {
    let ring = Ring::formed(&[1, 1]).await;
    let process = ring.at(MemberId(1));
    let hash = Bytes::from(vec![0; 32]);
    let (log, voter) = ("region/far".to_owned(), true);
    let far = proto::Head { log, incarnation: 1, seq: 5, hash: hash.clone(), state_digest: hash, voter };
    let ours = proto::Head { log: "region/b".to_owned(), ..far.clone() };
    let heads = vec![proto::Head { log: "no log".to_owned(), ..far.clone() }, far, ours, proto::Head::default()];
    // The script asks as a member that the ring does not list.
    let reply = process.ask(peer_request::Body::Heads(proto::HeadsRequest { heads })).await;
    let peer_reply::Body::Heads(reply) = reply else { panic!("wanted heads, got {reply:?}") };
    let told: Vec<&str> = reply.heads.iter().map(|head| head.log.as_str()).collect();
    assert_eq!(told, ["global", "region/a", "region/b"]);
    for log in ["region/far", "region/b"] {
        assert_eq!(process.ledger.head_of(&log.parse().unwrap(), MemberId(99)), None);
    }
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let known = process.ledger.head_of(&"region/b".parse().unwrap(), MemberId(2)).unwrap();
    assert!(known.voter, "a listed member's head of a log of this ring is known after an exchange");
}

/// A follower whose answers were lost can hold more than the snapshot that its leader sends for it. What it holds stays: taking the
/// snapshot would set openraft's account of what it wrote back, which a debug build of it ends with a panic.
#[tokio::test(start_paused = true)]
async fn entries_beyond_a_snapshot_that_is_sent_late_stay() {
    let ring = Ring::formed(&[3]).await;
    let last = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&last);
    ring.requests(move |body| {
        if let peer_request::Body::Raft(request) = body
            && let Some(raft_request::Body::Append(append)) = &request.body
            && let Some(entry) = append.entries.last()
        {
            *seen.lock().unwrap() = entry.id;
        }
        true
    });
    let seq = done(ring.decide(organization("first")).await);
    ring.all_hold(&G, seq).await;
    let prev = last.lock().unwrap().unwrap();
    let (follower, leader) = (ring.at(ring.follower(&G).await), ring.leader(&G).await);
    let vote = Some(proto::RaftVote { term: 1000, candidate: leader.0, committed: true });
    let id = |beyond: u64| Some(proto::RaftLogId { term: 1000, index: prev.index + beyond });
    let ask = async |body| match follower.ask(raft("global", Some(body))).await {
        peer_reply::Body::Raft(reply) => reply.body.unwrap(),
        other => panic!("wanted an answer, got {other:?}"),
    };
    let append =
        |prev, entries: Vec<_>| raft_request::Body::Append(proto::RaftAppend { vote, prev, entries, commit: None });
    let blank = |beyond| proto::RaftEntry {
        id: id(beyond),
        payload: Some(proto::raft_entry::Payload::Blank(proto::RaftBlank {})),
    };
    let success = |reply| match reply {
        raft_reply::Body::Append(reply) => reply.kind() == proto::raft_append_reply::Kind::Success,
        other => panic!("wanted the answer to an append, got {other:?}"),
    };
    assert!(success(ask(append(Some(prev), vec![blank(1), blank(2), blank(3)])).await));
    let snapshot = install(Bytes::new());
    let mark = proto::RaftMark { applied: id(2), membership: snapshot.membership };
    let sealed = snapshot::pack(&follower.group(&G).cell().state(), Some(mark));
    let request = proto::RaftInstall { vote, last: id(2), ..install(sealed) };
    let raft_reply::Body::Install(reply) = ask(raft_request::Body::Install(request)).await else { unreachable!() };
    assert!(reply.installed);
    assert_eq!(follower.group(&G).stopped(), None);
    assert!(success(ask(append(id(3), Vec::new())).await), "the entry after the snapshot is still there");
}
