//! Which sets there are, and how their entries are written.
//!
//! A set has a row of its own whose revision rises with every change of its membership. A decision that rests on the
//! membership guards that one revision; a decision that only changes the membership raises it without a guard, so two
//! creations in one folder do not get in each other's way, and the deletion of the folder conflicts with both.

use access::NodeName;
use ids::{ContainerName, Label, OrganizationName, ProjectName, ResourceName, Subject};

/// How entries of [`children`] that are folders begin.
pub const FOLDERS_PREFIX: &str = "folders/";
/// How entries of [`children`] that are projects begin. Sorts behind folders, so the folders of a container are a
/// prefix of its set.
pub const PROJECTS_PREFIX: &str = "projects/";

/// All organizations that are not DELETED, by label. In the global log.
pub fn organizations() -> Subject {
    Subject::root_set("organizations")
}

/// All registered regions. In the global log. Its entries are rows of kind marker written by `RegionRegistered`.
pub fn regions() -> Subject {
    Subject::root_set("regions")
}

/// All cloud accounts, by id. In the global log. Its entries are the accounts' own rows.
pub fn accounts() -> Subject {
    Subject::collection("cloudAccounts")
}

/// Organizations that have a quota, by label. In the global log.
pub fn quotas() -> Subject {
    Subject::root_set("quotas")
}

/// The cloud accounts that are READY, by id. In the global log.
pub fn ready_accounts() -> Subject {
    Subject::root_set("ready-accounts")
}

/// All editions of the catalogue, by name. In the global log. Its entries are the editions' own rows.
pub fn editions() -> Subject {
    Subject::collection("editions")
}

/// What is in the editions, by name, one row each. In the global log. Nobody lists it; [`editions`] names the same.
pub fn catalogs() -> Subject {
    Subject::root_set("catalogs")
}

/// Folders (`folders/{f}`) and projects (`projects/{p}`) that are directly in a container and not DELETED. In the
/// global log.
pub fn children(container: &ContainerName) -> Subject {
    Subject::set_of(&ResourceName::from(container.clone()), "children")
}

/// No entries, only a revision: rises with every creation, move and deletion of a folder of the organization, and with every move of a
/// project. Whoever guards it may walk the folders without guarding each. In the global log.
pub fn tree(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "tree")
}

/// Clusters of a project that are in one region, by label. In that region's log.
pub fn clusters(project: &ProjectName) -> Subject {
    Subject::set_of(&ResourceName::Project(project.clone()), "clusters")
}

/// Addresses of an organization that clusters of one region have, by project and cluster. In that region's log. Its entries are rows.
pub fn networks(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "networks")
}

/// VPCs of one region that clusters of a project share, by their addresses. In that region's log. Its entries are rows.
pub fn shared_vpcs(project: &ProjectName) -> Subject {
    Subject::set_of(&ResourceName::Project(project.clone()), "vpcs")
}

/// What became of [`shared_vpcs`]. In that region's log. Its entries are rows.
pub fn shared_vpc_statuses(project: &ProjectName) -> Subject {
    Subject::set_of(&ResourceName::Project(project.clone()), "vpc-statuses")
}

/// Times that machines of an organization ran in one region, by project, cluster, machine and start. In that region's log. Its entries
/// are rows, which stay when the cluster goes.
pub fn machine_runs(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "runs")
}

/// Bindings on a node, by [`crate::policy::binding_id`]: the revision is the etag of the node's access policy. In the global log, and of
/// clusters and their namespaces in the log of their region. Its entries are rows.
pub fn bindings(node: &NodeName) -> Subject {
    match node {
        NodeName::Organization(name) => Subject::set_of(&name.clone().into(), "bindings"),
        NodeName::Folder(name) => Subject::set_of(&name.clone().into(), "bindings"),
        NodeName::Project(name) => Subject::set_of(&name.clone().into(), "bindings"),
        NodeName::Cluster(name) => Subject::set_of(&name.clone().into(), "bindings"),
        NodeName::Namespace(name) => {
            Subject::set_of(&name.cluster.clone().into(), "namespace-bindings").entry(name.namespace.as_str())
        }
    }
}

/// No entries, only a revision: rises with every change of an access policy of the organization that the log decides about.
pub fn policies(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "policies")
}

/// Groups of an organization, by label, also those that were DELETED. In the global log. Its entries are rows.
pub fn groups(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "groups")
}

/// Revokes that a region issued for an organization, by request. In that region's log. Its entries are rows.
pub fn revokes(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "revokes")
}

/// Lifts of revokes, by region and request. In the global log. Its entries are rows.
pub fn lifts(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "lifts")
}

/// Roles that an organization made for itself, by label, also those that were DELETED. In the global log. Its entries are rows.
pub fn roles(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "roles")
}

/// Identity providers of an organization, by label, also those that were DELETED. In the global log. Its entries are rows. The revision rises
/// with every change of one.
pub fn identity_providers(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "identity-providers")
}

/// Identity providers of an organization that are ACTIVE, by label. In the global log.
pub fn active_identity_providers(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "active-identity-providers")
}

/// As [`identity_providers`], of service accounts.
pub fn service_accounts(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "service-accounts")
}

/// As [`active_identity_providers`], of service accounts.
pub fn active_service_accounts(organization: &OrganizationName) -> Subject {
    Subject::set_of(&ResourceName::Organization(organization.clone()), "active-service-accounts")
}

/// The entry of a folder in its parent's [`children`].
pub fn folder_entry(folder: &Label) -> String {
    format!("{FOLDERS_PREFIX}{folder}")
}

/// The entry of a project in its parent's [`children`].
pub fn project_entry(project: &Label) -> String {
    format!("{PROJECTS_PREFIX}{project}")
}
