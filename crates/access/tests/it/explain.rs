//! Explanations hold by what they cite, and tell nobody what they may not see.

use std::collections::BTreeSet;

use access::{Arena, Caller, Change, Decision, Denial, Explanation, Grounds, Member, NodeName, Record, Right, Why};
use ids::{Hlc, Position};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
    strategy::ValueTree,
    test_runner::TestRunner,
};

use crate::{
    naive::Naive,
    world::{TIMES, World, arena, groups, history, members, nodes, record},
};

const ACCESSES: usize = 10_000;

fn cited_of<T>(grounds: &Grounds<T>) -> BTreeSet<Position> {
    let what = grounds.what.iter().map(|cited| &cited.record);
    let role = grounds.role.iter().filter_map(|(_, record)| record.as_ref());
    let groups = grounds.groups.iter().filter_map(|group| group.record.as_ref());
    let path = grounds.path.iter().flatten().map(|placed| &placed.record);
    what.chain(role).chain(groups).chain(path).map(|record: &Record| record.position.clone()).collect()
}

fn cited(explanation: &Explanation) -> BTreeSet<Position> {
    match &explanation.why {
        Why::Allowed(grounds) => cited_of(grounds),
        Why::Revoked(grounds) => cited_of(grounds),
        Why::NotGranted { .. } | Why::NotFound | Why::NotAsked => BTreeSet::new(),
    }
}

/// What is decided by these records and nothing else: by an arena, and by the naive recomputation.
fn decided_by<'a>(
    changes: impl Iterator<Item = &'a Change>,
    caller: Caller<'_>,
    explanation: &Explanation,
) -> [bool; 2] {
    let (mut arena, mut naive) = (arena(), Naive::default());
    for change in changes {
        arena.apply(change, &record(change.log(), 1)).unwrap();
        assert!(naive.apply(change, ids::Seq(1)));
    }
    let Explanation { right, node, now, .. } = explanation;
    let naively = naive.effective(caller.member, caller.claimed, node, *now).contains(*right);
    [arena.check(caller, *right, node, *now).is_allowed(), naively]
}

#[test]
fn explanations_of_ten_thousand_random_accesses_hold_by_the_cited_records_alone() {
    let mut runner = TestRunner::deterministic();
    let asked_on = |node: &NodeName| {
        let kind = node.kind();
        Right::ALL.iter().copied().filter(move |right| right.kind() == kind).collect::<Vec<_>>()
    };
    let question = select(nodes()).prop_flat_map(move |node| (select(asked_on(&node)), Just(node)));
    let access = (select(members()), subsequence(groups(), 0..2), question, 0..TIMES);
    let (mut asked, mut allowed, mut revoked) = (0, 0, 0);
    while asked < ACCESSES {
        let world = World::of(&history(60..120).new_tree(&mut runner).unwrap().current());
        for _ in 0..100 {
            let (member, claimed, (right, node), now) = access.new_tree(&mut runner).unwrap().current();
            let caller = Caller { member: &member, claimed: &claimed };
            let explanation = world.arena.explain(caller, right, &node, Hlc(now));
            let decision = world.arena.check(caller, right, &node, Hlc(now));
            assert_eq!(explanation.decision(), decision);
            let ledger = cited(&explanation).into_iter().map(|position| &world.ledger[position.seq.0 as usize]);
            let again = decided_by(ledger, caller, &explanation);
            assert_eq!(again, [decision.is_allowed(); 2], "{explanation:#?}");
            asked += 1;
            allowed += usize::from(decision.is_allowed());
            revoked += usize::from(decision == Decision::Denied(Denial::Revoked));
        }
    }
    assert!(allowed > 500 && revoked > 200, "too few to mean anything: {allowed} allowed, {revoked} revoked");
}

#[test]
fn a_revoke_is_what_a_refusal_rests_on() {
    let mut runner = TestRunner::deterministic();
    let mut seen = 0;
    while seen < 500 {
        let world = World::of(&history(60..120).new_tree(&mut runner).unwrap().current());
        for (member, node) in members().iter().flat_map(|member| nodes().into_iter().map(move |node| (member, node))) {
            let right = *Right::ALL.iter().find(|right| right.kind() == node.kind()).unwrap();
            let explanation = world.arena.explain(member.into(), right, &node, Hlc(0));
            let Why::Revoked(grounds) = &explanation.why else { continue };
            let mut naive = Naive::default();
            for position in cited_of(grounds) {
                assert!(naive.apply(&world.ledger[position.seq.0 as usize], position.seq));
            }
            let path = naive.path(&node).expect("the way to the root is cited");
            assert!(naive.is_revoked(member, &[], &path), "{explanation:#?}");
            seen += 1;
        }
    }
}

/// Every node that an explanation names, but for the one that was asked about.
fn named(explanation: &Explanation) -> Vec<NodeName> {
    fn of<T>(grounds: &Grounds<T>) -> Vec<NodeName> {
        grounds.on.iter().cloned().chain(grounds.path.iter().flatten().map(|placed| placed.node.clone())).collect()
    }
    match &explanation.why {
        Why::Allowed(grounds) => {
            let bound = grounds.what.iter().map(|cited| cited.value.node.clone());
            of(grounds).into_iter().chain(bound).collect()
        }
        Why::Revoked(grounds) => {
            let on = grounds.what.iter().filter_map(|cited| cited.value.node.clone());
            of(grounds).into_iter().chain(on).collect()
        }
        Why::NotGranted { .. } | Why::NotFound | Why::NotAsked => Vec::new(),
    }
}

fn knows_of(arena: &Arena, asker: &Member, node: &NodeName, now: Hlc) -> bool {
    let rights = arena.effective(asker.into(), node, now);
    rights.iter().any(|right| right.name().ends_with(".get") || right.name().ends_with(".getPolicy"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn nobody_is_told_of_a_node_that_they_may_not_see(
        history in history(20..80),
        asker in select(members()),
        member in select(members()),
        now in 0..TIMES,
    ) {
        let World { arena, .. } = World::of(&history);
        let now = Hlc(now);
        for node in nodes() {
            for right in Right::ALL.iter().filter(|right| right.kind() == node.kind()) {
                let full = arena.explain((&member).into(), *right, &node, now);
                let shown = full.clone().shown_to(&arena, (&asker).into());
                if !arena.may_see((&asker).into(), &node, now) {
                    prop_assert_eq!(&shown.why, &Why::NotFound);
                }
                for name in named(&shown) {
                    prop_assert!(knows_of(&arena, &asker, &name, now), "{} is told of {}: {:#?}", asker, name, shown);
                }
                let all = Right::ALL.iter().filter(|right| right.class() == access::Class::Read);
                let sees = |node: &NodeName| all.clone().all(|right| right.kind() != node.kind() || arena.effective((&asker).into(), node, now).contains(*right));
                if named(&full).iter().chain([&node]).all(sees) {
                    prop_assert_eq!(shown, full, "who may see all is shown all");
                }
            }
        }
    }
}
