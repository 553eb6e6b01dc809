//! What does not belong: records of another log, of another ring, out of place, and snapshots that are not what they say. Whoever is
//! given it stays as it was, in service, and goes on.

use std::sync::Arc;

use bytes::Bytes;
use ids::{Hash, Incarnation, Log, MemberId, Seq};
use ledger::{LogState, replica::Replica, snapshot};
use ports::PeerService;
use wire::{
    proto::{self, peer_reply, peer_request, pull_reply, raft_request},
    seal::{seal, unseal},
};

use crate::support::{Ring, calm, create, play};

async fn ask(ring: &Ring, member: MemberId, name: &str, body: peer_request::Body) -> peer_reply::Body {
    let from = ring.others(&[member])[0].0;
    let request = proto::PeerRequest { ring: name.to_owned(), from, body: Some(body) };
    ring.at(member).serve(request).await.body.expect("every request is answered")
}

fn pull(log: &Log) -> peer_request::Body {
    peer_request::Body::Pull(proto::PullRequest {
        log: log.to_string(),
        incarnation: 1,
        after_seq: 0,
        after_hash: Hash::ZERO.0.to_vec().into(),
        bytes_max: 1_000_000,
        wait_ms: 0,
    })
}

/// Every record of a log, as a member ships them, and the hash of the last.
async fn shipped(ring: &Ring, member: MemberId, log: &Log) -> (Vec<Bytes>, Hash) {
    let reply = ask(ring, member, "simulated", pull(log)).await;
    let peer_reply::Body::Pull(proto::PullReply { body: Some(pull_reply::Body::Records(pulled)) }) = reply else {
        panic!("wanted records, got {reply:?}");
    };
    (pulled.records, Hash(pulled.last_hash.as_ref().try_into().unwrap()))
}

fn replica(ring: &Ring, member: MemberId, log: &Log) -> Arc<Replica> {
    let region = ring.at(member);
    let replica = region.ledger().replicas().find(|replica| replica.log() == log).map(Arc::clone);
    replica.expect("the member holds a copy of it")
}

/// Everything that a copy is, as bytes.
fn as_it_is(replica: &Replica) -> (Bytes, Seq) {
    (snapshot::pack(&replica.cell().state(), None), replica.records().next())
}

/// Regions 0 and 2 with some records each, and region 1 cut off from both with more to come in region 0's log: its copy lags, and
/// no puller gets in the way.
async fn lagging_copy(ring: &Ring) -> Arc<Replica> {
    for region in [0, 2] {
        ring.prepare(region).await;
        ring.write(&mut ring.caller(region, "writer"), region, 10).await;
    }
    ring.until("all copies are equal", || ring.equal()).await;
    let behind = ring.members(1);
    ring.cut(&behind, &ring.others(&behind), true);
    ring.write(&mut ring.caller(0, "writer"), 0, 10).await;
    replica(ring, behind[0], &ring.log(0))
}

/// The copy goes on where it stood, as if nothing had been offered.
async fn goes_on(ring: &Ring, replica: &Replica) {
    assert_eq!(replica.quarantined(), None, "what others send says nothing about this copy");
    let behind = ring.members(1);
    ring.cut(&behind, &ring.others(&behind), false);
    let last = ring.seq(ring.member(0, 0), &ring.log(0));
    ring.until("it catches up", || replica.cell().seq() >= last).await;
}

#[test]
fn records_that_do_not_continue_the_copy_leave_it_as_it_was() {
    play(calm(3), async |ring| {
        let copy = lagging_copy(ring).await;
        let (records, last_hash) = shipped(ring, ring.member(0, 0), &ring.log(0)).await;
        let (others, others_hash) = shipped(ring, ring.member(2, 0), &ring.log(2)).await;
        let held = usize::try_from(copy.cell().seq().0).unwrap();
        let (before, fresh) = (as_it_is(&copy), records[held..].to_vec());
        assert_eq!(fresh.len(), 10);
        let mut flipped = fresh.clone();
        flipped[4] = flipped[4].iter().enumerate().map(|(at, byte)| if at == 70 { byte ^ 1 } else { *byte }).collect();
        let mut swapped = fresh.clone();
        swapped.swap(2, 3);
        let offers: [(&str, Vec<Bytes>, Hash); 8] = [
            ("records of another log", others[..5].to_vec(), others_hash),
            ("its own next record, then another log's", vec![fresh[0].clone(), others[1].clone()], last_hash),
            ("records that it holds already", records[..held].to_vec(), last_hash),
            ("records behind a gap", fresh[1..].to_vec(), last_hash),
            ("one byte flipped", flipped, last_hash),
            ("two swapped", swapped, last_hash),
            ("the last one missing", fresh[..9].to_vec(), last_hash),
            ("bytes that are no record", vec![Bytes::from_static(b"no record")], last_hash),
        ];
        for (what, records, hash) in offers {
            assert!(copy.accept(records, hash).is_err(), "{what} was taken in");
            assert_eq!(as_it_is(&copy), before, "{what} left a trace");
        }
        copy.accept(fresh, last_hash).expect("what continues it is taken in");
        goes_on(ring, &copy).await;
    });
}

/// A snapshot with something else in it than its digest says.
fn forged(state: &LogState) -> Bytes {
    let content = unseal("a snapshot", &snapshot::pack(state, None)).unwrap();
    let mut message: proto::Snapshot = wire::decode("a snapshot", content).unwrap();
    let row = message.rows.first_mut().unwrap();
    row.value = row.value.iter().rev().copied().collect();
    seal(&wire::encode(&message))
}

#[test]
fn forged_and_foreign_snapshots_leave_a_copy_as_it_was() {
    play(calm(3), async |ring| {
        let copy = lagging_copy(ring).await;
        let before = as_it_is(&copy);
        let newer = ring.state(ring.member(0, 0), &ring.log(0));
        assert!(newer.seq > copy.cell().seq());
        let mut damaged = snapshot::pack(&newer, None).to_vec();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        let mut other_life = newer.clone();
        other_life.incarnation = Incarnation(2);
        let whole = snapshot::pack(&newer, None);
        let offers = [
            ("another log's", snapshot::pack(&ring.state(ring.member(2, 0), &ring.log(2)), None)),
            ("damaged", damaged.into()),
            ("half", whole.slice(..whole.len() / 2)),
            ("another incarnation's", snapshot::pack(&other_life, None)),
            ("not what its digest says", forged(&newer)),
        ];
        for (what, sealed) in offers {
            assert!(copy.install(&sealed).await.is_err(), "a snapshot that is {what} was taken in");
            assert_eq!(as_it_is(&copy), before, "a snapshot that is {what} left a trace");
        }
        let older = snapshot::pack(&LogState::new(ring.log(0)), None);
        copy.install(&older).await.unwrap();
        assert_eq!(as_it_is(&copy), before, "an older snapshot takes nothing back");
        goes_on(ring, &copy).await;
    });
}

#[test]
fn another_rings_requests_are_refused_whatever_they_ask() {
    play(calm(1), async |ring| {
        let (log, member) = (ring.log(0), ring.member(0, 0));
        ring.prepare(0).await;
        let before = ring.state(member, &log).position();
        let vote = raft_request::Body::Vote(proto::RaftVoteRequest::default());
        let asked = [
            pull(&log),
            peer_request::Body::Heads(proto::HeadsRequest::default()),
            peer_request::Body::Snapshot(proto::SnapshotPullRequest { log: log.to_string(), ..Default::default() }),
            peer_request::Body::Raft(proto::RaftRequest { log: log.to_string(), body: Some(vote) }),
            peer_request::Body::Submit(proto::SubmitRequest::default()),
        ];
        for body in asked {
            let reply = ask(ring, member, "another", body).await;
            assert!(
                matches!(&reply, peer_reply::Body::Refusal(refusal) if refusal.reason == "OTHER_RING"),
                "{reply:?}"
            );
        }
        assert_eq!(ring.state(member, &log).position(), before);
        ring.done(&mut ring.caller(0, "owner"), create(&ring.cluster(0, "after"))).await;
    });
}
