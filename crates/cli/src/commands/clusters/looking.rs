//! Looking at clusters: one in full, its machines, what was done about it, and the records about it.

mod described;

use client::v1::{self, fact::After};
use serde_json::{Value, json};

use crate::{
    args::Format,
    commands::reading::rows,
    fail::Fail,
    output::{note, say},
    session::Session,
    view::{
        Watched,
        cluster::{deed, typed},
        json::time,
        line, record,
    },
};

/// Records that are asked for at once.
const PAGE: i32 = 1000;

/// Everything that a person wants of a cluster, or the report of its creation.
pub async fn describe(session: &Session, name: &str, perf: bool) -> Result<(), Fail> {
    let answer = session.client.clusters().get(name, &session.read()).await;
    let answer = answer.map_err(|error| session.failed(&format!("describe {name}"), &error))?;
    match (session.output.for_programs(), perf) {
        (true, false) => session.output.one(&answer),
        (_, true) => described::report(session, &answer.value),
        (false, false) => described::in_full(session, &answer),
    }
}

pub async fn machines(session: &Session, name: &str) -> Result<(), Fail> {
    let listed = session.client.clusters().machines(name, 0, &session.read()).collect().await;
    session.output.list(&listed.map_err(|error| session.failed(&format!("list machines of {name}"), &error))?)
}

pub async fn explain(session: &Session, name: &str, machine: &str) -> Result<(), Fail> {
    let explained = session.client.clusters().explain(name, machine, &session.read()).await;
    let explained = explained.map_err(|error| session.failed(&format!("explain {name}"), &error))?;
    let deeds = &explained.value;
    if deeds.is_empty() && !session.output.for_programs() {
        let of = if machine.is_empty() { String::new() } else { format!("{machine} of ") };
        note(format_args!("no deeds are kept about {of}{} (what it takes to make a cluster is none)", typed(name)));
        return Ok(());
    }
    let at = |deed: &v1::Deed| deed.time.as_ref().map(time).unwrap_or_default();
    let cells = deeds.iter().map(|of| vec![at(of), of.part.clone(), of.did.clone(), of.cause.clone()]).collect();
    let whole = json!({ "items": deeds.iter().map(deed).collect::<Vec<Value>>() });
    rows(session, &["TIME", "PART", "DID", "BECAUSE"], cells, whole)?;
    session.output.origin(&explained.region, explained.member, Some(explained.age), Some(explained.tries));
    Ok(())
}

/// The last records of the region's log about a cluster.
pub async fn events(session: &Session, name: &str, from: Option<u64>, limit: usize) -> Result<(), Fail> {
    let failed = |error: client::Error| session.failed(&format!("list records about {name}"), &error);
    let log = v1::Cluster::log(name);
    let head = session.client.logs().head(&log, &session.read()).await.map_err(failed)?.value;
    let mut after = from.unwrap_or(head.first_seq).saturating_sub(1);
    let mut found: Vec<v1::Record> = Vec::new();
    while after < head.seq {
        let request =
            v1::ListRecordsRequest { log: log.clone(), after_seq: after, page_size: PAGE, ..Default::default() };
        let page = session.client.logs().list(request, &session.read()).await.map_err(failed)?.value;
        let Some(last) = page.records.last() else { break };
        after = last.seq;
        found.extend(page.records.into_iter().filter_map(|record| about(record, name)));
        found.drain(..found.len().saturating_sub(limit));
    }
    match session.output.format {
        Format::Json | Format::Yaml => {
            session.output.value(&json!({ "items": found.iter().map(record).collect::<Vec<Value>>() }))
        }
        Format::Name => found.iter().try_for_each(|record| say(format_args!("{}/{}", record.log, record.seq))),
        Format::Table | Format::Wide | Format::Csv if found.is_empty() => {
            note(format_args!("no record about {} in {log}", typed(name)));
            Ok(())
        }
        Format::Table | Format::Wide | Format::Csv => {
            let whole = session.output.format == Format::Wide;
            found.iter().try_for_each(|record| say(line(record, false, whole)))
        }
    }
}

/// The record with what it says about the cluster; `None` where that is nothing.
fn about(record: v1::Record, name: &str) -> Option<v1::Record> {
    let belongs = |fact: &v1::Fact| {
        let of = fact.subject.split('#').next().unwrap_or_default();
        let ran = matches!(&fact.after, Some(After::MachineRun(run)) if run.cluster == name);
        of == name || ran
    };
    let facts: Vec<v1::Fact> = record.facts.into_iter().filter(belongs).collect();
    (!facts.is_empty()).then_some(v1::Record { facts, ..record })
}
