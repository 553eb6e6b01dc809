//! Decisions about clusters, worked out from the copies here for whoever asks.

use std::sync::Arc;

use api::v1;
use bytes::Bytes;
use domain::{Cluster, Network, Rejection, View, ViewError, catalog::Catalog, query, sets};
use ids::{ClusterName, Label, Log, OrganizationName, ProjectName, RegionId, Subject};
use planner::{Blueprint, Choice, Request, Settler, Source, Undecided};

use super::asked;
use crate::api::{
    call::{Answer, Call},
    command::location,
    input::name,
    read::{rejected, seen, unreadable, wanted},
    status::Refusal,
};

/// Stands for the cluster that is not made.
const PREVIEWED: &str = "preview";

/// What is decided about a cluster.
pub async fn listed(
    call: &Call,
    settler: &Settler,
    request: v1::ListDecisionsRequest,
) -> Result<Answer<v1::Decisions>, Refusal> {
    let name: ClusterName = name("parent", &request.parent)?;
    let view = call.read(&Log::Region(name.location.clone()), &wanted(request.read)?).await?;
    let (_, row) = query::cluster(&view.state, &name).map_err(|why| rejected(&why, ""))?;
    let global = call.here(&Log::Global).await?;
    let now = call.now();
    let blueprint = match &row.basis {
        Some(basis) => {
            let catalog = settler.catalog_after(&global.state, &name.location, now, &basis.edition);
            let decided = settler.blueprint(&global.state, &row, basis, edition(catalog, &name)?, now);
            decided.map_err(undecided)?.1
        }
        // A region without a cloud settles nothing: what would be decided.
        None => {
            let catalog = settler.catalog(&global.state, &name.location, now);
            let catalog = edition(catalog, &name)?;
            settler.preview(&global.state, &request_of(row), &[], &catalog, now).map_err(undecided)?
        }
    };
    Ok(Answer::new(shown(&blueprint), seen([&view, &global]), view.age))
}

/// What would be decided about a cluster that is asked for now.
pub async fn previewed(
    call: &Call,
    settler: &Settler,
    request: v1::PreviewDecisionsRequest,
) -> Result<Answer<v1::Decisions>, Refusal> {
    let (project, region) = location("parent", &request.parent)?;
    let region: RegionId = name("parent", region)?;
    let cluster: Label = name("cluster", PREVIEWED)?;
    let asked = Request {
        name: ClusterName { project, location: region.clone(), cluster },
        cluster_type: asked::cluster_type("cluster_type", &request.cluster_type)?.to_string(),
        options: asked::options("options", request.options.unwrap_or_default())?,
    };
    let view = call.read(&Log::Region(region), &wanted(request.read)?).await?;
    let global = call.here(&Log::Global).await?;
    let catalog = settler.catalog(&global.state, &asked.name.location, call.now());
    let catalog = edition(catalog, &asked.name)?;
    let networks = networks(&view.state, &asked.name.project)?;
    let blueprint = settler.preview(&global.state, &asked, &networks, &catalog, call.now()).map_err(undecided)?;
    Ok(Answer::new(shown(&blueprint), seen([&view, &global]), view.age))
}

fn undecided(why: Undecided) -> Refusal {
    match why {
        Undecided::Refused(refusal) => refused(refusal),
        Undecided::Unreadable(error) => unreadable(error),
    }
}

/// The edition to decide about a cluster by; there must be one.
fn edition(found: Result<Option<Arc<Catalog>>, ViewError>, name: &ClusterName) -> Result<Arc<Catalog>, Refusal> {
    let missing = || Rejection::CatalogMissing { subject: Subject::resource(&name.clone().into()) };
    found.map_err(unreadable)?.ok_or_else(|| rejected(&missing(), ""))
}

/// Addresses that are in use there of the project's organization.
fn networks(view: &dyn View, project: &ProjectName) -> Result<Vec<Network>, Refusal> {
    let set = sets::networks(&OrganizationName { organization: project.organization.clone() });
    let rows = view.entries(&set, None, usize::MAX).into_iter().map(|entry| view.row::<Network>(&set.entry(&entry)));
    let rows: Result<Vec<_>, _> = rows.collect();
    let rows = rows.map_err(unreadable)?;
    Ok(rows.into_iter().flatten().map(|(_, network)| network).collect())
}

fn request_of(row: Cluster) -> Request {
    Request { name: row.name, cluster_type: row.cluster_type.to_string(), options: row.options }
}

/// As a decision of the region would be rejected.
fn refused(refusal: planner::Refusal) -> Refusal {
    Refusal::rejected(refusal.reason(), refusal.to_string()).with("accepted", refusal.accepted().join(", "))
}

fn shown(blueprint: &Blueprint) -> v1::Decisions {
    v1::Decisions {
        cluster_type: blueprint.cluster_type.clone(),
        edition: blueprint.edition.clone(),
        decisions: blueprint.choices.iter().map(decision).collect(),
        warnings: blueprint.warnings.iter().map(ToString::to_string).collect(),
        hash: Bytes::copy_from_slice(&blueprint.decisions_hash().0),
    }
}

fn decision(choice: &Choice) -> v1::Decision {
    v1::Decision {
        number: i32::from(choice.key.number()),
        key: choice.key.to_string(),
        what: choice.key.what().to_owned(),
        value: choice.value.to_string(),
        alternatives: choice.alternatives.clone(),
        reason: choice.reason.clone(),
        source: choice.source.to_string(),
        source_kind: choice.source.kind().to_owned(),
        rests_on: choice.rests_on.iter().map(Source::to_string).collect(),
    }
}
