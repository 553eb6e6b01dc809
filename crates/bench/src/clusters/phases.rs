//! What is measured, one after the other, of one number of clusters.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use api::v1::{
    Cluster, GetClusterRequest, ListMachinesRequest, ReadOptions, UpdateClusterRequest,
    clusters_client::ClustersClient, read_options,
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    Clusters,
    figures::{Figures, Quantiles, Started},
    fill,
    world::World,
};
use crate::processes::{cpu, memory};

/// How long nothing may change while clusters are made.
const STUCK_AFTER: Duration = Duration::from_secs(900);
/// How long a node may take to serve again.
const SERVES_WITHIN: Duration = Duration::from_secs(300);
/// How long all repairs may take to begin.
const REPAIRED_WITHIN: Duration = Duration::from_secs(300);

pub async fn all(mut world: World, asked: &Clusters) -> Result<Figures> {
    let empty = memory(&world.node_pids());
    let began = Instant::now();
    let (node_before, cloud_before) = (cpu(&world.node_pids()), cpu(&world.cloud_pids()));
    fill::prepare(&world).await?;
    fill::ask(&world, asked.callers, asked.under_way).await?;
    settled(&world).await?;
    let filled = memory(&world.node_pids());
    let mut figures = Figures {
        clusters: world.count,
        machines: world.machines().await?,
        records: world.records().await?,
        fill_s: began.elapsed().as_secs_f64(),
        fill_node_cpu_s: (cpu(&world.node_pids()) - node_before).as_secs_f64(),
        fill_cloud_cpu_s: (cpu(&world.cloud_pids()) - cloud_before).as_secs_f64(),
        empty_mib: mib(empty.resident),
        filled_mib: mib(filled.resident),
        filled_peak_mib: mib(filled.peak),
        snapshot_mib: mib(snapshots(&world.dir)?),
        ..Figures::default()
    };
    world.usual_delays().await?;
    eprintln!("{} clusters are made: {figures:?}", world.count);
    rest(&mut world, asked, &mut figures).await?;
    Ok(figures)
}

/// What is measured once clusters are made, over a world in which they are.
pub async fn again(mut world: World, asked: &Clusters) -> Result<Figures> {
    let mut figures = Figures {
        clusters: world.count,
        machines: world.machines().await?,
        records: world.records().await?,
        snapshot_mib: mib(snapshots(&world.dir)?),
        ..Figures::default()
    };
    world.usual_delays().await?;
    rest(&mut world, asked, &mut figures).await?;
    Ok(figures)
}

async fn rest(world: &mut World, asked: &Clusters, figures: &mut Figures) -> Result<()> {
    restart(world, figures).await?;
    eprintln!("restarted, and looked at all of them: {figures:?}");
    steady(world, asked.minutes, figures).await?;
    eprintln!("at rest: {figures:?}");
    repairs(world, usize::try_from(asked.kills)?, figures).await
}

fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

fn snapshots(dir: &Path) -> Result<u64> {
    let files = std::fs::read_dir(dir.join("m1/snapshots"))?;
    files.map(|file| anyhow::Ok(file?.metadata()?.len())).sum()
}

fn number(of: &Value, field: &str) -> u64 {
    of.get(field).and_then(Value::as_u64).unwrap_or(u64::MAX)
}

/// Waits until every cluster is as wished and every account was listed.
async fn settled(world: &World) -> Result<()> {
    let (mut calm, mut last, mut since) = (0, String::new(), Instant::now());
    while calm < 3 {
        sleep(Duration::from_secs(2)).await;
        let keeping = world.keeping().await?;
        let listed = number(&keeping, "accounts") == number(&keeping, "accounts_listed");
        let all = number(&keeping, "keys") >= world.count as u64 && number(&keeping, "unseen") == 0;
        let rests = number(&keeping, "unsettled") == 0 && number(&keeping, "running") == 0;
        calm = if listed && all && rests { calm + 1 } else { 0 };
        let stands = format!("{:?}", ["keys", "unsettled", "calls"].map(|field| keeping.get(field)));
        if stands != last {
            (last, since) = (stands, Instant::now());
        }
        if number(&keeping, "quarantined") != 0 || since.elapsed() > STUCK_AFTER {
            bail!("waited for clusters to be made: {keeping}");
        }
    }
    Ok(())
}

/// A kill, and how long until reads and writes are served, and until every cluster was looked at.
async fn restart(world: &mut World, figures: &mut Figures) -> Result<()> {
    let began = Instant::now();
    world.restart()?;
    let name = fill::name(world.count / 2);
    figures.restart_read_ms = first(world, began, |mut client| {
        let read = ReadOptions { level: read_options::Level::Local.into(), ..ReadOptions::default() };
        let request = GetClusterRequest { name: name.clone(), read: Some(read) };
        async move { client.get_cluster(request).await.is_ok() }
    })
    .await?;
    figures.restart_write_ms = first(world, began, |mut client| {
        let cluster = Cluster { name: name.clone(), description: "written again".to_owned(), ..Cluster::default() };
        let request =
            UpdateClusterRequest { cluster: Some(cluster), request_id: fill::request_id(), ..Default::default() };
        async move { client.update_cluster(request).await.is_ok() }
    })
    .await?;
    figures.restart_cpu_s = cpu(&world.node_pids()).as_secs_f64();
    figures.restarted_mib = mib(memory(&world.node_pids()).resident);
    settled(world).await?;
    let pass = number(&world.keeping().await?, "first_pass_ms");
    figures.first_pass_s = Duration::from_millis(pass).as_secs_f64();
    figures.first_pass_cpu_s = cpu(&world.node_pids()).as_secs_f64() - figures.restart_cpu_s;
    Ok(())
}

/// Milliseconds since `began` until a call succeeds.
async fn first<F: Future<Output = bool>>(
    world: &World,
    began: Instant,
    call: impl Fn(ClustersClient<tonic::transport::Channel>) -> F,
) -> Result<u64> {
    while began.elapsed() < SERVES_WITHIN {
        if let Ok(channel) = world.channel().await
            && call(ClustersClient::new(channel)).await
        {
            return Ok(u64::try_from(began.elapsed().as_millis())?);
        }
        sleep(Duration::from_millis(20)).await;
    }
    bail!("waited for the node to serve again: see the logs in {}", world.dir.display())
}

/// Processor time while nothing happens.
async fn steady(world: &World, minutes: u64, figures: &mut Figures) -> Result<()> {
    sleep(Duration::from_secs(10)).await;
    let (began, before) = (Instant::now(), cpu(&world.node_pids()));
    sleep(Duration::from_secs(minutes * 60)).await;
    let used = cpu(&world.node_pids()) - before;
    figures.steady_cpu_percent = used.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let memory = memory(&world.node_pids());
    (figures.steady_mib, figures.peak_mib) = (mib(memory.resident), mib(memory.peak));
    Ok(())
}

/// Kills machines of as many clusters, spread over a minute, and looks when the repair of each began.
async fn repairs(world: &World, kills: usize, figures: &mut Figures) -> Result<()> {
    let mut client = ClustersClient::new(world.channel().await?);
    let mut killed: BTreeMap<String, u64> = BTreeMap::new();
    for kill in 0..kills {
        // An odd step: machines of both kinds of clusters.
        let cluster = fill::name((kill * ((world.count / kills) | 1)) % world.count);
        let request = ListMachinesRequest { parent: cluster.clone(), ..ListMachinesRequest::default() };
        let machines = client.list_machines(request).await.context("listed machines")?.into_inner().machines;
        let machine = machines.last().with_context(|| format!("read the machines of {cluster}: there is none"))?;
        killed.insert(cluster, unix_ms());
        world.kill(&machine.id).await?;
        sleep(Duration::from_secs(60) / u32::try_from(kills)?).await;
    }
    let until = Instant::now() + REPAIRED_WITHIN;
    let started = loop {
        let started = begun(&world.keeping().await?, &killed);
        if started.len() == killed.len() || Instant::now() > until {
            break started;
        }
        sleep(Duration::from_secs(1)).await;
    };
    figures.kills = killed.len();
    figures.repairs_begun = started.len();
    let of = |what: fn(&Started) -> u64| Quantiles::of(started.iter().map(what).collect());
    figures.kill_to_seen_ms = of(|of| of.seen.saturating_sub(of.killed));
    figures.listing_to_call_ms = of(|of| of.called.saturating_sub(of.listed));
    figures.seen_to_call_ms = of(|of| of.called.saturating_sub(of.seen));
    Ok(())
}

/// The repairs that began after these kills.
fn begun(keeping: &Value, killed: &BTreeMap<String, u64>) -> Vec<Started> {
    let repairs = keeping["repairs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |(cluster, killed): (&String, &u64)| {
        let after = |repair: &&Value| repair["key"] == cluster.as_str() && number(repair, "seen_ms") >= *killed;
        let repair = repairs.iter().find(after)?;
        let [listed, seen, called] = ["listed_ms", "seen_ms", "called_ms"].map(|field| number(repair, field));
        Some(Started { killed: *killed, listed, seen, called })
    };
    killed.iter().filter_map(of).collect()
}

#[expect(clippy::disallowed_methods, reason = "compared with what a process of this machine says of its wall clock")]
fn unix_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
