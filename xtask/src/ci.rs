//! Every check, in the order of its cost, and the one command that repairs what a machine can repair.
//!
//! The list is one array, so that what CI runs is read in one place and a step is added in one line. The checks change no
//! file; `fix` does. They stop at the first failure, because a later step mostly repeats an earlier one's bad news.

use anyhow::{Result, anyhow};

use crate::process::{Stopwatch, cargo};
use crate::{layers, sim};

struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: || cargo(vec!["fmt", "--all", "--check"]) },
    Step { name: "layers", run: layers::run },
    Step { name: "clippy", run: clippy },
    Step { name: "tests", run: tests },
    Step { name: "sim", run: || sim::run(&sim::Args::sweep(40)) },
    Step { name: "sim twice", run: || sim::run(&sim::Args::sweep_twice(4)) },
];

/// Runs every step until one fails; the last line counts them.
pub fn run() -> Result<()> {
    run_steps(STEPS)
}

/// Formats, and applies what clippy can fix by itself. Changes files.
pub fn fix() -> Result<()> {
    cargo(vec!["clippy", "--workspace", "--all-targets", "--fix", "--allow-dirty", "--allow-staged"])?;
    cargo(vec!["fmt", "--all"])
}

/// Unit, integration and doc tests. Benchmarks are only compiled, by clippy: running them here would measure nothing.
pub fn tests() -> Result<()> {
    cargo(vec!["test", "--workspace"])
}

fn clippy() -> Result<()> {
    cargo(vec!["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
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
    println!("\n{:<12} {:>8}  result", "step", "time");
    for (name, time, result) in &table {
        println!("{name:<12} {time:>8}  {result}");
    }
    println!("{:<12} {:>8}", "total", stopwatch.seconds());
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
