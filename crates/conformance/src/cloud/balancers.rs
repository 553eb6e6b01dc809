//! Load balancers and their targets.

use ports::cloud::*;

use super::{
    Probe, Stage,
    instances::{at, by_id},
};
use crate::{Broken, broken::same};

const NAMES: &str = "a load balancer has a name of its own: the same settings answer it again, others are refused";
const TARGETS: &str = "a target is unused without a listener, then checked, then draining";

fn balancer(probe: &Probe<'_>, stage: &Stage) -> CreateLoadBalancer {
    let subnets = stage.subnets.to_vec();
    CreateLoadBalancer { name: probe.name("nlb"), subnets, internal: true, tags: probe.tags("nlb") }
}

fn group(probe: &Probe<'_>, stage: &Stage) -> CreateTargetGroup {
    CreateTargetGroup { name: probe.name("targets"), vpc: stage.vpc.clone(), port: 6443, tags: probe.tags("targets") }
}

pub async fn names(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let create = balancer(probe, stage);
    let first = probe.done(NAMES, create.clone()).await?;
    same("a load balancer is provisioned first", &first.state, &LoadBalancerState::Provisioning)?;
    let again = probe.done(NAMES, create.clone()).await?;
    same(NAMES, &again.arn, &first.arn)?;
    let other = CreateLoadBalancer { internal: false, ..create.clone() };
    probe.refused(NAMES, other, ErrorCode::DuplicateLoadBalancerName).await?;
    let [subnet, _] = &stage.subnets;
    let [zone, _] = &probe.fixture.zones;
    let beside = super::stage::subnet(probe, &stage.vpc, zone, 2).await?;
    let twice = vec![subnet.clone(), beside];
    let twice = CreateLoadBalancer { name: probe.name("twice"), subnets: twice, ..create.clone() };
    let promise = "a load balancer has one subnet per zone";
    probe.refused(promise, twice, ErrorCode::InvalidConfigurationRequest).await?;
    let ill = CreateLoadBalancer { name: "-ill-".into(), ..create.clone() };
    probe.refused("a name is spelled as allowed", ill, ErrorCode::ValidationError).await?;
    let describe = DescribeLoadBalancers { names: vec![create.name], ..DescribeLoadBalancers::default() };
    let active = |page: &Page<LoadBalancer>| {
        page.items
            .first()
            .filter(|balancer| balancer.state == LoadBalancerState::Active)
            .map(|balancer| balancer.arn.clone())
    };
    let arn = probe.until("a load balancer becomes active", describe, active).await?;
    same(NAMES, &arn, &first.arn)?;
    let inside = DeleteSubnet { id: subnet.clone() };
    let promise = "a subnet with a load balancer in it is not deleted";
    probe.refused(promise, inside, ErrorCode::DependencyViolation).await?;
    let create = group(probe, stage);
    let first = probe.done(NAMES, create.clone()).await?;
    same(NAMES, &probe.done(NAMES, create.clone()).await?.arn, &first.arn)?;
    let other = CreateTargetGroup { port: 1, ..create };
    probe.refused(NAMES, other, ErrorCode::DuplicateTargetGroupName).await
}

pub async fn targets(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let balancer = probe.done(TARGETS, balancer(probe, stage)).await?.arn;
    let group = probe.done(TARGETS, group(probe, stage)).await?.arn;
    let instance = probe.done(TARGETS, stage.launch(probe, "target")).await?.id;
    probe.until(TARGETS, by_id(&instance), at(InstanceState::Running)).await?;
    let register = RegisterTargets { group: group.clone(), instances: vec![instance.clone()] };
    probe.done(TARGETS, register.clone()).await?;
    let health = DescribeTargetHealth { group: group.clone() };
    let state = |health: &Vec<TargetHealth>| {
        health.iter().find(|target| target.instance == instance).map(|target| target.state)
    };
    let unused = |health: &Vec<TargetHealth>| state(health).filter(|state| *state == TargetState::Unused).map(drop);
    probe.until(TARGETS, health.clone(), unused).await?;
    let listen = CreateListener { balancer: balancer.clone(), port: 443, target_group: group.clone() };
    let listener = probe.done(TARGETS, listen.clone()).await?;
    same("a listener is made once", &probe.done(TARGETS, listen).await?, &listener)?;
    let wanted = Listener { arn: listener, port: 443, target_group: group.clone() };
    let told = |told: &Vec<Listener>| told.contains(&wanted).then_some(());
    probe.until("a listener is told", DescribeListeners { balancer: balancer.clone() }, told).await?;
    let checked = |health: &Vec<TargetHealth>| {
        let checked = [TargetState::Initial, TargetState::Healthy, TargetState::Unhealthy];
        state(health).filter(|state| checked.contains(state)).map(drop)
    };
    probe.until(TARGETS, health.clone(), checked).await?;
    let used = DeleteTargetGroup { arn: group.clone() };
    let promise = "a target group that a listener sends to is not deleted";
    probe.refused(promise, used.clone(), ErrorCode::ResourceInUse).await?;
    let deregister = DeregisterTargets { group: group.clone(), instances: vec![instance.clone()] };
    probe.done(TARGETS, deregister.clone()).await?;
    let leaves = |health: &Vec<TargetHealth>| match state(health) {
        None | Some(TargetState::Draining) => Some(()),
        Some(_) => None,
    };
    probe.until(TARGETS, health, leaves).await?;
    probe.done("deregistering what is no target succeeds", deregister).await?;
    probe.done(TARGETS, TerminateInstances { ids: vec![instance] }).await?;
    for _ in 0..2 {
        let delete = DeleteLoadBalancer { arn: balancer.clone() };
        probe.done("deleting a load balancer that is gone succeeds", delete).await?;
    }
    for _ in 0..2 {
        probe.done("deleting a target group that is gone succeeds", used.clone()).await?;
    }
    Ok(())
}
