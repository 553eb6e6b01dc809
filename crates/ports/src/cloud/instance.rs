//! Machines: launching, stopping, ending and describing them.

use std::{fmt, net::Ipv4Addr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    id::*,
    select::{Describe, Tags},
};

/// Launches exactly one instance (`MinCount` and `MaxCount` are 1) into a subnet.
///
/// The same token with the same parameters answers the instance that it made. With other parameters:
/// `IdempotentParameterMismatch`, also where the first call found no capacity. Once the instance is being terminated:
/// `IdempotentInstanceTerminated`. As a subnet is given, a token counts within its zone: in another zone it is another token. It is known
/// for at least 24 hours after the instance is terminated
/// (<https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInstances {
    pub client_token: ClientToken,
    pub image: ImageId,
    pub instance_type: InstanceType,
    pub subnet: SubnetId,
    /// Of the subnet's VPC. None means those of the template, else the VPC's default group.
    pub security_groups: Vec<SecurityGroupId>,
    /// Fills in what is left out here.
    pub launch_template: Option<LaunchTemplateId>,
    /// At most 16 KiB, before it is encoded for its way.
    pub user_data: Option<Arc<str>>,
    /// Whether it may be stopped with its memory kept. Only settled at launch.
    pub hibernation: bool,
    pub public_address: bool,
    /// Given to the instance and to the volume that it starts from with their creation, so that no describe ever shows them without.
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeInstances(pub Describe<InstanceId>);

/// Status checks of running instances, or with `all` of every one that still exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeInstanceStatus {
    pub select: Describe<InstanceId>,
    pub all: bool,
}

/// For good. Of an instance that is terminated already: succeeds. If one of them is unknown, none is terminated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminateInstances {
    pub ids: Vec<InstanceId>,
}

/// Of an instance that is stopping or stopped: succeeds. One that is pending or ending: `IncorrectInstanceState`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopInstances {
    pub ids: Vec<InstanceId>,
    pub hibernate: bool,
}

/// Needs capacity and quota as a launch does. Of an instance that is pending or running: succeeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartInstances {
    pub ids: Vec<InstanceId>,
}

/// Sets tags on resources of EC2, in the place of those with the same keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateTags {
    pub resources: Vec<ResourceId>,
    pub tags: Tags,
}

/// ```text
///   pending ─▶ running ─▶ stopping ─▶ stopped ─▶ pending
///      └──────────┴────▶ shutting-down ◀──┘
///                              └──▶ terminated, listed for up to about an hour
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl InstanceState {
    /// Whether it is on its way out, or gone.
    pub fn ending(self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Terminated)
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        })
    }
}

/// One instance, as one replica of the cloud's knowledge shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Instance {
    pub id: InstanceId,
    pub client_token: ClientToken,
    pub image: ImageId,
    pub instance_type: InstanceType,
    pub state: InstanceState,
    /// EC2's `StateReason`: who or what caused the last change of state, such as `Client.UserInitiatedShutdown`.
    pub state_reason: Option<Arc<str>>,
    pub zone: Zone,
    pub vpc: VpcId,
    pub subnet: SubnetId,
    pub security_groups: Vec<SecurityGroupId>,
    pub private_address: Ipv4Addr,
    pub public_address: Option<Ipv4Addr>,
    /// Of the last launch or start.
    pub launched: CloudTime,
    /// The last time that it was running. What an instance costs is the sum of these. With AWS it is told by state-change events and
    /// state reasons, and kept by the adapter.
    pub running: Option<Running>,
    pub hibernation: bool,
    /// Name of the device that it starts from.
    pub root_device: Arc<str>,
    /// Volumes that are attached to it; soon after a launch, also its root volume.
    pub block_devices: Vec<BlockDevice>,
    pub tags: Tags,
}

/// EC2's `InstanceBlockDeviceMapping`. What the volume is, `DescribeVolumes` tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockDevice {
    pub device: Arc<str>,
    pub volume: VolumeId,
}

impl Instance {
    pub fn root_volume(&self) -> Option<&VolumeId> {
        self.block_devices.iter().find(|of| of.device == self.root_device).map(|of| &of.volume)
    }
}

/// From the change into `running` to the change out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Running {
    pub from: CloudTime,
    pub until: Option<CloudTime>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    pub id: InstanceId,
    pub previous: InstanceState,
    pub current: InstanceState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStatus {
    pub id: InstanceId,
    pub state: InstanceState,
    /// The host, its power and its network.
    pub system: Check,
    /// The machine as seen from outside: it answers on its network.
    pub instance: Check,
}

/// EC2's `SummaryStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    Initializing,
    Ok,
    Impaired,
    InsufficientData,
    /// It is not running.
    NotApplicable,
}
