//! What `get`, `list` and `describe` do for every kind of resource.

use client::{Answered, Client, Error, Listed, Read};
use serde_json::Value;

use crate::{
    args::Format,
    fail::Fail,
    output::{say, table},
    session::Session,
    view::{Resource, Watched},
    watching::{Listing, Scope, watch},
};

/// The answers to `get` for each name, in the order given.
pub async fn get<R, F>(
    session: &Session,
    names: Vec<String>,
    go_on: bool,
    one: fn(Client, String, Read) -> F,
) -> Result<(), Fail>
where
    R: Watched + 'static,
    F: Future<Output = Result<Answered<R>, Error>> + 'static,
{
    if go_on {
        return get_watched(session, names, one).await;
    }
    let mut answers = Vec::new();
    for name in names {
        let answer = one(session.client.clone(), name.clone(), session.read()).await;
        answers.push(answer.map_err(|error| session.failed(&format!("get {} {name}", R::NOUN), &error))?);
    }
    match answers.as_slice() {
        [answer] => session.output.one(answer),
        several => {
            let last = several.last();
            // Not known as soon as one is not known.
            let ages = several.iter().map(|answer| answer.age).collect::<Option<Vec<_>>>();
            session.output.list(&Listed {
                region: last.map(|answer| answer.region.clone()).unwrap_or_default(),
                member: last.and_then(|answer| answer.member),
                age: ages.and_then(|ages| ages.into_iter().max()),
                ..of(several.iter().map(|answer| answer.value.clone()).collect(), session.client.token())
            })
        }
    }
}

/// As [`get`], and then the changes of those names.
async fn get_watched<R, F>(
    session: &Session,
    names: Vec<String>,
    one: fn(Client, String, Read) -> F,
) -> Result<(), Fail>
where
    R: Watched + 'static,
    F: Future<Output = Result<Answered<R>, Error>> + 'static,
{
    let mut logs: Vec<String> = names.iter().map(|name| R::log(name)).collect();
    logs.sort_unstable();
    logs.dedup();
    let held = names.clone();
    let list = move |session: &Session| -> Listing<R> {
        let (client, read, names) = (session.client.clone(), session.read(), held.clone());
        Box::pin(async move {
            let mut items = Vec::new();
            for name in names {
                items.push(one(client.clone(), name, read.clone()).await?.value);
            }
            Ok(of(items, client.token()))
        })
    };
    let holds = move |item: &R| names.iter().any(|name| name == item.name());
    watch(session, &format!("watch {}s", R::NOUN), Scope { list: Box::new(list), holds: Box::new(holds), logs }).await
}

/// A list that was put together here.
fn of<R>(items: Vec<R>, token: client::Token) -> Listed<R> {
    Listed { items, unreachable: Vec::new(), region: String::new(), member: None, age: None, token }
}

/// Shows a scope once, or goes on with its changes.
pub async fn list<R: Watched + 'static>(
    session: &Session,
    what: &str,
    scope: Scope<R>,
    go_on: bool,
) -> Result<(), Fail> {
    if go_on {
        return watch(session, what, scope).await;
    }
    let listed = (scope.list)(session).await;
    session.output.list(&listed.map_err(|error| session.failed(what, &error))?)
}

/// Everything about one resource, and what is in it.
pub fn describe<R: Resource>(session: &Session, answer: &Answered<R>, inside: &[(&str, String)]) -> Result<(), Fail> {
    if session.output.for_programs() {
        return session.output.one(answer);
    }
    let mut lines: Vec<Vec<String>> = Vec::new();
    flatten("", &answer.value.json(), &mut lines);
    let member = answer.member.map_or_else(String::new, |member| format!(", member {member}"));
    let age = answer.age.map_or_else(|| "unknown".to_owned(), |age| format!("at most {} ms", age.as_millis()));
    lines.push(vec!["Served by:".to_owned(), format!("{}{member}", answer.region)]);
    lines.push(vec!["Age of data:".to_owned(), age]);
    let width = lines.iter().filter_map(|line| line.first()).map(String::len).max().unwrap_or(0);
    for line in lines {
        let [name, value] = line.as_slice() else { continue };
        say(format_args!("{name:<width$}  {value}"))?;
    }
    for (title, content) in inside {
        say(format_args!("{title}:"))?;
        if content.is_empty() {
            say("  none")?;
        }
        content.lines().try_for_each(|line| say(format_args!("  {line}")))?;
    }
    Ok(())
}

/// The fields of an object, one on each line, with names for people.
fn flatten(prefix: &str, value: &Value, lines: &mut Vec<Vec<String>>) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        let name = format!("{prefix}{}", title(name));
        match value {
            Value::Object(_) => flatten(&format!("{name} "), value, lines),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(plain).collect();
                lines.push(vec![format!("{name}:"), items.join(", ")]);
            }
            other => lines.push(vec![format!("{name}:"), plain(other)]),
        }
    }
}

/// Enum values without their prefixes.
fn plain(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let prefixes = ["STATE_", "CLUSTER_TYPE_", "MODE_"];
    prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text).to_owned()
}

/// `displayName` as `Display name`.
fn title(name: &str) -> String {
    let mut title = String::new();
    for (place, letter) in name.chars().enumerate() {
        match (place, letter.is_ascii_uppercase()) {
            (0, _) => title.push(letter.to_ascii_uppercase()),
            (_, true) => {
                title.push(' ');
                title.push(letter.to_ascii_lowercase());
            }
            (_, false) => title.push(letter),
        }
    }
    title
}

/// A whole list as a table, for `describe`; empty when there is nothing.
pub async fn inside<R: Resource>(session: &Session, what: &str, pages: client::Pages<R>) -> Result<String, Fail> {
    let listed = pages.collect().await.map_err(|error| session.failed(what, &error))?;
    if listed.items.is_empty() {
        return Ok(String::new());
    }
    Ok(session.output.table(&listed.items, &[]))
}

/// Rows without a resource behind them.
pub fn rows(session: &Session, headers: &[&str], rows: Vec<Vec<String>>, json: Value) -> Result<(), Fail> {
    match session.output.format {
        Format::Json | Format::Yaml => session.output.value(&json),
        Format::Name => rows.iter().filter_map(|row| row.first()).try_for_each(say),
        Format::Table | Format::Wide | Format::Csv => {
            say(table(headers.iter().map(|header| (*header).to_owned()).collect(), rows))
        }
    }
}
