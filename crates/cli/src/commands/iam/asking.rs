//! Who may do what, and why.

use client::v1::{self, explain_access_response::Denial};
use serde_json::{Value, json};

use super::changing::by_kind;
use crate::{
    args::On,
    commands::reading::rows,
    fail::Fail,
    output::{note, say},
    session::Session,
    view::{
        access::{fields, holds},
        json::{Object, time},
    },
};

pub async fn effective(session: &Session, member: String, on: &On, below: bool) -> Result<(), Fail> {
    let node = session.names.node(&on.on)?;
    let what = format!("look up what {member} may do on {node}");
    let question = v1::ListEffectiveRightsRequest { member, node, below, ..Default::default() };
    let found = session.client.access().effective(question, 0, &session.read()).collect().await;
    let found = found.map_err(|error| session.failed(&what, &error))?;
    let items: Vec<Value> = found.items.iter().map(|of| json!({ "node": of.node, "rights": of.rights })).collect();
    let verbs = |of: &v1::EffectiveRights| {
        let all: Vec<&str> = by_kind(&of.rights).into_iter().flat_map(|(_, verbs)| verbs).collect();
        vec![of.node.clone(), if all.is_empty() { "-".to_owned() } else { all.join(", ") }]
    };
    if found.items.is_empty() && !session.output.for_programs() {
        note("no rights there");
    } else {
        rows(
            session,
            &["NODE", "MAY"],
            found.items.iter().map(verbs).collect(),
            json!({ "items": items, "unreachable": [] }),
        )?;
    }
    session.output.origin(&found.region, found.member, Some(found.age), None);
    Ok(())
}

pub async fn who_can(session: &Session, right: String, on: &On) -> Result<(), Fail> {
    let node = session.names.node(&on.on)?;
    let what = format!("look up who has {right} on {node}");
    let question = v1::ListMembersWhoCanRequest { right, node, ..Default::default() };
    let found = session.client.access().who_can(question, 0, &session.read()).collect().await;
    let found = found.map_err(|error| session.failed(&what, &error))?;
    if found.items.is_empty() && !session.output.for_programs() {
        note("nobody, by what is on record");
    } else {
        let lines = found.items.iter().map(|member| vec![member.clone()]).collect();
        rows(session, &["MEMBER"], lines, json!({ "items": found.items, "unreachable": [] }))?;
    }
    session.output.origin(&found.region, found.member, Some(found.age), None);
    Ok(())
}

pub async fn explain(session: &Session, member: String, right: String, on: &On) -> Result<(), Fail> {
    let node = session.names.node(&on.on)?;
    let what = format!("explain whether {member} has {right} on {node}");
    let question = v1::ExplainAccessRequest {
        member: member.clone(),
        right: right.clone(),
        node: node.clone(),
        ..Default::default()
    };
    let answer = session.client.access().explain(question, &session.read()).await;
    let answer = answer.map_err(|error| session.failed(&what, &error))?;
    if session.output.for_programs() {
        return session.output.value(&explanation(&answer.value));
    }
    let why = &answer.value;
    let verdict = match why.denial() {
        _ if why.allowed => "yes",
        Denial::Revoked => "no, it was revoked, whatever is granted",
        Denial::NodeNotFound => "no, there is no such node, as far as is known here",
        Denial::NotAsked => "no, that is asked on nodes of another kind",
        Denial::NotGranted | Denial::Unspecified => "no, nothing grants it",
    };
    say(format_args!("{member} has {right} on {node}: {verdict}"))?;
    lines(why)?.iter().try_for_each(|line| say(format_args!("  {line}")))?;
    session.output.origin(&answer.region, answer.member, Some(answer.age), Some(answer.tries));
    Ok(())
}

/// What a decision rests on, a line each.
fn lines(why: &v1::ExplainAccessResponse) -> Result<Vec<String>, Fail> {
    let mut lines = Vec::new();
    if let Some(binding) = &why.binding {
        lines.push(format!("{} is bound to {} on {}, {}", binding.role, binding.member, binding.node, holds(binding)));
    }
    if let Some(revoke) = &why.revoke {
        let on = if revoke.node.is_empty() { "everywhere" } else { &revoke.node };
        lines.push(format!("revoke of {} on {on}: {}", revoke.member, revoke.reason));
    }
    lines.extend(why.record.as_ref().map(|record| format!("  set by {}", cited(record))));
    lines.extend(why.role_record.as_ref().map(|record| format!("  what the role is: {}", cited(record))));
    for membership in &why.groups {
        let by = membership.record.as_ref().map_or_else(|| "as its token says".to_owned(), cited);
        lines.push(format!("through {}: {by}", membership.group));
    }
    let placed = |node: &v1::NodeCited| {
        let by = node.record.as_ref().map(cited).unwrap_or_default();
        format!("  {} ({by})", node.node)
    };
    if !why.path.is_empty() {
        lines.push("inherited along:".to_owned());
        lines.extend(why.path.iter().map(placed));
    }
    if !why.roles.is_empty() {
        lines.push("these roles would, bound on it or above it:".to_owned());
        lines.extend(why.roles.iter().map(|of| format!("  {} (on {})", of.role, of.bound_at.join(", "))));
    }
    Ok(lines)
}

/// As `global@1.42, 2026-11-22T10:00:00Z, by user:ann@acme.example`.
fn cited(record: &v1::RecordCited) -> String {
    let at = record.time.as_ref().map(time).unwrap_or_default();
    let by = if record.author.is_empty() { String::new() } else { format!(", by {}", record.author) };
    format!("{}@{}.{}, {at}{by}", record.log, record.incarnation, record.seq)
}

fn explanation(why: &v1::ExplainAccessResponse) -> Value {
    let record = |of: &v1::RecordCited| {
        Object::default()
            .text("log", &of.log)
            .number("incarnation", of.incarnation)
            .number("seq", of.seq)
            .time("time", of.time.as_ref())
            .text("author", &of.author)
            .done()
    };
    let cite = |of: &Option<v1::RecordCited>| of.as_ref().map_or(Value::Null, record);
    let group =
        |of: &v1::MembershipCited| Object::default().text("group", &of.group).value("record", cite(&of.record)).done();
    let node = |of: &v1::NodeCited| Object::default().text("node", &of.node).value("record", cite(&of.record)).done();
    let role = |of: &v1::RoleThatWould| Object::default().text("role", &of.role).texts("boundAt", &of.bound_at).done();
    let revoke = |of: &v1::RevokeCited| {
        Object::default().text("member", &of.member).text("node", &of.node).text("reason", &of.reason).done()
    };
    let binding = |of: &v1::Binding| fields(of).text("node", &of.node).text("author", &of.author).done();
    Object::default()
        .set("allowed", Some(why.allowed))
        .word("denial", Denial::try_from(why.denial).map(|denial| denial.as_str_name()))
        .value("binding", why.binding.as_ref().map_or(Value::Null, binding))
        .value("revoke", why.revoke.as_ref().map_or(Value::Null, revoke))
        .value("record", cite(&why.record))
        .value("roleRecord", cite(&why.role_record))
        .value("groups", why.groups.iter().map(group).collect::<Vec<_>>().into())
        .value("path", why.path.iter().map(node).collect::<Vec<_>>().into())
        .value("roles", why.roles.iter().map(role).collect::<Vec<_>>().into())
        .done()
}
