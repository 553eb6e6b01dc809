//! Links between regions that are cut: who goes on, who refuses, and how what is left finds its way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join3;
use ids::{Log, MemberId};
use invariants::{
    Violations,
    isolation::{Attempt, AttemptOutcome},
};
use sim::{
    call::{Caller, Outcome},
    checks,
    plan::ms,
    world::World,
};

use crate::support::{Ring, calm, create, describe, folder, play};

/// Who was seen to lead each log, one after the other.
type Reigns = Arc<Mutex<BTreeMap<Log, Vec<MemberId>>>>;

fn watch_leaders(ring: &Ring) -> Reigns {
    let reigns = Reigns::default();
    let (world, seen) = (Arc::clone(&ring.world), Arc::clone(&reigns));
    ring.beside(async move {
        loop {
            for (log, leaders) in checks::leaders(&world) {
                let mut seen = seen.lock().unwrap();
                let seen = seen.entry(log).or_default();
                seen.extend(leaders.first().filter(|leader| seen.last() != Some(leader)));
            }
            tokio::time::sleep(ms(20)).await;
        }
    });
    reigns
}

/// Two regions lose each other, and both reach the third: every command finds a way over it, and elections do not go in
/// circles. Cloudflare, November 2020: under such a cut an etcd cluster went on electing.
#[test]
fn commands_find_a_way_over_the_third_region() {
    play(calm(3), async |ring| {
        let reigns = watch_leaders(ring);
        let clusters = [ring.cluster(0, "crossed"), ring.cluster(1, "crossed")];
        for (region, name) in clusters.iter().enumerate() {
            ring.done(&mut ring.caller(region, "owner"), create(name)).await;
        }
        ring.cut(&ring.members(0), &ring.members(1), true);
        // Each asks one member of its own region, once, across the cut.
        let mut callers = [ring.local_caller(0, "crossing"), ring.local_caller(1, "crossing")];
        for number in 0..15 {
            for (region, caller) in callers.iter_mut().enumerate() {
                ring.done(caller, describe(&clusters[1 - region], &format!("from {region}, {number}"))).await;
                ring.done(caller, folder(&format!("crossed-{region}-{number}"))).await;
            }
            ring.pass(ms(100)).await;
        }
        ring.cut(&ring.members(0), &ring.members(1), false);
        ring.pass(Duration::from_secs(5)).await;
        for (log, leaders) in reigns.lock().unwrap().iter() {
            assert!(leaders.len() <= 2, "{log} was led by {leaders:?}, one after the other");
        }
    });
}

/// One command inside the isolated region, and how it went.
async fn attempt(world: &World, caller: &mut Caller, command: domain::Command, cut_at: u64) -> Attempt {
    let at = world.trace.now();
    let log_is_own_region = command.log() != Log::Global;
    let outcome = match caller.command(command).await {
        Outcome::Done(_) => AttemptOutcome::Acknowledged,
        Outcome::Rejected { .. } | Outcome::Refused => AttemptOutcome::Refused,
        Outcome::Unknown => AttemptOutcome::Unknown,
    };
    Attempt { at, log_is_own_region, outcome, took_ns: world.trace.now() - at, since_isolated_ns: at - cut_at }
}

/// The product's reason to exist: a region that loses all its links goes on working on its own clusters and refuses quickly what it
/// cannot do, the others go on without it, and afterwards all copies are equal. Here the global log is led from outside.
#[test]
fn isolated_region_works_on_its_own_log_and_refuses_the_rest() {
    play(calm(3), async |ring| {
        let leader = ring.leader(&Log::Global).await;
        let isolated = (0..3).find(|region| !ring.members(*region).contains(&leader)).unwrap();
        isolate(ring, isolated).await;
    });
}

/// The same where the leader of the global log is cut off with its region: it refuses too, and the others elect one.
#[test]
fn isolated_region_with_the_global_leader_refuses_too() {
    play(calm(3), async |ring| {
        let leader = ring.leader(&Log::Global).await;
        let isolated = (0..3).find(|region| ring.members(*region).contains(&leader)).unwrap();
        isolate(ring, isolated).await;
    });
}

async fn isolate(ring: &Ring, isolated: usize) {
    let name = ring.cluster(isolated, "alone");
    ring.done(&mut ring.caller(isolated, "owner"), create(&name)).await;
    let inside = ring.members(isolated);
    ring.cut(&inside, &ring.others(&inside), true);
    let cut_at = ring.world.trace.now();
    let (mut own, mut global) = (ring.local_caller(isolated, "own"), ring.local_caller(isolated, "global"));
    let own_log = async {
        let mut attempts = Vec::new();
        for number in 0..80 {
            attempts.push(attempt(&ring.world, &mut own, describe(&name, &number.to_string()), cut_at).await);
            ring.pass(ms(100)).await;
        }
        attempts
    };
    let global_log = async {
        let mut attempts = Vec::new();
        for number in 0..40 {
            attempts.push(attempt(&ring.world, &mut global, folder(&format!("inside-{number}")), cut_at).await);
            ring.pass(ms(150)).await;
        }
        attempts
    };
    let outside = async {
        let mut caller = ring.local_caller((isolated + 1) % 3, "outside");
        // The majority side elects, if its leader is inside the cut.
        ring.pass(Duration::from_secs(4)).await;
        for number in 0..10 {
            ring.done(&mut caller, folder(&format!("outside-{number}"))).await;
        }
    };
    let (own, global, ()) = join3(own_log, global_log, outside).await;
    let mut found = Violations::default();
    let attempts: Vec<Attempt> = own.iter().chain(&global).copied().collect();
    invariants::check_isolation(&attempts, &mut found);
    assert!(found.is_empty(), "{:#?}", found.iter().collect::<Vec<_>>());
    let settled = own.iter().filter(|attempt| attempt.since_isolated_ns >= 2_000_000_000);
    assert!(settled.clone().count() > 40, "many were tried after two seconds");
    assert!(settled.into_iter().all(|attempt| attempt.outcome == AttemptOutcome::Acknowledged));
    let known = global.iter().filter(|attempt| attempt.since_isolated_ns >= 3_000_000_000);
    assert!(known.clone().count() > 10, "many were tried after three seconds");
    assert!(
        known.into_iter().all(|attempt| attempt.outcome == AttemptOutcome::Refused && attempt.took_ns <= 1_500_000_000)
    );
    let there = ring.seq(inside[0], &Log::Global);
    assert!(there < ring.seq(ring.member((isolated + 1) % 3, 0), &Log::Global), "the isolated copy stood still");
}

/// One member cannot reach its region's leader, others can: it is no reason for an election, and what it is asked still gets there.
#[test]
fn member_cut_from_its_leader_asks_over_a_neighbour() {
    play(calm(3), async |ring| {
        let (log, name) = (ring.log(0), ring.cluster(0, "beside"));
        ring.done(&mut ring.caller(0, "owner"), create(&name)).await;
        let leader = ring.leader(&log).await;
        let asked = ring.follower(&log).await;
        ring.cut(&[asked], &[leader], true);
        ring.pass(Duration::from_secs(4)).await;
        for number in 0..20 {
            let told = ring.submit_at(asked, describe(&name, &number.to_string()), ms(4_000)).await;
            assert!(told.is_some(), "command {number}, given to {asked}");
        }
        assert_eq!(ring.leaders(&log), [leader]);
    });
}
