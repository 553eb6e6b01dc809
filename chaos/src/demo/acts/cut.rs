//! One region is cut off: what goes on inside, and what goes on elsewhere.

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::{Client, Read, Write, v1};
use futures_util::future::join;
use tokio::time::Instant;

use super::{CLUSTER, RUNS_WITHIN, create, lack, named, report};
use crate::{
    demo::{
        judge::{self, Ended, seconds},
        promise::Promise,
        stage::{Stage, inside, until, write_inside},
    },
    proxy::Mode,
};

/// A region notices that it is cut off within this.
const KNOWN_WITHIN: Duration = Duration::from_secs(15);
/// A list names a region whose copy is older than 5 s.
const NAMED_WITHIN: Duration = Duration::from_secs(20);
/// The cluster that is made inside.
const MADE_INSIDE: &str = "try";
/// What nobody is to find.
pub(super) const REFUSED: &str = "never";
const WRITES: usize = 4;

pub async fn all(stage: &mut Stage<'_>) -> Result<v1::Cluster> {
    let cut = stage.cut.clone();
    stage.story.act(&format!("{cut} is cut off from the others"));
    let own = stage.client(&cut)?;
    let before = machines(&own, stage).await?;
    stage.ring.mesh.set_around(&cut, Mode::BlackHole);
    stage.story.say(&format!(
        "Every link between {cut} and the others is dead. Its machines, its cloud and its users are there as before."
    ));
    let killed = before.iter().find(|machine| machine.role == "worker").or_else(|| before.first()).cloned();
    let killed = killed.with_context(|| format!("kill a machine of {CLUSTER} in {cut}: it has none"))?;
    stage.cloud.ask::<serde_json::Value>(&["kill", &killed.id]).await?;
    stage.story.say(&format!(
        "Killed {} ({} of {CLUSTER}) there, in the cloud, behind the region's back.",
        killed.id, killed.slot
    ));
    create(&own, &cut, MADE_INSIDE, "DEVELOPMENT", &write_inside(&cut)).await?;
    stage.story.say(&format!("Asked {cut} for a development cluster, `{MADE_INSIDE}`: it took that, on its own."));
    refuse(stage, &own).await?;
    go_on(stage).await?;
    name(stage).await?;
    repair(stage, &own, &killed, before.len()).await?;
    made(stage, &own).await
}

async fn machines(own: &Client, stage: &Stage<'_>) -> Result<Vec<v1::Machine>> {
    let name = named(&stage.cut, CLUSTER);
    let listed = own.clusters().machines(&name, 0, &inside(&stage.cut)).collect().await;
    Ok(listed.with_context(|| format!("list machines of {name}"))?.items)
}

/// A global write inside.
async fn refuse(stage: &mut Stage<'_>, own: &Client) -> Result<()> {
    let cut = stage.cut.clone();
    let isolated = async || {
        let status = own.regions().member_status(&inside(&cut)).await;
        let status = status.with_context(|| format!("ask {cut} how it is"))?.value;
        let mode = status.mode();
        Ok(if mode == v1::region::Mode::Isolated { Ok(()) } else { Err(mode.as_str_name().to_owned()) })
    };
    until(stage.story, &format!("{cut} to notice"), KNOWN_WITHIN, isolated).await?;
    stage.story.say(&format!("{cut} says of itself that it is ISOLATED."));
    let folder = v1::Folder { parent: "organizations/demo".to_owned(), ..v1::Folder::default() };
    let start = Instant::now();
    let written = own.folders().create(REFUSED, folder, &write_inside(&cut)).await;
    let took = start.elapsed();
    let ended = match written {
        Ok(_) => Ended::Acknowledged,
        Err(error) => {
            stage.story.say(&format!(
                "A folder, which belongs to all regions, is refused there after {} ms: \"{}: {}\".",
                took.as_millis(),
                error.reason,
                error.message
            ));
            Ended::Refused(error.reason.clone(), error.message.clone())
        }
    };
    stage.refusal = Some((ended, took));
    Ok(())
}

/// Global writes elsewhere, from each region, at the same time.
async fn go_on(stage: &mut Stage<'_>) -> Result<()> {
    let elsewhere = stage.elsewhere();
    let (one, other) = (elsewhere.first().context("no region elsewhere")?, elsewhere.last().context("none")?);
    let (from_one, from_other) = (stage.client(one)?, stage.client(other)?);
    let (mut writes, more) = join(write_some(&from_one, one.as_str()), write_some(&from_other, other.as_str())).await;
    writes.extend(more);
    let slowest = writes.iter().filter_map(|(_, write)| write.as_ref().ok()).max().copied().unwrap_or_default();
    stage.story.say(&format!(
        "Elsewhere {} folders were made meanwhile, from {one} and {other}; the slowest took {}.",
        writes.iter().filter(|(_, write)| write.is_ok()).count(),
        seconds(slowest)
    ));
    stage.note(Promise::GoesOn, judge::went_on(&writes));
    Ok(())
}

async fn write_some(client: &Client, from: &str) -> Vec<(String, Result<Duration, String>)> {
    let mut writes = Vec::new();
    for number in 1..=WRITES {
        let folder = v1::Folder { parent: "organizations/demo".to_owned(), ..v1::Folder::default() };
        let start = Instant::now();
        let written = client.folders().create(&format!("{from}-{number}"), folder, &Write::default()).await;
        writes.push((from.to_owned(), written.map(|_| start.elapsed()).map_err(|error| error.to_string())));
    }
    writes
}

/// A list over all regions, asked for elsewhere.
async fn name(stage: &mut Stage<'_>) -> Result<()> {
    let (cut, from) = (stage.cut.clone(), stage.elsewhere().first().cloned().context("no region elsewhere")?);
    let client = stage.client(&from)?;
    let wanted = format!("locations/{cut}");
    let look = async || {
        let parent = format!("{}/locations/-", super::PROJECT);
        let listed = client.clusters().list(&parent, 0, &Read::local().only(from.as_str())).collect().await;
        let listed = listed.with_context(|| format!("list clusters from {from}"))?;
        let names: Vec<String> = listed.items.iter().map(|cluster| cluster.name.clone()).collect();
        let named = listed.unreachable.contains(&wanted);
        Ok(if named { Ok((listed.unreachable, names)) } else { Err("not named yet".to_owned()) })
    };
    let what = format!("{from} to name {cut}");
    let (unreachable, listed) = until(stage.story, &what, NAMED_WITHIN, look).await.unwrap_or_default();
    stage.story.say(&format!(
        "A list of all clusters, asked for in {from}, shows {} and says: unreachable {}.",
        listed.len(),
        unreachable.join(", ")
    ));
    stage.note(Promise::Named, judge::named(cut.as_str(), &unreachable, &listed, &[named(&cut, CLUSTER)]));
    Ok(())
}

/// Until another machine has the place of the one that was killed.
async fn repair(stage: &mut Stage<'_>, own: &Client, killed: &v1::Machine, count: usize) -> Result<()> {
    let (cut, cluster) = (stage.cut.clone(), named(&stage.cut, CLUSTER));
    let look = async || {
        let listed = own.clusters().machines(&cluster, 0, &inside(&cut)).collect().await;
        let machines = listed.with_context(|| format!("list machines of {cluster}"))?.items;
        let deeds = own.clusters().explain(&cluster, &killed.slot, &inside(&cut)).await;
        let deeds = deeds.with_context(|| format!("ask why {} was replaced", killed.slot))?.value;
        let joined = |machine: &&v1::Machine| machine.state() == v1::machine::State::Joined;
        let new = machines.iter().find(|machine| machine.slot == killed.slot && machine.id != killed.id);
        let lack = match new {
            None => "nobody noticed yet".to_owned(),
            Some(new) => format!("{} {}", new.id, new.state().as_str_name().to_lowercase()),
        };
        let whole = machines.iter().filter(joined).count() == count && new.is_some_and(|new| joined(&new));
        Ok(if whole { Ok((machines, deeds)) } else { Err(lack) })
    };
    let waited = until(stage.story, &format!("another {}", killed.slot), RUNS_WITHIN, look).await;
    let (machines, deeds) = match waited {
        Ok(seen) => seen,
        Err(error) => {
            stage.story.say(&format!("{error:#}"));
            (machines(own, stage).await?, Vec::new())
        }
    };
    let verdict = judge::repaired(killed, count, &machines, &deeds);
    if let Some(new) = machines.iter().find(|machine| machine.slot == killed.slot && machine.id != killed.id) {
        stage.story.say(&format!("{cut} replaced {} by {}, which joined; nobody asked for it.", killed.id, new.id));
    }
    stage.note(Promise::Repaired, verdict);
    Ok(())
}

async fn made(stage: &mut Stage<'_>, own: &Client) -> Result<v1::Cluster> {
    let (cut, name) = (stage.cut.clone(), named(&stage.cut, MADE_INSIDE));
    let look = async || {
        let cluster = own.clusters().get(&name, &inside(&cut)).await;
        let cluster = cluster.with_context(|| format!("look at {name}"))?.value;
        Ok(lack(&cluster).map_or(Ok(cluster), Err))
    };
    let cluster = until(stage.story, &format!("`{MADE_INSIDE}`"), RUNS_WITHIN, look).await?;
    report(stage, &cluster);
    Ok(cluster)
}
