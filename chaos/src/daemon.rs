//! `up --detach` and `down`: a ring that outlives the terminal it was started from.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use chaos::{
    ring::process::tail,
    up::{Wishes, state::State},
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

const UP_WITHIN: Duration = Duration::from_secs(180);
const DOWN_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// Where a ring says that it is up: the file given, or one in the user's state directory.
pub fn state_file(given: Option<PathBuf>) -> Result<PathBuf> {
    let set = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    match (given, set, std::env::home_dir()) {
        (Some(file), _, _) => std::path::absolute(file).context("resolve --state"),
        (None, Some(dir), _) => Ok(dir.join("atoll/up.toml")),
        (None, None, Some(home)) => Ok(home.join(".local/state/atoll/up.toml")),
        (None, None, None) => bail!("find the state directory: neither XDG_STATE_HOME nor HOME is set; pass --state"),
    }
}

/// Starts this program again without a terminal, and waits until its ring can be called.
pub async fn detach(wishes: &Wishes) -> Result<()> {
    if let Some(State { pid, dir, .. }) = State::read(&wishes.state)? {
        bail!("a ring is up already (process {pid}, in {}); `cargo xtask down` stops it", dir.display());
    }
    let log = wishes.state.with_extension("log");
    fs::create_dir_all(wishes.state.parent().unwrap_or_else(|| Path::new("/")))
        .context("create the state directory")?;
    let output = File::create(&log).with_context(|| format!("create {}", log.display()))?;
    let mut command = Command::new(std::env::current_exe().context("find this program's own path")?);
    command.arg("up").arg("--nodes").arg(wishes.nodes_per_region.to_string());
    command
        .arg("--state")
        .arg(&wishes.state)
        .arg("--node")
        .arg(&wishes.programs.node)
        .arg("--cli")
        .arg(&wishes.programs.cli)
        .arg("--cloud")
        .arg(&wishes.programs.cloud);
    if let Some(dir) = &wishes.data {
        command.arg("--data").arg(dir);
    }
    if !wishes.delay {
        command.arg("--no-delay");
    }
    // A group of its own, so that the terminal's Ctrl-C and its end are not meant for it.
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
    let mut child = command.spawn().context("start this program in the background")?;
    let deadline = Instant::now() + UP_WITHIN;
    loop {
        if let Some(status) = child.try_wait().context("look after the background process")? {
            bail!("the ring ended with {status}; the end of {}:\n{}", log.display(), tail(&log, 15));
        }
        if State::read(&wishes.state)?.is_some_and(|state| state.ready && state.pid == child.id()) {
            println!("{}", fs::read_to_string(&log).unwrap_or_default().trim_end());
            println!("\nup in the background; its output is in {}; `cargo xtask down` stops it", log.display());
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("waited {UP_WITHIN:?} for the ring to come up; the end of {}:\n{}", log.display(), tail(&log, 15));
        }
        sleep(POLL).await;
    }
}

/// Stops the ring that is up, in order, and waits until it is gone.
pub async fn down(file: &Path) -> Result<()> {
    let Some(state) = State::read(file)? else {
        println!("no ring is up");
        return Ok(());
    };
    let pid = i32::try_from(state.pid).ok().and_then(Pid::from_raw);
    kill_process(pid.with_context(|| format!("stop process {}: no such id", state.pid))?, Signal::TERM)
        .with_context(|| format!("stop process {}", state.pid))?;
    let deadline = Instant::now() + DOWN_WITHIN;
    while state.is_alive() {
        if Instant::now() >= deadline {
            bail!("waited {DOWN_WITHIN:?} for process {} to stop", state.pid);
        }
        sleep(POLL).await;
    }
    println!("stopped");
    Ok(())
}
