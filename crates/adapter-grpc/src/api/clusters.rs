//! `atoll.v1.Clusters`: what is asked of clusters, and what their region's log holds of them.
//!
//! Map: `asked` requests as commands · `show` rows as messages · `machines` what a cluster runs on, and what was done about it ·
//! `decisions` why it is as it is.

mod asked;
mod decisions;
pub mod machines;
pub mod show;

use std::{sync::Arc, time::Duration};

use ::access::NodeName;
use api::v1::{
    Cluster, CreateClusterRequest, Decisions, DeleteClusterRequest, ExplainClusterRequest, ExplainClusterResponse,
    GetClusterRequest, HibernateClusterRequest, ListClustersRequest, ListClustersResponse, ListDecisionsRequest,
    ListMachinesRequest, ListMachinesResponse, Machine, PreviewDecisionsRequest, UndeleteClusterRequest,
    UpdateClusterRequest, WakeClusterRequest, clusters_server::Clusters,
};
use domain::{
    Deeds, Planner as _, cluster,
    held::{Held, Slot},
    query::{self, PageRequest},
};
use futures_util::future::join_all;
use ids::{ClusterName, Label, Log, ProjectName, RegionId, limits::PAGE_SIZE_MAX};
use region::{Consistency, ReadView};
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, Call, WITHIN},
    command::location,
    front::Front,
    gate::Admitted,
    input::name,
    read::{Paging, Wanted, paging, rejected, row, seen, seen_page, unreadable, wanted},
    resource::{fitting, shown},
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
            let cluster = shown(&view.state, revision, &row).map_err(unreadable)?;
            Ok(Answer::new(cluster, view.token(), view.age))
        })
        .await
    }

    async fn list_clusters(
        &self,
        request: Request<ListClustersRequest>,
    ) -> Result<Response<ListClustersResponse>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let (project, location) = location("parent", &request.parent)?;
            to.check_sees_below(&NodeName::Project(project.clone()))?;
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
            list(&project, &parts, &paging, &to)
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

    async fn undelete_cluster(&self, request: Request<UndeleteClusterRequest>) -> Result<Response<Cluster>, Status> {
        self.write(request).await
    }

    async fn hibernate_cluster(&self, request: Request<HibernateClusterRequest>) -> Result<Response<Cluster>, Status> {
        self.write(request).await
    }

    async fn wake_cluster(&self, request: Request<WakeClusterRequest>) -> Result<Response<Cluster>, Status> {
        self.write(request).await
    }

    async fn list_machines(
        &self,
        request: Request<ListMachinesRequest>,
    ) -> Result<Response<ListMachinesResponse>, Status> {
        let settler = Arc::clone(&self.settler);
        self.serve(request, WITHIN, |call, request| async move {
            let name: ClusterName = name("parent", &request.parent)?;
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Region(name.location.clone()), &wanted(request.read)?).await?;
            let (held, deeds) = life(&view, &name)?;
            let global = call.here(&Log::Global).await?;
            let machines = machines::list(&held, &deeds, |kind| settler.capacity(&global.state, kind));
            Ok(Answer::new(page(machines, &paging)?, view.token(), view.age))
        })
        .await
    }

    async fn list_decisions(&self, request: Request<ListDecisionsRequest>) -> Result<Response<Decisions>, Status> {
        let settler = Arc::clone(&self.settler);
        self.serve(request, WITHIN, |call, request| async move { decisions::listed(&call, &settler, request).await })
            .await
    }

    async fn preview_decisions(
        &self,
        request: Request<PreviewDecisionsRequest>,
    ) -> Result<Response<Decisions>, Status> {
        let settler = Arc::clone(&self.settler);
        self.serve(request, WITHIN, |call, request| async move {
            // It holds everything that is asked for.
            Box::pin(decisions::previewed(&call, &settler, request)).await
        })
        .await
    }

    async fn explain_cluster(
        &self,
        request: Request<ExplainClusterRequest>,
    ) -> Result<Response<ExplainClusterResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name: ClusterName = name("name", &request.name)?;
            let view = call.read(&Log::Region(name.location.clone()), &wanted(request.read)?).await?;
            let (held, deeds) = life(&view, &name)?;
            let deeds = machines::explained(&held, &deeds, &request.machine);
            Ok(Answer::new(ExplainClusterResponse { deeds }, view.token(), view.age))
        })
        .await
    }
}

/// What is there of a cluster, and what was done about it.
fn life(view: &ReadView, name: &ClusterName) -> Result<(Held, Deeds), Refusal> {
    let (_, of) = query::cluster(&view.state, name).map_err(|why| rejected(&why, ""))?;
    let status = show::status_of(&view.state, &of).map_err(unreadable)?;
    let deeds = row::<Deeds>(&view.state, &cluster::deeds(name))?.map(|(_, deeds)| deeds).unwrap_or_default();
    Ok((status.map_or_else(Held::nothing, |row| row.held), deeds))
}

/// A page of machines. Its token is the last machine that was shown, `slot/id`.
fn page(machines: Vec<Machine>, paging: &Paging) -> Result<ListMachinesResponse, Refusal> {
    let size = if paging.size == 0 { PAGE_SIZE_MAX } else { paging.size.min(PAGE_SIZE_MAX) };
    let place = |slot: &str, id: &str| Some((slot.parse::<Slot>().ok()?, id.to_owned()));
    let after = match paging.token.as_str() {
        "" => None,
        token => {
            let after = token.split_once('/').and_then(|(slot, id)| place(slot, id));
            Some(after.ok_or_else(|| Refusal::field("page_token", token, "the token of the page before, or none"))?)
        }
    };
    let mut machines = machines.into_iter().skip_while(|one| after.is_some() && place(&one.slot, &one.id) <= after);
    let page: Vec<Machine> = machines.by_ref().take(size).collect();
    let last = page.last().filter(|_| machines.next().is_some());
    let next_page_token = last.map(|last| format!("{}/{}", last.slot, last.id)).unwrap_or_default();
    Ok(ListMachinesResponse { machines: page, next_page_token })
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
fn list(
    project: &ProjectName,
    parts: &[Part],
    paging: &Paging,
    to: &Admitted,
) -> Result<Answer<ListClustersResponse>, Refusal> {
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
        let of = Paging { size: size - clusters.len(), token: after.to_owned() };
        let page = |page: PageRequest<'_>| query::clusters(&view.state, project, &part.location, page);
        let page = seen_page(
            &of,
            page,
            |row| to.sees(&NodeName::Cluster(row.name.clone())),
            |row| row.name.cluster.to_string(),
        )?;
        for (revision, row) in page.items {
            let cluster = shown(&view.state, revision, &row).map_err(unreadable)?;
            clusters.push((row.name, cluster));
        }
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
