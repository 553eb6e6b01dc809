//! Snapshots and what is forgotten behind them: what is gone must be told, and nothing else may go.

use ids::{Log, MemberId, Seq};
use ledger::Retention;
use ports::PeerService;
use sim::{
    checks,
    plan::{Plan, ms},
};
use wire::proto::{self, peer_reply, peer_request, pull_reply};

use crate::{
    follower::{Follower, Step},
    support::{Ring, calm, create, delete, describe, forgetful, play, subject},
};

/// etcd #17780, revision decreasing after a crash during compaction: the newest revision was a deletion, compaction removed it, and
/// after the crash the store counted on from an earlier one.
///
/// Regions of one member, so that nobody else remembers for it: a deletion is the newest record, a snapshot is due with nearly every
/// entry, and the member ends in the middle of it.
#[test]
fn etcd_17780_sequence_does_not_decrease_after_a_crash_in_compaction() {
    let retention = Retention { snapshot_every: 2, log_bytes: u64::MAX, entries_kept: 0, records_kept: 1 };
    play(Plan { retention, ..calm(1) }, async |ring| {
        let (log, member, name) = (ring.log(0), ring.member(0, 0), ring.cluster(0, "reborn"));
        let mut newest = Seq::ZERO;
        for round in 0..24 {
            let made = ring.submit_at(member, create(&name), ms(2_000)).await.expect("the name is free again");
            let deleted = ring.submit_at(member, delete(&name), ms(2_000)).await.unwrap();
            assert!(newest < made && made < deleted, "{newest}, {made}, {deleted}");
            // From at once to long after the snapshot.
            ring.pass(ms(round % 6)).await;
            if round % 3 == 0 {
                ring.stall(member);
                ring.pass(ms(round % 4)).await;
            }
            newest = ring.seq(member, &log);
            ring.crash(member);
            ring.start(member).await;
            ring.leader(&log).await;
            let next = ring.submit_at(member, create(&name), ms(2_000)).await.unwrap();
            assert!(next > newest, "{next} after {newest} was seen");
            newest = ring.submit_at(member, delete(&name), ms(2_000)).await.unwrap();
            assert!(!checks::present(&ring.state(member, &log), &subject(&name)));
        }
    });
}

/// So many records that every copy takes snapshots and forgets what lies behind them.
async fn bury(ring: &Ring) -> Seq {
    let mut writer = ring.caller(0, "grave");
    ring.write(&mut writer, 0, 40).await
}

/// etcd #18089, watch dropping an event when compacting on delete, and #19179, missing delete event on a watch opened on the revision
/// of the compaction: compaction removed the deletion itself, so that who had not seen it yet never did.
///
/// Here a deletion is buried under snapshots, every voter restarts from them, and a whole region catches up over one: it stays
/// deleted everywhere.
#[test]
fn etcd_18089_deleted_stays_deleted_over_snapshots() {
    play(forgetful(3), async |ring| {
        let (log, victim) = (ring.log(0), ring.cluster(0, "victim"));
        let mut caller = ring.caller(0, "owner");
        ring.prepare(0).await;
        ring.done(&mut caller, create(&victim)).await;
        let everywhere = |there: bool| {
            let mut members = ring.world.members().into_iter();
            members.all(|member| checks::present(&ring.state(member, &log), &subject(&victim)) == there)
        };
        ring.until("it is everywhere", || everywhere(true)).await;
        let behind = ring.members(2);
        ring.cut(&behind, &ring.others(&behind), true);
        let deleted = ring.done(&mut caller, delete(&victim)).await;
        bury(ring).await;
        for member in ring.members(0) {
            ring.stall(member);
            ring.pass(ms(30)).await;
            ring.crash(member);
            ring.start(member).await;
            ring.leader(&log).await;
            ring.until("it holds the deletion again", || ring.seq(member, &log) >= deleted).await;
            assert!(!checks::present(&ring.state(member, &log), &subject(&victim)));
            bury(ring).await;
        }
        assert!(checks::present(&ring.state(behind[0], &log), &subject(&victim)), "who is cut off does not know yet");
        ring.cut(&behind, &ring.others(&behind), false);
        ring.until("it is nowhere", || everywhere(false)).await;
        let mut late = Follower::new(log.clone(), deleted);
        late.connect(ring, behind[0]);
        assert!(matches!(late.step().await, Step::Purged(_)), "that copy came over a snapshot");
        let made = ring.done(&mut caller, create(&victim)).await;
        assert!(made > deleted);
    });
}

/// The watcher's side of #18089 and #19179: opened at every place around the one where records begin to be kept, each right behind a
/// deletion or right before one, it gets exactly the next record or is told that it is gone.
#[test]
fn etcd_19179_watch_opened_where_records_begin_sees_the_delete_or_is_told() {
    play(forgetful(3), async |ring| {
        let (log, name) = (ring.log(0), ring.cluster(0, "flicker"));
        let mut caller = ring.caller(0, "owner");
        let mut last = Seq::ZERO;
        for _ in 0..30 {
            ring.done(&mut caller, create(&name)).await;
            last = ring.done(&mut caller, delete(&name)).await;
        }
        ring.until("all copies are equal", || ring.equal()).await;
        for member in [ring.member(0, 0), ring.member(1, 2)] {
            let (mut told, mut seen) = (0, 0);
            for place in (0..last.0).map(Seq) {
                let mut follower = Follower::new(log.clone(), place);
                follower.connect(ring, member);
                match follower.step().await {
                    Step::Purged(_) => told += 1,
                    Step::Record(proposal) => {
                        assert_eq!(follower.place, place.next());
                        let removed =
                            proposal.facts.iter().any(|fact| fact.subject == subject(&name) && fact.after.is_none());
                        assert_eq!(
                            removed,
                            (last.0 - follower.place.0).is_multiple_of(2),
                            "every second one is the deletion"
                        );
                        seen += 1;
                    }
                    Step::Mark(_) => panic!("{member} says nothing about what follows {place}"),
                }
            }
            assert!(told > 20 && seen >= 8, "{member} told {told} times and delivered {seen} times");
        }
    });
}

async fn pull(ring: &Ring, member: MemberId, log: &Log, after: Seq) -> pull_reply::Body {
    let hash = ring.truth(log).get(&after).copied().unwrap_or(ids::Hash::ZERO);
    let request = proto::PullRequest {
        log: log.to_string(),
        incarnation: 1,
        after_seq: after.0,
        after_hash: hash.0.to_vec().into(),
        bytes_max: 1_000_000,
        wait_ms: 0,
    };
    let from = ring.others(&[member])[0].0;
    let request =
        proto::PeerRequest { ring: "simulated".to_owned(), from, body: Some(peer_request::Body::Pull(request)) };
    match ring.at(member).serve(request).await.body {
        Some(peer_reply::Body::Pull(proto::PullReply { body: Some(body) })) => body,
        other => panic!("{member} answered a pull with {other:?}"),
    }
}

/// etcd #18667, inconsistency when reading a compacted revision in a transaction: members answered differently, depending on whether
/// they had compacted already.
///
/// There are no reads of old revisions here; who reads on from a place does so by a pull or a watch. From every place either comes
/// exactly what followed, or the word that it is gone.
#[test]
fn etcd_18667_reading_on_from_a_purged_place_is_told_so() {
    play(forgetful(3), async |ring| {
        let log = ring.log(0);
        ring.prepare(0).await;
        bury(ring).await;
        ring.until("all copies are equal", || ring.equal()).await;
        let last = ring.seq(ring.member(0, 0), &log);
        for member in ring.world.members() {
            let mut gone = 0;
            for place in (1..last.0).map(Seq) {
                let mut follower = Follower::new(log.clone(), place);
                follower.connect(ring, member);
                match (pull(ring, member, &log, place).await, follower.step().await) {
                    (pull_reply::Body::Purged(purged), Step::Purged(first)) => {
                        assert_eq!(purged.first_seq, first.0);
                        gone += 1;
                    }
                    (pull_reply::Body::Records(pulled), Step::Record(_)) => {
                        assert_eq!(pulled.records.len(), usize::try_from(last.0 - place.0).unwrap());
                        assert_eq!(follower.place, place.next());
                    }
                    (pulled, step) => panic!("{member} after {place}: {pulled:?}, {step:?}"),
                }
            }
            assert!(gone > 10, "{member} forgot {gone}");
        }
    });
}

/// A member ends just when snapshots travel and logs are purged, in the group itself; it comes back to the same state.
#[test]
fn follower_that_needs_a_snapshot_of_its_group_comes_to_the_same_state() {
    play(forgetful(3), async |ring| {
        let (log, name) = (ring.log(0), ring.cluster(0, "written"));
        let mut writer = ring.caller(0, "writer");
        ring.prepare(0).await;
        for wait in [1, 5, 20, 80] {
            let behind = ring.follower(&log).await;
            ring.crash(behind);
            ring.write(&mut writer, 0, 40).await;
            ring.start(behind).await;
            // In the middle of what it is sent.
            ring.pass(ms(wait)).await;
            ring.crash(behind);
            ring.start(behind).await;
            let last = ring.done(&mut writer, describe(&name, "after")).await;
            ring.until("it has caught up", || ring.seq(behind, &log) >= last).await;
        }
    });
}
