//! gRPC health, for load balancers and clients that steer by it.
//!
//! Serving means: a region is open here. Losing the global majority is no reason to leave, because reads, watches and the clusters of
//! this region go on; whoever needs to know asks `Regions.GetMemberStatus`.

use std::pin::Pin;

use futures_util::stream::{Stream, StreamExt};
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus, health_server::Health,
};

use super::front::Front;

/// What can be asked after; the empty name is the whole.
const SERVICES: [&str; 21] = [
    "",
    "atoll.v1.Access",
    "atoll.v1.AccessPolicies",
    "atoll.v1.Catalog",
    "atoll.v1.CloudAccounts",
    "atoll.v1.ClusterPolicies",
    "atoll.v1.Clusters",
    "atoll.v1.Folders",
    "atoll.v1.Groups",
    "atoll.v1.IdentityProviders",
    "atoll.v1.Log",
    "atoll.v1.Mutations",
    "atoll.v1.Operations",
    "atoll.v1.Organizations",
    "atoll.v1.Projects",
    "atoll.v1.Quotas",
    "atoll.v1.Regions",
    "atoll.v1.Revokes",
    "atoll.v1.Roles",
    "atoll.v1.ServiceAccounts",
    "atoll.v1.Usage",
];

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

fn of(serving: bool) -> HealthCheckResponse {
    answer(if serving { ServingStatus::Serving } else { ServingStatus::NotServing })
}

#[tonic::async_trait]
impl Health for Front {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if !SERVICES.contains(&service.as_str()) {
            return Err(Status::not_found(format!("asked for the health of {service:?}: wanted one of {SERVICES:?}")));
        }
        let serving = *self.serving().borrow();
        Ok(Response::new(of(serving)))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        // The protocol wants a service that is not known to be told so, and the stream to stay.
        if !SERVICES.contains(&request.into_inner().service.as_str()) {
            let unknown = futures_util::stream::once(async { Ok(answer(ServingStatus::ServiceUnknown)) });
            return Ok(Response::new(Box::pin(unknown.chain(futures_util::stream::pending()))));
        }
        Ok(Response::new(Box::pin(WatchStream::new(self.serving()).map(|serving| Ok(of(serving))))))
    }
}
