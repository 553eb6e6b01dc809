//! The resources: organizations, folders, projects, clusters, access policies, groups, roles, revokes, identity providers, service
//! accounts, cloud accounts, the catalogue, quotas, cluster policies. One handle each, one method per call of the API.
//!
//! Reads hold what [`Read`] asks; writes carry one request id over all their tries ([`Write`]).

mod access_policies;
mod catalog;
mod cloud_accounts;
mod cluster_policies;
mod clusters;
mod folders;
mod groups;
mod identity_providers;
mod organizations;
mod projects;
mod quotas;
mod revokes;
mod roles;
mod service_accounts;

pub use access_policies::AccessPolicies;
pub use catalog::{Catalog, Offered};
pub use cloud_accounts::CloudAccounts;
pub use cluster_policies::ClusterPolicies;
pub use clusters::Clusters;
pub use folders::Folders;
pub use groups::Groups;
pub use identity_providers::IdentityProviders;
pub use organizations::Organizations;
pub use projects::Projects;
pub use quotas::Quotas;
pub use revokes::Revokes;
pub use roles::Roles;
pub use service_accounts::ServiceAccounts;

use crate::Write;

/// Field mask over the paths given.
fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    (!paths.is_empty()).then_some(prost_types::FieldMask { paths })
}

/// The options as sent: with a request id, so that a second try is the same wish.
fn settled(options: &Write) -> (Write, String) {
    let request_id = options.request_id.unwrap_or_default();
    (Write { request_id: Some(request_id), ..options.clone() }, request_id.to_string())
}
