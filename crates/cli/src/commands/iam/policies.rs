//! `atoll iam policy`.

use std::{fs, path::Path};

use client::{Answered, v1, v1::mutation::Kind};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{changing, timestamp};
use crate::{
    args::{Format, How, PolicyCommand},
    commands::reading::rows,
    fail::Fail,
    output::{note, say},
    session::Session,
    view::{
        Resource,
        access::{fields, holds},
        json::Object,
    },
};

pub async fn run(session: &Session, command: PolicyCommand) -> Result<(), Fail> {
    match command {
        PolicyCommand::Show { node } => show(session, &node).await,
        PolicyCommand::Export { node } => export(session, &node).await,
        PolicyCommand::Import { file, how } => import(session, &file, how).await,
    }
}

async fn get(session: &Session, node: &str) -> Result<Answered<v1::AccessPolicy>, Fail> {
    let name = format!("{}/accessPolicy", session.names.node(node)?);
    let found = session.client.access_policies().get(&name, &session.read()).await;
    found.map_err(|error| session.failed(&format!("get {name}"), &error))
}

/// What is bound on the node, and then what is bound above it, from the root down.
async fn show(session: &Session, node: &str) -> Result<(), Fail> {
    let found = get(session, node).await?;
    if session.output.for_programs() {
        return session.output.one(&found);
    }
    let policy = &found.value;
    let line = |binding: &v1::Binding, from: &str| {
        let (role, member) = (binding.role.clone(), binding.member.clone());
        vec![role, member, from.to_owned(), holds(binding), binding.author.clone()]
    };
    let direct = policy.bindings.iter().map(|binding| line(binding, "here"));
    let inherited = policy.inherited.iter().map(|binding| line(binding, &binding.node));
    let lines: Vec<Vec<String>> = direct.chain(inherited).collect();
    if lines.is_empty() {
        note("nothing is bound there or above");
    } else {
        rows(session, &["ROLE", "MEMBER", "FROM", "HOLDS", "BY"], lines, Value::Null)?;
    }
    session.output.origin(&found.region, found.member, Some(found.age), Some(found.tries));
    Ok(())
}

async fn export(session: &Session, node: &str) -> Result<(), Fail> {
    let policy = get(session, node).await?.value;
    let bindings: Vec<Value> = policy.bindings.iter().map(|binding| fields(binding).done()).collect();
    let file = Object::default().text("name", &policy.name).text("etag", &policy.etag).done();
    let Value::Object(mut file) = file else { return Ok(()) };
    // Also where there are none: an empty policy is one.
    file.insert("bindings".to_owned(), bindings.into());
    let file = Value::Object(file);
    match session.output.format {
        Format::Json => session.output.value(&file),
        _ => {
            let text = serde_saphyr::to_string(&file).map_err(|error| Fail::plain(format!("write YAML: {error}")))?;
            say(text.trim_end())
        }
    }
}

/// What `export` writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    etag: String,
    bindings: Vec<Bound>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Bound {
    role: String,
    member: String,
    start_time: Option<String>,
    end_time: Option<String>,
}

async fn import(session: &Session, path: &Path, how: How) -> Result<(), Fail> {
    let failed = |error: &dyn std::fmt::Display| Fail::usage(format!("read the policy in {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
    let file: File = serde_saphyr::from_str(&text).map_err(|error| failed(&error))?;
    let time = |given: Option<String>| -> Result<_, Fail> {
        let parsed = given.map(|text| text.parse::<Timestamp>().map_err(|error| failed(&error))).transpose()?;
        Ok(parsed.map(timestamp))
    };
    let mut bindings = Vec::new();
    for Bound { role, member, start_time, end_time } in file.bindings {
        let (start_time, end_time) = (time(start_time)?, time(end_time)?);
        bindings.push(v1::Binding { role, member, start_time, end_time, ..v1::Binding::default() });
    }
    let etag = if how.etag.is_empty() { file.etag } else { how.etag.clone() };
    let policy = v1::AccessPolicy { name: file.name, bindings, etag, ..v1::AccessPolicy::default() };
    let what = format!("set {}", policy.name);
    let change = changing::Change { what, noun: v1::AccessPolicy::NOUN, said: " set to what the file names" };
    let kind = |write: &client::Write, request_id| {
        let (policy, validate_only) = (Some(policy.clone()), write.validate_only);
        Kind::UpdateAccessPolicy(v1::UpdateAccessPolicyRequest { policy, request_id, validate_only })
    };
    let direct = |write| {
        let policy = policy.clone();
        async move { session.client.access_policies().update(policy, &write).await }
    };
    changing::make(session, &change, &how, kind, direct).await
}
