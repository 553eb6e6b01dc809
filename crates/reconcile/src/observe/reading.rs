//! What the cloud told about one thing, in the words of plans.

use std::collections::BTreeMap;

use planner::plan::{
    CloudId, Desired, Disk, Held, HeldMachine, Image, Look, MachineFacts, MachineState, Opening, Origin, Part,
    PartFacts, Phase, Role, Root, Slot, Time, Traffic,
};
use ports::cloud::*;

use super::{listing::Thing, roots::Roots};
use crate::{book::Shared, mark};

/// Ids of zones by their names in one account.
pub(crate) type Zones = BTreeMap<Zone, ZoneId>;

/// What is needed to understand what was told.
pub(crate) struct Reader<'a> {
    pub desired: &'a Desired,
    pub held: &'a Held,
    pub shared: Option<&'a Shared>,
    pub zones: &'a Zones,
    pub roots: &'a Roots,
}

/// A part as it was told, or how it is known not to be there.
pub(crate) enum Told {
    Facts(PartFacts),
    /// In its terminal state.
    Gone,
    /// Something that only another call tells was not told.
    Unclear(&'static str),
}

impl Reader<'_> {
    /// A thing that is no machine.
    pub fn part(&self, part: &Part, thing: &Thing) -> Told {
        let (phase, look) = match thing {
            Thing::Vpc(of) => (Phase::Ready, Look::Vpc { cidr: of.cidr }),
            Thing::Gateway(of) => (Phase::Ready, Look::InternetGateway { attached: self.attached(of) }),
            Thing::Subnet(of) => (Phase::Ready, Look::Subnet { cidr: of.cidr }),
            Thing::Address(_) => (Phase::Ready, Look::Plain),
            Thing::Template(of) => (Phase::Ready, Look::Template { root: of.root_volume.as_ref().map(root) }),
            Thing::Nat(of) => match of.state {
                NatGatewayState::Pending => (Phase::Pending, Look::Plain),
                NatGatewayState::Available => (Phase::Ready, Look::Plain),
                NatGatewayState::Deleting => (Phase::Ending, Look::Plain),
                NatGatewayState::Deleted => return Told::Gone,
                NatGatewayState::Failed => {
                    let why = of.failure.as_ref().map_or("no reason was told", ErrorCode::as_str);
                    (Phase::Failed(why.to_owned()), Look::Plain)
                }
            },
            Thing::RouteTable(of) => (Phase::Ready, self.route_table(part, of)),
            Thing::Group(of) => {
                (Phase::Ready, Look::SecurityGroup { lets_in: of.ingress.iter().map(opening).collect() })
            }
            Thing::TargetGroup(_, None) => return Told::Unclear("its targets were not told"),
            Thing::TargetGroup(_, Some(targets)) => (Phase::Ready, Look::TargetGroup { targets: targets.clone() }),
            Thing::Balancer(of, listens) => match (of.state, listens) {
                (LoadBalancerState::Provisioning, _) => (Phase::Pending, Look::Balancer { listens: false }),
                (LoadBalancerState::Failed, _) => {
                    (Phase::Failed("load balancer failed".to_owned()), Look::Balancer { listens: false })
                }
                (LoadBalancerState::Active | LoadBalancerState::ActiveImpaired, Some(listens)) => {
                    (Phase::Ready, Look::Balancer { listens: *listens })
                }
                (_, None) => return Told::Unclear("its listeners were not told"),
            },
            Thing::Volume(of) => match of.state {
                VolumeState::Deleted => return Told::Gone,
                VolumeState::Creating => (Phase::Pending, self.volume(of)),
                VolumeState::Available | VolumeState::InUse => (Phase::Ready, self.volume(of)),
                VolumeState::Deleting => (Phase::Ending, self.volume(of)),
                VolumeState::Error => (Phase::Failed("volume failed".to_owned()), self.volume(of)),
            },
            Thing::Machine(..) => return Told::Unclear("it is a machine"),
        };
        Told::Facts(PartFacts { id: thing.id(), phase, look })
    }

    fn id(&self, part: &Part) -> Option<&str> {
        self.held.parts.get(part).map(|of| &*of.id.0)
    }

    fn attached(&self, gateway: &InternetGateway) -> bool {
        gateway.vpc.as_ref().is_some_and(|vpc| self.id(&Part::Vpc).is_none_or(|held| held == vpc.as_str()))
    }

    fn route_table(&self, part: &Part, of: &RouteTable) -> Look {
        let way_out = of.routes.iter().find(|route| route.destination == Cidr::ALL).map(|route| self.leads(route));
        let Part::RouteTable { zone, public } = part else { return Look::RouteTable { way_out, associated: false } };
        let subnet = self.id(&Part::Subnet { zone: zone.clone(), public: *public });
        let associated = of.associations.iter().any(|used| Some(used.subnet.as_str()) == subnet);
        Look::RouteTable { way_out, associated }
    }

    /// Where a route leads. Into nothing, or to something that is not ours, is told as a part that no route leads to.
    fn leads(&self, route: &Route) -> Part {
        let elsewhere = Part::Template(Role::Worker);
        if route.blackhole {
            return elsewhere;
        }
        match &route.target {
            RouteTarget::InternetGateway(id) if self.id(&Part::InternetGateway) == Some(id.as_str()) => {
                Part::InternetGateway
            }
            RouteTarget::InternetGateway(id) => {
                let shared = self.shared.and_then(|shared| shared.gateway.as_ref());
                if shared.is_some_and(|shared| &*shared.0 == id.as_str()) { Part::Network } else { elsewhere }
            }
            RouteTarget::NatGateway(id) => {
                let is = |part: &&Part| matches!(part, Part::Nat { .. }) && self.id(part) == Some(id.as_str());
                self.held.parts.keys().find(is).cloned().unwrap_or(elsewhere)
            }
        }
    }

    fn volume(&self, of: &Volume) -> Look {
        let stays = |at: &&Attachment| at.state != AttachmentState::Detaching;
        Look::Volume {
            zone: self.zone(&of.zone),
            size: u64::from(of.size_gib),
            disk: disk(of.volume_type, of.iops, of.encrypted),
            attached: of.attachment.as_ref().filter(stays).map(|at| CloudId::from(at.instance.as_str())),
        }
    }

    fn zone(&self, name: &Zone) -> String {
        self.zones.get(name).map_or_else(|| name.to_string(), ToString::to_string)
    }

    /// None where neither its tags nor our log say which slot it is in.
    pub fn machine(&self, of: &Instance, held: Option<&HeldMachine>, impaired: Option<Time>) -> Option<MachineFacts> {
        let tagged = of.tags.get(mark::PART).and_then(mark::part).and_then(|part| slot(&part));
        let generation = of.tags.get(guest::GENERATION).and_then(|text| text.parse().ok());
        let state = state(of);
        let since = if let MachineState::Running(since) = state { Some(since) } else { None };
        let joined = of.tags.get(guest::JOINED).and_then(|text| text.parse::<guest::Joined>().ok());
        let joined = joined.filter(|joined| Some(joined.generation) == generation).map(|joined| Time(joined.at.0));
        Some(MachineFacts {
            slot: tagged.or_else(|| held.map(|held| held.slot))?,
            generation: generation.or_else(|| held.map(|held| held.generation))?,
            instance_type: of.instance_type.to_string(),
            zone: self.zone(&of.zone),
            image: self.image(of),
            launched: Time(of.launched.0),
            state,
            impaired: impaired.filter(|_| since.is_some()),
            joined: joined.filter(|joined| since.is_some_and(|since| *joined >= since)),
            encrypted: of.root_volume().and_then(|volume| self.roots.get(volume).copied()),
            public: of.public_address.is_some(),
        })
    }

    fn image(&self, of: &Instance) -> Image {
        let known = self.desired.images.values().find(|image| image.id == of.image.as_str());
        let tagged = || of.tags.get(mark::BUILT).and_then(|text| text.parse().ok()).map_or(Time(of.launched.0), Time);
        known.cloned().unwrap_or_else(|| Image { id: of.image.to_string(), built: tagged() })
    }
}

fn root(of: &RootVolume) -> Root {
    Root { size: of.size_gib.map(u64::from), disk: disk(of.volume_type, of.iops, of.encrypted) }
}

fn disk(kind: VolumeType, iops: u32, encrypted: bool) -> Disk {
    Disk { kind: kind.name().to_owned(), iops: u64::from(iops), encrypted }
}

pub(crate) fn slot(part: &Part) -> Option<Slot> {
    if let Part::Machine(slot) = part { Some(*slot) } else { None }
}

fn state(of: &Instance) -> MachineState {
    let from = of.running.map(|running| Time(running.from.0));
    let until = of.running.and_then(|running| running.until).map_or(Time(of.launched.0), |until| Time(until.0));
    match of.state {
        InstanceState::Pending => MachineState::Pending,
        InstanceState::Running => from.map_or(MachineState::Pending, MachineState::Running),
        InstanceState::Stopping => MachineState::Stopping,
        InstanceState::Stopped => MachineState::Stopped(until),
        InstanceState::ShuttingDown => MachineState::Ending,
        InstanceState::Terminated => MachineState::Ended(until),
    }
}

/// A rule as plans know it.
pub(crate) fn opening(rule: &Rule) -> Opening {
    let (first, last) = rule.ports;
    let traffic = match rule.protocol {
        Protocol::All => Traffic::All,
        Protocol::Tcp => Traffic::Tcp(first, last),
        Protocol::Udp => Traffic::Udp(first, last),
        Protocol::Icmp => Traffic::Icmp,
    };
    let from = match &rule.source {
        Source::Range(range) => Origin::Range(*range),
        Source::Group(group) => Origin::Group(CloudId::from(group.as_str())),
    };
    Opening { traffic, from }
}

/// The rule of an opening: the other way round.
pub(crate) fn rule(opening: &Opening) -> Rule {
    let (protocol, ports) = match opening.traffic {
        Traffic::All => (Protocol::All, (0, u16::MAX)),
        Traffic::Tcp(first, last) => (Protocol::Tcp, (first, last)),
        Traffic::Udp(first, last) => (Protocol::Udp, (first, last)),
        Traffic::Icmp => (Protocol::Icmp, (0, u16::MAX)),
    };
    let source = match &opening.from {
        Origin::Range(range) => Source::Range(*range),
        Origin::Group(group) => Source::Group(SecurityGroupId::new(group.0.clone())),
    };
    Rule { protocol, ports, source }
}
