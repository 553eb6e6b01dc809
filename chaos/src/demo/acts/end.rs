//! The cut is healed: one history, and a bill that is right.

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::{Read, v1};
use ids::RegionId;
use prost_types::Timestamp;

use super::cut::REFUSED;
use crate::demo::{
    bill::{self, Charge},
    judge::{self, seconds},
    promise::{Promise, Verdict},
    stage::{Stage, ticking, until},
};

const EQUAL_WITHIN: Duration = Duration::from_secs(60);

pub async fn all(stage: &mut Stage<'_>, inside: &v1::Cluster) -> Result<()> {
    let cut = stage.cut.clone();
    stage.story.act(&format!("{cut} is back"));
    let healed = stage.story.elapsed();
    stage.ring.mesh.heal();
    stage.story.say("Every link is open again. Nobody tells the regions what to do about it.");
    equal(stage, healed).await?;
    seen_elsewhere(stage, inside).await?;
    no_effect(stage).await?;
    verify(stage).await;
    compare_bills(stage).await
}

type Heads = Vec<(String, Option<v1::LogHead>)>;

/// Until each region's own copy of the global log is where the others are.
async fn equal(stage: &mut Stage<'_>, healed: Duration) -> Result<()> {
    let clients = stage.regions.iter().map(|region| Ok((region.clone(), stage.client(region)?)));
    let clients: Vec<(RegionId, client::Client)> = clients.collect::<Result<_>>()?;
    let look = async || {
        let mut heads: Heads = Vec::new();
        for (region, client) in &clients {
            let read = Read::local().only(region.as_str()).within(Duration::from_secs(3));
            let head = client.logs().head("global", &read).await;
            heads.push((region.to_string(), head.ok().map(|head| head.value)));
        }
        Ok::<_, anyhow::Error>(heads)
    };
    let mut last: Heads = Vec::new();
    let settled = async || {
        last = look().await?;
        Ok(match judge::one_log(&last) {
            Verdict::Held(_) => Ok(()),
            Verdict::Broken(why) | Verdict::NotExamined(why) => Err(why),
        })
    };
    let waited = until(stage.story, "equal copies of the global log", EQUAL_WITHIN, settled).await;
    if waited.is_ok() {
        let took = seconds(stage.story.elapsed().saturating_sub(healed));
        stage.story.say(&format!("{took} later every region has the same global log, by position, chain and digest."));
    }
    stage.note(Promise::OneHistory, judge::one_log(&last));
    Ok(())
}

async fn seen_elsewhere(stage: &mut Stage<'_>, inside: &v1::Cluster) -> Result<()> {
    let from = stage.elsewhere().first().cloned().context("no region elsewhere")?;
    let client = stage.client(&from)?;
    let look = async || {
        let seen = client.clusters().get(&inside.name, &Read::local().only(from.as_str())).await;
        let seen = seen.ok().map(|seen| seen.value);
        Ok(match judge::made_inside(inside, seen.as_ref(), from.as_str()) {
            verdict @ Verdict::Held(_) => Ok(verdict),
            Verdict::Broken(why) | Verdict::NotExamined(why) => Err(why),
        })
    };
    let waited = until(stage.story, "the cluster that was made inside", EQUAL_WITHIN, look).await;
    let verdict = waited.unwrap_or_else(|error| Verdict::Broken(format!("{error:#}")));
    if matches!(verdict, Verdict::Held(_)) {
        stage.story.say(&format!("{from} shows the cluster that was made while {} was away.", stage.cut));
    }
    stage.note(Promise::MadeInside, verdict);
    Ok(())
}

/// What was refused inside is nowhere.
async fn no_effect(stage: &mut Stage<'_>) -> Result<()> {
    let Some((ended, took)) = stage.refusal.take() else { return Ok(()) };
    let client = stage.client(&stage.cut)?;
    let name = format!("organizations/demo/folders/{REFUSED}");
    let effect = match client.folders().get(&name, &Read::linearizable()).await {
        Ok(_) => Some(true),
        Err(error) if error.is("NOT_FOUND") => Some(false),
        Err(_) => None,
    };
    stage.note(Promise::Refused, judge::refused(&ended, took, effect));
    Ok(())
}

/// `atoll log verify` fetches every copy of every log and computes it again.
async fn verify(stage: &mut Stage<'_>) {
    let cli = stage.cli.clone();
    let command = ["log", "verify"].map(str::to_owned);
    let run = Box::pin(cli.run(&command));
    let verdict = match ticking(stage.story, "`atoll log verify`", run).await {
        Ok(said) => {
            let copies = said.lines().filter(|line| line.contains("ok:")).count();
            let wanted = (stage.regions.len() + 1) * stage.ring.nodes.len();
            stage.story.say(&format!(
                "`atoll log verify` computed {copies} copies of {} logs again.",
                stage.regions.len() + 1
            ));
            if copies == wanted {
                Verdict::Held(format!("{copies} copies of {} logs", stage.regions.len() + 1))
            } else {
                Verdict::NotExamined(format!("{copies} copies were told of, {wanted} there are"))
            }
        }
        Err(error) => Verdict::Broken(format!("{error:#}")),
    };
    stage.note(Promise::Verified, verdict);
}

/// Our usage until now, of each machine and in sum, beside the cloud's own bill.
async fn compare_bills(stage: &mut Stage<'_>) -> Result<()> {
    let client = stage.client(stage.regions.first().context("no regions")?)?;
    let status: CloudStatus = stage.cloud.ask(&["status"]).await?;
    let to = i64::try_from(status.now / 1000)?;
    let at = |seconds: i64| Timestamp { seconds, nanos: 0 };
    let request = || v1::QueryUsageRequest {
        parent: "organizations/demo".to_owned(),
        start_time: Some(at(to - 86_400)),
        end_time: Some(at(to)),
        ..v1::QueryUsageRequest::default()
    };
    let look = async || {
        let usage = client.usage().query_all(request(), &Read::default()).await.context("ask for the usage")?.value;
        let behind = usage.regions.iter().find(|region| region.as_of.is_none_or(|as_of| as_of.seconds < to));
        Ok(match (behind, usage.unreachable.first()) {
            (None, None) => Ok(usage),
            (Some(region), _) => Err(format!("{} is not known until then", region.location)),
            (None, Some(away)) => Err(format!("{away} is away")),
        })
    };
    let usage = until(stage.story, "usage until now", EQUAL_WITHIN, look).await;
    let reported = usage.ok().map(|usage| {
        let used = usage.lines.iter().filter_map(|line| line.used.as_ref());
        used.map(|used| used.vcpu_seconds).sum()
    });
    let mut runs = Vec::new();
    for region in &stage.regions {
        runs.extend(bill::runs(&client, region.as_str()).await?);
    }
    let (from, until) = (at(to - 86_400).to_string(), at(to).to_string());
    let charges: Vec<Charge> = stage.cloud.ask(&["bill", "--from", &from, "--to", &until]).await?;
    let verdict = bill::judge(&runs, &charges, reported, u64::try_from(to)?);
    if let Verdict::Held(seen) = &verdict {
        stage.story.say(&format!("Usage by our logs beside the cloud's bill: {seen}."));
    }
    stage.note(Promise::Bill, verdict);
    Ok(())
}

/// As far as this needs it.
#[derive(serde::Deserialize)]
struct CloudStatus {
    /// Unix milliseconds.
    now: u64,
}
