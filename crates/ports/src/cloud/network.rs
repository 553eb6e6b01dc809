//! VPCs, subnets, gateways, public addresses and routes.
//!
//! None of the creations here but those of NAT gateways and route tables takes a client token: whoever calls tags what it makes and looks
//! for the tag first. Deletions of what does not exist are refused with the kind's `NotFound`, which a caller that deletes may take for
//! success only of an id that it has seen.

use std::net::Ipv4Addr;

use ids::Cidr;
use serde::{Deserialize, Serialize};

use super::{
    error::ErrorCode,
    id::*,
    select::{Describe, Tags},
};

/// The region's zones, and what this account calls them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeAvailabilityZones {}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailabilityZone {
    pub name: Zone,
    pub id: ZoneId,
}

/// A range of /16 to /28, else `InvalidVpc.Range`. It comes with a security group named `default`, which lets in
/// whoever has it, and a main route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVpc {
    pub cidr: Cidr,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeVpcs(pub Describe<VpcId>);

/// `DependencyViolation` while anything is in it but its default group and main route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteVpc {
    pub id: VpcId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vpc {
    pub id: VpcId,
    pub cidr: Cidr,
    pub tags: Tags,
}

/// A range of /16 to /28 inside the VPC's, else `InvalidSubnet.Range`, which overlaps no other's, else `InvalidSubnet.Conflict`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSubnet {
    pub vpc: VpcId,
    pub zone: Zone,
    pub cidr: Cidr,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeSubnets(pub Describe<SubnetId>);

/// `DependencyViolation` while an instance, a NAT gateway or a load balancer is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSubnet {
    pub id: SubnetId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subnet {
    pub id: SubnetId,
    pub vpc: VpcId,
    pub zone: Zone,
    pub cidr: Cidr,
    /// Addresses that nothing uses: of a fresh subnet five fewer than its range has.
    pub free_addresses: u32,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateInternetGateway {
    pub tags: Tags,
}

/// One per VPC, one VPC per gateway: else `Resource.AlreadyAssociated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachInternetGateway {
    pub gateway: InternetGatewayId,
    pub vpc: VpcId,
}

/// `Gateway.NotAttached` if it is not; `DependencyViolation` while the VPC holds public addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachInternetGateway {
    pub gateway: InternetGatewayId,
    pub vpc: VpcId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeInternetGateways(pub Describe<InternetGatewayId>);

/// `DependencyViolation` while it is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteInternetGateway {
    pub id: InternetGatewayId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InternetGateway {
    pub id: InternetGatewayId,
    pub vpc: Option<VpcId>,
    pub tags: Tags,
}

/// Holds a public address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocateAddress {
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeAddresses(pub Describe<AllocationId>);

/// `InvalidIPAddress.InUse` while a NAT gateway uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseAddress {
    pub id: AllocationId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    pub id: AllocationId,
    pub address: Ipv4Addr,
    /// What uses it.
    pub nat_gateway: Option<NatGatewayId>,
    pub tags: Tags,
}

/// A public one, in one zone. `pending` for a minute or two; it becomes `failed` if its VPC has no internet gateway by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateNatGateway {
    pub client_token: ClientToken,
    pub subnet: SubnetId,
    pub allocation: AllocationId,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeNatGateways(pub Describe<NatGatewayId>);

/// Its address is free again once it is `deleted`. Of one that is deleted already: succeeds while it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteNatGateway {
    pub id: NatGatewayId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NatGatewayState {
    Pending,
    Failed,
    Available,
    Deleting,
    /// Listed for about an hour.
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NatGateway {
    pub id: NatGatewayId,
    pub vpc: VpcId,
    pub subnet: SubnetId,
    pub allocation: AllocationId,
    pub state: NatGatewayState,
    /// Why it failed.
    pub failure: Option<ErrorCode>,
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRouteTable {
    pub client_token: ClientToken,
    pub vpc: VpcId,
    pub tags: Tags,
}

/// `RouteAlreadyExists` if the table has a route to the same destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRoute {
    pub table: RouteTableId,
    pub destination: Cidr,
    pub target: RouteTarget,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRoute {
    pub table: RouteTableId,
    pub destination: Cidr,
}

/// A subnet uses one table, else `Resource.AlreadyAssociated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociateRouteTable {
    pub table: RouteTableId,
    pub subnet: SubnetId,
}

/// The subnet then uses the main table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisassociateRouteTable {
    pub id: AssociationId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeRouteTables(pub Describe<RouteTableId>);

/// `DependencyViolation` while a subnet uses it, and for a main table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRouteTable {
    pub id: RouteTableId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RouteTarget {
    InternetGateway(InternetGatewayId),
    NatGateway(NatGatewayId),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    pub destination: Cidr,
    pub target: RouteTarget,
    /// EC2's state `blackhole`: the target is gone.
    pub blackhole: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Association {
    pub id: AssociationId,
    pub subnet: SubnetId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RouteTable {
    pub id: RouteTableId,
    pub vpc: VpcId,
    /// The one that came with the VPC.
    pub main: bool,
    /// Without the local route, which every table has.
    pub routes: Vec<Route>,
    pub associations: Vec<Association>,
    pub tags: Tags,
}
