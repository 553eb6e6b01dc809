//! Reads of who may do what: policies, groups and roles; and of whose tokens are taken.

use std::str::FromStr;

use access::NodeName;
use ids::{
    GroupName, IdentityProviderName, Label, OrganizationName, RequestId, ResourceName, Revision, RoleId,
    ServiceAccountName, Subject,
};

use super::{PAGE_TOKEN, Page, PageRequest, cluster, folder, organization, page_size, project};
use crate::{
    AccessPolicy, Binding, ClusterPolicy, CustomRole, Group, IdentityProvider, Rejection, Row, ServiceAccount, State,
    View, ViewError, check, cluster_policy, group, identity_provider as provider, role, service_account as account,
    sets,
};

/// What is bound on a node itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The etag of the policy.
    pub revision: Revision,
    /// `None`: nothing ever was bound on it.
    pub row: Option<AccessPolicy>,
    /// In the order of roles, then of members.
    pub bindings: Vec<Binding>,
}

/// What is bound on a node, from the rows of the log that decides about it.
///
/// # Errors
/// As [`organization`].
pub fn access_policy(view: &dyn View, node: &NodeName) -> Result<Bound, Rejection> {
    let (uid, set) = (node_uid(view, node)?, sets::bindings(node));
    let row = view.row::<AccessPolicy>(&set)?.map(|(_, row)| row).filter(|row| row.node_uid == uid);
    let bindings = match row {
        Some(_) => bindings(view, node, uid)?,
        None => Vec::new(),
    };
    Ok(Bound { revision: view.revision(&set), row, bindings })
}

/// What is said about the decisions of clusters below a node, root first; with the revision of the node's own policy, which is its etag.
///
/// # Errors
/// As [`organization`].
pub fn cluster_policies(
    view: &dyn View,
    node: &ResourceName,
) -> Result<(Revision, Vec<(Revision, ClusterPolicy)>), Rejection> {
    node_uid(view, &node.clone().into())?;
    Ok((view.revision(&cluster_policy::subject(node)), cluster_policy::said_at(view, node)?))
}

/// The bindings of the node that has this uid.
///
/// # Errors
/// [`ViewError`] when a row cannot be read.
pub fn bindings(view: &dyn View, node: &NodeName, uid: RequestId) -> Result<Vec<Binding>, ViewError> {
    let set = sets::bindings(node);
    let mut bound = Vec::new();
    for id in view.entries(&set, None, usize::MAX) {
        bound.extend(view.row::<Binding>(&set.entry(&id))?.map(|(_, row)| row).filter(|row| row.node_uid == uid));
    }
    bound.sort_by(|one, other| (&one.role, &one.member).cmp(&(&other.role, &other.member)));
    Ok(bound)
}

fn node_uid(view: &dyn View, node: &NodeName) -> Result<RequestId, Rejection> {
    Ok(match node {
        NodeName::Organization(name) => organization(view, name)?.1.uid,
        NodeName::Folder(name) => folder(view, name)?.1.uid,
        NodeName::Project(name) => project(view, name)?.1.uid,
        NodeName::Cluster(name) => cluster(view, name)?.1.uid,
        NodeName::Namespace(name) => cluster(view, &name.cluster)?.1.uid,
    })
}

/// # Errors
/// As [`organization`].
pub fn group(view: &dyn View, name: &GroupName) -> Result<(Revision, Group), Rejection> {
    active(view, group::subject(name))
}

/// A role that an organization made.
///
/// # Errors
/// As [`organization`].
pub fn custom_role(view: &dyn View, name: &RoleId) -> Result<(Revision, CustomRole), Rejection> {
    active(view, role::subject(&name.organization, &name.role))
}

/// # Errors
/// As [`organization`].
pub fn identity_provider(
    view: &dyn View,
    name: &IdentityProviderName,
) -> Result<(Revision, IdentityProvider), Rejection> {
    active(view, provider::subject(name))
}

/// # Errors
/// As [`organization`].
pub fn service_account(view: &dyn View, name: &ServiceAccountName) -> Result<(Revision, ServiceAccount), Rejection> {
    active(view, account::subject(name))
}

/// The groups of an organization.
///
/// # Errors
/// As [`super::folders`].
pub fn groups(view: &dyn View, of: &OrganizationName, page: PageRequest<'_>) -> Result<Page<Group>, Rejection> {
    organization(view, of)?;
    list(view, &sets::groups(of), page)
}

/// The roles that an organization made.
///
/// # Errors
/// As [`super::folders`].
pub fn custom_roles(
    view: &dyn View,
    of: &OrganizationName,
    page: PageRequest<'_>,
) -> Result<Page<CustomRole>, Rejection> {
    organization(view, of)?;
    list(view, &sets::roles(of), page)
}

/// The issuers that an organization trusts.
///
/// # Errors
/// As [`super::folders`].
pub fn identity_providers(
    view: &dyn View,
    of: &OrganizationName,
    page: PageRequest<'_>,
) -> Result<Page<IdentityProvider>, Rejection> {
    organization(view, of)?;
    list(view, &sets::identity_providers(of), page)
}

/// The service accounts of an organization.
///
/// # Errors
/// As [`super::folders`].
pub fn service_accounts(
    view: &dyn View,
    of: &OrganizationName,
    page: PageRequest<'_>,
) -> Result<Page<ServiceAccount>, Rejection> {
    organization(view, of)?;
    list(view, &sets::service_accounts(of), page)
}

fn active<T: Row>(view: &dyn View, subject: Subject) -> Result<(Revision, T), Rejection> {
    match view.row::<T>(&subject)? {
        Some((revision, row)) if row.state() == State::Active => Ok((revision, row)),
        _ => Err(Rejection::NotFound { subject }),
    }
}

/// Entries that are rows, without those that are DELETED, whose names stay among them.
fn list<T: Row>(view: &dyn View, set: &Subject, page: PageRequest<'_>) -> Result<Page<T>, Rejection> {
    if !page.token.is_empty() && Label::from_str(page.token).is_err() {
        return Err(check::invalid("page_token", page.token, PAGE_TOKEN.to_owned()));
    }
    let size = page_size(page.size);
    let (mut items, mut last) = (Vec::new(), None);
    for id in view.entries(set, Some(page.token), usize::MAX) {
        let Ok((revision, row)) = active::<T>(view, set.entry(&id)) else { continue };
        if items.len() == size {
            return Ok(Page { items, next: last });
        }
        items.push((revision, row));
        last = Some(id);
    }
    Ok(Page { items, next: None })
}

/// The organization that a row is of, by the row's name.
pub fn organization_of(subject: &Subject) -> Option<OrganizationName> {
    let resource = subject.as_str().split('#').next()?;
    Some(NodeName::from(resource.parse::<ResourceName>().ok()?).organization())
}
