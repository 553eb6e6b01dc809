//! Previews say exactly what would change, and a plan holds for as long as it would do the same.

use std::collections::BTreeMap;

use access::{Arena, Blast, Change, Member, NodeName, Preview, Rights, Stale};
use ids::{Hlc, Log, Seq};
use proptest::{collection::vec, prelude::*};

use crate::{
    naive::{Naive, difference},
    world::{TIMES, World, change, history, members, nodes},
};

type Result = BTreeMap<(Member, NodeName), (Rights, Rights)>;

fn in_full(blast: &Blast) -> Result {
    let mut all = Result::new();
    blast.each(|member, node, gained, lost| {
        let before = all.insert((member.clone(), node.clone()), (gained, lost));
        assert_eq!(before, None, "told twice: {member} on {node}");
    });
    all
}

/// The place of the record that would come next in the global log.
fn next(arena: &Arena) -> Seq {
    arena.positions().get(&Log::Global).map_or(Seq::ZERO, |(_, seq)| seq).next()
}

fn brute_force((naive, next): (&Naive, Seq), changes: &[Change], at: Hlc) -> Result {
    let mut after = naive.clone();
    changes.iter().for_each(|change| assert!(after.apply(change, next)));
    let everything = |naive: &Naive| naive.everything(&members(), &nodes(), at);
    difference(&everything(naive), &everything(&after))
}

/// Each stage of a preview as the naive recomputation has it.
fn stages((naive, next): (&Naive, Seq), changes: &[Change], now: Hlc, preview: &Preview) -> Vec<(Option<Hlc>, Result)> {
    let stage = |from: Option<Hlc>| (from, brute_force((naive, next), changes, from.unwrap_or(now)));
    preview.stages.iter().map(|at| stage(at.from)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_preview_is_the_brute_force_difference(
        history in history(10..60),
        candidates in vec(change(), 12),
        most in 1..4_usize,
        now in 0..TIMES,
    ) {
        let world = World::of(&history);
        let changes = world.possible(&candidates, most);
        let World { arena, naive, .. } = world;
        for stage in arena.preview(&changes, Hlc(now)).unwrap().stages {
            let at = stage.from.unwrap_or(Hlc(now));
            let ours = in_full(&stage.blast);
            let classes = &stage.blast.classes;
            prop_assert_eq!(classes.iter().map(|class| class.members.len() * class.nodes).sum::<usize>(), ours.len());
            for class in classes {
                let counted = stage.blast.differences(class).iter().map(|difference| difference.nodes).sum::<usize>();
                prop_assert_eq!(counted, class.nodes);
            }
            prop_assert_eq!(ours, brute_force((&naive, next(&arena)), &changes, at), "at {}", at);
        }
    }

    #[test]
    fn a_plan_holds_exactly_as_long_as_it_would_do_the_same(
        history in history(10..60),
        candidates in vec(change(), 8),
        meanwhile in vec(change(), 1..4),
        now in 0..TIMES,
        later in 0..2_u64,
    ) {
        let mut world = World::of(&history);
        let (now, later) = (Hlc(now), Hlc(now + later));
        let changes = world.possible(&candidates, 2);
        let preview = world.arena.preview(&changes, now).unwrap();
        let planned = stages((&world.naive, next(&world.arena)), &changes, now, &preview);
        meanwhile.iter().for_each(|change| world.apply(change));
        let confirmed = world.arena.confirm(&changes, later, &preview.token);
        let Ok(again) = world.arena.preview(&changes, later) else {
            prop_assert!(matches!(confirmed, Err(Stale::Refused(_))));
            return Ok(());
        };
        if stages((&world.naive, next(&world.arena)), &changes, later, &again) == planned {
            prop_assert!(confirmed.is_ok());
        } else {
            prop_assert!(matches!(confirmed, Err(Stale::Changed)));
        }
    }
}
