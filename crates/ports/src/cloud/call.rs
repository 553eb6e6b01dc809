//! Every action of the port, with the type of its answer.

use serde::{Deserialize, Serialize};

use super::{balancer::*, group::*, id::*, instance::*, network::*, select::Page, template::*, volume::*};

/// One action of the port: what is asked, and what is answered.
pub trait Action: Into<CloudRequest> + Send {
    type Reply;
    /// As the API reference spells it.
    const NAME: &'static str;
    /// The answer to this action, or what came in its place.
    fn reply(reply: CloudReply) -> Result<Self::Reply, CloudReply>;
}

macro_rules! actions {
    ($($name:ident => $reply:ty,)*) => {
        /// A call as a value.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum CloudRequest { $($name($name),)* }

        /// The answer to the action of the same name.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum CloudReply { $($name($reply),)* }

        impl CloudRequest {
            /// The action, as the API reference spells it.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }
        }

        impl CloudReply {
            /// The action that this answers.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }
        }

        $(
            impl From<$name> for CloudRequest {
                fn from(action: $name) -> Self {
                    Self::$name(action)
                }
            }

            impl Action for $name {
                type Reply = $reply;
                const NAME: &'static str = stringify!($name);

                fn reply(reply: CloudReply) -> Result<Self::Reply, CloudReply> {
                    match reply {
                        CloudReply::$name(reply) => Ok(reply),
                        other => Err(other),
                    }
                }
            }
        )*
    };
}

actions! {
    // Machines.
    RunInstances => Box<Instance>,
    DescribeInstances => Page<Instance>,
    DescribeInstanceStatus => Page<InstanceStatus>,
    TerminateInstances => Vec<StateChange>,
    StopInstances => Vec<StateChange>,
    StartInstances => Vec<StateChange>,
    CreateTags => (),
    // What they start from.
    DescribeImages => Page<Image>,
    CreateLaunchTemplate => LaunchTemplate,
    DescribeLaunchTemplates => Page<LaunchTemplate>,
    DeleteLaunchTemplate => (),
    // The network.
    DescribeAvailabilityZones => Vec<AvailabilityZone>,
    CreateVpc => Vpc,
    DescribeVpcs => Page<Vpc>,
    DeleteVpc => (),
    CreateSubnet => Subnet,
    DescribeSubnets => Page<Subnet>,
    DeleteSubnet => (),
    CreateInternetGateway => InternetGateway,
    AttachInternetGateway => (),
    DetachInternetGateway => (),
    DescribeInternetGateways => Page<InternetGateway>,
    DeleteInternetGateway => (),
    AllocateAddress => Address,
    DescribeAddresses => Page<Address>,
    ReleaseAddress => (),
    CreateNatGateway => NatGateway,
    DescribeNatGateways => Page<NatGateway>,
    DeleteNatGateway => (),
    CreateRouteTable => RouteTable,
    CreateRoute => (),
    DeleteRoute => (),
    AssociateRouteTable => AssociationId,
    DisassociateRouteTable => (),
    DescribeRouteTables => Page<RouteTable>,
    DeleteRouteTable => (),
    // Security groups.
    CreateSecurityGroup => SecurityGroupId,
    AuthorizeSecurityGroupIngress => (),
    RevokeSecurityGroupIngress => (),
    DescribeSecurityGroups => Page<SecurityGroup>,
    DeleteSecurityGroup => (),
    // Volumes.
    CreateVolume => Volume,
    AttachVolume => (),
    DetachVolume => (),
    DescribeVolumes => Page<Volume>,
    DeleteVolume => (),
    // Load balancers.
    CreateLoadBalancer => LoadBalancer,
    DescribeLoadBalancers => Page<LoadBalancer>,
    DeleteLoadBalancer => (),
    CreateTargetGroup => TargetGroup,
    DescribeTargetGroups => Page<TargetGroup>,
    DeleteTargetGroup => (),
    CreateListener => ListenerArn,
    DescribeListeners => Vec<Listener>,
    RegisterTargets => (),
    DeregisterTargets => (),
    DescribeTargetHealth => Vec<TargetHealth>,
}
