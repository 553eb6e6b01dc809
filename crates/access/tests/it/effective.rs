//! Rights are those of the naive recomputation, after whatever happened, and every other question agrees with them.

use std::collections::BTreeMap;

use access::{Arena, Caller, Change, NodeName, Right};
use ids::{Hlc, Log};
use proptest::{collection::vec, prelude::*, sample::subsequence};

use crate::{
    naive::Naive,
    world::{ORGANIZATION, TIMES, World, arena, groups, history, members, node, nodes, record},
};

fn assert_same(arena: &Arena, naive: &Naive, now: Hlc) {
    for member in members() {
        for node in nodes() {
            let (ours, theirs) =
                (arena.effective((&member).into(), &node, now), naive.effective(&member, &[], &node, now));
            assert_eq!(ours, theirs, "{member} on {node} at {now}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn effective_rights_are_those_of_a_naive_recomputation(history in history(0..60), now in 0..TIMES) {
        let world = World::of(&history);
        assert_same(&world.arena, &world.naive, Hlc(now));
    }

    #[test]
    fn each_change_is_followed_at_once(history in history(0..25), now in 0..TIMES, member in 0..10_usize) {
        let mut world = World::new();
        for change in &history {
            world.apply(change);
            for node in nodes() {
                let member = &members()[member];
                let theirs = world.naive.effective(member, &[], &node, Hlc(now));
                prop_assert_eq!(world.arena.effective(member.into(), &node, Hlc(now)), theirs, "{} after {}", node, change);
            }
        }
    }

    #[test]
    fn groups_that_a_token_claims_count_like_those_on_record(
        history in history(0..60),
        claimed in subsequence(groups(), 0..3),
        now in 0..TIMES,
    ) {
        let world = World::of(&history);
        for member in members() {
            for node in nodes() {
                let caller = Caller { member: &member, claimed: &claimed };
                let theirs = world.naive.effective(&member, &claimed, &node, Hlc(now));
                prop_assert_eq!(world.arena.effective(caller, &node, Hlc(now)), theirs, "{} on {}", member, node);
            }
        }
    }

    #[test]
    fn questions_about_many_agree_with_the_question_about_one(
        history in history(0..60),
        right in proptest::sample::select(Right::ALL.to_vec()),
        top in proptest::sample::select(nodes()),
        now in 0..TIMES,
    ) {
        let World { arena, naive, .. } = World::of(&history);
        let now = Hlc(now);
        for member in members() {
            let caller = Caller::from(&member);
            let all: BTreeMap<NodeName, _> = nodes().into_iter().map(|node| (node.clone(), arena.effective(caller, &node, now)))
                .filter(|(_, rights)| !rights.is_empty()).collect();
            prop_assert_eq!(&arena.effective_below(caller, &node(ORGANIZATION), now), &all);
            let below = |node: &NodeName| naive.path(node).is_some_and(|path| path.contains(&top));
            let inner: BTreeMap<_, _> = all.iter().filter(|(node, _)| below(node)).map(|(node, rights)| (node.clone(), *rights)).collect();
            prop_assert_eq!(arena.effective_below(caller, &top, now), inner, "below {}", top);
            let can: Vec<NodeName> = all.iter().filter(|(_, rights)| rights.contains(right)).map(|(node, _)| node.clone()).collect();
            prop_assert_eq!(arena.where_can(caller, right, now).into_iter().collect::<Vec<_>>(), can.clone());
            for node in nodes() {
                prop_assert_eq!(arena.who_can(right, &node, now).contains(&member), can.contains(&node), "{} on {}", member, node);
                prop_assert_eq!(arena.check(caller, right, &node, now).is_allowed(), can.contains(&node));
            }
        }
    }

    #[test]
    fn the_order_between_logs_does_not_matter(history in history(0..60), turns in vec(0..3_usize, 100), now in 0..TIMES) {
        let mut logs: BTreeMap<Log, Vec<&Change>> = BTreeMap::new();
        for change in &history {
            logs.entry(change.log()).or_default().push(change);
        }
        let mut naive = Naive::default();
        logs.values().flatten().for_each(|change| _ = naive.apply(change, ids::Seq(1)));
        let mut arena = arena();
        let mut queues: Vec<_> = logs.into_values().map(|log| log.into_iter()).collect();
        for turn in turns.into_iter().chain([0; 100]).chain([1; 100]).chain([2; 100]) {
            if let Some(change) = queues.get_mut(turn).and_then(Iterator::next) {
                let _ = arena.apply(change, &record(change.log(), 1));
            }
        }
        prop_assert!(queues.iter().all(|queue| queue.len() == 0));
        assert_same(&arena, &naive, Hlc(now));
    }
}
