//! Cluster policies: what an organization says about the decisions of its clusters.

use api::v1;

use super::settled;
use crate::{
    Answered, Client, Error, Read, Write,
    engine::{Plan, rpc},
};

/// The service `ClusterPolicies`.
#[derive(Clone, Debug)]
pub struct ClusterPolicies {
    pub(crate) client: Client,
}

impl ClusterPolicies {
    /// `{node}/clusterPolicy`, with what is said above it.
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::ClusterPolicy>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetClusterPolicyRequest { name: name.to_owned(), read };
        let plan = Plan::read(options);
        self.client.unary(plan, request, rpc!(cluster_policies_client::ClusterPoliciesClient, get_cluster_policy)).await
    }

    /// Writes all rules of the node that `policy.name` says, at `policy.etag` if set.
    pub async fn update(
        &self,
        policy: v1::ClusterPolicy,
        options: &Write,
    ) -> Result<Answered<v1::ClusterPolicy>, Error> {
        let (options, request_id) = settled(options);
        let (policy, validate_only) = (Some(policy), options.validate_only);
        let request = v1::UpdateClusterPolicyRequest { policy, request_id, validate_only };
        let plan = Plan::write(&options);
        self.client
            .unary(plan, request, rpc!(cluster_policies_client::ClusterPoliciesClient, update_cluster_policy))
            .await
    }
}
