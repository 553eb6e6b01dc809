//! A region node and a simulated cloud, as processes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};

use super::ask;
use crate::processes::{Processes, free_ports};

pub const REGION: &str = "eu-west-1";
/// How many clusters an organization has: about as many as its addresses in a region are enough for.
pub const PER_ORGANIZATION: usize = 100;
/// How long either process may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(300);

/// While clusters are made: a cloud that takes hardly any time, in milliseconds.
const QUICK: [(&str, u64); 8] = [
    ("launch", 500),
    ("join", 500),
    ("checks", 500),
    ("nat_gateway", 500),
    ("load_balancer", 500),
    ("registration", 500),
    ("volume", 200),
    ("call", 10),
];
/// As EC2.
const USUAL: [(&str, u64); 8] = [
    ("launch", 40_000),
    ("join", 30_000),
    ("checks", 60_000),
    ("nat_gateway", 90_000),
    ("load_balancer", 120_000),
    ("registration", 30_000),
    ("volume", 2_000),
    ("call", 100),
];

/// See the module.
pub struct World {
    pub count: usize,
    node: Processes,
    cloud: Processes,
    program: PathBuf,
    pub dir: PathBuf,
    ports: Ports,
}

/// Where they listen, and how many clusters there are: what is kept beside the data of a world that is kept.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Ports {
    clusters: usize,
    api: u16,
    peer: u16,
    telemetry: u16,
    cloud: u16,
}

impl World {
    pub async fn start(node: &Path, cloud: &Path, dir: &Path, count: usize) -> Result<Self> {
        let [api, peer, telemetry, cloud_port] = free_ports::<4>()?;
        let ports = Ports { clusters: count, api, peer, telemetry, cloud: cloud_port };
        fs::write(dir.join("world.json"), serde_json::to_vec(&ports)?)?;
        let organizations = count.div_ceil(PER_ORGANIZATION);
        let delays: Vec<String> = QUICK.iter().map(|(name, ms)| format!("{name} = {ms}")).collect();
        let text = format!("accounts = {organizations}\naudit_max = 1000\n\n[delays]\n{}\n", delays.join("\n"));
        fs::write(dir.join("cloud.toml"), text)?;
        let text = format!(
            "ring = \"bench\"\nmember = 1\nregion = \"{REGION}\"\n\n[data]\ndir = \"{dir}/m1\"\n\n[listen]\n\
             api = \"127.0.0.1:{api}\"\npeer = \"127.0.0.1:{peer}\"\ntelemetry = \"127.0.0.1:{telemetry}\"\n\n\
             [tls]\nmode = \"off\"\n\n[telemetry]\nlog = \"warn\"\nsample = 0.0\n\n\
             [cloud]\nsimulated = \"127.0.0.1:{cloud_port}\"\n\n[[members]]\nid = 1\nregion = \"{REGION}\"\n\
             api = \"http://127.0.0.1:{api}\"\npeer = \"127.0.0.1:{peer}\"\n",
            dir = dir.display(),
        );
        fs::write(dir.join("m1.toml"), text)?;
        Self::begin(node, cloud, dir, ports, true).await
    }

    /// Over what [`Self::start`] and the phases left in a directory.
    pub async fn over(node: &Path, cloud: &Path, dir: &Path) -> Result<Self> {
        let path = dir.join("world.json");
        let kept = fs::read(&path).with_context(|| format!("read {}: no world was kept here", path.display()))?;
        Self::begin(node, cloud, dir, serde_json::from_slice(&kept)?, false).await
    }

    async fn begin(node: &Path, cloud: &Path, dir: &Path, ports: Ports, init: bool) -> Result<Self> {
        let mut command = Command::new(cloud);
        command.args(["serve", "--seed", "7", "--listen", &format!("127.0.0.1:{}", ports.cloud), "--config"]);
        command.arg(dir.join("cloud.toml")).arg("--data").arg(dir.join("cloud"));
        let mut cloud = Processes::default();
        cloud.start(&mut command, &dir.join("cloud.log"))?;
        let (program, dir, count) = (node.to_owned(), dir.to_owned(), ports.clusters);
        let mut world = Self { count, node: Processes::default(), cloud, program, dir, ports };
        world.start_node(init)?;
        let until = Instant::now() + STARTS_WITHIN;
        while world.accounts().await.is_err() || world.keeping().await.is_err() {
            if Instant::now() > until {
                bail!("waited for a node and a cloud: see the logs in {}", world.dir.display());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(world)
    }

    fn start_node(&mut self, init: bool) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("serve").args(init.then_some("--init")).arg("--config").arg(self.dir.join("m1.toml"));
        self.node.start(&mut command, &self.dir.join(if init { "m1.log" } else { "m1-again.log" }))
    }

    /// Kills the node where it stands, and starts it on what its disk holds.
    pub fn restart(&mut self) -> Result<()> {
        drop(std::mem::take(&mut self.node));
        self.start_node(false)
    }

    /// A connection to the API of its own.
    pub async fn channel(&self) -> Result<Channel> {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", self.ports.api))?;
        Ok(endpoint.tcp_nodelay(true).connect_timeout(Duration::from_secs(2)).connect().await?)
    }

    pub fn node_pids(&self) -> Vec<u32> {
        self.node.pids()
    }

    pub fn cloud_pids(&self) -> Vec<u32> {
        self.cloud.pids()
    }

    /// How the node keeps its clusters.
    pub async fn keeping(&self) -> Result<Value> {
        let status = ask::get(self.ports.telemetry, "/status").await?;
        Ok(status.get("keeping").cloned().unwrap_or_default())
    }

    /// Keys that do not rest yet, or were never looked at. `None`: the node does not say.
    pub async fn under_way(&self) -> Result<Option<u64>> {
        let keeping = self.keeping().await?;
        let of = |field: &str| keeping.get(field).and_then(Value::as_u64);
        Ok(of("unsettled").zip(of("unseen")).map(|(unsettled, unseen)| unsettled + unseen))
    }

    /// The place of the last record of the region's log.
    pub async fn records(&self) -> Result<u64> {
        let status = ask::get(self.ports.telemetry, "/status").await?;
        let name = format!("region/{REGION}");
        let logs = status.get("logs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let log = logs.iter().find(|log| log.get("log").and_then(Value::as_str) == Some(&name));
        log.and_then(|log| log.get("seq")?.as_u64()).context("read the node's status: its log is missing")
    }

    pub async fn accounts(&self) -> Result<Vec<String>> {
        Ok(serde_json::from_value(ask::post(self.ports.cloud, &json!("Accounts")).await?)?)
    }

    /// Machines that run.
    pub async fn machines(&self) -> Result<u64> {
        let status = ask::post(self.ports.cloud, &json!("Status")).await?;
        let states: Vec<(String, u64)> = serde_json::from_value(status.get("instances").cloned().unwrap_or_default())?;
        Ok(states.into_iter().filter(|(state, _)| state == "running").map(|(_, count)| count).sum())
    }

    /// From now on the cloud takes its time.
    pub async fn usual_delays(&self) -> Result<()> {
        let turns: Vec<(String, String)> =
            USUAL.iter().map(|(name, ms)| ((*name).to_owned(), ms.to_string())).collect();
        ask::post(self.ports.cloud, &json!({ "Turn": turns })).await.map(drop)
    }

    /// Terminates a machine behind the region's back.
    pub async fn kill(&self, machine: &str) -> Result<()> {
        ask::post(self.ports.cloud, &json!({ "Tamper": { "Kill": machine } })).await.map(drop)
    }
}
