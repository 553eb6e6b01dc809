//! Installs what a fresh Debian machine with Rust on it lacks.
//!
//! A machine that needs one command before it can work stays disposable. Each tool is looked for first and left alone if
//! it answers, so repeating this costs nothing and works offline. It does not install Rust, nor the linker that this very
//! program is linked with when the machine is truly fresh: `.ci/run` does that before it starts xtask.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::process;

struct Tool {
    name: &'static str,
    why: &'static str,
    probe: Probe,
    source: Source,
}

/// How to see that a tool is usable.
#[derive(Clone, Copy)]
enum Probe {
    /// A command that succeeds exactly then.
    Answers(&'static [&'static str]),
    /// A library is no command.
    Finds(fn() -> bool),
}

#[derive(Clone, Copy)]
enum Source {
    DebianPackage(&'static str),
    RustupComponent(&'static str),
}

/// What building, testing and checking needs. Neither make nor cmake: the C and C++ libraries are compiled by the `cc` crate, file by
/// file.
const TOOLS: &[Tool] = &[
    Tool {
        name: "cc",
        why: "links every binary; compiles AWS-LC and LZ4",
        probe: Probe::Answers(&["cc", "--version"]),
        source: Source::DebianPackage("build-essential"),
    },
    Tool {
        name: "c++",
        why: "compiles RocksDB",
        probe: Probe::Answers(&["c++", "--version"]),
        source: Source::DebianPackage("build-essential"),
    },
    Tool {
        name: "libclang",
        why: "reads RocksDB's C header for its bindings",
        probe: Probe::Finds(finds_libclang),
        source: Source::DebianPackage("libclang-dev"),
    },
    Tool {
        name: "rustfmt",
        why: "formats",
        probe: Probe::Answers(&["cargo", "fmt", "--version"]),
        source: Source::RustupComponent("rustfmt"),
    },
    Tool {
        name: "clippy",
        why: "lints",
        probe: Probe::Answers(&["cargo", "clippy", "--version"]),
        source: Source::RustupComponent("clippy"),
    },
];

/// What only the comparison with etcd needs.
const BENCH_TOOLS: &[Tool] = &[Tool {
    name: "etcd",
    why: "is measured beside",
    probe: Probe::Answers(&["etcd", "--version"]),
    source: Source::DebianPackage("etcd-server"),
}];

/// Looks for every tool, installs the missing ones, and prints a table of what it found.
pub fn run() -> Result<()> {
    install_missing(TOOLS)
}

/// The same, and what `cargo xtask bench` needs.
pub fn for_bench() -> Result<()> {
    install_missing(TOOLS)?;
    install_missing(BENCH_TOOLS)
}

fn install_missing(tools: &[Tool]) -> Result<()> {
    let mut rows = Vec::new();
    for tool in tools {
        let result = if usable(tool.probe) {
            "found"
        } else {
            println!("installing {}, which {}", source_name(tool.source), tool.why);
            install(tool.source).with_context(|| format!("install `{}`, which {}", tool.name, tool.why))?;
            if !usable(tool.probe) {
                bail!("`{}` was installed for `{}`, which is still not usable", source_name(tool.source), tool.name);
            }
            "installed"
        };
        rows.push((tool, result));
    }
    for (tool, result) in rows {
        println!("{:<10} {result:<10} {}", tool.name, tool.why);
    }
    Ok(())
}

fn usable(probe: Probe) -> bool {
    match probe {
        Probe::Answers(command) => command.split_first().is_some_and(|(program, args)| process::answers(program, args)),
        Probe::Finds(finds) => finds(),
    }
}

/// The library itself, where bindgen looks for it, and the compiler's own headers, which Debian packs apart.
fn finds_libclang() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a developer's own choice of where libclang is, which bindgen obeys too"
    )]
    let chosen = std::env::var("LIBCLANG_PATH").is_ok();
    chosen || (has_library(Path::new("/usr/lib"), 3) && has_header(Path::new("/usr/lib")))
}

fn has_library(dir: &Path, depth: u32) -> bool {
    entries(dir).into_iter().any(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        (name.starts_with("libclang") && !name.starts_with("libclang-cpp") && name.contains(".so"))
            || (depth > 1 && path.is_dir() && has_library(&path, depth - 1))
    })
}

/// `llvm-{n}/lib/clang/{n}/include/stddef.h`.
fn has_header(lib: &Path) -> bool {
    let versions = entries(lib).into_iter().filter(|path| path.join("lib/clang").is_dir());
    let mut headers = versions.flat_map(|llvm| entries(&llvm.join("lib/clang")));
    headers.any(|version| version.join("include/stddef.h").is_file())
}

fn entries(dir: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(dir).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::DebianPackage(name) | Source::RustupComponent(name) => name,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_found_by_its_name_and_the_header_in_its_place() {
        let dir = std::env::temp_dir().join(format!("xtask-setup-{}", std::process::id()));
        let headers = dir.join("llvm-14/lib/clang/14/include");
        fs::create_dir_all(&headers).unwrap();
        fs::write(dir.join("llvm-14/lib/libclang-cpp.so.14"), "").unwrap();
        assert!(!has_library(&dir, 3) && !has_header(&dir), "the C++ interface is another library");
        fs::write(dir.join("llvm-14/lib/libclang-14.so.1"), "").unwrap();
        fs::write(headers.join("stddef.h"), "").unwrap();
        assert!(has_library(&dir, 3) && has_header(&dir));
        assert!(!has_library(&dir, 2), "too deep");
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_answers_is_usable() {
        assert!(usable(Probe::Answers(&["true"])));
        assert!(!usable(Probe::Answers(&["false"])) && !usable(Probe::Answers(&["no-such-program-anywhere"])));
    }
}
