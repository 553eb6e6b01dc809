//! Leaders that are lost between any two steps, each in turn: whoever comes next finishes what was begun, once.

use cloud_sim::{Tamper, Vices};
use planner::plan::{State, Wish};
use reconcile::{Key, Planted, mark};

use crate::world::{World, place, simulate};

/// What is gone through, from a world that stands to one that stands again.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    Create(&'static str),
    /// Of a worker that was ended, or of a master that is impaired.
    Repair(&'static str),
    Delete,
}

/// Goes through it, with a leader that is lost at a step; the steps at which that is something else than at the one before, and how many
/// there were.
pub fn go(work: Work, at: usize, planted: Option<Planted>, check: fn(&World)) -> (Vec<usize>, usize) {
    simulate(async {
        let fuse = if matches!(work, Work::Create(_)) { at } else { usize::MAX };
        let mut world = World::with(40, Vices::off(), fuse, |options| options.planted = planted);
        let cluster_type = if let Work::Create(of) | Work::Repair(of) = work { of } else { "DEVELOPMENT" };
        let key = world.wish(cluster_type, "c1", Wish::Run);
        match work {
            Work::Create(_) => lose(&mut world, &key, |world, key| world.log.state(key) == Some(State::Running)).await,
            Work::Repair(_) | Work::Delete => {
                world.until_state(&key, State::Running, 60).await;
                world.until_settled(60).await;
                world.fuse.arm(at);
                begin(&world, &key, work);
                match work {
                    Work::Delete => lose(&mut world, &key, |world, _| world.log.rows().rows.is_empty()).await,
                    _ => lose(&mut world, &key, repaired).await,
                }
            }
        }
        check(&world);
        world.fuse.that_matter()
    })
}

fn begin(world: &World, key: &Key, work: Work) {
    if let Work::Delete = work {
        return world.change(key, |desired| desired.wish = Wish::Delete);
    }
    let large = work_is_large(work);
    let role = if large { "master" } else { "worker" };
    let is = |of: &ports::cloud::Instance| of.tags.get(mark::PART).is_some_and(|part| part.contains(role));
    let victim = world.living().into_iter().find(is).unwrap().id;
    let tamper = if large { Tamper::Impair(victim) } else { Tamper::Kill(victim) };
    assert!(world.cloud.with(|sim, now| sim.tamper(now, &place(), tamper)));
}

fn work_is_large(work: Work) -> bool {
    matches!(work, Work::Repair("PRODUCTION"))
}

fn repaired(world: &World, key: &Key) -> bool {
    let launched = world.cloud.with(|sim, _| sim.audit().launched().len());
    launched > world.log.rows().rows[key].desired.slots.len() && world.log.state(key) == Some(State::Running)
}

/// Runs until it is done and settled; where the fuse blows, another leader takes over.
async fn lose(world: &mut World, key: &Key, done: fn(&World, &Key) -> bool) {
    let whole = |world: &World| done(world, key) && world.settled();
    if !world.until(120, whole).await {
        world.fuse.mend();
        world.kill();
        world.until(120, whole).await;
    }
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
    eprintln!("{work:?}: {} of {steps} steps", matter.len());
    for at in matter {
        go(work, at, None, World::assert_settled);
    }
}

#[test]
fn a_leader_lost_at_any_step_of_a_creation_leaves_no_orphan_and_no_double() {
    every_step(Work::Create("DEVELOPMENT"));
}

#[test]
fn a_leader_lost_at_any_step_of_a_repair_leaves_no_orphan_and_no_double() {
    every_step(Work::Repair("DEVELOPMENT"));
    every_step(Work::Repair("PRODUCTION"));
}

#[test]
fn a_leader_lost_at_any_step_of_a_deletion_leaves_no_orphan() {
    every_step(Work::Delete);
}

#[test]
fn a_leader_lost_at_many_steps_of_a_larger_creation_leaves_no_orphan_and_no_double() {
    let work = Work::Create("PRODUCTION");
    let (matter, _) = go(work, usize::MAX, None, World::assert_settled);
    for at in matter.into_iter().step_by(7) {
        go(work, at, None, World::assert_settled);
    }
}
