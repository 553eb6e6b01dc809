//! VPCs and subnets, and tags on anything.

use ports::cloud::{
    AvailabilityZone, CloudError, CreateSubnet, CreateTags, CreateVpc, DeleteSubnet, DeleteVpc,
    DescribeAvailabilityZones, DescribeSubnets, DescribeVpcs, ErrorCode, NatGatewayState, Page, ResourceId, Subnet,
    SubnetId, Tags, Vpc, VpcId,
};

use crate::{
    call::{Call, check_tags},
    groups,
    place::Pool,
    routes, select,
    table::{Lag, Resource, Table, View},
};

/// What EC2 allows as the size of a VPC's or a subnet's range.
const PREFIXES: std::ops::RangeInclusive<u8> = 16..=28;

pub(crate) fn zones(call: &mut Call<'_>, _: DescribeAvailabilityZones) -> Result<Vec<AvailabilityZone>, CloudError> {
    let region = call.world.options.regions.get(&call.place.region);
    let zones = region.into_iter().flat_map(|region| region.zones.iter());
    Ok(zones.map(|(name, id)| AvailabilityZone { name: name.clone(), id: id.clone() }).collect())
}

pub(crate) fn create_vpc(call: &mut Call<'_>, ask: CreateVpc) -> Result<Vpc, CloudError> {
    if !PREFIXES.contains(&ask.cidr.prefix()) {
        let message = format!("made a VPC of {}: wanted /16 to /28", ask.cidr);
        return Err(CloudError::refused(ErrorCode::InvalidVpcRange, message));
    }
    if let Some(quota) = call.world.options.quotas.vpcs.filter(|quota| call.site.vpcs.all().count() >= *quota) {
        let message = format!("made one more VPC in {}: at most {quota}", call.place);
        return Err(CloudError::refused(ErrorCode::VpcLimitExceeded, message));
    }
    let tags = call.tags(ask.tags)?;
    let vpc = Vpc { id: VpcId::new(call.id("vpc")), cidr: ask.cidr, tags };
    let lag = call.lag();
    call.site.vpcs.put(vpc.clone(), call.now, lag);
    call.created(vpc.id.as_str());
    groups::create_default(call, &vpc.id)?;
    routes::create_main(call, &vpc.id)?;
    Ok(vpc)
}

pub(crate) fn describe_vpcs(call: &mut Call<'_>, ask: DescribeVpcs) -> Result<Page<Vpc>, CloudError> {
    select::describe(&call.site.vpcs, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn delete_vpc(call: &mut Call<'_>, ask: DeleteVpc) -> Result<(), CloudError> {
    let id = &call.site.vpcs.known(&ask.id, call.view())?.id.clone();
    let site = &*call.site;
    let inside = [
        site.subnets.in_vpc(id).map(|subnet| subnet.id.to_string()).next(),
        site.groups.in_vpc(id).find(|group| &*group.name != groups::DEFAULT).map(|group| group.id.to_string()),
        site.routes.in_vpc(id).find(|table| !table.main).map(|table| table.id.to_string()),
        site.gateways.in_vpc(id).map(|gateway| gateway.id.to_string()).next(),
    ];
    if let Some(inside) = inside.into_iter().flatten().next() {
        return Err(depends(id.as_str(), &inside));
    }
    let lag = call.lag();
    let groups: Vec<_> = call.site.groups.in_vpc(id).map(|group| group.id.clone()).collect();
    let tables: Vec<_> = call.site.routes.in_vpc(id).map(|table| table.id.clone()).collect();
    groups.iter().for_each(|group| drop(call.site.groups.remove(group, call.now, lag)));
    tables.iter().for_each(|table| drop(call.site.routes.remove(table, call.now, lag)));
    call.site.vpcs.remove(id, call.now, lag);
    call.deleted(id.as_str());
    Ok(())
}

pub(crate) fn create_subnet(call: &mut Call<'_>, ask: CreateSubnet) -> Result<Subnet, CloudError> {
    let vpc = call.site.vpcs.known(&ask.vpc, call.view())?;
    if !zone_exists(call, &ask.zone) {
        let message = format!("made a subnet in {}: no such zone in {}", ask.zone, call.place.region);
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    if !PREFIXES.contains(&ask.cidr.prefix()) || !vpc.cidr.contains(ask.cidr) {
        let message = format!("made a subnet of {}: wanted /16 to /28 inside {}", ask.cidr, vpc.cidr);
        return Err(CloudError::refused(ErrorCode::InvalidSubnetRange, message));
    }
    if let Some(other) = call.site.subnets.in_vpc(&ask.vpc).find(|other| other.cidr.overlaps(ask.cidr)) {
        let message = format!("made a subnet of {}: {} has {}", ask.cidr, other.id, other.cidr);
        return Err(CloudError::refused(ErrorCode::InvalidSubnetConflict, message));
    }
    let tags = call.tags(ask.tags)?;
    let id = SubnetId::new(call.id("subnet"));
    let mut subnet = Subnet { id, vpc: ask.vpc, zone: ask.zone, cidr: ask.cidr, free_addresses: 0, tags };
    let pool = Pool::new(&subnet);
    subnet.free_addresses = pool.free();
    call.site.pools.insert(subnet.id.clone(), pool);
    let lag = call.lag();
    call.site.subnets.put(subnet.clone(), call.now, lag);
    call.created(subnet.id.as_str());
    Ok(subnet)
}

pub(crate) fn describe_subnets(call: &mut Call<'_>, ask: DescribeSubnets) -> Result<Page<Subnet>, CloudError> {
    select::describe(&call.site.subnets, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn delete_subnet(call: &mut Call<'_>, ask: DeleteSubnet) -> Result<(), CloudError> {
    let subnet = call.site.subnets.known(&ask.id, call.view())?;
    let (id, vpc) = (subnet.id.clone(), subnet.vpc.clone());
    let site = &*call.site;
    let instances = site.pools.get(&id).map(|pool| pool.used).filter(|used| *used > 0);
    let alive = |state| !matches!(state, NatGatewayState::Deleted | NatGatewayState::Failed);
    let nat = site.nats.in_vpc(&vpc).find(|nat| nat.subnet == id && alive(nat.state));
    let balancer = site.balancers.in_vpc(&vpc).find(|balancer| balancer.told.subnets.contains(&id));
    let inside = instances
        .map(|used| format!("{used} instances"))
        .or_else(|| nat.map(|nat| nat.id.to_string()))
        .or_else(|| balancer.map(|balancer| balancer.told.arn.to_string()));
    if let Some(inside) = inside {
        return Err(depends(id.as_str(), &inside));
    }
    routes::leave(call, &vpc, &id);
    let lag = call.lag();
    call.site.subnets.remove(&id, call.now, lag);
    call.site.pools.remove(&id);
    call.deleted(id.as_str());
    Ok(())
}

pub(crate) fn create_tags(call: &mut Call<'_>, ask: CreateTags) -> Result<(), CloudError> {
    // All or none: first whether every one of them is there and has room.
    for resource in &ask.resources {
        let unknown = || CloudError::refused(ErrorCode::InvalidId, format!("tagged {resource}: no kind has such ids"));
        let old = tags_of(call, resource).ok_or_else(unknown)??;
        check_tags(&ask.tags, &old)?;
    }
    for resource in &ask.resources {
        retag(call, resource, |tags| ask.tags.iter().for_each(|tag| tags.set(tag.clone())));
        call.changed(resource.as_str());
    }
    Ok(())
}

/// Runs `$does` with the table that a resource of that id is in.
macro_rules! with_table {
    ($site:expr, $resource:ident, |$table:ident| $does:expr) => {
        match $resource.as_str().split('-').next() {
            Some("i") => with_table!(@ $site.machines, $table, $does),
            Some("vpc") => with_table!(@ $site.vpcs, $table, $does),
            Some("subnet") => with_table!(@ $site.subnets, $table, $does),
            Some("igw") => with_table!(@ $site.gateways, $table, $does),
            Some("eipalloc") => with_table!(@ $site.addresses, $table, $does),
            Some("nat") => with_table!(@ $site.nats, $table, $does),
            Some("rtb") => with_table!(@ $site.routes, $table, $does),
            Some("sg") => with_table!(@ $site.groups, $table, $does),
            Some("vol") => with_table!(@ $site.volumes, $table, $does),
            Some("lt") => with_table!(@ $site.templates, $table, $does),
            _ => None,
        }
    };
    (@ $place:expr, $table:ident, $does:expr) => {{
        let $table = &mut $place;
        $does
    }};
}

fn tags_of(call: &mut Call<'_>, resource: &ResourceId) -> Option<Result<Tags, CloudError>> {
    fn of<T: Resource>(table: &Table<T>, id: &ResourceId, view: View) -> Option<Result<Tags, CloudError>> {
        Some(table.known(&T::parse(id.as_str()), view).map(|item| item.tags().clone()))
    }
    let view = call.view();
    with_table!(call.site, resource, |table| of(table, resource, view))
}

/// Changes the tags of whatever has this id; whether something has.
pub(crate) fn retag(call: &mut Call<'_>, resource: &ResourceId, change: impl FnOnce(&mut Tags)) -> bool {
    fn of<T: Resource>(
        table: &mut Table<T>,
        id: &ResourceId,
        now: u64,
        lag: Lag,
        change: impl FnOnce(&mut Tags),
    ) -> Option<()> {
        let id = T::parse(id.as_str());
        table.get(&id)?;
        table.retag(&id, now, lag, change);
        Some(())
    }
    let (now, lag) = (call.now, call.lag());
    with_table!(call.site, resource, |table| of(table, resource, now, lag, change)).is_some()
}

/// Brings the count of free addresses in line with the pool.
pub(crate) fn count_addresses(call: &mut Call<'_>, subnet: &SubnetId) {
    let free = call.site.pools.get(subnet).map_or(0, Pool::free);
    call.site.subnets.change(subnet, call.now, None, |subnet| subnet.free_addresses = free);
}

pub(crate) fn zone_exists(call: &Call<'_>, zone: &ports::cloud::Zone) -> bool {
    let region = call.world.options.regions.get(&call.place.region);
    region.is_some_and(|region| region.zones.iter().any(|(name, _)| name == zone))
}

/// What a deletion is refused with while something needs what is to be deleted.
pub(crate) fn depends(id: &str, inside: &str) -> CloudError {
    CloudError::refused(ErrorCode::DependencyViolation, format!("deleted {id}, which {inside} depends on"))
}
