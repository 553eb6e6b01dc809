//! The binary, with a directory of its own, and calls to it.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use adapter_cloud_sim::{Ask, AskError, Caller, RemoteCloud, client::WITHIN_MAX};
use ports::{
    Cloud, TaskScope,
    cloud::{CallSite, CloudRegion, CreateVpc, Tags},
};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// Everything takes a fiftieth of the time that it takes with EC2.
pub const QUICK: &str = "[delays]
launch = 800
join = 600
end = 600
stop = 600
hibernate = 1200
checks = 1200
nat_gateway = 1800
nat_gateway_end = 800
load_balancer = 2400
registration = 600
draining = 1200
volume = 40
call = 2
";

/// How much faster than EC2.
pub const SPEED: u32 = 50;

/// Where the state of a cloud is.
pub struct Place {
    pub dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.configure(QUICK);
        place
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("cloud.toml")
    }

    pub fn configure(&self, text: &str) {
        fs::write(self.config(), text).unwrap();
    }

    /// Arguments of `serve`.
    pub fn serve(&self, address: &str) -> Vec<String> {
        let (data, config) = (self.data(), self.config());
        let args =
            ["serve", "--listen", address, "--data", data.to_str().unwrap(), "--config", config.to_str().unwrap()];
        args.map(str::to_owned).to_vec()
    }

    /// Starts a process on a free port.
    pub fn start(&self) -> Process {
        Process::start(&self.serve("127.0.0.1:0"))
    }
}

/// A process that serves. Killed when dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    said: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Waits until it serves.
    pub fn start(arguments: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-sim"));
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("SIMULATED"), "{line:?}");
        let address = line.split_whitespace().last().unwrap().parse().unwrap();
        Self { child, address, said }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; what it said since it serves.
    pub fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        std::io::read_to_string(&mut self.said).unwrap()
    }

    pub fn cloud(&self) -> Arc<dyn Cloud> {
        Arc::new(RemoteCloud::new(self.address, WITHIN_MAX, TaskScope::default()))
    }

    pub async fn ask<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, AskError> {
        Caller::new(self.address, Duration::from_secs(10), TaskScope::default()).ask(&ask).await
    }

    /// Runs a command against it.
    pub fn command(&self, arguments: &[&str]) -> Output {
        run(&[arguments, &["--at", &self.address.to_string()]].concat())
    }

    /// What a command prints that must succeed.
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cloud-sim")).args(arguments).output().unwrap()
}

/// What a run that was refused said, in one line; its exit code must be 2.
pub fn refused(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.starts_with("cloud-sim: "), "{said}");
    said
}

/// The first account, in eu-west-1.
pub fn site() -> CallSite {
    CallSite::new("000000000001".parse().unwrap(), CloudRegion::new("eu-west-1"))
}

pub fn vpc() -> CreateVpc {
    CreateVpc { cidr: "10.0.0.0/16".parse().unwrap(), tags: Tags::default() }
}
