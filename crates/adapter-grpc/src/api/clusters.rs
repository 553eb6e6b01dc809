//! `atoll.v1.Clusters`.

use std::time::Duration;

use api::v1::{
    Cluster, CreateClusterRequest, DeleteClusterRequest, GetClusterRequest, ListClustersRequest, ListClustersResponse,
    UpdateClusterRequest, clusters_server::Clusters,
};
use domain::query::{self, PageRequest};
use futures_util::future::join_all;
use ids::{ClusterName, Label, Log, ProjectName, RegionId, limits::PAGE_SIZE_MAX};
use region::{Consistency, ReadView};
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, Call, WITHIN},
    command::location,
    front::Front,
    input::name,
    read::{Paging, Wanted, paging, rejected, seen, wanted},
    resource::{Resource, fitting},
    status::Refusal,
};

/// How long a list waits for the copies it asks for more of; after that it shows what they hold and names them.
const LIST_WITHIN: Duration = Duration::from_secs(2);
/// A copy that is older is named as unreachable, where the caller says nothing else.
const FRESH: Duration = Duration::from_secs(5);
/// In place of a location: every region.
const EVERYWHERE: &str = "-";

/// One region's part of a list.
pub struct Part {
    pub location: RegionId,
    pub view: Option<ReadView>,
    pub unreachable: bool,
}

#[tonic::async_trait]
impl Clusters for Front {
    async fn get_cluster(&self, request: Request<GetClusterRequest>) -> Result<Response<Cluster>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name: ClusterName = name("name", &request.name)?;
            let view = call.read(&Log::Region(name.location.clone()), &wanted(request.read)?).await?;
            let (revision, row) = query::cluster(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(Cluster::show(revision, &row), view.token(), view.age))
        })
        .await
    }

    async fn list_clusters(
        &self,
        request: Request<ListClustersRequest>,
    ) -> Result<Response<ListClustersResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let (project, location) = location("parent", &request.parent)?;
            let locations = match location {
                EVERYWHERE => call.regions(),
                one => vec![name::<RegionId>("parent", one)?],
            };
            let paging = paging(request.page_size, request.page_token)?;
            let wanted = wanted(request.read)?;
            for location in &locations {
                call.known(&Log::Region(location.clone()))?;
            }
            let parts = join_all(locations.into_iter().map(|location| part(&call, location, &wanted))).await;
            list(&project, &parts, &paging)
        })
        .await
    }

    async fn create_cluster(&self, request: Request<CreateClusterRequest>) -> Result<Response<Cluster>, Status> {
        self.write(request).await
    }

    async fn update_cluster(&self, request: Request<UpdateClusterRequest>) -> Result<Response<Cluster>, Status> {
        self.write(request).await
    }

    async fn delete_cluster(&self, request: Request<DeleteClusterRequest>) -> Result<Response<Cluster>, Status> {
        self.write(request).await
    }
}

/// What is known here of one region, and whether that is as much as was asked for.
pub async fn part(call: &Call, location: RegionId, wanted: &Wanted) -> Part {
    let (region, log) = (&call.opened.region, Log::Region(location.clone()));
    let read = region.read(&log, &wanted.consistency, LIST_WITHIN.min(call.left())).await;
    let behind = read.is_err();
    let view = match read {
        Ok(view) => Some(view),
        Err(_) => region.read(&log, &Consistency::Local, Duration::ZERO).await.ok(),
    };
    let fresh = wanted.max_staleness.unwrap_or(FRESH);
    let stale = view.as_ref().and_then(|view| view.age).is_none_or(|age| age > fresh);
    Part { location, view, unreachable: behind || stale }
}

/// A page over the parts, in the order of (location, cluster). Its token is the last cluster that was shown, `location/cluster`.
fn list(project: &ProjectName, parts: &[Part], paging: &Paging) -> Result<Answer<ListClustersResponse>, Refusal> {
    let size = if paging.size == 0 { PAGE_SIZE_MAX } else { paging.size.min(PAGE_SIZE_MAX) };
    let begin = begin(&paging.token)?;
    let (mut clusters, mut next) = (Vec::new(), None);
    for part in parts {
        let Some(view) = &part.view else { continue };
        let after = match &begin {
            Some((location, _)) if part.location < *location => continue,
            Some((location, cluster)) if part.location == *location => cluster.as_str(),
            _later => "",
        };
        if clusters.len() == size {
            // Full, and there may be more here: an empty last page is allowed.
            next = Some(last(&clusters));
            break;
        }
        let request = PageRequest { size: size - clusters.len(), token: after };
        let page = query::clusters(&view.state, project, &part.location, request).map_err(|why| rejected(&why, ""))?;
        clusters
            .extend(page.items.into_iter().map(|(revision, row)| (row.name.clone(), Cluster::show(revision, &row))));
        if page.next.is_some() {
            next = Some(last(&clusters));
            break;
        }
    }
    let (names, mut clusters): (Vec<_>, Vec<_>) = clusters.into_iter().unzip();
    let fits = fitting(&clusters);
    if fits < clusters.len() {
        clusters.truncate(fits);
        next = names.get(fits - 1).map(token);
    }
    let unreachable = parts.iter().filter(|part| part.unreachable);
    let views = || parts.iter().filter_map(|part| part.view.as_ref());
    let age = parts.iter().map(|part| part.view.as_ref().and_then(|view| view.age)).collect::<Option<Vec<_>>>();
    let body = ListClustersResponse {
        clusters,
        next_page_token: next.unwrap_or_default(),
        unreachable: unreachable.map(|part| format!("locations/{}", part.location)).collect(),
    };
    Ok(Answer::new(body, seen(views()), age.and_then(|ages| ages.into_iter().max())))
}

fn last(clusters: &[(ClusterName, Cluster)]) -> String {
    clusters.last().map(|(name, _)| token(name)).unwrap_or_default()
}

fn token(name: &ClusterName) -> String {
    format!("{}/{}", name.location, name.cluster)
}

/// Where a page begins: after this cluster.
fn begin(token: &str) -> Result<Option<(RegionId, Label)>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let read =
        token.split_once('/').and_then(|(location, cluster)| Some((location.parse().ok()?, cluster.parse().ok()?)));
    read.map(Some).ok_or_else(|| Refusal::field("page_token", token, "the token of the page before, or none"))
}
