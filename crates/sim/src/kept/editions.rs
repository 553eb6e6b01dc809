//! Editions of the catalogue in the life of clusters: one that they are made of, and one that comes later and has nothing more of the
//! versions before it. Those that are there are kept as they are.

use std::{sync::Arc, time::Duration};

use domain::{
    catalog::{Catalog, KubernetesVersion},
    command as c,
};

use crate::{call::Outcome, run::caller, world::World};

/// Until every region knows it.
pub async fn publish_first(world: &Arc<World>) {
    let (Some(region), Ok(catalog)) = (world.plan.regions.first(), catalog::first()) else { return };
    let mut operator = caller(world, region, "operator");
    for _ in 0..30 {
        let publish = c::PublishCatalog { catalog: catalog.clone(), waves: None };
        if let Outcome::Done(_) = operator.command(publish.into()).await {
            return tokio::time::sleep(Duration::from_secs(60)).await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    world.trace.violate("as_wished", "the catalogue could not be published".to_owned());
}

/// Asked for in each region in turn. `true`: it is published.
pub async fn publish_next(world: &Arc<World>) -> bool {
    let Some(catalog) = next() else { return true };
    for region in &world.plan.regions {
        let waves = Some(c::Waves { order: Vec::new(), soak_seconds: 0 });
        let publish = c::PublishCatalog { catalog: catalog.clone(), waves };
        if let Outcome::Done(_) = caller(world, region, "operator, later").command(publish.into()).await {
            return true;
        }
    }
    false
}

fn next() -> Option<Catalog> {
    let later = |version: KubernetesVersion| KubernetesVersion { patch: version.patch + 50, ..version };
    let mut catalog = catalog::first().ok()?;
    catalog.edition = "2027-01".to_owned();
    catalog.versions = std::mem::take(&mut catalog.versions).into_iter().map(|(id, of)| (later(id), of)).collect();
    catalog.images.iter_mut().for_each(|image| image.version = later(image.version));
    Some(catalog)
}
