//! Parts: everything that a cluster or a shared network has in a cloud, each with a key of its own.
//!
//! The order of the variants is an order of creation: a part relies only on parts before it. Deletion goes the other way.

use std::{fmt, str::FromStr};

use super::Credential;

/// What a machine is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Master,
    Worker,
}

/// The place of one machine in a cluster. Machines come and go; the slot stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub role: Role,
    /// From 1.
    pub number: u16,
}

/// The key of one thing in a cloud. Zones are named by their ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The network that several clusters share, as one of these sees it: somebody else makes it.
    Network,
    Vpc,
    InternetGateway,
    Subnet {
        zone: String,
        public: bool,
    },
    Address {
        zone: String,
    },
    Nat {
        zone: String,
    },
    /// The routes of the subnet of the same zone and kind.
    RouteTable {
        zone: String,
        public: bool,
    },
    SecurityGroup(Role),
    TargetGroup,
    Balancer,
    Template(Role),
    /// Of etcd, where that has one of its own.
    Volume(Slot),
    Machine(Slot),
    Credential(Credential),
}

/// What makes it safe to repeat a creation that was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The cloud takes a token, or a name that is unique: the same call again has one effect.
    Call,
    /// It takes neither: repeated only after a listing by tag that is late enough to show it.
    AfterLook,
}

impl Part {
    pub fn private_subnet(zone: &str) -> Self {
        Self::Subnet { zone: zone.to_owned(), public: false }
    }

    pub fn public_subnet(zone: &str) -> Self {
        Self::Subnet { zone: zone.to_owned(), public: true }
    }

    /// Whether `other` must be ready before this is made, and stay until this is gone.
    pub fn relies_on(&self, other: &Self) -> bool {
        use Part::*;
        match (self, other) {
            (Subnet { .. } | SecurityGroup(_) | TargetGroup, Network | Vpc) | (InternetGateway, Vpc) => true,
            (Nat { zone }, Subnet { zone: of, public: true } | Address { zone: of }) => zone == of,
            (RouteTable { zone, public }, Subnet { zone: of, public: kind }) => zone == of && public == kind,
            (Nat { .. } | Balancer | RouteTable { public: true, .. }, Network | InternetGateway) => true,
            (RouteTable { public: false, .. }, Nat { .. }) => true,
            (Balancer, TargetGroup | Subnet { public: true, .. }) => true,
            (Template(role), SecurityGroup(of)) => role == of,
            (Machine(slot), Template(of) | SecurityGroup(of)) => slot.role == *of,
            (Machine(slot), Volume(of)) => slot == of,
            (Machine(_), Balancer | Subnet { public: false, .. } | RouteTable { public: false, .. }) => true,
            _ => false,
        }
    }

    pub fn repeat(&self) -> Repeat {
        match self {
            Self::Network | Self::Vpc | Self::InternetGateway | Self::Subnet { .. } | Self::Address { .. } => {
                Repeat::AfterLook
            }
            _ => Repeat::Call,
        }
    }

    /// The kind, as tokens name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Vpc => "vpc",
            Self::InternetGateway => "internet-gateway",
            Self::Subnet { .. } => "subnet",
            Self::Address { .. } => "address",
            Self::Nat { .. } => "nat",
            Self::RouteTable { .. } => "route-table",
            Self::SecurityGroup(_) => "security-group",
            Self::TargetGroup => "target-group",
            Self::Balancer => "balancer",
            Self::Template(_) => "template",
            Self::Volume(_) => "volume",
            Self::Machine(_) => "machine",
            Self::Credential(_) => "credential",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Master { "master" } else { "worker" })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.role, self.number)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Subnet { zone, public } | Self::RouteTable { zone, public } => {
                write!(f, " {zone} {}", if *public { "public" } else { "private" })
            }
            Self::Address { zone } | Self::Nat { zone } => write!(f, " {zone}"),
            Self::SecurityGroup(role) | Self::Template(role) => write!(f, " {role}"),
            Self::Volume(slot) | Self::Machine(slot) => write!(f, " {slot}"),
            Self::Credential(credential) => write!(f, " {credential}"),
            Self::Network | Self::Vpc | Self::InternetGateway | Self::TargetGroup | Self::Balancer => Ok(()),
        }
    }
}

/// Text that names no part, slot or role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {input:?} as {what}: wanted it as it is printed, such as {example:?}")]
pub struct PartError {
    pub input: String,
    what: &'static str,
    example: &'static str,
}

impl FromStr for Role {
    type Err = PartError;

    fn from_str(input: &str) -> Result<Self, PartError> {
        match input {
            "master" => Ok(Self::Master),
            "worker" => Ok(Self::Worker),
            _ => Err(PartError { input: input.to_owned(), what: "a role", example: "master" }),
        }
    }
}

impl FromStr for Slot {
    type Err = PartError;

    fn from_str(input: &str) -> Result<Self, PartError> {
        let parts = input
            .split_once('-')
            .and_then(|(role, number)| Some(Self { role: role.parse().ok()?, number: number.parse().ok()? }));
        parts.ok_or_else(|| PartError { input: input.to_owned(), what: "a slot", example: "worker-3" })
    }
}

impl FromStr for Part {
    type Err = PartError;

    fn from_str(input: &str) -> Result<Self, PartError> {
        let (kind, rest) = input.split_once(' ').unwrap_or((input, ""));
        let zone = || rest.to_owned();
        let zoned = |public: &str| {
            let (zone, kind) = rest.split_once(' ')?;
            (!zone.is_empty() && (kind == "public" || kind == "private")).then(|| (zone.to_owned(), kind == public))
        };
        let part = match (kind, rest) {
            ("network", "") => Some(Self::Network),
            ("vpc", "") => Some(Self::Vpc),
            ("internet-gateway", "") => Some(Self::InternetGateway),
            ("target-group", "") => Some(Self::TargetGroup),
            ("balancer", "") => Some(Self::Balancer),
            ("subnet", _) => zoned("public").map(|(zone, public)| Self::Subnet { zone, public }),
            ("route-table", _) => zoned("public").map(|(zone, public)| Self::RouteTable { zone, public }),
            (_, "") => None,
            ("address", _) => Some(Self::Address { zone: zone() }),
            ("nat", _) => Some(Self::Nat { zone: zone() }),
            ("security-group", _) => rest.parse().ok().map(Self::SecurityGroup),
            ("template", _) => rest.parse().ok().map(Self::Template),
            ("volume", _) => rest.parse().ok().map(Self::Volume),
            ("machine", _) => rest.parse().ok().map(Self::Machine),
            ("credential", _) => Credential::ALL.into_iter().find(|of| of.to_string() == rest).map(Self::Credential),
            _ => None,
        };
        let error = || PartError { input: input.to_owned(), what: "a part", example: "subnet use1-az1 public" };
        part.ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back_and_nothing_else() {
        let zone = || "use1-az1".to_owned();
        let slot = Slot { role: Role::Worker, number: 12 };
        let plain = [Part::Network, Part::Vpc, Part::InternetGateway, Part::TargetGroup, Part::Balancer];
        let zoned = [true, false]
            .into_iter()
            .flat_map(|public| [Part::Subnet { zone: zone(), public }, Part::RouteTable { zone: zone(), public }]);
        let others = [
            Part::Address { zone: zone() },
            Part::Nat { zone: zone() },
            Part::SecurityGroup(Role::Master),
            Part::Template(Role::Worker),
            Part::Volume(slot),
            Part::Machine(slot),
            Part::Credential(Credential::Certificates),
            Part::Credential(Credential::Keys),
        ];
        for part in plain.into_iter().chain(zoned).chain(others) {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        for wrong in ["", "vpc 1", "nat", "subnet use1-az1", "subnet use1-az1 open", "machine worker", "volume 3"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }
}
