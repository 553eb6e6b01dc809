//! The services of the double.

mod access;
mod catalog;
mod cluster_policies;
mod identities;
mod logs;
mod reads;
mod revokes;
mod writes;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::{
    metadata,
    v1::{
        self, access_policies_server::AccessPoliciesServer, access_server::AccessServer, catalog_server::CatalogServer,
        cloud_accounts_server::CloudAccountsServer, cluster_policies_server::ClusterPoliciesServer,
        clusters_server::ClustersServer, folders_server::FoldersServer, groups_server::GroupsServer,
        identity_providers_server::IdentityProvidersServer, log_server::LogServer, mutation::Kind,
        mutations_server::MutationsServer, operations_server::OperationsServer,
        organizations_server::OrganizationsServer, projects_server::ProjectsServer, quotas_server::QuotasServer,
        regions_server::RegionsServer, revokes_server::RevokesServer, roles_server::RolesServer,
        service_accounts_server::ServiceAccountsServer, usage_server::UsageServer,
    },
};
use tonic::{
    Code, Request, Response, Status,
    metadata::MetadataMap,
    service::Routes,
    transport::{Identity, ServerTlsConfig, server::Router},
};

use super::{
    Fault, Ring,
    apply::apply,
    state::{Done, State, refusal},
};

#[derive(Clone)]
pub(super) struct Service {
    pub ring: Ring,
    pub region: String,
    pub member: u64,
    pub fault: Arc<Mutex<Fault>>,
}

pub(super) fn router(service: Service, tls: Option<&(String, String)>) -> Result<Router, String> {
    let mut routes = Routes::builder();
    let looker = service.clone();
    let look = move |request: Request<()>| {
        looker.note_trace(request.metadata());
        Ok(request)
    };
    routes
        .add_service(OrganizationsServer::with_interceptor(service.clone(), look.clone()))
        .add_service(FoldersServer::with_interceptor(service.clone(), look.clone()))
        .add_service(ProjectsServer::with_interceptor(service.clone(), look.clone()))
        .add_service(ClustersServer::with_interceptor(service.clone(), look.clone()))
        .add_service(AccessPoliciesServer::with_interceptor(service.clone(), look.clone()))
        .add_service(GroupsServer::with_interceptor(service.clone(), look.clone()))
        .add_service(RolesServer::with_interceptor(service.clone(), look.clone()))
        .add_service(RevokesServer::with_interceptor(service.clone(), look.clone()))
        .add_service(IdentityProvidersServer::with_interceptor(service.clone(), look.clone()))
        .add_service(ServiceAccountsServer::with_interceptor(service.clone(), look.clone()))
        .add_service(AccessServer::with_interceptor(service.clone(), look.clone()))
        .add_service(CloudAccountsServer::with_interceptor(service.clone(), look.clone()))
        .add_service(CatalogServer::with_interceptor(service.clone(), look.clone()))
        .add_service(OperationsServer::with_interceptor(service.clone(), look.clone()))
        .add_service(QuotasServer::with_interceptor(service.clone(), look.clone()))
        .add_service(ClusterPoliciesServer::with_interceptor(service.clone(), look.clone()))
        .add_service(RegionsServer::with_interceptor(service.clone(), look.clone()))
        .add_service(UsageServer::with_interceptor(service.clone(), look.clone()))
        .add_service(LogServer::with_interceptor(service.clone(), look.clone()))
        .add_service(MutationsServer::with_interceptor(service, look));
    let mut server = tonic::transport::Server::builder();
    if let Some((certificate, key)) = tls {
        let tls = ServerTlsConfig::new().identity(Identity::from_pem(certificate, key));
        server = server.tls_config(tls).map_err(|error| format!("use the certificate: {error}"))?;
    }
    Ok(server.add_routes(routes.routes()))
}

impl Service {
    fn fault(&self) -> Fault {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_trace(&self, headers: &MetadataMap) {
        if let Some(trace) = headers.get(metadata::TRACEPARENT).and_then(|value| value.to_str().ok()) {
            self.ring.state().traces.push((self.region.clone(), trace.to_owned()));
        }
    }

    /// What the fault makes of a call, before anything is done.
    async fn enter(&self, write: bool) -> Result<(), Status> {
        match self.fault() {
            Fault::Mute => std::future::pending().await,
            Fault::Slow(pause) => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            Fault::Refuse { code, reason, retry_after, writes_only } if write || !writes_only => {
                Err(self.refused(code, reason, retry_after))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, code: Code, reason: &str, retry_after: Option<Duration>) -> Status {
        use tonic_types::StatusExt;
        let message = format!("asked {}: it refuses on purpose", self.region);
        let mut details = super::state::info(reason, &[("region", &self.region)]);
        details.set_retry_info(retry_after);
        Status::with_error_details(code, message, details)
    }

    /// An answer with its origin.
    fn answer<T>(&self, value: T) -> Response<T> {
        let mut response = Response::new(value);
        let values = [
            (metadata::REGION, self.region.clone()),
            (metadata::MEMBER, self.member.to_string()),
            (metadata::TOKEN, self.ring.state().token()),
            (metadata::AGE_MS, "120".to_owned()),
        ];
        for (name, value) in values {
            if let Ok(value) = value.parse() {
                response.metadata_mut().insert(name, value);
            }
        }
        response
    }

    async fn read<T>(
        &self,
        options: Option<v1::ReadOptions>,
        act: impl FnOnce(&State) -> Result<T, Status>,
    ) -> Result<Response<T>, Status> {
        self.enter(false).await?;
        self.ring.state().reads.extend(options);
        let value = act(&self.ring.state())?;
        Ok(self.answer(value))
    }

    /// Does a write once, and loses the answer if that is the fault.
    async fn do_once(&self, kind: Kind, retried: bool) -> Result<Done, Status> {
        let (request_id, validate_only) = wish(&kind);
        if request_id.is_empty() {
            return Err(super::state::bad_field("request_id", "the double wants one of every write"));
        }
        if validate_only {
            // On a copy that is thrown away.
            return self.ring.state().rehearse(|state| apply(state, kind));
        }
        let done =
            self.ring.change(|state| state.once(&self.region, &request_id, retried, |state| apply(state, kind)))?;
        match self.fault() {
            Fault::LoseAnswer => Err(refusal(
                Code::Aborted,
                "OUTCOME_UNKNOWN",
                "proposed, and no majority answered in time".to_owned(),
                &[],
            )),
            Fault::DoAndStaySilent => std::future::pending().await,
            _ => Ok(done),
        }
    }

    async fn write<T>(
        &self,
        retried: bool,
        kind: Kind,
        out: impl FnOnce(Done) -> Option<T>,
    ) -> Result<Response<T>, Status> {
        self.enter(true).await?;
        let done = self.do_once(kind, retried).await?;
        out(done).map(|value| self.answer(value)).ok_or_else(|| Status::internal("the request id named another write"))
    }
}

/// Whether an earlier try may still take effect.
fn retried<T>(request: &Request<T>) -> bool {
    request.metadata().contains_key(metadata::PREVIOUS_ATTEMPTS)
}

/// Request id and whether it is only a rehearsal.
fn wish(kind: &Kind) -> (String, bool) {
    macro_rules! of {
        ($($variant:ident),*) => { match kind { $(Kind::$variant(r) => (r.request_id.clone(), r.validate_only)),* } };
    }
    of!(
        CreateOrganization,
        UpdateOrganization,
        DeleteOrganization,
        CreateFolder,
        UpdateFolder,
        MoveFolder,
        DeleteFolder,
        CreateProject,
        UpdateProject,
        MoveProject,
        DeleteProject,
        CreateCluster,
        UpdateCluster,
        DeleteCluster,
        CreateCloudAccount,
        UndeleteCluster,
        HibernateCluster,
        WakeCluster,
        PublishEdition,
        HaltEdition,
        UpdateAccessPolicy,
        ModifyBindings,
        CreateGroup,
        UpdateGroup,
        DeleteGroup,
        CreateRole,
        UpdateRole,
        DeleteRole,
        CreateIdentityProvider,
        UpdateIdentityProvider,
        DeleteIdentityProvider,
        CreateServiceAccount,
        UpdateServiceAccount,
        DeleteServiceAccount,
        AddServiceAccountKey,
        RemoveServiceAccountKey
    )
}
