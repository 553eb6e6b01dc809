//! A quota that moves between regions, while clusters are made and taken away in all of them.
//!
//! Always as many in all regions together, so that the end state can be judged: whatever moved when, no more may be there.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use domain::{Command, command as c};
use ids::{ClusterName, ContainerName, OrganizationName, ProjectName, RegionId};
use rand::{RngExt, rngs::SmallRng};

use crate::{call::Caller, client::Shared, owner, plan::ms};

/// In all regions together. A cluster counts for one, because these regions have no cloud.
const QUOTA: u64 = 6;

/// The organization whose quota moves.
fn organization() -> Option<OrganizationName> {
    "organizations/quoted".parse().ok()
}

fn project() -> Option<ProjectName> {
    Some(organization()?.project("full".parse().ok()?))
}

/// What is there before anything moves: the organization, the quota, all of it in one region, and a project to fill.
pub fn prepare(regions: &[RegionId]) -> Option<[Command; 3]> {
    let (organization, text) = (organization()?, String::new);
    let slices = [(regions.first()?.clone(), QUOTA)].into();
    let parent = ContainerName::Organization(organization.clone());
    Some([
        c::CreateOrganization { name: organization.clone(), display_name: text(), description: text() }.into(),
        c::SetQuota { organization, slices, etag: None }.into(),
        c::CreateProject { name: project()?, parent, display_name: text(), description: text() }.into(),
    ])
}

/// Gives the quota to ever other regions, until the run says stop.
pub async fn shift(mut caller: Caller, shared: Arc<Shared>) {
    let Some(organization) = organization() else { return };
    while !shared.stop.load(SeqCst) {
        let slices = split(&mut caller.rng, &caller.world.plan.regions);
        caller.command(c::SetQuota { organization: organization.clone(), slices, etag: None }.into()).await;
        let rest = caller.rng.random_range(300..3_000);
        tokio::time::sleep(ms(rest)).await;
    }
}

/// Over one region or two.
fn split(rng: &mut SmallRng, regions: &[RegionId]) -> BTreeMap<RegionId, u64> {
    let mut slices = BTreeMap::new();
    let part = if rng.random_range(0..100) < 50 { QUOTA } else { rng.random_range(1..QUOTA) };
    for part in [part, QUOTA - part] {
        if let Some(region) = regions.get(rng.random_range(0..regions.len())) {
            *slices.entry(region.clone()).or_default() += part;
        }
    }
    slices
}

/// Makes more clusters in a region than it takes away, until the run says stop.
pub async fn fill(mut caller: Caller, shared: Arc<Shared>) {
    let Some(project) = project() else { return };
    while !shared.stop.load(SeqCst) {
        let Ok(cluster) = format!("q{}", caller.rng.random_range(0..QUOTA)).parse() else { return };
        let name = ClusterName { project: project.clone(), location: caller.region.clone(), cluster };
        let more = caller.rng.random_range(0..100) < 75;
        let delete = c::DeleteCluster { name: name.clone(), retain_ms: 0, etag: None };
        caller.command(if more { owner::cluster(name).into() } else { delete.into() }).await;
        let rest = caller.rng.random_range(50..400);
        tokio::time::sleep(ms(rest)).await;
    }
}
