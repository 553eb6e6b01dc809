//! How long questions about access take, beside the `cedar-policy` crate on the same tree, bindings and questions, in one run; and what
//! changes and previews cost where there are many clusters and bindings.
//!
//! `cargo bench -p access-bench`. Map: [`world`] what is measured on · [`cedar`] the same as entities and policies · [`figures`] times.
//!
//! The answers of both are compared, each question: a fast wrong answer is no figure.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::{hint::black_box, slice};

use access::{Arena, Binding, Change, Member, NodeName, Place};

mod cedar;
mod figures;
mod world;

use figures::{Times, memory};
use world::{NOW, Question, Scale, World, record};

const QUESTIONS: usize = 100_000;
/// Cedar is asked fewer, because it takes that much longer.
const CEDAR_QUESTIONS: usize = 2_000;
const CEDAR_QUESTIONS_ON_ALL: usize = 30;

fn main() {
    let scale = Scale { projects: 1_000, clusters_per_project: 10, namespaces: 0, bindings: 100_000 };
    println!("== 10,000 clusters, 100,000 bindings");
    let (world, arena) = build(scale);
    let questions = world.questions(QUESTIONS);
    let check = ask(&arena, &questions);
    beside_cedar(&world, &arena, &questions, &check);
    changes(&world, &arena);
    previews(&arena);

    println!("\n== 100 clusters of 1,000 namespaces, 10,000 members, 100,000 bindings");
    let scale = Scale { projects: 10, clusters_per_project: 10, namespaces: 1_000, bindings: 100_000 };
    let (world, arena) = build(scale);
    ask(&arena, &world.questions(QUESTIONS));
    changes(&world, &arena);
    previews(&arena);
}

fn build(scale: Scale) -> (World, Arena) {
    let world = World::new(scale);
    let before = memory();
    let mut times = Times::new(&format!("compiled from {} records", world.changes.len()));
    let arena = times.measure_processor(|| {
        let mut arena = world.empty();
        for (change, seq) in world.changes.iter().zip(1..) {
            arena.apply(change, &record(change, seq)).unwrap();
        }
        arena
    });
    println!("{times}; {:.0} MiB", (memory() - before) as f64 / f64::from(1 << 20));
    (world, arena)
}

fn ask(arena: &Arena, questions: &[Question]) -> Times {
    let mut times = Times::new("check");
    let mut effective = Times::new("effective rights, right after it");
    let mut allowed = 0;
    for Question { member, right, node } in questions {
        // As it comes from a request: just parsed.
        let (member, node): (Member, NodeName) =
            (member.to_string().parse().unwrap(), node.to_string().parse().unwrap());
        let (caller, node) = ((&member).into(), &node);
        let decision = times.measure(|| arena.check(caller, *right, node, NOW));
        let rights = effective.measure(|| arena.effective(caller, node, NOW));
        assert_eq!(decision.is_allowed(), rights.contains(*right), "{member} {right} {node}");
        allowed += usize::from(decision.is_allowed());
    }
    println!("{times}; {} of {} allowed\n{effective}", allowed, questions.len());
    times
}

fn beside_cedar(world: &World, arena: &Arena, questions: &[Question], check: &Times) {
    let all = cedar::Cedar::new(world);
    let mut slice_times = Times::new("cedar-policy, given the bindings above the node only");
    for question in questions.iter().take(CEDAR_QUESTIONS) {
        let (request, policies) = (all.request(question), all.policies_above(arena, question));
        let allowed = slice_times.measure(|| all.ask(&request, &policies));
        compare(arena, question, allowed);
    }
    let mut all_times = Times::new("cedar-policy, given all bindings");
    for question in questions.iter().take(CEDAR_QUESTIONS_ON_ALL) {
        let request = all.request(question);
        let allowed = all_times.measure(|| all.ask(&request, all.policies()));
        compare(arena, question, allowed);
    }
    for times in [slice_times, all_times] {
        println!("{times}: {:.0} x check", times.at(50) as f64 / check.at(50) as f64);
    }
}

fn compare(arena: &Arena, Question { member, right, node }: &Question, allowed: bool) {
    assert_eq!(arena.check(member.into(), *right, node, NOW).is_allowed(), allowed, "{member} {right} {node}");
}

/// Each while a copy of the arena is held, as readers hold one.
fn changes(world: &World, arena: &Arena) {
    let mut arena = arena.clone();
    let mut one = |name: &str, changes: Vec<Change>| {
        let mut times = Times::new(name);
        for change in changes {
            let held = arena.clone();
            let record = record(&change, 1);
            times.measure(|| arena.apply(&change, &record).unwrap());
            black_box(held);
        }
        println!("{times}");
    };
    let bindings = |on_root: bool| -> Vec<Binding> {
        let all = world.changes.iter().rev().filter_map(|change| match change {
            Change::Bind(binding) if (binding.node == world.root) == on_root => Some(binding.clone()),
            _ => None,
        });
        all.take(1_000).collect()
    };
    let unbind = |binding: &Binding| Change::Unbind { node: binding.node.clone(), id: binding.id.clone() };
    for (place, on_root) in [("below", false), ("on the root", true)] {
        let bindings = bindings(on_root);
        one(&format!("one binding removed {place}"), bindings.iter().map(unbind).collect());
        one(&format!("one binding added {place}"), bindings.into_iter().map(Change::Bind).collect());
    }
    let places = world.changes.iter().filter_map(|change| match change {
        Change::Place(Place::Project(name, _)) => {
            Some(Change::Place(Place::Project(name.clone(), world.folder(0).to_string().parse().unwrap())))
        }
        _ => None,
    });
    one("one project moved", places.take(1_000).collect());
    let groups = world.changes.iter().filter_map(|change| match change {
        Change::Group(group) => {
            let mut group = group.clone();
            group.members.pop_last();
            Some(Change::Group(group))
        }
        _ => None,
    });
    one("one member less in a group", groups.take(100).collect());
}

fn previews(arena: &Arena) {
    for (name, to) in [("one user", "user:u77"), ("a group", "group:g77"), ("a group of everyone", "group:everyone")] {
        let binding = Binding {
            node: world::root(),
            id: "preview".parse().unwrap(),
            role: "organization.admin".parse().unwrap(),
            members: [to.parse::<Member>().unwrap()].into(),
            from: None,
            until: None,
        };
        let change = Change::Bind(binding);
        let mut times = Times::new(&format!("preview of a root binding for {name}"));
        for _ in 0..5 {
            times.measure_processor(|| black_box(arena.preview(slice::from_ref(&change), NOW).unwrap()));
        }
        let preview = arena.preview(slice::from_ref(&change), NOW).unwrap();
        let classes = &preview.stages.first().unwrap().blast.classes;
        let members: usize = classes.iter().map(|class| class.members.len()).sum();
        let pairs: usize = classes.iter().map(|class| class.members.len() * class.nodes).sum();
        println!("{times}; {members} members in {} classes, {pairs} pairs of member and node", classes.len());
        let mut confirm = Times::new("the same plan confirmed");
        confirm.measure_processor(|| arena.confirm(slice::from_ref(&change), NOW, &preview.token).unwrap());
        println!("{confirm}");
    }
}
