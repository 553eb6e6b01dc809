//! Launching, phases, stopping and ending.

use ports::cloud::*;

use super::{Probe, RUN, Stage, probe::only};
use crate::{Broken, broken::same};

const PHASES: &str = "an instance is pending, then running, then shutting down, then terminated, and says so";

/// An instance at one state.
pub fn at(state: InstanceState) -> impl Fn(&Page<Instance>) -> Option<Instance> {
    move |page| only(page).filter(|instance| instance.state == state)
}

pub fn by_id(id: &InstanceId) -> DescribeInstances {
    DescribeInstances(Describe::id(id.clone()))
}

pub async fn refusals(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "a launch that cannot be is refused with the code of what is wrong";
    // Each with a token of its own: what a refused call binds its token to is the cloud's affair.
    let good = |name: &str| stage.launch(probe, name);
    let image = RunInstances { image: ImageId::new("ami-0123456789abcdef0"), ..good("wrong-image") };
    probe.refused(PROMISE, image, ErrorCode::InvalidAmiIdNotFound).await?;
    let of_no_type = RunInstances { instance_type: InstanceType::new("m0.none"), ..good("wrong-type") };
    probe.refused(PROMISE, of_no_type, ErrorCode::InvalidParameterValue).await?;
    let nowhere = RunInstances { subnet: SubnetId::new("subnet-0123456789abcdef0"), ..good("wrong-subnet") };
    probe.refused(PROMISE, nowhere, ErrorCode::InvalidSubnetIdNotFound).await?;
    let group = SecurityGroupId::new("sg-0123456789abcdef0");
    let groups = RunInstances { security_groups: vec![group], ..good("wrong-group") };
    probe.refused(PROMISE, groups, ErrorCode::InvalidGroupNotFound).await?;
    let long = RunInstances { user_data: Some("x".repeat(16 * 1024 + 1).into()), ..good("wrong-data") };
    probe.refused(PROMISE, long, ErrorCode::InvalidParameterValue).await?;
    let unknown = InstanceId::new("i-0123456789abcdef0");
    let code = ErrorCode::InvalidInstanceIdNotFound;
    probe.refused("an instance that does not exist is not found", by_id(&unknown), code.clone()).await?;
    let terminate = TerminateInstances { ids: vec![unknown.clone()] };
    probe.refused("an instance that does not exist is not terminated", terminate, code).await?;
    let page = PageRequest { size: Some(5), token: None };
    let both = DescribeInstances(Describe { page, ..Describe::id(unknown) });
    probe.refused("ids are not asked for by pages", both, ErrorCode::InvalidParameterCombination).await
}

pub async fn phases(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let instance = probe.done(PHASES, stage.launch(probe, "phases")).await?;
    same(PHASES, &instance.state, &InstanceState::Pending)?;
    let tagged = |instance: &Instance| {
        let promise = "an instance carries its tags from the moment at which it is listed";
        same(promise, &instance.tags.get(RUN), &Some(probe.fixture.run.as_str()))
    };
    tagged(&instance)?;
    // The first description that shows it at all.
    let listed = probe.until("what was launched is listed in time", by_id(&instance.id), only).await?;
    tagged(&listed)?;
    let by_tag = DescribeInstances(probe.named("phases"));
    let found = probe.until("what was launched is found by its tags in time", by_tag, only).await?;
    same("what is found by its tags is what was launched", &found.id, &instance.id)?;
    let running = probe.until(PHASES, by_id(&instance.id), at(InstanceState::Running)).await?;
    let since = running.running.filter(|running| running.until.is_none());
    let Some(since) = since.filter(|since| since.from >= running.launched) else {
        return Err(Broken::new("an instance says since when it runs", format!("said {:?}", running.running)));
    };
    let status = DescribeInstanceStatus { select: Describe::id(instance.id.clone()), all: false };
    let ok = |page: &Page<InstanceStatus>| only(page).filter(|status| status.instance == Check::Ok).map(drop);
    probe.until("a running instance passes its checks in time", status, ok).await?;
    let terminate = TerminateInstances { ids: vec![instance.id.clone()] };
    let changes = probe.done(PHASES, terminate.clone()).await?;
    let change = changes.first().map(|change| (change.previous, change.current));
    same(PHASES, &change, &Some((InstanceState::Running, InstanceState::ShuttingDown)))?;
    let ended = probe.until(PHASES, by_id(&instance.id), at(InstanceState::Terminated)).await?;
    let from = ended.running.filter(|running| running.until.is_some_and(|until| until >= running.from));
    same("an ended instance says from when until when it ran", &from.map(|ran| ran.from), &Some(since.from))?;
    probe.done("terminating what is terminated succeeds", terminate).await?;
    let start = StartInstances { ids: vec![instance.id] };
    let promise = "what is terminated does not start";
    probe.refused(promise, start, ErrorCode::IncorrectInstanceState).await
}

pub async fn stopped_and_started(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "an instance is stopped and started again";
    let instance = probe.done(PROMISE, stage.launch(probe, "stopped")).await?;
    let ids = vec![instance.id.clone()];
    let first = probe.until(PROMISE, by_id(&instance.id), at(InstanceState::Running)).await?;
    let hibernate = StopInstances { ids: ids.clone(), hibernate: true };
    let promise = "only what was launched for it hibernates";
    probe.refused(promise, hibernate, ErrorCode::UnsupportedHibernationConfiguration).await?;
    probe.done(PROMISE, StopInstances { ids: ids.clone(), hibernate: false }).await?;
    probe.until(PROMISE, by_id(&instance.id), at(InstanceState::Stopped)).await?;
    probe.done(PROMISE, StartInstances { ids: ids.clone() }).await?;
    let again = |page: &Page<Instance>| {
        only(page).filter(|now| now.state == InstanceState::Running && now.running != first.running)
    };
    let second = probe.until(PROMISE, by_id(&instance.id), again).await?;
    same("an instance keeps its address over a stop", &second.private_address, &first.private_address)?;
    probe.done(PROMISE, TerminateInstances { ids }).await.map(drop)
}

pub async fn retagged(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "a tag is set in the place of one with the same key, and shows in time";
    let unknown = ResourceId::new("i-0123456789abcdef0");
    let tags: Tags = [("changed", "yes"), ("Name", "renamed")].into_iter().collect();
    let fails = CreateTags { resources: vec![unknown], tags: tags.clone() };
    let until = probe.fixture.cloud.ask(&probe.site, fails).await;
    if until.is_ok() {
        return Err(Broken::new(PROMISE, "tagged what does not exist"));
    }
    let [subnet, _] = &stage.subnets;
    probe.done(PROMISE, CreateTags { resources: vec![subnet.into()], tags }).await?;
    let describe = DescribeSubnets(Describe {
        filters: vec![probe.ours(), Filter::tag("changed", "y?s"), Filter::tag("Name", "re*")],
        ..Describe::default()
    });
    let found = probe.until(PROMISE, describe, only).await?;
    same(PROMISE, &found.id, subnet)?;
    same("the other tags stay", &found.tags.get(RUN), &Some(probe.fixture.run.as_str()))
}
