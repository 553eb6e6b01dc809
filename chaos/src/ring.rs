//! A ring of real `region-node` processes on loopback: written, started, watched, disturbed and stopped.
//!
//! It exists so that tests, drills and `cargo xtask up` run the very binary that an operator runs, from files that an operator could have
//! written. Between regions every connection goes through the links of [`crate::proxy`]; inside a region it does not.
//!
//! Map: [`config`] the file of one member · `places` who listens where · [`ports`] ports that stay free · [`process`] one child.

pub mod config;
mod places;
pub mod ports;
pub mod process;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use client::Tls;
use futures_util::future::join_all;
use ids::{MemberId, RegionId};
use tokio::time::{Instant, sleep};

use crate::{
    access::{Access, Address},
    proxy::{Mesh, Way},
    view::{Observer, View},
};
use places::{config_of, dir_of, places, tls_dir};
use process::{Process, Send, tail};

/// A node that was told to stop has so long to do it in order.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// One-way delay between two regions.
#[derive(Clone, Debug)]
pub struct Distance {
    pub between: (RegionId, RegionId),
    pub one_way: Duration,
}

/// What to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// The binary `region-node`.
    pub binary: PathBuf,
    /// Where everything of the ring is kept: configurations, data, certificates, logs.
    pub dir: PathBuf,
    pub name: String,
    pub regions: Vec<RegionId>,
    pub members_per_region: u64,
    pub distances: Vec<Distance>,
    pub tls: bool,
    /// Ports that people can remember: member n listens on the first port plus n - 1, if that is free.
    pub fixed_ports: Option<FixedPorts>,
    /// Of every timeout of consensus: more on a slow machine.
    pub multiplier: f64,
    pub log: String,
    pub seed: u64,
    /// Without one the regions have none.
    pub cloud: Option<CloudAt>,
}

/// The process of a simulated cloud, and how regions look at it.
#[derive(Clone, Copy, Debug)]
pub struct CloudAt {
    pub address: SocketAddr,
    /// How often everything is listed.
    pub survey_every: Duration,
}

/// The first port of each kind.
#[derive(Clone, Copy, Debug)]
pub struct FixedPorts {
    pub api: u16,
    pub peer: u16,
    pub telemetry: u16,
}

/// One member and its process.
#[derive(Debug)]
pub struct Node {
    pub member: MemberId,
    pub region: RegionId,
    pub api: String,
    pub telemetry: String,
    pub config: PathBuf,
    pub data: PathBuf,
    pub log: PathBuf,
    process: Option<Process>,
}

/// See the module. Every process is killed when it is dropped.
pub struct Ring {
    pub options: Options,
    pub nodes: Vec<Node>,
    pub mesh: Mesh,
}

impl Ring {
    /// Writes the configurations and opens the links; starts no process yet.
    pub async fn prepare(options: Options) -> Result<Self> {
        let mut mesh = Mesh::new(&options.regions);
        for Distance { between: (one, other), one_way } in &options.distances {
            for (from, to) in [(one, other), (other, one)] {
                mesh.change(from, to, |way| *way = Way::of(*one_way));
            }
        }
        let mut places = places(&options)?;
        let mut nodes = Vec::new();
        for place in &mut places {
            nodes.push(place.node(&options)?);
        }
        for place in &places {
            let config = config_of(place, &places, &options, &mut mesh).await?;
            let file = dir_of(&options, place.member).join("config.toml");
            fs::write(&file, config.to_toml()?).with_context(|| format!("write {}", file.display()))?;
        }
        Ok(Self { options, nodes, mesh })
    }

    /// Starts every process, and waits until the ring is whole.
    pub async fn start(options: Options, within: Duration) -> Result<Self> {
        let mut ring = Self::prepare(options).await?;
        let members: Vec<MemberId> = ring.nodes.iter().map(|node| node.member).collect();
        members.into_iter().try_for_each(|member| ring.launch(member))?;
        ring.wait_serving(within).await?;
        Ok(ring)
    }

    fn node(&mut self, member: MemberId) -> Result<&mut Node> {
        let node = self.nodes.iter_mut().find(|node| node.member == member);
        node.with_context(|| format!("look for {member}: no such member in this ring"))
    }

    /// Members of one region.
    pub fn members_of(&self, region: &RegionId) -> Vec<MemberId> {
        self.nodes.iter().filter(|node| node.region == *region).map(|node| node.member).collect()
    }

    pub fn region_of(&self, member: MemberId) -> Option<&RegionId> {
        self.nodes.iter().find(|node| node.member == member).map(|node| &node.region)
    }

    /// Starts the process of a member.
    pub fn launch(&mut self, member: MemberId) -> Result<()> {
        let binary = self.options.binary.clone();
        let node = self.node(member)?;
        let config = node.config.display().to_string();
        node.process = Some(Process::start(&binary, &["serve", "--config", &config, "--init"], &node.log)?);
        Ok(())
    }

    /// Kills the process of a member, as a power cut would, and waits until it is gone.
    pub async fn kill(&mut self, member: MemberId) -> Result<()> {
        if let Some(mut process) = self.node(member)?.process.take() {
            process.send(Send::Kill)?;
            process.wait(STOP_WITHIN).await?;
        }
        Ok(())
    }

    /// Kills several at one moment.
    pub async fn kill_all(&mut self, members: &[MemberId]) -> Result<()> {
        let hit = self.nodes.iter().filter(|node| members.contains(&node.member));
        hit.filter_map(|node| node.process.as_ref()).try_for_each(|process| process.send(Send::Kill))?;
        for member in members {
            self.kill(*member).await?;
        }
        Ok(())
    }

    /// Lets a member stop in order.
    pub async fn terminate(&mut self, member: MemberId) -> Result<ExitStatus> {
        let process = self.node(member)?.process.take();
        let mut process = process.with_context(|| format!("stop {member}: it does not run"))?;
        process.send(Send::Terminate)?;
        process.wait(STOP_WITHIN).await
    }

    /// Lets a member stand still.
    pub fn pause(&mut self, member: MemberId) -> Result<()> {
        self.node(member)?.process.as_ref().map_or(Ok(()), |process| process.send(Send::Pause))
    }

    pub fn resume(&mut self, member: MemberId) -> Result<()> {
        self.node(member)?.process.as_ref().map_or(Ok(()), |process| process.send(Send::Resume))
    }

    /// Stops all in order, all at once, and says who did not end well.
    pub async fn stop(&mut self) -> Result<()> {
        let running = self.nodes.iter_mut().filter_map(|node| Some((node.member, node.process.take()?)));
        let stopping = running.map(|(member, mut process)| async move {
            process.send(Send::Terminate)?;
            let status = process.wait(STOP_WITHIN).await?;
            if !status.success() {
                bail!("{member} stopped with {status}");
            }
            Ok(())
        });
        let stopped = join_all(stopping).await.into_iter().collect::<Result<()>>();
        stopped.with_context(|| self.where_the_logs_are())
    }

    /// Members whose process has ended by itself.
    pub fn fallen(&mut self) -> Vec<(MemberId, ExitStatus)> {
        let ended = self.nodes.iter_mut().filter_map(|node| Some((node.member, node.process.as_mut()?.ended()?)));
        ended.collect()
    }

    /// The public side.
    pub fn access(&self) -> Result<Access> {
        let tls = if self.options.tls {
            let file = self.authority();
            let pem = fs::read_to_string(&file).with_context(|| format!("read the authority {}", file.display()))?;
            Tls::Authorities { pem }
        } else {
            Tls::System
        };
        let address = |node: &Node| Address { member: node.member, region: node.region.clone(), api: node.api.clone() };
        Ok(Access { addresses: self.nodes.iter().map(address).collect(), tls })
    }

    /// The certificate that clients trust.
    pub fn authority(&self) -> PathBuf {
        tls_dir(&self.options).join("authority/cert.pem")
    }

    /// Waits until every member is connected, every log led and every copy complete.
    pub async fn wait_serving(&mut self, within: Duration) -> Result<View> {
        let deadline = Instant::now() + within;
        // The first start makes the certificates.
        while self.options.tls && !self.authority().exists() {
            self.stumble().await?;
            if Instant::now() >= deadline {
                bail!("waited {within:?} for {}; {}", self.authority().display(), self.where_the_logs_are());
            }
            sleep(Duration::from_millis(50)).await;
        }
        let observer = Observer::new(&self.access()?)?;
        loop {
            self.stumble().await?;
            let view = observer.look().await;
            let Some(lack) = view.unhealthy() else { return Ok(view) };
            if Instant::now() >= deadline {
                bail!("waited {within:?} for the ring: {lack}; {}", self.where_the_logs_are());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// An error if a process has ended that nobody told to.
    async fn stumble(&mut self) -> Result<()> {
        let Some((member, status)) = self.fallen().first().copied() else { return Ok(()) };
        let log = self.node(member)?.log.clone();
        bail!("{member} ended with {status}; the end of {}:\n{}", log.display(), tail(&log, 12))
    }

    pub fn where_the_logs_are(&self) -> String {
        format!("logs are in {}", self.options.dir.join("logs").display())
    }
}

/// What a ring that people look at is run from.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `region-node`.
    pub node: PathBuf,
    /// `atoll`.
    pub cli: PathBuf,
    /// `cloud-sim`.
    pub cloud: PathBuf,
}

/// The binary, or a clear word on how to get one.
pub fn checked_binary(path: &Path) -> Result<PathBuf> {
    if !path.is_file() {
        bail!(
            "looked for {}: not there; build it with `cargo build --release -p region-node -p cli -p adapter-cloud-sim`",
            path.display()
        );
    }
    path.canonicalize().with_context(|| format!("resolve {}", path.display()))
}

#[cfg(test)]
mod tests;
