//! Canaries: bugs planted on purpose, each of which the simulator must catch.
//!
//! A simulator that finds nothing is either lucky or blind, and only a known bug tells which. A canary counts as caught
//! when a seed reports a violated invariant; a harness that crashes has caught nothing.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, RangeInclusive};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum as _;

use super::order::in_seed_order;
use super::simulator::{Nodes, Simulator, Verdict};
use super::sweep::show_failure;

/// One line of `--list-canaries`.
#[derive(Debug, PartialEq, Eq)]
struct Canary {
    name: String,
    nodes: Nodes,
    description: String,
}

enum Hunt {
    Caught { seeds: u64, invariant: String },
    Missed,
    HarnessFailed { seed: u64 },
}

/// Hunts every canary, or the named one, and fails unless all of them are caught.
pub fn hunt_all(
    sim: &Simulator,
    name: Option<&str>,
    seeds: &RangeInclusive<u64>,
    jobs: NonZeroUsize,
    out: &mut dyn Write,
) -> Result<()> {
    let canaries = select(parse(&sim.ask("--list-canaries")?)?, name)?;
    let mut table = Vec::new();
    let mut failed = Vec::new();
    for canary in canaries {
        writeln!(out, "hunting `{}`: {}", canary.name, canary.description)?;
        let nodes = sim.nodes.unwrap_or(canary.nodes);
        let planted = Simulator { nodes: Some(nodes), canary: Some(canary.name.clone()), ..sim.clone() };
        let (after, by) = match hunt(&planted, seeds, jobs, out)? {
            Hunt::Caught { seeds, invariant } => (format!("{seeds} seeds"), invariant),
            Hunt::Missed => {
                ("NOT CAUGHT".to_owned(), format!("seeds {} to {} found nothing", seeds.start(), seeds.end()))
            }
            Hunt::HarnessFailed { seed } => ("NOT CAUGHT".to_owned(), format!("the harness failed at seed {seed}")),
        };
        if after == "NOT CAUGHT" {
            failed.push(canary.name.clone());
        }
        table.push((canary.name, nodes.as_str(), after, by));
    }
    let width = table.iter().map(|(name, ..)| name.len()).max().unwrap_or(0).max("canary".len());
    writeln!(out, "\n{:<width$}  nodes  {:<12}  by", "canary", "caught after")?;
    for (name, nodes, after, by) in &table {
        writeln!(out, "{name:<width$}  {nodes:<5}  {after:<12}  {by}")?;
    }
    writeln!(out, "{} caught, {} not", table.len() - failed.len(), failed.len())?;
    if !failed.is_empty() {
        bail!("not caught: {}", failed.join(", "));
    }
    Ok(())
}

fn hunt(sim: &Simulator, seeds: &RangeInclusive<u64>, jobs: NonZeroUsize, out: &mut dyn Write) -> Result<Hunt> {
    let mut hunt = Hunt::Missed;
    in_seed_order(
        seeds,
        jobs,
        |seed| sim.run(seed),
        |outcome| {
            match &outcome.verdict {
                Verdict::Ok => return Ok(ControlFlow::Continue(())),
                Verdict::Violated(invariant) => {
                    hunt = Hunt::Caught { seeds: outcome.seed - seeds.start() + 1, invariant: invariant.clone() };
                }
                Verdict::Harness(_) => {
                    hunt = Hunt::HarnessFailed { seed: outcome.seed };
                    show_failure(sim, &outcome, out)?;
                }
            }
            Ok(ControlFlow::Break(()))
        },
    )?;
    Ok(hunt)
}

fn select(mut canaries: Vec<Canary>, name: Option<&str>) -> Result<Vec<Canary>> {
    let known = canaries.iter().map(|canary| canary.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        canaries.retain(|canary| canary.name == name);
        if canaries.is_empty() {
            bail!("--canary {name}: the simulator knows {known}");
        }
    }
    if canaries.is_empty() {
        bail!("the simulator lists no canaries; hunting none would prove nothing");
    }
    Ok(canaries)
}

fn parse(list: &str) -> Result<Vec<Canary>> {
    let canary = |line: &str| {
        let (name, rest) = line.split_once('\t')?;
        let (nodes, description) = rest.split_once('\t')?;
        let nodes = Nodes::from_str(nodes, false).ok()?;
        Some(Canary { name: name.to_owned(), nodes, description: description.to_owned() })
    };
    let expected = "expected name<TAB>1 or 3<TAB>description";
    list.lines().map(|line| canary(line).with_context(|| format!("parse the canary {line:?}: {expected}"))).collect()
}
