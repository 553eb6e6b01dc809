//! The simulated cloud of a ring: a process of its own, beside the regions, so that what there is does not depend on who looks after it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use rand::{SeedableRng, rngs::SmallRng};
use serde::de::DeserializeOwned;
use tokio::{
    net::TcpStream,
    process::Command,
    time::{Instant, sleep},
};

use crate::ring::{
    ports::Ports,
    process::{Process, Send, tail},
};

/// Where it listens if that is free: `cloud-sim` asks there unless told otherwise.
pub const PORT: u16 = 7601;

const STARTS_WITHIN: Duration = Duration::from_secs(30);
const STOPS_WITHIN: Duration = Duration::from_secs(30);

/// The process, which is killed when this is dropped.
pub struct Cloud {
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    process: Process,
}

impl Cloud {
    /// Starts it on what `dir` holds, and waits until it listens: at [`PORT`], or where that is taken, at another one.
    pub async fn start(binary: &Path, dir: &Path) -> Result<Self> {
        let mut rng = SmallRng::seed_from_u64(u64::from(std::process::id()));
        let port = Ports::new().take(Some(PORT), &mut rng)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (data, log) = (dir.join("cloud"), dir.join("logs").join("cloud.log"));
        for needed in [&data, &dir.join("logs")] {
            std::fs::create_dir_all(needed).with_context(|| format!("create {}", needed.display()))?;
        }
        let process = launch(binary, address, &data, &log)?;
        let mut cloud = Self { binary: binary.to_owned(), data, log, address, process };
        cloud.listens().await?;
        Ok(cloud)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The command that asks this one.
    pub fn command(&self) -> String {
        let binary = self.binary.display();
        if self.address.port() == PORT { format!("{binary}") } else { format!("{binary} ... --at {}", self.address) }
    }

    async fn listens(&mut self) -> Result<()> {
        let until = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.process.ended() {
                bail!("the simulated cloud ended with {status}: {}", tail(&self.log, 5));
            }
            if Instant::now() > until {
                bail!("waited {STARTS_WITHIN:?} for the simulated cloud at {}: {}", self.address, tail(&self.log, 5));
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Starts it again if it has ended; what it held is kept.
    pub fn tend(&mut self) -> Result<()> {
        if self.process.ended().is_some() {
            self.process = launch(&self.binary, self.address, &self.data, &self.log)?;
        }
        Ok(())
    }

    /// The accounts that exist in it.
    pub async fn accounts(&self) -> Result<Vec<String>> {
        self.ask(&["accounts"]).await
    }

    /// What one of its own commands says.
    pub async fn ask<T: DeserializeOwned>(&self, command: &[&str]) -> Result<T> {
        let (address, line) = (self.address.to_string(), command.join(" "));
        let mut process = Command::new(&self.binary);
        process.args(command).args(["--at", &address, "-o", "json"]).stdin(Stdio::null()).kill_on_drop(true);
        let output = process.output().await.with_context(|| format!("run `cloud-sim {line}`"))?;
        if !output.status.success() {
            bail!("`cloud-sim {line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("read what `cloud-sim {line}` said"))
    }

    pub async fn stop(mut self) -> Result<()> {
        self.process.send(Send::Terminate)?;
        self.process.wait(STOPS_WITHIN).await.context("stop the simulated cloud")?;
        Ok(())
    }
}

fn launch(binary: &Path, address: SocketAddr, data: &Path, log: &Path) -> Result<Process> {
    let (address, data) = (address.to_string(), data.display().to_string());
    Process::start(binary, &["serve", "--listen", &address, "--data", &data], log)
}
