//! The simulator as a function of its seed. That two processes agree is for `cargo xtask sim --twice`; here two runs in one.

use std::time::Duration;

use sim::{
    on_virtual_time,
    plan::{CANARIES, Fault, Plan},
    run::run,
    seeds::Seeds,
};

#[test]
fn plan_is_a_function_of_the_seed() {
    for seed in 0..50 {
        let draw = || format!("{:?}", Plan::draw(seed, None, None));
        assert_eq!(draw(), draw());
    }
    let distinct: std::collections::BTreeSet<String> =
        (0..50).map(|seed| format!("{:?}", Plan { seeds: Seeds(0), ..Plan::draw(seed, None, None) })).collect();
    assert_eq!(distinct.len(), 50, "another seed is another plan");
}

#[test]
fn plan_leaves_out_what_makes_no_sense() {
    for seed in 0..300 {
        let plan = Plan::draw(seed, None, None);
        assert!(plan.nodes == 3 || !plan.faults.contains(&Fault::Replace), "the only member is its whole log");
        if let Some(isolated) = &plan.isolated {
            assert!(plan.regions.contains(isolated));
            assert_eq!(plan.weather.loss, 0, "the quickness of an isolated region is measured");
            assert!(!plan.faults.contains(&Fault::Replace));
        }
    }
}

#[test]
fn canary_gets_the_faults_that_it_needs() {
    for canary in CANARIES {
        for seed in 0..20 {
            let plan = Plan::draw(seed, None, Some(canary));
            assert!(canary.needs.iter().all(|fault| plan.faults.contains(fault)), "{}", canary.name);
            assert_eq!((plan.nodes, plan.bug), (canary.nodes, canary.bug));
        }
    }
}

#[test]
fn streams_of_chance_do_not_disturb_each_other() {
    assert_eq!(Seeds(7).of("net"), Seeds(7).of("net"));
    assert_ne!(Seeds(7).of("net"), Seeds(7).of("plan"));
    assert_ne!(Seeds(7).of("net"), Seeds(8).of("net"));
}

#[test]
fn two_runs_of_one_seed_are_one_run() {
    let short =
        |seed| Plan { safety: Duration::from_secs(3), clients_per_region: 2, ..Plan::draw(seed, Some(1), None) };
    let digest = |seed| {
        let report = on_virtual_time(run(short(seed))).unwrap();
        assert!(report.violations.is_empty(), "{:#?}", report.violations);
        (report.digest, report.lines)
    };
    let first = digest(1);
    assert_eq!(digest(1), first);
    assert_ne!(digest(2), first);
}
