//! The kinds of resources, and what every kind has: an id, tags, perhaps a VPC, filters.

use std::sync::Arc;

use ports::cloud::{
    Address, AllocationId, ErrorCode, Filter, Image, ImageId, InstanceId, InternetGateway, InternetGatewayId,
    LaunchTemplate, LaunchTemplateId, LoadBalancerArn, NatGateway, NatGatewayId, RouteTable, RouteTableId,
    SecurityGroup, SecurityGroupId, Subnet, SubnetId, Tags, TargetGroupArn, Volume, VolumeId, Vpc, VpcId,
};
use serde::{Deserialize, Serialize};

use crate::{
    balancers::{Balancer, Targets},
    instances::Machine,
    table::Resource,
};

/// A launch template with what it fills in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Template {
    pub told: LaunchTemplate,
    pub security_groups: Vec<SecurityGroupId>,
    pub user_data: Option<Arc<str>>,
}

macro_rules! resources {
    ($($kind:ty, $id:ident, $not_found:ident, ($($at:tt)+), |$item:ident| ($vpc:expr, $name:expr), |$filter:ident| $passes:expr;)*) => { $(
        impl Resource for $kind {
            type Id = $id;
            const NOT_FOUND: ErrorCode = ErrorCode::$not_found;

            fn id(&self) -> &$id {
                &self$($at)+
            }

            fn text(id: &$id) -> &str {
                id.as_str()
            }

            fn parse(text: &str) -> $id {
                $id::new(text)
            }

            fn vpc(&self) -> Option<&VpcId> {
                let $item = self;
                let _ = $item;
                $vpc
            }

            fn name(&self) -> Option<&Arc<str>> {
                let $item = self;
                let _ = $item;
                $name
            }

            fn tags(&self) -> &Tags {
                &resources!(@tags self $($at)+)
            }

            fn tags_mut(&mut self) -> &mut Tags {
                &mut resources!(@tags self $($at)+)
            }

            fn passes(&self, $filter: &Filter) -> Option<bool> {
                let $item = self;
                let _ = ($item, $filter);
                $passes
            }
        }
    )* };
    (@tags $self:ident .told.$id:ident) => { $self.told.tags };
    (@tags $self:ident .$id:ident) => { $self.tags };
}

/// The filter by VPC, for kinds that have no other.
fn of_vpc(filter: &Filter, vpc: Option<&VpcId>) -> Option<bool> {
    match filter {
        Filter::Vpc(vpcs) => Some(vpc.is_some_and(|vpc| vpcs.contains(vpc))),
        _ => None,
    }
}

resources! {
    Machine, InstanceId, InvalidInstanceIdNotFound, (.told.id), |item| (Some(&item.told.vpc), None), |filter| match filter {
        Filter::InstanceState(states) => Some(states.contains(&item.told.state)),
        Filter::Subnet(subnets) => Some(subnets.contains(&item.told.subnet)),
        Filter::Zone(zones) => Some(zones.contains(&item.told.zone)),
        other => of_vpc(other, Some(&item.told.vpc)),
    };
    Vpc, VpcId, InvalidVpcIdNotFound, (.id), |item| (Some(&item.id), None), |filter| of_vpc(filter, Some(&item.id));
    Subnet, SubnetId, InvalidSubnetIdNotFound, (.id), |item| (Some(&item.vpc), None), |filter| match filter {
        Filter::Zone(zones) => Some(zones.contains(&item.zone)),
        Filter::Subnet(subnets) => Some(subnets.contains(&item.id)),
        other => of_vpc(other, Some(&item.vpc)),
    };
    InternetGateway, InternetGatewayId, InvalidInternetGatewayIdNotFound, (.id), |item| (item.vpc.as_ref(), None),
        |filter| of_vpc(filter, item.vpc.as_ref());
    Address, AllocationId, InvalidAllocationIdNotFound, (.id), |item| (None, None), |filter| None;
    NatGateway, NatGatewayId, NatGatewayNotFound, (.id), |item| (Some(&item.vpc), None), |filter| match filter {
        Filter::Subnet(subnets) => Some(subnets.contains(&item.subnet)),
        other => of_vpc(other, Some(&item.vpc)),
    };
    RouteTable, RouteTableId, InvalidRouteTableIdNotFound, (.id), |item| (Some(&item.vpc), None),
        |filter| of_vpc(filter, Some(&item.vpc));
    SecurityGroup, SecurityGroupId, InvalidGroupNotFound, (.id), |item| (Some(&item.vpc), None),
        |filter| of_vpc(filter, Some(&item.vpc));
    Volume, VolumeId, InvalidVolumeNotFound, (.id), |item| (None, None), |filter| match filter {
        Filter::Zone(zones) => Some(zones.contains(&item.zone)),
        _ => None,
    };
    Image, ImageId, InvalidAmiIdNotFound, (.id), |item| (None, None), |filter| None;
    Template, LaunchTemplateId, InvalidLaunchTemplateIdNotFound, (.told.id), |item| (None, Some(&item.told.name)), |filter| None;
    Balancer, LoadBalancerArn, LoadBalancerNotFound, (.told.arn), |item| (Some(&item.told.vpc), Some(&item.told.name)), |filter| None;
    Targets, TargetGroupArn, TargetGroupNotFound, (.told.arn), |item| (Some(&item.told.vpc), Some(&item.told.name)), |filter| None;
}
