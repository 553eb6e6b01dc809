//! Volumes.

use ports::cloud::{
    AttachVolume, Attachment, AttachmentState, BlockDevice, CloudError, CreateVolume, DeleteVolume, DescribeVolumes,
    DetachVolume, ErrorCode, Instance, InstanceState, Page, RootVolume, Tags, Volume, VolumeId, VolumeState,
    VolumeType,
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{self, Call},
    network, select,
    table::{Lag, Table},
    tokens::{TokenKey, digest},
};

/// How large an image is.
pub(crate) const IMAGE_GIB: u32 = 8;

/// What happens to a volume by itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct Due {
    id: VolumeId,
    step: Step,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Step {
    Created,
    Attached,
    Detached,
    Deleted,
}

pub(crate) fn create(call: &mut Call<'_>, ask: CreateVolume) -> Result<Volume, CloudError> {
    let key = TokenKey { action: "CreateVolume".into(), zone: None, token: ask.client_token.clone() };
    let digest = digest(&ask);
    if let Some(made) = call.site.tokens.made(&key, digest)? {
        let id = VolumeId::new(made.clone());
        let volume = call.site.volumes.get(&id).cloned();
        call.repeated(&made);
        return volume.ok_or_else(|| Table::<Volume>::not_found(&id));
    }
    if !network::zone_exists(call, &ask.zone) {
        let message = format!("made a volume in {}: wanted a zone of {}", ask.zone, call.place.region);
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    can_be(ask.volume_type, ask.size_gib, ask.iops)?;
    let tags = call.tags(ask.tags)?;
    let volume = Volume {
        id: VolumeId::new(call.id("vol")),
        zone: ask.zone,
        size_gib: ask.size_gib,
        volume_type: ask.volume_type,
        iops: ask.iops,
        encrypted: ask.encrypted,
        state: VolumeState::Creating,
        attachment: None,
        tags,
    };
    let lag = call.lag();
    call.site.volumes.put(volume.clone(), call.now, lag);
    call.created(volume.id.as_str());
    call.site.tokens.spend(key.clone(), digest, Some(volume.id.as_str().into()), None);
    call.token_ends(key);
    soon(call, &volume.id, Step::Created);
    Ok(volume)
}

/// A new machine's root volume, attached.
pub(crate) fn of_machine(call: &mut Call<'_>, machine: &Instance, root: &RootVolume, tags: Tags, lag: Lag) -> VolumeId {
    let id = VolumeId::new(call.id("vol"));
    let (instance, device) = (machine.id.clone(), machine.root_device.clone());
    let volume = Volume {
        id: id.clone(),
        zone: machine.zone.clone(),
        size_gib: root.size_gib.unwrap_or(IMAGE_GIB),
        volume_type: root.volume_type,
        iops: root.iops,
        encrypted: root.encrypted,
        state: VolumeState::InUse,
        attachment: Some(Attachment { instance, device, state: AttachmentState::Attached }),
        tags,
    };
    call.site.volumes.put(volume, call.now, lag);
    id
}

/// A root volume ends with its machine.
pub(crate) fn ended(call: &mut Call<'_>, id: &VolumeId) {
    let (now, lag) = (call.now, call.lag());
    call.site.volumes.remove(id, now, lag);
}

/// Whether there are such volumes.
pub(crate) fn can_be(kind: VolumeType, size_gib: u32, iops: u32) -> Result<(), CloudError> {
    let (first_size, speeds, for_each) = match kind {
        VolumeType::Gp3 => (1, 3000..=16_000, 500),
        VolumeType::Io2 => (4, 100..=64_000, 1000),
    };
    // The first 3000 of a gp3 are there at any size.
    let enough = iops <= 3000 && kind == VolumeType::Gp3 || iops <= size_gib.saturating_mul(for_each);
    if (first_size..=16_384).contains(&size_gib) && speeds.contains(&iops) && enough {
        return Ok(());
    }
    let (name, least, most) = (kind.name(), speeds.start(), speeds.end());
    let wanted = format!("{first_size} to 16384, {least} to {most}, at most {for_each} for each GiB");
    let message = format!("made a {name} volume of {size_gib} GiB with {iops} IOPS: wanted {wanted}");
    Err(CloudError::refused(ErrorCode::InvalidParameterValue, message))
}

fn soon(call: &mut Call<'_>, id: &VolumeId, step: Step) {
    let usual = call.world.options.delays.volume;
    call.later_about(usual, call::Due::Volume(Due { id: id.clone(), step }));
}

pub(crate) fn due(call: &mut Call<'_>, due: Due) {
    let (now, lag) = (call.now, call.lag());
    if matches!(due.step, Step::Deleted) {
        call.site.volumes.remove(&due.id, now, lag);
        return;
    }
    let Some(volume) = call.site.volumes.get(&due.id) else { return };
    let instance = volume.attachment.as_ref().map(|attachment| attachment.instance.clone());
    let detaches = volume.attachment.as_ref().is_some_and(|attachment| attachment.state == AttachmentState::Detaching);
    call.site.volumes.change(&due.id, now, lag, |volume| match due.step {
        Step::Created if volume.state == VolumeState::Creating => volume.state = VolumeState::Available,
        Step::Attached if !detaches => {
            volume.attachment.iter_mut().for_each(|attachment| attachment.state = AttachmentState::Attached);
        }
        Step::Detached if detaches => {
            volume.state = VolumeState::Available;
            volume.attachment = None;
        }
        Step::Created | Step::Attached | Step::Detached | Step::Deleted => {}
    });
    if let Some(instance) = instance.filter(|_| detaches && matches!(due.step, Step::Detached)) {
        call.site.machines.change(&instance, now, lag, |machine| {
            machine.told.block_devices.retain(|of| of.volume != due.id);
        });
    }
}

pub(crate) fn attach(call: &mut Call<'_>, ask: AttachVolume) -> Result<(), CloudError> {
    let volume = call.site.volumes.known(&ask.volume, call.view())?;
    let machine = call.site.machines.known(&ask.instance, call.view())?;
    let told = |code, why: String| {
        Err(CloudError::refused(code, format!("attached {} to {}: {why}", ask.volume, ask.instance)))
    };
    if !matches!(machine.told.state, InstanceState::Running | InstanceState::Stopped) {
        return told(ErrorCode::IncorrectState, format!("the instance is {}", machine.told.state));
    }
    if volume.zone != machine.told.zone {
        return told(
            ErrorCode::InvalidVolumeZoneMismatch,
            format!("it is in {}, not in {}", machine.told.zone, volume.zone),
        );
    }
    if let Some(other) = &volume.attachment {
        return told(ErrorCode::VolumeInUse, format!("{} has it", other.instance));
    }
    if volume.state != VolumeState::Available {
        return told(ErrorCode::IncorrectState, format!("the volume is {:?}", volume.state));
    }
    if machine.told.block_devices.iter().any(|of| of.device == ask.device) {
        return told(ErrorCode::InvalidParameterValue, format!("{} is in use", ask.device));
    }
    let (now, lag) = (call.now, call.lag());
    let attached = BlockDevice { device: ask.device.clone(), volume: ask.volume.clone() };
    let attachment =
        Attachment { instance: ask.instance.clone(), device: ask.device, state: AttachmentState::Attaching };
    call.site.volumes.change(&ask.volume, now, lag, |volume| {
        volume.state = VolumeState::InUse;
        volume.attachment = Some(attachment);
    });
    call.site.machines.change(&ask.instance, now, lag, |machine| machine.told.block_devices.push(attached));
    call.changed(ask.volume.as_str());
    soon(call, &ask.volume, Step::Attached);
    Ok(())
}

pub(crate) fn detach(call: &mut Call<'_>, ask: DetachVolume) -> Result<(), CloudError> {
    let volume = call.site.volumes.known(&ask.volume, call.view())?;
    let attached = volume.attachment.as_ref().is_some_and(|attachment| attachment.state != AttachmentState::Detaching);
    if !attached {
        let message = format!("detached {}, which is not attached", ask.volume);
        return Err(CloudError::refused(ErrorCode::IncorrectState, message));
    }
    let (now, lag) = (call.now, call.lag());
    call.site.volumes.change(&ask.volume, now, lag, |volume| {
        volume.attachment.iter_mut().for_each(|attachment| attachment.state = AttachmentState::Detaching);
    });
    call.changed(ask.volume.as_str());
    soon(call, &ask.volume, Step::Detached);
    Ok(())
}

/// Its instance is terminated.
pub(crate) fn released(call: &mut Call<'_>, id: &VolumeId) {
    let (now, lag) = (call.now, call.lag());
    call.site.volumes.change(id, now, lag, |volume| {
        volume.state = VolumeState::Available;
        volume.attachment = None;
    });
}

pub(crate) fn describe(call: &mut Call<'_>, ask: DescribeVolumes) -> Result<Page<Volume>, CloudError> {
    select::describe(&call.site.volumes, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn delete(call: &mut Call<'_>, ask: DeleteVolume) -> Result<(), CloudError> {
    let volume = call.site.volumes.known(&ask.id, call.view())?;
    if let Some(attachment) = &volume.attachment {
        let message = format!("deleted {}, which {} has", ask.id, attachment.instance);
        return Err(CloudError::refused(ErrorCode::VolumeInUse, message));
    }
    if volume.state == VolumeState::Deleting {
        return Ok(());
    }
    let (now, lag) = (call.now, call.lag());
    call.site.volumes.change(&ask.id, now, lag, |volume| volume.state = VolumeState::Deleting);
    call.deleted(ask.id.as_str());
    soon(call, &ask.id, Step::Deleted);
    Ok(())
}
