//! Route tables.

use ports::cloud::{
    AssociateRouteTable, Association, AssociationId, CloudError, CreateRoute, CreateRouteTable, DeleteRoute,
    DeleteRouteTable, DescribeRouteTables, DisassociateRouteTable, ErrorCode, NatGatewayState, Page, Route, RouteTable,
    RouteTableId, RouteTarget, SubnetId, Tags, VpcId,
};

use crate::{
    call::Call,
    network::depends,
    select,
    tokens::{TokenKey, digest},
};

pub(crate) fn create(call: &mut Call<'_>, ask: CreateRouteTable) -> Result<RouteTable, CloudError> {
    let key = TokenKey { action: "CreateRouteTable".into(), zone: None, token: ask.client_token.clone() };
    let digest = digest(&ask);
    if let Some(made) = call.site.tokens.made(&key, digest)? {
        let id = RouteTableId::new(made.clone());
        let table = call.site.routes.get(&id).cloned();
        call.repeated(&made);
        return table.ok_or_else(|| crate::table::Table::<RouteTable>::not_found(&id));
    }
    call.site.vpcs.known(&ask.vpc, call.view())?;
    let table = make(call, ask.vpc, false, ask.tags)?;
    call.site.tokens.spend(key.clone(), digest, Some(table.id.as_str().into()), None);
    call.token_ends(key);
    Ok(table)
}

/// The table that comes with a VPC.
pub(crate) fn create_main(call: &mut Call<'_>, vpc: &VpcId) -> Result<(), CloudError> {
    make(call, vpc.clone(), true, Tags::default()).map(drop)
}

fn make(call: &mut Call<'_>, vpc: VpcId, main: bool, tags: Tags) -> Result<RouteTable, CloudError> {
    let tags = call.tags(tags)?;
    let id = RouteTableId::new(call.id("rtb"));
    let table = RouteTable { id, vpc, main, routes: Vec::new(), associations: Vec::new(), tags };
    let lag = call.lag();
    call.site.routes.put(table.clone(), call.now, lag);
    call.created(table.id.as_str());
    Ok(table)
}

pub(crate) fn add(call: &mut Call<'_>, ask: CreateRoute) -> Result<(), CloudError> {
    let table = call.site.routes.known(&ask.table, call.view())?;
    let local = call.site.vpcs.get(&table.vpc).is_some_and(|vpc| vpc.cidr == ask.destination);
    if local || table.routes.iter().any(|route| route.destination == ask.destination) {
        let message = format!("added a route to {} to {}: it has one", ask.destination, ask.table);
        return Err(CloudError::refused(ErrorCode::RouteAlreadyExists, message));
    }
    let vpc = table.vpc.clone();
    let (found, code, target) = match &ask.target {
        RouteTarget::InternetGateway(id) => {
            let gateway = call.site.gateways.known(id, call.view()).ok();
            (
                gateway.is_some_and(|gateway| gateway.vpc.as_ref() == Some(&vpc)),
                ErrorCode::InvalidGatewayIdNotFound,
                id.as_str(),
            )
        }
        RouteTarget::NatGateway(id) => {
            let nat = call.site.nats.known(id, call.view()).ok();
            let there = nat.is_some_and(|nat| nat.vpc == vpc && nat.state != NatGatewayState::Deleted);
            (there, ErrorCode::InvalidNatGatewayIdNotFound, id.as_str())
        }
    };
    if !found {
        return Err(CloudError::refused(code, format!("routed {} to {target}: it is not in {vpc}", ask.destination)));
    }
    let (now, lag) = (call.now, call.lag());
    let route = Route { destination: ask.destination, target: ask.target, blackhole: false };
    call.site.routes.change(&ask.table, now, lag, |table| table.routes.push(route));
    call.changed(ask.table.as_str());
    Ok(())
}

pub(crate) fn remove(call: &mut Call<'_>, ask: DeleteRoute) -> Result<(), CloudError> {
    let table = call.site.routes.known(&ask.table, call.view())?;
    if !table.routes.iter().any(|route| route.destination == ask.destination) {
        let message = format!("removed the route to {} from {}: it has none", ask.destination, ask.table);
        return Err(CloudError::refused(ErrorCode::InvalidRouteNotFound, message));
    }
    let (now, lag) = (call.now, call.lag());
    call.site
        .routes
        .change(&ask.table, now, lag, |table| table.routes.retain(|route| route.destination != ask.destination));
    call.changed(ask.table.as_str());
    Ok(())
}

pub(crate) fn associate(call: &mut Call<'_>, ask: AssociateRouteTable) -> Result<AssociationId, CloudError> {
    let vpc = call.site.routes.known(&ask.table, call.view())?.vpc.clone();
    let subnet = call.site.subnets.known(&ask.subnet, call.view())?;
    if subnet.vpc != vpc {
        let message = format!("associated {} with {}: they are of different VPCs", ask.subnet, ask.table);
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    let uses = |table: &&RouteTable| table.associations.iter().any(|association| association.subnet == ask.subnet);
    if let Some(other) = call.site.routes.in_vpc(&vpc).find(uses) {
        let message = format!("associated {} with {}: it uses {}", ask.subnet, ask.table, other.id);
        return Err(CloudError::refused(ErrorCode::ResourceAlreadyAssociated, message));
    }
    let id = AssociationId::new(call.id("rtbassoc"));
    let (now, lag) = (call.now, call.lag());
    let association = Association { id: id.clone(), subnet: ask.subnet };
    call.site.routes.change(&ask.table, now, lag, |table| table.associations.push(association));
    call.site.associations.insert(id.clone(), ask.table.clone());
    call.changed(ask.table.as_str());
    Ok(id)
}

pub(crate) fn disassociate(call: &mut Call<'_>, ask: DisassociateRouteTable) -> Result<(), CloudError> {
    let Some(table) = call.site.associations.remove(&ask.id) else {
        let message = format!("ended {}: it does not exist", ask.id);
        return Err(CloudError::refused(ErrorCode::InvalidAssociationIdNotFound, message));
    };
    let (now, lag) = (call.now, call.lag());
    call.site
        .routes
        .change(&table, now, lag, |table| table.associations.retain(|association| association.id != ask.id));
    call.changed(table.as_str());
    Ok(())
}

/// A subnet is deleted, and its association with it.
pub(crate) fn leave(call: &mut Call<'_>, vpc: &VpcId, subnet: &SubnetId) {
    let of = |table: &RouteTable| table.associations.iter().find(|association| association.subnet == *subnet).cloned();
    let found = call.site.routes.in_vpc(vpc).find_map(|table| Some((table.id.clone(), of(table)?.id)));
    let Some((table, association)) = found else { return };
    let (now, lag) = (call.now, call.lag());
    call.site.routes.change(&table, now, lag, |table| table.associations.retain(|has| has.id != association));
    call.site.associations.remove(&association);
}

pub(crate) fn describe(call: &mut Call<'_>, ask: DescribeRouteTables) -> Result<Page<RouteTable>, CloudError> {
    let mut page = select::describe(&call.site.routes, &ask.0, call.view(), |_| true).map(select::owned)?;
    for route in page.items.iter_mut().flat_map(|table| &mut table.routes) {
        route.blackhole = match &route.target {
            RouteTarget::InternetGateway(id) => call.site.gateways.get(id).is_none_or(|gateway| gateway.vpc.is_none()),
            RouteTarget::NatGateway(id) => call
                .site
                .nats
                .get(id)
                .is_none_or(|nat| !matches!(nat.state, NatGatewayState::Pending | NatGatewayState::Available)),
        };
    }
    Ok(page)
}

pub(crate) fn delete(call: &mut Call<'_>, ask: DeleteRouteTable) -> Result<(), CloudError> {
    let table = call.site.routes.known(&ask.id, call.view())?;
    if let Some(association) = table.associations.first() {
        return Err(depends(ask.id.as_str(), association.subnet.as_str()));
    }
    if table.main {
        return Err(depends(ask.id.as_str(), table.vpc.as_str()));
    }
    let lag = call.lag();
    call.site.routes.remove(&ask.id, call.now, lag);
    call.deleted(ask.id.as_str());
    Ok(())
}
