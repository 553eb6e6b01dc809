//! Two leaders, or one leader with two decisions in flight: both decide on the same rows, and one is applied after the
//! other.
//!
//! Under guards the second either conflicts or is exactly what would have been decided after the first. Without guards
//! the tree breaks, which is shown too: guards that nothing depends on could be dropped unnoticed.

use domain::{Command, Decision};
use ids::Log;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    properties::play,
    script::{Step, resolve, script, shape_step, step},
    tree,
    world::*,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    /// One of the two was refused when it was decided, or they are for different logs.
    NoRace,
    Conflicts,
    Applies,
}

/// Decides both on the same rows and applies the first, then the second.
fn race(world: &World, first: &Command, second: &Command) -> Result<Second, TestCaseError> {
    let (Ok(one), Ok(two)) = (world.decide(first), world.decide(second)) else { return Ok(Second::NoRace) };
    if first.log() != second.log() {
        return Ok(Second::NoRace);
    }
    let mut world = world.clone();
    let apply = |world: &mut World, decision: &Decision| world.logs.entry(first.log()).or_default().apply(decision);
    prop_assert!(apply(&mut world, &one).is_ok(), "nothing came before {first:?}");
    let after_one = world.clone();
    let second_is = match apply(&mut world, &two) {
        Ok(_) => {
            prop_assert_eq!(after_one.decide(second), Ok(two), "{:?} after {:?}", second, first);
            Second::Applies
        }
        Err(_) => {
            prop_assert_eq!(world.log(&first.log()), after_one.log(&first.log()), "a conflict changes nothing");
            Second::Conflicts
        }
    };
    tree::check(&world.global()).map_err(TestCaseError::fail)?;
    Ok(second_is)
}

/// Races every two of `steps` on the rows that `before` leaves.
fn race_after(before: &[Step], steps: &[Step]) -> Result<Vec<Second>, TestCaseError> {
    let (world, model, _) = play(before)?;
    let commands: Vec<Command> =
        steps.iter().map(|step| resolve(step, &model, |command| world.etag(command))).collect();
    let pairs = commands.iter().flat_map(|one| commands.iter().map(move |two| (one, two)));
    pairs.map(|(one, two)| race(&world, one, two)).collect()
}

/// Some that come first, and some that race.
fn races() -> impl Strategy<Value = (Vec<Step>, Vec<Step>)> {
    (script(50), prop::collection::vec(prop_oneof![step(), shape_step()], 2..12))
}

proptest! {
    #[test]
    fn of_two_decisions_on_the_same_rows_the_second_conflicts_or_still_holds((before, steps) in races()) {
        race_after(&before, &steps)?;
    }
}

#[test]
fn the_scripts_reach_conflicts_and_compatible_decisions() {
    let mut runner = TestRunner::deterministic();
    let mut seen = Vec::new();
    for _ in 0..100 {
        let (before, steps) = races().new_tree(&mut runner).unwrap().current();
        seen.extend(race_after(&before, &steps).unwrap());
    }
    for wanted in [Second::Conflicts, Second::Applies] {
        let count = seen.iter().filter(|second| **second == wanted).count();
        assert!(count > 100, "{wanted:?} came up {count} times in {} races", seen.len());
    }
}

/// A chain `d1` to `d8`, a chain `e1` to `e2`, and `x`, `y`, `p`.
fn grown() -> World {
    let mut commands = vec![
        register("us"),
        create_organization("a"),
        create_folder("a/f:x", "a"),
        create_folder("a/f:y", "a"),
        create_project("a/p:p", "a"),
        create_folder("a/f:d1", "a"),
        create_folder("a/f:e1", "a"),
        create_folder("a/f:e2", "a/f:e1"),
    ];
    commands.extend((2..=8).map(|depth| create_folder(&format!("a/f:d{depth}"), &format!("a/f:d{}", depth - 1))));
    World::with(commands)
}

/// Pairs that are each fine alone and break the tree together.
fn breaking_pairs() -> Vec<[Command; 2]> {
    vec![
        [move_folder("a/f:x", "a/f:y"), move_folder("a/f:y", "a/f:x")],
        [create_folder("a/f:new", "a/f:x"), delete_folder("a/f:x")],
        [create_project("a/p:new", "a/f:x"), delete_folder("a/f:x")],
        [move_folder("a/f:y", "a/f:x"), delete_folder("a/f:x")],
        [move_project("a/p:p", "a/f:x"), delete_folder("a/f:x")],
        [create_folder("a/f:new", "a/f:x"), create_folder("a/f:new", "a/f:y")],
        [create_project("a/p:new", "a/f:x"), create_project("a/p:new", "a/f:y")],
        [move_project("a/p:p", "a/f:x"), move_project("a/p:p", "a/f:y")],
        // Neither reads a row that the other writes, but for the tree's revision.
        [move_folder("a/f:d1", "a/f:e2"), move_folder("a/f:e1", "a/f:d2")],
        // Each makes a branch of ten, both one of eleven; again only the tree's revision is between them.
        [move_folder("a/f:e1", "a/f:d8"), create_folder("a/f:new", "a/f:e2")],
    ]
}

#[test]
fn guards_let_only_one_of_two_through_that_would_break_the_tree() {
    let world = grown();
    for [one, two] in breaking_pairs() {
        assert_eq!(race(&world, &one, &two).unwrap(), Second::Conflicts, "{two:?} after {one:?}");
        assert_eq!(race(&world, &two, &one).unwrap(), Second::Conflicts, "{one:?} after {two:?}");
    }
}

#[test]
fn without_guards_each_of_these_pairs_breaks_the_tree_in_either_order() {
    let world = grown();
    for pair in breaking_pairs() {
        let [one, two] = pair.each_ref().map(|command| world.decide(command).unwrap());
        for order in [[&one, &two], [&two, &one]] {
            let mut log = world.global();
            tree::check(&log).unwrap();
            for decision in order {
                log.apply_without_guards(decision);
            }
            assert!(tree::check(&log).is_err(), "{pair:?} left the tree whole");
        }
    }
}

#[test]
fn a_region_registered_during_a_deletion_is_not_forgotten() {
    let (world, pair) = (grown(), [delete_project("a/p:p"), register("eu")]);
    assert_eq!(race(&world, &pair[1], &pair[0]).unwrap(), Second::Conflicts, "the deletion would not wait for it");
    assert_eq!(race(&world, &pair[0], &pair[1]).unwrap(), Second::Applies);
}

/// Pairs of which both would take the one account that is ready.
#[test]
fn an_account_is_not_given_twice_by_two_decisions_on_the_same_rows() {
    let mut world = World::with([create_organization("late"), create_organization("later"), add_account("1")]);
    let pairs = [
        [create_organization("a"), create_organization("b")],
        [create_organization("a"), claim_account("late")],
        [claim_account("late"), claim_account("later")],
    ];
    for [one, two] in pairs {
        assert_eq!(race(&world, &one, &two).unwrap(), Second::Conflicts, "{two:?} after {one:?}");
        assert_eq!(race(&world, &two, &one).unwrap(), Second::Conflicts, "{one:?} after {two:?}");
    }
    // And none that is ready is passed by.
    world.run(&claim_account("late")).unwrap();
    let pair = [add_account("2"), create_organization("a")];
    assert_eq!(race(&world, &pair[0], &pair[1]).unwrap(), Second::Conflicts);
}

#[test]
fn creations_in_one_container_do_not_get_in_each_others_way() {
    let mut world = grown();
    let pair = [create_project("a/p:one", "a/f:x"), create_project("a/p:two", "a/f:x")];
    assert_eq!(race(&world, &pair[0], &pair[1]).unwrap(), Second::Applies);
    for organization in ["b", "c"] {
        world.run(&create_organization(organization)).unwrap();
    }
    let pair = [create_folder("b/f:one", "b"), create_folder("c/f:one", "c")];
    assert_eq!(race(&world, &pair[0], &pair[1]).unwrap(), Second::Applies, "folders wait only within one organization");
    let pair = ["us", "eu"].map(|region| create_cluster(&cluster("a/p:p", region, "c")));
    assert_eq!(pair[0].log(), Log::Region("us".parse().unwrap()));
    assert_eq!(race(&world, &pair[0], &pair[1]).unwrap(), Second::NoRace, "regions do not wait for each other");
}

/// What an organization holds in a region is one row, which its quota there rests on.
#[test]
fn of_two_clusters_of_an_organization_that_are_made_on_the_same_rows_the_second_is_decided_again() {
    let world = grown();
    let pair = ["c", "d"].map(|label| create_cluster(&cluster("a/p:p", "us", label)));
    assert_eq!(race(&world, &pair[0], &pair[1]).unwrap(), Second::Conflicts);
}
