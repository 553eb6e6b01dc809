//! `atoll log`.

use client::{Answered, Error, Read, Route, WatchFrom, WatchItem, v1};
use futures_util::{StreamExt, future, stream};
use serde_json::{Value, json};

use super::{reading::rows, regions};
use crate::{
    args::{Format, LogCommand},
    fail::Fail,
    names,
    output::{note, say},
    session::Session,
    verify::{Chain, Mismatch},
    view::{json::Object, line, record},
    watching::{interrupted, items},
};

/// So many records are shown before those to come.
const BEFORE: u64 = 10;

pub async fn run(session: &Session, command: LogCommand) -> Result<(), Fail> {
    match command {
        LogCommand::Tail { log, from, now } => {
            let logs = logs(session, &log).await?;
            tail(session, &logs, from, now).await
        }
        LogCommand::List { log, from, limit } => {
            let request = v1::ListRecordsRequest {
                log: names::log(&log)?,
                after_seq: from.saturating_sub(1),
                page_size: i32::try_from(limit).unwrap_or(1000),
                ..v1::ListRecordsRequest::default()
            };
            let listed = session.client.logs().list(request, &session.read()).await;
            let listed = listed.map_err(|error| session.failed(&format!("list records of {log}"), &error))?;
            show(session, &listed)
        }
        LogCommand::Verify { log, regions: given } => {
            let logs = logs(session, &log).await?;
            let regions = if given.is_empty() { regions::names(session).await? } else { given };
            verify(session, &logs, &regions).await
        }
    }
}

/// The logs that a name means.
async fn logs(session: &Session, name: &str) -> Result<Vec<String>, Fail> {
    if name != "all" {
        return Ok(vec![names::log(name)?]);
    }
    let regions = regions::names(session).await?;
    Ok(std::iter::once("global".to_owned()).chain(regions.iter().map(|region| format!("region/{region}"))).collect())
}

fn show(session: &Session, listed: &Answered<v1::ListRecordsResponse>) -> Result<(), Fail> {
    let records = &listed.value.records;
    match session.output.format {
        Format::Json | Format::Yaml => {
            let items: Vec<Value> = records.iter().map(record).collect();
            session.output.value(&json!({ "items": items }))?;
        }
        Format::Name => records.iter().try_for_each(|record| say(format_args!("{}/{}", record.log, record.seq)))?,
        Format::Table | Format::Wide | Format::Csv => {
            records.iter().try_for_each(|record| say(line(record, false, session.output.format == Format::Wide)))?
        }
    }
    session.output.origin(&listed.region, listed.member, Some(listed.age), Some(listed.tries));
    Ok(())
}

async fn tail(session: &Session, logs: &[String], from: Option<u64>, now: bool) -> Result<(), Fail> {
    let mut streams = Vec::new();
    for log in logs {
        // Where it begins says the head, which is also what is refused when the copy does not hold what is asked.
        let head = if session.demands() || (from.is_none() && !now) {
            let head = session.client.logs().head(log, &session.read()).await;
            head.map_err(|error| session.failed(&format!("look at {log}"), &error))?.value
        } else {
            v1::LogHead::default()
        };
        let start = match (from, now) {
            (_, true) => WatchFrom::Now,
            (Some(from), false) => WatchFrom::After(from.saturating_sub(1)),
            (None, false) => WatchFrom::After(head.seq.saturating_sub(BEFORE).max(head.first_seq.saturating_sub(1))),
        };
        streams.push(items(log.clone(), session.client.watch(log, start)));
    }
    session.keep_token();
    let mut events = stream::select_all(streams);
    let mut interrupt = Box::pin(tokio::signal::ctrl_c());
    loop {
        let future::Either::Left((Some((log, item)), _)) = future::select(events.next(), &mut interrupt).await else {
            return Err(Fail::interrupted(""));
        };
        match item.map_err(|error| session.failed(&format!("follow {log}"), &error))? {
            WatchItem::Record(found) => match session.output.format {
                Format::Json => say(record(&found))?,
                Format::Yaml => {
                    say("---")?;
                    session.output.value(&record(&found))?;
                }
                Format::Name => say(format_args!("{log}/{}", found.seq))?,
                Format::Table | Format::Wide | Format::Csv => {
                    say(line(&found, logs.len() > 1, session.output.format == Format::Wide))?
                }
            },
            WatchItem::Progress { .. } => {}
            WatchItem::Interrupted { error } => interrupted(&log, &error),
            WatchItem::Relist { error, .. } => return Err(session.failed(&format!("follow {log}"), &error)),
        }
    }
}

/// What was found of one copy of one log.
struct Verdict {
    log: String,
    region: String,
    /// Of its last record, or of one that is wrong; `None` of a copy that was not reached.
    seq: Option<u64>,
    text: String,
    /// The copy was read, and is right.
    right: bool,
}

async fn verify(session: &Session, logs: &[String], regions: &[String]) -> Result<(), Fail> {
    let (mut verdicts, mut mismatch, mut missing) = (Vec::new(), None, Vec::new());
    for log in logs {
        let mut chain: Option<Chain> = None;
        for region in regions {
            let (seq, text, right) = match copy(session, log, region, &mut chain).await? {
                Ok((seq, text)) => (Some(seq), text, true),
                Err(Trouble::Away(error)) => {
                    note(format_args!("warning: the copy of {log} in {region} was not read: {}", error.message));
                    missing.push(format!("{log} in {region}"));
                    (None, "not reached".to_owned(), false)
                }
                Err(Trouble::Wrong(Mismatch { seq, what })) => {
                    let text = format!("MISMATCH at {seq}: {what}");
                    mismatch = mismatch.or_else(|| Some((log.clone(), region.clone(), seq, what)));
                    (Some(seq), text, false)
                }
            };
            verdicts.push(Verdict { log: log.clone(), region: region.clone(), seq, text, right });
        }
    }
    report(session, &verdicts)?;
    match mismatch {
        Some((log, region, seq, what)) => {
            let what = format!("verify {log} at record {seq} in {region}: {what}");
            Err(Fail::found(what, "CHAIN_MISMATCH")
                .next("`region-node verify` on the members' data directories says which copy is wrong"))
        }
        None if missing.is_empty() => Ok(()),
        None => Err(Fail::unreachable(format!("verify: not read were {}", missing.join(", ")))),
    }
}

fn report(session: &Session, verdicts: &[Verdict]) -> Result<(), Fail> {
    let cells = |of: &Verdict| {
        let records = of.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string());
        vec![of.log.clone(), of.region.clone(), records, of.text.clone()]
    };
    let item = |of: &Verdict| {
        let seq = of.seq.map_or_else(String::new, |seq| seq.to_string());
        let place = Object::default().text("log", &of.log).text("region", &of.region).text("seq", &seq);
        place.set("ok", Some(of.right)).text("verdict", &of.text).done()
    };
    let items: Vec<Value> = verdicts.iter().map(item).collect();
    rows(
        session,
        &["LOG", "REGION", "RECORDS", "VERDICT"],
        verdicts.iter().map(cells).collect(),
        json!({ "items": items }),
    )
}

enum Trouble {
    /// The copy could not be read.
    Away(Error),
    Wrong(Mismatch),
}

/// Checks one copy: the first one of a log in full, the others by their heads, and in full beyond what is known already.
async fn copy(
    session: &Session,
    log: &str,
    region: &str,
    chain: &mut Option<Chain>,
) -> Result<Result<(u64, String), Trouble>, Fail> {
    let read = Read { route: Route::Only(region.to_owned()), ..session.read_here() };
    let parsed = log.parse().map_err(|_| Fail::usage(format!("read the log {log:?}: wanted global or region/NAME")))?;
    let head = match session.client.logs().head(log, &read).await {
        Ok(head) => head.value,
        Err(error) => return Ok(Err(Trouble::Away(error))),
    };
    let first = chain.is_none();
    let known = chain.get_or_insert_with(|| Chain::new(parsed, head.first_seq));
    let before = known.len();
    if head.seq > known.last() {
        match extend(session, log, &read, known, head.seq).await {
            Ok(()) => {}
            Err(trouble) => {
                if first {
                    // Nothing of it may be used to judge the others.
                    *chain = None;
                }
                return Ok(Err(trouble));
            }
        }
    }
    let read_here = known.len().saturating_sub(before);
    Ok(match known.compare(&head) {
        Some(Err(mismatch)) => Err(Trouble::Wrong(mismatch)),
        Some(Ok(())) if first => Ok((head.seq, format!("ok: recomputed {} to {}", known.first, head.seq))),
        Some(Ok(())) if read_here > 0 => Ok((head.seq, format!("ok: the same, and {read_here} more recomputed"))),
        Some(Ok(())) => Ok((head.seq, "ok: the same at this position".to_owned())),
        None if head.seq == 0 => Ok((0, "ok: empty".to_owned())),
        None => Ok((head.seq, format!("ok: before {}, the first record that is kept elsewhere", known.first))),
    })
}

/// Reads on until `last`.
async fn extend(session: &Session, log: &str, read: &Read, chain: &mut Chain, last: u64) -> Result<(), Trouble> {
    while chain.last() < last {
        let request = v1::ListRecordsRequest {
            log: log.to_owned(),
            after_seq: chain.last(),
            page_size: 1000,
            with_proposals: true,
            ..v1::ListRecordsRequest::default()
        };
        let page = session.client.logs().list(request, read).await.map_err(Trouble::Away)?;
        if page.value.records.is_empty() {
            let what = format!("no record where {} was due: its head says {last}", chain.last() + 1);
            return Err(Trouble::Wrong(Mismatch { seq: chain.last() + 1, what }));
        }
        page.value.records.iter().try_for_each(|record| chain.take(record)).map_err(Trouble::Wrong)?;
    }
    Ok(())
}
