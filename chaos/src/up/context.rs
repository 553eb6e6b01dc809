//! The context `local` of `atoll`, made by `atoll` itself: its files are its own business, and other contexts stay as they are.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::ring::Ring;

const NAME: &str = "local";

/// The command `atoll`, with its own contexts file where one is named.
#[derive(Clone, Debug)]
pub struct Cli {
    pub program: PathBuf,
    pub config: Option<PathBuf>,
}

/// All contexts as a table, and how to call the command so that it uses this one.
pub struct Written {
    pub table: String,
    pub command: String,
}

/// Adds or replaces the context, with the demonstration where nothing is named. It becomes the current one if there is none.
pub async fn write(cli: &Cli, ring: &Ring) -> Result<Written> {
    let mut add = ["context", "add", NAME].map(str::to_owned).to_vec();
    for node in &ring.nodes {
        add.extend(["--endpoint".to_owned(), format!("{}={}", node.region, node.api)]);
    }
    add.extend(["--ca-file".to_owned(), ring.authority().display().to_string()]);
    if let Some(first) = ring.options.regions.first() {
        add.extend(["--region".to_owned(), first.to_string()]);
    }
    cli.run(&add).await?;
    cli.run(&words(&["--context", NAME, "organization", "set", "demo"])).await?;
    cli.run(&words(&["--context", NAME, "project", "set", "shop"])).await?;
    let table = cli.run(&words(&["context", "list"])).await?;
    Ok(Written { command: command(&cli.program, &table), table })
}

/// The line of the current context begins with a star.
fn command(cli: &Path, table: &str) -> String {
    let current = table.lines().any(|line| line.split_whitespace().take(2).eq(["*", NAME]));
    let cli = cli.display();
    if current { cli.to_string() } else { format!("{cli} --context {NAME}") }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Cli {
    /// What it says; an error if it does not end well.
    pub async fn run(&self, args: &[String]) -> Result<String> {
        let line = format!("{} {}", self.program.display(), args.join(" "));
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        if let Some(config) = &self.config {
            command.env("ATOLL_CONFIG", config);
        }
        let output = command.output().await.with_context(|| format!("run `{line}`"))?;
        if !output.status.success() {
            bail!("`{line}` failed with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_is_named_where_another_one_is_current() {
        let head = "CURRENT  NAME   REGIONS    PREFERRED  ORGANIZATION\n";
        let atoll = Path::new("bin/atoll");
        assert_eq!(
            command(atoll, &format!("{head}*        local  us-east-1  us-east-1  -\n         other")),
            "bin/atoll"
        );
        let other = format!("{head}         local  us-east-1  us-east-1  -\n*        other");
        assert_eq!(command(atoll, &other), "bin/atoll --context local");
    }
}
