//! Ids as the cloud gives them out. They are text with a kind, and nothing is read out of them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

ids! {
    /// A region of the cloud, such as `eu-west-1`. Not a region of the ring, which may have the same name.
    CloudRegion,
    /// An availability zone by its name in one account, such as `eu-west-1a`.
    Zone,
    /// An availability zone by the id that means the same place in every account, such as `euw1-az1`.
    ZoneId,
    /// A kind of machine, such as `m7i.large`.
    InstanceType,
    /// A machine image: `ami-…`.
    ImageId,
    /// A machine: `i-…`.
    InstanceId,
    /// `vpc-…`.
    VpcId,
    /// `subnet-…`.
    SubnetId,
    /// `igw-…`.
    InternetGatewayId,
    /// `nat-…`.
    NatGatewayId,
    /// `rtb-…`.
    RouteTableId,
    /// A route table's use by a subnet: `rtbassoc-…`.
    AssociationId,
    /// A public address that is held: `eipalloc-…`.
    AllocationId,
    /// `sg-…`.
    SecurityGroupId,
    /// `vol-…`.
    VolumeId,
    /// `lt-…`.
    LaunchTemplateId,
    /// `arn:aws:elasticloadbalancing:…:loadbalancer/net/…`.
    LoadBalancerArn,
    /// `arn:aws:elasticloadbalancing:…:targetgroup/…`.
    TargetGroupArn,
    /// `arn:aws:elasticloadbalancing:…:listener/net/…`.
    ListenerArn,
    /// Whatever of EC2's can be tagged.
    ResourceId,
    /// Chosen by the caller, once per attempt: at most 64 ASCII characters. The same call with the same token has one effect.
    ClientToken,
    /// Where the next page begins. Only the cloud that gave it out can read it.
    PageToken,
}

macro_rules! taggable {
    ($($name:ident,)*) => { $(
        impl From<&$name> for ResourceId {
            fn from(id: &$name) -> Self {
                Self(id.0.clone())
            }
        }
    )* };
}

taggable! {
    InstanceId, VpcId, SubnetId, InternetGatewayId, NatGatewayId, RouteTableId, AllocationId, SecurityGroupId, VolumeId, LaunchTemplateId,
}

/// A moment on the cloud's clock, in whole Unix seconds, as its answers tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CloudTime(pub u64);
