//! What is said in the life of clusters by those who own none of them. Editions of the catalogue: one that clusters are made of; one whose
//! images mend a critical weakness of those before, so that machines are replaced; and one that has nothing more of the versions before it, so
//! that those that are there are kept as they are. And a cluster policy, which holds for them too.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use domain::{
    Command, Date,
    catalog::{Catalog, Image, Key, KubernetesVersion, Value},
    cluster_policy::{Rule, Says},
    command as c,
};

use crate::{call::Outcome, client::shop, run::caller, world::World};

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

/// With how many workers a cluster runs at least, once the policy is on record.
pub const WORKERS_MIN: u64 = 2;

/// What is said later, in order, each from a quarter of the time on.
pub fn later() -> VecDeque<(u64, Command)> {
    let waves = || Some(c::Waves { order: Vec::new(), soak_seconds: 0 });
    let publish = |catalog| Command::from(c::PublishCatalog { catalog, waves: waves() });
    let [mended, next] = [mended(), next()].map(|catalog| catalog.map(publish));
    [(1, mended), (2, next), (3, policy())].into_iter().filter_map(|(from, said)| Some((from, said?))).collect()
}

fn policy() -> Option<Command> {
    let rule = Rule::new(Key::WorkersInitial, Says::AtLeast(Value::count(WORKERS_MIN))).ok()?;
    Some(c::SetClusterPolicy { node: shop()?.into(), rules: vec![rule], etag: None }.into())
}

/// Asked for in each region in turn, and again until it is on record. The `number` makes all of that one request. `true`: it is on record.
pub async fn say(world: &Arc<World>, said: &Command, number: usize) -> bool {
    for region in &world.plan.regions {
        if let Outcome::Done(_) = caller(world, region, &format!("operator, {number}")).command(said.clone()).await {
            return true;
        }
    }
    false
}

/// The first one, and beside each of its images one that was built a day later. The cloud has all of these.
pub fn mended() -> Option<Catalog> {
    let mut catalog = catalog::first().ok()?;
    catalog.edition = "2026-12".to_owned();
    let newer = |image: &Image| {
        let built = Date::from_days_since_1970(image.built.days_since_1970() + 1);
        Image { id: format!("{}-mended", image.id), built, critical: true, ..image.clone() }
    };
    let newer: Vec<Image> = catalog.images.iter().map(newer).collect();
    catalog.images.extend(newer);
    Some(catalog)
}

fn next() -> Option<Catalog> {
    let later = |version: KubernetesVersion| KubernetesVersion { patch: version.patch + 50, ..version };
    let mut catalog = mended()?;
    catalog.edition = "2027-01".to_owned();
    catalog.versions = std::mem::take(&mut catalog.versions).into_iter().map(|(id, of)| (later(id), of)).collect();
    catalog.images.iter_mut().for_each(|image| image.version = later(image.version));
    Some(catalog)
}
