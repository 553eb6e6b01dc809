//! What comes and goes: projects, organizations, and the clusters and cloud accounts of both.
//!
//! Who makes clusters in projects that come and go, and takes them away again when their project is being deleted.
//!
//! A deletion waits for clusters, and nothing deletes a customer's cluster but the customer: without an owner no such deletion would
//! come to its end. An owner takes away only what was made in the project that is being deleted now; what is left of an earlier
//! project of that name is a violation, and stays to be found.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use domain::{ClusterOptions, ClusterType, Command, Project, State, View, command as c, query};
use futures_util::future::{join, join_all};
use ids::{AccountId, ClusterName, ContainerName, Log, OrganizationName, ProjectName, RegionId};
use rand::RngExt;

use crate::{
    call::{Caller, Outcome},
    client::{Shared, organization},
    plan::ms,
    run,
    world::World,
};

/// Projects that come and go.
pub const PROJECTS: u64 = 8;
/// Clusters of one project in one region.
const CLUSTERS: u64 = 2;
/// Projects that go while clusters are put into them.
const RUSHED: u64 = 4;
/// Clusters that each region is asked to put into one that goes.
const RUSH: u64 = 8;

/// A project that comes and goes.
pub fn passing_project(number: u64) -> Option<ProjectName> {
    Some(organization()?.project(format!("tree-{number}").parse().ok()?))
}

/// A project that goes while clusters are put into it.
fn rushed_project(number: u64) -> Option<ProjectName> {
    Some(organization()?.project(format!("rushed-{number}").parse().ok()?))
}

/// Organizations that come and go, one for each region.
pub const ORGANIZATIONS: u64 = 3;

/// An organization that comes and goes.
pub fn passing_organization(number: u64) -> Option<OrganizationName> {
    format!("organizations/passing-{number}").parse().ok()
}

/// A cloud account by its number.
pub fn account(number: u64) -> Option<AccountId> {
    format!("{number:012}").parse().ok()
}

/// Makes an organization and deletes it again, until the run says stop and without a pause, so that a leader that is lost leaves claims of
/// cloud accounts behind. Adds fewer accounts than it takes: the pool runs dry now and then.
pub async fn found(mut caller: Caller, shared: Arc<Shared>, number: u64) {
    let Some(name) = passing_organization(number) else { return };
    for round in (0..).take_while(|_| !shared.stop.load(SeqCst)) {
        let (display_name, description) = (String::new(), String::new());
        let account = account((number + 1) * 1_000_000 + round).filter(|_| caller.rng.random_range(0..100) < 80);
        let create = c::CreateOrganization { name: name.clone(), display_name, description };
        let delete = c::DeleteOrganization { name: name.clone(), etag: None };
        let commands = account.map(|account| c::AddAccount { account }.into()).into_iter();
        for command in commands.chain([Command::from(create), delete.into()]) {
            if !matches!(caller.command(command).await, Outcome::Done(_)) {
                tokio::time::sleep(ms(100)).await;
            }
        }
    }
}

/// The command that makes a cluster in some project that comes and goes.
pub fn create(caller: &mut Caller) -> Option<c::CreateCluster> {
    let project = passing_project(caller.rng.random_range(0..PROJECTS))?;
    let label = format!("t{}", caller.rng.random_range(0..CLUSTERS)).parse().ok()?;
    Some(cluster(ClusterName { project, location: caller.region.clone(), cluster: label }))
}

/// The command that makes a cluster of which nothing else is wished.
pub fn cluster(name: ClusterName) -> c::CreateCluster {
    let (display_name, description) = (String::new(), String::new());
    c::CreateCluster {
        name,
        display_name,
        description,
        cluster_type: ClusterType::DEVELOPMENT,
        options: ClusterOptions::default(),
    }
}

/// Makes a project, and deletes it while all regions are asked to put clusters into it, until the run says stop. A creation that is
/// decided in the last milliseconds before its region hears of the deletion is the one that a gate is there for.
pub async fn rush(world: Arc<World>, shared: Arc<Shared>) -> Option<()> {
    let regions = &world.plan.regions;
    let calm = regions.iter().find(|region| world.plan.isolated.as_ref() != Some(region))?;
    let mut owner = run::caller(&world, calm, "rush-owner");
    let mut callers: Vec<Caller> =
        regions.iter().map(|region| run::caller(&world, region, &format!("rush-{region}"))).collect();
    for round in 0_u64.. {
        if shared.stop.load(SeqCst) {
            break;
        }
        let (project, text) = (rushed_project(round % RUSHED)?, String::new);
        let (name, parent) = (project.clone(), ContainerName::Organization(organization()?));
        owner.command(c::CreateProject { name, parent, display_name: text(), description: text() }.into()).await;
        let known = owner.rng.random_range(200..1_000);
        tokio::time::sleep(ms(known)).await;
        let fill = callers.iter_mut().map(|caller| fill(caller, &project));
        join(go(&mut owner, &project), join_all(fill)).await;
        let next = owner.rng.random_range(500..2_500);
        tokio::time::sleep(ms(next)).await;
    }
    Some(())
}

async fn go(owner: &mut Caller, project: &ProjectName) {
    let after = owner.rng.random_range(0..200);
    tokio::time::sleep(ms(after)).await;
    owner.command(c::DeleteProject { name: project.clone(), etag: None }.into()).await;
}

async fn fill(caller: &mut Caller, project: &ProjectName) {
    for number in 0..RUSH {
        let after = caller.rng.random_range(0..60);
        tokio::time::sleep(ms(after)).await;
        let Ok(label) = format!("t{number}").parse() else { return };
        let name = ClusterName { project: project.clone(), location: caller.region.clone(), cluster: label };
        caller.command(Command::from(cluster(name))).await;
    }
}

/// Takes away, for as long as it runs, the region's clusters whose project is being deleted.
pub async fn clear(mut caller: Caller) {
    loop {
        let pause = caller.rng.random_range(500..2_500);
        tokio::time::sleep(ms(pause)).await;
        let (world, region) = (Arc::clone(&caller.world), caller.region.clone());
        for name in due(&world, &region) {
            caller.command(c::DeleteCluster { name, retain_ms: 0, etag: None }.into()).await;
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
    let names = (0..PROJECTS).filter_map(passing_project).chain((0..RUSHED).filter_map(rushed_project));
    let deleting = names.filter_map(|name| {
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
