//! Cluster policies, as far as a client can tell: rules are kept as they are sent, and not understood.

use api::v1::{self, cluster_policies_server::ClusterPolicies};
use tonic::{Code, Request, Response, Status};

use super::Service;
use crate::double::state::{not_found, refusal};

type Answer<T> = Result<Response<T>, Status>;

const SUFFIX: &str = "/clusterPolicy";

#[tonic::async_trait]
impl ClusterPolicies for Service {
    async fn get_cluster_policy(&self, request: Request<v1::GetClusterPolicyRequest>) -> Answer<v1::ClusterPolicy> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let organization = r.name.split('/').take(2).collect::<Vec<_>>().join("/");
            state.organizations.get(&organization).ok_or_else(|| not_found(&organization))?;
            let none = || v1::ClusterPolicy { name: r.name.clone(), etag: "0".to_owned(), ..Default::default() };
            let mut policy = state.cluster_policies.get(&r.name).cloned().unwrap_or_else(none);
            let above = state.cluster_policies.get(&format!("{organization}{SUFFIX}"));
            policy.inherited =
                above.filter(|above| above.name != r.name).map(|above| above.rules.clone()).unwrap_or_default();
            Ok(policy)
        })
        .await
    }

    /// It remembers no request: a policy that is written twice is the same.
    async fn update_cluster_policy(
        &self,
        request: Request<v1::UpdateClusterPolicyRequest>,
    ) -> Answer<v1::ClusterPolicy> {
        self.enter(true).await?;
        let r = request.into_inner();
        let mut policy = r.policy.unwrap_or_default();
        let node = policy.name.trim_end_matches(SUFFIX).to_owned();
        let made = self.ring.change(|state| {
            let current = state.cluster_policies.get(&policy.name).map_or("0", |policy| policy.etag.as_str());
            if !policy.etag.is_empty() && policy.etag != current {
                let message = format!("wrote {} at {}, which is at {current}", policy.name, policy.etag);
                return Err(refusal(Code::Aborted, "ETAG_MISMATCH", message, &[("current", current)]));
            }
            let stamp = state.stamp("global", &r.request_id);
            (policy.etag, policy.update_time, policy.author) = (stamp.etag, stamp.time, "anonymous".to_owned());
            policy.rules.iter_mut().for_each(|rule| rule.node.clone_from(&node));
            if !r.validate_only {
                state.append("global", &r.request_id, "cluster-policy-set", &policy.name, None);
                state.cluster_policies.insert(policy.name.clone(), policy.clone());
            }
            Ok::<_, Status>(policy)
        })?;
        Ok(self.answer(made))
    }
}
