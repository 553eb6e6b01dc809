//! What plans once did that they never may: each a sequence that somebody found by reading, told in full.

use planner::plan::{
    Change, CloudId, Condition, Etcd, Look, Observed, Part, Phase, Plan, Role, Seen, State, Time, Truth, Verb, Wish,
    plan,
};

use super::{development, id_of, production, settled};
use crate::cloud::{Fate, World};

/// The ids of what a plan ends.
fn ends(plan: &Plan) -> Vec<String> {
    let id = |verb: &Verb| match verb {
        Verb::Terminate(id, _) => Some(id.to_string()),
        _ => None,
    };
    plan.actions.iter().filter_map(|action| id(&action.verb)).collect()
}

fn with_newer_image(mut world: World) -> World {
    world.pass(3600);
    newer_image(&mut world);
    world
}

/// One that mends a critical weakness, at once.
fn newer_image(world: &mut World) {
    world.desired.limits.critical_age = 0;
    for (role, image) in &mut world.desired.images {
        (image.id, image.built) = ("ami-newer".to_owned(), world.now);
        world.desired.mended.insert(*role, world.now);
    }
}

#[test]
fn a_single_master_that_cannot_be_spared_holds_up_no_worker() {
    let mut world = with_newer_image(settled(development(Wish::Run)));
    for _ in 0..60 {
        let plan = world.plan();
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(15);
    }
    let worker = &world.held.machines[&id_of(&world, Role::Worker, 1)];
    assert_eq!(worker.image.id, "ami-newer", "{}", world.plan().text());
    let plan = world.plan();
    assert!(plan.text().contains("none can be spared: its image was built"), "{}", plan.text());
}

/// A cluster of one master that is to have three.
fn growing() -> World {
    let mut desired = production(Wish::Run);
    let three = desired.slots.clone();
    desired.slots.retain(|slot, _| slot.role == Role::Worker || slot.number == 1);
    let mut world = settled(desired);
    world.desired.slots = three;
    world
}

#[test]
fn new_masters_that_find_no_capacity_are_no_lost_quorum() {
    let mut world = growing();
    world.full.extend(["euw1-az1", "euw1-az2", "euw1-az3"].map(str::to_owned));
    for _ in 0..20 {
        let plan = world.plan();
        let restores = |verb: &Verb| matches!(verb, Verb::Launch(launch) if launch.etcd == Some(Etcd::Restore));
        assert!(!plan.actions.iter().any(|action| restores(&action.verb)), "{}", plan.text());
        assert_eq!(plan.status.conditions[&Condition::EtcdQuorum].0, Truth::True, "{}", plan.text());
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(60);
    }
    world.full.clear();
    world.pass(900);
    world.settle();
    assert_eq!((world.plan().status.state, world.machines.len()), (State::Running, 6));
}

#[test]
fn workers_that_were_never_there_are_not_counted_as_ill() {
    let mut world = settled(production(Wish::Run));
    let more =
        world.desired.slots.iter().find(|(slot, _)| slot.role == Role::Worker).map(|(_, of)| of.clone()).unwrap();
    world.full.extend(["euw1-az1", "euw1-az2"].map(str::to_owned));
    for number in 4..=9 {
        let in_full = more.iter().filter(|of| of.zone != "euw1-az3").cloned().collect();
        world.desired.slots.insert(super::slot(Role::Worker, number), in_full);
    }
    super::once(&mut world, Fate::Done, 5);
    super::impair(&mut world, Role::Master, &[1], 400);
    let plan = world.plan();
    assert_eq!(ends(&plan), [id_of(&world, Role::Master, 1).to_string()], "{}", plan.text());
}

#[test]
fn masters_that_are_not_wished_any_more_end_one_at_a_time_and_leave_etcd_its_majority() {
    let mut world = settled(production(Wish::Run));
    world.desired.slots.retain(|slot, _| slot.role == Role::Worker || slot.number == 1);
    for _ in 0..40 {
        let plan = world.plan();
        assert!(ends(&plan).len() <= 1, "{}", plan.text());
        let masters = world.machines.values().filter(|of| of.slot.role == Role::Master && crate::cloud::healthy(of));
        assert!(masters.count() >= 2, "{}", plan.text());
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(15);
    }
    assert!(world.plan().text().contains("none can be spared: it is no part of what is wanted"));
}

#[test]
fn a_restore_that_was_not_answered_is_not_called_again_once_the_quorum_is_back() {
    let mut world = settled(production(Wish::Run));
    let (first, second) = (id_of(&world, Role::Master, 1), id_of(&world, Role::Master, 2));
    let twin = world.machines[&second].clone();
    world.kill(&first);
    world.kill(&second);
    super::once(&mut world, Fate::LostBefore, 1);
    assert!(world.held.intents.contains_key(&Part::Machine(super::slot(Role::Master, 1))));
    // It was called for twice, and nobody knew of this one.
    world.machines.insert("i-twin".into(), twin);
    for _ in 0..60 {
        world.pass(15);
        let plan = world.plan();
        world.carry_out(&plan, |_| Fate::Done);
    }
    assert_eq!(world.broken, Vec::<String>::new());
    world.settle();
    assert_eq!(world.plan().status.state, State::Running);
}

#[test]
fn etcd_is_not_restored_beside_masters_that_may_still_live() {
    let mut world = settled(production(Wish::Run));
    world.kill(&id_of(&world, Role::Master, 1));
    super::impair(&mut world, Role::Master, &[2], 400);
    let second = id_of(&world, Role::Master, 2).to_string();
    assert_eq!(ends(&world.plan()), [second]);
    let restored = |plan: &Plan| plan.text().contains("etcd restored");
    let mut plans = Vec::new();
    for _ in 0..200 {
        let plan = world.plan();
        plans.push(restored(&plan));
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(15);
    }
    assert_eq!(world.broken, Vec::<String>::new());
    assert_eq!(plans.iter().filter(|restores| **restores).count(), 1, "{plans:?}");
    assert_eq!(world.plan().status.state, State::Running);
}

/// A replica that lags says of what was just launched that it does not exist.
#[test]
fn a_machine_that_was_looked_for_before_it_was_launched_is_not_gone() {
    let world = settled(production(Wish::Run));
    let id = id_of(&world, Role::Worker, 1);
    let (mut held, mut observed) = (world.held.clone(), world.observe());
    held.machines.get_mut(&id).unwrap().changed = world.now;
    observed.machines.insert(id, Seen::Absent(Time(world.now.0 - 5)));
    let plan = plan(&world.desired, &held, &observed, world.now);
    assert!(plan.actions.is_empty(), "{}", plan.text());
}

/// Its slot's own machine is not listed any more, and nobody proved that it is gone.
#[test]
fn a_healthy_master_that_our_log_does_not_hold_is_adopted_beside_one_that_is_not_seen() {
    let mut world = settled(production(Wish::Run));
    world.pass(3600);
    let (first, third) = (id_of(&world, Role::Master, 1), id_of(&world, Role::Master, 3));
    super::scripted::orphan(&mut world, super::slot(Role::Master, 3), 2, false);
    world.kill(&first);
    let mut observed = world.observe();
    observed.machines.remove(&third);
    let plan = plan(&world.desired, &world.held, &observed, world.now);
    assert_eq!(ends(&plan), Vec::<String>::new(), "{}", plan.text());
    assert!(plan.text().contains("adopt i-orphan"), "{}", plan.text());
}

#[test]
fn of_two_in_one_slot_none_ends_for_the_other_that_is_ill_or_not_seen_or_ends_itself() {
    let mut world = settled(production(Wish::Run));
    world.pass(3600);
    let third = id_of(&world, Role::Master, 3);
    super::scripted::orphan(&mut world, super::slot(Role::Master, 3), 1, false);
    let mut twin = world.held.machines[&third].clone();
    twin.launched = Time(world.now.0 - 300);
    let orphan = world.machines.get_mut(&"i-orphan".into()).unwrap();
    (orphan.joined, orphan.launched) = (None, twin.launched);
    world.held.machines.insert("i-orphan".into(), twin);
    super::impair(&mut world, Role::Master, &[3], 400);
    world.machines.get_mut(&"i-orphan".into()).unwrap().impaired = None;
    let plan_of = |world: &World| plan(&world.desired, &world.held, &world.observe(), world.now);
    assert_eq!(ends(&plan_of(&world)), Vec::<String>::new(), "ill: {}", plan_of(&world).text());
    let calls = |world: &mut World, ending: Option<Time>| {
        let of = world.held.machines.get_mut(&third).unwrap();
        (of.ending, of.changed) = (ending, ending.unwrap_or(of.launched));
    };
    let now = world.now;
    calls(&mut world, Some(now));
    assert_eq!(ends(&plan_of(&world)), Vec::<String>::new(), "ends itself: {}", plan_of(&world).text());
    calls(&mut world, None);
    let mut observed = world.observe();
    observed.machines.remove(&third);
    let plan = plan(&world.desired, &world.held, &observed, world.now);
    assert_eq!(ends(&plan), Vec::<String>::new(), "not seen: {}", plan.text());
}

#[test]
fn the_volume_of_a_healthy_master_is_not_taken_for_a_younger_machine_in_its_slot() {
    let mut world = settled(production(Wish::Run));
    world.pass(3600);
    let third = id_of(&world, Role::Master, 3);
    super::scripted::orphan(&mut world, super::slot(Role::Master, 3), 2, false);
    let mut younger = world.held.machines[&third].clone();
    (younger.generation, younger.launched) = (2, Time(world.now.0 - 300));
    world.held.machines.insert("i-orphan".into(), younger);
    world.machines.get_mut(&"i-orphan".into()).unwrap().joined = None;
    let mut observed = world.observe();
    for seen in [true, false] {
        if !seen {
            observed.machines.remove(&third);
        }
        let plan = plan(&world.desired, &world.held, &observed, world.now);
        let detaches = |verb: &Verb| matches!(verb, Verb::Change(_, Change::DetachVolume(_)));
        assert!(!plan.actions.iter().any(|action| detaches(&action.verb)), "{}", plan.text());
    }
}

#[test]
fn a_cluster_is_deleted_only_once_a_list_showed_that_nothing_is_left() {
    let world = World::new(production(Wish::Delete));
    let unseen = Observed::default();
    let plan = plan(&world.desired, &world.held, &unseen, world.now);
    assert_eq!(plan.status.state, State::Deleting, "{}", plan.text());
    assert!(plan.look_again.is_some(), "{}", plan.text());
    assert_eq!(world.plan().status.state, State::Deleted);
}

/// One gateway for traffic out in the place of one per zone, and back.
#[test]
fn gateways_come_and_go_with_what_is_wished_and_no_route_leads_to_one_that_is_not_ready() {
    let desired = production(Wish::Run);
    let mut world = settled(desired.clone());
    let first = desired.parts.keys().find(|part| matches!(part, Part::Nat { .. })).unwrap().clone();
    let Part::Nat { zone } = &first else { unreachable!() };
    let address = Part::Address { zone: zone.clone() };
    let gateway = |part: &Part| matches!(part, Part::Nat { .. } | Part::Address { .. });
    world.desired.parts.retain(|part, _| !gateway(part) || *part == first || *part == address);
    for (part, look) in &mut world.desired.parts {
        if let (Part::RouteTable { public: false, .. }, Look::RouteTable { way_out, .. }) = (part, look) {
            *way_out = Some(first.clone());
        }
    }
    world.settle();
    assert_eq!(world.parts.keys().filter(|part| gateway(part)).count(), 2, "{:?}", world.parts.keys());
    world.desired = desired;
    loop {
        let plan = world.plan();
        for action in &plan.actions {
            if let Verb::Change(_, Change::Route(to) | Change::Reroute(to)) = &action.verb {
                let ready = world.parts.get(to).is_some_and(|of| of.facts.phase == Phase::Ready);
                assert!(ready, "{}", plan.text());
            }
        }
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(15);
        if plan.actions.is_empty() && plan.waits.is_empty() {
            break;
        }
    }
    assert_eq!(world.parts.keys().filter(|part| gateway(part)).count(), 6);
}

#[test]
fn a_gateway_that_failed_in_one_zone_holds_up_no_machine_in_another() {
    let mut world = settled(production(Wish::Run));
    let zone = |of: &str| world.held.machines[&CloudId::from(of)].zone.clone();
    let (first, second) = (id_of(&world, Role::Master, 1), id_of(&world, Role::Master, 2));
    let (there, here) = (zone(&first.0), zone(&second.0));
    assert_ne!(there, here);
    let nat = Part::Nat { zone: there.clone() };
    world.parts.get_mut(&nat).unwrap().facts.phase = Phase::Failed("InternalError".to_owned());
    if let Look::RouteTable { way_out, .. } =
        super::look_mut(&mut world, &Part::RouteTable { zone: there, public: false })
    {
        *way_out = None;
    }
    world.kill(&second);
    let plan = world.plan();
    let launches = |verb: &Verb| matches!(verb, Verb::Launch(launch) if launch.placement.zone == here);
    assert!(plan.actions.iter().any(|action| launches(&action.verb)), "{}", plan.text());
}

/// How many of a part are made in a day in which none of them is of use.
fn made_in_a_day(world: &mut World, part: &Part) -> usize {
    world.useless.insert(part.clone());
    let mut made = 0;
    for _ in 0..86_400 / 15 {
        let plan = world.plan();
        let of = |verb: &Verb| matches!(verb, Verb::Create | Verb::Launch(_));
        made += plan.actions.iter().filter(|action| action.part == *part && of(&action.verb)).count();
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(15);
    }
    made
}

#[test]
fn what_is_of_no_use_again_and_again_is_made_with_a_growing_pause_and_at_once_after_one_that_is() {
    let nat = Part::Nat { zone: "euw1-az3".to_owned() };
    let mut world = World::new(production(Wish::Run));
    let made = made_in_a_day(&mut world, &nat);
    assert!((20..40).contains(&made), "{made} gateways");
    world.useless.clear();
    world.pass(3600);
    world.settle();
    assert!(world.held.failed.is_empty(), "{:?}", world.held.failed);
    let worker = Part::Machine(super::slot(Role::Worker, 1));
    world.kill(&id_of(&world, Role::Worker, 1));
    let made = made_in_a_day(&mut world, &worker);
    assert!((15..30).contains(&made), "{made} machines");
    world.useless.clear();
    world.pass(3600);
    world.settle();
    assert!(world.held.failed.is_empty(), "{:?}", world.held.failed);
}

/// The cloud answers nothing for a while, and what was seen last is all that there is.
#[test]
fn what_was_seen_long_ago_ends_nobody() {
    let mut world = settled(production(Wish::Run));
    world.pass(3600);
    super::impair(&mut world, Role::Master, &[2], 60);
    let starting = id_of(&world, Role::Worker, 1);
    world.machines.get_mut(&starting).unwrap().joined = None;
    let observed = world.observe();
    newer_image(&mut world);
    for passed in [301, 900, 7200] {
        let plan = plan(&world.desired, &world.held, &observed, world.now.plus(passed));
        assert_eq!(ends(&plan), Vec::<String>::new(), "after {passed} s: {}", plan.text());
    }
}

#[test]
fn a_first_master_without_the_others_is_not_ended_because_it_did_not_join() {
    let mut world = World::new(production(Wish::Run));
    while !world.plan().actions.iter().any(|action| matches!(action.verb, Verb::Launch(_))) {
        super::once(&mut world, Fate::Done, 15);
    }
    world.full.extend(["euw1-az1", "euw1-az2"].map(str::to_owned));
    for _ in 0..60 {
        let plan = world.plan();
        let masters = plan.actions.iter().filter(|action| action.part == Part::Machine(super::slot(Role::Master, 1)));
        assert!(!masters.clone().any(|action| matches!(action.verb, Verb::Terminate(..))), "{}", plan.text());
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(60);
    }
    world.full.clear();
    world.pass(900);
    world.settle();
}
