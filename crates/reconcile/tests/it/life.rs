//! What a cluster goes through: made, repaired, changed, asleep, deleted.

use std::time::Duration;

use cloud_sim::Tamper;
use planner::plan::{Condition, Look, Opening, Origin, Part, Role, State, Traffic, Truth, Wish};
use ports::cloud::{InstanceState, Rule};
use reconcile::{Key, mark};

use crate::world::{World, newer_images, place, simulate};

const MINUTE: Duration = Duration::from_secs(60);

pub async fn made(cluster_type: &str, seed: u64) -> (World, Key) {
    let mut world = World::new(seed);
    let key = world.wish(cluster_type, "c1", Wish::Run);
    world.until_state(&key, State::Running, 30).await;
    world.until_settled(10).await;
    (world, key)
}

#[test]
fn a_cluster_of_each_type_comes_to_run_and_cloud_and_log_agree() {
    for (cluster_type, machines) in [("DEVELOPMENT", 2), ("PRODUCTION", 6)] {
        simulate(async {
            let (world, _) = made(cluster_type, 1).await;
            world.assert_settled();
            assert_eq!(world.living().len(), machines);
            assert!(world.log.rows().written.iter().all(|written| written.entry.deeds.is_empty()), "all was asked for");
        });
    }
}

#[test]
fn a_settled_cluster_costs_its_share_of_surveys_and_nothing_is_recorded() {
    simulate(async {
        let (mut world, _) = made("PRODUCTION", 2).await;
        world.pass(MINUTE * 90).await;
        let calls = |world: &World| world.engine.status().calls.values().sum::<u64>();
        let (before, written) = (calls(&world), world.log.rows().written.len());
        world.pass(MINUTE * 60).await;
        assert_eq!(world.log.rows().written.len(), written);
        let made = calls(&world) - before;
        // Machines, their status and security groups each minute, ten kinds more every ten, and the sweep.
        assert!((3 * 55 + 10 * 5..3 * 61 + 10 * 7 + 10).contains(&made), "{made} calls in an hour");
    });
}

#[test]
fn settled_clusters_in_a_shared_network_do_not_ask_for_it_themselves() {
    simulate(async {
        let mut world = World::new(24);
        let wish = |number| world.wish("DEVELOPMENT", &format!("c{number}"), Wish::Run);
        let keys: Vec<_> = (0..16).map(wish).collect();
        world.until(60, |world| keys.iter().all(|key| world.log.state(key) == Some(State::Running))).await;
        world.until_settled(30).await;
        world.pass(MINUTE * 90).await;
        let asked = |world: &World| world.engine.status().calls["DescribeVpcs"];
        let before = asked(&world);
        world.pass(MINUTE * 60).await;
        // Surveys of everything, every ten minutes.
        let asked = asked(&world) - before;
        assert!((5..=7).contains(&asked), "asked {asked} times in an hour");
    });
}

#[test]
fn what_is_deleted_leaves_nothing_in_the_cloud() {
    for cluster_type in ["DEVELOPMENT", "PRODUCTION"] {
        simulate(async {
            let (mut world, key) = made(cluster_type, 3).await;
            world.change(&key, |desired| desired.wish = Wish::Delete);
            world.until(60, |world| world.log.rows().rows.is_empty()).await;
            world.pass(MINUTE).await;
            world.assert_settled();
            let left = world.cloud.with(|sim, _| sim.tagged(mark::OWNER).len());
            assert_eq!(left, 0);
            assert_eq!(world.engine.status().unsettled, 0);
        });
    }
}

#[test]
fn a_machine_that_is_ended_behind_our_back_is_replaced_and_the_reason_is_on_record() {
    // A master's volume is free for the next one only when the machine has ended; a worker's end is seen while it ends, or when it has.
    let (gone, ending) = ("the one before is gone", "the one before is ending, and not by us");
    for (role, causes) in [(Role::Master, [gone, gone]), (Role::Worker, [gone, ending])] {
        simulate(async {
            let (mut world, key) = made("PRODUCTION", 4).await;
            let text = mark::text(&Part::Machine(planner::plan::Slot { role, number: 2 }));
            let victim = world.living().into_iter().find(|of| of.tags.get(mark::PART) == Some(&text)).unwrap();
            assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::Kill(victim.id.clone()))));
            world.until(5, |world| world.log.state(&key) != Some(State::Running) || !world.settled()).await;
            world.until_state(&key, State::Running, 30).await;
            world.until(30, |world| world.settled() && world.living().len() == 6).await;
            world.assert_settled();
            let rows = world.log.rows();
            let deeds: Vec<_> = rows.written.iter().flat_map(|written| &written.entry.deeds).collect();
            let launched = deeds.iter().find(|deed| deed.did.starts_with("launch"));
            assert!(launched.is_some_and(|deed| causes.contains(&deed.cause.as_str())), "{deeds:?}");
        });
    }
}

#[test]
fn an_impaired_machine_is_replaced_once_that_has_lasted() {
    simulate(async {
        let (mut world, _) = made("PRODUCTION", 5).await;
        let victim = world.living()[0].id.clone();
        assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::Impair(victim.clone()))));
        world.pass(MINUTE * 2).await;
        assert!(world.living().iter().any(|of| of.id == victim), "it may recover");
        world.until(60, |world| world.living().iter().all(|of| of.id != victim)).await;
        world.until(30, |world| world.settled() && world.living().len() == 6).await;
        world.assert_settled();
    });
}

#[test]
fn a_security_group_that_was_opened_is_closed_within_the_time_of_a_survey() {
    simulate(async {
        let (mut world, key) = made("PRODUCTION", 6).await;
        let id = world.log.rows().rows[&key].held.parts[&Part::SecurityGroup(Role::Master)].id.clone();
        let group = ports::cloud::SecurityGroupId::new(id.0);
        assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::OpenGroup(group.clone()))));
        let opened = world.cloud.now();
        let open = |world: &World| {
            let revoked = |what: &cloud_sim::What| {
                matches!(what, cloud_sim::What::Call { request, .. }
                if matches!(&**request, ports::cloud::CloudRequest::RevokeSecurityGroupIngress(of) if of.group == group))
            };
            world.cloud.with(|sim, _| sim.audit().entries().find(|entry| revoked(&entry.what)).map(|entry| entry.at))
        };
        world.until(5, |world| open(world).is_some()).await;
        let took = open(&world).unwrap() - opened;
        assert!(took < 70_000, "closed after {took} ms");
        world.until_settled(5).await;
        world.assert_settled();
        let rows = world.log.rows();
        let deed = rows.written.iter().flat_map(|written| &written.entry.deeds).next().unwrap();
        assert!(deed.cause.contains("everything from 0.0.0.0/0"), "{deed:?}");
        let secure = |written: &cloud_checks::Written| {
            written.entry.status.conditions.get(&Condition::SecurityAsDecided).map(|(truth, _)| *truth)
        };
        assert!(rows.written.iter().any(|written| secure(written) == Some(Truth::False)), "it shows while it is so");
    });
}

#[test]
fn a_rule_of_another_protocol_over_a_wanted_range_is_taken_away_and_the_wanted_one_stays() {
    simulate(async {
        let (mut world, key) = made("PRODUCTION", 7).await;
        let id = world.log.rows().rows[&key].held.parts[&Part::SecurityGroup(Role::Worker)].id.clone();
        let Look::SecurityGroup { lets_in } =
            world.log.rows().rows[&key].desired.parts[&Part::SecurityGroup(Role::Worker)].clone()
        else {
            panic!()
        };
        let Some(Opening { traffic: Traffic::All, from: Origin::Range(range) }) = lets_in.first().cloned() else {
            panic!()
        };
        let rule =
            Rule { protocol: ports::cloud::Protocol::Udp, ports: (53, 53), source: ports::cloud::Source::Range(range) };
        let group = ports::cloud::SecurityGroupId::new(id.0);
        let ask = ports::cloud::AuthorizeSecurityGroupIngress { group: group.clone(), rules: vec![rule.clone()] };
        let site = ports::cloud::CallSite::new(crate::world::account(), place().region);
        let told = world.cloud.with(|sim, now| sim.call(now, &site, ask.into()).told);
        told.unwrap();
        world.pass(MINUTE * 2).await;
        world.until_settled(5).await;
        let describe = ports::cloud::DescribeSecurityGroups(ports::cloud::Describe::id(group));
        let reply = world.cloud.with(|sim, now| sim.call(now, &site, describe.into()).told).unwrap();
        let ports::cloud::CloudReply::DescribeSecurityGroups(page) = reply else { panic!() };
        assert!(!page.items[0].ingress.contains(&rule), "{:?}", page.items[0].ingress);
        assert_eq!(page.items[0].ingress.len(), lets_in.len());
    });
}

#[test]
fn a_volume_that_was_destroyed_and_a_gateway_that_was_detached_are_there_again() {
    simulate(async {
        let (mut world, key) = made("PRODUCTION", 8).await;
        let held = world.log.rows().rows[&key].held.clone();
        let gateway = ports::cloud::InternetGatewayId::new(held.parts[&Part::InternetGateway].id.0.clone());
        let volume = held.parts.iter().find(|(part, _)| matches!(part, Part::Volume(_))).map(|(_, of)| of.id.clone());
        assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::DetachGateway(gateway))));
        if let Some(volume) = &volume {
            let volume = ports::cloud::VolumeId::new(volume.0.clone());
            assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::DestroyVolume(volume))));
        }
        world.pass(MINUTE * 2).await;
        world.until_settled(30).await;
        world.assert_settled();
        let now_held = &world.log.rows().rows[&key].held.parts;
        let same = |id: &planner::plan::CloudId| now_held.values().any(|of| of.id == *id);
        assert!(volume.is_none_or(|volume| !same(&volume)), "another volume");
    });
}

#[test]
fn a_machine_whose_root_volume_is_swapped_for_one_in_clear_text_is_replaced() {
    simulate(async {
        let (mut world, key) = made("PRODUCTION", 13).await;
        let clear = |world: &World| world.cloud.with(|sim, _| sim.unencrypted().count());
        assert_eq!(clear(&world), 0, "machines start encrypted");
        for role in [Role::Worker, Role::Master] {
            let text = mark::text(&Part::Machine(planner::plan::Slot { role, number: 2 }));
            let victim = world.living().into_iter().find(|of| of.tags.get(mark::PART) == Some(&text)).unwrap();
            assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), Tamper::SwapRoot(victim.id.clone()))));
            let exposed = world.cloud.with(|sim, _| cloud_checks::truth::nothing_exposed(sim));
            assert_eq!(exposed, [format!("{} has a root volume in clear text", victim.id)]);
            world.until(30, |world| clear(world) == 0).await;
            world.until(30, |world| world.settled() && world.living().len() == 6).await;
            assert!(world.living().iter().all(|of| of.id != victim.id));
        }
        world.assert_settled();
        assert_eq!(world.log.state(&key), Some(State::Running));
        let rows = world.log.rows();
        let deeds: Vec<_> = rows.written.iter().flat_map(|written| &written.entry.deeds).collect();
        assert!(deeds.iter().any(|deed| deed.cause == "its root volume is not encrypted"), "{deeds:?}");
    });
}

#[test]
fn a_machine_that_wakes_as_another_type_is_replaced_and_is_counted_as_what_it_was() {
    simulate(async {
        let (mut world, key) = made("PRODUCTION", 14).await;
        world.change(&key, |desired| desired.wish = Wish::Hibernate);
        world.until_state(&key, State::Hibernated, 30).await;
        world.until_settled(10).await;
        let text = mark::text(&Part::Machine(planner::plan::Slot { role: Role::Worker, number: 1 }));
        let victim = world.living().into_iter().find(|of| of.tags.get(mark::PART) == Some(&text)).unwrap();
        let larger = ports::cloud::InstanceType::new("m6a.4xlarge");
        let tamper = Tamper::Retype(victim.id.clone(), larger.clone());
        assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), tamper)));
        world.change(&key, |desired| desired.wish = Wish::Run);
        world.until_state(&key, State::Running, 30).await;
        world.until(60, |world| world.living().iter().all(|of| of.id != victim.id)).await;
        world.until(30, |world| world.settled() && world.living().len() == 6).await;
        world.assert_settled();
        assert!(world.living().iter().all(|of| of.instance_type != larger));
        let rows = world.log.rows();
        let edges = rows.written.iter().flat_map(|written| &written.entry.edges);
        let of_victim = edges.filter(|edge| &*edge.machine.0 == victim.id.as_str());
        let types: Vec<(&str, &str)> = of_victim.map(|of| (of.edge.name(), of.instance_type.as_str())).collect();
        let (was, is) = (victim.instance_type.as_str(), larger.as_str());
        assert!(types.contains(&("started", was)) && types.contains(&("started", is)), "{types:?}");
    });
}

#[test]
fn masters_have_volumes_of_the_type_that_was_decided() {
    simulate(async {
        let mut world = World::new(12);
        let key = world.wish("PRODUCTION", "c1", Wish::Run);
        world.change(&key, |desired| {
            for look in desired.parts.values_mut() {
                if let Look::Volume { disk, .. } = look {
                    (disk.kind, disk.iops) = ("io2".to_owned(), 50_000);
                }
            }
        });
        world.until_state(&key, State::Running, 30).await;
        world.until_settled(10).await;
        world.assert_settled();
        let made = world.cloud.with(|sim, _| {
            let call = |what: &cloud_sim::What| match what {
                cloud_sim::What::Call { request, .. } => match &**request {
                    ports::cloud::CloudRequest::CreateVolume(of) => Some((of.volume_type, of.iops)),
                    _ => None,
                },
                _ => None,
            };
            sim.audit().entries().filter_map(|entry| call(&entry.what)).collect::<Vec<_>>()
        });
        assert_eq!(made, [(ports::cloud::VolumeType::Io2, 50_000); 3]);
    });
}

#[test]
fn a_cluster_falls_asleep_and_wakes_and_is_billed_for_what_it_ran() {
    for cluster_type in ["DEVELOPMENT", "PRODUCTION"] {
        simulate(async {
            let (mut world, key) = made(cluster_type, 9).await;
            let machines = world.living().len();
            world.change(&key, |desired| desired.wish = Wish::Hibernate);
            world.until_state(&key, State::Hibernated, 30).await;
            world.until_settled(10).await;
            assert!(world.living().iter().all(|of| of.state == InstanceState::Stopped));
            world.pass(MINUTE * 300).await;
            world.assert_settled();
            world.change(&key, |desired| desired.wish = Wish::Run);
            world.until_state(&key, State::Running, 30).await;
            world.until_settled(10).await;
            world.assert_settled();
            assert_eq!(world.living().iter().filter(|of| of.state == InstanceState::Running).count(), machines);
        });
    }
}

#[test]
fn machines_whose_image_is_too_old_are_replaced_one_at_a_time_and_etcd_keeps_its_quorum() {
    simulate(async {
        let (mut world, key) = made("PRODUCTION", 15).await;
        let before = world.living();
        world.change(&key, |desired| newer_images(desired, &[Role::Master, Role::Worker]));
        let (id, fewest) = (|of: &ports::cloud::Instance| of.id.clone(), std::cell::Cell::new(usize::MAX));
        let old: Vec<_> = before.iter().map(id).collect();
        let of_master =
            |of: &ports::cloud::Instance| of.tags.get(mark::PART).is_some_and(|part| part.contains("master"));
        let renewed = |world: &World| {
            let living = world.living();
            let masters = world.cloud.with(|sim, _| sim.answering(&place()).filter(|of| of_master(of)).count());
            fewest.set(fewest.get().min(masters));
            assert!(living.len() <= 7, "one more at most: {}", living.len());
            world.settled() && living.len() == 6 && living.iter().all(|of| !old.contains(&of.id))
        };
        world.until(240, renewed).await;
        assert!(fewest.get() >= 2, "{} of 3 masters answered", fewest.get());
        world.pass(MINUTE * 2).await;
        world.assert_settled();
        let wished = world.log.rows().rows[&key].desired.images.clone();
        let rows = world.log.rows();
        assert!(rows.rows[&key].held.machines.values().all(|of| wished[&of.slot.role].id == of.image.id));
        let deeds = rows.written.iter().flat_map(|written| &written.entry.deeds);
        assert_eq!(deeds.clone().filter(|deed| deed.did.starts_with("launch")).count(), 6);
        let age = |written: &cloud_checks::Written| {
            written.entry.status.conditions.get(&Condition::WithinAges).map(|of| of.0)
        };
        assert!(rows.written.iter().any(|written| age(written) == Some(Truth::False)), "it shows while it is so");
        assert_eq!(rows.rows[&key].status.as_ref().unwrap().conditions[&Condition::WithinAges].0, Truth::True);
    });
}

#[test]
fn a_machine_without_our_tag_is_still_known_by_its_id() {
    simulate(async {
        let (mut world, key) = made("PRODUCTION", 10).await;
        let one = world.living()[0].id.clone();
        let tamper = Tamper::RemoveTag((&one).into(), mark::OWNER.to_owned());
        assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), tamper)));
        world.pass(MINUTE * 30).await;
        assert!(world.living().iter().any(|of| of.id == one), "not listed is not gone");
        assert_eq!(world.living().len(), 6);
        assert_eq!(world.log.state(&key), Some(State::Running));
    });
}
