//! Volumes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    id::*,
    select::{Describe, Tags},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVolume {
    pub client_token: ClientToken,
    pub zone: Zone,
    /// 1 to 16384.
    pub size_gib: u32,
    pub volume_type: VolumeType,
    /// 3000 to 16000 for `gp3`, 100 to 64000 for `io2`; and at most 500 for each GiB of `gp3`, 1000 of `io2`.
    pub iops: u32,
    pub encrypted: bool,
    pub tags: Tags,
}

/// General purpose of the third generation, provisioned of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VolumeType {
    Gp3,
    Io2,
}

impl VolumeType {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [("gp3", Self::Gp3), ("io2", Self::Io2)].into_iter().find(|(of, _)| *of == name).map(|(_, of)| of)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Gp3 => "gp3",
            Self::Io2 => "io2",
        }
    }
}

/// To an instance in the same zone, else `InvalidVolume.ZoneMismatch`, that is running or stopped, else `IncorrectState`. A volume that is
/// attached: `VolumeInUse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachVolume {
    pub volume: VolumeId,
    pub instance: InstanceId,
    /// Such as `/dev/sdf`; each once per instance, else `InvalidParameterValue`.
    pub device: Arc<str>,
}

/// `IncorrectState` if it is not attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachVolume {
    pub volume: VolumeId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeVolumes(pub Describe<VolumeId>);

/// `VolumeInUse` while it is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteVolume {
    pub id: VolumeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeState {
    Creating,
    Available,
    InUse,
    Deleting,
    Deleted,
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentState {
    Attaching,
    Attached,
    Detaching,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attachment {
    pub instance: InstanceId,
    pub device: Arc<str>,
    pub state: AttachmentState,
}

/// A volume outlives the instance that it is attached to, but for that instance's root volume. Whether it is encrypted never changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Volume {
    pub id: VolumeId,
    pub zone: Zone,
    pub size_gib: u32,
    pub volume_type: VolumeType,
    pub iops: u32,
    pub encrypted: bool,
    pub state: VolumeState,
    pub attachment: Option<Attachment>,
    pub tags: Tags,
}
