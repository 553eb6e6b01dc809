//! Every check, in the order of its cost, and the one command that repairs what a machine can repair.
//!
//! The list is one array, so that what CI runs is read in one place and a step is added in one line. The checks change no
//! file; `fix` does. They stop at the first failure, because a later step mostly repeats an earlier one's bad news.

use anyhow::{Result, anyhow};

use crate::process::{Stopwatch, cargo};
use crate::{layers, sim, up};

/// What links RocksDB, or drives binaries that do. It is built in release only, so that RocksDB is compiled once; and always together,
/// because another selection may give its build script's dependencies other features, which compiles it again.
const RELEASE_ONLY: [&str; 4] = ["adapter-rocksdb", "bench", "region-node", "tests"];

struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: || cargo(vec!["fmt", "--all", "--check"]) },
    Step { name: "layers", run: layers::run },
    Step { name: "clippy", run: clippy },
    Step { name: "tests", run: dev_tests },
    Step { name: "clippy, release", run: release_clippy },
    Step { name: "tests, release", run: release_tests },
    Step { name: "sim", run: || sim::run(&sim::Args::sweep(40)) },
    Step { name: "sim twice", run: || sim::run(&sim::Args::sweep_twice(4)) },
    Step { name: "sim, clusters", run: || sim::run(&sim::Args::lives(2, 12)) },
];

/// Runs every step until one fails; the last line counts them.
pub fn run() -> Result<()> {
    run_steps(STEPS)
}

/// Formats, and applies what clippy can fix by itself. Changes files.
pub fn fix() -> Result<()> {
    let fixing = ["--fix", "--allow-dirty", "--allow-staged"];
    cargo(["clippy", "--all-targets"].into_iter().chain(fixing).collect())?;
    cargo(release_only(&["clippy", "--release", "--all-targets"]).into_iter().chain(fixing).collect())?;
    cargo(vec!["fmt", "--all"])
}

/// Every test of the workspace.
pub fn tests() -> Result<()> {
    dev_tests()?;
    release_tests()
}

/// Unit, integration and doc tests of the default members. Benchmarks are only compiled, by clippy: running them here would measure
/// nothing.
fn dev_tests() -> Result<()> {
    cargo(vec!["test"])
}

/// The rest: the black-box tests drive the binaries, so those are built first.
fn release_tests() -> Result<()> {
    up::build()?;
    cargo(release_only(&["test", "--release"]))
}

fn clippy() -> Result<()> {
    cargo(vec!["clippy", "--all-targets", "--", "-D", "warnings"])
}

fn release_clippy() -> Result<()> {
    let command = release_only(&["clippy", "--release", "--all-targets"]);
    cargo(command.into_iter().chain(["--", "-D", "warnings"]).collect())
}

fn release_only(command: &[&'static str]) -> Vec<&'static str> {
    let packages = RELEASE_ONLY.into_iter().flat_map(|package| ["-p", package]);
    command.iter().copied().chain(packages).collect()
}

fn run_steps(steps: &[Step]) -> Result<()> {
    let stopwatch = Stopwatch::start();
    let mut table = Vec::new();
    let mut failure = None;
    for step in steps {
        if failure.is_some() {
            table.push((step.name, "-".to_owned(), "not run"));
            continue;
        }
        println!("\n== {} ==", step.name);
        let time = Stopwatch::start();
        let result = (step.run)();
        table.push((step.name, time.seconds(), if result.is_ok() { "ok" } else { "FAILED" }));
        failure = result.err().map(|error| (step.name, error));
    }
    println!("\n{:<16} {:>8}  result", "step", "time");
    for (name, time, result) in &table {
        println!("{name:<16} {time:>8}  {result}");
    }
    println!("{:<16} {:>8}", "total", stopwatch.seconds());
    let passed = table.iter().filter(|(_, _, result)| *result == "ok").count();
    println!("{passed} passed, {} failed", u8::from(failure.is_some()));
    failure.map_or(Ok(()), |(name, error)| Err(anyhow!("step `{name}`: {error:#}")))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_first_failure_stops_the_steps_and_is_named() {
        let steps = [
            Step { name: "first", run: || Ok(()) },
            Step { name: "second", run: || bail!("broken") },
            Step { name: "third", run: || panic!("ran after a failure") },
        ];
        assert_eq!(run_steps(&steps).unwrap_err().to_string(), "step `second`: broken");
    }

    #[test]
    fn steps_that_all_pass_are_a_success() {
        run_steps(&[Step { name: "only", run: || Ok(()) }]).unwrap();
    }
}
