//! The catalogue of the double.

use api::v1::{self, catalog_server::Catalog, mutation::Kind};
use tonic::{Request, Response, Status};

use super::{
    super::{
        editions,
        state::{Done, not_found},
    },
    Service, retried,
    writes::page,
};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Catalog for Service {
    async fn publish_edition(&self, request: Request<v1::PublishEditionRequest>) -> Answer<v1::Edition> {
        self.write(retried(&request), Kind::PublishEdition(request.into_inner()), edition).await
    }

    async fn halt_edition(&self, request: Request<v1::HaltEditionRequest>) -> Answer<v1::Edition> {
        self.write(retried(&request), Kind::HaltEdition(request.into_inner()), edition).await
    }

    async fn get_edition(&self, request: Request<v1::GetEditionRequest>) -> Answer<v1::Edition> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let found = state.editions.get(&r.name).ok_or_else(|| not_found(&r.name))?;
            Ok(editions::shown(state, found, true))
        })
        .await
    }

    async fn list_editions(&self, request: Request<v1::ListEditionsRequest>) -> Answer<v1::ListEditionsResponse> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let items = state.editions.values().map(|edition| editions::shown(state, edition, false));
            let (editions, next_page_token) = page(items.collect(), r.page_size, &r.page_token);
            Ok(v1::ListEditionsResponse { editions, next_page_token })
        })
        .await
    }

    async fn list_locations(&self, request: Request<v1::ListLocationsRequest>) -> Answer<v1::ListLocationsResponse> {
        let r = request.into_inner();
        self.read(r.read, |state| Ok(v1::ListLocationsResponse { locations: editions::locations(state) })).await
    }

    async fn list_cluster_types(
        &self,
        request: Request<v1::ListClusterTypesRequest>,
    ) -> Answer<v1::ListClusterTypesResponse> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let items = editions::cluster_types(state, &r.parent, &r.location)?;
            let (cluster_types, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListClusterTypesResponse { cluster_types, next_page_token })
        })
        .await
    }

    async fn list_versions(&self, request: Request<v1::ListVersionsRequest>) -> Answer<v1::ListVersionsResponse> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let items = editions::versions(state, &r.parent, &r.location)?;
            let (versions, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListVersionsResponse { versions, next_page_token, today: "2026-11-21".to_owned() })
        })
        .await
    }

    async fn list_instance_types(
        &self,
        request: Request<v1::ListInstanceTypesRequest>,
    ) -> Answer<v1::ListInstanceTypesResponse> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let items = editions::instance_types(state, &r.parent, &r.location)?;
            let (instance_types, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListInstanceTypesResponse { instance_types, next_page_token })
        })
        .await
    }
}

fn edition(done: Done) -> Option<v1::Edition> {
    if let Done::Edition(edition) = done { Some(edition) } else { None }
}
