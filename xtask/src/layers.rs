//! Checks which crate depends on which, against `xtask/layers.toml`.
//!
//! A boundary that no machine checks does not exist: one convenient dependency is enough to put a runtime below code that
//! must only decide. The rules are data, so that a new edge is a reviewed line. Only direct dependencies are checked, as
//! the manifests declare them; what an allowed external crate drags in is not.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::DependencyKind;
use serde::Deserialize;

use crate::process::workspace;

/// `xtask/layers.toml`; the comment at its top explains each key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    banned_names: BTreeSet<String>,
    crates: BTreeMap<String, Allowed>,
    exclusive: BTreeMap<String, BTreeSet<String>>,
    forbidden: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    may_use: BTreeSet<String>,
    #[serde(default)]
    tests_may_use: BTreeSet<String>,
}

/// One workspace crate, reduced to what the rules speak about.
pub struct Package {
    name: String,
    inherits_lints: bool,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// A path in this repository, not a registry.
    internal: bool,
    only_tests: bool,
}

/// What a graph did wrong, and what the rules mention that is not there (yet).
#[derive(Debug, Default, PartialEq)]
pub struct Report {
    violations: Vec<String>,
    stale: Vec<String>,
}

/// Reads the workspace and the rules, prints every violation, and fails if there is one.
pub fn run() -> Result<()> {
    let metadata = workspace()?;
    let path = metadata.workspace_root.join("xtask/layers.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("read the rules in {path}"))?;
    let rules = toml::from_str(&text).with_context(|| format!("parse the rules in {path}"))?;
    let packages = metadata.workspace_packages().into_iter().map(package).collect::<Result<Vec<_>>>()?;
    let report = check(&packages, &rules);
    for warning in &report.stale {
        println!("warning: {warning}");
    }
    for violation in &report.violations {
        println!("violation: {violation}");
    }
    if !report.violations.is_empty() {
        bail!("{} of the rules in {path} broken, listed above", report.violations.len());
    }
    println!("{} crates keep the rules in xtask/layers.toml", packages.len());
    Ok(())
}

/// The rules, as a function of the graph alone.
fn check(packages: &[Package], rules: &Rules) -> Report {
    let mut report = Report::default();
    for package in packages {
        check_package(package, rules, &mut report.violations);
    }
    let mentioned = rules.exclusive.values().chain(rules.forbidden.values()).flatten();
    let allowed = rules.crates.values().flat_map(|allowed| allowed.may_use.iter().chain(&allowed.tests_may_use));
    for name in mentioned.chain(allowed).collect::<BTreeSet<_>>() {
        if !rules.crates.contains_key(name) {
            report
                .violations
                .push(format!("the rules mention `{name}`, which has no [crates.{name}]; is it misspelt?"));
        }
    }
    for name in rules.crates.keys().filter(|name| !packages.iter().any(|package| package.name == **name)) {
        report.stale.push(format!("[crates.{name}] is stale: the workspace has no such crate"));
    }
    report
}

fn check_package(package: &Package, rules: &Rules, violations: &mut Vec<String>) {
    let name = &package.name;
    if rules.banned_names.contains(name) {
        violations.push(format!("crate `{name}` is named for nothing in particular; name it for what it holds"));
    }
    if !package.inherits_lints {
        violations.push(format!("crate `{name}` ignores the workspace lints; add `[lints]` with `workspace = true`"));
    }
    let Some(allowed) = rules.crates.get(name) else {
        violations.push(format!("crate `{name}` has no rule; add [crates.{name}] to xtask/layers.toml"));
        return;
    };
    for dependency in &package.dependencies {
        let on = &dependency.name;
        let kind = if dependency.only_tests { "dev-depends" } else { "depends" };
        if dependency.internal {
            let for_tests = dependency.only_tests && allowed.tests_may_use.contains(on);
            if !for_tests && !allowed.may_use.contains(on) {
                violations.push(format!("`{name}` {kind} on `{on}`; it may use {}", list(&allowed.may_use)));
            }
            continue;
        }
        for (pattern, owners) in &rules.exclusive {
            if matches(pattern, on) && !owners.contains(name) {
                violations.push(format!("`{name}` {kind} on `{on}`, which is reserved for {}", list(owners)));
            }
        }
        for (pattern, refused) in &rules.forbidden {
            if matches(pattern, on) && refused.contains(name) {
                violations.push(format!("`{name}` {kind} on `{on}`, which is forbidden to {}", list(refused)));
            }
        }
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        "no crate".to_owned()
    } else {
        names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

fn package(package: &cargo_metadata::Package) -> Result<Package> {
    let dependencies = package.dependencies.iter().map(|dependency| Dependency {
        name: dependency.name.clone(),
        internal: dependency.path.is_some(),
        only_tests: dependency.kind == DependencyKind::Development,
    });
    Ok(Package {
        name: package.name.to_string(),
        inherits_lints: inherits_lints(package.manifest_path.as_std_path())?,
        dependencies: dependencies.collect(),
    })
}

/// Cargo's metadata does not tell, so the manifest is asked.
fn inherits_lints(manifest: &Path) -> Result<bool> {
    let text = fs::read_to_string(manifest).with_context(|| format!("read {}", manifest.display()))?;
    let table: toml::Table = toml::from_str(&text).with_context(|| format!("parse {}", manifest.display()))?;
    Ok(table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true))
}
