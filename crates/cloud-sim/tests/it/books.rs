//! The same seed gives the same bytes; and whatever vices do, tokens have one effect, nothing exists without a call, and the bill is right.

use cloud_sim::{Effect, Options, Sim, Tamper, Told, Vices, What};
use ports::cloud::*;

use crate::world::{SECOND, World};

const STEPS: u64 = 120;

/// A stream of numbers, for the script alone.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn options(seed: u64) -> Options {
    let vices = match seed % 3 {
        0 => Vices::off(),
        1 => Vices::mild(),
        _ => Vices { mean_life_s: 1200, mean_health_s: 1200, ..Vices::harsh() },
    };
    Options { vices, audit_max: None, ..Options::small(seed, 1) }
}

/// Calls as `seed` draws them; the cloud is restarted before the step `restart`.
fn script(seed: u64, restart: Option<u64>) -> Sim {
    let mut world = World::new(options(seed));
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9) | 1);
    let mut known: Vec<InstanceId> = Vec::new();
    let mut tokens = 0;
    for step in 0..STEPS {
        if restart == Some(step) {
            let bytes = world.sim.snapshot().unwrap();
            world.sim = Sim::restore(&bytes).unwrap();
        }
        world.now += dice.below(40 * SECOND);
        let some = (!known.is_empty()).then(|| known[dice.below(known.len() as u64) as usize].clone());
        match (dice.below(10), some) {
            (0..=2, _) => {
                tokens += 1;
                let run = world.launch(&format!("t{tokens}"));
                known.extend(world.ask(run).ok().map(|instance| instance.id));
            }
            // Again, as after an answer that was lost; now and then with other parameters.
            (3..=4, _) => {
                let mut run = world.launch(&format!("t{}", dice.below(tokens.max(1)) + 1));
                run.hibernation = dice.below(5) == 0;
                known.extend(world.ask(run).ok().map(|instance| instance.id));
            }
            (5, Some(id)) => drop(world.ask(TerminateInstances { ids: vec![id] })),
            (6, Some(id)) => drop(world.ask(StopInstances { ids: vec![id], hibernate: false })),
            (7, Some(id)) => drop(world.ask(StartInstances { ids: vec![id] })),
            (8, Some(id)) => drop(world.sim.tamper(world.now, &world.place(), Tamper::Kill(id))),
            _ => {
                let page = PageRequest { size: Some(5), token: None };
                let listed = world.ask(DescribeInstances(Describe { page, ..Describe::default() }));
                known.extend(listed.into_iter().flat_map(|page| page.items).map(|instance| instance.id));
            }
        }
    }
    world.pass(300 * SECOND);
    world.sim
}

#[test]
fn the_same_seed_gives_the_same_bytes_also_over_a_restart() {
    for seed in 0..200 {
        let (one, other) = (script(seed, None), script(seed, Some(seed % STEPS)));
        assert!(one.snapshot().unwrap() == other.snapshot().unwrap(), "seed {seed}");
    }
}

#[test]
fn another_seed_gives_another_cloud() {
    assert!(script(3, None).snapshot().unwrap() != script(6, None).snapshot().unwrap());
}

#[test]
fn a_token_launches_at_most_one_instance_whatever_happens_to_its_calls() {
    let mut faults = 0;
    for seed in 0..200 {
        let sim = script(seed, None);
        assert!(!sim.audit().cut());
        assert_eq!(sim.audit().launched_twice(), [], "seed {seed}");
        let fault = |what: &What| matches!(what, What::Call { fault: Some(_), .. });
        faults += sim.audit().entries().filter(|entry| fault(&entry.what)).count();
    }
    assert!(faults > 1000, "only {faults} calls met a fault: the check shows little");
}

#[test]
fn whoever_repeats_a_call_until_it_is_answered_has_exactly_one_instance() {
    for seed in 0..50 {
        let vices = Vices { mean_life_s: 0, launch_outage: 0, capacity_outage: 0, ..Vices::harsh() };
        let mut world = World::new(Options { vices, audit_max: None, ..Options::small(seed, 1) });
        for number in 0..20 {
            let run = world.launch(&format!("t{number}"));
            let told = loop {
                match world.ask(run.clone()) {
                    Ok(instance) => break instance.id,
                    Err(_) => world.pass(5 * SECOND),
                }
            };
            world.pass(200 * SECOND);
            let token = |instance: &Instance| instance.client_token == run.client_token;
            let made = world.sim.instances().filter(|(_, instance)| token(instance)).map(|(_, made)| made.id.clone());
            assert_eq!(made.collect::<Vec<_>>(), [told], "seed {seed}, token {number}");
        }
    }
}

#[test]
fn no_instance_exists_without_a_recorded_call_that_launched_it() {
    for seed in 0..200 {
        let sim = script(seed, None);
        let launched = sim.audit().launched();
        assert!(sim.instances().all(|(_, instance)| launched.contains(&instance.id)), "seed {seed}");
    }
}

#[test]
fn who_is_told_that_a_call_had_no_effect_is_told_the_truth() {
    for seed in 0..200 {
        let sim = script(seed, None);
        for entry in sim.audit().entries() {
            let What::Call { effects, told: Told::Failed(error), .. } = &entry.what else { continue };
            let quiet = effects.iter().all(|effect| matches!(effect, Effect::Repeated(_)));
            assert!(quiet || !error.without_effect(), "seed {seed}: {entry:?}");
        }
    }
}

#[test]
fn the_bill_is_the_sum_of_the_recorded_running_times() {
    let mut seconds = 0;
    for seed in 0..200 {
        let sim = script(seed, None);
        let bill = sim.bill("000000000001".parse().unwrap());
        let recomputed = sim.audit().running_seconds(sim.now());
        for (instance, ran) in &recomputed {
            let billed = bill.get(instance).map_or(0, |line| line.seconds);
            assert_eq!(billed, *ran, "seed {seed}: {instance}");
        }
        assert!(bill.keys().all(|instance| recomputed.contains_key(instance)), "seed {seed}");
        assert!(bill.values().all(|line| line.charged_seconds >= line.seconds), "seed {seed}");
        seconds += bill.values().map(|line| line.seconds).sum::<u64>();
    }
    assert!(seconds > 100_000, "only {seconds} s were billed: the check shows little");
}
