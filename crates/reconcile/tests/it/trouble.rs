//! A cloud that is hard to live with: each vice alone, all of them together, no capacity for hours.

use std::time::Duration;

use cloud_sim::{Outage, Tamper, Vices};
use planner::plan::{Condition, State, Truth, Wish};
use reconcile::mark;

use crate::{
    life::made,
    world::{REGION, World, place, simulate},
};

const HOUR_MS: u64 = 3_600_000;

/// Each vice by itself, as bad as it gets.
fn each() -> Vec<(&'static str, Vices)> {
    let of = |change: fn(&mut Vices)| {
        let mut vices = Vices::off();
        change(&mut vices);
        vices
    };
    vec![
        ("throttle", of(|of| of.throttle_percent = Some(30))),
        ("lag", of(|of| (of.lag, of.stale) = (20_000, 600))),
        ("timeout without effect", of(|of| of.timeout_without_effect = 150)),
        ("timeout with effect", of(|of| of.timeout_with_effect = 150)),
        ("late effect", of(|of| (of.late_effect, of.late_by) = (100, 300_000))),
        ("lost response", of(|of| of.lost_response = 200)),
        ("duplicate", of(|of| of.duplicate = 200)),
        ("slow", of(|of| of.slow = 200)),
        ("internal error", of(|of| of.internal_error = 200)),
        ("never joins", of(|of| of.never_joins = 300)),
        ("capacity", of(|of| of.capacity_outage = 400)),
    ]
}

#[test]
fn whatever_the_cloud_does_a_cluster_comes_to_run_and_is_deleted_whole() {
    for (name, vices) in each() {
        for (seed, cluster_type) in [(11, "PRODUCTION"), (12, "DEVELOPMENT")] {
            eprintln!("{name}, {cluster_type}");
            simulate(async {
                let mut world = World::with(seed, vices.clone(), usize::MAX, |_| {});
                let key = world.wish(cluster_type, "c1", Wish::Run);
                world.until_state(&key, State::Running, 600).await;
                world.assert_always();
                world.cloud.with(|sim, _| sim.set_vices(Vices::off()));
                world.pass(Duration::from_secs(400)).await;
                world.until_settled(60).await;
                world.assert_settled();
                world.cloud.with(|sim, _| sim.set_vices(vices.clone()));
                world.change(&key, |desired| desired.wish = Wish::Delete);
                world.until(900, |world| world.log.rows().rows.is_empty()).await;
                world.pass(Duration::from_secs(400)).await;
                world.assert_settled();
                assert_eq!(world.cloud.with(|sim, _| sim.tagged(mark::OWNER).len()), 0);
            });
        }
    }
}

#[test]
fn a_cloud_on_its_worst_day_is_lived_with() {
    for seed in 20..24 {
        eprintln!("seed {seed}");
        simulate(async {
            let mut world = World::with(seed, Vices::harsh(), usize::MAX, |_| {});
            let keys = ["c1", "c2"]
                .map(|name| world.wish(if name == "c1" { "PRODUCTION" } else { "DEVELOPMENT" }, name, Wish::Run));
            world.pass(Duration::from_secs(8 * 3600)).await;
            world.assert_always();
            world.cloud.with(|sim, _| sim.set_vices(Vices::off()));
            for key in &keys {
                world.until_state(key, State::Running, 300).await;
            }
            world.pass(Duration::from_secs(400)).await;
            world.until_settled(120).await;
            world.assert_settled();
        });
    }
}

#[test]
fn a_cluster_waits_for_hours_with_its_cause_on_record_and_goes_on_by_itself() {
    simulate(async {
        let mut world = World::new(30);
        let from = world.cloud.now();
        let outage = Outage {
            region: ports::cloud::CloudRegion::new(REGION),
            zone: Some(ports::cloud::Zone::new("eu-west-1a")),
            instance_type: None,
            from,
            until: from + 5 * HOUR_MS,
        };
        world.cloud.with(|sim, _| sim.set_vices(Vices { outages: vec![outage], ..Vices::off() }));
        let key = world.wish("PRODUCTION", "c1", Wish::Run);
        world.pass(Duration::from_secs(4 * 3600)).await;
        assert_eq!(world.log.state(&key), Some(State::Provisioning));
        let refused = world.log.rows().rows[&key].held.refused.clone();
        assert!(refused.values().any(|of| of.why == "InsufficientInstanceCapacity"), "{refused:?}");
        world.until_state(&key, State::Running, 180).await;
        world.until_settled(10).await;
        world.assert_settled();
    });
}

#[test]
fn machines_that_never_join_are_replaced_more_and_more_seldom_and_a_healthy_cloud_ends_the_count() {
    simulate(async {
        let (mut world, key) = made("DEVELOPMENT", 31).await;
        world.cloud.with(|sim, _| sim.set_vices(Vices { never_joins: 1000, ..Vices::off() }));
        let is = |of: &ports::cloud::Instance| of.tags.get(mark::PART).is_some_and(|part| part.contains("worker"));
        let worker = world.living().into_iter().find(is).unwrap().id;
        assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::Kill(worker))));
        let launches = |world: &World| world.cloud.with(|sim, _| sim.audit().launched().len());
        let before = launches(&world);
        world.pass(Duration::from_secs(4 * 3600)).await;
        let made = launches(&world) - before;
        // A quarter of an hour each, and pauses of up to half an hour between them.
        let failed = world.log.rows().rows[&key].held.failed.clone();
        assert!(failed.values().any(|of| of.times > 4 && of.why == "it never joined"), "{failed:?}");
        assert!((6..11).contains(&made), "{made} machines in four hours, {failed:?}");
        world.cloud.with(|sim, _| sim.set_vices(Vices::off()));
        world.until(180, |world| world.log.rows().rows[&key].held.failed.is_empty()).await;
        world.until_settled(30).await;
        world.assert_settled();
    });
}

#[test]
fn a_cloud_that_does_not_tell_what_there_is_holds_a_creation_up_with_a_visible_cause() {
    for (cluster_type, refused, named) in
        [("PRODUCTION", "DescribeSubnets", "subnets"), ("DEVELOPMENT", "DescribeVolumes", "volumes")]
    {
        simulate(async {
            let mut world = World::new(60);
            *world.fuse.refused.lock().unwrap() = Some(refused);
            let key = world.wish(cluster_type, "c1", Wish::Run);
            let network = |world: &World| {
                let rows = world.log.rows();
                let status = rows.rows[&key].status.as_ref()?;
                status.conditions.get(&Condition::NetworkReady).cloned()
            };
            world.pass(Duration::from_secs(300)).await;
            assert!(network(&world).is_none_or(|(truth, _)| truth == Truth::False), "it may pass");
            world.pass(Duration::from_secs(900)).await;
            let (truth, why) = network(&world).unwrap_or_else(|| panic!("{refused}: {}", world.told()));
            assert!(
                truth == Truth::Unknown && why.starts_with(&format!("the cloud does not tell its {named}: ")),
                "{why}"
            );
            let written = world.log.rows().written.len();
            world.pass(Duration::from_secs(4 * 3600)).await;
            assert_eq!(world.log.rows().written.len(), written, "the same is told once");
            assert!(world.living().is_empty());
            *world.fuse.refused.lock().unwrap() = None;
            world.until_state(&key, State::Running, 60).await;
            world.until_settled(30).await;
            world.assert_settled();
            assert_eq!(network(&world).map(|(truth, _)| truth), Some(Truth::True));
        });
    }
}
