//! An owner of clusters in one region: makes some, and changes their mind.

use std::sync::Arc;

use domain::{ClusterOptions, ClusterType, Command, command as c};
use ids::{ClusterName, RegionId};
use rand::RngExt;

use super::statuses;
use crate::{
    call::{Caller, Outcome},
    client::shop,
    run::caller,
    world::World,
};

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
        let mine: Vec<ClusterName> = statuses(&self.world)
            .into_iter()
            .filter(|(cluster, _)| cluster.name.location == self.region)
            .map(|(cluster, _)| cluster.name)
            .collect();
        let one = mine.get(self.caller.rng.random_range(0..mine.len().max(1))).cloned();
        let etag = None;
        let command: Option<Command> = match (self.caller.rng.random_range(0..100), one) {
            (0..=59, _) if mine.len() < self.clusters => self.new_cluster(),
            (60..=67, Some(name)) => Some(c::DeleteCluster { name, retain_ms: self.retain(), etag }.into()),
            (68..=72, Some(name)) => Some(c::HibernateCluster { name, etag }.into()),
            (73..=80, Some(name)) => Some(c::WakeCluster { name, etag }.into()),
            (81..=83, Some(name)) => Some(c::UndeleteCluster { name, etag }.into()),
            (84..=88, Some(name)) => Some(
                c::UpdateCluster {
                    name,
                    display_name: None,
                    description: None,
                    allow_list: Some(vec![domain::Cidr::around(self.caller.rng.random(), 24)]),
                    delete_protection: None,
                    maintenance_window: None,
                    etag,
                }
                .into(),
            ),
            _ => None,
        };
        if let Some(command) = command {
            // A wish that the state forbids is refused, and one that nobody can take now is forgotten.
            let _: Outcome = self.caller.command(command).await;
        }
    }

    fn retain(&mut self) -> u64 {
        if self.caller.rng.random_bool(0.3) { self.caller.rng.random_range(1..6 * 3_600_000) } else { 0 }
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
