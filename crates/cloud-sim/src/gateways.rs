//! Internet gateways, public addresses and NAT gateways.

use std::net::Ipv4Addr;

use ports::cloud::{
    Address, AllocateAddress, AllocationId, AttachInternetGateway, CloudError, CreateInternetGateway, CreateNatGateway,
    DeleteInternetGateway, DeleteNatGateway, DescribeAddresses, DescribeInternetGateways, DescribeNatGateways,
    DetachInternetGateway, ErrorCode, InternetGateway, InternetGatewayId, NatGateway, NatGatewayId,
    NatGatewayState as State, Page, ReleaseAddress, VpcId,
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{self, Call},
    chance::Purpose,
    network::depends,
    select,
    table::Table,
    tokens::{TokenKey, digest},
};

/// What happens to a NAT gateway by itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct Due {
    id: NatGatewayId,
    step: Step,
}

#[derive(Serialize, Deserialize)]
enum Step {
    Ready,
    Gone,
    Forget,
}

/// An address of the block that is kept for benchmarks (RFC 2544): nobody on the Internet has it.
pub(crate) fn public_address(call: &mut Call<'_>) -> Ipv4Addr {
    let host = call.world.chance.below(Purpose::Id, 1 << 17);
    Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() | u32::try_from(host).unwrap_or(0))
}

pub(crate) fn create(call: &mut Call<'_>, ask: CreateInternetGateway) -> Result<InternetGateway, CloudError> {
    let tags = call.tags(ask.tags)?;
    let gateway = InternetGateway { id: InternetGatewayId::new(call.id("igw")), vpc: None, tags };
    let lag = call.lag();
    call.site.gateways.put(gateway.clone(), call.now, lag);
    call.created(gateway.id.as_str());
    Ok(gateway)
}

pub(crate) fn attach(call: &mut Call<'_>, ask: AttachInternetGateway) -> Result<(), CloudError> {
    let gateway = call.site.gateways.known(&ask.gateway, call.view())?;
    call.site.vpcs.known(&ask.vpc, call.view())?;
    let other = call.site.gateways.in_vpc(&ask.vpc).map(|other| other.id.to_string()).next();
    if let Some(other) = gateway.vpc.as_ref().map(ToString::to_string).or(other) {
        let message = format!("attached {} to {}: {other} is attached", ask.gateway, ask.vpc);
        return Err(CloudError::refused(ErrorCode::ResourceAlreadyAssociated, message));
    }
    set_vpc(call, &ask.gateway, Some(ask.vpc));
    Ok(())
}

pub(crate) fn detach(call: &mut Call<'_>, ask: DetachInternetGateway) -> Result<(), CloudError> {
    let gateway = call.site.gateways.known(&ask.gateway, call.view())?;
    if gateway.vpc.as_ref() != Some(&ask.vpc) {
        let message = format!("detached {} from {}: it is not attached", ask.gateway, ask.vpc);
        return Err(CloudError::refused(ErrorCode::GatewayNotAttached, message));
    }
    let public =
        |machine: &&crate::instances::Machine| machine.told.public_address.is_some() && !machine.told.state.ending();
    let instance = call.site.machines.in_vpc(&ask.vpc).find(public).map(|machine| machine.told.id.to_string());
    let alive = |nat: &&NatGateway| !matches!(nat.state, State::Deleted | State::Failed);
    let nat = call.site.nats.in_vpc(&ask.vpc).find(alive).map(|nat| nat.id.to_string());
    if let Some(inside) = instance.or(nat) {
        return Err(depends(ask.gateway.as_str(), &inside));
    }
    set_vpc(call, &ask.gateway, None);
    Ok(())
}

fn set_vpc(call: &mut Call<'_>, gateway: &InternetGatewayId, vpc: Option<VpcId>) {
    let (now, lag) = (call.now, call.lag());
    call.site.gateways.change(gateway, now, lag, |gateway| gateway.vpc = vpc);
    call.changed(gateway.as_str());
}

pub(crate) fn describe(
    call: &mut Call<'_>,
    ask: DescribeInternetGateways,
) -> Result<Page<InternetGateway>, CloudError> {
    select::describe(&call.site.gateways, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn delete(call: &mut Call<'_>, ask: DeleteInternetGateway) -> Result<(), CloudError> {
    let gateway = call.site.gateways.known(&ask.id, call.view())?;
    if let Some(vpc) = &gateway.vpc {
        return Err(depends(ask.id.as_str(), vpc.as_str()));
    }
    let lag = call.lag();
    call.site.gateways.remove(&ask.id, call.now, lag);
    call.deleted(ask.id.as_str());
    Ok(())
}

pub(crate) fn allocate(call: &mut Call<'_>, ask: AllocateAddress) -> Result<Address, CloudError> {
    if let Some(quota) = call.world.options.quotas.addresses.filter(|quota| call.site.addresses.all().count() >= *quota)
    {
        let message = format!("held one more address in {}: at most {quota}", call.place);
        return Err(CloudError::refused(ErrorCode::AddressLimitExceeded, message));
    }
    let tags = call.tags(ask.tags)?;
    let id = AllocationId::new(call.id("eipalloc"));
    let address = Address { id, address: public_address(call), nat_gateway: None, tags };
    let lag = call.lag();
    call.site.addresses.put(address.clone(), call.now, lag);
    call.created(address.id.as_str());
    Ok(address)
}

pub(crate) fn addresses(call: &mut Call<'_>, ask: DescribeAddresses) -> Result<Page<Address>, CloudError> {
    select::describe(&call.site.addresses, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn release(call: &mut Call<'_>, ask: ReleaseAddress) -> Result<(), CloudError> {
    let address = call.site.addresses.known(&ask.id, call.view())?;
    if let Some(nat) = &address.nat_gateway {
        let message = format!("released {}, which {nat} uses", ask.id);
        return Err(CloudError::refused(ErrorCode::InvalidIpAddressInUse, message));
    }
    let lag = call.lag();
    call.site.addresses.remove(&ask.id, call.now, lag);
    call.deleted(ask.id.as_str());
    Ok(())
}

pub(crate) fn create_nat(call: &mut Call<'_>, ask: CreateNatGateway) -> Result<NatGateway, CloudError> {
    let key = TokenKey { action: "CreateNatGateway".into(), zone: None, token: ask.client_token.clone() };
    let digest = digest(&ask);
    if let Some(made) = call.site.tokens.made(&key, digest)? {
        let id = NatGatewayId::new(made.clone());
        let nat = call.site.nats.get(&id).cloned();
        call.repeated(&made);
        return nat.ok_or_else(|| Table::<NatGateway>::not_found(&id));
    }
    let vpc = call.site.subnets.known(&ask.subnet, call.view())?.vpc.clone();
    let address = call.site.addresses.known(&ask.allocation, call.view())?;
    if let Some(other) = &address.nat_gateway {
        let message = format!("gave {} to a NAT gateway: {other} uses it", ask.allocation);
        return Err(CloudError::refused(ErrorCode::ResourceAlreadyAssociated, message));
    }
    let tags = call.tags(ask.tags)?;
    let id = NatGatewayId::new(call.id("nat"));
    let nat = NatGateway {
        id: id.clone(),
        vpc,
        subnet: ask.subnet,
        allocation: ask.allocation,
        state: State::Pending,
        failure: None,
        tags,
    };
    let (now, lag) = (call.now, call.lag());
    call.site.nats.put(nat.clone(), now, lag);
    use_address(call, &nat, true);
    call.created(id.as_str());
    call.site.tokens.spend(key.clone(), digest, Some(id.as_str().into()), None);
    call.token_ends(key);
    let usual = call.world.options.delays.nat_gateway;
    call.later_about(usual, call::Due::NatGateway(Due { id, step: Step::Ready }));
    Ok(nat)
}

fn use_address(call: &mut Call<'_>, nat: &NatGateway, uses: bool) {
    let (now, lag) = (call.now, call.lag());
    let user = uses.then(|| nat.id.clone());
    call.site.addresses.change(&nat.allocation, now, lag, |address| address.nat_gateway = user);
}

pub(crate) fn due(call: &mut Call<'_>, due: Due) {
    let Some(nat) = call.site.nats.get(&due.id).cloned() else { return };
    let (now, lag) = (call.now, call.lag());
    let listed = call.world.options.delays.listed;
    let forget = call::Due::NatGateway(Due { id: due.id.clone(), step: Step::Forget });
    match due.step {
        Step::Ready if nat.state == State::Pending => {
            let attached = call.site.gateways.in_vpc(&nat.vpc).next().is_some();
            call.site.nats.change(&due.id, now, lag, |nat| {
                nat.state = if attached { State::Available } else { State::Failed };
                nat.failure = (!attached).then_some(ErrorCode::GatewayNotAttached);
            });
            if !attached {
                use_address(call, &nat, false);
                call.later(listed, forget);
            }
        }
        Step::Ready => {}
        Step::Gone => {
            call.site.nats.change(&due.id, now, lag, |nat| nat.state = State::Deleted);
            use_address(call, &nat, false);
            call.later(listed, forget);
        }
        Step::Forget => drop(call.site.nats.remove(&due.id, now, None)),
    }
}

pub(crate) fn describe_nats(call: &mut Call<'_>, ask: DescribeNatGateways) -> Result<Page<NatGateway>, CloudError> {
    select::describe(&call.site.nats, &ask.0, call.view(), |_| true).map(select::owned)
}

pub(crate) fn delete_nat(call: &mut Call<'_>, ask: DeleteNatGateway) -> Result<(), CloudError> {
    let nat = call.site.nats.known(&ask.id, call.view())?;
    if !matches!(nat.state, State::Pending | State::Available) {
        return Ok(());
    }
    let (now, lag) = (call.now, call.lag());
    call.site.nats.change(&ask.id, now, lag, |nat| nat.state = State::Deleting);
    call.deleted(ask.id.as_str());
    let usual = call.world.options.delays.nat_gateway_end;
    call.later_about(usual, call::Due::NatGateway(Due { id: ask.id, step: Step::Gone }));
    Ok(())
}
