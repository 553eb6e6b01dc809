//! What a part must look like, what it looks like, and the changes that lead from one to the other.

use std::{collections::BTreeSet, fmt};

use domain::Cidr;

use super::{CloudId, Part};

/// Lets somebody in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    pub traffic: Traffic,
    pub from: Origin,
}

/// What is let in. Ports are the first and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traffic {
    /// Of every protocol.
    All,
    Tcp(u16, u16),
    Udp(u16, u16),
    Icmp,
}

/// Who is let in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Range(Cidr),
    /// What is in a security group. It is never wished, and seen where somebody meddled.
    Group(CloudId),
}

/// The settings of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing to compare.
    Plain,
    Vpc {
        cidr: Cidr,
    },
    InternetGateway {
        attached: bool,
    },
    Subnet {
        cidr: Cidr,
    },
    /// Where it sends what leaves the network, and whether its subnet uses it.
    RouteTable {
        way_out: Option<Part>,
        associated: bool,
    },
    SecurityGroup {
        lets_in: BTreeSet<Opening>,
    },
    TargetGroup {
        targets: BTreeSet<CloudId>,
    },
    Balancer {
        listens: bool,
    },
    /// The root volume of machines that are launched from it; none where that is left to the image.
    Template {
        root: Option<Root>,
    },
    Volume {
        zone: String,
        size: u64,
        disk: Disk,
        attached: Option<CloudId>,
    },
}

/// What a root volume is made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// None: as large as the image.
    pub size: Option<u64>,
    pub disk: Disk,
}

/// What a volume is, but for its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// As the cloud names it, such as `gp3`.
    pub kind: String,
    pub iops: u64,
    pub encrypted: bool,
}

/// One change of a part that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    AttachGateway,
    DetachGateway,
    Route(Part),
    /// Its routes lead to something that they must not.
    Reroute(Part),
    Associate,
    Disassociate,
    Authorize(BTreeSet<Opening>),
    Revoke(BTreeSet<Opening>),
    Listen,
    Register(BTreeSet<CloudId>),
    Deregister(BTreeSet<CloudId>),
    AttachVolume(CloudId),
    DetachVolume(CloudId),
}

impl Change {
    /// Whether it takes something away that may be in use.
    pub fn destructive(&self) -> bool {
        matches!(self, Self::DetachGateway | Self::Disassociate | Self::DetachVolume(_))
    }
}

/// Changes, in order.
///
/// # Errors
/// What differs and cannot be changed on a part that is there, for people.
pub(crate) fn changes(wanted: &Look, seen: &Look) -> Result<Vec<Change>, String> {
    match (wanted, seen) {
        (Look::InternetGateway { attached: wanted }, Look::InternetGateway { attached }) => {
            Ok(match (wanted, attached) {
                (true, false) => vec![Change::AttachGateway],
                (false, true) => vec![Change::DetachGateway],
                _ => Vec::new(),
            })
        }
        (
            Look::RouteTable { way_out: wanted, associated: used },
            Look::RouteTable { way_out: leads, associated: is_used },
        ) => Ok(routes(wanted.as_ref(), leads.as_ref(), (*used, *is_used))),
        (Look::SecurityGroup { lets_in: wanted }, Look::SecurityGroup { lets_in }) => {
            let (more, less) = (difference(lets_in, wanted), difference(wanted, lets_in));
            Ok([more.map(Change::Revoke), less.map(Change::Authorize)].into_iter().flatten().collect())
        }
        (Look::TargetGroup { targets: wanted }, Look::TargetGroup { targets }) => {
            let (more, less) = (difference(targets, wanted), difference(wanted, targets));
            Ok([more.map(Change::Deregister), less.map(Change::Register)].into_iter().flatten().collect())
        }
        (Look::Balancer { listens: true }, Look::Balancer { listens: false }) => Ok(vec![Change::Listen]),
        (Look::Balancer { .. }, Look::Balancer { .. }) => Ok(Vec::new()),
        (Look::Volume { attached: to, .. }, Look::Volume { attached, .. }) => {
            let changes = match (to, attached) {
                (Some(wanted), None) => vec![Change::AttachVolume(wanted.clone())],
                (Some(wanted), Some(has)) if wanted != has => vec![Change::DetachVolume(has.clone())],
                _ => Vec::new(),
            };
            if bare(wanted) == bare(seen) { Ok(changes) } else { Err(unlike(wanted, seen)) }
        }
        (wanted, seen) if wanted == seen => Ok(Vec::new()),
        (wanted, seen) => Err(unlike(wanted, seen)),
    }
}

fn routes(wanted: Option<&Part>, leads: Option<&Part>, (used, is_used): (bool, bool)) -> Vec<Change> {
    let route = match (wanted, leads) {
        (Some(wanted), None) => Some(Change::Route(wanted.clone())),
        (Some(wanted), Some(leads)) if wanted != leads => Some(Change::Reroute(wanted.clone())),
        _ => None,
    };
    let use_it = match (used, is_used) {
        (true, false) => Some(Change::Associate),
        (false, true) => Some(Change::Disassociate),
        _ => None,
    };
    route.into_iter().chain(use_it).collect()
}

/// The same part with nothing tied to it: what may be deleted.
pub(crate) fn bare(look: &Look) -> Look {
    match look {
        Look::InternetGateway { .. } => Look::InternetGateway { attached: false },
        Look::RouteTable { way_out, .. } => Look::RouteTable { way_out: way_out.clone(), associated: false },
        Look::Volume { zone, size, disk, .. } => {
            Look::Volume { zone: zone.clone(), size: *size, disk: disk.clone(), attached: None }
        }
        other => other.clone(),
    }
}

fn difference<T: Clone + Ord>(of: &BTreeSet<T>, without: &BTreeSet<T>) -> Option<BTreeSet<T>> {
    let left: BTreeSet<T> = of.difference(without).cloned().collect();
    (!left.is_empty()).then_some(left)
}

fn unlike(wanted: &Look, seen: &Look) -> String {
    format!("has {seen}, wanted {wanted}")
}

/// For people, with spaces and commas between.
pub(crate) fn list<T: fmt::Display>(items: &BTreeSet<T>) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = |f: &mut fmt::Formatter<'_>, name: &str, (first, last): (u16, u16)| match first == last {
            true => write!(f, "{name} {first}"),
            false => write!(f, "{name} {first}-{last}"),
        };
        match self.traffic {
            Traffic::All => f.write_str("everything")?,
            Traffic::Tcp(first, last) => ports(f, "tcp", (first, last))?,
            Traffic::Udp(first, last) => ports(f, "udp", (first, last))?,
            Traffic::Icmp => f.write_str("icmp")?,
        }
        match &self.from {
            Origin::Range(range) => write!(f, " from {range}"),
            Origin::Group(group) => write!(f, " from {group}"),
        }
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encrypted = if self.encrypted { "encrypted" } else { "not encrypted" };
        write!(f, "{} {} IOPS, {encrypted}", self.kind, self.iops)
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tied = |tied: &bool, what: &'static str| if *tied { what } else { "loose" };
        match self {
            Self::Plain => f.write_str("as made"),
            Self::Vpc { cidr } | Self::Subnet { cidr } => write!(f, "{cidr}"),
            Self::InternetGateway { attached } => f.write_str(tied(attached, "attached")),
            Self::RouteTable { way_out, associated } => {
                let way_out = way_out.as_ref().map_or_else(|| "nowhere".to_owned(), ToString::to_string);
                write!(f, "to {way_out}, {}", tied(associated, "in use"))
            }
            Self::SecurityGroup { lets_in } if lets_in.is_empty() => f.write_str("closed"),
            Self::SecurityGroup { lets_in } => write!(f, "lets in {}", list(lets_in)),
            Self::TargetGroup { targets } if targets.is_empty() => f.write_str("no targets"),
            Self::TargetGroup { targets } => write!(f, "targets {}", list(targets)),
            Self::Template { root: None } => f.write_str("root volumes as the image says"),
            Self::Template { root: Some(Root { size, disk }) } => {
                let size = size.map_or_else(|| "as large as the image".to_owned(), |size| format!("of {size}GiB"));
                write!(f, "root volumes {size}: {disk}")
            }
            Self::Balancer { listens } => f.write_str(if *listens { "listening" } else { "deaf" }),
            Self::Volume { zone, size, disk, attached } => {
                write!(f, "{size}GiB {disk} in {zone}")?;
                attached.as_ref().map_or(Ok(()), |to| write!(f, ", attached to {to}"))
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AttachGateway => f.write_str("attach to the VPC"),
            Self::DetachGateway => f.write_str("detach from the VPC"),
            Self::Route(to) => write!(f, "route to {to}"),
            Self::Reroute(to) => write!(f, "route to {to} instead"),
            Self::Associate => f.write_str("use for its subnet"),
            Self::Disassociate => f.write_str("use no longer for its subnet"),
            Self::Authorize(openings) => write!(f, "let in {}", list(openings)),
            Self::Revoke(openings) => write!(f, "let in no longer {}", list(openings)),
            Self::Listen => f.write_str("listen"),
            Self::Register(targets) => write!(f, "send to {}", list(targets)),
            Self::Deregister(targets) => write!(f, "send no longer to {}", list(targets)),
            Self::AttachVolume(to) => write!(f, "attach to {to}"),
            Self::DetachVolume(from) => write!(f, "detach from {from}"),
        }
    }
}
