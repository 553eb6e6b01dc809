//! Target groups: who is behind a load balancer, and whether it answers.

use std::{collections::BTreeMap, sync::Arc};

use ports::cloud::{
    CloudError, CreateTargetGroup, DeleteTargetGroup, DeregisterTargets, DescribeTargetGroups, DescribeTargetHealth,
    ErrorCode, Instance, InstanceId, InstanceState, Page, RegisterTargets, TargetGroup, TargetGroupArn, TargetHealth,
    TargetState,
};
use serde::{Deserialize, Serialize};

use super::{by_names, check_name, only_ours_more};
use crate::{call::Call, chance::Purpose};

/// A target group, with its targets.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Targets {
    pub told: TargetGroup,
    targets: BTreeMap<InstanceId, Target>,
}

/// When a target was registered and deregistered, in milliseconds.
#[derive(Clone, Serialize, Deserialize)]
struct Target {
    registered: u64,
    leaving: Option<u64>,
}

pub(crate) fn create(call: &mut Call<'_>, ask: CreateTargetGroup) -> Result<TargetGroup, CloudError> {
    check_name(&ask.name)?;
    let same = call.site.targets.named(&ask.name).next();
    if let Some(same) = same {
        if same.told.vpc == ask.vpc && same.told.port == ask.port && only_ours_more(&same.told.tags, &ask.tags) {
            let told = same.told.clone();
            call.repeated(&told.arn.as_str().into());
            return Ok(told);
        }
        let message =
            format!("named a target group {:?}: {} has that name and other settings", ask.name, same.told.arn);
        return Err(CloudError::refused(ErrorCode::DuplicateTargetGroupName, message));
    }
    call.site.vpcs.known(&ask.vpc, call.view())?;
    let tags = call.tags(ask.tags)?;
    let unique = call.world.chance.draw(Purpose::Id);
    let arn = format!(
        "arn:aws:elasticloadbalancing:{}:{}:targetgroup/{}/{unique:016x}",
        call.place.region, call.place.account, ask.name
    );
    let told = TargetGroup { arn: TargetGroupArn::new(arn), name: ask.name, vpc: ask.vpc, port: ask.port, tags };
    let lag = call.lag();
    call.site.targets.put(Targets { told: told.clone(), targets: BTreeMap::new() }, call.now, lag);
    call.created(told.arn.as_str());
    Ok(told)
}

pub(crate) fn describe(call: &mut Call<'_>, ask: DescribeTargetGroups) -> Result<Page<TargetGroup>, CloudError> {
    let page = by_names(&call.site.targets, call, &ask.names, &ask.arns, &ask.page)?;
    Ok(Page { items: page.items.into_iter().map(|targets| targets.told.clone()).collect(), next: page.next })
}

pub(crate) fn delete(call: &mut Call<'_>, ask: DeleteTargetGroup) -> Result<(), CloudError> {
    let used = |balancer: &&super::Balancer| balancer.listeners.iter().any(|listener| listener.target_group == ask.arn);
    let vpc = call.site.targets.get(&ask.arn).map(|group| &group.told.vpc);
    if let Some(balancer) = vpc.and_then(|vpc| call.site.balancers.in_vpc(vpc).find(used)) {
        let message = format!("deleted {}, which {} sends to", ask.arn, balancer.told.arn);
        return Err(CloudError::refused(ErrorCode::ResourceInUse, message));
    }
    let lag = call.lag();
    if call.site.targets.remove(&ask.arn, call.now, lag).is_some() {
        call.deleted(ask.arn.as_str());
    }
    Ok(())
}

pub(crate) fn register(call: &mut Call<'_>, ask: RegisterTargets) -> Result<(), CloudError> {
    let group = call.site.targets.known(&ask.group, call.view())?;
    for id in &ask.instances {
        let machine = call.site.machines.known(id, call.view());
        let fits = machine
            .is_ok_and(|machine| machine.told.vpc == group.told.vpc && machine.told.state == InstanceState::Running);
        if !fits {
            let message = format!("registered {id} in {}: it does not run in {}", ask.group, group.told.vpc);
            return Err(CloudError::refused(ErrorCode::InvalidTarget, message));
        }
    }
    let (now, lag) = (call.now, call.lag());
    call.site.targets.change(&ask.group, now, lag, |group| {
        for id in ask.instances {
            let target = group.targets.entry(id).or_insert(Target { registered: now, leaving: None });
            if target.leaving.is_some() {
                *target = Target { registered: now, leaving: None };
            }
        }
    });
    call.changed(ask.group.as_str());
    Ok(())
}

pub(crate) fn deregister(call: &mut Call<'_>, ask: DeregisterTargets) -> Result<(), CloudError> {
    call.site.targets.known(&ask.group, call.view())?;
    let (now, lag, draining) = (call.now, call.lag(), call.world.options.delays.draining);
    call.site.targets.change(&ask.group, now, lag, |group| {
        group.targets.retain(|_, target| target.leaving.is_none_or(|left| now < left + draining));
        for id in &ask.instances {
            group.targets.get_mut(id).into_iter().for_each(|target| target.leaving = target.leaving.or(Some(now)));
        }
    });
    call.changed(ask.group.as_str());
    Ok(())
}

/// An instance is terminated: it is no target any more.
pub(crate) fn gone(call: &mut Call<'_>, told: &Instance) {
    let of = |targets: &&Targets| targets.targets.contains_key(&told.id);
    let groups: Vec<_> =
        call.site.targets.in_vpc(&told.vpc).filter(of).map(|targets| targets.told.arn.clone()).collect();
    for group in groups {
        let (now, lag) = (call.now, call.lag());
        call.site.targets.change(&group, now, lag, |group| group.targets.remove(&told.id));
    }
}

pub(crate) fn health(call: &mut Call<'_>, ask: DescribeTargetHealth) -> Result<Vec<TargetHealth>, CloudError> {
    let vpc = &call.site.targets.known(&ask.group, call.view())?.told.vpc;
    let group = call.site.targets.seen(&ask.group, call.view());
    let used =
        |balancer: &super::Balancer| balancer.listeners.iter().any(|listener| listener.target_group == ask.group);
    let used = call.site.balancers.in_vpc(vpc).any(used);
    let draining = call.world.options.delays.draining;
    let here = |target: &Target| target.leaving.is_none_or(|left| call.now < left + draining);
    let targets = group.into_iter().flat_map(|group| &group.targets).filter(|(_, target)| here(target));
    let health = |(id, target): (&InstanceId, &Target)| {
        let (state, reason) = state(call, id, target, used);
        TargetHealth { instance: id.clone(), state, reason: reason.map(Arc::from) }
    };
    Ok(targets.map(health).collect())
}

fn state(call: &Call<'_>, id: &InstanceId, target: &Target, used: bool) -> (TargetState, Option<&'static str>) {
    let machine = call.site.machines.get(id);
    let runs = machine.is_some_and(|machine| machine.told.state == InstanceState::Running);
    let answers = machine.is_some_and(crate::instances::Machine::answers);
    let seen = call.now >= target.registered + call.world.options.delays.registration;
    if target.leaving.is_some() {
        (TargetState::Draining, Some("Target.DeregistrationInProgress"))
    } else if !used {
        (TargetState::Unused, Some("Target.NotInUse"))
    } else if !runs {
        (TargetState::Unused, Some("Target.InvalidState"))
    } else if !seen {
        (TargetState::Initial, Some("Elb.RegistrationInProgress"))
    } else if answers {
        (TargetState::Healthy, None)
    } else {
        (TargetState::Unhealthy, Some("Target.FailedHealthChecks"))
    }
}
