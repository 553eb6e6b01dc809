//! What others do behind our back: the deviations that reconciling is there to find. For tests and drills.

use ports::cloud::{
    Cidr, InstanceId, InstanceState, InstanceType, InternetGatewayId, Protocol, ResourceId, RootVolume, Rule,
    SecurityGroupId, Source, Tag, Tags, VolumeId,
};
use serde::{Deserialize, Serialize};

use crate::{
    Place, Sim, What,
    call::Call,
    gateways, groups,
    instances::{self, KILLED},
    network, volumes,
};

/// One thing done by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tamper {
    /// Terminates an instance.
    Kill(InstanceId),
    /// Stops a running instance.
    Stop(InstanceId),
    /// Makes a running instance fail its status checks from now on.
    Impair(InstanceId),
    /// Gives an instance an address on the Internet.
    MakePublic(InstanceId),
    /// Lets everybody into a security group, on every port.
    OpenGroup(SecurityGroupId),
    /// Takes every rule from a security group.
    CloseGroup(SecurityGroupId),
    SetTag(ResourceId, Tag),
    RemoveTag(ResourceId, String),
    /// Makes a stopped instance one of another type.
    Retype(InstanceId, InstanceType),
    /// Gives a running instance another root volume, which is not encrypted.
    SwapRoot(InstanceId),
    /// Deletes a volume, attached or not.
    DestroyVolume(VolumeId),
    /// Takes a VPC its way to the Internet.
    DetachGateway(InternetGatewayId),
}

impl Sim {
    /// Does it at once, if what it is done to is there and can be done to; whether it was. It is in the audit, and in no answer.
    pub fn tamper(&mut self, now: u64, place: &Place, tamper: Tamper) -> bool {
        self.advance(now);
        if !self.sites.contains_key(place) {
            return false;
        }
        let mut call = self.at(place, false);
        let done = apply(&mut call, &tamper);
        if done {
            self.world.audit.record(self.world.now, place, What::Tampered(tamper));
        }
        done
    }
}

fn apply(call: &mut Call<'_>, tamper: &Tamper) -> bool {
    match tamper {
        Tamper::Kill(id) => enter(call, id, InstanceState::ShuttingDown),
        Tamper::Stop(id) => enter(call, id, InstanceState::Stopping),
        Tamper::Impair(id) => machine(call, id, |machine| machine.impaired = true),
        Tamper::MakePublic(id) => {
            let address = gateways::public_address(call);
            machine(call, id, |machine| machine.told.public_address = Some(address))
        }
        Tamper::Retype(id, to) => instances::retype(call, id, to),
        Tamper::SwapRoot(id) => swap_root(call, id),
        Tamper::OpenGroup(id) => {
            let there = call.site.groups.get(id).is_some();
            let source = Source::Range(Cidr::ALL);
            groups::add(call, id, vec![Rule { protocol: Protocol::All, ports: (0, u16::MAX), source }]);
            there
        }
        Tamper::CloseGroup(id) => call.site.groups.change(id, call.now, None, |group| group.ingress.clear()).is_some(),
        Tamper::SetTag(id, tag) => network::retag(call, id, |tags| tags.set(tag.clone())),
        Tamper::RemoveTag(id, key) => network::retag(call, id, |tags| tags.remove(key)),
        Tamper::DestroyVolume(id) => {
            let volume = call.site.volumes.remove(id, call.now, None);
            let instance = volume.as_ref().and_then(|volume| volume.attachment.as_ref()).map(|at| at.instance.clone());
            if let Some(instance) = instance {
                call.site.machines.change(&instance, call.now, None, |machine| {
                    machine.told.block_devices.retain(|of| of.volume != *id);
                });
            }
            volume.is_some()
        }
        Tamper::DetachGateway(id) => {
            let detach = |gateway: &mut ports::cloud::InternetGateway| gateway.vpc.take().is_some();
            call.site.gateways.change(id, call.now, None, detach).unwrap_or(false)
        }
    }
}

fn swap_root(call: &mut Call<'_>, id: &InstanceId) -> bool {
    let Some(told) = call.site.machines.get(id).map(|machine| machine.told.clone()) else { return false };
    let Some(old) = told.root_volume().filter(|_| told.state == InstanceState::Running) else { return false };
    let Some(volume) = call.site.volumes.get(old) else { return false };
    let root = RootVolume {
        size_gib: Some(volume.size_gib),
        volume_type: volume.volume_type,
        iops: volume.iops,
        encrypted: false,
    };
    let Ok(tags) = call.tags(Tags::default()) else { return false };
    let new = volumes::of_machine(call, &told, &root, tags, None);
    volumes::ended(call, old);
    machine(call, id, |machine| {
        let devices = machine.told.block_devices.iter_mut();
        devices.filter(|of| of.volume == *old).for_each(|of| of.volume = new.clone());
    })
}

/// Brings an instance that lives into another state.
fn enter(call: &mut Call<'_>, id: &InstanceId, to: InstanceState) -> bool {
    let state = call.site.machines.get(id).map(|machine| machine.told.state);
    let can = match to {
        InstanceState::Stopping => state == Some(InstanceState::Running),
        _ => state.is_some_and(|state| !state.ending()),
    };
    if can {
        instances::enter(call, id, to, Some(KILLED));
    }
    can
}

/// Changes an instance that runs.
fn machine(call: &mut Call<'_>, id: &InstanceId, change: impl FnOnce(&mut instances::Machine)) -> bool {
    let runs = call.site.machines.get(id).is_some_and(|machine| machine.told.state == InstanceState::Running);
    runs && call.site.machines.change(id, call.now, None, change).is_some()
}
