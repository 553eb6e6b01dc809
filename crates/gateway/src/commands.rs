//! What every command needs. Read it as a table.

use access::{NodeName, Right};
use domain::Command;
use ids::{ClusterName, ContainerName, OrganizationName, ResourceName};

use crate::Need;

pub fn need(command: &Command) -> Need {
    use Command as C;
    match command {
        C::CreateOrganization(_) | C::AddAccount(_) | C::PublishCatalog(_) | C::HaltEdition(_) | C::SetQuota(_) => {
            Need::Operator
        }
        C::AcknowledgeDrain(_)
        | C::Progress(_)
        | C::RegisterRegion(_)
        | C::CloseGate(_)
        | C::ClaimAccount(_)
        | C::MirrorQuota(_)
        | C::AcknowledgeQuota(_) => Need::Region,

        C::UpdateOrganization(of) => organization(Right::OrganizationUpdate, &of.name),
        C::DeleteOrganization(of) => organization(Right::OrganizationDelete, &of.name),

        C::CreateFolder(of) => Need::Rights(vec![create_folder(&of.parent)]),
        C::UpdateFolder(of) => Need::right(Right::FolderUpdate, of.name.clone()),
        C::MoveFolder(of) => Need::Rights(vec![(Right::FolderMove, node(of.name.clone())), create_folder(&of.parent)]),
        C::DeleteFolder(of) => Need::right(Right::FolderDelete, of.name.clone()),

        C::CreateProject(of) => Need::Rights(vec![create_project(&of.parent)]),
        C::UpdateProject(of) => Need::right(Right::ProjectUpdate, of.name.clone()),
        C::MoveProject(of) => {
            Need::Rights(vec![(Right::ProjectMove, node(of.name.clone())), create_project(&of.parent)])
        }
        C::DeleteProject(of) => Need::right(Right::ProjectDelete, of.name.clone()),

        C::CreateCluster(of) => Need::right(Right::ProjectCreateCluster, of.name.project.clone()),
        C::UpdateCluster(of) => cluster(Right::ClusterUpdate, &of.name),
        C::HibernateCluster(of) => cluster(Right::ClusterUpdate, &of.name),
        C::WakeCluster(of) => cluster(Right::ClusterUpdate, &of.name),
        C::DeleteCluster(of) => cluster(Right::ClusterDelete, &of.name),
        C::UndeleteCluster(of) => cluster(Right::ClusterDelete, &of.name),

        // What limits the clusters below is for whoever says who may make them.
        C::SetClusterPolicy(of) => Need::set_policy(&of.node.clone().into()),
        C::ChangePolicy(of) => Need::set_policy(&of.node),
        C::CreateGroup(of) => identities(&of.name.organization),
        C::UpdateGroup(of) => identities(&of.name.organization),
        C::DeleteGroup(of) => identities(&of.name.organization),
        C::CreateRole(of) => organization(Right::OrganizationSetRoles, &of.name.organization),
        C::UpdateRole(of) => organization(Right::OrganizationSetRoles, &of.name.organization),
        C::DeleteRole(of) => organization(Right::OrganizationSetRoles, &of.name.organization),

        C::CreateIdentityProvider(of) => identities(&of.name.organization),
        C::UpdateIdentityProvider(of) => identities(&of.name.organization),
        C::DeleteIdentityProvider(of) => identities(&of.name.organization),
        C::CreateServiceAccount(of) => identities(&of.name.organization),
        C::UpdateServiceAccount(of) => identities(&of.name.organization),
        C::AddServiceAccountKey(of) => identities(&of.name.organization),
        C::RemoveServiceAccountKey(of) => identities(&of.name.organization),
        C::DeleteServiceAccount(of) => identities(&of.name.organization),

        // Of what one may give, one may take; what is taken everywhere is taken on the organization.
        C::CreateRevoke(of) => {
            let everywhere = NodeName::Organization(of.name.organization.clone());
            // One on a node of another organization is nobody's to issue, and refused as such where it is not there.
            let node = of.node.as_ref().filter(|node| node.is_of(&of.name.organization));
            Need::set_policy(node.unwrap_or(&everywhere))
        }
        C::LiftRevoke(of) => organization(Right::OrganizationSetPolicy, &of.name.organization),
        C::SetBreakGlass(of) => organization(Right::OrganizationSetPolicy, &of.organization),
    }
}

fn node(name: impl Into<ResourceName>) -> NodeName {
    name.into().into()
}

fn organization(right: Right, name: &OrganizationName) -> Need {
    Need::right(right, name.clone())
}

fn identities(of: &OrganizationName) -> Need {
    organization(Right::OrganizationSetIdentities, of)
}

fn cluster(right: Right, name: &ClusterName) -> Need {
    Need::right(right, name.clone())
}

fn create_folder(parent: &ContainerName) -> (Right, NodeName) {
    let right = match parent {
        ContainerName::Organization(_) => Right::OrganizationCreateFolder,
        ContainerName::Folder(_) => Right::FolderCreateFolder,
    };
    (right, parent.clone().into())
}

fn create_project(parent: &ContainerName) -> (Right, NodeName) {
    let right = match parent {
        ContainerName::Organization(_) => Right::OrganizationCreateProject,
        ContainerName::Folder(_) => Right::FolderCreateProject,
    };
    (right, parent.clone().into())
}
