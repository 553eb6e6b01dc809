//! Security groups, and through them pages.

use std::collections::BTreeSet;

use ports::cloud::*;

use super::{Probe, Stage, probe::only};
use crate::{Broken, broken::same};

fn create(probe: &Probe<'_>, stage: &Stage, name: &str) -> CreateSecurityGroup {
    let description = "conformance".into();
    CreateSecurityGroup { vpc: stage.vpc.clone(), name: probe.name(name), description, tags: probe.tags(name) }
}

pub async fn names_and_rules(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "a group has a name of its own and each rule once";
    let duplicate = create(probe, stage, "stage");
    probe.refused(PROMISE, duplicate, ErrorCode::InvalidGroupDuplicate).await?;
    let rules = |first, last| {
        let source = Source::Range(probe.fixture.range);
        vec![Rule { protocol: Protocol::Tcp, ports: (first, last), source }]
    };
    let authorize = AuthorizeSecurityGroupIngress { group: stage.group.clone(), rules: rules(443, 443) };
    probe.done(PROMISE, authorize.clone()).await?;
    probe.refused(PROMISE, authorize, ErrorCode::InvalidPermissionDuplicate).await?;
    let describe = DescribeSecurityGroups(Describe::id(stage.group.clone()));
    let ingress = |page: &Page<SecurityGroup>| only(page).map(|group| group.ingress);
    let has = |wanted: Vec<Rule>| {
        move |page: &Page<SecurityGroup>| ingress(page).filter(|ingress| *ingress == wanted).map(drop)
    };
    probe.until("a group shows its rules", describe.clone(), has(rules(443, 443))).await?;
    let revoke = RevokeSecurityGroupIngress { group: stage.group.clone(), rules: rules(443, 443) };
    probe.done(PROMISE, revoke.clone()).await?;
    probe.refused(PROMISE, revoke, ErrorCode::InvalidPermissionNotFound).await?;
    probe.until("a rule that was revoked goes", describe, has(Vec::new())).await?;
    // A group that another one names.
    let named = probe.done(PROMISE, create(probe, stage, "named")).await?;
    let rule = Rule { protocol: Protocol::All, ports: (0, u16::MAX), source: Source::Group(named.clone()) };
    let authorize = AuthorizeSecurityGroupIngress { group: stage.group.clone(), rules: vec![rule.clone()] };
    probe.done(PROMISE, authorize).await?;
    let delete = DeleteSecurityGroup { id: named };
    let promise = "a group that another one names is not deleted";
    probe.refused(promise, delete.clone(), ErrorCode::DependencyViolation).await?;
    probe.done(PROMISE, RevokeSecurityGroupIngress { group: stage.group.clone(), rules: vec![rule] }).await?;
    probe.done("a group that nothing needs is deleted", delete.clone()).await?;
    probe.refused("what is deleted does not exist", delete, ErrorCode::InvalidGroupNotFound).await
}

pub async fn pages(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "pages hold everything that passes the filters, each once, and no more than asked for";
    let mut made = BTreeSet::new();
    for number in 0..12 {
        let mut create = create(probe, stage, "paged");
        create.name = probe.name(&format!("paged-{number}"));
        made.insert(probe.done(PROMISE, create).await?);
    }
    let ask = |page| DescribeSecurityGroups(Describe { page, ..probe.named("paged") });
    let until = probe.deadline(probe.fixture.patience.settle);
    loop {
        let pages: Vec<Vec<SecurityGroup>> = probe.pages(PROMISE, 5, ask).await?;
        if let Some(long) = pages.iter().find(|page| page.len() > 5) {
            return Err(Broken::new(PROMISE, format!("a page of {} where 5 were asked for", long.len())));
        }
        let listed: Vec<SecurityGroupId> = pages.into_iter().flatten().map(|group| group.id).collect();
        let found: BTreeSet<SecurityGroupId> = listed.iter().cloned().collect();
        same(PROMISE, &listed.len(), &found.len())?;
        if found == made {
            break;
        }
        // It may not be known everywhere yet.
        if probe.passed(until) {
            return Err(Broken::new(PROMISE, format!("{} of {} listed", found.len(), made.len())));
        }
        probe.pause().await;
    }
    let wrong = PageRequest { size: Some(5), token: Some(PageToken::new("no such page")) };
    let describe = DescribeSecurityGroups(Describe { page: wrong, ..Describe::default() });
    // With which code differs from action to action.
    match probe.fixture.cloud.ask(&probe.site, describe).await {
        Err(CloudError::Refused { .. } | CloudError::NotNow { .. }) => Ok(()),
        other => Err(Broken::new("a page that no page ended at is refused", format!("answered {other:?}"))),
    }
}
