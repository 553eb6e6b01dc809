//! Known bugs, planted: the checks that found nothing elsewhere must find these.

use std::time::Duration;

use cloud_sim::{Tamper, Vices};
use planner::plan::{State, Wish};
use reconcile::{Planted, mark};

use crate::{
    life::made,
    world::{World, place, simulate},
};

/// What the checks say after a cluster was made, and lost a machine, in a cloud with these vices.
fn found(planted: Option<Planted>, vices: &Vices, seed: u64) -> Vec<String> {
    simulate(async {
        let mut world = World::with(seed, vices.clone(), usize::MAX, |options| options.planted = planted);
        let key = world.wish("PRODUCTION", "c1", Wish::Run);
        for _ in 0..240 {
            world.pass(Duration::from_secs(60)).await;
            if world.log.state(&key) == Some(State::Running) && world.settled() {
                break;
            }
        }
        let victim = world.living().first().map(|of| of.id.clone());
        if let Some(victim) = victim {
            world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::Impair(victim)));
        }
        world.pass(Duration::from_secs(3600)).await;
        world.broken(cloud_checks::always)
    })
}

fn assert_caught(planted: Planted, vices: &Vices, by: &str) {
    let caught = (50..60).find_map(|seed| found(Some(planted), vices, seed).into_iter().find(|what| what.contains(by)));
    assert!(caught.is_some(), "{planted:?} was not caught");
    assert_eq!(found(None, vices, 50), Vec::<String>::new(), "without it nothing is found");
}

fn late() -> Vices {
    Vices { late_effect: 200, late_by: 120_000, ..Vices::off() }
}

#[test]
fn a_random_client_token_is_caught() {
    assert_caught(Planted::RandomTokens, &late(), "RunInstances");
    let doubled = (50..60)
        .any(|seed| found(Some(Planted::RandomTokens), &late(), seed).iter().any(|what| what.contains("made {")));
    assert!(doubled, "also by what it does: two machines for one intent");
}

#[test]
fn a_call_before_its_intent_is_committed_is_caught() {
    assert_caught(Planted::ActsBeforeIntent, &Vices::off(), "was committed at");
}

#[test]
fn a_stale_fence_is_caught() {
    simulate(async {
        for planted in [Some(Planted::StaleFence), None] {
            let mut world = World::with(60, Vices::off(), usize::MAX, |options| options.planted = planted);
            let key = world.wish("DEVELOPMENT", "c1", Wish::Run);
            world.until_state(&key, State::Running, 60).await;
            world.change(&key, |desired| desired.wish = Wish::Delete);
            world.until(60, |world| world.log.rows().rows.is_empty()).await;
            let stale = world.broken(cloud_checks::always).iter().any(|what| what.contains("without a fence"));
            assert_eq!(stale, planted.is_some());
        }
    });
}

#[test]
fn one_token_over_two_types_is_caught() {
    let vices = Vices { capacity_outage: 500, ..Vices::off() };
    assert_caught(Planted::TokenOverTypes, &vices, "served for");
}

#[test]
fn what_is_not_listed_and_taken_for_gone_is_caught() {
    for planted in [Some(Planted::BelievesEmptyLists), None] {
        simulate(async {
            let mut world = World::with(70, Vices::off(), usize::MAX, |options| options.planted = planted);
            let key = world.wish("PRODUCTION", "c1", Wish::Run);
            world.until_state(&key, State::Running, 60).await;
            world.until_settled(60).await;
            let one = world.living()[0].id.clone();
            let tamper = Tamper::RemoveTag((&one).into(), mark::OWNER.to_owned());
            assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), tamper)));
            world.pass(Duration::from_secs(900)).await;
            let gone = world.broken(cloud_checks::always).iter().any(|what| what.contains("and lives"));
            assert_eq!(gone, planted.is_some());
        });
    }
}

#[test]
fn the_only_master_stays_whatever_is_wrong_with_it_but_with_the_bug_that_ignores_the_quorum() {
    for planted in [Some(Planted::QuorumIgnored), None] {
        simulate(async {
            let mut world = World::with(75, Vices::off(), usize::MAX, |options| options.planted = planted);
            let key = world.wish("DEVELOPMENT", "c1", Wish::Run);
            world.until_state(&key, State::Running, 60).await;
            world.until_settled(60).await;
            let is = |of: &ports::cloud::Instance| of.tags.get(mark::PART).is_some_and(|part| part.contains("master"));
            let master = world.living().into_iter().find(is).unwrap().id;
            let tamper = Tamper::MakePublic(master.clone());
            assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), tamper)));
            world.pass(Duration::from_secs(3600)).await;
            assert_eq!(world.living().iter().all(|of| of.id != master), planted.is_some());
            assert!(planted.is_some() || world.settled(), "nothing is under way: {}", world.told());
            world.assert_always();
        });
    }
}

#[test]
fn a_machine_that_nobody_holds_and_a_bill_that_is_not_ours_are_caught() {
    simulate(async {
        let (world, _) = made("DEVELOPMENT", 80).await;
        world.assert_settled();
        let one = world.living()[0].clone();
        // Our log forgets a machine, and what it was counted for.
        for written in &mut world.log.rows().written {
            let id = planner::plan::CloudId::from(one.id.as_str());
            written.entry.held.machines.remove(&id);
            written.entry.edges.retain(|edge| edge.machine != id);
        }
        let broken = world.broken(cloud_checks::settled);
        assert!(broken.iter().any(|what| what.contains("held by nobody")), "{broken:?}");
        assert!(broken.iter().any(|what| what.contains("by the cloud's bill")), "{broken:?}");
    });
}
