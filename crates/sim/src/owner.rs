//! Who makes clusters in projects that come and go, and takes them away again when their project is being deleted.
//!
//! A deletion waits for clusters, and nothing deletes a customer's cluster but the customer: without an owner no such deletion would
//! come to its end. An owner takes away only what was made in the project that is being deleted now; what is left of an earlier
//! project of that name is a violation, and stays to be found.

use std::sync::Arc;

use domain::{ClusterType, Project, State, View, command as c, query};
use ids::{ClusterName, Log, ProjectName, RegionId};
use rand::RngExt;

use crate::{call::Caller, client::organization, plan::ms, world::World};

/// Projects that come and go.
pub const PROJECTS: u64 = 8;
/// Clusters of one project in one region.
const CLUSTERS: u64 = 2;

/// A project that comes and goes.
pub fn passing_project(number: u64) -> Option<ProjectName> {
    Some(organization()?.project(format!("tree-{number}").parse().ok()?))
}

/// The command that makes a cluster in some project that comes and goes.
pub fn create(caller: &mut Caller) -> Option<c::CreateCluster> {
    let project = passing_project(caller.rng.random_range(0..PROJECTS))?;
    let cluster = format!("t{}", caller.rng.random_range(0..CLUSTERS)).parse().ok()?;
    let name = ClusterName { project, location: caller.region.clone(), cluster };
    let (display_name, description) = (String::new(), String::new());
    Some(c::CreateCluster { name, display_name, description, cluster_type: ClusterType::Development })
}

/// Takes away, for as long as it runs, the region's clusters whose project is being deleted.
pub async fn clear(mut caller: Caller) {
    loop {
        let pause = caller.rng.random_range(500..2_500);
        tokio::time::sleep(ms(pause)).await;
        let (world, region) = (Arc::clone(&caller.world), caller.region.clone());
        for name in due(&world, &region) {
            caller.command(c::DeleteCluster { name, etag: None }.into()).await;
        }
    }
}

/// Clusters of the region whose project is being deleted, as its members know both.
fn due(world: &World, region: &RegionId) -> Vec<ClusterName> {
    let copy = |log: &Log| {
        let copies =
            world.members_of(region).into_iter().filter_map(|member| world.region(member)?.0.ledger().copy(log));
        copies.map(|copy| copy.cell.state()).max_by_key(|state| state.seq)
    };
    let (Some(global), Some(own)) = (copy(&Log::Global), copy(&Log::Region(region.clone()))) else { return Vec::new() };
    let deleting = (0..PROJECTS).filter_map(passing_project).filter_map(|name| {
        let (_, project) = query::project(&global, &name).ok()?;
        (project.state == State::Deleting).then_some(project)
    });
    deleting.flat_map(|project| clusters_of(&own, &project, region)).collect()
}

fn clusters_of(own: &dyn View, project: &Project, region: &RegionId) -> Vec<ClusterName> {
    let page = query::clusters(own, &project.name, region, query::PageRequest::default());
    let rows = page.map(|page| page.items).unwrap_or_default();
    rows.into_iter().filter(|(_, row)| row.project_uid == project.uid).map(|(_, row)| row.name).collect()
}
