//! Changes.

use std::collections::BTreeMap;

use api::v1::*;
use gateway::Need;

use super::{
    CLUSTER, FOLDER, ID, INNER, LOCATION, ORGANIZATION, PROJECT, grant, jwk, provider, role, some, text, writes,
};

#[expect(clippy::too_many_lines, reason = "a table")]
pub fn needs() -> BTreeMap<&'static str, Need> {
    [
        ("AccessPolicies/ModifyBindings", writes(grant())),
        (
            "AccessPolicies/UpdateAccessPolicy",
            writes(UpdateAccessPolicyRequest {
                policy: Some(AccessPolicy { name: format!("{PROJECT}/accessPolicy"), ..Default::default() }),
                ..Default::default()
            }),
        ),
        ("Catalog/HaltEdition", writes(HaltEditionRequest { name: text("editions/2026-11"), ..Default::default() })),
        (
            "Catalog/PublishEdition",
            writes(PublishEditionRequest {
                contents: Some(wire::catalog::shown_as(&catalog::first().unwrap()).unwrap()),
                ..Default::default()
            }),
        ),
        (
            "CloudAccounts/CreateCloudAccount",
            writes(CreateCloudAccountRequest { cloud_account_id: text("000000000001"), ..Default::default() }),
        ),
        (
            "Clusters/CreateCluster",
            writes(CreateClusterRequest {
                parent: text(LOCATION),
                cluster_id: text("new"),
                cluster: Some(Cluster { cluster_type: text("PRODUCTION"), ..Default::default() }),
                ..Default::default()
            }),
        ),
        ("Clusters/DeleteCluster", writes(DeleteClusterRequest { name: text(CLUSTER), ..Default::default() })),
        ("Clusters/HibernateCluster", writes(HibernateClusterRequest { name: text(CLUSTER), ..Default::default() })),
        ("Clusters/UndeleteCluster", writes(UndeleteClusterRequest { name: text(CLUSTER), ..Default::default() })),
        (
            "Clusters/UpdateCluster",
            writes(UpdateClusterRequest {
                cluster: Some(Cluster { name: text(CLUSTER), description: text("new"), ..Default::default() }),
                ..Default::default()
            }),
        ),
        ("Clusters/WakeCluster", writes(WakeClusterRequest { name: text(CLUSTER), ..Default::default() })),
        (
            "Folders/CreateFolder",
            writes(CreateFolderRequest {
                folder_id: text("new"),
                folder: Some(Folder { parent: text(FOLDER), ..Default::default() }),
                ..Default::default()
            }),
        ),
        ("Folders/DeleteFolder", writes(DeleteFolderRequest { name: text(FOLDER), ..Default::default() })),
        (
            "Folders/MoveFolder",
            writes(MoveFolderRequest {
                name: text(INNER),
                destination_parent: text(ORGANIZATION),
                ..Default::default()
            }),
        ),
        (
            "Folders/UpdateFolder",
            writes(UpdateFolderRequest {
                folder: Some(Folder { name: text(FOLDER), ..Default::default() }),
                ..Default::default()
            }),
        ),
        (
            "Groups/CreateGroup",
            writes(CreateGroupRequest {
                parent: text(ORGANIZATION),
                group_id: text("one"),
                group: some(),
                ..Default::default()
            }),
        ),
        (
            "Groups/DeleteGroup",
            writes(DeleteGroupRequest { name: format!("{ORGANIZATION}/groups/one"), ..Default::default() }),
        ),
        (
            "Groups/UpdateGroup",
            writes(UpdateGroupRequest {
                group: Some(Group { name: format!("{ORGANIZATION}/groups/one"), ..Default::default() }),
                ..Default::default()
            }),
        ),
        (
            "IdentityProviders/CreateIdentityProvider",
            writes(CreateIdentityProviderRequest {
                parent: text(ORGANIZATION),
                identity_provider_id: text("one"),
                identity_provider: Some(provider()),
                ..Default::default()
            }),
        ),
        (
            "IdentityProviders/DeleteIdentityProvider",
            writes(DeleteIdentityProviderRequest {
                name: format!("{ORGANIZATION}/identityProviders/one"),
                ..Default::default()
            }),
        ),
        (
            "IdentityProviders/UpdateIdentityProvider",
            writes(UpdateIdentityProviderRequest { identity_provider: Some(provider()), ..Default::default() }),
        ),
        (
            "Organizations/CreateOrganization",
            writes(CreateOrganizationRequest {
                organization_id: text("acme"),
                organization: some(),
                ..Default::default()
            }),
        ),
        (
            "Organizations/DeleteOrganization",
            writes(DeleteOrganizationRequest { name: text(ORGANIZATION), ..Default::default() }),
        ),
        (
            "Organizations/UpdateOrganization",
            writes(UpdateOrganizationRequest {
                organization: Some(Organization { name: text(ORGANIZATION), ..Default::default() }),
                ..Default::default()
            }),
        ),
        (
            "Projects/CreateProject",
            writes(CreateProjectRequest {
                project_id: text("new"),
                project: Some(Project { parent: text(FOLDER), ..Default::default() }),
                ..Default::default()
            }),
        ),
        ("Projects/DeleteProject", writes(DeleteProjectRequest { name: text(PROJECT), ..Default::default() })),
        (
            "Projects/MoveProject",
            writes(MoveProjectRequest { name: text(PROJECT), destination_parent: text(INNER), ..Default::default() }),
        ),
        (
            "Projects/UpdateProject",
            writes(UpdateProjectRequest {
                project: Some(Project { name: text(PROJECT), ..Default::default() }),
                ..Default::default()
            }),
        ),
        (
            "ClusterPolicies/UpdateClusterPolicy",
            writes(UpdateClusterPolicyRequest {
                policy: Some(ClusterPolicy { name: format!("{PROJECT}/clusterPolicy"), ..Default::default() }),
                ..Default::default()
            }),
        ),
        (
            "Quotas/UpdateQuota",
            writes(UpdateQuotaRequest {
                quota: Some(Quota { name: format!("{ORGANIZATION}/quota"), ..Default::default() }),
                ..Default::default()
            }),
        ),
        (
            "Revokes/CreateRevoke",
            writes(CreateRevokeRequest {
                parent: text(ORGANIZATION),
                location: text("locations/eu-west-1"),
                revoke: Some(Revoke { member: text("user:bob"), node: text(PROJECT), ..Default::default() }),
                request_id: text(ID),
                ..Default::default()
            }),
        ),
        (
            "Revokes/LiftRevoke",
            writes(LiftRevokeRequest { name: format!("{ORGANIZATION}/revokes/eu-west-1.{ID}"), ..Default::default() }),
        ),
        (
            "Revokes/SetBreakGlass",
            writes(SetBreakGlassRequest {
                break_glass: Some(BreakGlass {
                    name: format!("{ORGANIZATION}/breakGlass"),
                    member: text("user:ann"),
                    ..Default::default()
                }),
                ..Default::default()
            }),
        ),
        (
            "Roles/CreateRole",
            writes(CreateRoleRequest {
                parent: text(ORGANIZATION),
                role_id: text("one"),
                role: Some(role()),
                ..Default::default()
            }),
        ),
        (
            "Roles/DeleteRole",
            writes(DeleteRoleRequest { name: format!("{ORGANIZATION}/roles/one"), ..Default::default() }),
        ),
        ("Roles/UpdateRole", writes(UpdateRoleRequest { role: Some(role()), ..Default::default() })),
        (
            "ServiceAccounts/AddServiceAccountKey",
            writes(AddServiceAccountKeyRequest {
                name: format!("{ORGANIZATION}/serviceAccounts/one"),
                key_id: text("one"),
                jwk: jwk(),
                ..Default::default()
            }),
        ),
        (
            "ServiceAccounts/CreateServiceAccount",
            writes(CreateServiceAccountRequest {
                parent: text(ORGANIZATION),
                service_account_id: text("one"),
                service_account: some(),
                ..Default::default()
            }),
        ),
        (
            "ServiceAccounts/DeleteServiceAccount",
            writes(DeleteServiceAccountRequest {
                name: format!("{ORGANIZATION}/serviceAccounts/one"),
                ..Default::default()
            }),
        ),
        (
            "ServiceAccounts/RemoveServiceAccountKey",
            writes(RemoveServiceAccountKeyRequest {
                name: format!("{ORGANIZATION}/serviceAccounts/one"),
                key_id: text("one"),
                ..Default::default()
            }),
        ),
        (
            "ServiceAccounts/UpdateServiceAccount",
            writes(UpdateServiceAccountRequest {
                service_account: Some(ServiceAccount {
                    name: format!("{ORGANIZATION}/serviceAccounts/one"),
                    ..Default::default()
                }),
                ..Default::default()
            }),
        ),
    ]
    .into()
}
