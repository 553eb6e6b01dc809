//! What plans once did that they never may: each a sequence that somebody found by reading, told in full.

use planner::plan::{Desired, Plan, Verb, Wish};

use super::{development, id_of, settled};
use crate::cloud::World;

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
    for image in world.desired.images.values_mut() {
        (image.id, image.built, image.critical) = ("ami-newer".to_owned(), world.now, true);
    }
    world
}

#[test]
fn a_single_master_that_cannot_be_spared_holds_up_no_worker() {
    let mut world = with_newer_image(settled(development(Wish::Run)));
    for _ in 0..60 {
        let plan = world.plan();
        world.carry_out(&plan, |_| crate::cloud::Fate::Done);
        world.pass(15);
    }
    let worker = &world.held.machines[&id_of(&world, planner::plan::Role::Worker, 1)];
    assert_eq!(worker.image.id, "ami-newer", "{}", world.plan().text());
    let plan = world.plan();
    assert!(plan.text().contains("none can be spared: its image was built"), "{}", plan.text());
}
