//! Access policies: who has which role on which node of the tree.

use api::v1;

use super::settled;
use crate::{
    Answered, Client, Error, Read, Write,
    engine::{Plan, rpc},
};

/// The service `AccessPolicies`.
#[derive(Clone, Debug)]
pub struct AccessPolicies {
    pub(crate) client: Client,
}

impl AccessPolicies {
    /// What is bound on a node, and above it: `{node}/accessPolicy`.
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::AccessPolicy>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetAccessPolicyRequest { name: name.to_owned(), read };
        self.client
            .unary(Plan::read(options), request, rpc!(access_policies_client::AccessPoliciesClient, get_access_policy))
            .await
    }

    /// Sets all bindings of the policy that `policy.name` says, at `policy.etag` if set.
    pub async fn update(&self, policy: v1::AccessPolicy, options: &Write) -> Result<Answered<v1::AccessPolicy>, Error> {
        let (options, request_id) = settled(options);
        let validate_only = options.validate_only;
        let request = v1::UpdateAccessPolicyRequest { policy: Some(policy), request_id, validate_only };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(access_policies_client::AccessPoliciesClient, update_access_policy),
            )
            .await
    }

    /// Gives and takes single bindings; request id and whether it is only asked are taken from `options`.
    pub async fn modify(
        &self,
        change: v1::ModifyBindingsRequest,
        options: &Write,
    ) -> Result<Answered<v1::AccessPolicy>, Error> {
        let (options, request_id) = settled(options);
        let validate_only = options.validate_only;
        let request = v1::ModifyBindingsRequest { request_id, validate_only, ..change };
        self.client
            .unary(Plan::write(&options), request, rpc!(access_policies_client::AccessPoliciesClient, modify_bindings))
            .await
    }
}
