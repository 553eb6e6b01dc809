//! Questions.

use std::collections::BTreeMap;

use api::v1::{mutation::Kind, *};
use gateway::Need;

use super::{CLUSTER, FOLDER, LOCATION, ORGANIZATION, PROJECT, asks, grant, text};

#[expect(clippy::too_many_lines, reason = "a table")]
pub fn needs() -> BTreeMap<&'static str, Need> {
    [
        ("Access/ExplainAccess", asks(&ExplainAccessRequest { node: text(CLUSTER), ..Default::default() })),
        ("Access/ListEffectiveRights", asks(&ListEffectiveRightsRequest { node: text(CLUSTER), ..Default::default() })),
        ("Access/ListMembersWhoCan", asks(&ListMembersWhoCanRequest { node: text(CLUSTER), ..Default::default() })),
        (
            "Access/PreviewChange",
            asks(&PreviewChangeRequest {
                change: Some(Mutation { kind: Some(Kind::ModifyBindings(grant())), retried: false }),
                read: None,
            }),
        ),
        (
            "AccessPolicies/GetAccessPolicy",
            asks(&GetAccessPolicyRequest { name: format!("{PROJECT}/accessPolicy"), ..Default::default() }),
        ),
        ("Catalog/GetEdition", asks(&GetEditionRequest::default())),
        ("Catalog/ListClusterTypes", asks(&ListClusterTypesRequest::default())),
        ("Catalog/ListEditions", asks(&ListEditionsRequest::default())),
        ("Catalog/ListInstanceTypes", asks(&ListInstanceTypesRequest::default())),
        ("Catalog/ListLocations", asks(&ListLocationsRequest::default())),
        ("Catalog/ListVersions", asks(&ListVersionsRequest::default())),
        ("CloudAccounts/GetCloudAccount", asks(&GetCloudAccountRequest::default())),
        ("CloudAccounts/ListCloudAccounts", asks(&ListCloudAccountsRequest::default())),
        ("Clusters/ExplainCluster", asks(&ExplainClusterRequest { name: text(CLUSTER), ..Default::default() })),
        ("Clusters/GetCluster", asks(&GetClusterRequest { name: text(CLUSTER), ..Default::default() })),
        (
            "Clusters/ListClusters",
            asks(&ListClustersRequest { parent: format!("{PROJECT}/locations/-"), ..Default::default() }),
        ),
        ("Clusters/ListDecisions", asks(&ListDecisionsRequest { parent: text(CLUSTER), ..Default::default() })),
        ("Clusters/ListMachines", asks(&ListMachinesRequest { parent: text(CLUSTER), ..Default::default() })),
        ("Clusters/PreviewDecisions", asks(&PreviewDecisionsRequest { parent: text(LOCATION), ..Default::default() })),
        ("Folders/GetFolder", asks(&GetFolderRequest { name: text(FOLDER), ..Default::default() })),
        ("Folders/ListFolders", asks(&ListFoldersRequest { parent: text(FOLDER), ..Default::default() })),
        (
            "Groups/GetGroup",
            asks(&GetGroupRequest { name: format!("{ORGANIZATION}/groups/one"), ..Default::default() }),
        ),
        ("Groups/ListGroups", asks(&ListGroupsRequest { parent: text(ORGANIZATION), ..Default::default() })),
        (
            "IdentityProviders/GetIdentityProvider",
            asks(&GetIdentityProviderRequest {
                name: format!("{ORGANIZATION}/identityProviders/one"),
                ..Default::default()
            }),
        ),
        (
            "IdentityProviders/ListIdentityProviders",
            asks(&ListIdentityProvidersRequest { parent: text(ORGANIZATION), ..Default::default() }),
        ),
        ("Log/GetLogHead", asks(&GetLogHeadRequest::default())),
        ("Log/ListRecords", asks(&ListRecordsRequest::default())),
        ("Log/WatchRecords", asks(&WatchRecordsRequest::default())),
        (
            "Operations/GetOperation",
            asks(&GetOperationRequest { name: format!("{ORGANIZATION}/operations/one"), ..Default::default() }),
        ),
        (
            "Operations/ListOperations",
            asks(&ListOperationsRequest { parent: text(ORGANIZATION), ..Default::default() }),
        ),
        (
            "Operations/WaitOperation",
            asks(&WaitOperationRequest { name: format!("{ORGANIZATION}/operations/one"), ..Default::default() }),
        ),
        (
            "Organizations/GetOrganization",
            asks(&GetOrganizationRequest { name: text(ORGANIZATION), ..Default::default() }),
        ),
        ("Organizations/ListOrganizations", asks(&ListOrganizationsRequest::default())),
        ("Projects/GetProject", asks(&GetProjectRequest { name: text(PROJECT), ..Default::default() })),
        ("Projects/ListProjects", asks(&ListProjectsRequest { parent: text(FOLDER), ..Default::default() })),
        (
            "ClusterPolicies/GetClusterPolicy",
            asks(&GetClusterPolicyRequest { name: format!("{PROJECT}/clusterPolicy"), ..Default::default() }),
        ),
        ("Quotas/GetQuota", asks(&GetQuotaRequest { name: format!("{ORGANIZATION}/quota"), ..Default::default() })),
        ("Quotas/ListQuotas", asks(&ListQuotasRequest::default())),
        ("Regions/GetMemberStatus", asks(&GetMemberStatusRequest::default())),
        ("Regions/GetRegion", asks(&GetRegionRequest::default())),
        ("Regions/GetTopology", asks(&GetTopologyRequest::default())),
        ("Regions/ListRegions", asks(&ListRegionsRequest::default())),
        (
            "Revokes/GetBreakGlass",
            asks(&GetBreakGlassRequest { name: format!("{ORGANIZATION}/breakGlass"), ..Default::default() }),
        ),
        ("Revokes/ListRevokes", asks(&ListRevokesRequest { parent: text(ORGANIZATION), ..Default::default() })),
        ("Roles/GetRole", asks(&GetRoleRequest { name: format!("{ORGANIZATION}/roles/one"), ..Default::default() })),
        ("Roles/ListRoles", asks(&ListRolesRequest { parent: text(ORGANIZATION), ..Default::default() })),
        (
            "ServiceAccounts/GetServiceAccount",
            asks(&GetServiceAccountRequest {
                name: format!("{ORGANIZATION}/serviceAccounts/one"),
                ..Default::default()
            }),
        ),
        (
            "ServiceAccounts/ListServiceAccounts",
            asks(&ListServiceAccountsRequest { parent: text(ORGANIZATION), ..Default::default() }),
        ),
        ("Usage/QueryUsage", asks(&QueryUsageRequest { parent: text(PROJECT), ..Default::default() })),
    ]
    .into()
}
