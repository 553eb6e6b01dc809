//! What is wished of a cluster or a shared network, resolved: every part with its look, every slot with its machine.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Cidr, Date, Wish,
    catalog::{Catalog, Window},
};

use super::{Disk, Image, Look, Opening, Origin, Part, Placement, Role, Root, Slot, Time, Traffic};
use crate::{Blueprint, Placed, Tenancy, sizing::Fitting};

/// How many instance types are tried in a zone.
const TYPES: usize = 4;
/// Port of the Kubernetes API.
const API: u16 = 6443;
const DAY: u64 = 86_400;
/// I/O operations per second of a general purpose volume that costs nothing more.
const PLAIN_IOPS: u64 = 3000;

/// A cluster, or a network that clusters share, as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    pub wish: Wish,
    /// Every part but machines.
    pub parts: BTreeMap<Part, Look>,
    /// What may be launched for each slot, what is tried first before the rest; none for a network.
    pub slots: BTreeMap<Slot, Vec<Placement>>,
    pub images: BTreeMap<Role, Image>,
    /// When the newest image was built that mends a critical weakness of those before it; none where none does.
    pub mended: BTreeMap<Role, Time>,
    pub limits: Limits,
    pub maintenance: Window,
    pub delete_protection: bool,
    /// Of a network: clusters that use it.
    pub used_by: u64,
}

/// When something is done about machines; lengths of time in seconds, shares of a hundred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a machine may be impaired.
    pub impaired: u64,
    /// How long it may take to join.
    pub join: u64,
    /// Share of ill machines above which none is replaced.
    pub stop_above: u64,
    /// Share of workers that may be replaced at the same time; at least one may.
    pub budget: u64,
    /// Whether workers are replaced by choice only outside of business hours.
    pub quiet: bool,
    pub image_age: u64,
    /// Time in which machines get an image that mends a critical weakness.
    pub critical_age: u64,
    pub machine_age: u64,
    pub certificate_age: u64,
    pub key_age: u64,
    pub drain: Drain,
    /// Whether volumes must be encrypted.
    pub encrypted: bool,
}

/// How pods leave a worker before it ends, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    pub grace: u64,
    pub force_after: u64,
}

impl Desired {
    /// A shared network: a VPC and its way out.
    pub fn network(vpc: Cidr, wish: Wish, used_by: u64) -> Self {
        let parts = [(Part::Vpc, Look::Vpc { cidr: vpc }), (Part::InternetGateway, attached())];
        Self {
            wish,
            parts: parts.into(),
            slots: BTreeMap::new(),
            images: BTreeMap::new(),
            mended: BTreeMap::new(),
            limits: Limits::NONE,
            maintenance: Window::Any,
            delete_protection: false,
            used_by,
        }
    }

    /// A cluster with so many workers. `catalog` is the edition that the blueprint was decided from.
    pub fn cluster(blueprint: &Blueprint, catalog: &Catalog, workers: u16, wish: Wish) -> Self {
        let zones: Vec<&str> = blueprint.workers.zones.iter().map(|zone| zone.id.as_str()).collect();
        let of_role = [(Role::Master, &blueprint.masters.machines), (Role::Worker, &blueprint.workers.machines)];
        let [for_masters, for_workers] = of_role.map(|(_, placed)| fitting(placed, catalog));
        let masters = blueprint.masters.zones.iter().zip(1..).map(|(zone, number)| {
            // A master stays in its zone: the zones of all of them stay distinct.
            (Slot { role: Role::Master, number }, placements(&for_masters, &[&zone.id]))
        });
        let workers = (1..=workers).map(|number| {
            let turned = (0..zones.len()).filter_map(|turn| zones.get((usize::from(number) - 1 + turn) % zones.len()));
            let turned: Vec<&str> = turned.copied().collect();
            (Slot { role: Role::Worker, number }, placements(&for_workers, &turned))
        });
        let day = |date: Date| Time(date.days_since_1970() * DAY);
        let image = |placed: &Placed| catalog.images.iter().find(|image| image.id == placed.image);
        let images = of_role.map(|(role, placed)| {
            let built = image(placed).map_or(Time(0), |image| day(image.built));
            (role, Image { id: placed.image.clone(), built })
        });
        let mended = |(role, placed)| Some((role, day(catalog.mended(image(placed)?)?)));
        Self {
            wish,
            parts: parts(blueprint),
            slots: masters.chain(workers).collect(),
            images: images.into(),
            mended: of_role.into_iter().filter_map(mended).collect(),
            limits: Limits::of(blueprint),
            maintenance: blueprint.maintenance,
            delete_protection: blueprint.delete_protection,
            used_by: 0,
        }
    }

    pub(crate) fn masters(&self) -> usize {
        self.slots.keys().filter(|slot| slot.role == Role::Master).count()
    }
}

impl Limits {
    const NONE: Self = Self {
        impaired: 0,
        join: 0,
        stop_above: 100,
        budget: 0,
        quiet: false,
        image_age: 0,
        critical_age: 0,
        machine_age: 0,
        certificate_age: 0,
        key_age: 0,
        drain: Drain { grace: 0, force_after: 0 },
        encrypted: false,
    };

    fn of(blueprint: &Blueprint) -> Self {
        let Blueprint { ages, disruption, repair, security, .. } = blueprint;
        Self {
            impaired: repair.after,
            // Booting and joining take longer than a restart.
            join: repair.after * 3,
            stop_above: repair.stop_above,
            budget: disruption.budget,
            quiet: disruption.quiet_hours,
            image_age: ages.image,
            critical_age: ages.image_critical,
            machine_age: ages.machines,
            certificate_age: ages.certificates,
            key_age: ages.keys,
            drain: Drain { grace: disruption.drain_grace, force_after: disruption.drain_force_after },
            encrypted: security.encrypted_volumes,
        }
    }
}

/// Types that fit and that the image runs on, the cheapest first.
fn fitting<'a>(placed: &Placed, catalog: &'a Catalog) -> Vec<Fitting<'a>> {
    let architecture = catalog.instance_types.get(&placed.instance_type).map(|of| of.architecture);
    let mut fitting = placed.need.fitting(catalog);
    fitting.retain(|fitting| Some(fitting.kind.architecture) == architecture);
    fitting
}

/// Zone by zone, in each the cheapest type first.
fn placements(fitting: &[Fitting<'_>], zones: &[&str]) -> Vec<Placement> {
    let in_zone = |zone: &str| {
        let types = fitting.iter().filter(|fitting| fitting.zones().any(|of| of.id == zone)).take(TYPES);
        let placed = types.map(|of| Placement { instance_type: of.name.to_owned(), zone: zone.to_owned() });
        placed.collect::<Vec<_>>()
    };
    zones.iter().flat_map(|zone| in_zone(zone)).collect()
}

fn attached() -> Look {
    Look::InternetGateway { attached: true }
}

fn parts(blueprint: &Blueprint) -> BTreeMap<Part, Look> {
    let network = &blueprint.network;
    let mut parts = BTreeMap::new();
    match network.addresses.tenancy {
        Tenancy::Shared => drop(parts.insert(Part::Network, Look::Plain)),
        Tenancy::Dedicated => {
            parts.insert(Part::Vpc, Look::Vpc { cidr: network.addresses.vpc });
            parts.insert(Part::InternetGateway, attached());
        }
    }
    let gateway = match network.addresses.tenancy {
        Tenancy::Shared => Part::Network,
        Tenancy::Dedicated => Part::InternetGateway,
    };
    for zone in network.nat.iter().map(|zone| zone.id.clone()) {
        parts.insert(Part::Address { zone: zone.clone() }, Look::Plain);
        parts.insert(Part::Nat { zone }, Look::Plain);
    }
    for subnet in &network.subnets {
        let (zone, public) = (subnet.zone.id.clone(), subnet.public);
        let nat = network.nat.iter().find(|nat| nat.id == zone).or_else(|| network.nat.first());
        let nat = nat.map(|nat| Part::Nat { zone: nat.id.clone() });
        let way_out = if public { Some(gateway.clone()) } else { nat };
        parts.insert(Part::Subnet { zone: zone.clone(), public }, Look::Subnet { cidr: subnet.cidr });
        parts.insert(Part::RouteTable { zone, public }, Look::RouteTable { way_out, associated: true });
    }
    for role in [Role::Master, Role::Worker] {
        let group = Look::SecurityGroup { lets_in: openings(blueprint, role) };
        parts.insert(Part::SecurityGroup(role), group);
        parts.insert(Part::Template(role), Look::Template { root: Some(root(blueprint, role)) });
    }
    parts.insert(Part::TargetGroup, Look::TargetGroup { targets: BTreeSet::new() });
    parts.insert(Part::Balancer, Look::Balancer { listens: true });
    if blueprint.etcd.dedicated_volume {
        let (size, disk) = (blueprint.masters.volume.size, disk_of_masters(blueprint));
        for (zone, number) in blueprint.masters.zones.iter().zip(1..) {
            let look = Look::Volume { zone: zone.id.clone(), size, disk: disk.clone(), attached: None };
            parts.insert(Part::Volume(Slot { role: Role::Master, number }), look);
        }
    }
    parts
}

/// Each volume of a master is what was decided about masters' volumes; workers keep nothing on theirs.
fn root(blueprint: &Blueprint, role: Role) -> Root {
    match role {
        Role::Master => Root { size: Some(blueprint.masters.volume.size), disk: disk_of_masters(blueprint) },
        Role::Worker => {
            let encrypted = blueprint.security.encrypted_volumes;
            Root { size: None, disk: Disk { kind: "gp3".to_owned(), iops: PLAIN_IOPS, encrypted } }
        }
    }
}

fn disk_of_masters(blueprint: &Blueprint) -> Disk {
    let volume = &blueprint.masters.volume;
    Disk { kind: volume.kind.clone(), iops: volume.iops, encrypted: blueprint.security.encrypted_volumes }
}

/// Machines of the cluster reach each other; whoever is allowed to, the API.
fn openings(blueprint: &Blueprint, role: Role) -> BTreeSet<Opening> {
    // Of any protocol: pods' networks and DNS speak UDP, paths' sizes are told by ICMP.
    let from = Origin::Range(blueprint.network.addresses.cluster_cidr);
    let machines = Opening { traffic: Traffic::All, from };
    let api = |from: &Cidr| Opening { traffic: Traffic::Tcp(API, API), from: Origin::Range(*from) };
    let outside = blueprint.api.allow_list.iter().filter(|_| role == Role::Master).map(api);
    outside.chain([machines]).collect()
}
