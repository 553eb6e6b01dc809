//! Installs what a fresh Debian machine with Rust on it lacks.
//!
//! A machine that needs one command before it can work stays disposable. Each tool is looked for first and left alone if
//! it answers, so repeating this costs nothing and works offline. It does not install Rust, nor the linker that this very
//! program is linked with when the machine is truly fresh: `.ci/run` does that before it starts xtask.

use anyhow::{Context as _, Result, bail};

use crate::process;

struct Tool {
    name: &'static str,
    /// A command that succeeds exactly when the tool is usable.
    probe: &'static [&'static str],
    source: Source,
}

#[derive(Clone, Copy)]
enum Source {
    DebianPackage(&'static str),
    RustupComponent(&'static str),
}

const TOOLS: &[Tool] = &[
    Tool { name: "cc", probe: &["cc", "--version"], source: Source::DebianPackage("build-essential") },
    Tool { name: "rustfmt", probe: &["cargo", "fmt", "--version"], source: Source::RustupComponent("rustfmt") },
    Tool { name: "clippy", probe: &["cargo", "clippy", "--version"], source: Source::RustupComponent("clippy") },
];

/// Looks for every tool, installs the missing ones, and prints a table of what it found.
pub fn run() -> Result<()> {
    let mut rows = Vec::new();
    for tool in TOOLS {
        let result = if usable(tool) {
            "found"
        } else {
            install(tool.source).with_context(|| format!("install `{}`", tool.name))?;
            if !usable(tool) {
                bail!("`{}` was installed, but `{}` still fails", tool.name, tool.probe.join(" "));
            }
            "installed"
        };
        rows.push((tool.name, result));
    }
    for (name, result) in rows {
        println!("{name:<10} {result}");
    }
    Ok(())
}

fn usable(tool: &Tool) -> bool {
    tool.probe.split_first().is_some_and(|(program, args)| process::answers(program, args))
}

fn install(source: Source) -> Result<()> {
    match source {
        Source::DebianPackage(package) => {
            if !process::answers("apt-get", &["--version"]) {
                bail!("there is no apt-get here; install what Debian calls `{package}` by hand, then run this again");
            }
            as_root(package, &["apt-get", "update"])?;
            as_root(package, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", package])
        }
        Source::RustupComponent(component) => {
            if !process::answers("rustup", &["--version"]) {
                bail!(
                    "there is no rustup here; install the `{component}` that belongs to this Rust, then run this again"
                );
            }
            process::run("rustup", &["component", "add", component])
        }
    }
}

fn as_root(package: &str, command: &[&str]) -> Result<()> {
    match command.split_first() {
        Some((program, args)) if is_root()? => process::run(program, args),
        _ if process::answers("sudo", &["-V"]) => process::run("sudo", command),
        _ => bail!("needs root, and there is no sudo; run `apt-get install {package}` as root, then run this again"),
    }
}

fn is_root() -> Result<bool> {
    let output = std::process::Command::new("id").arg("-u").output().context("ask who we are with `id -u`")?;
    Ok(output.stdout.trim_ascii() == b"0")
}
