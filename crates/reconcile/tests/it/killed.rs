//! Leaders that are lost between any two steps, each in turn: whoever comes next finishes what was begun, once.

use cloud_sim::{Tamper, Vices};
use planner::plan::{Role, Slot, State, Wish};
use reconcile::{Key, Planted, mark};

use crate::log::Row;
use crate::world::{World, newer_images, place, simulate};

/// With optimization every step is gone through, without it this part of those of large clusters:
/// `cargo test --release -p reconcile --test it killed`.
const SPARSE: usize = 5;

/// What is gone through, from a world that stands to one that stands again.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    Create(&'static str),
    /// Of a worker that was ended, or of a master that is impaired.
    Repair(&'static str),
    /// Of the machines of a role, whose image is past its age: workers are launched first, masters ended first.
    Renew(&'static str, Role),
    Sleep(&'static str),
    Wake(&'static str),
    Delete(&'static str),
}

impl Work {
    fn cluster_type(self) -> &'static str {
        match self {
            Self::Create(of) | Self::Repair(of) | Self::Sleep(of) | Self::Wake(of) | Self::Delete(of) => of,
            Self::Renew(of, _) => of,
        }
    }

    fn is_done(self, world: &World, key: &Key) -> bool {
        match self {
            Self::Create(_) | Self::Wake(_) => world.log.state(key) == Some(State::Running),
            Self::Repair(_) => replaced(world, key),
            Self::Renew(_, role) => {
                let rows = world.log.rows();
                let Row { desired, held, .. } = &rows.rows[key];
                let of_role = |slot: &&Slot| slot.role == role;
                let renewed = held.machines.values().filter(|of| of.image.id == desired.images[&of.slot.role].id);
                renewed.filter(|of| of_role(&&of.slot)).count() == desired.slots.keys().filter(of_role).count()
            }
            Self::Sleep(_) => world.log.state(key) == Some(State::Hibernated),
            Self::Delete(_) => world.log.rows().rows.is_empty(),
        }
    }
}

/// Goes through it, with a leader that is lost at a step; the steps at which that is something else than at the one before, and how many
/// there were.
pub fn go(work: Work, at: usize, planted: Option<Planted>, check: fn(&World)) -> (Vec<usize>, usize) {
    simulate(async {
        let fuse = if matches!(work, Work::Create(_)) { at } else { usize::MAX };
        let mut world = World::with(40, Vices::off(), fuse, |options| options.planted = planted);
        let key = world.wish(work.cluster_type(), "c1", Wish::Run);
        if !matches!(work, Work::Create(_)) {
            world.until_state(&key, State::Running, 60).await;
            world.until_settled(60).await;
        }
        if let Work::Wake(_) = work {
            world.change(&key, |desired| desired.wish = Wish::Hibernate);
            world.until_state(&key, State::Hibernated, 60).await;
            world.until_settled(60).await;
        }
        if !matches!(work, Work::Create(_)) {
            world.fuse.arm(at);
            begin(&world, &key, work);
        }
        let lost = lose(&mut world, &key, work).await;
        assert!(lost || at == usize::MAX, "{work:?} ended before its step {at}");
        check(&world);
        world.fuse.that_matter()
    })
}

fn begin(world: &World, key: &Key, work: Work) {
    match work {
        Work::Create(_) | Work::Repair(_) => {}
        Work::Renew(_, role) => return world.change(key, |desired| newer_images(desired, &[role])),
        Work::Sleep(_) => return world.change(key, |desired| desired.wish = Wish::Hibernate),
        Work::Wake(_) => return world.change(key, |desired| desired.wish = Wish::Run),
        Work::Delete(_) => return world.change(key, |desired| desired.wish = Wish::Delete),
    }
    let large = work.cluster_type() == "PRODUCTION";
    let role = if large { "master" } else { "worker" };
    let is = |of: &ports::cloud::Instance| of.tags.get(mark::PART).is_some_and(|part| part.contains(role));
    let victim = world.living().into_iter().find(is).unwrap().id;
    let tamper = if large { Tamper::Impair(victim) } else { Tamper::Kill(victim) };
    assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), tamper)));
}

fn replaced(world: &World, key: &Key) -> bool {
    let launched = world.cloud.with(|sim, _| sim.audit().launched().len());
    launched > world.log.rows().rows[key].desired.slots.len() && world.log.state(key) == Some(State::Running)
}

/// Runs until it is done and settled; where the fuse blows, another leader takes over. `false`: it did not blow.
async fn lose(world: &mut World, key: &Key, work: Work) -> bool {
    let whole = |world: &World| work.is_done(world, key) && world.settled();
    if world.until(120, whole).await {
        return false;
    }
    world.fuse.mend();
    world.kill();
    world.until(120, whole).await
}

/// Every step but those at which nothing is under way and nothing was called or written since the step before: whoever comes next finds
/// the same there (`Fuse`).
fn every_step(work: Work) {
    let (matter, steps) = go(work, usize::MAX, None, World::assert_settled);
    assert!(
        matter.len() > 5 && steps < 3 * matter.len(),
        "{work:?} has {steps} steps, of which {} matter",
        matter.len()
    );
    // A build without optimization takes ten minutes for all steps of the large ones.
    let sparse = cfg!(debug_assertions) && work.cluster_type() == "PRODUCTION";
    let every = if sparse { SPARSE } else { 1 };
    eprintln!("{work:?}: {} of {steps} steps matter, one in {every} is tried", matter.len());
    for at in matter.into_iter().step_by(every) {
        go(work, at, None, World::assert_settled);
    }
}

#[test]
fn a_leader_lost_at_any_step_of_a_creation_leaves_no_orphan_and_no_double() {
    every_step(Work::Create("DEVELOPMENT"));
}

#[test]
fn a_leader_lost_at_any_step_of_a_larger_creation_leaves_no_orphan_and_no_double() {
    every_step(Work::Create("PRODUCTION"));
}

#[test]
fn a_leader_lost_at_any_step_of_a_repair_leaves_no_orphan_and_no_double() {
    every_step(Work::Repair("DEVELOPMENT"));
    every_step(Work::Repair("PRODUCTION"));
}

#[test]
fn a_leader_lost_at_any_step_of_a_replacement_by_choice_leaves_no_orphan_and_no_double() {
    every_step(Work::Renew("DEVELOPMENT", Role::Worker));
    every_step(Work::Renew("PRODUCTION", Role::Master));
}

#[test]
fn a_leader_lost_at_any_step_of_falling_asleep_and_of_waking_leaves_no_orphan_and_no_double() {
    for cluster_type in ["DEVELOPMENT", "PRODUCTION"] {
        every_step(Work::Sleep(cluster_type));
        every_step(Work::Wake(cluster_type));
    }
}

#[test]
fn a_leader_lost_at_any_step_of_a_deletion_leaves_no_orphan() {
    every_step(Work::Delete("DEVELOPMENT"));
}

#[test]
fn a_leader_lost_at_any_step_of_a_larger_deletion_leaves_no_orphan() {
    every_step(Work::Delete("PRODUCTION"));
}
