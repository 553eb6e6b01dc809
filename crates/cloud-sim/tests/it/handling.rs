//! What the suite of the port does not ask, or cannot ask of a real cloud.

use cloud_sim::{Delays, Options, RestoreError, SIMULATED, Sim, Tamper};
use ports::cloud::*;

use crate::world::{HOUR, SECOND, World, call, code, site, tags};

fn world() -> World {
    World::new(Options { audit_max: None, ..Options::small(5, 2) })
}

#[test]
fn everything_says_that_it_is_simulated() {
    let mut world = world();
    let id = world.running("t1");
    assert_eq!(world.see(&id).tags.get(SIMULATED), Some("true"));
    let vpc = world.ask(DescribeVpcs(Describe::default())).unwrap().items.remove(0);
    assert_eq!(vpc.tags.get(SIMULATED), Some("true"));
    let images = world.ask(DescribeImages(Describe::default())).unwrap().items;
    assert!(images.iter().all(|image| image.name.contains(SIMULATED) && image.tags.get(SIMULATED).is_some()));
    let account = &world.site.account;
    assert_eq!(world.sim.alias(*account), format!("simulated-{account}"));
}

#[test]
fn an_instance_keeps_its_token_for_a_day_after_its_end_and_is_listed_for_an_hour() {
    let mut world = world();
    let run = world.launch("t1");
    let id = world.running("t1");
    world.ask(TerminateInstances { ids: vec![id.clone()] }).unwrap();
    world.pass(HOUR / 2);
    assert_eq!(world.see(&id).state, InstanceState::Terminated);
    world.pass(HOUR);
    assert_eq!(code(world.ask(DescribeInstances(Describe::id(id.clone())))), ErrorCode::InvalidInstanceIdNotFound);
    world.pass(20 * HOUR);
    assert_eq!(code(world.ask(run.clone())), ErrorCode::IdempotentInstanceTerminated);
    world.pass(5 * HOUR);
    assert_ne!(world.ask(run).unwrap().id, id, "after the day the token is a new one");
}

#[test]
fn a_machine_that_starts_again_joins_again() {
    let mut world = world();
    let id = world.running("t1");
    world.pass(60 * SECOND);
    let joined = |world: &mut World| world.see(&id).tags.get(guest::JOINED).unwrap().parse::<guest::Joined>().unwrap();
    let first = joined(&mut world);
    world.ask(StopInstances { ids: vec![id.clone()], hibernate: false }).unwrap();
    world.pass(60 * SECOND);
    world.ask(StartInstances { ids: vec![id.clone()] }).unwrap();
    world.pass(120 * SECOND);
    assert!(joined(&mut world).at > first.at);
}

#[test]
fn hibernating_takes_longer_than_stopping_and_a_public_address_is_another_after_it() {
    let mut world = world();
    let run = RunInstances { hibernation: true, public_address: true, ..world.launch("t1") };
    let id = world.ask(run).unwrap().id;
    world.pass(60 * SECOND);
    let first = world.see(&id);
    world.ask(StopInstances { ids: vec![id.clone()], hibernate: true }).unwrap();
    world.pass(40 * SECOND);
    assert_eq!(world.see(&id).state, InstanceState::Stopping);
    world.pass(40 * SECOND);
    let stopped = world.see(&id);
    assert_eq!((stopped.state, stopped.public_address), (InstanceState::Stopped, None));
    assert_eq!(stopped.private_address, first.private_address);
    world.ask(StartInstances { ids: vec![id.clone()] }).unwrap();
    let second = world.see(&id).public_address;
    assert!(second.is_some() && second != first.public_address);
}

#[test]
fn accounts_and_regions_do_not_see_each_other() {
    let mut world = world();
    let id = world.running("t1");
    for elsewhere in [site(2, "eu-west-1"), site(1, "us-east-1")] {
        let seen = call(&mut world.sim, world.now, &elsewhere, DescribeInstances(Describe::id(id.clone())));
        assert_eq!(code(seen), ErrorCode::InvalidInstanceIdNotFound);
    }
    for nowhere in [site(3, "eu-west-1"), site(1, "mars-north-1")] {
        let seen = call(&mut world.sim, world.now, &nowhere, DescribeVpcs(Describe::default()));
        assert_eq!(code(seen), ErrorCode::AuthFailure);
    }
}

#[test]
fn what_others_do_shows_and_is_in_the_audit() {
    let mut world = world();
    let id = world.running("t1");
    let place = world.place();
    let (group, now) = (world.group.clone(), world.now);
    assert!(world.sim.tamper(now, &place, Tamper::OpenGroup(group.clone())));
    assert!(world.sim.tamper(now, &place, Tamper::MakePublic(id.clone())));
    assert!(world.sim.tamper(now, &place, Tamper::Impair(id.clone())));
    assert!(world.sim.tamper(now, &place, Tamper::RemoveTag((&id).into(), "slot".to_owned())));
    let groups = world.ask(DescribeSecurityGroups(Describe::id(group))).unwrap().items;
    assert!(groups[0].ingress.iter().any(|rule| rule.source == Source::Range(Cidr::ALL)));
    let seen = world.see(&id);
    assert!(seen.public_address.is_some() && seen.tags.get("slot").is_none());
    let status = DescribeInstanceStatus { select: Describe::id(id.clone()), all: false };
    assert_eq!(world.ask(status).unwrap().items[0].instance, Check::Impaired);
    assert!(world.sim.tamper(now, &place, Tamper::Kill(id.clone())));
    assert!(!world.sim.tamper(now, &place, Tamper::Kill(id.clone())), "it is ending already");
    world.pass(60 * SECOND);
    assert_eq!(world.see(&id).state, InstanceState::Terminated);
    let tampered = |entry: &&cloud_sim::Entry| matches!(entry.what, cloud_sim::What::Tampered(_));
    assert_eq!(world.sim.audit().entries().filter(tampered).count(), 5);
}

#[test]
fn seconds_are_billed_from_running_to_not_running_and_a_minute_at_least_is_charged() {
    let exact = Delays { launch: 10_000, ..Delays::default() };
    let mut world = World::new(Options { delays: exact, ..Options::small(5, 1) });
    let id = world.ask(world.launch("t1")).unwrap().id;
    world.pass(20 * SECOND);
    let from = world.see(&id).running.unwrap().from;
    world.ask(TerminateInstances { ids: vec![id.clone()] }).unwrap();
    world.pass(HOUR);
    let line = world.sim.bill(world.site.account).remove(&id).unwrap();
    assert_eq!(line.seconds, (world.now - HOUR) / 1000 - from.0);
    assert_eq!(line.charged_seconds, 60);
    assert_eq!(line.charge(), 60 * 112_455 / 3600);
    assert_eq!(line.what.tags.get("slot"), Some("t1"));
    let part = |span| world.sim.bill_within(world.site.account, span).remove(&id);
    let (first, rest) = (part(0..from.0 + 4).unwrap(), part(from.0 + 4..u64::MAX).unwrap());
    assert_eq!((first.seconds, first.charged_seconds), (4, 4));
    assert_eq!((first.seconds + rest.seconds, first.charged_seconds + rest.charged_seconds), (line.seconds, 60));
    assert_eq!(part(from.0 + 60..u64::MAX), None);
}

#[test]
fn a_target_is_healthy_once_its_machine_joined_and_not_while_it_is_impaired() {
    let mut world = world();
    let balancer = CreateLoadBalancer {
        name: "n".into(),
        subnets: vec![world.subnet.clone()],
        internal: false,
        tags: Tags::default(),
    };
    let balancer = world.ask(balancer).unwrap().arn;
    let group = CreateTargetGroup { name: "t".into(), vpc: world.vpc.clone(), port: 6443, tags: Tags::default() };
    let group = world.ask(group).unwrap().arn;
    world.ask(CreateListener { balancer, port: 443, target_group: group.clone() }).unwrap();
    let id = world.running("t1");
    let state = |world: &mut World| world.ask(DescribeTargetHealth { group: group.clone() }).unwrap()[0].state;
    world.ask(RegisterTargets { group: group.clone(), instances: vec![id.clone()] }).unwrap();
    assert_eq!(state(&mut world), TargetState::Initial);
    world.pass(60 * SECOND);
    assert_eq!(state(&mut world), TargetState::Healthy);
    let (now, place) = (world.now, world.place());
    world.sim.tamper(now, &place, Tamper::Impair(id));
    assert_eq!(state(&mut world), TargetState::Unhealthy);
}

#[test]
fn a_nat_gateway_without_a_way_out_fails_and_gives_its_address_back() {
    let mut world = world();
    let allocation = world.ask(AllocateAddress { tags: Tags::default() }).unwrap().id;
    let subnet = world.subnet.clone();
    let create = CreateNatGateway {
        client_token: ClientToken::new("n"),
        subnet,
        allocation: allocation.clone(),
        tags: Tags::default(),
    };
    let nat = world.ask(create).unwrap().id;
    world.pass(300 * SECOND);
    let shown = world.ask(DescribeNatGateways(Describe::id(nat))).unwrap().items.remove(0);
    assert_eq!((shown.state, shown.failure), (NatGatewayState::Failed, Some(ErrorCode::GatewayNotAttached)));
    world.ask(ReleaseAddress { id: allocation }).unwrap();
}

#[test]
fn a_launch_takes_from_its_template_what_it_leaves_out() {
    let mut world = world();
    let template = CreateLaunchTemplate {
        client_token: ClientToken::new("lt"),
        name: "workers".into(),
        security_groups: vec![world.group.clone()],
        user_data: Some("x".repeat(17_000).into()),
        root_volume: None,
        tags: Tags::default(),
    };
    let template = world.ask(template).unwrap().id;
    let bare = RunInstances { security_groups: Vec::new(), launch_template: Some(template), ..world.launch("t1") };
    assert_eq!(
        code(world.ask(bare.clone())),
        ErrorCode::InvalidParameterValue,
        "the template's user data are too long"
    );
    let own = world.ask(RunInstances { user_data: Some("".into()), ..bare }).unwrap();
    assert_eq!(own.security_groups, [world.group.clone()]);
}

#[test]
fn the_default_group_of_a_vpc_lets_in_whoever_has_it() {
    let mut world = world();
    let groups = world.ask(DescribeSecurityGroups(Describe::default())).unwrap().items;
    let default = groups.iter().find(|group| &*group.name == "default").unwrap();
    let own = Rule { protocol: Protocol::All, ports: (0, u16::MAX), source: Source::Group(default.id.clone()) };
    assert_eq!(default.ingress, [own]);
    let made = groups.iter().find(|group| group.id == world.group).unwrap();
    assert_eq!(made.ingress, [], "another lets nobody in");
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let world = world();
    let bytes = world.sim.snapshot().unwrap();
    let restored = Sim::restore(&bytes).unwrap();
    assert!(restored.snapshot().unwrap() == bytes);
    let mut flipped = bytes.clone();
    let last = flipped.len() - 10;
    flipped[last] ^= 1;
    assert!(matches!(Sim::restore(&flipped), Err(RestoreError::Checksum { .. })));
    assert!(matches!(Sim::restore(&bytes[..bytes.len() - 1]), Err(RestoreError::Checksum { .. })));
    assert!(matches!(Sim::restore(b""), Err(RestoreError::Title { .. })));
    let other = String::from_utf8(bytes).unwrap().replacen("version 1", "version 2", 1);
    assert!(matches!(Sim::restore(other.as_bytes()), Err(RestoreError::Title { .. })));
}

#[test]
fn tags_are_bounded_and_all_or_none() {
    let mut world = world();
    let many: Tags = (0..50).map(|number| (format!("k{number}"), "v")).collect();
    let resources = vec![ResourceId::from(&world.vpc)];
    assert_eq!(code(world.ask(CreateTags { resources, tags: many })), ErrorCode::TagLimitExceeded);
    let both = vec![ResourceId::from(&world.vpc), ResourceId::new("vpc-1")];
    assert_eq!(
        code(world.ask(CreateTags { resources: both, tags: tags(&[("a", "b")]) })),
        ErrorCode::InvalidVpcIdNotFound
    );
    let vpc = world.ask(DescribeVpcs(Describe::default())).unwrap().items.remove(0);
    assert_eq!(vpc.tags.len(), 1, "only ours");
}
