//! Scripted situations: what is wished, held and seen, and the plan that follows, as text in files that people can judge.

mod told;

use domain::catalog::Key;
use planner::plan::{
    Change, CloudId, Condition, Desired, Held, Look, Observed, Opening, Part, Phase, Role, Seen, Slot, State, Time,
    Truth, Verb, Wish, plan,
};

use crate::{
    cloud::{Fate, NOON, World},
    golden::assert_golden,
    world::{World as Decided, request},
};

pub fn production(wish: Wish) -> Desired {
    desired("PRODUCTION", 3, wish)
}

pub fn development(wish: Wish) -> Desired {
    desired("DEVELOPMENT", 1, wish)
}

fn desired(cluster_type: &str, workers: u16, wish: Wish) -> Desired {
    let decided = Decided::new();
    let blueprint = decided.decide(&request(cluster_type, "eu-west-1")).unwrap();
    assert!(blueprint.choice(Key::MastersCount).is_some());
    Desired::cluster(&blueprint, &decided.catalog, workers, wish)
}

/// A world that came to be as wished.
pub fn settled(desired: Desired) -> World {
    let mut world = World::new(desired);
    world.settle();
    world
}

/// What is told and what follows.
struct Situation {
    name: &'static str,
    desired: Desired,
    held: Held,
    observed: Observed,
    now: Time,
}

fn slot(role: Role, number: u16) -> Slot {
    Slot { role, number }
}

fn id_of(world: &World, role: Role, number: u16) -> CloudId {
    let of = world.held.machines.iter().find(|(_, of)| of.slot == slot(role, number));
    of.unwrap_or_else(|| panic!("{role}-{number}")).0.clone()
}

fn impair(world: &mut World, role: Role, numbers: &[u16], ago: u64) {
    for number in numbers {
        let (id, since) = (id_of(world, role, *number), Time(world.now.0 - ago));
        world.machines.get_mut(&id).unwrap().impaired = Some(since);
    }
}

fn at(name: &'static str, world: &World) -> Situation {
    let (desired, held) = (world.desired.clone(), world.held.clone());
    Situation { name, desired, held, observed: world.observe(), now: world.now }
}

/// From a settled production cluster.
fn running(name: &'static str, change: impl FnOnce(&mut World)) -> Situation {
    let mut world = settled(production(Wish::Run));
    world.pass(3600);
    change(&mut world);
    at(name, &world)
}

/// From a production cluster that is being made, after so many plans.
fn creating(name: &'static str, plans: usize, change: impl FnOnce(&mut World)) -> Situation {
    let mut world = World::new(production(Wish::Run));
    for _ in 0..plans {
        let plan = world.plan();
        world.carry_out(&plan, |_| Fate::Done);
        world.pass(15);
    }
    change(&mut world);
    at(name, &world)
}

/// One plan is carried out with this fate, and time passes.
fn once(world: &mut World, fate: Fate, seconds: u64) {
    let plan = world.plan();
    world.carry_out(&plan, |_| fate);
    world.pass(seconds);
}

fn look_mut<'a>(world: &'a mut World, part: &Part) -> &'a mut Look {
    &mut world.parts.get_mut(part).unwrap().facts.look
}

fn creation() -> Vec<Situation> {
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

fn shared_network_missing() -> Situation {
    let mut world = World::new(development(Wish::Run));
    world.parts.clear();
    at("shared-network-not-there", &world)
}

fn health() -> Vec<Situation> {
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
fn orphan(world: &mut World, slot: Slot, generation: u64, alone: bool) {
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

fn security() -> Vec<Situation> {
    let group = Part::SecurityGroup(Role::Master);
    let everybody = Opening { ports: (22, 22), from: domain::Cidr::ALL };
    let older = |world: &mut World, days: u64| {
        world.desired.images.values_mut().for_each(|image| {
            image.id = "ami-newer".to_owned();
            image.built = NOON.plus(days * 86_400 - 3600);
        });
        world.pass(days * 86_400);
    };
    vec![
        running("security-group-opened", |world| {
            if let Look::SecurityGroup { lets_in } = look_mut(world, &group) {
                lets_in.insert(everybody);
            }
        }),
        running("security-group-emptied", |world| {
            if let Look::SecurityGroup { lets_in } = look_mut(world, &group) {
                lets_in.clear();
            }
        }),
        running("allow-list-changed", |world| {
            if let Some(Look::SecurityGroup { lets_in }) = world.desired.parts.get_mut(&group) {
                lets_in.insert(Opening { ports: (6443, 6443), from: "203.0.113.0/24".parse().unwrap() });
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
        running("image-critical", |world| {
            older(world, 1);
            world.desired.images.values_mut().for_each(|image| image.critical = true);
        }),
        running("image-critical-and-a-worker-ill", |world| {
            older(world, 1);
            world.desired.images.values_mut().for_each(|image| image.critical = true);
            impair(world, Role::Worker, &[2], 60);
        }),
        running("machine-with-public-address", |world| {
            let id = id_of(world, Role::Worker, 2);
            world.machines.get_mut(&id).unwrap().public = true;
        }),
        running("volume-not-encrypted", |world| {
            if let Look::Volume { encrypted, .. } = look_mut(world, &Part::Volume(slot(Role::Master, 1))) {
                *encrypted = false;
            }
        }),
        only_master_too_old(),
        running("certificates-past-their-age", |world| {
            world.pass(31 * 86_400);
            world.held.machines.values_mut().for_each(|of| of.launched = NOON.plus(30 * 86_400));
        }),
    ]
}

fn only_master_too_old() -> Situation {
    let mut world = settled(development(Wish::Run));
    world.pass(8 * 86_400);
    world.held.machines.values_mut().filter(|of| of.slot.role == Role::Worker).for_each(|of| of.launched = world.now);
    at("only-master-too-old", &world)
}

fn life() -> Vec<Situation> {
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

impl Situation {
    fn unseen(mut self) -> Self {
        self.observed = Observed::default();
        self
    }

    /// The cloud does not answer for these.
    fn doubt(mut self, role: Role, numbers: &[u16]) -> Self {
        for (id, _) in
            self.held.machines.iter().filter(|(_, of)| of.slot.role == role && numbers.contains(&of.slot.number))
        {
            let unknown = Seen::Unknown { since: Time(self.now.0 - 1200), why: "RequestLimitExceeded".to_owned() };
            self.observed.machines.insert(id.clone(), unknown);
        }
        self
    }
}

#[test]
fn plans_read_as_recorded() {
    let all: Vec<Situation> = [creation(), health(), security(), life()].into_iter().flatten().collect();
    assert!(all.len() >= 30, "{}", all.len());
    for situation in &all {
        let Situation { name, desired, held, observed, now } = situation;
        let plan = plan(desired, held, observed, *now);
        assert_golden(&format!("plans/{name}.txt"), &format!("{}\n{}", situation.text(), plan.text()));
    }
}

#[test]
fn every_call_that_takes_something_away_is_marked_as_destructive() {
    for situation in [creation(), health(), security(), life()].into_iter().flatten() {
        let Situation { desired, held, observed, now, .. } = &situation;
        for action in plan(desired, held, observed, *now).actions {
            let takes = match &action.verb {
                Verb::Terminate(..) | Verb::Stop(_) | Verb::Delete(_) => true,
                Verb::Change(_, change) => matches!(change, Change::DetachGateway | Change::Disassociate),
                _ => continue,
            };
            assert_eq!(action.destructive(), takes, "{}: {}", situation.name, action.verb);
        }
    }
    assert_eq!(State::Running.name(), "RUNNING");
}

#[test]
fn a_slot_is_tried_with_types_that_its_image_runs_on_and_a_master_in_its_own_zone_only() {
    for (desired, zones) in [(production(Wish::Run), 3), (development(Wish::Run), 1)] {
        let catalog = Decided::new().catalog;
        let mut of_masters = std::collections::BTreeSet::new();
        for (slot, placements) in &desired.slots {
            let image = catalog.images.iter().find(|image| image.id == desired.images[&slot.role].id).unwrap();
            assert!(placements.len() > 1, "{slot} has somewhere to go");
            for placement in placements {
                let kind = &catalog.instance_types[&placement.instance_type];
                assert_eq!(kind.architecture, image.architecture, "{slot}: {placement:?}");
                assert!(slot.role == Role::Worker || placement.zone == placements[0].zone, "{slot}: {placement:?}");
            }
            of_masters.extend((slot.role == Role::Master).then(|| placements[0].zone.clone()));
        }
        assert_eq!(of_masters.len(), zones);
    }
}

/// Found by chance: a call for a master's end was not answered, it recovered, and another fell ill.
#[test]
fn a_master_whose_end_was_called_for_is_not_ended_again_while_it_may_have_recovered_and_is_needed() {
    let mut world = settled(production(Wish::Run));
    impair(&mut world, Role::Master, &[3], 400);
    once(&mut world, Fate::LostBefore, 1);
    let id = id_of(&world, Role::Master, 3);
    world.machines.get_mut(&id).unwrap().impaired = None;
    impair(&mut world, Role::Master, &[2], 10);
    let ends = |world: &World| world.plan().actions.iter().any(|action| matches!(action.verb, Verb::Terminate(..)));
    for (unseen, seconds) in [(true, 100), (false, 100), (false, 50)] {
        world.lists_nothing = unseen;
        world.pass(seconds);
        assert!(!ends(&world), "{}", world.plan().text());
    }
    impair(&mut world, Role::Master, &[2], 0);
    world.pass(200);
    assert!(!ends(&world), "the call can have no effect any more: {}", world.plan().text());
    assert_eq!(world.plan().status.conditions[&Condition::EtcdQuorum].0, Truth::True);
}

/// Found by chance: an answer was lost, the call was repeated and refused, and the first took effect after all.
#[test]
fn a_refused_repetition_gives_up_nothing_until_the_first_call_can_have_no_effect_any_more() {
    let mut world = World::new(production(Wish::Run));
    while !world.plan().actions.iter().any(|action| matches!(action.verb, Verb::Launch(_))) {
        once(&mut world, Fate::Done, 15);
    }
    once(&mut world, Fate::Late(200), 30);
    world.full.extend(["euw1-az1", "euw1-az2", "euw1-az3"].map(str::to_owned));
    once(&mut world, Fate::Done, 30);
    assert!(world.plan().actions.is_empty(), "{}", world.plan().text());
    world.full.clear();
    world.pass(200);
    world.settle();
    assert_eq!((world.broken.len(), world.machines.len()), (0, 6), "each slot was filled by the first call");
}
