//! `atoll cluster decisions`.

use client::{Answered, v1};
use serde_json::{Value, json};

use crate::{
    args::Explained,
    commands::reading::rows,
    fail::Fail,
    output::{note, say},
    session::Session,
    view::cluster::decision,
};

/// What is decided about a cluster, or would be.
pub async fn decisions(session: &Session, explained: Explained) -> Result<(), Fail> {
    let Explained { name, place, key, cluster_type, diff } = explained;
    if let Some([one, other]) = diff.as_deref() {
        let parent = session.names.cluster_parent(&place)?;
        let (one, other) = (preview(session, &parent, one).await?, preview(session, &parent, other).await?);
        return differences(session, &one.value, &other.value);
    }
    let decided = match (name, cluster_type) {
        (Some(name), _) => {
            let name = session.names.cluster(&name, &place)?;
            let decided = session.client.clusters().decisions(&name, &session.read()).await;
            decided.map_err(|error| session.failed(&format!("list decisions about {name}"), &error))?
        }
        (None, cluster_type) => {
            let parent = session.names.cluster_parent(&place)?;
            preview(session, &parent, &cluster_type.unwrap_or_default()).await?
        }
    };
    match key {
        None => all(session, &decided),
        Some(key) => one(session, &decided.value, &key),
    }
}

async fn preview(session: &Session, parent: &str, cluster_type: &str) -> Result<Answered<v1::Decisions>, Fail> {
    let cluster_type = cluster_type.to_uppercase();
    let options = v1::ClusterOptions::default();
    let decided = session.client.clusters().preview(parent, &cluster_type, options, &session.read()).await;
    decided.map_err(|error| session.failed(&format!("preview decisions of {cluster_type} in {parent}"), &error))
}

fn all(session: &Session, decided: &Answered<v1::Decisions>) -> Result<(), Fail> {
    let v1::Decisions { cluster_type, edition, decisions, warnings, .. } = &decided.value;
    let cells = decisions.iter().map(|of| {
        vec![of.key.clone(), of.number.to_string(), of.value.clone(), of.source_kind.clone(), of.reason.clone()]
    });
    let whole = json!({
        "clusterType": cluster_type,
        "edition": edition,
        "items": decisions.iter().map(decision).collect::<Vec<Value>>(),
        "warnings": warnings,
    });
    rows(session, &["DECISION", "#", "VALUE", "BY", "REASON"], cells.collect(), whole)?;
    if !session.output.for_programs() {
        warnings.iter().for_each(|warning| note(format_args!("warning: {warning}")));
    }
    session.output.origin(&decided.region, decided.member, Some(decided.age), Some(decided.tries));
    Ok(())
}

/// One decision with everything about it; a decision of several parts has several keys.
fn one(session: &Session, decided: &v1::Decisions, key: &str) -> Result<(), Fail> {
    let Some(found) = decided.decisions.iter().find(|of| of.key == key) else {
        let begins = key.split('.').next().unwrap_or_default();
        let near: Vec<&str> =
            decided.decisions.iter().map(|of| of.key.as_str()).filter(|known| known.starts_with(begins)).collect();
        let next = match near.as_slice() {
            [] => "leave --key out to see all".to_owned(),
            near => format!("one of {}", near.join(", ")),
        };
        return Err(Fail::usage(format!("show the decision {key:?}: there is none of that name")).next(next));
    };
    if session.output.for_programs() {
        return session.output.value(&decision(found));
    }
    let mut lines = vec![
        ("Decision", format!("{} {}: {}", found.number, found.key, found.what)),
        ("Value", found.value.clone()),
        ("Reason", found.reason.clone()),
        ("Decided by", found.source.clone()),
    ];
    lines.extend(found.rests_on.iter().map(|source| ("Rests on", source.clone())));
    lines.extend(found.alternatives.iter().map(|other| ("Else", other.clone())));
    lines.iter().try_for_each(|(name, value)| say(format_args!("{:<12}{value}", format!("{name}:"))))
}

/// What differs between two types.
fn differences(session: &Session, one: &v1::Decisions, other: &v1::Decisions) -> Result<(), Fail> {
    let value = |of: &v1::Decisions, key: &str| {
        of.decisions.iter().find(|of| of.key == key).map(|of| of.value.clone()).unwrap_or_default()
    };
    let differing: Vec<(&v1::Decision, String)> =
        one.decisions.iter().map(|of| (of, value(other, &of.key))).filter(|(of, other)| of.value != *other).collect();
    let cells = differing
        .iter()
        .map(|(of, other)| vec![of.key.clone(), of.number.to_string(), of.value.clone(), other.clone()])
        .collect();
    let items: Vec<Value> = differing
        .iter()
        .map(|(of, other)| json!({ "number": of.number, "key": of.key, "what": of.what, "values": [of.value, other] }))
        .collect();
    let whole = json!({ "clusterTypes": [one.cluster_type, other.cluster_type], "items": items });
    rows(session, &["DECISION", "#", &one.cluster_type, &other.cluster_type], cells, whole)
}
