//! What can be asked of clusters, and what a region's reconciling writes down about them.

use std::collections::BTreeMap;

use ids::{ClusterName, RequestId, Revision};

use crate::{
    Cidr, ClusterOptions, ClusterType, Deed, Waited,
    catalog::Window,
    held::{Held, MachineEdge, Part, Status},
    progress::Kept,
};

/// Makes a cluster in the region that its name says, in a project that is ACTIVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateCluster {
    pub name: ClusterName,
    pub display_name: String,
    pub description: String,
    pub cluster_type: ClusterType,
    pub options: ClusterOptions,
}

/// Changes the texts of a cluster, and what may be asked for anew of one that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateCluster {
    pub name: ClusterName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub allow_list: Option<Vec<Cidr>>,
    pub delete_protection: Option<bool>,
    pub maintenance_window: Option<Window>,
    pub etag: Option<Revision>,
}

/// Deletes a cluster, also from a project that is itself being deleted, unless it is protected. It sleeps for a time first, if that is
/// asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteCluster {
    pub name: ClusterName,
    /// How long everything of it is kept, in milliseconds; at most [`crate::cluster::RETAIN_MAX_MS`].
    pub retain_ms: u64,
    pub etag: Option<Revision>,
}

/// Takes the deletion of a cluster back, while everything of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeleteCluster {
    pub name: ClusterName,
    pub etag: Option<Revision>,
}

/// Puts a RUNNING cluster to sleep: its machines stop, its volumes stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HibernateCluster {
    pub name: ClusterName,
    pub etag: Option<Revision>,
}

/// Wakes a cluster that sleeps, or is falling asleep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeCluster {
    pub name: ClusterName,
    pub etag: Option<Revision>,
}

/// Writes down what a region's reconciling did about a cluster or a shared VPC, and what it saw of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub of: Kept,
    /// Of the cluster or the VPC: another one may have the name later.
    pub uid: RequestId,
    /// Of the row that says what became of it.
    pub seen: Revision,
    /// What is there now, whole.
    pub held: Held,
    pub status: Status,
    /// What was done that nobody asked for by making it.
    pub deeds: Vec<Deed>,
    /// What machines were seen to have done.
    pub edges: Vec<MachineEdge>,
    /// What was waited for since the step before.
    pub waited: BTreeMap<Part, Waited>,
}
