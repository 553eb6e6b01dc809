//! The one table of rights and roles.
//!
//! A right is asked on nodes of one kind and has a *class*. A predefined role holds the rights of some classes on some kinds of nodes.
//! So a new right is one line here, and every role that should hold it does. `tests/golden/matrix.txt` is what comes of it, role by right.
//!
//! Rights of the ring's operators are not here: they are about no organization.

use Class::{Administer, Connect, Credentials, Edit, Log, Read, Usage};
use Kind::{Cluster, Folder, Namespace, Organization, Project};

use crate::{Class, Kind, Kinds, PredefinedRole, Rights, right::rights};

rights! {
    OrganizationGet "organization.get" Organization Read,
    OrganizationGetPolicy "organization.getPolicy" Organization Read,
    OrganizationGetIdentities "organization.getIdentities" Organization Read,
    OrganizationGetUsage "organization.getUsage" Organization Usage,
    OrganizationGetLog "organization.getLog" Organization Log,
    OrganizationUpdate "organization.update" Organization Edit,
    OrganizationCreateFolder "organization.createFolder" Organization Edit,
    OrganizationCreateProject "organization.createProject" Organization Edit,
    OrganizationDelete "organization.delete" Organization Administer,
    OrganizationSetPolicy "organization.setPolicy" Organization Administer,
    OrganizationSetIdentities "organization.setIdentities" Organization Administer,
    OrganizationSetRoles "organization.setRoles" Organization Administer,

    FolderGet "folder.get" Folder Read,
    FolderGetPolicy "folder.getPolicy" Folder Read,
    FolderGetUsage "folder.getUsage" Folder Usage,
    FolderGetLog "folder.getLog" Folder Log,
    FolderUpdate "folder.update" Folder Edit,
    FolderCreateFolder "folder.createFolder" Folder Edit,
    FolderCreateProject "folder.createProject" Folder Edit,
    FolderMove "folder.move" Folder Administer,
    FolderDelete "folder.delete" Folder Administer,
    FolderSetPolicy "folder.setPolicy" Folder Administer,

    ProjectGet "project.get" Project Read,
    ProjectGetPolicy "project.getPolicy" Project Read,
    ProjectGetUsage "project.getUsage" Project Usage,
    ProjectGetLog "project.getLog" Project Log,
    ProjectUpdate "project.update" Project Edit,
    ProjectCreateCluster "project.createCluster" Project Edit,
    ProjectMove "project.move" Project Administer,
    ProjectDelete "project.delete" Project Administer,
    ProjectSetPolicy "project.setPolicy" Project Administer,

    ClusterGet "cluster.get" Cluster Read,
    ClusterGetPolicy "cluster.getPolicy" Cluster Read,
    ClusterGetConnections "cluster.getConnections" Cluster Read,
    ClusterGetUsage "cluster.getUsage" Cluster Usage,
    ClusterGetLog "cluster.getLog" Cluster Log,
    ClusterGetCredentials "cluster.getCredentials" Cluster Credentials,
    ClusterUpdate "cluster.update" Cluster Edit,
    ClusterUpgrade "cluster.upgrade" Cluster Edit,
    ClusterSetNamespaces "cluster.setNamespaces" Cluster Edit,
    ClusterSetConnections "cluster.setConnections" Cluster Connect,
    ClusterDelete "cluster.delete" Cluster Administer,
    ClusterSetPolicy "cluster.setPolicy" Cluster Administer,

    NamespaceGet "namespace.get" Namespace Read,
    NamespaceGetPolicy "namespace.getPolicy" Namespace Read,
    NamespaceGetUsage "namespace.getUsage" Namespace Usage,
    NamespaceGetLog "namespace.getLog" Namespace Log,
    NamespaceGetCredentials "namespace.getCredentials" Namespace Credentials,
    NamespaceSetPolicy "namespace.setPolicy" Namespace Administer,
}

const VIEW: &[Class] = &[Read, Usage, Credentials];
const EDIT: &[Class] = &[Read, Usage, Credentials, Edit, Connect];
const ALL: &[Class] = &[Read, Usage, Credentials, Edit, Connect, Log, Administer];

/// Every predefined role.
pub const ROLES: &[PredefinedRole] = &[
    role("organization.admin", AT_ORGANIZATION, EVERYWHERE, ALL),
    role("organization.edit", AT_ORGANIZATION, EVERYWHERE, EDIT),
    role("organization.view", AT_ORGANIZATION, EVERYWHERE, VIEW),
    role("organization.auditor", AT_ORGANIZATION, EVERYWHERE, &[Read, Usage, Log]),
    role("folder.admin", TO_FOLDER, FROM_FOLDER, ALL),
    role("folder.edit", TO_FOLDER, FROM_FOLDER, EDIT),
    role("folder.view", TO_FOLDER, FROM_FOLDER, VIEW),
    role("project.admin", TO_PROJECT, FROM_PROJECT, ALL),
    role("project.edit", TO_PROJECT, FROM_PROJECT, EDIT),
    role("project.view", TO_PROJECT, FROM_PROJECT, VIEW),
    role("cluster.admin", TO_CLUSTER, FROM_CLUSTER, ALL),
    role("cluster.edit", TO_CLUSTER, FROM_CLUSTER, EDIT),
    role("cluster.view", TO_CLUSTER, FROM_CLUSTER, VIEW),
    role("namespace.admin", EVERYWHERE, AT_NAMESPACE, ALL),
    role("namespace.edit", EVERYWHERE, AT_NAMESPACE, EDIT),
    role("namespace.view", EVERYWHERE, AT_NAMESPACE, VIEW),
    PredefinedRole {
        also: &[Right::ClusterGetConnections],
        ..role("connection.admin", TO_CLUSTER, AT_CLUSTER, &[Connect])
    },
    role("cost.viewer", EVERYWHERE, EVERYWHERE, &[Usage]),
    PredefinedRole { must_end: true, ..role("breakglass", AT_ORGANIZATION, EVERYWHERE, ALL) },
];

const AT_ORGANIZATION: Kinds = Kinds::of(&[Organization]);
const TO_FOLDER: Kinds = Kinds::of(&[Organization, Folder]);
const TO_PROJECT: Kinds = Kinds::of(&[Organization, Folder, Project]);
const TO_CLUSTER: Kinds = Kinds::of(&[Organization, Folder, Project, Cluster]);
const EVERYWHERE: Kinds = Kinds::of(&Kind::ALL);
const FROM_FOLDER: Kinds = Kinds::of(&[Folder, Project, Cluster, Namespace]);
const FROM_PROJECT: Kinds = Kinds::of(&[Project, Cluster, Namespace]);
const FROM_CLUSTER: Kinds = Kinds::of(&[Cluster, Namespace]);
const AT_CLUSTER: Kinds = Kinds::of(&[Cluster]);
const AT_NAMESPACE: Kinds = Kinds::of(&[Namespace]);

const fn role(name: &'static str, bound_at: Kinds, covers: Kinds, classes: &'static [Class]) -> PredefinedRole {
    PredefinedRole { name, bound_at, covers, classes, also: &[], must_end: false }
}
