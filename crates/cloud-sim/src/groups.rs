//! Security groups.

use ports::cloud::{
    AuthorizeSecurityGroupIngress, CloudError, CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups,
    ErrorCode, Page, Protocol, RevokeSecurityGroupIngress, Rule, SecurityGroup, SecurityGroupId, Source, Tags, VpcId,
};

use crate::{call::Call, network::depends, select};

/// Name of the group that comes with a VPC.
pub(crate) const DEFAULT: &str = "default";

pub(crate) fn create(call: &mut Call<'_>, ask: CreateSecurityGroup) -> Result<SecurityGroupId, CloudError> {
    call.site.vpcs.known(&ask.vpc, call.view())?;
    if ask.name.is_empty() || ask.name.len() > 255 || ask.name.starts_with("sg-") {
        let message =
            format!("named a security group {:?}: wanted 1 to 255 characters, not beginning with sg-", ask.name);
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    if let Some(other) = call.site.groups.in_vpc(&ask.vpc).find(|other| other.name == ask.name) {
        let message = format!("named a security group {:?}: {} in {} has that name", ask.name, other.id, ask.vpc);
        return Err(CloudError::refused(ErrorCode::InvalidGroupDuplicate, message));
    }
    make(call, ask)
}

/// The group that comes with a VPC: whoever has it is let in by whoever has it.
pub(crate) fn create_default(call: &mut Call<'_>, vpc: &VpcId) -> Result<(), CloudError> {
    let description = "default VPC security group".into();
    let group =
        make(call, CreateSecurityGroup { vpc: vpc.clone(), name: DEFAULT.into(), description, tags: Tags::default() })?;
    let own = Rule { protocol: Protocol::All, ports: (0, u16::MAX), source: Source::Group(group.clone()) };
    add(call, &group, vec![own]);
    Ok(())
}

fn make(call: &mut Call<'_>, ask: CreateSecurityGroup) -> Result<SecurityGroupId, CloudError> {
    let tags = call.tags(ask.tags)?;
    let id = SecurityGroupId::new(call.id("sg"));
    let CreateSecurityGroup { vpc, name, description, .. } = ask;
    let group = SecurityGroup { id: id.clone(), vpc, name, description, ingress: Vec::new(), tags };
    let lag = call.lag();
    call.site.groups.put(group, call.now, lag);
    call.created(id.as_str());
    Ok(id)
}

pub(crate) fn default_of(call: &Call<'_>, vpc: &VpcId) -> Option<SecurityGroupId> {
    call.site.groups.in_vpc(vpc).find(|group| &*group.name == DEFAULT).map(|group| group.id.clone())
}

pub(crate) fn authorize(call: &mut Call<'_>, ask: AuthorizeSecurityGroupIngress) -> Result<(), CloudError> {
    let group = call.site.groups.known(&ask.group, call.view())?;
    for rule in &ask.rules {
        check(call, rule)?;
        if group.ingress.contains(rule) {
            let message = format!("let {rule:?} into {}: it has that rule", ask.group);
            return Err(CloudError::refused(ErrorCode::InvalidPermissionDuplicate, message));
        }
    }
    add(call, &ask.group, ask.rules);
    call.changed(ask.group.as_str());
    Ok(())
}

/// Adds rules that the group may have already.
pub(crate) fn add(call: &mut Call<'_>, group: &SecurityGroupId, rules: Vec<Rule>) {
    let (now, lag) = (call.now, call.lag());
    call.site.groups.change(group, now, lag, |group| {
        group.ingress.extend(rules);
        group.ingress.sort();
        group.ingress.dedup();
    });
}

fn check(call: &Call<'_>, rule: &Rule) -> Result<(), CloudError> {
    let (first, last) = rule.ports;
    let whole = matches!(rule.protocol, Protocol::All | Protocol::Icmp);
    if first > last || whole && rule.ports != (0, u16::MAX) {
        let message = format!("let in {rule:?}: wanted first <= last, and all ports where the protocol has none");
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    match &rule.source {
        Source::Group(source) => call.site.groups.known(source, call.view()).map(drop),
        Source::Range(_) => Ok(()),
    }
}

pub(crate) fn revoke(call: &mut Call<'_>, ask: RevokeSecurityGroupIngress) -> Result<(), CloudError> {
    let group = call.site.groups.known(&ask.group, call.view())?;
    if let Some(missing) = ask.rules.iter().find(|rule| !group.ingress.contains(rule)) {
        let message = format!("took {missing:?} from {}: it has no such rule", ask.group);
        return Err(CloudError::refused(ErrorCode::InvalidPermissionNotFound, message));
    }
    let (now, lag) = (call.now, call.lag());
    call.site.groups.change(&ask.group, now, lag, |group| group.ingress.retain(|rule| !ask.rules.contains(rule)));
    call.changed(ask.group.as_str());
    Ok(())
}

pub(crate) fn describe(call: &mut Call<'_>, ask: DescribeSecurityGroups) -> Result<Page<SecurityGroup>, CloudError> {
    select::describe(&call.site.groups, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn delete(call: &mut Call<'_>, ask: DeleteSecurityGroup) -> Result<(), CloudError> {
    let group = call.site.groups.known(&ask.id, call.view())?;
    if &*group.name == DEFAULT {
        return Err(CloudError::refused(ErrorCode::CannotDelete, format!("deleted {}, a default group", ask.id)));
    }
    let users = call.site.group_users.get(&ask.id).copied().unwrap_or(0);
    if users > 0 {
        return Err(depends(ask.id.as_str(), &format!("{users} instances")));
    }
    let names = |other: &&SecurityGroup| {
        other.id != ask.id && other.ingress.iter().any(|rule| rule.source == Source::Group(ask.id.clone()))
    };
    if let Some(other) = call.site.groups.in_vpc(&group.vpc).find(names) {
        return Err(depends(ask.id.as_str(), other.id.as_str()));
    }
    let lag = call.lag();
    call.site.groups.remove(&ask.id, call.now, lag);
    call.site.group_users.remove(&ask.id);
    call.deleted(ask.id.as_str());
    Ok(())
}
