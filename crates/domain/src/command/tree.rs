//! What can be asked of organizations, folders and projects: the tree that is the same everywhere.

use ids::{ContainerName, FolderName, OrganizationName, ProjectName, ResourceName, Revision};

use crate::cluster_policy::Rule;

/// Makes an organization, with the first cloud account of the pool if there is one. Its name must be free: never used, or
/// that of a DELETED one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrganization {
    pub name: OrganizationName,
    pub display_name: String,
    pub description: String,
}

/// Changes the texts of an ACTIVE organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateOrganization {
    pub name: OrganizationName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub etag: Option<Revision>,
}

/// Deletes an organization without folders and projects, and retires its cloud account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteOrganization {
    pub name: OrganizationName,
    pub etag: Option<Revision>,
}

/// Makes a folder in an ACTIVE container of its own organization, at most [`ids::limits::FOLDER_DEPTH_MAX`] deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateFolder {
    pub name: FolderName,
    pub parent: ContainerName,
    pub display_name: String,
    pub description: String,
}

/// Changes the texts of an ACTIVE folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateFolder {
    pub name: FolderName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub etag: Option<Revision>,
}

/// Moves a folder, with all that is in it, to another ACTIVE container of its organization that is not inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveFolder {
    pub name: FolderName,
    /// Where to.
    pub parent: ContainerName,
    pub etag: Option<Revision>,
}

/// Deletes a folder without folders and projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteFolder {
    pub name: FolderName,
    pub etag: Option<Revision>,
}

/// Makes a project in an ACTIVE container of its own organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateProject {
    pub name: ProjectName,
    pub parent: ContainerName,
    pub display_name: String,
    pub description: String,
}

/// Changes the texts of an ACTIVE project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateProject {
    pub name: ProjectName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub etag: Option<Revision>,
}

/// Moves an ACTIVE project to another ACTIVE container of its organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveProject {
    pub name: ProjectName,
    /// Where to.
    pub parent: ContainerName,
    pub etag: Option<Revision>,
}

/// Starts the deletion of an ACTIVE project, which is over when every registered region has acknowledged its drain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteProject {
    pub name: ProjectName,
    pub etag: Option<Revision>,
}

/// Says what holds for the decisions of all clusters below an organization, a folder or a project: all rules of that node, in the place of
/// those that it had. None: nothing is said there any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetClusterPolicy {
    pub node: ResourceName,
    pub rules: Vec<Rule>,
    /// Of the node's policy, not of the node.
    pub etag: Option<Revision>,
}
