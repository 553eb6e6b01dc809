//! What a cluster is to be: everything that is needed to make it and to keep it so.
//!
//! Typed where the cloud is concerned; what only Kubernetes' own configuration reads is found by its key among the
//! choices. Lengths of time are seconds, sizes GiB.

use std::fmt;

use domain::{
    Cidr,
    catalog::{Key, KubernetesVersion, Window, Zone},
};
use ids::ClusterName;

use crate::{Choice, DecisionsHash, Need, Network, Refusal, Subnet};

mod assemble;

pub(crate) use assemble::{Worked, WorkedMachines, WorkedNetwork};

/// A cluster as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    pub cluster: ClusterName,
    /// Id of the cluster type.
    pub cluster_type: String,
    /// Of the catalogue that it was decided from.
    pub edition: String,
    pub version: KubernetesVersion,
    pub masters: Masters,
    pub etcd: Etcd,
    pub workers: Workers,
    pub network: NetworkPlan,
    pub api: Api,
    pub security: Security,
    pub ages: Ages,
    pub repair: Repair,
    pub disruption: Disruption,
    pub backup: Option<Backup>,
    pub maintenance: Window,
    /// Whether hibernation at night and on weekends is offered.
    pub hibernation_offered: bool,
    pub delete_protection: bool,
    /// What is allowed and seldom meant.
    pub warnings: Vec<Warning>,
    /// Every decision, by number.
    pub choices: Vec<Choice>,
}

/// Machines of one kind: what they are and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub instance_type: String,
    pub image: String,
    /// What the instance type was chosen for; [`crate::Sizing::of`] it says what else there was.
    pub need: Need,
}

/// The machines of the control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masters {
    pub machines: Placed,
    /// One zone for each master.
    pub zones: Vec<Zone>,
    pub volume: Volume,
}

/// A machine's volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub kind: String,
    pub size: u64,
    pub iops: u64,
}

/// How etcd is run; a member on each master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etcd {
    pub dedicated_volume: bool,
    pub snapshot_every: u64,
    pub snapshots_kept: u64,
    pub defragment_every: u64,
    pub quota: u64,
}

/// The machines that run pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Of the first of them.
    pub machines: Placed,
    pub zones: Vec<Zone>,
    pub initial: u64,
    pub min: u64,
    pub max: u64,
    /// Largest share of spot machines, of a hundred.
    pub spot_share: u64,
}

/// Addresses, and what is made with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPlan {
    pub addresses: Network,
    pub subnets: Vec<Subnet>,
    /// Zones with a gateway for traffic out.
    pub nat: Vec<Zone>,
    pub mtu: u64,
}

/// The API endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Else one that clusters share.
    pub dedicated_load_balancer: bool,
    /// Nobody from outside where it is empty.
    pub allow_list: Vec<Cidr>,
}

/// What is closed, and with whose key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    pub privileged_pods: bool,
    /// Secrets are encrypted with a key of the cluster; else with one of the organization.
    pub own_key: bool,
    pub encrypted_volumes: bool,
    pub encryption_between_machines: bool,
}

/// Ages at which things are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ages {
    pub image: u64,
    /// Time in which machines get an image that mends a critical weakness.
    pub image_critical: u64,
    pub keys: u64,
    pub certificates: u64,
    pub machines: u64,
}

/// When machines are repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// How long one may be not ready.
    pub after: u64,
    /// Share of unhealthy machines, of a hundred, above which nothing is repaired.
    pub stop_above: u64,
}

/// How much work on machines may disturb pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disruption {
    /// Share of workers, of a hundred, at the same time.
    pub budget: u64,
    /// Nobody is disturbed by choice in business hours.
    pub quiet_hours: bool,
    pub drain_grace: u64,
    pub drain_force_after: u64,
}

/// Backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    pub every: u64,
    pub kept: u64,
}

/// Something that is allowed, and that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The API's allow list lets everybody in.
    ApiOpenToAll,
    /// The version that was asked for is past its standard support.
    ExtendedSupport { version: KubernetesVersion, until: domain::Date },
    /// The request was accepted before; asked now, it would be refused.
    WouldBeRefused(Refusal),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiOpenToAll => {
                write!(f, "the API can be reached from everywhere: its allow list has a range wider than /8")
            }
            Self::ExtendedSupport { version, until } => {
                write!(f, "Kubernetes {version} is past its standard support; it may be run until {until}")
            }
            Self::WouldBeRefused(refusal) => write!(f, "asked for today, this would be refused: {refusal}"),
        }
    }
}

impl Blueprint {
    /// The decision of this key.
    pub fn choice(&self, key: Key) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.key == key)
    }

    /// What was decided, in 32 bytes.
    pub fn decisions_hash(&self) -> DecisionsHash {
        DecisionsHash::of(&self.choices)
    }
}
