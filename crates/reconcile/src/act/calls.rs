//! From actions of a plan to calls of the cloud.

use std::collections::{BTreeMap, BTreeSet};

use planner::plan::{Action, Change, CloudId, Held, Launch, Look, Part, Role, Root, Verb};
use ports::cloud::{
    AllocateAddress, AllocationId, AssociateRouteTable, AttachInternetGateway, AttachVolume,
    AuthorizeSecurityGroupIngress, Cidr, ClientToken, CloudRequest, CreateInternetGateway, CreateLaunchTemplate,
    CreateListener, CreateLoadBalancer, CreateNatGateway, CreateRoute, CreateRouteTable, CreateSecurityGroup,
    CreateSubnet, CreateTargetGroup, CreateVolume, CreateVpc, DeleteInternetGateway, DeleteLaunchTemplate,
    DeleteLoadBalancer, DeleteNatGateway, DeleteRoute, DeleteRouteTable, DeleteSecurityGroup, DeleteSubnet,
    DeleteTargetGroup, DeleteVolume, DeleteVpc, DeregisterTargets, DetachInternetGateway, DetachVolume,
    DisassociateRouteTable, ImageId, InstanceId, InstanceType, InternetGatewayId, LaunchTemplateId, LoadBalancerArn,
    NatGatewayId, RegisterTargets, ReleaseAddress, RevokeSecurityGroupIngress, RootVolume, RouteTableId, RouteTarget,
    RunInstances, SecurityGroupId, StartInstances, StopInstances, SubnetId, Tag, TargetGroupArn, TerminateInstances,
    VolumeId, VolumeType, VpcId, Zone,
};

use crate::{
    book::Case,
    mark,
    observe::{Thing, Zones, reading},
};

/// Port of the Kubernetes API.
const API: u16 = 6443;
/// Where etcd's volume is found.
const DEVICE: &str = "/dev/sdf";

/// What calls are made of beside the action.
pub(crate) struct Ground<'a> {
    pub case: &'a Case,
    pub held: &'a Held,
    pub things: &'a BTreeMap<CloudId, Thing>,
    pub zones: &'a Zones,
}

impl Ground<'_> {
    /// The calls of an action, one after the other.
    ///
    /// # Errors
    /// What is needed for them and not there, for people.
    pub fn calls(&self, action: &Action, token: &str) -> Result<Vec<CloudRequest>, String> {
        let one = match &action.verb {
            Verb::Create => self.create(action, ClientToken::new(token))?,
            Verb::Launch(launch) => self.launch(action, launch, ClientToken::new(token))?,
            Verb::Change(id, change) => return self.change(&action.part, id, change),
            Verb::Start(id) => StartInstances { ids: vec![instance(id)] }.into(),
            Verb::Stop(id) => StopInstances { ids: vec![instance(id)], hibernate: false }.into(),
            // Pods leave by the guest's own shutdown; there is no other way to them yet.
            Verb::Terminate(id, _) => TerminateInstances { ids: vec![instance(id)] }.into(),
            Verb::Delete(id) => delete(&action.part, id)?,
            Verb::Renew | Verb::Adopt(_) | Verb::Note(..) | Verb::Forget(_) | Verb::GiveUp => return Ok(Vec::new()),
        };
        Ok(vec![one])
    }

    /// Id of a part that is held, whoever holds it.
    fn id(&self, part: &Part) -> Result<CloudId, String> {
        let shared = self.case.shared.as_ref();
        let found = match part {
            Part::Network => shared.and_then(|shared| shared.gateway.clone()),
            Part::Vpc if self.case.desired.parts.contains_key(&Part::Network) => {
                shared.and_then(|shared| shared.vpc.clone())
            }
            _ => self.held.parts.get(part).map(|of| of.id.clone()),
        };
        found.ok_or_else(|| format!("needs {part}, which is not held"))
    }

    fn vpc(&self) -> Result<VpcId, String> {
        self.id(&Part::Vpc).map(|id| VpcId::new(id.0))
    }

    fn zone(&self, id: &str) -> Result<Zone, String> {
        let found = self.zones.iter().find(|(_, of)| of.as_str() == id).map(|(name, _)| name.clone());
        found.ok_or_else(|| format!("needs a zone with the id {id:?}, which this account does not have"))
    }

    fn create(&self, action: &Action, client_token: ClientToken) -> Result<CloudRequest, String> {
        let (part, uid) = (&action.part, self.case.named.uid);
        let tags = mark::tags(uid, part, action.generation);
        let name = || mark::name(uid, part, action.generation).into();
        let look = self.case.desired.parts.get(part);
        Ok(match (part, look) {
            (Part::Vpc, Some(Look::Vpc { cidr })) => CreateVpc { cidr: *cidr, tags }.into(),
            (Part::InternetGateway, _) => CreateInternetGateway { tags }.into(),
            (Part::Subnet { zone, .. }, Some(Look::Subnet { cidr })) => {
                CreateSubnet { vpc: self.vpc()?, zone: self.zone(zone)?, cidr: *cidr, tags }.into()
            }
            (Part::Address { .. }, _) => AllocateAddress { tags }.into(),
            (Part::Nat { zone }, _) => {
                let subnet = SubnetId::new(self.id(&Part::public_subnet(zone))?.0);
                let allocation = AllocationId::new(self.id(&Part::Address { zone: zone.clone() })?.0);
                CreateNatGateway { client_token, subnet, allocation, tags }.into()
            }
            (Part::RouteTable { .. }, _) => CreateRouteTable { client_token, vpc: self.vpc()?, tags }.into(),
            (Part::SecurityGroup(role), _) => {
                let description = format!("{role}s of {}", self.case.named.key).into();
                CreateSecurityGroup { vpc: self.vpc()?, name: name(), description, tags }.into()
            }
            (Part::TargetGroup, _) => CreateTargetGroup { name: name(), vpc: self.vpc()?, port: API, tags }.into(),
            (Part::Balancer, _) => {
                let (subnets, internal) = self.balanced();
                CreateLoadBalancer { name: name(), subnets, internal, tags }.into()
            }
            (Part::Template(role), Some(Look::Template { root })) => CreateLaunchTemplate {
                client_token,
                name: name(),
                security_groups: vec![SecurityGroupId::new(self.id(&Part::SecurityGroup(*role))?.0)],
                user_data: None,
                root_volume: root.as_ref().map(root_volume).transpose()?,
                tags,
            }
            .into(),
            (Part::Volume(_), Some(Look::Volume { zone, size, disk, .. })) => CreateVolume {
                client_token,
                zone: self.zone(zone)?,
                size_gib: number(*size),
                volume_type: volume_type(&disk.kind)?,
                iops: number(disk.iops),
                encrypted: disk.encrypted,
                tags,
            }
            .into(),
            _ => return Err(format!("was to make {part}, of which it is not said how")),
        })
    }

    /// One subnet for each zone: public ones, where there are any.
    fn balanced(&self) -> (Vec<SubnetId>, bool) {
        let of = |wanted: bool| {
            let is = move |part: &Part| matches!(part, Part::Subnet { public, .. } if *public == wanted);
            let found = self.held.parts.iter().filter(move |(part, _)| is(part));
            found.map(|(_, of)| SubnetId::new(of.id.0.clone())).collect::<Vec<_>>()
        };
        let public = of(true);
        if public.is_empty() { (of(false), true) } else { (public, false) }
    }

    fn launch(&self, action: &Action, launch: &Launch, client_token: ClientToken) -> Result<CloudRequest, String> {
        let Part::Machine(slot) = &action.part else { return Err(format!("was to launch {}", action.part)) };
        let mut tags = mark::tags(self.case.named.uid, &action.part, action.generation);
        tags.set(Tag { key: mark::ATTEMPT.into(), value: action.attempt.to_string().into() });
        tags.set(Tag { key: mark::BUILT.into(), value: launch.image.built.0.to_string().into() });
        Ok(RunInstances {
            client_token,
            image: ImageId::new(launch.image.id.as_str()),
            instance_type: InstanceType::new(launch.placement.instance_type.as_str()),
            subnet: SubnetId::new(self.id(&Part::private_subnet(&launch.placement.zone))?.0),
            security_groups: vec![SecurityGroupId::new(self.id(&Part::SecurityGroup(slot.role))?.0)],
            launch_template: Some(LaunchTemplateId::new(self.id(&Part::Template(slot.role))?.0)),
            user_data: None,
            hibernation: false,
            public_address: false,
            tags,
        }
        .into())
    }

    fn change(&self, part: &Part, id: &CloudId, change: &Change) -> Result<Vec<CloudRequest>, String> {
        let table = || RouteTableId::new(id.0.clone());
        let group = || SecurityGroupId::new(id.0.clone());
        let targets = || TargetGroupArn::new(id.0.clone());
        let volume = || VolumeId::new(id.0.clone());
        let gateway = || InternetGatewayId::new(id.0.clone());
        let rules = |openings: &BTreeSet<_>| openings.iter().map(reading::rule).collect();
        let one = match change {
            Change::AttachGateway => AttachInternetGateway { gateway: gateway(), vpc: self.vpc()? }.into(),
            Change::DetachGateway => DetachInternetGateway { gateway: gateway(), vpc: self.vpc()? }.into(),
            Change::Route(to) => self.route(table(), to)?,
            Change::Reroute(to) => {
                let route = self.route(table(), to)?;
                return Ok(vec![DeleteRoute { table: table(), destination: Cidr::ALL }.into(), route]);
            }
            Change::Associate => {
                let Part::RouteTable { zone, public } = part else { return Err(format!("was to use {part}")) };
                let subnet = SubnetId::new(self.id(&Part::Subnet { zone: zone.clone(), public: *public })?.0);
                AssociateRouteTable { table: table(), subnet }.into()
            }
            Change::Disassociate => {
                let Some(Thing::RouteTable(of)) = self.things.get(id) else { return Err(format!("{id} was not seen")) };
                let ends = of.associations.iter().map(|used| DisassociateRouteTable { id: used.id.clone() }.into());
                return Ok(ends.collect());
            }
            Change::Authorize(openings) => {
                AuthorizeSecurityGroupIngress { group: group(), rules: rules(openings) }.into()
            }
            Change::Revoke(openings) => RevokeSecurityGroupIngress { group: group(), rules: rules(openings) }.into(),
            Change::Listen => CreateListener {
                balancer: LoadBalancerArn::new(id.0.clone()),
                port: API,
                target_group: TargetGroupArn::new(self.id(&Part::TargetGroup)?.0),
            }
            .into(),
            Change::Register(of) => {
                RegisterTargets { group: targets(), instances: of.iter().map(instance).collect() }.into()
            }
            Change::Deregister(of) => {
                DeregisterTargets { group: targets(), instances: of.iter().map(instance).collect() }.into()
            }
            Change::AttachVolume(to) => {
                AttachVolume { volume: volume(), instance: instance(to), device: DEVICE.into() }.into()
            }
            Change::DetachVolume(_) => DetachVolume { volume: volume() }.into(),
        };
        Ok(vec![one])
    }

    fn route(&self, table: RouteTableId, to: &Part) -> Result<CloudRequest, String> {
        let id = self.id(to)?.0;
        let target = match to {
            Part::Nat { .. } => RouteTarget::NatGateway(NatGatewayId::new(id)),
            _ => RouteTarget::InternetGateway(InternetGatewayId::new(id)),
        };
        Ok(CreateRoute { table, destination: Cidr::ALL, target }.into())
    }
}

fn instance(id: &CloudId) -> InstanceId {
    InstanceId::new(id.0.clone())
}

fn delete(part: &Part, id: &CloudId) -> Result<CloudRequest, String> {
    let id = id.0.clone();
    Ok(match part {
        Part::Vpc => DeleteVpc { id: VpcId::new(id) }.into(),
        Part::InternetGateway => DeleteInternetGateway { id: InternetGatewayId::new(id) }.into(),
        Part::Subnet { .. } => DeleteSubnet { id: SubnetId::new(id) }.into(),
        Part::Address { .. } => ReleaseAddress { id: AllocationId::new(id) }.into(),
        Part::Nat { .. } => DeleteNatGateway { id: NatGatewayId::new(id) }.into(),
        Part::RouteTable { .. } => DeleteRouteTable { id: RouteTableId::new(id) }.into(),
        Part::SecurityGroup(Role::Master | Role::Worker) => DeleteSecurityGroup { id: SecurityGroupId::new(id) }.into(),
        Part::TargetGroup => DeleteTargetGroup { arn: TargetGroupArn::new(id) }.into(),
        Part::Balancer => DeleteLoadBalancer { arn: LoadBalancerArn::new(id) }.into(),
        Part::Template(_) => DeleteLaunchTemplate { id: LaunchTemplateId::new(id) }.into(),
        Part::Volume(_) => DeleteVolume { id: VolumeId::new(id) }.into(),
        Part::Network | Part::Machine(_) | Part::Credential(_) => return Err(format!("was to delete {part}")),
    })
}

fn root_volume(of: &Root) -> Result<RootVolume, String> {
    let Root { size, disk } = of;
    let volume_type = volume_type(&disk.kind)?;
    Ok(RootVolume { size_gib: size.map(number), volume_type, iops: number(disk.iops), encrypted: disk.encrypted })
}

fn number(of: u64) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

fn volume_type(kind: &str) -> Result<VolumeType, String> {
    VolumeType::named(kind)
        .ok_or_else(|| format!("needs a volume of the type {kind:?}, which this cloud does not have"))
}
