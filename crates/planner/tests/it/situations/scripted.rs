//! The situations themselves, each named for what it shows.

use domain::catalog::Window;
use planner::plan::{Desired, Look, MachineState, Opening, Origin, Part, Phase, Role, Slot, Time, Traffic, Wish};

use super::{Situation, at, creating, development, id_of, impair, look_mut, once, running, settled, slot};
use crate::cloud::{Fate, NOON, World};

pub(super) fn creation() -> Vec<Situation> {
    let nat = || Part::Nat { zone: "euw1-az3".to_owned() };
    vec![
        creating("nothing-yet", 0, |_| {}),
        creating("nothing-listed-yet", 0, |_| {}).unseen(),
        creating("network-under-way", 2, |_| {}),
        creating("gateways-pending", 4, |_| {}),
        creating("masters-and-workers-launched", 11, |_| {}),
        creating("vpc-answer-lost", 0, |world| once(world, Fate::LostBefore, 30)),
        creating("vpc-answer-lost-and-looked-for", 0, |world| once(world, Fate::LostBefore, 400)),
        creating("vpc-found-after-lost-answer", 0, |world| once(world, Fate::LostAfter, 30)),
        creating("gateway-failed", 5, |world| {
            world.parts.get_mut(&nat()).unwrap().facts.phase = Phase::Failed("InternalError".to_owned());
        }),
        creating("gateway-failed-again-and-again", 0, |world| {
            world.useless.insert(nat());
            until(world, |world| world.held.failed.get(&nat()).is_some_and(|of| of.times == 4));
            world.pass(60);
        }),
        creating("gateway-made-again-after-its-pause", 0, |world| {
            world.useless.insert(nat());
            until(world, |world| world.held.failed.get(&nat()).is_some_and(|of| of.times == 4));
            world.pass(130);
        }),
        creating("launch-answer-lost", 9, |world| once(world, Fate::LostBefore, 30)),
        creating("launch-found-after-lost-answer", 9, |world| once(world, Fate::LostAfter, 30)),
        creating("capacity-out-in-one-zone", 9, |world| {
            world.full.insert("euw1-az1".to_owned());
            once(world, Fate::Done, 20);
        }),
        creating("capacity-out-for-hours", 9, |world| {
            world.full.extend(["euw1-az1", "euw1-az2", "euw1-az3"].map(str::to_owned));
            for _ in 0..40 {
                once(world, Fate::Done, 300);
            }
        }),
        creating("machine-never-joined", 20, |world| {
            let id = id_of(world, Role::Worker, 2);
            world.pass(1000);
            world.machines.get_mut(&id).unwrap().joined = None;
        }),
        shared_network_missing(),
    ]
}

/// Plans are carried out every five seconds until it is so.
fn until(world: &mut World, what: impl Fn(&World) -> bool) {
    while !what(world) {
        once(world, Fate::Done, 5);
    }
}

fn shared_network_missing() -> Situation {
    let mut world = World::new(development(Wish::Run));
    world.parts.clear();
    at("shared-network-not-there", &world)
}

pub(super) fn health() -> Vec<Situation> {
    vec![
        running("settled", |_| {}),
        running("master-impaired-within-limit", |world| impair(world, Role::Master, &[2], 60)),
        running("master-impaired", |world| impair(world, Role::Master, &[2], 400)),
        running("master-ending", |world| {
            impair(world, Role::Master, &[2], 400);
            once(world, Fate::Done, 5);
        }),
        running("master-gone", |world| {
            let id = id_of(world, Role::Master, 2);
            world.kill(&id);
        }),
        running("master-gone-and-another-impaired", |world| {
            let id = id_of(world, Role::Master, 1);
            world.kill(&id);
            impair(world, Role::Master, &[2], 400);
        }),
        running("two-masters-impaired", |world| impair(world, Role::Master, &[1, 3], 400)),
        running("two-masters-not-seen", |_| {}).doubt(Role::Master, &[1, 2]),
        running("worker-impaired", |world| impair(world, Role::Worker, &[1], 400)),
        running("worker-ends-unasked", |world| {
            let id = id_of(world, Role::Worker, 2);
            world.pass(60);
            world.machines.get_mut(&id).unwrap().state = MachineState::Ending;
        }),
        running("worker-replacement-joined", |world| {
            impair(world, Role::Worker, &[1], 400);
            (0..4).for_each(|_| once(world, Fate::Done, 15));
            assert_eq!(world.held.machines.len(), 7, "the old one and its replacement");
        }),
        running("worker-impaired-and-no-capacity", |world| {
            impair(world, Role::Worker, &[1], 400);
            world.full.extend(["euw1-az1", "euw1-az2", "euw1-az3"].map(str::to_owned));
            (0..3).for_each(|_| once(world, Fate::Done, 15));
        }),
        running("machines-never-join-again-and-again", |world| {
            let part = Part::Machine(slot(Role::Worker, 1));
            world.useless.insert(part.clone());
            let id = id_of(world, Role::Worker, 1);
            world.kill(&id);
            until(world, |world| world.held.failed.get(&part).is_some_and(|of| of.times == 5));
            once(world, Fate::Done, 5);
            once(world, Fate::Done, 5);
        }),
        running("two-workers-impaired", |world| impair(world, Role::Worker, &[1, 2], 400)),
        running("all-workers-impaired", |world| impair(world, Role::Worker, &[1, 2, 3], 400)),
        running("listing-empty", |world| world.lists_nothing = true),
        running("cloud-does-not-answer", |_| {}).doubt(Role::Master, &[1, 2, 3]).doubt(Role::Worker, &[1, 2, 3]),
        running("orphan-with-our-tag", |world| orphan(world, slot(Role::Worker, 3), 7, true)),
        running("two-machines-for-one-slot", |world| orphan(world, slot(Role::Master, 3), 1, false)),
        development_master_gone(),
    ]
}

/// A machine that our log does not know, in a slot that is empty or not.
pub(super) fn orphan(world: &mut World, slot: Slot, generation: u64, alone: bool) {
    let id = id_of(world, slot.role, slot.number);
    let mut twin = world.machines[&id].clone();
    (twin.generation, twin.launched) = (generation, Time(world.now.0 - 300));
    if alone {
        world.machines.remove(&id);
        world.held.machines.remove(&id);
    }
    world.machines.insert("i-orphan".into(), twin);
}

fn development_master_gone() -> Situation {
    let mut world = settled(development(Wish::Run));
    let id = id_of(&world, Role::Master, 1);
    world.kill(&id);
    at("only-master-gone", &world)
}

pub(super) fn security() -> Vec<Situation> {
    let group = Part::SecurityGroup(Role::Master);
    let everybody = Opening { traffic: Traffic::Tcp(22, 22), from: Origin::Range(domain::Cidr::ALL) };
    let older = |world: &mut World, days: u64| {
        world.desired.images.values_mut().for_each(|image| {
            image.id = "ami-newer".to_owned();
            image.built = NOON.plus(days * 86_400 - 3600);
        });
        world.pass(days * 86_400);
    };
    let critical = |world: &mut World, days: u64| {
        older(world, days);
        world.desired.mended = world.desired.images.iter().map(|(role, image)| (*role, image.built)).collect();
    };
    vec![
        running("security-group-opened", |world| {
            if let Look::SecurityGroup { lets_in } = look_mut(world, &group) {
                lets_in.insert(everybody.clone());
            }
        }),
        running("security-group-emptied", |world| {
            if let Look::SecurityGroup { lets_in } = look_mut(world, &group) {
                lets_in.clear();
            }
        }),
        running("allow-list-changed", |world| {
            if let Some(Look::SecurityGroup { lets_in }) = world.desired.parts.get_mut(&group) {
                let from = Origin::Range("203.0.113.0/24".parse().unwrap());
                lets_in.insert(Opening { traffic: Traffic::Tcp(6443, 6443), from });
            }
        }),
        running("route-leads-elsewhere", |world| {
            let part = Part::RouteTable { zone: "euw1-az2".to_owned(), public: false };
            if let Look::RouteTable { way_out, .. } = look_mut(world, &part) {
                *way_out = Some(Part::Nat { zone: "euw1-az1".to_owned() });
            }
        }),
        running("image-too-old-outside-window", |world| older(world, 8)),
        running("image-too-old-in-window", |world| {
            older(world, 8);
            // From a Sunday at one in the afternoon to the next at four in the night.
            world.pass(6 * 86_400 + 15 * 3600);
        }),
        running("image-critical", |world| critical(world, 1)),
        running("image-critical-and-a-worker-ill", |world| {
            critical(world, 1);
            impair(world, Role::Worker, &[2], 60);
        }),
        running("image-critical-and-the-window-opens-in-time", |world| {
            critical(world, 1);
            world.desired.limits.critical_age = 10 * 86_400;
        }),
        running("image-too-old-in-business-hours", |world| {
            older(world, 8);
            world.desired.maintenance = Window::Any;
            world.held.machines.values_mut().filter(|of| of.slot.role == Role::Master).for_each(|of| {
                of.image.id = "ami-newer".to_owned();
            });
            // From a Sunday to a Monday noon.
            world.pass(86_400 - 3600);
        }),
        only_master_too_old(),
        running("certificates-past-their-age", |world| {
            world.pass(31 * 86_400);
            world.held.machines.values_mut().for_each(|of| of.launched = NOON.plus(30 * 86_400));
        }),
    ]
}

/// What is not as it must be, and is replaced for it.
pub(super) fn deviations() -> Vec<Situation> {
    vec![
        running("machine-with-public-address", |world| {
            let id = id_of(world, Role::Worker, 2);
            world.machines.get_mut(&id).unwrap().public = true;
        }),
        running("volume-not-encrypted", |world| {
            if let Look::Volume { disk, .. } = look_mut(world, &Part::Volume(slot(Role::Master, 1))) {
                disk.encrypted = false;
            }
        }),
        running("root-volume-not-encrypted", |world| {
            let id = id_of(world, Role::Worker, 2);
            world.machines.get_mut(&id).unwrap().encrypted = Some(false);
        }),
        running("root-volume-not-told", |world| {
            let id = id_of(world, Role::Master, 1);
            world.machines.get_mut(&id).unwrap().encrypted = None;
        }),
        running("template-without-encryption", |world| {
            *look_mut(world, &Part::Template(Role::Worker)) = Look::Template { root: None };
        }),
        running("machine-of-another-type", |world| {
            let id = id_of(world, Role::Worker, 2);
            world.machines.get_mut(&id).unwrap().instance_type = "m6a.4xlarge".to_owned();
        }),
    ]
}

fn only_master_too_old() -> Situation {
    let mut world = settled(development(Wish::Run));
    world.pass(8 * 86_400);
    world.held.machines.values_mut().filter(|of| of.slot.role == Role::Worker).for_each(|of| of.launched = world.now);
    at("only-master-too-old", &world)
}

pub(super) fn life() -> Vec<Situation> {
    let wish = |world: &mut World, wish: Wish, plans: usize| {
        world.desired.wish = wish;
        (0..plans).for_each(|_| once(world, Fate::Done, 15));
    };
    vec![
        running("hibernate", |world| wish(world, Wish::Hibernate, 0)),
        running("hibernate-workers-asleep", |world| wish(world, Wish::Hibernate, 1)),
        running("hibernated", |world| {
            world.desired.wish = Wish::Hibernate;
            world.settle();
        }),
        running("wake", |world| {
            world.desired.wish = Wish::Hibernate;
            world.settle();
            wish(world, Wish::Run, 0);
        }),
        running("wake-with-one-machine-gone", |world| {
            world.desired.wish = Wish::Hibernate;
            world.settle();
            let id = id_of(world, Role::Master, 2);
            world.kill(&id);
            wish(world, Wish::Run, 0);
        }),
        running("delete", |world| wish(world, Wish::Delete, 0)),
        running("delete-machines-ended", |world| wish(world, Wish::Delete, 3)),
        running("delete-with-nat", |world| wish(world, Wish::Delete, 5)),
        running("delete-and-nothing-listed", |world| {
            world.lists_nothing = true;
            wish(world, Wish::Delete, 0);
        }),
        creating("delete-with-launch-unanswered", 9, |world| {
            once(world, Fate::LostBefore, 30);
            wish(world, Wish::Delete, 0);
        }),
        running("deleted", |world| {
            world.desired.wish = Wish::Delete;
            world.settle();
        }),
        network("network-in-use-to-be-deleted", Wish::Delete, 2),
        network("network-to-be-deleted", Wish::Delete, 0),
    ]
}

fn network(name: &'static str, wish: Wish, used_by: u64) -> Situation {
    let mut world = settled(Desired::network("10.0.0.0/16".parse().unwrap(), Wish::Run, used_by));
    world.pass(60);
    world.desired.wish = wish;
    at(name, &world)
}
