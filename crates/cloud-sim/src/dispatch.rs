//! From a request to what does it.

use ports::cloud::{CloudError, CloudReply, CloudRequest};

use crate::{balancers, call::Call, gateways, groups, instances, network, routes, templates, volumes};

macro_rules! dispatch {
    ($call:ident, $request:ident, $($name:ident => $does:path,)*) => {
        match $request {
            $(CloudRequest::$name(ask) => $does($call, ask).map(CloudReply::$name),)*
        }
    };
}

pub(crate) fn dispatch(call: &mut Call<'_>, request: CloudRequest) -> Result<CloudReply, CloudError> {
    dispatch! { call, request,
        RunInstances => instances::run,
        DescribeInstances => instances::describe,
        DescribeInstanceStatus => instances::status,
        TerminateInstances => instances::terminate,
        StopInstances => instances::stop,
        StartInstances => instances::start,
        CreateTags => network::create_tags,
        DescribeImages => templates::images,
        CreateLaunchTemplate => templates::create,
        DescribeLaunchTemplates => templates::describe,
        DeleteLaunchTemplate => templates::delete,
        DescribeAvailabilityZones => network::zones,
        CreateVpc => network::create_vpc,
        DescribeVpcs => network::describe_vpcs,
        DeleteVpc => network::delete_vpc,
        CreateSubnet => network::create_subnet,
        DescribeSubnets => network::describe_subnets,
        DeleteSubnet => network::delete_subnet,
        CreateInternetGateway => gateways::create,
        AttachInternetGateway => gateways::attach,
        DetachInternetGateway => gateways::detach,
        DescribeInternetGateways => gateways::describe,
        DeleteInternetGateway => gateways::delete,
        AllocateAddress => gateways::allocate,
        DescribeAddresses => gateways::addresses,
        ReleaseAddress => gateways::release,
        CreateNatGateway => gateways::create_nat,
        DescribeNatGateways => gateways::describe_nats,
        DeleteNatGateway => gateways::delete_nat,
        CreateRouteTable => routes::create,
        CreateRoute => routes::add,
        DeleteRoute => routes::remove,
        AssociateRouteTable => routes::associate,
        DisassociateRouteTable => routes::disassociate,
        DescribeRouteTables => routes::describe,
        DeleteRouteTable => routes::delete,
        CreateSecurityGroup => groups::create,
        AuthorizeSecurityGroupIngress => groups::authorize,
        RevokeSecurityGroupIngress => groups::revoke,
        DescribeSecurityGroups => groups::describe,
        DeleteSecurityGroup => groups::delete,
        CreateVolume => volumes::create,
        AttachVolume => volumes::attach,
        DetachVolume => volumes::detach,
        DescribeVolumes => volumes::describe,
        DeleteVolume => volumes::delete,
        CreateLoadBalancer => balancers::create,
        DescribeLoadBalancers => balancers::describe,
        DeleteLoadBalancer => balancers::delete,
        CreateTargetGroup => balancers::targets::create,
        DescribeTargetGroups => balancers::targets::describe,
        DeleteTargetGroup => balancers::targets::delete,
        CreateListener => balancers::listen,
        DescribeListeners => balancers::listeners,
        RegisterTargets => balancers::targets::register,
        DeregisterTargets => balancers::targets::deregister,
        DescribeTargetHealth => balancers::targets::health,
    }
}
