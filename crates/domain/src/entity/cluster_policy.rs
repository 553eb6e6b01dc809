//! Rows of what organizations say about decisions.

use ids::{Hlc, RequestId, ResourceName};

use crate::cluster_policy::Rule;

/// All that is said at one node about the decisions of the clusters below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPolicy {
    /// An organization, a folder or a project.
    pub node: ResourceName,
    /// Of that node: what is said does not hold for another one that has the name later.
    pub node_uid: RequestId,
    /// By decision; none: nothing is said here any more.
    pub rules: Vec<Rule>,
    /// Who wrote it last.
    pub author: String,
    /// When that was.
    pub update_time: Hlc,
}
