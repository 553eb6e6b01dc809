//! `atoll policy`.

use std::{fs, path::Path};

use client::{
    Answered,
    v1::{self, ClusterRule, cluster_rule::Says},
};
use serde::Deserialize;
use serde_json::Value;

use super::{deleting::said, reading::rows};
use crate::{
    args::{ClusterPolicyCommand, Format, Writing, rule},
    fail::Fail,
    output::{note, say},
    session::Session,
    view::{json::Object, policies::written},
};

pub async fn run(session: &Session, command: ClusterPolicyCommand) -> Result<(), Fail> {
    match command {
        ClusterPolicyCommand::Show { node } => show(session, &node).await,
        ClusterPolicyCommand::Set { node, rules, writing } => {
            let kind = |rule: &ClusterRule| (rule.decision.clone(), limits(rule));
            let said = |had: &ClusterRule| rules.iter().any(|rule| kind(rule) == kind(had));
            change(session, &node, &writing, |had| {
                had.retain(|rule| !said(rule));
                had.extend(rules.clone());
            })
            .await
        }
        ClusterPolicyCommand::Unset { node, decisions, all, writing } => {
            change(session, &node, &writing, |had| had.retain(|rule| !all && !decisions.contains(&rule.decision))).await
        }
        ClusterPolicyCommand::Export { node } => export(session, &node).await,
        ClusterPolicyCommand::Import { file, writing } => import(session, &file, &writing).await,
    }
}

/// What of a decision a rule speaks of: one that is said again replaces the one before.
fn limits(rule: &ClusterRule) -> u8 {
    match rule.says() {
        Says::Default | Says::Unspecified => 0,
        Says::Require | Says::OneOf => 1,
        Says::AtLeast => 2,
        Says::AtMost => 3,
    }
}

async fn get(session: &Session, node: &str) -> Result<Answered<v1::ClusterPolicy>, Fail> {
    let name = format!("{}/clusterPolicy", session.names.node(node)?);
    let found = session.client.cluster_policies().get(&name, &session.read()).await;
    found.map_err(|error| session.failed(&format!("get {name}"), &error))
}

/// What the node says, and then what is said above it, from the root down.
async fn show(session: &Session, node: &str) -> Result<(), Fail> {
    let found = get(session, node).await?;
    if session.output.for_programs() {
        return session.output.one(&found);
    }
    let line = |rule: &ClusterRule, from: &str| vec![rule.decision.clone(), written(rule), from.to_owned()];
    let direct = found.value.rules.iter().map(|rule| line(rule, "here"));
    let inherited = found.value.inherited.iter().map(|rule| line(rule, &rule.node));
    let lines: Vec<Vec<String>> = direct.chain(inherited).collect();
    if lines.is_empty() {
        note("nothing is said there or above: clusters are what their types make of them");
    } else {
        rows(session, &["DECISION", "RULE", "FROM"], lines, Value::Null)?;
    }
    session.output.origin(&found.region, found.member, Some(found.age), Some(found.tries));
    Ok(())
}

/// Reads what is said, changes it, and writes it where nobody else did meanwhile.
async fn change(
    session: &Session,
    node: &str,
    writing: &Writing,
    change: impl FnOnce(&mut Vec<ClusterRule>),
) -> Result<(), Fail> {
    let mut policy = get(session, node).await?.value;
    change(&mut policy.rules);
    policy.inherited.clear();
    write(session, policy, writing).await
}

async fn write(session: &Session, policy: v1::ClusterPolicy, writing: &Writing) -> Result<(), Fail> {
    let name = policy.name.clone();
    let made = session.client.cluster_policies().update(policy, &session.write(writing)).await;
    let made = made.map_err(|error| session.failed(&format!("set {name}"), &error))?;
    session.output.wrote(&said("set", writing.dry_run), &made)
}

/// A policy as a file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    etag: String,
    /// As they are typed.
    rules: Vec<String>,
}

async fn export(session: &Session, node: &str) -> Result<(), Fail> {
    let policy = get(session, node).await?.value;
    let Value::Object(mut file) = Object::default().text("name", &policy.name).text("etag", &policy.etag).done() else {
        return Ok(());
    };
    let rule = |rule: &ClusterRule| Value::from(format!("{}{}", rule.decision, typed(rule)));
    file.insert("rules".to_owned(), policy.rules.iter().map(rule).collect());
    let file = Value::Object(file);
    if session.output.format == Format::Json {
        return session.output.value(&file);
    }
    let text = serde_saphyr::to_string(&file).map_err(|error| Fail::plain(format!("write YAML: {error}")))?;
    say(text.trim_end())
}

/// The part of a rule behind the decision, as it is typed.
fn typed(rule: &ClusterRule) -> String {
    let sign = match rule.says() {
        Says::Default | Says::Unspecified => "=",
        Says::Require | Says::OneOf => "==",
        Says::AtLeast => ">=",
        Says::AtMost => "<=",
    };
    format!("{sign}{}", rule.values.join("|"))
}

async fn import(session: &Session, path: &Path, writing: &Writing) -> Result<(), Fail> {
    let failed = |error: &dyn std::fmt::Display| Fail::usage(format!("read the policy in {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
    let File { name, etag, rules } = serde_saphyr::from_str(&text).map_err(|error| failed(&error))?;
    let rules = rules.iter().map(|text| rule(text)).collect::<Result<_, _>>().map_err(|error| failed(&error))?;
    write(session, v1::ClusterPolicy { name, etag, rules, ..Default::default() }, writing).await
}
