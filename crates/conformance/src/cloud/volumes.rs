//! Volumes and who has them.

use ports::cloud::*;

use super::{
    Probe, Stage,
    instances::{at, by_id},
    probe::only,
};
use crate::{Broken, broken::same};

const PROMISE: &str = "a volume is available, attached to one instance of its zone, and available again";

fn create(probe: &Probe<'_>, name: &str, zone: &Zone) -> CreateVolume {
    CreateVolume {
        client_token: probe.token(name),
        zone: zone.clone(),
        size_gib: 1,
        volume_type: VolumeType::Gp3,
        iops: 3000,
        encrypted: true,
        tags: probe.tags(name),
    }
}

fn in_state(state: VolumeState) -> impl Fn(&Page<Volume>) -> Option<Volume> {
    move |page| only(page).filter(|volume| volume.state == state)
}

pub async fn kinds(probe: &Probe<'_>, _stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "a volume is of a type, with as many operations per second as the type has for its size";
    let [here, _] = &probe.fixture.zones;
    let of = |name: &str, volume_type, size_gib, iops| CreateVolume {
        volume_type,
        size_gib,
        iops,
        ..create(probe, name, here)
    };
    let fast = probe.done(PROMISE, of("fast", VolumeType::Io2, 20, 20_000)).await?;
    same(PROMISE, &(fast.volume_type, fast.iops), &(VolumeType::Io2, 20_000))?;
    let wrong = [
        of("too-fast", VolumeType::Gp3, 100, 20_000),
        of("too-small", VolumeType::Gp3, 10, 6000),
        of("too-small-io2", VolumeType::Io2, 4, 5000),
    ];
    for ask in wrong {
        probe.refused(PROMISE, ask, ErrorCode::InvalidParameterValue).await?;
    }
    let describe = DescribeVolumes(Describe::id(fast.id.clone()));
    probe.until(PROMISE, describe, in_state(VolumeState::Available)).await?;
    probe.done(PROMISE, DeleteVolume { id: fast.id }).await
}

pub async fn roots(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "a machine starts from a volume as its template says, which ends with it";
    let root = RootVolume { size_gib: Some(20), volume_type: VolumeType::Gp3, iops: 4000, encrypted: true };
    let template = CreateLaunchTemplate {
        client_token: probe.token("root"),
        name: probe.name("root"),
        security_groups: vec![stage.group.clone()],
        user_data: None,
        root_volume: Some(root.clone()),
        tags: probe.tags("root"),
    };
    let template = probe.done(PROMISE, template).await?;
    same(PROMISE, &template.root_volume.as_ref(), &Some(&root))?;
    let launch = RunInstances { launch_template: Some(template.id.clone()), ..stage.launch(probe, "root") };
    let instance = probe.done(PROMISE, launch).await?.id;
    probe.until(PROMISE, by_id(&instance), at(InstanceState::Running)).await?;
    let told = |page: &Page<Instance>| only(page).and_then(|of| Some((of.root_volume()?.clone(), of.root_device)));
    let (id, device) = probe.until(PROMISE, by_id(&instance), told).await?;
    let describe = || DescribeVolumes(Describe::id(id.clone()));
    let volume = probe.until(PROMISE, describe(), in_state(VolumeState::InUse)).await?;
    let is = RootVolume {
        size_gib: Some(volume.size_gib),
        volume_type: volume.volume_type,
        iops: volume.iops,
        encrypted: volume.encrypted,
    };
    same(PROMISE, &is, &root)?;
    super::stage::tagged(&volume.tags, probe)?;
    let attachment = volume.attachment.map(|at| (at.instance, at.device));
    same(PROMISE, &attachment, &Some((instance.clone(), device)))?;
    probe.done(PROMISE, TerminateInstances { ids: vec![instance.clone()] }).await?;
    probe.until(PROMISE, by_id(&instance), at(InstanceState::Terminated)).await?;
    probe.refused_in_time(PROMISE, describe(), ErrorCode::InvalidVolumeNotFound).await?;
    probe.done(PROMISE, DeleteLaunchTemplate { id: template.id }).await
}

pub async fn attached(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let [here, elsewhere] = &probe.fixture.zones;
    let instance = probe.done(PROMISE, stage.launch(probe, "volume-user")).await?.id;
    let volume = probe.done(PROMISE, create(probe, "here", here)).await?.id;
    let far = probe.done(PROMISE, create(probe, "far", elsewhere)).await?.id;
    let describe = |id: &VolumeId| DescribeVolumes(Describe::id(id.clone()));
    probe.until(PROMISE, by_id(&instance), at(InstanceState::Running)).await?;
    probe.until(PROMISE, describe(&volume), in_state(VolumeState::Available)).await?;
    probe.until(PROMISE, describe(&far), in_state(VolumeState::Available)).await?;
    let attach = |volume: &VolumeId, device: &str| AttachVolume {
        volume: volume.clone(),
        instance: instance.clone(),
        device: device.into(),
    };
    let promise = "a volume of another zone is not attached";
    probe.refused(promise, attach(&far, "/dev/sdf"), ErrorCode::InvalidVolumeZoneMismatch).await?;
    probe.done(PROMISE, attach(&volume, "/dev/sdf")).await?;
    let shown = |page: &Page<Volume>| {
        let attachment = only(page)?.attachment?;
        (attachment.state == AttachmentState::Attached).then_some(attachment.instance)
    };
    let user = probe.until(PROMISE, describe(&volume), shown).await?;
    same(PROMISE, &user, &instance)?;
    probe.refused(PROMISE, attach(&volume, "/dev/sdg"), ErrorCode::VolumeInUse).await?;
    let promise = "a volume in use is not deleted";
    probe.refused(promise, DeleteVolume { id: volume.clone() }, ErrorCode::VolumeInUse).await?;
    probe.done(PROMISE, DetachVolume { volume: volume.clone() }).await?;
    probe.until(PROMISE, describe(&volume), in_state(VolumeState::Available)).await?;
    let detach = DetachVolume { volume: volume.clone() };
    probe.refused(PROMISE, detach, ErrorCode::IncorrectState).await?;
    // It outlives the instance that has it.
    probe.done(PROMISE, attach(&volume, "/dev/sdf")).await?;
    probe.until(PROMISE, describe(&volume), shown).await?;
    probe.done(PROMISE, TerminateInstances { ids: vec![instance.clone()] }).await?;
    probe.until(PROMISE, by_id(&instance), at(InstanceState::Terminated)).await?;
    probe.until("a volume outlives its instance", describe(&volume), in_state(VolumeState::Available)).await?;
    probe.done(PROMISE, DeleteVolume { id: volume }).await
}
