//! Many instances: that what a call costs does not grow with them. Run by hand, in release: `cargo test -p cloud-sim --release -- --ignored`.

use cloud_sim::Options;
use ports::cloud::*;

use crate::world::{SECOND, World};

/// The resident memory of this process, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
#[ignore = "takes a minute and a gigabyte"]
fn three_hundred_thousand_instances_fit_into_a_gibibyte() {
    let mut world = World::new(Options { audit_max: Some(1000), ..Options::small(1, 1) });
    let range = "10.0.0.0/16".parse().unwrap();
    let mut subnets = vec![world.subnet.clone()];
    for _ in 0..4 {
        let vpc = world.ask(CreateVpc { cidr: range, tags: Tags::default() }).unwrap().id;
        let zone = Zone::new("eu-west-1b");
        let subnet = CreateSubnet { vpc, zone, cidr: range, tags: Tags::default() };
        subnets.push(world.ask(subnet).unwrap().id);
    }
    for instances in [10_000, 100_000, 300_000] {
        let started = tokio::time::Instant::now();
        for number in world.sim.instances().count()..instances {
            let mut run = RunInstances { security_groups: Vec::new(), ..world.launch(&format!("slot-{number:0>40}")) };
            run.subnet = subnets[number / 62_000].clone();
            world.ask(run).unwrap();
            world.pass(1);
        }
        world.pass(300 * SECOND);
        let launched = started.elapsed();
        let started = tokio::time::Instant::now();
        for number in 0..1000 {
            let wanted = format!("slot-{number:0>40}");
            let found = world.ask(DescribeInstances(Describe::filter(Filter::tag("slot", wanted)))).unwrap();
            assert_eq!(found.items.len(), 1);
            world.pass(1000);
        }
        println!(
            "{instances} instances: {} MiB, made in {launched:?}, a lookup and a second in {:?}",
            resident(),
            started.elapsed() / 1000
        );
    }
    assert!(resident() < 1024, "{} MiB", resident());
    let started = tokio::time::Instant::now();
    let bytes = world.sim.snapshot().unwrap();
    println!("a snapshot: {} MiB in {:?}", bytes.len() >> 20, started.elapsed());
    drop(world);
    let started = tokio::time::Instant::now();
    cloud_sim::Sim::restore(&bytes).unwrap();
    println!("restored in {:?}", started.elapsed());
}

#[test]
fn what_is_due_is_found_without_looking_at_everything() {
    let mut world = World::new(Options::small(1, 1));
    assert_eq!(world.sim.next_due(), None);
    world.ask(world.launch("t1")).unwrap();
    let due = world.sim.next_due().unwrap();
    assert!((world.now + 30 * SECOND..=world.now + 50 * SECOND).contains(&due));
}
