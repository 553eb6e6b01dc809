//! What machines start from: images, root volumes, launch templates.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    id::*,
    select::{Describe, Tags},
    volume::VolumeType,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeImages(pub Describe<ImageId>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    X86_64,
    Arm64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub id: ImageId,
    pub name: Arc<str>,
    pub architecture: Architecture,
    pub created: CloudTime,
    pub tags: Tags,
}

/// The name is unique in the region, else `InvalidLaunchTemplateName.AlreadyExistsException`. It has one version; a change is another
/// template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateLaunchTemplate {
    pub client_token: ClientToken,
    pub name: Arc<str>,
    pub security_groups: Vec<SecurityGroupId>,
    pub user_data: Option<Arc<str>>,
    pub root_volume: Option<RootVolume>,
    pub tags: Tags,
}

/// What a machine's root volume is made as: the one entry of EC2's `BlockDeviceMappings`, for the image's root device. It ends with the
/// machine (`DeleteOnTermination`). Without it, the volume is what the image and the account's settings say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RootVolume {
    /// None: as large as the image.
    pub size_gib: Option<u32>,
    pub volume_type: VolumeType,
    pub iops: u32,
    pub encrypted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeLaunchTemplates(pub Describe<LaunchTemplateId>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteLaunchTemplate {
    pub id: LaunchTemplateId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: LaunchTemplateId,
    pub name: Arc<str>,
    /// Of its version; with AWS, told by `DescribeLaunchTemplateVersions`.
    pub root_volume: Option<RootVolume>,
    pub tags: Tags,
}
