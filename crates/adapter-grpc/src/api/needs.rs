//! What every question needs. Read it as a table; commands have theirs in [`gateway::Need::of`].
//!
//! A request that is no [`Needs`] cannot be served: there is no default.

use ::access::NodeName;
use api::v1::{self, ReadOptions};
use gateway::Need;
use ids::{
    ClusterName, ContainerName, FolderName, GroupName, IdentityProviderName, OrganizationName, ProjectName,
    ResourceName, RoleId, ServiceAccountName,
};

use super::{
    access_policies::policy_node,
    cluster_policies,
    command::{Writes as _, location},
    input::{name, present},
    operations, quotas,
    revokes::break_glass_of,
    status::Refusal,
};

/// A question.
pub trait Needs {
    /// # Errors
    /// The request does not say what it is about.
    fn need(&self) -> Result<Need, Refusal>;

    /// What the answer must hold.
    fn read(&self) -> Option<&ReadOptions>;
}

macro_rules! needs {
    ($($request:ident, |$of:pat_param, $read:ident| $need:expr;)*) => {$(
        impl Needs for v1::$request {
            fn need(&self) -> Result<Need, Refusal> {
                let $of = self;
                Ok($need)
            }

            needs!(@read $read);
        }
    )*};
    (@read read) => {
        fn read(&self) -> Option<&ReadOptions> {
            self.read.as_ref()
        }
    };
    (@read none) => {
        fn read(&self) -> Option<&ReadOptions> {
            None
        }
    };
}

needs! {
    // What concerns no organization.
    GetTopologyRequest, |_, none| Need::Known;
    GetMemberStatusRequest, |_, none| Need::Known;
    GetRegionRequest, |_, none| Need::Known;
    ListRegionsRequest, |_, none| Need::Known;
    GetEditionRequest, |_, read| Need::Known;
    ListEditionsRequest, |_, read| Need::Known;
    ListLocationsRequest, |_, read| Need::Known;
    ListClusterTypesRequest, |_, read| Need::Known;
    ListVersionsRequest, |_, read| Need::Known;
    ListInstanceTypesRequest, |_, read| Need::Known;
    // Logs hold what is of all organizations.
    GetLogHeadRequest, |_, read| Need::Operator;
    ListRecordsRequest, |_, read| Need::Operator;
    WatchRecordsRequest, |_, none| Need::Operator;
    GetCloudAccountRequest, |_, read| Need::Operator;
    ListCloudAccountsRequest, |_, read| Need::Operator;
    ListQuotasRequest, |_, read| Need::Operator;

    // Lists show what the caller sees.
    ListOrganizationsRequest, |_, read| Need::Known;
    ListFoldersRequest, |of, read| Need::Within(name::<ContainerName>("parent", &of.parent)?.organization());
    ListProjectsRequest, |of, read| Need::Within(name::<ContainerName>("parent", &of.parent)?.organization());
    ListClustersRequest, |of, read| Need::Within(organization_of(&location("parent", &of.parent)?.0));
    ListOperationsRequest, |of, read| Need::Within(name("parent", &of.parent)?);
    // So do operations: what they are of may be gone.
    GetOperationRequest, |of, read| Need::Within(operations::organization("name", &of.name)?);
    WaitOperationRequest, |of, read| Need::Within(operations::organization("name", &of.name)?);

    GetOrganizationRequest, |of, read| see(name::<OrganizationName>("name", &of.name)?);
    GetQuotaRequest, |of, read| see(quotas::organization("name", &of.name)?);
    GetClusterPolicyRequest, |of, read| see(cluster_policies::policy_node("name", &of.name)?);
    GetFolderRequest, |of, read| see(name::<FolderName>("name", &of.name)?);
    GetProjectRequest, |of, read| see(name::<ProjectName>("name", &of.name)?);
    PreviewDecisionsRequest, |of, read| see(location("parent", &of.parent)?.0);
    GetClusterRequest, |of, read| see(name::<ClusterName>("name", &of.name)?);
    ListMachinesRequest, |of, read| see(name::<ClusterName>("parent", &of.parent)?);
    ListDecisionsRequest, |of, read| see(name::<ClusterName>("parent", &of.parent)?);
    ExplainClusterRequest, |of, read| see(name::<ClusterName>("name", &of.name)?);
    QueryUsageRequest, |of, read| Need::see_usage(&node(name::<ResourceName>("parent", &of.parent)?));

    // Who may do what.
    GetAccessPolicyRequest, |of, read| Need::see_policy(&policy_node("name", &of.name)?);
    ListEffectiveRightsRequest, |of, read| Need::see_policy(&name("node", &of.node)?);
    ListMembersWhoCanRequest, |of, read| Need::see_policy(&name("node", &of.node)?);
    ExplainAccessRequest, |of, read| Need::see_policy(&name("node", &of.node)?);
    ListRevokesRequest, |of, read| Need::see_policy(&node(name::<OrganizationName>("parent", &of.parent)?));
    GetBreakGlassRequest, |of, read| Need::see_policy(&node(break_glass_of("name", &of.name)?));
    // Whoever may make a change may look at what it does.
    PreviewChangeRequest, |of, read| Need::of(&present("change", of.change.clone())?.write()?.command);
    GetRoleRequest, |of, read| role(&of.name)?;
    ListRolesRequest, |of, read| Need::see_policy(&node(name::<OrganizationName>("parent", &of.parent)?));
    GetGroupRequest, |of, read| Need::see_identities(&name::<GroupName>("name", &of.name)?.organization);
    ListGroupsRequest, |of, read| Need::see_identities(&name("parent", &of.parent)?);
    GetIdentityProviderRequest, |of, read| {
        Need::see_identities(&name::<IdentityProviderName>("name", &of.name)?.organization)
    };
    ListIdentityProvidersRequest, |of, read| Need::see_identities(&name("parent", &of.parent)?);
    GetServiceAccountRequest, |of, read| {
        Need::see_identities(&name::<ServiceAccountName>("name", &of.name)?.organization)
    };
    ListServiceAccountsRequest, |of, read| Need::see_identities(&name("parent", &of.parent)?);
}

fn node(name: impl Into<ResourceName>) -> NodeName {
    name.into().into()
}

fn see(name: impl Into<ResourceName>) -> Need {
    Need::see(&node(name))
}

fn organization_of(project: &ProjectName) -> OrganizationName {
    OrganizationName { organization: project.organization.clone() }
}

/// Predefined roles are nobody's.
fn role(text: &str) -> Result<Need, Refusal> {
    match text.starts_with("roles/") {
        true => Ok(Need::Known),
        false => Ok(Need::see_policy(&node(name::<RoleId>("name", text)?.organization))),
    }
}

#[cfg(test)]
mod tests;
