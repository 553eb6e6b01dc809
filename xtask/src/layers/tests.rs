//! Each rule, broken once by the smallest graph that breaks it.
//!
//! A rule that never fires looks exactly like a rule that is kept; these tests tell the two apart.

use super::*;

const RULES: &str = r#"
banned_names = ["util"]
[crates.ids]
may_use = []
[crates.wire]
may_use = ["ids"]
[crates.ledger]
may_use = ["ids", "wire"]
tests_may_use = ["fakes"]
[crates.fakes]
may_use = ["ids"]
[exclusive]
openraft = ["ledger"]
"aws-sdk-*" = []
[forbidden]
tokio = ["wire"]
"#;

fn rules(text: &str) -> Rules {
    toml::from_str(text).unwrap()
}

fn lawful() -> Vec<Package> {
    ["ids", "wire", "ledger", "fakes"].map(|name| package(name, vec![])).into()
}

fn package(name: &str, dependencies: Vec<Dependency>) -> Package {
    Package { name: name.into(), inherits_lints: true, dependencies }
}

fn ours(name: &str) -> Dependency {
    Dependency { name: name.into(), internal: true, only_tests: false }
}

fn theirs(name: &str) -> Dependency {
    Dependency { name: name.into(), internal: false, only_tests: false }
}

fn in_tests(dependency: Dependency) -> Dependency {
    Dependency { only_tests: true, ..dependency }
}

/// Replaces one crate of a graph that keeps every rule, and expects these violations and no others.
#[track_caller]
fn expect(changed: Package, violations: &[&str]) {
    let mut graph = lawful();
    graph.retain(|package| package.name != changed.name);
    graph.push(changed);
    assert_eq!(
        check(&graph, &rules(RULES)),
        Report { violations: violations.iter().map(|v| (*v).into()).collect(), stale: vec![] }
    );
}

#[test]
fn allowed_edges_are_accepted() {
    expect(package("ledger", vec![ours("ids"), ours("wire"), in_tests(ours("fakes")), theirs("openraft")]), &[]);
    expect(package("ledger", vec![in_tests(ours("wire")), theirs("tokio")]), &[]);
}

#[test]
fn an_internal_edge_that_is_not_listed_is_refused() {
    expect(package("wire", vec![ours("ledger")]), &["`wire` depends on `ledger`; it may use ids"]);
    expect(package("ids", vec![in_tests(ours("wire"))]), &["`ids` dev-depends on `wire`; it may use no crate"]);
}

#[test]
fn what_tests_may_use_is_refused_outside_tests() {
    expect(package("ledger", vec![ours("fakes")]), &["`ledger` depends on `fakes`; it may use ids, wire"]);
}

#[test]
fn an_exclusive_crate_is_refused_to_all_but_its_owner() {
    expect(
        package("wire", vec![in_tests(theirs("openraft")), theirs("openraft-macros")]),
        &["`wire` dev-depends on `openraft`, which is reserved for ledger"],
    );
    expect(
        package("ledger", vec![theirs("aws-sdk-ec2")]),
        &["`ledger` depends on `aws-sdk-ec2`, which is reserved for no crate"],
    );
}

#[test]
fn a_forbidden_crate_is_refused_even_in_tests() {
    expect(
        package("wire", vec![in_tests(theirs("tokio"))]),
        &["`wire` dev-depends on `tokio`, which is forbidden to wire"],
    );
}

#[test]
fn a_crate_that_ignores_the_workspace_lints_is_refused() {
    expect(
        Package { inherits_lints: false, ..package("ids", vec![]) },
        &["crate `ids` ignores the workspace lints; add `[lints]` with `workspace = true`"],
    );
}

#[test]
fn a_meaningless_name_and_a_crate_without_a_rule_are_refused() {
    expect(
        package("util", vec![]),
        &[
            "crate `util` is named for nothing in particular; name it for what it holds",
            "crate `util` has no rule; add [crates.util] to xtask/layers.toml",
        ],
    );
}

#[test]
fn a_rule_for_a_crate_that_is_not_there_is_only_stale() {
    let mut graph = lawful();
    graph.retain(|package| package.name != "wire");
    let report = check(&graph, &rules(RULES));
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(report.stale, ["[crates.wire] is stale: the workspace has no such crate"]);
}

#[test]
fn a_misspelt_crate_in_the_rules_is_refused() {
    let report = check(&lawful(), &rules(&RULES.replace("tokio = [\"wire\"]", "tokio = [\"wier\"]")));
    assert_eq!(report.violations, ["the rules mention `wier`, which has no [crates.wier]; is it misspelt?"]);
}

#[test]
fn an_unknown_key_in_the_rules_is_refused() {
    let error = toml::from_str::<Rules>(&RULES.replace("tests_may_use", "test_may_use")).unwrap_err();
    assert!(error.to_string().contains("unknown field `test_may_use`"), "{error}");
}
