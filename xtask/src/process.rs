//! Running commands and measuring time: what every other module here needs.
//!
//! A developer must be able to repeat by hand whatever a command did, so each command line is printed before it runs and
//! repeated in the error when it fails. Programs are found on `PATH`; nothing goes through a shell.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};

/// Runs `cargo` with the terminal's own input and output.
pub fn cargo(args: Vec<&str>) -> Result<()> {
    run("cargo", &args)
}

/// Runs a program with the terminal's own input and output, and fails unless it succeeds.
pub fn run(program: &str, args: &[&str]) -> Result<()> {
    let line = format!("{program} {}", args.join(" "));
    println!("$ {line}");
    let status = Command::new(program).args(args).status().with_context(|| format!("start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed with {status}; its own output above says why");
    }
    Ok(())
}

/// Whether a program exists and answers, without showing anything.
pub fn answers(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The workspace as cargo sees it, without resolving (or downloading) anything.
pub fn workspace() -> Result<Metadata> {
    MetadataCommand::new().no_deps().exec().context("read the workspace with `cargo metadata --no-deps`")
}

/// Measures real time. A developer's tool runs on the host's clock; nothing here is simulated.
#[derive(Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this measures the developer's waiting time")]
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub fn seconds(self) -> String {
        seconds(self.elapsed())
    }
}

/// How every duration is shown here.
pub fn seconds(duration: Duration) -> String {
    format!("{:.1}s", duration.as_secs_f64())
}
