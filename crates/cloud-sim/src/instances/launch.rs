//! RunInstances: tokens, checks, room, and the new instance.

use std::sync::Arc;

use ports::cloud::{
    Architecture, BlockDevice, CloudError, CloudTime, ErrorCode, Instance, InstanceId, InstanceState, InstanceType,
    RootVolume, RunInstances, SecurityGroupId, Subnet, Trouble, VolumeType, Zone,
};

use super::{Machine, change};
use crate::{
    call::{Call, Due},
    chance::Purpose,
    groups,
    tokens::{TokenKey, digest},
    vices::NoRoom,
    volumes::{self, IMAGE_GIB},
};

const ROOT_DEVICE: &str = "/dev/xvda";
/// The root volume where nobody says anything else.
const OF_THE_IMAGE: RootVolume =
    RootVolume { size_gib: None, volume_type: VolumeType::Gp3, iops: 3000, encrypted: false };

/// EC2's bound on user data.
const USER_DATA_MAX: usize = 16 * 1024;

pub(crate) fn run(call: &mut Call<'_>, ask: RunInstances) -> Result<Box<Instance>, CloudError> {
    // Tokens are looked up before anything else, by what is true and not by what a replica knows.
    let zone = call.site.subnets.get(&ask.subnet).map(|subnet| subnet.zone.clone());
    let key = TokenKey { action: "RunInstances".into(), zone, token: ask.client_token.clone() };
    let digest = digest(&ask);
    if let Some(made) = call.site.tokens.made(&key, digest)? {
        return again(call, &made);
    }
    let subnet = call.site.subnets.known(&ask.subnet, call.view())?.clone();
    let (groups, root) = check(call, &ask, &subnet)?;
    if let Err(refusal) = room(call, &subnet.zone, &ask.instance_type, &[]) {
        if matches!(refusal, CloudError::NotNow { trouble: Trouble::InsufficientInstanceCapacity, .. }) {
            let until = call.now + call.world.options.delays.token;
            if !call.site.tokens.knows(&key) {
                call.later(until - call.now, Due::Token(key.clone()));
                call.site.tokens.spend(key, digest, None, Some(until));
            }
        }
        return Err(refusal);
    }
    let tags = call.tags(ask.tags.clone())?;
    let pool = call.site.pools.get_mut(&subnet.id);
    let private_address = pool.and_then(|pool| pool.take()).ok_or_else(|| {
        let message = format!("launched into {}: no address is free in it", subnet.id);
        CloudError::refused(ErrorCode::InsufficientFreeAddressesInSubnet, message)
    })?;
    let id = InstanceId::new(call.id("i"));
    let public_address = ask.public_address.then(|| crate::gateways::public_address(call));
    let told = Instance {
        id: id.clone(),
        client_token: ask.client_token,
        image: ask.image,
        instance_type: ask.instance_type,
        state: InstanceState::Pending,
        state_reason: None,
        zone: subnet.zone,
        vpc: subnet.vpc,
        subnet: subnet.id,
        security_groups: groups,
        private_address,
        public_address,
        launched: CloudTime(call.now / 1000),
        running: None,
        hibernation: ask.hibernation,
        root_device: ROOT_DEVICE.into(),
        block_devices: Vec::new(),
        tags,
    };
    call.site.tokens.spend(key, digest, Some(id.as_str().into()), None);
    Ok(place(call, told, &root))
}

/// Puts a checked instance into the tables.
fn place(call: &mut Call<'_>, mut told: Instance, root: &RootVolume) -> Box<Instance> {
    let lag = call.lag();
    let volume = volumes::of_machine(call, &told, root, told.tags.clone(), lag);
    told.block_devices = vec![BlockDevice { device: told.root_device.clone(), volume }];
    let vcpus = call.world.options.types.get(&told.instance_type).map_or(0, |of| of.vcpus);
    let never = call.world.options.vices.never_joins;
    let joins = !call.world.chance.permille(Purpose::Joining, never);
    let machine = Machine {
        told: told.clone(),
        vcpus,
        public: told.public_address.is_some(),
        epoch: 0,
        running_since: 0,
        impaired: false,
        joins,
        up: false,
    };
    for group in &told.security_groups {
        *call.site.group_users.entry(group.clone()).or_default() += 1;
    }
    call.site.machines.put(machine, call.now, lag);
    crate::network::count_addresses(call, &told.subnet);
    call.created(told.id.as_str());
    change::launched(call, &told);
    Box::new(told)
}

/// The token is known: what it made, unless that has ended.
fn again(call: &mut Call<'_>, made: &Arc<str>) -> Result<Box<Instance>, CloudError> {
    match call.site.machines.get(&InstanceId::new(made.clone())) {
        Some(machine) if !machine.told.state.ending() => {
            let told = machine.told.clone();
            call.repeated(made);
            Ok(Box::new(told))
        }
        Some(_) | None => {
            let message = format!("used the client token of {made} again: that instance is terminated");
            Err(CloudError::refused(ErrorCode::IdempotentInstanceTerminated, message))
        }
    }
}

/// Whether what is asked for makes sense here; answers the security groups, and what the root volume is.
fn check(
    call: &Call<'_>,
    ask: &RunInstances,
    subnet: &Subnet,
) -> Result<(Vec<SecurityGroupId>, RootVolume), CloudError> {
    let template = ask.launch_template.as_ref().map(|id| call.site.templates.known(id, call.view())).transpose()?;
    let user_data = ask.user_data.as_ref().or_else(|| template.and_then(|template| template.user_data.as_ref()));
    if let Some(data) = user_data.filter(|data| data.len() > USER_DATA_MAX) {
        let message = format!("gave {} bytes of user data: at most {USER_DATA_MAX}", data.len());
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    let offered = offered(call, &ask.instance_type, &subnet.zone)?;
    let region = call.world.options.regions.get(&call.place.region);
    let image = region.and_then(|region| region.images.iter().find(|image| image.id == ask.image));
    let Some(image) = image else {
        let message = format!("launched from {}: no such image in {}", ask.image, call.place.region);
        return Err(CloudError::refused(ErrorCode::InvalidAmiIdNotFound, message));
    };
    if image.architecture != offered {
        let message = format!(
            "launched a {offered:?} {} from {}, which is {:?}",
            ask.instance_type, ask.image, image.architecture
        );
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    let groups = match (ask.security_groups.as_slice(), template) {
        ([], Some(template)) if !template.security_groups.is_empty() => template.security_groups.clone(),
        ([], _) => groups::default_of(call, &subnet.vpc).into_iter().collect(),
        (groups, _) => groups.to_vec(),
    };
    for group in &groups {
        let group = call.site.groups.known(group, call.view())?;
        if group.vpc != subnet.vpc {
            let message = format!("gave {} to an instance in {}: it is of another VPC", group.id, subnet.id);
            return Err(CloudError::refused(ErrorCode::InvalidParameter, message));
        }
    }
    let root = template.and_then(|template| template.told.root_volume.clone()).unwrap_or(OF_THE_IMAGE);
    volumes::can_be(root.volume_type, root.size_gib.unwrap_or(IMAGE_GIB), root.iops)?;
    Ok((groups, root))
}

fn offered(call: &Call<'_>, instance_type: &InstanceType, zone: &Zone) -> Result<Architecture, CloudError> {
    let options = call.world.options.types.get(instance_type).ok_or_else(|| {
        CloudError::refused(
            ErrorCode::InvalidParameterValue,
            format!("asked for {instance_type}: there is no such instance type"),
        )
    })?;
    let unsupported = |place: &str| {
        CloudError::refused(ErrorCode::Unsupported, format!("asked for {instance_type}: it is not offered in {place}"))
    };
    if !options.prices.contains_key(&call.place.region) {
        return Err(unsupported(call.place.region.as_str()));
    }
    let zones = call.world.options.regions.get(&call.place.region).map_or(&[][..], |region| &region.zones);
    if zones.iter().any(|(name, id)| name == zone && options.not_in.contains(id)) {
        return Err(unsupported(zone.as_str()));
    }
    Ok(options.architecture)
}

/// Whether one more of a type fits into a zone, and into the account's quota, beside those that the same call starts.
pub(super) fn room(
    call: &Call<'_>,
    zone: &Zone,
    instance_type: &InstanceType,
    beside: &[(&Zone, &InstanceType)],
) -> Result<(), CloudError> {
    let options = &call.world.options;
    let vcpus_of = |of: &InstanceType| options.types.get(of).map_or(0, |of| of.vcpus);
    let vcpus = vcpus_of(instance_type);
    let used = call.site.vcpus + beside.iter().map(|(_, of)| vcpus_of(of)).sum::<u32>();
    if let Some(quota) = options.quotas.vcpus.filter(|quota| used + vcpus > *quota) {
        let message = format!("asked for {vcpus} more vCPUs beside {used}: at most {quota} in {}", call.place);
        return Err(CloudError::not_now(Trouble::VcpuLimitExceeded, message));
    }
    let none = |what: &str| {
        CloudError::not_now(Trouble::InsufficientInstanceCapacity, format!("no {instance_type} {what} {zone}"))
    };
    match options.vices.no_room(&call.world.chance, call.now, &call.place.region, zone, instance_type) {
        Some(NoRoom::Region) => {
            return Err(CloudError::not_now(
                Trouble::Unavailable,
                format!("{} launches nothing now", call.place.region),
            ));
        }
        Some(NoRoom::Zone) => return Err(none("is free now in")),
        None => {}
    }
    let limit =
        options.vices.capacity.iter().find(|limit| limit.zone == *zone && limit.instance_type == *instance_type);
    let same = beside.iter().filter(|of| **of == (zone, instance_type)).count();
    let placed = call.world.placed.count(zone, instance_type) + u32::try_from(same).unwrap_or(u32::MAX);
    match limit {
        Some(limit) if placed >= limit.instances => Err(none("is left in")),
        Some(_) | None => Ok(()),
    }
}
