//! Whatever becomes of the calls: plans lead to what is wished, and on the way nothing is done that never may be.

use planner::plan::{Desired, Image, MachineState, Role, State, Verb, Wish, plan};
use proptest::prelude::*;

use crate::{
    cloud::{Fate, World, alive, healthy},
    situations::{development, production, settled},
};

/// One thing that goes wrong, or time that passes.
#[derive(Clone, Debug)]
enum Event {
    Plan {
        fates: Vec<Fate>,
        passes: u64,
    },
    Kill(usize),
    Impair(usize),
    Recover(usize),
    Full(usize),
    Free,
    ListNothing(bool),
    ListNoMachines(bool),
    /// A newer image that is not to be waited for; of a single master none can be spared for it.
    NewImage,
    Pass(u64),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Done),
        1 => Just(Fate::LostBefore),
        1 => Just(Fate::LostAfter),
        1 => (1..300_u64).prop_map(Fate::Late),
        1 => Just(Fate::Dropped),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (prop::collection::vec(fate(), 1..12), 1..60_u64).prop_map(|(fates, passes)| Event::Plan { fates, passes }),
        1 => (0..8_usize).prop_map(Event::Kill),
        1 => (0..8_usize).prop_map(Event::Impair),
        1 => (0..8_usize).prop_map(Event::Recover),
        1 => (0..3_usize).prop_map(Event::Full),
        1 => Just(Event::Free),
        1 => any::<bool>().prop_map(Event::ListNothing),
        1 => any::<bool>().prop_map(Event::ListNoMachines),
        1 => Just(Event::NewImage),
        2 => (1..600_u64).prop_map(Event::Pass),
    ]
}

fn happen(world: &mut World, event: &Event) {
    let nth = |world: &World, n: usize| {
        let living: Vec<_> = world.machines.iter().filter(|(_, of)| alive(of)).map(|(id, _)| id.clone()).collect();
        living.get(n % living.len().max(1)).cloned()
    };
    match event {
        Event::Plan { fates, passes } => {
            let plan = world.plan();
            let mut fates = fates.iter().cycle();
            world.carry_out(&plan, |_| *fates.next().unwrap());
            world.pass(*passes);
        }
        Event::Kill(n) => {
            if let Some(id) = nth(world, *n) {
                world.kill(&id);
            }
        }
        Event::Impair(n) | Event::Recover(n) => {
            let now = world.now;
            if let Some(id) = nth(world, *n) {
                let impaired = matches!(event, Event::Impair(_)).then_some(now);
                world.machines.get_mut(&id).unwrap().impaired = impaired;
            }
        }
        Event::Full(n) => {
            let zones: Vec<_> = world.desired.slots.values().flatten().map(|of| of.zone.clone()).collect();
            world.full.insert(zones[n % zones.len()].clone());
        }
        Event::Free => world.full.clear(),
        Event::ListNothing(nothing) => world.lists_nothing = *nothing,
        Event::ListNoMachines(none) => world.lists_no_machines = *none,
        Event::NewImage => {
            let now = world.now;
            let many = world.desired.slots.len() > 3;
            for (role, image) in world.desired.images.iter_mut().filter(|_| many) {
                *image = Image { id: format!("ami-{}", now.0), built: now };
                world.desired.mended.insert(*role, now);
                world.desired.limits.critical_age = 0;
            }
        }
        Event::Pass(seconds) => world.pass(*seconds),
    }
}

/// Ends the trouble and waits until nothing is left to do.
fn heal(world: &mut World) {
    (world.lists_nothing, world.lists_no_machines) = (false, false);
    world.full.clear();
    world.machines.values_mut().for_each(|of| of.impaired = None);
    world.pass(400);
    world.settle();
    assert_eq!(world.broken, Vec::<String>::new());
}

fn assert_there(world: &World) {
    for slot in world.desired.slots.keys() {
        let here: Vec<_> = world.machines.values().filter(|of| of.slot == *slot && alive(of)).collect();
        assert!(here.len() == 1 && healthy(here[0]), "{slot}: {here:?}");
    }
    for machine in world.held.machines.values() {
        let image = &world.desired.images[&machine.slot.role];
        let mended = world.desired.mended.contains_key(&machine.slot.role);
        assert!(machine.image.id == image.id || !mended, "{}: {machine:?}", machine.slot);
    }
    let living = world.machines.values().filter(|of| alive(of)).count();
    assert_eq!(living, world.desired.slots.len(), "no machine that is not wished");
    assert_eq!(world.held.machines.len(), living, "the log has what there is");
    assert_eq!(world.plan().status.state, State::Running);
}

fn cluster(large: bool) -> Desired {
    if large { production(Wish::Run) } else { development(Wish::Run) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_wished_comes_to_be_whatever_becomes_of_the_calls(
        large: bool, made: bool, events in prop::collection::vec(event(), 1..60),
    ) {
        let mut world = if made { settled(cluster(large)) } else { World::new(cluster(large)) };
        for event in &events {
            happen(&mut world, event);
            prop_assert_eq!(&world.broken, &Vec::<String>::new(), "after {:?}", event);
        }
        heal(&mut world);
        assert_there(&world);
    }

    #[test]
    fn what_is_deleted_is_gone_in_the_end(
        large: bool, before in prop::collection::vec(event(), 0..30), after in prop::collection::vec(event(), 0..30),
    ) {
        let mut world = World::new(cluster(large));
        before.iter().for_each(|event| happen(&mut world, event));
        world.desired.wish = Wish::Delete;
        after.iter().for_each(|event| happen(&mut world, event));
        heal(&mut world);
        let left: Vec<_> = world.machines.values().filter(|of| alive(of)).collect();
        prop_assert!(left.is_empty(), "{left:?}");
        prop_assert!(world.parts.keys().all(|part| *part == planner::plan::Part::Network), "{:?}", world.parts.keys());
        prop_assert_eq!(world.plan().status.state, State::Deleted);
    }

    #[test]
    fn a_cluster_sleeps_and_wakes_whatever_becomes_of_the_calls(
        large: bool, asleep in prop::collection::vec(event(), 0..30), awake in prop::collection::vec(event(), 0..30),
    ) {
        let mut world = settled(cluster(large));
        world.desired.wish = Wish::Hibernate;
        asleep.iter().for_each(|event| happen(&mut world, event));
        heal(&mut world);
        let sleeps = |of: &&planner::plan::MachineFacts| matches!(of.state, MachineState::Stopped(_));
        prop_assert!(world.machines.values().filter(|of| alive(of)).all(|of| sleeps(&of)));
        world.desired.wish = Wish::Run;
        awake.iter().for_each(|event| happen(&mut world, event));
        heal(&mut world);
        assert_there(&world);
    }

    #[test]
    fn the_same_input_gives_the_same_bytes(large: bool, events in prop::collection::vec(event(), 0..40)) {
        let mut world = World::new(cluster(large));
        for event in &events {
            happen(&mut world, event);
            let twice = [(); 2].map(|()| plan(&world.desired, &world.held, &world.observe(), world.now));
            prop_assert_eq!(&twice[0], &twice[1]);
            prop_assert_eq!(twice[0].text(), twice[1].text());
        }
    }
}

#[test]
fn nothing_is_done_in_a_world_that_lists_nothing() {
    let mut world = settled(production(Wish::Run));
    world.lists_nothing = true;
    for _ in 0..50 {
        world.pass(3600);
        let plan = world.plan();
        let called: Vec<_> = plan.actions.iter().filter(|action| action.verb != Verb::Renew).collect();
        assert!(called.is_empty(), "{}", plan.text());
    }
}

#[test]
fn a_plan_of_a_settled_world_is_empty() {
    for desired in [production(Wish::Run), development(Wish::Run)] {
        let plan = settled(desired).plan();
        assert!(plan.actions.is_empty() && plan.waits.is_empty(), "{}", plan.text());
        assert!(plan.look_again.is_some(), "something grows old");
    }
}

#[test]
fn a_wish_for_fewer_workers_ends_those_that_are_too_many_and_no_master() {
    let mut world = settled(production(Wish::Run));
    world.desired.slots.retain(|slot, _| slot.role == Role::Master || slot.number == 1);
    world.settle();
    assert_there(&world);
}
