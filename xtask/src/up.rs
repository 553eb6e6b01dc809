//! `cargo xtask up`, `down`, `demo` and `drill`: builds the binaries and hands over to `chaos`, which knows how to run a ring.
//!
//! What a person waits for is said beforehand: the first build takes long, because RocksDB comes as source. This program becomes
//! `chaos` rather than its parent, so that Ctrl-C and exit codes are between the terminal and the ring alone.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::process::{self, Stopwatch, cargo, workspace};
use crate::setup;

/// What a ring is run from. `region-node` is always among them: its dependencies decide how RocksDB is built, and another selection
/// would build it a second time.
const PACKAGES: [&str; 4] = ["region-node", "cli", "chaos", "adapter-cloud-sim"];
const BINARIES: [&str; 4] = ["region-node", "atoll", "chaos", "cloud-sim"];

/// Sets up, builds, and becomes `chaos up`.
pub fn up(args: &[String]) -> Result<()> {
    setup::run()?;
    let bin = build()?;
    become_chaos(&bin, "up", args)
}

/// Becomes `chaos down`, without building anything but that.
pub fn down(args: &[String]) -> Result<()> {
    let bin = release_dir()?;
    if !bin.join("chaos").is_file() {
        println!("no ring is up: nothing was ever built here");
        return Ok(());
    }
    become_chaos(&bin, "down", args)
}

/// Sets up, builds, and becomes `chaos demo`.
pub fn demo(args: &[String]) -> Result<()> {
    setup::run()?;
    let bin = build()?;
    become_chaos(&bin, "demo", args)
}

/// Sets up, builds, and becomes `chaos drill`.
pub fn drill(args: &[String]) -> Result<()> {
    setup::run()?;
    let bin = build()?;
    become_chaos(&bin, "drill", args)
}

/// Sets up with etcd, builds, and measures both systems.
pub fn bench(args: &[String]) -> Result<()> {
    setup::for_bench()?;
    let bin = build()?;
    // With `region-node`, for the same reason as above.
    cargo(vec!["build", "--release", "-p", "region-node", "-p", "bench"])?;
    let (program, node) = (bin.join("bench").display().to_string(), bin.join("region-node").display().to_string());
    let runs = bench_runs(args);
    // Each is told of, also when one before it failed: figures that were measured are worth having.
    let results: Vec<Result<()>> = runs
        .iter()
        .map(|run| {
            let run: Vec<&str> = run.iter().map(String::as_str).collect();
            process::run(&program, &[&["--region-node", &node], run.as_slice()].concat())
        })
        .collect();
    results.into_iter().collect()
}

/// What `bench` is run with: as asked, or else all that it measures, of a region's log and of the global one.
fn bench_runs(args: &[String]) -> Vec<Vec<String>> {
    if !args.is_empty() {
        return vec![args.to_vec()];
    }
    let targets = ["region", "global"];
    let runs = ["writes", "reads"].into_iter().flat_map(|what| targets.map(|target| [what, "--target", target]));
    runs.map(|run| run.map(str::to_owned).to_vec()).collect()
}

/// Builds the binaries, and says how long that may take. Returns where they are.
pub fn build() -> Result<PathBuf> {
    let bin = release_dir()?;
    let missing: Vec<&str> = BINARIES.into_iter().filter(|name| !bin.join(name).is_file()).collect();
    if !missing.is_empty() {
        println!("building {} into {}", missing.join(", "), bin.display());
        println!(
            "the first time this takes about 24 minutes on 2 cores: RocksDB, which comes as C++ source, takes some 20"
        );
    }
    let stopwatch = Stopwatch::start();
    let packages = PACKAGES.into_iter().flat_map(|package| ["-p", package]);
    cargo(["build", "--release"].into_iter().chain(packages).collect())?;
    if !missing.is_empty() {
        println!("built in {}", stopwatch.seconds());
    }
    Ok(bin)
}

fn release_dir() -> Result<PathBuf> {
    Ok(workspace()?.target_directory.join("release").into())
}

fn become_chaos(bin: &Path, command: &str, args: &[String]) -> Result<()> {
    let program = bin.join("chaos");
    println!("$ {} {command} {}", program.display(), args.join(" "));
    // Returns only if it fails.
    let error = Command::new(&program).arg(command).args(args).exec();
    Err(error).with_context(|| format!("start {}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_that_is_told_nothing_measures_both_logs() {
        let runs: Vec<String> = bench_runs(&[]).iter().map(|run| run.join(" ")).collect();
        assert_eq!(
            runs,
            ["writes --target region", "writes --target global", "reads --target region", "reads --target global"]
        );
        let asked = ["reads".to_owned(), "--callers".to_owned(), "8".to_owned()];
        assert_eq!(bench_runs(&asked), [asked.to_vec()]);
    }
}
