//! Watchers: marks that come too early, members that lag, watchers that are slow, places in the future.

use futures_util::future::join;
use ids::{Log, Seq};
use sim::plan::ms;

use crate::{
    follower::{Follower, Step},
    support::{Ring, calm, forgetful, play},
};

/// etcd #15220, watch progress notification not synced with the stream: a mark named a revision whose events were still on their way.
///
/// While records flow, and are read slowly, each mark is exactly the last record delivered; on a voter and on a replica far away.
#[test]
fn etcd_15220_progress_mark_never_runs_ahead_of_events() {
    play(calm(3), async |ring| {
        let log = ring.log(0);
        ring.prepare(0).await;
        let mut writer = ring.caller(0, "writer");
        let writing = ring.write(&mut writer, 0, 300);
        let watching = async {
            let mut followers = [Follower::new(log.clone(), Seq::ZERO), Follower::new(log.clone(), Seq::ZERO)];
            followers[0].connect(ring, ring.member(0, 1));
            followers[1].connect(ring, ring.member(2, 2));
            while followers.iter().any(|follower| follower.marks() < 3) {
                for follower in &mut followers {
                    if let Step::Mark(marked) = follower.step().await {
                        assert_eq!(marked, follower.place, "everything up to the mark was delivered, and nothing more");
                    }
                }
                ring.pass(ms(7)).await;
            }
            followers
        };
        let (last, mut followers) = join(writing, watching).await;
        for follower in &mut followers {
            follower.read_to(last).await;
            follower.judge(ring, last);
        }
    });
}

/// etcd #15271, watch travelling back in time after a network partition: a member that was cut off sent again what its watchers had
/// seen elsewhere, once it had caught up by a snapshot.
///
/// A watcher moves between a member that is up to date and one that lags, before, during and after the cut.
#[test]
fn etcd_15271_watch_does_not_go_back_in_time_after_a_partition() {
    play(forgetful(3), async |ring| {
        let log = ring.log(0);
        ring.prepare(0).await;
        let mut writer = ring.caller(0, "writer");
        let (voter, behind, replica) = (ring.follower(&log).await, ring.member(1, 0), ring.member(2, 0));
        let mut follower = Follower::new(log.clone(), ring.seq(voter, &log));
        for round in 0..4 {
            // A few records, or so many that the member that is cut off needs a snapshot afterwards.
            let count = if round % 2 == 0 { 5 } else { 40 };
            ring.cut(&[behind], &ring.others(&[behind]), true);
            follower.connect(ring, replica);
            for _ in 0..count {
                let last = ring.write(&mut writer, 0, 1).await;
                follower.read_to(last).await;
            }
            let (seen, there) = (follower.place, ring.seq(behind, &log));
            assert!(there < seen, "the member that is cut off lags: {there}, {seen}");
            follower.connect(ring, behind);
            for _ in 0..2 {
                let step = follower.step().await;
                assert!(
                    matches!(step, Step::Mark(marked) if marked == seen),
                    "nothing that was seen comes again: {step:?}"
                );
            }
            ring.cut(&[behind], &ring.others(&[behind]), false);
            ring.until("it has caught up", || ring.seq(behind, &log) >= seen).await;
            let last = ring.write(&mut writer, 0, 3).await;
            follower.read_to(last).await;
            follower.connect(ring, voter);
        }
        follower.judge(ring, ring.seq(voter, &log));
    });
}

/// etcd #17247, duplicated watch event: one transaction's event was delivered twice.
///
/// Requests that are sent again, at other members, and a watcher that reconnects after each few records: every record comes once.
#[test]
fn etcd_17247_no_event_comes_twice() {
    play(calm(3), async |ring| {
        let log = ring.log(1);
        ring.load();
        let mut follower = Follower::new(log.clone(), Seq::ZERO);
        for number in 0..40 {
            let members = ring.world.members();
            follower.connect(ring, members[number * 5 % members.len()]);
            for _ in 0..=number % 3 {
                assert!(!matches!(follower.step().await, Step::Purged(_)));
            }
        }
        ring.stop_load().await;
        ring.until("all copies are equal", || ring.equal()).await;
        let due = ring.seq(ring.member(1, 0), &log);
        follower.read_to(due).await;
        follower.judge(ring, due);
        assert_eq!(follower.events(), usize::try_from(due.0).unwrap(), "each record once");
    });
}

/// etcd #17529, watch events lost during stream starvation: a watcher that read slowly missed events and was not told.
///
/// A watcher that pauses for longer than records are kept either gets the next record or is told that it is gone.
#[test]
fn etcd_17529_slow_watcher_gets_everything_or_is_told() {
    play(forgetful(3), async |ring| {
        let log = ring.log(0);
        ring.prepare(0).await;
        let mut writer = ring.caller(0, "writer");
        let (mut told, members) = (0, [ring.member(0, 0), ring.member(1, 1)]);
        let mut followers = members.map(|member| {
            let mut follower = Follower::new(log.clone(), Seq::ZERO);
            follower.begin_again(ring, member);
            follower
        });
        for pause in [1, 3, 8, 15, 30, 2, 60] {
            let last = ring.write(&mut writer, 0, pause).await;
            for (follower, member) in followers.iter_mut().zip(members) {
                ring.until("the copy holds it", || ring.seq(member, &log) >= last).await;
                while follower.place < last {
                    if let Step::Purged(first) = follower.step().await {
                        assert!(first <= last.next());
                        told += 1;
                        follower.begin_again(ring, member);
                    }
                }
            }
        }
        let due = ring.seq(members[0], &log);
        followers.iter().for_each(|follower| follower.judge(ring, due));
        assert!(told >= 4, "long pauses outlived the records: {told}");
        assert!(followers.iter().all(|follower| follower.events() >= 10), "and short ones did not");
    });
}

/// Opens a feed five records beyond the head, and has the rest of the script bring the log past it.
async fn wait_for_the_future(ring: &Ring, log: &Log, member: ids::MemberId) -> Follower {
    let head = ring.seq(member, log);
    let mut follower = Follower::new(log.clone(), Seq(head.0 + 5));
    follower.connect(ring, member);
    assert!(matches!(follower.step().await, Step::Mark(_)), "there is nothing to deliver yet");
    follower
}

/// etcd #20221, watch on a future revision returns old events or notifications.
///
/// What comes is what lies behind the place asked for, and nothing else.
#[test]
fn etcd_20221_watch_on_a_future_place_gets_no_old_events() {
    play(calm(3), async |ring| {
        let log = ring.log(0);
        ring.prepare(0).await;
        ring.until("all copies are equal", || ring.equal()).await;
        let mut writer = ring.caller(0, "writer");
        let mut voter = wait_for_the_future(ring, &log, ring.member(0, 2)).await;
        let mut replica = wait_for_the_future(ring, &log, ring.member(2, 0)).await;
        let last = ring.write(&mut writer, 0, 12).await;
        for follower in [&mut voter, &mut replica] {
            let asked = follower.place;
            follower.read_to(last).await;
            assert_eq!(follower.events(), usize::try_from(last.0 - asked.0).unwrap());
            assert_eq!(last.0 - asked.0, 7, "five of twelve lie before the place");
            // It began in the future: for the judge its beginning is the place that it asked for.
            follower.judge(ring, last);
        }
    });
}

/// The way in which #20221 came about: the watcher had seen more at another member than the one it moves to, which lags and then
/// catches up by a snapshot while the watcher waits.
#[test]
fn etcd_20221_watch_on_a_lagging_member_that_takes_a_snapshot() {
    play(forgetful(3), async |ring| {
        let log = ring.log(0);
        ring.prepare(0).await;
        ring.until("all copies are equal", || ring.equal()).await;
        let mut writer = ring.caller(0, "writer");
        let behind = ring.members(2);
        ring.cut(&behind, &ring.others(&behind), true);
        let mut follower = wait_for_the_future(ring, &log, behind[0]).await;
        let asked = follower.place;
        let last = ring.write(&mut writer, 0, 60).await;
        ring.cut(&behind, &ring.others(&behind), false);
        loop {
            match follower.step().await {
                Step::Mark(marked) => assert_eq!(marked, asked),
                Step::Purged(first) => {
                    assert!(first > asked.next());
                    break;
                }
                Step::Record(_) => {
                    panic!("{} was delivered, over a snapshot that begins far behind {asked}", follower.place)
                }
            }
        }
        follower.begin_again(ring, behind[0]);
        let last = last.max(ring.write(&mut writer, 0, 3).await);
        follower.read_to(last).await;
        follower.judge(ring, last);
    });
}
