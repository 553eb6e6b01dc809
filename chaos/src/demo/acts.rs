//! What is done, in order.

mod cut;
mod end;

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::{Client, Creation, Read, Write, v1};
use ids::RegionId;

use super::{
    judge::{self, seconds},
    promise::Promise,
    stage::{Stage, until},
};

const PROJECT: &str = "organizations/demo/projects/shop";
/// Every production cluster.
const CLUSTER: &str = "web";
const RUNS_WITHIN: Duration = Duration::from_secs(180);

pub async fn all(stage: &mut Stage<'_>) -> Result<()> {
    let mut creations = production(stage).await?;
    let inside = cut::all(stage).await?;
    creations.push((format!("{} (development)", stage.cut), Creation::of(&inside)));
    stage.note(Promise::OwnTime, judge::own_time(&creations));
    end::all(stage, &inside).await
}

/// A production cluster in each region, asked for in one line each.
async fn production(stage: &mut Stage<'_>) -> Result<Vec<(String, Option<Creation>)>> {
    stage.story.act("A production cluster in each region");
    let client = stage.client(stage.regions.first().context("no regions")?)?;
    for region in &stage.regions {
        create(&client, region, CLUSTER, "PRODUCTION", &Write::default()).await?;
    }
    stage.story.say(&format!(
        "Asked for `{CLUSTER}` in {} regions: a type and a region each. Six machines in three zones, a network of its own, a balancer and \
         over fifty decisions follow from that.",
        stage.regions.len()
    ));
    let regions = stage.regions.clone();
    let look = async || {
        let mut lacks = Vec::new();
        for region in &regions {
            let cluster = client.clusters().get(&named(region, CLUSTER), &Read::default()).await;
            let cluster = cluster.with_context(|| format!("look at {CLUSTER} in {region}"))?.value;
            lacks.extend(lack(&cluster).map(|lack| format!("{region} {lack}")));
        }
        Ok(if lacks.is_empty() { Ok(()) } else { Err(lacks.join("; ")) })
    };
    // Who does not run by then shows in the verdict.
    let waited = until(stage.story, "clusters", RUNS_WITHIN, look).await;
    let listed = client.clusters().list(&format!("{PROJECT}/locations/-"), 0, &Read::default()).collect().await;
    let clusters = listed.context("list clusters")?.items;
    clusters.iter().for_each(|cluster| report(stage, cluster));
    let names: Vec<&str> = regions.iter().map(RegionId::as_str).collect();
    stage.note(Promise::Made, judge::made(&names, &clusters));
    waited?;
    let location = |cluster: &v1::Cluster| cluster.name.split('/').nth(5).unwrap_or_default().to_owned();
    Ok(clusters.iter().map(|cluster| (location(cluster), Creation::of(cluster))).collect())
}

async fn create(client: &Client, region: &RegionId, id: &str, cluster_type: &str, options: &Write) -> Result<()> {
    let cluster = v1::Cluster { cluster_type: cluster_type.to_owned(), ..v1::Cluster::default() };
    let parent = format!("{PROJECT}/locations/{region}");
    let made = client.clusters().create(&parent, id, cluster, options).await;
    made.map(drop).with_context(|| format!("create {id} in {region}"))
}

fn named(region: &RegionId, id: &str) -> String {
    format!("{PROJECT}/locations/{region}/clusters/{id}")
}

/// What keeps a cluster from running; `None`: it runs.
fn lack(cluster: &v1::Cluster) -> Option<String> {
    let status = cluster.status.clone().unwrap_or_default();
    if status.state() == v1::cluster_status::State::Running {
        return None;
    }
    let under_way = status.creation.iter().filter(|phase| phase.end_time.is_none()).map(|phase| phase.name.as_str());
    let under_way: Vec<&str> = under_way.collect();
    let held_up = status.held_up_by.first().map(|why| format!(" ({why})")).unwrap_or_default();
    let otherwise = if status.creation.is_empty() { "asked for" } else { "machines that join" };
    Some(format!("{}{held_up}", under_way.first().unwrap_or(&otherwise)))
}

/// How a creation went, in a sentence.
fn report(stage: &mut Stage<'_>, cluster: &v1::Cluster) {
    let name = cluster.name.rsplit_once("/locations/").map_or(cluster.name.as_str(), |(_, name)| name);
    let name = name.replace("/clusters/", "/");
    let Some(Creation { took, cloud, own }) = Creation::of(cluster) else { return };
    let waits = cluster.status.iter().flat_map(|status| &status.waits);
    let mut longest: Vec<(Duration, &str)> = waits
        .filter_map(|wait| {
            let at = |time: Option<prost_types::Timestamp>| {
                Some(Duration::new(u64::try_from(time?.seconds).ok()?, u32::try_from(time?.nanos).ok()?))
            };
            Some((at(wait.end_time)?.checked_sub(at(wait.begin_time)?)?, wait.part.as_str()))
        })
        .collect();
    longest.sort();
    let longest = longest.iter().rev().take(2).map(|(time, part)| format!("{part} {}", seconds(*time)));
    let longest: Vec<String> = longest.collect();
    stage.story.say(&format!(
        "{name} ran {} after it was asked for: {} waiting for the cloud ({}), {} our own at most.",
        seconds(took),
        seconds(cloud),
        longest.join(", "),
        seconds(own)
    ));
}
