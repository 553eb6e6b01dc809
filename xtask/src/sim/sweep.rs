//! Many seeds: one line each in seed order, what failed and how to repeat it, and a summary.
//!
//! A sweep goes on after a failure, because how many seeds fail is itself a finding. With `twice` every seed runs in two
//! processes whose lines must be equal byte for byte: the digest in them covers the whole run, so a difference means that
//! something outside the seed was read.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, RangeInclusive};
use std::time::Duration;

use anyhow::{Result, bail};

use super::order::in_seed_order;
use super::simulator::{Outcome, Simulator, Verdict, field};
use crate::process::{Stopwatch, seconds};

pub struct Sweep {
    pub seeds: RangeInclusive<u64>,
    pub jobs: NonZeroUsize,
    pub twice: bool,
}

/// One seed, run once or twice.
struct Attempt {
    first: Outcome,
    second: Option<Outcome>,
}

/// Runs every seed, and fails if any of them did.
pub fn run(sim: &Simulator, sweep: &Sweep, out: &mut dyn Write) -> Result<()> {
    let stopwatch = Stopwatch::start();
    let mut totals = Totals::default();
    let attempt = |seed| {
        let first = sim.run(seed)?;
        let second = if sweep.twice { Some(sim.run(seed)?) } else { None };
        Ok(Attempt { first, second })
    };
    in_seed_order(&sweep.seeds, sweep.jobs, attempt, |attempt| {
        let passed = show(sim, &attempt, out)?;
        totals.add(&attempt, passed);
        Ok(ControlFlow::Continue(()))
    })?;
    totals.show(sweep, &stopwatch.seconds(), out)?;
    if !totals.failed.is_empty() {
        let failed: Vec<_> = totals.failed.iter().map(u64::to_string).collect();
        bail!("{} failed: seeds {}", failed.len(), failed.join(", "));
    }
    Ok(())
}

/// Where a run went wrong: why, how to repeat it, and its last words.
pub fn show_failure(sim: &Simulator, outcome: &Outcome, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "  {}", outcome.verdict)?;
    writeln!(out, "  reproduce: {}", sim.reproduce(outcome.seed))?;
    let tail = outcome.stderr_tail();
    if !tail.is_empty() {
        writeln!(out, "  last lines of stderr:")?;
    }
    for line in tail {
        writeln!(out, "  | {line}")?;
    }
    Ok(())
}

fn show(sim: &Simulator, attempt: &Attempt, out: &mut dyn Write) -> Result<bool> {
    let Attempt { first, second } = attempt;
    let equal = second.as_ref().is_none_or(|second| second.stdout == first.stdout && second.verdict == first.verdict);
    match second {
        None => writeln!(out, "{}", first.line())?,
        Some(_) if equal => writeln!(out, "{} equal", first.line())?,
        Some(second) => {
            writeln!(out, "{}\n{}\n  the two runs of seed {} differ", first.line(), second.line(), first.seed)?;
            writeln!(out, "  reproduce: {} --twice", sim.reproduce(first.seed))?;
        }
    }
    let failed = [Some(first), second.as_ref()].into_iter().flatten().find(|outcome| outcome.verdict != Verdict::Ok);
    if let Some(outcome) = failed {
        show_failure(sim, outcome, out)?;
    }
    Ok(equal && failed.is_none())
}

#[derive(Default)]
struct Totals {
    passed: usize,
    failed: Vec<u64>,
    counts: [u64; COUNTED.len()],
    /// In the life of clusters.
    cluster_days: f64,
    virtual_time: Duration,
    slowest: Option<(Duration, u64)>,
}

const COUNTED: [&str; 3] = ["acked", "refused", "unknown"];

impl Totals {
    fn add(&mut self, attempt: &Attempt, passed: bool) {
        let seed = attempt.first.seed;
        if passed {
            self.passed += 1;
        } else {
            self.failed.push(seed);
        }
        let line = attempt.first.line();
        for (count, key) in self.counts.iter_mut().zip(COUNTED) {
            *count += field(&line, key).and_then(|value| value.parse().ok()).unwrap_or(0);
        }
        self.cluster_days += field(&line, "cluster-days").and_then(|value| value.parse().ok()).unwrap_or(0.0);
        let virtual_s = field(&line, "virtual").and_then(|value| value.strip_suffix('s')?.parse().ok());
        let virtual_time = virtual_s.and_then(|s| Duration::try_from_secs_f64(s).ok());
        self.virtual_time += virtual_time.unwrap_or_default();
        let wall = attempt.second.as_ref().map_or(attempt.first.wall, |second| second.wall.max(attempt.first.wall));
        self.slowest = self.slowest.max(Some((wall, seed)));
    }

    fn show(&self, sweep: &Sweep, wall: &str, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "\n{} seeds passed, {} failed", self.passed, self.failed.len())?;
        if self.cluster_days > 0.0 {
            writeln!(out, "cluster-days {:.1}", self.cluster_days)?;
        } else {
            for (count, key) in self.counts.iter().zip(COUNTED) {
                write!(out, "{key} {count}, ")?;
            }
            writeln!(out, "virtual time {}", seconds(self.virtual_time))?;
        }
        write!(out, "wall time {wall}, {} at a time", sweep.jobs)?;
        match self.slowest {
            Some((time, seed)) => writeln!(out, ", slowest seed {seed} with {}", seconds(time))?,
            None => writeln!(out)?,
        }
        Ok(())
    }
}
