//! `atoll.v1.Catalog`.
//!
//! Map: `publishing` requests of operators, as commands · `offered` what there is to be had, of the editions in use.

use api::v1::{
    Edition, GetEditionRequest, HaltEditionRequest, ListClusterTypesRequest, ListClusterTypesResponse,
    ListEditionsRequest, ListEditionsResponse, ListInstanceTypesRequest, ListInstanceTypesResponse,
    ListLocationsRequest, ListLocationsResponse, ListVersionsRequest, ListVersionsResponse, Location,
    PublishEditionRequest, catalog_server::Catalog,
};
use domain::{Date, catalog::is_edition, query, sets};
use ids::{Log, RegionId, Subject};
use ledger::LogState;
use tonic::{Request, Response, Status};

use self::offered::{Scope, cluster_types, contents, instance_types, used_in, versions};
use super::{
    call::{Answer, Call, WITHIN},
    front::Front,
    input,
    read::{paging, rejected, wanted},
    resource::{Resource, location_name, page},
    status::Refusal,
};

mod offered;
mod publishing;

#[tonic::async_trait]
impl Catalog for Front {
    async fn publish_edition(&self, request: Request<PublishEditionRequest>) -> Result<Response<Edition>, Status> {
        self.write(request).await
    }

    async fn halt_edition(&self, request: Request<HaltEditionRequest>) -> Result<Response<Edition>, Status> {
        self.write(request).await
    }

    async fn get_edition(&self, request: Request<GetEditionRequest>) -> Result<Response<Edition>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name = edition_named("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, row) = query::edition(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            let catalog = query::catalog(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            let mut body = Edition::show(revision, &row);
            body.contents = Some(contents(&catalog)?);
            call.tell_where([&mut body], &view.state)?;
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn list_editions(
        &self,
        request: Request<ListEditionsRequest>,
    ) -> Result<Response<ListEditionsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::editions(&view.state, paging.request()).map_err(|why| rejected(&why, ""))?;
            let (mut editions, next_page_token) = page(found);
            call.tell_where(&mut editions, &view.state)?;
            Ok(Answer::new(ListEditionsResponse { editions, next_page_token }, view.token(), view.age))
        })
        .await
    }

    async fn list_locations(
        &self,
        request: Request<ListLocationsRequest>,
    ) -> Result<Response<ListLocationsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let mut locations: Vec<Location> = call.regions().iter().map(nothing_in).collect();
            for (edition, regions) in used_in(&view.state, &call.regions(), call.now())? {
                let catalog = query::catalog(&view.state, &edition).map_err(|why| rejected(&why, ""))?;
                for region in contents(&catalog.only_in(&regions))?.regions {
                    let name = format!("locations/{}", region.id);
                    if let Some(location) = locations.iter_mut().find(|location| location.name == name) {
                        location.edition = domain::edition::subject(&edition).to_string();
                        location.zones = region.zones;
                    }
                }
            }
            Ok(Answer::new(ListLocationsResponse { locations }, view.token(), view.age))
        })
        .await
    }

    async fn list_cluster_types(
        &self,
        request: Request<ListClusterTypesRequest>,
    ) -> Result<Response<ListClusterTypesResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let paging = paging(request.page_size, request.page_token)?;
            let scope = call.scope(&request.parent, &request.location)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let all = cluster_types(&scope.editions(&view.state)?)?;
            let (cluster_types, next_page_token) = offered::page(all, &paging, |one| &one.name)?;
            let body = ListClusterTypesResponse { cluster_types, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn list_versions(
        &self,
        request: Request<ListVersionsRequest>,
    ) -> Result<Response<ListVersionsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let paging = paging(request.page_size, request.page_token)?;
            let scope = call.scope(&request.parent, &request.location)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let today = Date::at_unix_ms(call.now().unix_ms());
            let all = versions(&scope.editions(&view.state)?, today)?;
            let (versions, next_page_token) = offered::page(all, &paging, |one| &one.name)?;
            let body = ListVersionsResponse { versions, next_page_token, today: today.to_string() };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn list_instance_types(
        &self,
        request: Request<ListInstanceTypesRequest>,
    ) -> Result<Response<ListInstanceTypesResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let paging = paging(request.page_size, request.page_token)?;
            let scope = call.scope(&request.parent, &request.location)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let all = instance_types(&scope.editions(&view.state)?)?;
            let (instance_types, next_page_token) = offered::page(all, &paging, |one| &one.name)?;
            let body = ListInstanceTypesResponse { instance_types, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }
}

impl Call {
    /// What a list is over.
    fn scope(&self, parent: &str, location: &str) -> Result<Scope, Refusal> {
        let edition = match parent {
            "editions/-" => None,
            named => Some(edition_named("parent", named)?),
        };
        let regions = if location.is_empty() { self.regions() } else { vec![region_named("location", location)?] };
        for region in &regions {
            self.known(&Log::Region(region.clone()))?;
        }
        Ok(Scope { edition, regions, now: self.now() })
    }

    /// Adds to editions where they are in use.
    fn tell_where<'a>(
        &self,
        editions: impl IntoIterator<Item = &'a mut Edition>,
        state: &LogState,
    ) -> Result<(), Refusal> {
        let used = used_in(state, &self.regions(), self.now())?;
        for edition in editions {
            let name = edition.name.rsplit('/').next().unwrap_or_default();
            let regions = used.get(name).into_iter().flatten();
            edition.locations = regions.map(location_name).collect();
        }
        Ok(())
    }
}

fn nothing_in(region: &RegionId) -> Location {
    Location { name: location_name(region), edition: String::new(), zones: Vec::new() }
}

/// Reads `editions/{edition}`.
fn edition_named(field: &str, name: &str) -> Result<String, Refusal> {
    let subject = name.parse::<Subject>().ok();
    let named = subject.as_ref().and_then(|name| name.entry_of(&sets::editions())).filter(|name| is_edition(name));
    let wanted = "editions/{edition}, of a month and perhaps a suffix, such as editions/2026-11-b";
    named.map(str::to_owned).ok_or_else(|| Refusal::field(field, name, wanted))
}

/// Reads `locations/{location}`.
fn region_named(field: &str, name: &str) -> Result<RegionId, Refusal> {
    let wanted = || Refusal::field(field, name, "locations/{location}");
    input::name(field, name.strip_prefix("locations/").ok_or_else(wanted)?)
}
