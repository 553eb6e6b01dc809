//! The services of `atoll.v1` over a [`region::Region`]: read a request, ask the region, say what it answered.
//!
//! ```text
//!   request ─▶ input, command (what is wrong names its field) ─▶ call (deadline, lease of the region) ─▶ gate ─▶ Region
//!   answer  ◀─ resource, fact (rows as messages) ◀─ write, read ◀───────────────────────────────────────┘
//!   refusal ◀─ status (one table: reason to gRPC code, retryable or not)
//! ```
//!
//! Map: [`front`] what the services hold while regions come and go · `call` one request · `gate` who calls, and whether they may · `needs`
//! what every question needs · `identities` whom organizations trust · `write`, `read` what it asks of the region ·
//! `input`, `command`, `keys` reading requests · `resource`, `fact` writing answers · [`status`] every refusal · [`token`] what a client has
//! seen, as text · `typed` what is refused below the services · one file per service, and `health`.
//!
//! What is not here: listeners, TLS and connections ([`crate::serve`]).

pub mod front;
pub mod status;
pub mod token;

mod access;
mod access_policies;
mod call;
mod catalog;
mod cloud_accounts;
mod cluster_policies;
mod clusters;
mod command;
mod fact;
mod folders;
mod gate;
mod groups;
mod health;
mod identities;
mod identity_providers;
mod input;
mod keys;
mod log;
mod mutations;
mod needs;
mod operations;
mod organizations;
mod projects;
mod quotas;
mod read;
mod regions;
mod resource;
mod revokes;
mod roles;
mod service_accounts;
mod typed;
mod usage;
mod watching;
mod write;

use std::sync::Arc;

use api::v1::{
    access_policies_server::AccessPoliciesServer, access_server::AccessServer, catalog_server::CatalogServer,
    cloud_accounts_server::CloudAccountsServer, cluster_policies_server::ClusterPoliciesServer,
    clusters_server::ClustersServer, folders_server::FoldersServer, groups_server::GroupsServer,
    identity_providers_server::IdentityProvidersServer, log_server::LogServer, mutations_server::MutationsServer,
    operations_server::OperationsServer, organizations_server::OrganizationsServer, projects_server::ProjectsServer,
    quotas_server::QuotasServer, regions_server::RegionsServer, revokes_server::RevokesServer,
    roles_server::RolesServer, service_accounts_server::ServiceAccountsServer, usage_server::UsageServer,
};
pub use front::{About, Front, Limits};
pub use identity::Operators;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;

/// Bytes of one request message. A larger one is refused with MESSAGE_TOO_LARGE before it is read.
pub const REQUEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Calls of one connection that are worked on at once; for whoever builds the listener.
pub const CALLS_PER_CONNECTION_MAX: u32 = 1024;

/// Every service, with health and reflection, ready for a listener.
///
/// # Errors
/// The descriptors that were compiled in do not read: a defect of the build.
pub fn routes(front: &Arc<Front>) -> Result<Routes, tonic_reflection::server::Error> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(api::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    macro_rules! limited {
        ($server:ident) => {
            $server::from_arc(Arc::clone(front)).max_decoding_message_size(REQUEST_BYTES_MAX)
        };
    }
    let routes = Routes::new(HealthServer::from_arc(Arc::clone(front)))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .add_service(limited!(OrganizationsServer))
        .add_service(limited!(FoldersServer))
        .add_service(limited!(ProjectsServer))
        .add_service(limited!(ClustersServer))
        .add_service(limited!(ClusterPoliciesServer))
        .add_service(limited!(AccessPoliciesServer))
        .add_service(limited!(GroupsServer))
        .add_service(limited!(RolesServer))
        .add_service(limited!(RevokesServer))
        .add_service(limited!(IdentityProvidersServer))
        .add_service(limited!(ServiceAccountsServer))
        .add_service(limited!(AccessServer))
        .add_service(limited!(CloudAccountsServer))
        .add_service(limited!(CatalogServer))
        .add_service(limited!(MutationsServer))
        .add_service(limited!(OperationsServer))
        .add_service(limited!(LogServer))
        .add_service(limited!(QuotasServer))
        .add_service(limited!(RegionsServer))
        .add_service(limited!(UsageServer));
    Ok(typed::typed(routes, &front.signature))
}
