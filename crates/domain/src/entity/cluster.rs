//! Rows about clusters: the wish, what was settled when it was made, what became of it, and what its machines cost.

use std::collections::BTreeMap;

use ids::{AccountId, ClusterName, Hlc, ProjectName, RequestId};

use crate::{
    Cidr, ClusterType, Network,
    catalog::{Channel, KubernetesVersion, Window},
    held::{CloudId, CreationPhase, Held, Part, Slot, Status, Time},
};

/// A Kubernetes cluster of a customer, as wished. What became of it is in its [`ClusterStatus`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    pub name: ClusterName,
    /// As [`super::Organization::uid`].
    pub uid: RequestId,
    /// Of the project that it was made in: another one may have the project's name later.
    pub project_uid: RequestId,
    pub display_name: String,
    pub description: String,
    pub cluster_type: ClusterType,
    /// What was asked for beyond the type.
    pub options: ClusterOptions,
    pub wish: Wish,
    /// While it is wished away: from when on nothing of it is kept. Until then it sleeps, and the wish can be taken back.
    pub purge_time: Option<Hlc>,
    /// None in a region without a cloud: there the cluster is a wish and nothing else.
    pub basis: Option<Basis>,
    pub create_time: Hlc,
    pub update_time: Hlc,
}

/// What its owner wishes to become of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    Run,
    Hibernate,
    Delete,
}

/// What a person may ask for beyond a name and a type. What is left out is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterOptions {
    pub version: Option<VersionWish>,
    pub cluster_cidr: Option<Cidr>,
    pub pod_cidr: Option<Cidr>,
    pub service_cidr: Option<Cidr>,
    /// Who may reach the Kubernetes API from outside.
    pub allow_list: Option<Vec<Cidr>>,
    pub delete_protection: Option<bool>,
    pub maintenance_window: Option<Window>,
    pub privileged: Option<bool>,
}

/// A wish for a Kubernetes version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionWish {
    /// This one and no other.
    Exactly(KubernetesVersion),
    /// What the channel has.
    Channel(Channel),
}

/// What was settled when the cluster was made, or last changed: with the cluster's row and the edition, every decision follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The organization's, when the cluster was made.
    pub account: AccountId,
    /// Of the catalogue.
    pub edition: String,
    pub version: KubernetesVersion,
    pub network: Network,
    pub delete_protection: bool,
    /// What its machines have at least: masters, and the workers that it begins with or never has less of. Quotas count it.
    pub vcpus: u64,
    /// SHA-256 of all decisions.
    pub decisions: [u8; 32],
}

/// What became of a cluster, or of a VPC that clusters share, as the region's reconciling wrote it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterStatus {
    /// Of the cluster, or of the VPC.
    pub uid: RequestId,
    pub held: Held,
    pub status: Status,
    /// When each phase of its creation began and was done.
    pub report: BTreeMap<CreationPhase, PhaseTimes>,
    /// What the cloud was waited for: every part so far, and once it is made those that took the time, one after the other.
    pub waits: BTreeMap<Part, CloudWait>,
}

/// When a phase of a creation began and was done: times of the region's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseTimes {
    pub began: Option<Hlc>,
    pub done: Option<Hlc>,
}

/// How long the cloud was waited for a part of a creation: times of the region's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloudWait {
    /// The first call for it was committed.
    pub from: Hlc,
    /// It was answered, or last seen not to be ready.
    pub until: Hlc,
}

/// What was done about a cluster that its owner did not ask for by making it, newest last; at most [`DEEDS_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deeds(pub Vec<Deed>);

/// How many deeds of a cluster are kept.
pub const DEEDS_MAX: usize = 32;

/// One thing that was done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub at: Time,
    pub part: Part,
    pub did: String,
    /// What was seen, or wished.
    pub cause: String,
}

/// A VPC that clusters of one project share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedVpc {
    pub project: ProjectName,
    pub vpc: Cidr,
    /// Of the request that made the first cluster in it.
    pub uid: RequestId,
    pub account: AccountId,
}

/// One time that a machine ran: what it is billed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRun {
    pub cluster: ClusterName,
    /// Of the cluster: another one may have the name later.
    pub uid: RequestId,
    pub machine: CloudId,
    pub slot: Slot,
    pub instance_type: String,
    pub vcpus: u32,
    pub memory_mib: u64,
    /// By the cloud's clock.
    pub started: Time,
    /// When the log learned of it.
    pub started_recorded: Hlc,
    pub stopped: Option<(Time, Hlc)>,
}
