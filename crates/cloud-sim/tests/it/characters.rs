//! Each vice, alone: that it happens, and what it does.

use cloud_sim::{Capacity, Options, Outage, Quotas, Vices};
use ports::cloud::*;

use crate::world::{HOUR, SECOND, START, World, code, trouble};

fn with(vices: Vices) -> World {
    World::new(Options { vices, audit_max: None, ..Options::small(11, 1) })
}

#[test]
fn calls_are_throttled_per_action_and_come_back_at_the_documented_rate() {
    let mut world = with(Vices { throttle_percent: Some(100), ..Vices::off() });
    for number in 0..5 {
        world.ask(world.launch(&format!("t{number}"))).unwrap();
    }
    assert_eq!(trouble(world.ask(world.launch("t5"))), Trouble::RequestLimitExceeded);
    world.ask(DescribeVpcs(Describe::default())).unwrap();
    world.pass(SECOND);
    for number in 5..7 {
        world.ask(world.launch(&format!("t{number}"))).unwrap();
    }
    assert_eq!(trouble(world.ask(world.launch("t7"))), Trouble::RequestLimitExceeded);
}

#[test]
fn a_lagging_replica_may_not_know_of_a_launch_and_may_show_an_older_state() {
    let mut world = with(Vices { lag: 30_000, stale: 500, ..Vices::off() });
    let (mut missing, mut old) = (0, 0);
    for number in 0..40 {
        let id = loop {
            let run = world.launch(&format!("t{number}"));
            match world.ask(run) {
                Ok(instance) => break instance.id,
                Err(error) => assert!(error.code().unwrap().as_str().contains("NotFound"), "{error}"),
            }
        };
        let described = world.ask(DescribeInstances(Describe::id(id.clone())));
        missing +=
            usize::from(matches!(described, Err(error) if error.code() == Some(&ErrorCode::InvalidInstanceIdNotFound)));
        world.pass(120 * SECOND);
        while world.ask(TerminateInstances { ids: vec![id.clone()] }).is_err() {}
        old += usize::from(world.see(&id).state == InstanceState::Running);
        world.pass(120 * SECOND);
        assert_eq!(world.see(&id).state, InstanceState::Terminated, "after the lag everybody knows");
    }
    assert!(missing > 5 && old > 5, "{missing} were missing, {old} were old");
}

#[test]
fn a_filter_finds_what_the_answering_replica_shows_of_tags_that_changed() {
    let mut world = with(Vices::off());
    let id = world.running("t1");
    world.pass(60 * SECOND);
    world.sim.set_vices(Vices { lag: 30_000, stale: 1000, ..Vices::off() });
    let tags = [("slot", "t2")].into_iter().collect();
    world.ask(CreateTags { resources: vec![(&id).into()], tags }).unwrap();
    let mut find =
        |value| world.ask(DescribeInstances(Describe::filter(Filter::tag("slot", value)))).unwrap().items.len();
    assert_eq!((find("t1"), find("t2")), (1, 0), "a replica that lags");
    world.pass(60 * SECOND);
    let mut find =
        |value| world.ask(DescribeInstances(Describe::filter(Filter::tag("slot", value)))).unwrap().items.len();
    assert_eq!((find("t1"), find("t2")), (0, 1));
}

#[test]
fn a_type_without_capacity_is_refused_and_its_token_is_bound_to_it() {
    let zone = Zone::new("eu-west-1a");
    let limit = Capacity { zone, instance_type: InstanceType::new("m7i.large"), instances: 1 };
    let mut world = with(Vices { capacity: vec![limit], ..Vices::off() });
    let first = world.ask(world.launch("t1")).unwrap().id;
    let refused = world.launch("t2");
    assert_eq!(trouble(world.ask(refused.clone())), Trouble::InsufficientInstanceCapacity);
    let other = RunInstances {
        instance_type: InstanceType::new("m7g.large"),
        image: ImageId::new("ami-0000000000000arm"),
        ..refused.clone()
    };
    assert_eq!(code(world.ask(other.clone())), ErrorCode::IdempotentParameterMismatch);
    world.ask(RunInstances { client_token: ClientToken::new("t3"), ..other }).unwrap();
    world.ask(TerminateInstances { ids: vec![first] }).unwrap();
    world.ask(refused).unwrap();
}

#[test]
fn an_outage_ends_by_itself() {
    let region = CloudRegion::new("eu-west-1");
    let outage = Outage { region, zone: None, instance_type: None, from: START, until: START + 3 * HOUR };
    let mut world = with(Vices { outages: vec![outage], ..Vices::off() });
    assert_eq!(trouble(world.ask(world.launch("t1"))), Trouble::Unavailable);
    world.pass(2 * HOUR);
    assert_eq!(trouble(world.ask(world.launch("t1"))), Trouble::Unavailable);
    world.ask(DescribeVpcs(Describe::default())).unwrap();
    world.pass(HOUR);
    world.ask(world.launch("t1")).unwrap();
}

#[test]
fn a_type_is_missing_in_a_zone_for_whole_hours() {
    let mut world = with(Vices { capacity_outage: 500, ..Vices::off() });
    let mut missing = 0;
    for hour in 0..40 {
        let in_this_hour = [0, 30].map(|minute| {
            let answer = world.ask(world.launch(&format!("t{hour}-{minute}")));
            world.pass(HOUR / 2);
            answer.is_err()
        });
        assert_eq!(in_this_hour[0], in_this_hour[1], "the same answer all the hour");
        missing += usize::from(in_this_hour[0]);
    }
    assert!((10..30).contains(&missing), "{missing} of 40 hours");
}

#[test]
fn the_quota_of_vcpus_counts_what_is_pending_or_running() {
    let quotas = Quotas { vcpus: Some(4), ..Quotas::default() };
    let mut world = World::new(Options { quotas, ..Options::small(1, 1) });
    let first = world.running("t1");
    world.running("t2");
    assert_eq!(trouble(world.ask(world.launch("t3"))), Trouble::VcpuLimitExceeded);
    world.ask(StopInstances { ids: vec![first.clone()], hibernate: false }).unwrap();
    world.running("t3");
    world.pass(60 * SECOND);
    assert_eq!(trouble(world.ask(StartInstances { ids: vec![first] })), Trouble::VcpuLimitExceeded);
}

#[test]
fn instances_that_start_together_need_room_together() {
    let zone = Zone::new("eu-west-1a");
    let limit = Capacity { zone, instance_type: InstanceType::new("m7i.large"), instances: 3 };
    let full = Options { vices: Vices { capacity: vec![limit], ..Vices::off() }, ..Options::small(1, 1) };
    let spent = Options { quotas: Quotas { vcpus: Some(6), ..Quotas::default() }, ..Options::small(1, 1) };
    for (options, told) in [(full, Trouble::InsufficientInstanceCapacity), (spent, Trouble::VcpuLimitExceeded)] {
        let mut world = World::new(options);
        let ids: Vec<InstanceId> = (1..=2).map(|number| world.running(&format!("t{number}"))).collect();
        world.ask(StopInstances { ids: ids.clone(), hibernate: false }).unwrap();
        world.pass(60 * SECOND);
        world.running("t3");
        world.running("t4");
        assert_eq!(trouble(world.ask(StartInstances { ids: ids.clone() })), told);
        assert!(ids.iter().all(|id| world.see(id).state == InstanceState::Stopped), "all or none");
        world.ask(StartInstances { ids: ids[..1].to_vec() }).unwrap();
    }
}

#[test]
fn instances_die_and_become_impaired_by_themselves() {
    let mut world = with(Vices { mean_life_s: 3600, mean_health_s: 3600, ..Vices::off() });
    for number in 0..40 {
        world.ask(world.launch(&format!("t{number}"))).unwrap();
    }
    world.pass(HOUR);
    let statuses = world.ask(DescribeInstanceStatus { select: Describe::default(), all: false }).unwrap().items;
    let impaired = statuses.iter().filter(|status| status.instance == Check::Impaired).count();
    let dead = 40 - statuses.len();
    assert!((10..38).contains(&dead), "{dead} died in an hour, with a mean of one");
    assert!(impaired > 3, "{impaired} of {} are impaired", statuses.len());
}

#[test]
fn a_guest_joins_by_tagging_its_instance_or_never() {
    for (share, joins) in [(0, true), (1000, false)] {
        let mut world = with(Vices { never_joins: share, ..Vices::off() });
        let id = world.running("t1");
        world.pass(60 * SECOND);
        let joined = world.see(&id).tags.get(guest::JOINED).map(|text| text.parse::<guest::Joined>().unwrap());
        assert_eq!(joined.is_some(), joins);
        assert!(joined.is_none_or(|joined| joined.generation == 7 && joined.at.0 > START / 1000));
    }
}

#[test]
fn each_fault_of_a_call_does_what_it_says() {
    let launches = |world: &World| world.sim.instances().count();
    for (vices, now, later) in [
        (Vices { timeout_without_effect: 1000, ..Vices::off() }, 0, 0),
        (Vices { timeout_with_effect: 1000, ..Vices::off() }, 1, 1),
        (Vices { lost_response: 1000, ..Vices::off() }, 1, 1),
        (Vices { late_effect: 1000, late_by: 60_000, ..Vices::off() }, 0, 1),
    ] {
        let mut world = with(vices);
        let answer = world.ask(world.launch("t1"));
        assert!(matches!(answer, Err(CloudError::Unknown { .. })), "{answer:?}");
        assert_eq!(launches(&world), now);
        world.pass(90 * SECOND);
        assert_eq!(launches(&world), later);
    }
    let mut world = with(Vices { internal_error: 1000, ..Vices::off() });
    for number in 0..20 {
        assert_eq!(trouble(world.ask(world.launch(&format!("t{number}")))), Trouble::InternalError);
    }
    assert!((3..17).contains(&launches(&world)), "{} of 20 had an effect", launches(&world));
    let mut world = with(Vices { duplicate: 1000, ..Vices::off() });
    let told = world.ask(world.launch("t1")).unwrap().id;
    let made: Vec<_> = world.sim.instances().map(|(_, instance)| instance.id.clone()).collect();
    assert_eq!(made, [told], "a call with a token that arrives twice");
    world.ask(CreateInternetGateway { tags: Tags::default() }).unwrap();
    let gateways = world.ask(DescribeInternetGateways(Describe::default())).unwrap().items.len();
    assert_eq!(gateways, 2, "a call without one");
    let vpc = world.vpc.clone();
    let group = CreateSecurityGroup { vpc, name: "n".into(), description: "d".into(), tags: Tags::default() };
    world.ask(group).expect("not told that its name is taken, by itself");
    assert_eq!(world.sim.audit().made_twice(), [], "nobody said what for");
    world.site.cause = Some("intent 7".into());
    world.ask(CreateInternetGateway { tags: [("for", "7")].into_iter().collect() }).unwrap();
    let twice = world.sim.audit().made_twice();
    let twice: Vec<_> = twice.iter().map(|double| (&*double.wish.by, double.made.len())).collect();
    assert_eq!(twice, [("intent 7", 2)]);
    assert_eq!(world.sim.tagged("for").len(), 2, "both are there");
}
