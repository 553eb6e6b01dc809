//! Reads without a decision: one resource, or a page of what is in a container.
//!
//! They go over the same [`View`] as decisions, so what a caller is shown is what a decision would rest on. A DELETED
//! resource reads as absent. Every resource comes with its revision, which is the etag to send back.

use std::str::FromStr;

use ids::{
    AccountId, ClusterName, ContainerName, FolderName, OrganizationName, ProjectName, ResourceName, Revision, Subject,
    limits::PAGE_SIZE_MAX,
};

mod access;

pub use self::access::{
    Bound, access_policy, bindings, cluster_policies, custom_role, custom_roles, group, groups, identity_provider,
    identity_providers, organization_of, service_account, service_accounts,
};
use crate::{
    Account, Cluster, Edition, Folder, Organization, Project, Quota, Rejection, Row, State, View, ViewError, account,
    catalog::{Catalog, is_edition},
    check, edition, quota, sets,
};

/// What a page token is.
const PAGE_TOKEN: &str = "the token of the page before, or none";

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageRequest<'a> {
    /// Entries at most; 0, and more than [`PAGE_SIZE_MAX`], mean [`PAGE_SIZE_MAX`].
    pub size: usize,
    /// [`Page::next`] of the page before; empty for the first.
    pub token: &'a str,
}

/// One part of a list, by rising name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<(Revision, T)>,
    /// Token of the page after this; `None` when this is the last. Opaque to callers. It stays good when entries come
    /// and go: it names where this page ended, not how far from the start.
    pub next: Option<String>,
}

/// # Errors
/// [`Rejection::NotFound`], [`Rejection::UnreadableRow`].
pub fn organization(view: &dyn View, name: &OrganizationName) -> Result<(Revision, Organization), Rejection> {
    get(view, &name.clone().into())
}

/// # Errors
/// As [`organization`].
pub fn folder(view: &dyn View, name: &FolderName) -> Result<(Revision, Folder), Rejection> {
    get(view, &name.clone().into())
}

/// A project, also one that is DELETING.
///
/// # Errors
/// As [`organization`].
pub fn project(view: &dyn View, name: &ProjectName) -> Result<(Revision, Project), Rejection> {
    get(view, &name.clone().into())
}

/// A cluster, from the rows of the region that its name says.
///
/// # Errors
/// As [`organization`].
pub fn cluster(view: &dyn View, name: &ClusterName) -> Result<(Revision, Cluster), Rejection> {
    get(view, &name.clone().into())
}

/// A cloud account, also one that is RETIRED.
///
/// # Errors
/// As [`organization`].
pub fn account(view: &dyn View, id: AccountId) -> Result<(Revision, Account), Rejection> {
    let subject = account::subject(id);
    view.row(&subject)?.ok_or(Rejection::NotFound { subject })
}

/// An edition of the catalogue, also one that is halted.
///
/// # Errors
/// As [`organization`].
pub fn edition(view: &dyn View, name: &str) -> Result<(Revision, Edition), Rejection> {
    let subject = edition::subject(name);
    view.row(&subject)?.ok_or(Rejection::NotFound { subject })
}

/// What is in an edition.
///
/// # Errors
/// As [`organization`].
pub fn catalog(view: &dyn View, edition: &str) -> Result<Catalog, Rejection> {
    let found = view.row(&edition::contents(edition))?;
    found.map(|(_, catalog)| catalog).ok_or_else(|| Rejection::NotFound { subject: edition::subject(edition) })
}

/// The quota of an organization.
///
/// # Errors
/// As [`organization`].
pub fn quota(view: &dyn View, organization: &OrganizationName) -> Result<(Revision, Quota), Rejection> {
    let subject = quota::subject(organization);
    view.row(&subject)?.ok_or(Rejection::NotFound { subject })
}

/// All organizations.
///
/// # Errors
/// [`Rejection::InvalidArgument`] for a token that no page gave, [`Rejection::UnreadableRow`].
pub fn organizations(view: &dyn View, page: PageRequest<'_>) -> Result<Page<Organization>, Rejection> {
    list(view, &Listing { set: sets::organizations(), prefix: "" }, page, |organization| {
        resource(OrganizationName { organization })
    })
}

/// All cloud accounts.
///
/// # Errors
/// As [`organizations`].
pub fn accounts(view: &dyn View, page: PageRequest<'_>) -> Result<Page<Account>, Rejection> {
    list(view, &Listing { set: sets::accounts(), prefix: "" }, page, account::subject)
}

/// All editions of the catalogue.
///
/// # Errors
/// As [`organizations`].
pub fn editions(view: &dyn View, page: PageRequest<'_>) -> Result<Page<Edition>, Rejection> {
    if !page.token.is_empty() && !is_edition(page.token) {
        return Err(check::invalid("page_token", page.token, PAGE_TOKEN.to_owned()));
    }
    list(view, &Listing { set: sets::editions(), prefix: "" }, page, |name: String| edition::subject(&name))
}

/// The quotas of all organizations that have one.
///
/// # Errors
/// As [`organizations`].
pub fn quotas(view: &dyn View, page: PageRequest<'_>) -> Result<Page<Quota>, Rejection> {
    list(view, &Listing { set: sets::quotas(), prefix: "" }, page, |organization| {
        quota::subject(&OrganizationName { organization })
    })
}

/// The folders directly in a container.
///
/// # Errors
/// As [`organizations`], and [`Rejection::NotFound`] for the container.
pub fn folders(view: &dyn View, parent: &ContainerName, page: PageRequest<'_>) -> Result<Page<Folder>, Rejection> {
    container_exists(view, parent)?;
    let listing = Listing { set: sets::children(parent), prefix: sets::FOLDERS_PREFIX };
    list(view, &listing, page, |folder| resource(parent.organization().folder(folder)))
}

/// The projects directly in a container, also those that are DELETING.
///
/// # Errors
/// As [`folders`].
pub fn projects(view: &dyn View, parent: &ContainerName, page: PageRequest<'_>) -> Result<Page<Project>, Rejection> {
    container_exists(view, parent)?;
    let listing = Listing { set: sets::children(parent), prefix: sets::PROJECTS_PREFIX };
    list(view, &listing, page, |project| resource(parent.organization().project(project)))
}

/// The clusters of a project in the region whose rows `view` shows. Whether there is such a project is for the global
/// log to say.
///
/// # Errors
/// As [`organizations`].
pub fn clusters(
    view: &dyn View,
    project: &ProjectName,
    location: &ids::RegionId,
    page: PageRequest<'_>,
) -> Result<Page<Cluster>, Rejection> {
    list(view, &Listing { set: sets::clusters(project), prefix: "" }, page, |cluster| {
        resource(ClusterName { project: project.clone(), location: location.clone(), cluster })
    })
}

/// Entries of a page for which so many were asked, see [`PageRequest::size`].
pub fn page_size(asked: usize) -> usize {
    if asked == 0 { PAGE_SIZE_MAX } else { asked.min(PAGE_SIZE_MAX) }
}

fn get<T: Row>(view: &dyn View, name: &ResourceName) -> Result<(Revision, T), Rejection> {
    let subject = Subject::resource(name);
    match view.row::<T>(&subject)? {
        Some((revision, row)) if row.state() != State::Deleted => Ok((revision, row)),
        Some(_) | None => Err(Rejection::NotFound { subject }),
    }
}

fn container_exists(view: &dyn View, container: &ContainerName) -> Result<(), Rejection> {
    match container {
        ContainerName::Organization(name) => organization(view, name).map(|_| ()),
        ContainerName::Folder(name) => folder(view, name).map(|_| ()),
    }
}

fn resource(name: impl Into<ResourceName>) -> Subject {
    Subject::resource(&name.into())
}

/// The entries of a set that begin with a prefix; an id follows it.
struct Listing {
    set: Subject,
    prefix: &'static str,
}

/// `subject` is the row that stands behind an entry's id.
fn list<T: Row, Id: FromStr>(
    view: &dyn View,
    listing: &Listing,
    page: PageRequest<'_>,
    subject: impl Fn(Id) -> Subject,
) -> Result<Page<T>, Rejection> {
    let Listing { set, prefix } = listing;
    let size = page_size(page.size);
    if !page.token.is_empty() && page.token.parse::<Id>().is_err() {
        return Err(check::invalid("page_token", page.token, PAGE_TOKEN.to_owned()));
    }
    // The bare prefix sorts before all that begins with it, and no entry is the bare prefix.
    let after = format!("{prefix}{}", page.token);
    // One more than asked for tells whether another page follows.
    let mut ids: Vec<String> = view
        .entries(set, Some(&after), size + 1)
        .iter()
        .map_while(|entry| entry.strip_prefix(prefix).map(str::to_owned))
        .collect();
    let more = ids.len() > size;
    ids.truncate(size);
    let next = ids.last().filter(|_| more).cloned();
    let read = |id: &String| {
        let broken = |detail| ViewError { subject: set.entry(&format!("{prefix}{id}")), detail };
        let subject = subject(id.parse().map_err(|_| broken("no id".to_owned()))?);
        let row = view.row::<T>(&subject)?;
        row.ok_or_else(|| broken(format!("no row of {subject} behind it")).into())
    };
    Ok(Page { items: ids.iter().map(read).collect::<Result<_, Rejection>>()?, next })
}
