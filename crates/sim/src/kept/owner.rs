//! An owner of clusters in one region: makes some, and changes their mind.

use std::sync::Arc;

use domain::{ClusterOptions, ClusterType, Command, Entity, command as c};
use ids::{ClusterName, Log, RegionId, Subject};
use rand::{RngExt, seq::IndexedRandom};
use wire::entity::decode_entity;

use crate::{
    call::{Caller, Outcome},
    client::shop,
    run::{caller, final_state},
    world::World,
};

/// How long a cluster may be kept after its deletion, in milliseconds.
const RETAINED_MAX_MS: u64 = 2 * 3_600_000;

/// See the module.
pub struct Owner {
    caller: Caller,
    world: Arc<World>,
    region: RegionId,
    /// About so many clusters.
    clusters: usize,
    serial: u64,
}

impl Owner {
    pub fn new(world: &Arc<World>, region: &RegionId, clusters: usize) -> Self {
        let mut caller = caller(world, region, &format!("owner of {region}"));
        // Their own region serves them also while it is alone.
        caller.stays = true;
        Self { caller, world: Arc::clone(world), region: region.clone(), clusters, serial: 0 }
    }

    pub async fn wish_something(&mut self) {
        let mine = clusters(&self.world, Some(&self.region));
        // Who has few makes some at once.
        for _ in 0..3 {
            if mine.len() * 2 < self.clusters
                && let Some(command) = self.new_cluster()
            {
                self.caller.command(command).await;
            }
        }
        if let Some(command) = self.draw(&mine) {
            // A wish that the state forbids is refused, and one that nobody can take now is forgotten.
            let _: Outcome = self.caller.command(command).await;
        }
    }

    fn draw(&mut self, mine: &[ClusterName]) -> Option<Command> {
        let (one, etag) = (mine.choose(&mut self.caller.rng).cloned(), None);
        Some(match self.caller.rng.random_range(0..100) {
            0..50 if mine.len() < self.clusters => return self.new_cluster(),
            60..70 => c::DeleteCluster { name: one?, retain_ms: self.retained(), etag }.into(),
            70..75 => c::HibernateCluster { name: one?, etag }.into(),
            75..83 => c::WakeCluster { name: one?, etag }.into(),
            83..87 => c::UndeleteCluster { name: one?, etag }.into(),
            87..92 => c::UpdateCluster {
                name: one?,
                display_name: None,
                description: None,
                allow_list: Some(vec![domain::Cidr::around(self.caller.rng.random(), 24)]),
                delete_protection: None,
                maintenance_window: None,
                etag,
            }
            .into(),
            _ => return None,
        })
    }

    fn retained(&mut self) -> u64 {
        let rng = &mut self.caller.rng;
        if rng.random_bool(0.4) { rng.random_range(1..RETAINED_MAX_MS) } else { 0 }
    }

    fn new_cluster(&mut self) -> Option<Command> {
        self.serial += 1;
        let cluster = format!("c{}", self.serial).parse().ok()?;
        let name = ClusterName { project: shop()?, location: self.region.clone(), cluster };
        let production = self.caller.rng.random_bool(0.5);
        let cluster_type = if production { ClusterType::PRODUCTION } else { ClusterType::DEVELOPMENT };
        let options = ClusterOptions { delete_protection: Some(false), ..ClusterOptions::default() };
        let (display_name, description) = (String::new(), String::new());
        Some(c::CreateCluster { name, display_name, description, cluster_type, options }.into())
    }
}

/// The clusters of a region, or of all.
pub fn clusters(world: &World, region: Option<&RegionId>) -> Vec<ClusterName> {
    let regions = world.plan.regions.iter().filter(|of| region.is_none_or(|region| region == *of));
    let states = regions.filter_map(|region| final_state(world, &Log::Region(region.clone())));
    let mut all = Vec::new();
    for state in states {
        for (_, row) in state.rows().filter(|(subject, _)| is_wish(subject)) {
            if let Ok(Entity::Cluster(row)) = decode_entity(&row.value) {
                all.push(row.name);
            }
        }
    }
    all
}

/// Rows that say what is wished, by their names alone.
pub fn is_wish(subject: &Subject) -> bool {
    let text = subject.as_str();
    text.contains("#vpcs/") || (text.contains("/clusters/") && !text.contains('#'))
}
