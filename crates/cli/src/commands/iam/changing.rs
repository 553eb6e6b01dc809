//! Making a change at once, looking at it first, or making it as it was looked at.

use client::{Answered, Error, Write, v1, v1::mutation::Kind};

use crate::{
    args::{Format, How},
    fail::Fail,
    output::say,
    session::Session,
    view::{Resource, json::Object},
};

/// How a change is spoken of.
pub struct Change<'a> {
    /// As in `change organizations/acme/accessPolicy`.
    pub what: String,
    pub noun: &'static str,
    /// What follows its name once it is done, with the space or colon before it.
    pub said: &'a str,
}

/// `kind` makes the change for a preview or a commit, `direct` makes it at once.
pub async fn make<R, F>(
    session: &Session,
    change: &Change<'_>,
    how: &How,
    kind: impl Fn(&Write, String) -> Kind,
    direct: impl FnOnce(Write) -> F,
) -> Result<(), Fail>
where
    R: Resource,
    F: Future<Output = Result<Answered<R>, Error>>,
{
    let write = session.write(&how.writing);
    if how.preview {
        return preview(session, change, kind(&write, String::new())).await;
    }
    if let Some(plan) = &how.plan {
        let request_id = write.request_id.unwrap_or_default().to_string();
        let made = session.client.access().commit(kind(&write, request_id), plan, &write).await;
        let made = made.map_err(|error| session.failed(&change.what, &error))?;
        if session.output.for_programs() {
            let shown = Object::default().text("name", &made.value.name).text("etag", &made.value.etag).done();
            return if session.output.format == Format::Name {
                say(&made.value.name)
            } else {
                session.output.value(&shown)
            };
        }
        return done(session, change, how, made.value.name.clone(), &made);
    }
    let made = direct(write).await.map_err(|error| session.failed(&change.what, &error))?;
    if session.output.for_programs() {
        return session.output.one(&made);
    }
    done(session, change, how, made.value.name().to_owned(), &made)
}

/// What was done, for people.
fn done<T>(session: &Session, change: &Change<'_>, how: &How, name: String, made: &Answered<T>) -> Result<(), Fail> {
    let said = if how.writing.dry_run { " would be changed (dry run)" } else { change.said };
    say(format_args!("{} {name}{said}", change.noun))?;
    session.output.origin(&made.region, made.member, None, Some(made.tries));
    Ok(())
}

async fn preview(session: &Session, change: &Change<'_>, kind: Kind) -> Result<(), Fail> {
    let shown = session.client.access().preview(kind, &session.read()).await;
    let shown = shown.map_err(|error| session.failed(&format!("preview: {}", change.what), &error))?;
    if session.output.for_programs() {
        let stages: Vec<_> = shown.value.stages.iter().map(stage_json).collect();
        let value = Object::default().value("stages", stages.into()).text("planToken", &shown.value.plan_token).done();
        return session.output.value(&value);
    }
    for stage in &shown.value.stages {
        told(stage)?;
    }
    say(format_args!("plan token: {}", shown.value.plan_token))?;
    session.output.origin(&shown.region, shown.member, Some(shown.age), Some(shown.tries));
    Ok(())
}

/// One stage, for people.
fn told(stage: &v1::PreviewStage) -> Result<(), Fail> {
    let when = stage
        .start_time
        .as_ref()
        .map_or_else(|| "At once".to_owned(), |at| format!("From {}", crate::view::json::time(at)));
    if stage.classes.is_empty() {
        return say(format_args!("{when}: nobody gains or loses anything."));
    }
    let members: u64 = stage.classes.iter().map(|class| class.member_count).sum();
    say(format_args!("{when}, for {members} members ({} pairs of member and node):", stage.pair_count))?;
    for class in &stage.classes {
        let names: Vec<&str> = class.members.iter().take(5).map(String::as_str).collect();
        let more = class.member_count.saturating_sub(names.len().try_into().unwrap_or(u64::MAX));
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        say(format_args!("  {}{more}", names.join(", ")))?;
        for difference in &class.differences {
            let below = match difference.node_count {
                0 | 1 => String::new(),
                nodes => format!(" and below, {nodes} nodes"),
            };
            let gone = if difference.removed { " (removed)" } else { "" };
            say(format_args!("    on {}{gone}{below}", difference.node))?;
            for (sign, rights) in [("+", &difference.gained), ("-", &difference.lost)] {
                for (kind, verbs) in by_kind(rights) {
                    say(format_args!("      {sign} {kind}: {}", verbs.join(", ")))?;
                }
            }
        }
        let left = class.difference_count.saturating_sub(class.differences.len().try_into().unwrap_or(u64::MAX));
        if left > 0 {
            say(format_args!("    and on {left} more nodes"))?;
        }
    }
    let left = stage.class_count.saturating_sub(stage.classes.len().try_into().unwrap_or(u64::MAX));
    if left > 0 {
        say(format_args!("  and for {left} more groups of members"))?;
    }
    Ok(())
}

/// `cluster.get, cluster.update` as `cluster: get, update`.
pub fn by_kind(rights: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for (kind, verb) in rights.iter().filter_map(|right| right.split_once('.')) {
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, verbs)) => verbs.push(verb),
            None => kinds.push((kind, vec![verb])),
        }
    }
    kinds
}

fn stage_json(stage: &v1::PreviewStage) -> serde_json::Value {
    let difference = |of: &v1::PreviewDifference| {
        Object::default()
            .text("node", &of.node)
            .texts("gained", &of.gained)
            .texts("lost", &of.lost)
            .number("nodeCount", of.node_count)
            .value("removed", of.removed.into())
            .done()
    };
    let class = |of: &v1::PreviewClass| {
        Object::default()
            .texts("members", &of.members)
            .number("memberCount", of.member_count)
            .value("differences", of.differences.iter().map(difference).collect::<Vec<_>>().into())
            .number("differenceCount", of.difference_count)
            .number("nodeCount", of.node_count)
            .done()
    };
    Object::default()
        .time("startTime", stage.start_time.as_ref())
        .value("classes", stage.classes.iter().map(class).collect::<Vec<_>>().into())
        .number("classCount", stage.class_count)
        .number("pairCount", stage.pair_count)
        .done()
}
