//! Network load balancers and their listeners.
//!
//! Map: [`targets`] groups of targets, and their health.

pub(crate) mod targets;

use std::sync::Arc;

use ports::cloud::{
    CloudError, CreateListener, CreateLoadBalancer, DeleteLoadBalancer, DescribeListeners, DescribeLoadBalancers,
    ErrorCode, Listener, ListenerArn, LoadBalancer, LoadBalancerArn, LoadBalancerState, Page, SubnetId, VpcId, Zone,
};
use serde::{Deserialize, Serialize};

pub(crate) use self::targets::Targets;
use crate::{
    call::{self, Call},
    chance::Purpose,
    select,
    table::{Resource, Table},
};

/// A load balancer, with what its descriptions do not show.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Balancer {
    pub told: LoadBalancer,
    pub listeners: Vec<Listener>,
}

/// A load balancer becomes active.
#[derive(Serialize, Deserialize)]
pub(crate) struct Due(LoadBalancerArn);

pub(crate) fn create(call: &mut Call<'_>, ask: CreateLoadBalancer) -> Result<LoadBalancer, CloudError> {
    check_name(&ask.name)?;
    let vpc = check_subnets(call, &ask.subnets)?;
    let same = call.site.balancers.named(&ask.name).next();
    if let Some(same) = same {
        let (one, other) = (sorted(&same.told.subnets), sorted(&ask.subnets));
        if one == other && same.told.internal == ask.internal && only_ours_more(&same.told.tags, &ask.tags) {
            let told = same.told.clone();
            call.repeated(&told.arn.as_str().into());
            return Ok(told);
        }
        let message =
            format!("named a load balancer {:?}: {} has that name and other settings", ask.name, same.told.arn);
        return Err(CloudError::refused(ErrorCode::DuplicateLoadBalancerName, message));
    }
    let tags = call.tags(ask.tags)?;
    let (unique, region) = (call.world.chance.draw(Purpose::Id), &call.place.region);
    let arn = format!(
        "arn:aws:elasticloadbalancing:{region}:{}:loadbalancer/net/{}/{unique:016x}",
        call.place.account, ask.name
    );
    let told = LoadBalancer {
        arn: LoadBalancerArn::new(arn),
        dns_name: format!("{}-{unique:016x}.elb.{region}.simulated.invalid", ask.name).into(),
        name: ask.name,
        state: LoadBalancerState::Provisioning,
        vpc,
        subnets: ask.subnets,
        internal: ask.internal,
        tags,
    };
    let lag = call.lag();
    call.site.balancers.put(Balancer { told: told.clone(), listeners: Vec::new() }, call.now, lag);
    call.created(told.arn.as_str());
    let usual = call.world.options.delays.load_balancer;
    call.later_about(usual, call::Due::Balancer(Due(told.arn.clone())));
    Ok(told)
}

pub(crate) fn due(call: &mut Call<'_>, Due(arn): Due) {
    let (now, lag) = (call.now, call.lag());
    call.site.balancers.change(&arn, now, lag, |balancer| balancer.told.state = LoadBalancerState::Active);
}

pub(crate) fn describe(call: &mut Call<'_>, ask: DescribeLoadBalancers) -> Result<Page<LoadBalancer>, CloudError> {
    let page = by_names(&call.site.balancers, call, &ask.names, &ask.arns, &ask.page)?;
    Ok(Page { items: page.items.into_iter().map(|balancer| balancer.told.clone()).collect(), next: page.next })
}

/// Selects as Elastic Load Balancing does: by names, by ARNs, or all by pages.
fn by_names<'a, T: Resource>(
    table: &'a Table<T>,
    call: &Call<'_>,
    names: &[Arc<str>],
    arns: &[T::Id],
    page: &ports::cloud::PageRequest,
) -> Result<Page<&'a T>, CloudError> {
    let (size, after) = select::page_of(page, 1..=400)?;
    let after = after.map(|text| T::parse(&text));
    if names.is_empty() && arns.is_empty() {
        let mut items: Vec<&T> = table.shown(after.as_ref(), call.view()).take(size + 1).collect();
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(|last| select::token(T::text(last.id())));
        return Ok(Page { items, next });
    }
    let mut items = Vec::new();
    for arn in arns {
        items.push(table.seen(arn, call.view()).ok_or_else(|| Table::<T>::not_found(arn))?);
    }
    for wanted in names {
        let found = table.named(wanted).filter_map(|item| table.seen(item.id(), call.view())).next();
        items.push(found.ok_or_else(|| Table::<T>::not_found(&T::parse(wanted)))?);
    }
    Ok(Page { items, next: None })
}

pub(crate) fn delete(call: &mut Call<'_>, ask: DeleteLoadBalancer) -> Result<(), CloudError> {
    let lag = call.lag();
    if call.site.balancers.remove(&ask.arn, call.now, lag).is_some() {
        call.deleted(ask.arn.as_str());
    }
    Ok(())
}

pub(crate) fn listen(call: &mut Call<'_>, ask: CreateListener) -> Result<ListenerArn, CloudError> {
    let balancer = call.site.balancers.known(&ask.balancer, call.view())?;
    let group = call.site.targets.known(&ask.target_group, call.view())?;
    if group.told.vpc != balancer.told.vpc {
        let message = format!("sent {} to {}: they are of different VPCs", ask.balancer, ask.target_group);
        return Err(CloudError::refused(ErrorCode::InvalidConfigurationRequest, message));
    }
    if let Some(same) = balancer.listeners.iter().find(|listener| listener.port == ask.port) {
        if same.target_group == ask.target_group {
            return Ok(same.arn.clone());
        }
        let message = format!("listened on port {} of {}: it sends to {}", ask.port, ask.balancer, same.target_group);
        return Err(CloudError::refused(ErrorCode::DuplicateListener, message));
    }
    let unique = call.world.chance.draw(Purpose::Id);
    let arn =
        ListenerArn::new(format!("{}/{unique:016x}", ask.balancer.as_str().replace(":loadbalancer/", ":listener/")));
    let listener = Listener { arn: arn.clone(), port: ask.port, target_group: ask.target_group };
    let (now, lag) = (call.now, call.lag());
    call.site.balancers.change(&ask.balancer, now, lag, |balancer| balancer.listeners.push(listener));
    call.created(arn.as_str());
    Ok(arn)
}

pub(crate) fn listeners(call: &mut Call<'_>, ask: DescribeListeners) -> Result<Vec<Listener>, CloudError> {
    let balancer = call.site.balancers.seen(&ask.balancer, call.view());
    balancer.map(|of| of.listeners.clone()).ok_or_else(|| Table::<Balancer>::not_found(&ask.balancer))
}

/// The VPC of subnets in different zones.
fn check_subnets(call: &Call<'_>, subnets: &[SubnetId]) -> Result<VpcId, CloudError> {
    let mut zones: Vec<&Zone> = Vec::new();
    let mut vpc = None;
    for id in subnets {
        let subnet = call.site.subnets.known(id, call.view()).map_err(|_| {
            CloudError::refused(ErrorCode::SubnetNotFound, format!("balanced in {id}: it does not exist"))
        })?;
        if zones.contains(&&subnet.zone) || *vpc.get_or_insert(&subnet.vpc) != &subnet.vpc {
            let message = format!("balanced in {subnets:?}: wanted one subnet per zone, of one VPC");
            return Err(CloudError::refused(ErrorCode::InvalidConfigurationRequest, message));
        }
        zones.push(&subnet.zone);
    }
    let none = || CloudError::refused(ErrorCode::ValidationError, "balanced in no subnet: wanted one or more");
    vpc.cloned().ok_or_else(none)
}

/// Letters, digits and hyphens, not at the ends.
fn check_name(name: &str) -> Result<(), CloudError> {
    let spelled = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if (1..=32).contains(&name.len()) && spelled && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(());
    }
    let message = format!("took {name:?} as a name: wanted 1 to 32 letters, digits and hyphens, not at its ends");
    Err(CloudError::refused(ErrorCode::ValidationError, message))
}

/// Whether the tags there are those given, but for ours.
fn only_ours_more(there: &ports::cloud::Tags, given: &ports::cloud::Tags) -> bool {
    let mut there = there.clone();
    there.remove(crate::SIMULATED);
    there == *given
}

fn sorted(subnets: &[SubnetId]) -> Vec<&SubnetId> {
    let mut sorted: Vec<&SubnetId> = subnets.iter().collect();
    sorted.sort();
    sorted
}
