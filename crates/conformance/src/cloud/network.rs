//! Ranges, routes, gateways, and what depends on what.

use ports::cloud::*;

use super::{Probe, Stage, probe::only, stage::part};
use crate::{Broken, broken::same};

const DEPENDS: &str = "nothing is deleted that something depends on";

fn range(text: &str) -> Result<Cidr, Broken> {
    text.parse().map_err(|error: ids::CidrError| Broken::new("the suite's own ranges read", error.to_string()))
}

pub async fn ranges(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "ranges are of an allowed size, inside their VPC, and overlap no other";
    for wrong in ["10.0.0.0/8", "10.0.0.0/29"] {
        let create = CreateVpc { cidr: range(wrong)?, tags: probe.tags("wrong") };
        probe.refused(PROMISE, create, ErrorCode::InvalidVpcRange).await?;
    }
    let zones = probe.done("zones are told", DescribeAvailabilityZones {}).await?;
    for zone in &probe.fixture.zones {
        same("a zone is told by its name", &zones.iter().filter(|of| of.name == *zone).count(), &1)?;
    }
    let [zone, _] = &probe.fixture.zones;
    let subnet = |cidr| CreateSubnet { vpc: stage.vpc.clone(), zone: zone.clone(), cidr, tags: probe.tags("wrong") };
    let used = part(probe.fixture.range, 0);
    probe.refused(PROMISE, subnet(used), ErrorCode::InvalidSubnetConflict).await?;
    probe.refused(PROMISE, subnet(range("192.0.2.0/24")?), ErrorCode::InvalidSubnetRange).await?;
    let tiny = Cidr::around(probe.fixture.range.last(), 29);
    probe.refused(PROMISE, subnet(tiny), ErrorCode::InvalidSubnetRange).await
}

pub async fn unknown(probe: &Probe<'_>) -> Result<(), Broken> {
    const PROMISE: &str = "what does not exist is refused with the code of its kind";
    let vpc = VpcId::new("vpc-0123456789abcdef0");
    probe.refused(PROMISE, DescribeVpcs(Describe::id(vpc.clone())), ErrorCode::InvalidVpcIdNotFound).await?;
    probe.refused(PROMISE, DeleteVpc { id: vpc }, ErrorCode::InvalidVpcIdNotFound).await?;
    let subnet = SubnetId::new("subnet-0123456789abcdef0");
    probe.refused(PROMISE, DeleteSubnet { id: subnet }, ErrorCode::InvalidSubnetIdNotFound).await?;
    let group = SecurityGroupId::new("sg-0123456789abcdef0");
    probe.refused(PROMISE, DeleteSecurityGroup { id: group }, ErrorCode::InvalidGroupNotFound).await?;
    let volume = VolumeId::new("vol-0123456789abcdef0");
    probe.refused(PROMISE, DeleteVolume { id: volume }, ErrorCode::InvalidVolumeNotFound).await?;
    let gateway = InternetGatewayId::new("igw-0123456789abcdef0");
    let delete = DeleteInternetGateway { id: gateway };
    probe.refused(PROMISE, delete, ErrorCode::InvalidInternetGatewayIdNotFound).await?;
    let delete = DeleteNatGateway { id: NatGatewayId::new("nat-0123456789abcdef0") };
    probe.refused(PROMISE, delete, ErrorCode::NatGatewayNotFound).await?;
    let delete = DeleteRouteTable { id: RouteTableId::new("rtb-0123456789abcdef0") };
    probe.refused(PROMISE, delete, ErrorCode::InvalidRouteTableIdNotFound).await
}

pub async fn routes(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "a table has one route per destination, a subnet one table";
    let route = CreateRoute {
        table: stage.table.clone(),
        destination: Cidr::ALL,
        target: RouteTarget::InternetGateway(stage.gateway.clone()),
    };
    probe.done(PROMISE, route.clone()).await?;
    probe.refused(PROMISE, route, ErrorCode::RouteAlreadyExists).await?;
    let [subnet, _] = &stage.subnets;
    let associate = AssociateRouteTable { table: stage.table.clone(), subnet: subnet.clone() };
    let association = probe.done(PROMISE, associate.clone()).await?;
    probe.refused(PROMISE, associate, ErrorCode::ResourceAlreadyAssociated).await?;
    let describe = DescribeRouteTables(Describe::id(stage.table.clone()));
    let shows = |page: &Page<RouteTable>| {
        let table = only(page)?;
        let route = table.routes.iter().any(|route| route.destination == Cidr::ALL && !route.blackhole);
        table.associations.iter().any(|has| has.id == association).then_some(route)
    };
    let routed = probe.until(PROMISE, describe, shows).await?;
    same("a route to a gateway that is attached is no black hole", &routed, &true)?;
    probe.refused(DEPENDS, DeleteRouteTable { id: stage.table.clone() }, ErrorCode::DependencyViolation).await?;
    probe.done(PROMISE, DisassociateRouteTable { id: association.clone() }).await?;
    let again = DisassociateRouteTable { id: association };
    probe.refused(PROMISE, again, ErrorCode::InvalidAssociationIdNotFound).await
}

pub async fn dependencies(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    probe.refused(DEPENDS, DeleteVpc { id: stage.vpc.clone() }, ErrorCode::DependencyViolation).await?;
    let delete = DeleteInternetGateway { id: stage.gateway.clone() };
    probe.refused(DEPENDS, delete, ErrorCode::DependencyViolation).await?;
    let attach = AttachInternetGateway { gateway: stage.gateway.clone(), vpc: stage.vpc.clone() };
    let promise = "a VPC has one internet gateway";
    probe.refused(promise, attach, ErrorCode::ResourceAlreadyAssociated).await
}

/// With an instance in it.
pub async fn in_use(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    let run = stage.launch(probe, "in-use");
    let subnet = run.subnet.clone();
    let instance = probe.done("an instance is launched", run).await?;
    probe.refused(DEPENDS, DeleteSubnet { id: subnet }, ErrorCode::DependencyViolation).await?;
    let delete = DeleteSecurityGroup { id: stage.group.clone() };
    probe.refused(DEPENDS, delete, ErrorCode::DependencyViolation).await?;
    probe.done("an instance is terminated", TerminateInstances { ids: vec![instance.id] }).await.map(drop)
}

pub async fn nat(probe: &Probe<'_>, stage: &Stage) -> Result<(), Broken> {
    const PROMISE: &str = "a NAT gateway becomes available, holds its address, and is deleted in the end";
    let address = probe.done(PROMISE, AllocateAddress { tags: probe.tags("nat") }).await?;
    let [_, subnet] = &stage.subnets;
    let create = CreateNatGateway {
        client_token: probe.token("nat"),
        subnet: subnet.clone(),
        allocation: address.id.clone(),
        tags: probe.tags("nat"),
    };
    let nat = probe.done(PROMISE, create.clone()).await?;
    same(PROMISE, &nat.state, &NatGatewayState::Pending)?;
    let again = probe.done(PROMISE, create).await?;
    same("the same client token makes one NAT gateway", &again.id, &nat.id)?;
    let describe = DescribeNatGateways(Describe::id(nat.id.clone()));
    let at = |state| move |page: &Page<NatGateway>| only(page).filter(|nat| nat.state == state).map(drop);
    probe.until(PROMISE, describe.clone(), at(NatGatewayState::Available)).await?;
    probe.refused(DEPENDS, ReleaseAddress { id: address.id.clone() }, ErrorCode::InvalidIpAddressInUse).await?;
    probe.refused(DEPENDS, DeleteSubnet { id: subnet.clone() }, ErrorCode::DependencyViolation).await?;
    let detach = DetachInternetGateway { gateway: stage.gateway.clone(), vpc: stage.vpc.clone() };
    probe.refused(DEPENDS, detach, ErrorCode::DependencyViolation).await?;
    probe.done(PROMISE, DeleteNatGateway { id: nat.id.clone() }).await?;
    probe.until(PROMISE, describe, at(NatGatewayState::Deleted)).await?;
    probe.done(PROMISE, DeleteNatGateway { id: nat.id }).await?;
    let free = |page: &Page<Address>| only(page).filter(|address| address.nat_gateway.is_none()).map(drop);
    probe.until(PROMISE, DescribeAddresses(Describe::id(address.id.clone())), free).await?;
    probe.done(PROMISE, ReleaseAddress { id: address.id }).await
}
