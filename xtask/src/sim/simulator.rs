//! One simulator process: how it is started, and how its ending is judged.
//!
//! The exit code and the one line on stdout say the same thing twice, on purpose: a run only counts as good if both say
//! so. A harness that dies, stays silent or contradicts itself is never a pass, and never a caught canary either.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::process::Stopwatch;

const EXIT_OK: i32 = 0;
const EXIT_USAGE: i32 = 2;
const EXIT_VIOLATION: i32 = 3;

/// What one run may take on a slow machine; most take seconds, a life of clusters with a bug half a minute.
const SECONDS_MAX: u64 = 480;
/// More for each hour in the life of clusters, which takes a second or two of them.
const SECONDS_MAX_PER_HOUR: u64 = 30;

const STDERR_LINES_SHOWN_MAX: usize = 40;

/// How many members a simulated group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Nodes {
    #[value(name = "1")]
    One,
    #[value(name = "3")]
    Three,
}

impl Nodes {
    pub fn as_str(self) -> &'static str {
        match self {
            Nodes::One => "1",
            Nodes::Three => "3",
        }
    }
}

/// A program that keeps the contract, and what every run of it is asked.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub program: PathBuf,
    /// Whether the caller named the program, so that a command that repeats a run has to name it too.
    pub is_given: bool,
    pub nodes: Option<Nodes>,
    /// Hours in the life of clusters, instead of the usual run.
    pub hours: Option<u64>,
    pub clusters: Option<u64>,
    pub canary: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// The name of the invariant.
    Violated(String),
    /// The run says nothing about the system: the harness itself failed.
    Harness(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Ok => write!(f, "ok"),
            Verdict::Violated(invariant) => write!(f, "invariant `{invariant}` was violated"),
            Verdict::Harness(why) => write!(f, "harness failure: {why}"),
        }
    }
}

/// Everything one process left behind.
#[derive(Debug)]
pub struct Outcome {
    pub seed: u64,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub verdict: Verdict,
    pub wall: Duration,
}

impl Outcome {
    pub fn line(&self) -> String {
        let text = String::from_utf8_lossy(&self.stdout);
        if text.trim().is_empty() { format!("seed={} (no line)", self.seed) } else { text.trim_end().to_owned() }
    }

    pub fn stderr_tail(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines = text.lines();
        let skipped = lines.clone().count().saturating_sub(STDERR_LINES_SHOWN_MAX);
        lines.skip(skipped).map(str::to_owned).collect()
    }
}

impl Simulator {
    /// Runs one seed to its end and keeps what it prints.
    pub fn run(&self, seed: u64) -> Result<Outcome> {
        self.finish(seed, self.command(seed).stderr(Stdio::piped()))
    }

    /// Runs one seed with its details on our own stderr.
    pub fn run_verbose(&self, seed: u64) -> Result<Outcome> {
        self.finish(seed, self.command(seed).arg("--verbose").stderr(Stdio::inherit()))
    }

    /// What the program prints when asked for one thing other than a run.
    pub fn ask(&self, question: &str) -> Result<String> {
        let output = Command::new(&self.program).arg(question).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("start `{} {question}`", self.program.display()))?;
        if !output.status.success() {
            bail!("`{} {question}`: {}", self.program.display(), ending(output.status));
        }
        String::from_utf8(output.stdout).with_context(|| format!("read the answer to `{question}` as UTF-8"))
    }

    /// The command that runs this seed again, alone and in detail.
    pub fn reproduce(&self, seed: u64) -> String {
        let mut line = format!("cargo xtask sim --seed {seed}");
        let given = self.is_given.then(|| self.program.display().to_string());
        let nodes = self.nodes.map(|nodes| nodes.as_str().to_owned());
        let (canary, [hours, clusters]) = (self.canary.clone(), self.life());
        let all = [("--nodes", nodes), hours, clusters, ("--canary", canary), ("--program", given)];
        for (flag, value) in all {
            if let Some(value) = value {
                line.push_str(&format!(" {flag} {value}"));
            }
        }
        line
    }

    fn life(&self) -> [(&'static str, Option<String>); 2] {
        let text = |number: Option<u64>| number.map(|number| number.to_string());
        [("--hours", text(self.hours)), ("--clusters", text(self.clusters))]
    }

    fn command(&self, seed: u64) -> Command {
        // A run that hangs is ended from outside (coreutils), so that it is a harness failure and not a sweep that never ends.
        let mut command = Command::new("timeout");
        let seconds_max = SECONDS_MAX + self.hours.unwrap_or(0) * SECONDS_MAX_PER_HOUR;
        command.arg(seconds_max.to_string()).arg(&self.program);
        command.arg("--seed").arg(seed.to_string());
        if let Some(nodes) = self.nodes {
            command.arg("--nodes").arg(nodes.as_str());
        }
        for (flag, value) in self.life() {
            if let Some(value) = value {
                command.arg(flag).arg(value);
            }
        }
        if let Some(canary) = &self.canary {
            command.arg("--canary").arg(OsStr::new(canary));
        }
        command
    }

    fn finish(&self, seed: u64, command: &mut Command) -> Result<Outcome> {
        let stopwatch = Stopwatch::start();
        let output = command.stdin(Stdio::null()).stdout(Stdio::piped()).output();
        let output = output.with_context(|| format!("start `{}` for seed {seed}", self.program.display()))?;
        let verdict = judge(seed, output.status, &output.stdout);
        Ok(Outcome { seed, stdout: output.stdout, stderr: output.stderr, verdict, wall: stopwatch.elapsed() })
    }
}

/// The value of `key=value` in a run's line.
pub fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

fn judge(seed: u64, status: ExitStatus, stdout: &[u8]) -> Verdict {
    if !matches!(status.code(), Some(EXIT_OK | EXIT_VIOLATION)) {
        return Verdict::Harness(ending(status));
    }
    let text = String::from_utf8_lossy(stdout);
    let mut lines = text.lines();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Verdict::Harness(format!("{} lines on stdout; a run prints exactly one", text.lines().count()));
    };
    if field(line, "seed") != Some(seed.to_string().as_str()) {
        return Verdict::Harness(format!("the line is not about seed {seed}"));
    }
    let verdict = field(line, "verdict").unwrap_or("missing");
    let invariant = verdict.strip_prefix("violation(").and_then(|rest| rest.strip_suffix(')'));
    match (status.code(), invariant) {
        (Some(EXIT_OK), None) if verdict == "ok" => Verdict::Ok,
        (Some(EXIT_VIOLATION), Some(invariant)) => Verdict::Violated(invariant.to_owned()),
        _ => Verdict::Harness(format!("{} contradicts verdict={verdict}", ending(status))),
    }
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(EXIT_USAGE) => "exit code 2, the simulator does not accept these arguments".to_owned(),
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}
