//! What the tests share: the binaries, a ring to themselves, and `atoll` with files of its own.

use std::{
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use chaos::{
    access::Access,
    ring::{Options, Ring, checked_binary},
    up,
};
use client::{Client, v1};
use ids::RegionId;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    process::Command,
    sync::{Mutex, MutexGuard},
};

/// A node has to make its certificates, open its store and elect; on a busy machine that takes a while.
pub const STARTS_WITHIN: Duration = Duration::from_secs(60);

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A binary of the profile that this test was built in.
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let profile = own.ancestors().nth(2).unwrap();
    checked_binary(&profile.join(name)).unwrap_or_else(|error| {
        panic!("{error}; the tests drive binaries of the profile they are built in, and `cargo xtask test` builds those first")
    })
}

/// A ring of three regions, whole, with no other ring beside it.
pub struct Rig {
    pub ring: Ring,
    pub access: Access,
    pub atoll: Atoll,
    dir: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Rig {
    pub async fn start(members_per_region: u64) -> Self {
        let alone = alone().await;
        let dir = tempfile::tempdir().unwrap();
        let mut ring = Ring::start(options(dir.path(), members_per_region), STARTS_WITHIN).await.unwrap();
        ring.wait_serving(STARTS_WITHIN).await.unwrap();
        let access = ring.access().unwrap();
        let atoll = Atoll { config: dir.path().join("atoll/config.toml") };
        Self { ring, access, atoll, dir, _alone: alone }
    }

    pub fn region(&self, number: usize) -> RegionId {
        self.ring.options.regions[number].clone()
    }

    /// A client that knows every region and prefers this one.
    pub fn client(&self, number: usize) -> Client {
        self.access.client(&self.region(number)).unwrap()
    }

    /// Makes an organization with a project, and returns the project's name. Other clients may be refused in it for a moment: a region
    /// knows of it once the global log's records have come there, and only who has seen it is waited for.
    pub async fn project(&self, client: &Client, id: &str) -> String {
        let options = client::Write::default();
        client.organizations().create(id, v1::Organization::default(), &options).await.unwrap();
        let project = v1::Project { parent: format!("organizations/{id}"), ..Default::default() };
        client.projects().create("web", project, &options).await.unwrap().value.name
    }

    /// Names every endpoint to `atoll`.
    pub async fn add_context(&self) {
        let mut args = vec!["context".to_owned(), "add".to_owned(), "test".to_owned()];
        for node in &self.ring.nodes {
            args.extend(["--endpoint".to_owned(), format!("{}={}", node.region, node.api)]);
        }
        args.extend(["--ca-file".to_owned(), self.ring.authority().display().to_string()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.atoll.ok(&args).await;
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.dir.disable_cleanup(true);
            eprintln!("{}", self.ring.where_the_logs_are());
        }
    }
}

/// Waits until no other test uses the machine.
pub async fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().await
}

pub fn options(dir: &Path, members_per_region: u64) -> Options {
    Options {
        binary: binary("region-node"),
        dir: dir.join("ring"),
        name: "test".to_owned(),
        regions: up::regions().unwrap(),
        members_per_region,
        distances: up::distances().unwrap(),
        tls: true,
        fixed_ports: None,
        multiplier: 1.0,
        log: "info".to_owned(),
        seed: 7,
        cloud: None,
    }
}

/// The command for people, with a contexts file of its own.
pub struct Atoll {
    pub config: PathBuf,
}

impl Atoll {
    pub async fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(binary("atoll"));
        command.env("ATOLL_CONFIG", &self.config).env_remove("XDG_CONFIG_HOME").args(args).kill_on_drop(true);
        command.stdin(std::process::Stdio::null()).output().await.unwrap()
    }

    /// Standard output of a run that succeeds.
    pub async fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args).await;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "atoll {}: {}\n{out}{err}", args.join(" "), output.status);
        out.into_owned()
    }

    /// The same as JSON.
    pub async fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["-o", "json"]].concat()).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("atoll {}: {error}: {text}", args.join(" ")))
    }

    /// Exit code and standard error of a run that fails.
    pub async fn fails(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args).await;
        assert!(!output.status.success(), "atoll {} succeeded", args.join(" "));
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
