//! The engine itself: leading, fences, defects of one key, conflicts.

use std::{collections::BTreeSet, time::Duration};

use cloud_sim::{Delays, Tamper, Vices};
use planner::plan::{CloudId, Part, Role, Slot, State, Wish};
use reconcile::mark;

use crate::{
    life::made,
    log::Row,
    world::{World, account, other_account, place, simulate},
};

#[test]
fn who_does_not_lead_calls_nothing_and_who_leads_again_goes_on() {
    simulate(async {
        let mut world = World::new(90);
        world.log.rows().term = None;
        let key = world.wish("DEVELOPMENT", "c1", Wish::Run);
        world.pass(Duration::from_secs(600)).await;
        assert!(world.engine.status().calls.is_empty());
        world.log.rows().term = Some(7);
        world.pass(Duration::from_secs(60)).await;
        world.log.rows().term = None;
        world.pass(Duration::from_secs(5)).await;
        let calls = world.engine.status().calls;
        world.pass(Duration::from_secs(600)).await;
        assert_eq!(world.engine.status().calls, calls);
        assert_eq!(world.engine.status().leading, None);
        world.log.rows().term = Some(8);
        world.until_state(&key, State::Running, 60).await;
        world.until_settled(30).await;
        world.assert_settled();
    });
}

#[test]
fn nothing_is_taken_away_while_the_fence_cannot_be_proved_and_the_plan_says_so() {
    simulate(async {
        let (mut world, key) = made("DEVELOPMENT", 91).await;
        world.log.rows().fence_fails = true;
        world.change(&key, |desired| desired.wish = Wish::Delete);
        world.pass(Duration::from_secs(3600)).await;
        assert_eq!(world.living().len(), 2);
        let text = world.engine.plan(&key).unwrap().text();
        assert!(text.contains("needs proof that this region's log is current"), "{text}");
        world.log.rows().fence_fails = false;
        world.until(60, |world| world.log.rows().rows.is_empty()).await;
        world.assert_always();
    });
}

#[test]
fn a_key_with_a_defect_is_left_alone_until_it_is_released_and_others_go_on() {
    simulate(async {
        let mut world = World::new(92);
        let (one, other) = (world.wish("DEVELOPMENT", "c1", Wish::Run), world.wish("DEVELOPMENT", "c2", Wish::Run));
        world.log.rows().poisoned = Some(one.clone());
        world.until_state(&other, State::Running, 60).await;
        assert_eq!(world.engine.status().quarantined, std::slice::from_ref(&one));
        world.log.rows().poisoned = None;
        world.pass(Duration::from_secs(600)).await;
        assert_eq!(world.engine.status().quarantined, std::slice::from_ref(&one), "nobody released it");
        assert!(world.engine.release(&one));
        world.until_state(&one, State::Running, 60).await;
    });
}

#[test]
fn a_creation_costs_little_more_time_than_the_cloud_takes() {
    simulate(async {
        let mut world = World::new(93);
        let began = world.cloud.now();
        let key = world.wish("PRODUCTION", "c1", Wish::Run);
        world.until_state(&key, State::Running, 60).await;
        let took = (world.cloud.now() - began) / 1000;
        eprintln!("RUNNING after {took} s");
        // NAT gateways 90 s beside the balancer's 120 s, launches 40 s, joining 30 s, each up to a quarter longer; workers after masters.
        assert!(took < 330, "{took} s");
    });
}

#[test]
fn one_creation_waits_for_no_turn_that_is_its_own_already() {
    simulate(async {
        let (world, _) = made("PRODUCTION", 98).await;
        let rows = world.log.rows();
        let waited = rows.written.iter().flat_map(|written| &written.entry.waited);
        let turns: BTreeSet<String> =
            waited.filter(|(_, waited)| waited.turn.is_some()).map(|(part, _)| part.to_string()).collect();
        // Of RunInstances four are taken at once, and six are called for.
        let machines = turns.iter().filter(|part| part.starts_with("machine")).count();
        assert!(turns.len() == machines && machines <= 2, "{turns:?}");
    });
}

#[test]
fn the_same_seed_gives_the_same_records() {
    let run = || {
        simulate(async {
            let mut world = World::with(94, cloud_sim::Vices::mild(), usize::MAX, |_| {});
            world.wish("PRODUCTION", "c1", Wish::Run);
            world.wish("DEVELOPMENT", "c2", Wish::Run);
            world.pass(Duration::from_secs(3600)).await;
            let rows = world.log.rows();
            format!("{:?}", rows.written)
        })
    };
    assert_eq!(run(), run());
}

#[test]
fn many_creations_in_one_account_share_what_is_listed() {
    simulate(async {
        let mut world = World::new(95);
        let wish = |number| world.wish("PRODUCTION", &format!("c{number}"), Wish::Run);
        let keys: Vec<_> = (0..20).map(wish).collect();
        let began = world.cloud.now();
        world.until(60, |world| keys.iter().all(|key| world.log.state(key) == Some(State::Running))).await;
        let took = (world.cloud.now() - began) / 1000;
        let lists = world.engine.status().calls.get("DescribeSubnets").copied().unwrap_or(0);
        assert!(
            lists < 20 * took / 10,
            "{lists} lists in {took} s: each for itself, it would be one a second and cluster"
        );
        world.until_settled(30).await;
        world.assert_settled();
    });
}

#[test]
fn what_cannot_be_listed_in_a_crowd_hides_nothing_else_and_it_goes_on_by_itself() {
    let text = mark::text(&Part::Machine(Slot { role: Role::Worker, number: 1 }));
    simulate(async {
        let mut world = World::new(96);
        let keys: Vec<_> = (0..20).map(|number| world.wish("DEVELOPMENT", &format!("c{number}"), Wish::Run)).collect();
        world.until(60, |world| keys.iter().all(|key| world.log.state(key) == Some(State::Running))).await;
        world.until_settled(30).await;
        *world.fuse.refused.lock().unwrap() = Some("DescribeNatGateways");
        let workers = world.living().into_iter().filter(|of| of.tags.get(mark::PART) == Some(&text)).map(|of| of.id);
        let killed: Vec<_> = workers.collect();
        assert_eq!(killed.len(), 20);
        for victim in &killed {
            assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::Kill(victim.clone()))));
        }
        world.until(5, |world| world.living().len() == 20).await;
        // Nothing is launched where a kind was not listed: what is looked for might be among them. That the machines ended is on record.
        let without = |world: &World| {
            let ended =
                |row: &Row| killed.iter().all(|id| !row.held.machines.contains_key(&CloudId::from(id.as_str())));
            world.log.rows().rows.values().all(ended)
        };
        world.until(30, without).await;
        assert_eq!(world.living().len(), 20);
        *world.fuse.refused.lock().unwrap() = None;
        world.until(30, |world| world.living().len() == 40).await;
        world.until_settled(30).await;
        world.assert_settled();
    });
}

#[test]
fn accounts_wait_for_their_own_rates_and_not_for_each_others() {
    simulate(async {
        let took = async |accounts: &[ids::AccountId]| {
            let mut world = World::with(97, Vices::off(), usize::MAX, |options| {
                let places = &mut options.places;
                (places.asked, places.deviation, places.sweep) = (8, 8, 8);
            });
            // Nothing takes as long as its turn to be called.
            let quick = Delays {
                launch: 1000,
                join: 1000,
                checks: 1000,
                nat_gateway: 1000,
                load_balancer: 1000,
                ..Delays::default()
            };
            world.cloud.with(|sim, _| sim.set_delays(quick));
            let mut keys = Vec::new();
            for (number, account) in accounts.iter().enumerate() {
                let wish = |cluster| world.wish_in(*account, "DEVELOPMENT", &format!("c{number}-{cluster}"), Wish::Run);
                keys.extend((0..60).map(wish));
            }
            let began = world.cloud.now();
            world.until(60, |world| keys.iter().all(|key| world.log.state(key) == Some(State::Running))).await;
            (world.cloud.now() - began) / 1000
        };
        let (one, two) = (took(&[account()]).await, took(&[account(), other_account()]).await);
        assert!(two < one + one / 5, "sixty clusters in {one} s, and two times sixty of two accounts in {two} s");
    });
}

#[test]
fn many_clusters_that_wait_for_shared_networks_in_one_account_do_not_wait_for_ever() {
    simulate(async {
        let mut world = World::new(96);
        let wish = |number| world.wish("DEVELOPMENT", &format!("c{number}"), Wish::Run);
        let keys: Vec<_> = (0..32).map(wish).collect();
        world.until(60, |world| keys.iter().all(|key| world.log.state(key) == Some(State::Running))).await;
        world.until_settled(30).await;
        world.assert_settled();
    });
}
