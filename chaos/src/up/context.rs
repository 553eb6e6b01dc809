//! The context `local` of `atoll`, made by `atoll` itself: its files are its own business, and other contexts stay as they are.

use std::{path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::ring::Ring;

const NAME: &str = "local";

/// Adds or replaces the context, with the demonstration where nothing is named. It becomes the current one if there is none. A ring
/// that was made anew has not seen what the last one of this name had.
pub async fn write(cli: &Path, ring: &Ring, made_anew: bool) -> Result<String> {
    let mut add = ["context", "add", NAME].map(str::to_owned).to_vec();
    for node in &ring.nodes {
        add.extend(["--endpoint".to_owned(), format!("{}={}", node.region, node.api)]);
    }
    add.extend(["--ca-file".to_owned(), ring.authority().display().to_string()]);
    if let Some(first) = ring.options.regions.first() {
        add.extend(["--region".to_owned(), first.to_string()]);
    }
    run(cli, &add).await?;
    if made_anew {
        run(cli, &words(&["context", "forget", NAME])).await?;
    }
    run(cli, &words(&["--context", NAME, "organization", "set", "demo"])).await?;
    run(cli, &words(&["--context", NAME, "project", "set", "shop"])).await?;
    run(cli, &words(&["context", "list"])).await
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn run(cli: &Path, args: &[String]) -> Result<String> {
    let line = format!("{} {}", cli.display(), args.join(" "));
    let mut command = Command::new(cli);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.with_context(|| format!("run `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
