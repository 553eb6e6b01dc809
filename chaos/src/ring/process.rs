//! One child process: started, signalled, waited for, and never left behind.
//!
//! It is killed when this value is dropped, and, where `setpriv` exists (every Debian has it), by the kernel when the harness itself is
//! killed. A dead harness must not leave nine databases running.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// What a process is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    Terminate,
    Kill,
    Pause,
    Resume,
}

impl Send {
    fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::TERM,
            Self::Kill => Signal::KILL,
            Self::Pause => Signal::STOP,
            Self::Resume => Signal::CONT,
        }
    }
}

/// A running child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    what: String,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose output is appended to `log`.
    ///
    /// Call it from a thread that lives as long as the child should: the kernel kills the child when that very thread ends.
    pub fn start(program: &Path, args: &[&str], log: &Path) -> Result<Self> {
        let what = format!("{} {}", program.display(), args.join(" "));
        let output = append(log)?;
        let mut command = guarded(program);
        command.args(args).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        // A group of its own: Ctrl-C in the terminal goes to the harness alone, which then stops its children in order.
        command.process_group(0);
        let child = command.spawn().with_context(|| format!("start `{what}`"))?;
        Ok(Self { child, what, log: log.to_owned() })
    }

    pub fn send(&self, send: Send) -> Result<()> {
        // No id: it has ended and was waited for, so there is nobody to hit by mistake.
        let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else { return Ok(()) };
        kill_process(pid, send.signal()).with_context(|| format!("send {send:?} to `{}`", self.what))
    }

    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        match timeout(within, self.child.wait()).await {
            Ok(status) => status.with_context(|| format!("wait for `{}`", self.what)),
            Err(_) => bail!("`{}` did not end within {within:?}; its log is {}", self.what, self.log.display()),
        }
    }
}

fn append(log: &Path) -> Result<File> {
    if let Some(dir) = log.parent() {
        fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    }
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.with_context(|| format!("open the log {}", log.display()))
}

fn guarded(program: &Path) -> Command {
    if has_setpriv().is_ok() {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        return command;
    }
    Command::new(program)
}

fn has_setpriv() -> io::Result<()> {
    let known = ["/usr/bin/setpriv", "/bin/setpriv"];
    known.iter().any(|path| Path::new(path).exists()).then_some(()).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// The last lines of a file, for a report.
pub fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str, log: &Path) -> Process {
        Process::start(Path::new("/bin/sh"), &["-c", script], log).unwrap()
    }

    #[tokio::test]
    async fn output_goes_to_the_log_and_the_end_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("logs/one.log");
        let mut process = shell("echo out; echo err >&2; exit 3", &log);
        assert_eq!(process.wait(SOON).await.unwrap().code(), Some(3));
        assert_eq!(fs::read_to_string(&log).unwrap(), "out\nerr\n");
        assert_eq!(tail(&log, 1), "err");
        assert!(process.ended().is_some());
        process.send(Send::Kill).expect("signalling what has ended is no error and hits nobody");
    }

    /// Waits until a process is in a state, by the letter that the kernel shows.
    async fn until(id: u32, letter: &str) {
        let file = format!("/proc/{id}/stat");
        let is = || fs::read_to_string(&file).map_or(letter == "Z", |stat| stat.contains(&format!(") {letter} ")));
        let reached = timeout(SOON, async {
            while !is() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        reached.await.expect("the process gets to the state");
    }

    #[tokio::test]
    async fn a_paused_process_does_not_end_and_a_resumed_one_does() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = shell("exec sleep 60", &dir.path().join("log"));
        process.send(Send::Pause).unwrap();
        // Of two signals that wait, the lower number would act first.
        until(process.id().unwrap(), "T").await;
        process.send(Send::Terminate).unwrap();
        assert!(process.wait(Duration::from_millis(200)).await.is_err());
        process.send(Send::Resume).unwrap();
        assert!(!process.wait(SOON).await.unwrap().success());
    }

    #[tokio::test]
    async fn a_dropped_process_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let process = shell("exec sleep 60", &dir.path().join("log"));
        let id = process.id().unwrap();
        drop(process);
        until(id, "Z").await;
    }
}
