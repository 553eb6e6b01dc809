//! `verify`: whether a data directory holds what its logs would write again. Offline, and without changing a byte.

use std::path::Path;

use adapter_rocksdb::{OpenError, Store};
use ids::Log;
use ledger::verify::{Held, LogReport, Report, verify};
use ports::Journal;
use serde_json::{Value, json};

use crate::{
    failure::{Failure, chain},
    table::Table,
};

/// Looks at `dir` and prints what it found. `Ok(false)`: there are findings.
pub fn run(dir: &Path, as_json: bool) -> Result<bool, Failure> {
    let store = match Store::open_read_only(dir) {
        Ok(store) => store,
        // It is a member's directory, and something in it is not as it was written.
        Err(error @ (OpenError::Damaged { .. } | OpenError::Io { .. })) => {
            return Ok(not_opened(dir, &error, as_json));
        }
        Err(error) => return Err(Failure::start(&error)),
    };
    let journals = store.journals();
    let mut held: Vec<Held> = journals
        .iter()
        .map(|journal| match journal {
            Journal::Raft(log) | Journal::Records(log) => log,
        })
        .map(|log| Held { log: log.clone(), voter: journals.contains(&Journal::Raft(log.clone())) })
        .collect();
    held.sort_by(|one, other| one.log.cmp(&other.log));
    held.dedup();
    let report = verify(&store, &store, &held);
    let identity = store.identity();
    if as_json {
        println!("{}", as_value(dir, &report));
    } else {
        println!("{} of the ring {}, in {}\n", identity.member, identity.ring, dir.display());
        print!("{}", as_table(&report));
        for finding in &report.findings {
            println!("finding: {finding}");
        }
        match report.findings.len() {
            0 => println!("\nsound: every record, entry, marker and snapshot is as it was written"),
            findings => println!("\n{findings} findings"),
        }
    }
    Ok(report.is_healthy())
}

/// One finding for each place that the damage is about.
fn not_opened(dir: &Path, error: &OpenError, as_json: bool) -> bool {
    let (why, wanted) = (chain(error), "a directory that opens");
    let parts = adapter_rocksdb::parts(dir, error);
    let mut places: Vec<_> = parts.iter().map(|part| (Some(part.log().to_string()), part.to_string())).collect();
    if places.is_empty() {
        places.push((None, "the data directory".to_owned()));
    }
    if as_json {
        let finding = |(log, place): &(Option<String>, String)| json!({ "log": log, "place": place, "found": why, "wanted": wanted });
        let findings: Vec<_> = places.iter().map(finding).collect();
        println!("{}", json!({ "dir": dir, "sound": false, "logs": [], "findings": findings }));
    } else {
        for (log, place) in &places {
            let log = log.as_ref().map_or_else(String::new, |log| format!("{log}, "));
            println!("finding: {log}{place}: {why}, wanted {wanted}");
        }
        println!("\n{} findings; nothing else could be looked at", places.len());
    }
    false
}

fn as_table(report: &Report) -> Table {
    let mut table = Table::new(&["LOG", "COPY", "FIRST", "LAST", "RECORDS", "ENTRIES", "SNAPSHOT", "HEAD", "FINDINGS"]);
    for log in &report.logs {
        let dash = || "-".to_owned();
        table.row([
            log.log.to_string(),
            copy(log).to_owned(),
            log.first.map_or_else(dash, |seq| seq.to_string()),
            log.last.to_string(),
            log.records.to_string(),
            log.entries.to_string(),
            log.snapshot.map_or_else(dash, |seq| seq.to_string()),
            log.head_hash.map_or_else(dash, |hash| hash.to_string().chars().take(16).collect()),
            findings_of(report, &log.log).to_string(),
        ]);
    }
    table
}

fn as_value(dir: &Path, report: &Report) -> Value {
    let logs = report.logs.iter().map(|log| {
        json!({
            "log": log.log.to_string(), "copy": copy(log), "first": log.first.map(|seq| seq.0), "last": log.last.0,
            "records": log.records, "entries": log.entries, "snapshot": log.snapshot.map(|seq| seq.0),
            "head_hash": log.head_hash.map(|hash| hash.to_string()),
            "state_digest": log.state_digest.map(|digest| digest.to_string()), "quarantined": log.quarantined,
            "findings_left_out": log.findings_left_out,
        })
    });
    let findings = report.findings.iter().map(|finding| {
        json!({
            "log": finding.log.to_string(), "place": finding.place.to_string(), "found": finding.found,
            "wanted": finding.wanted,
        })
    });
    let (logs, findings): (Vec<_>, Vec<_>) = (logs.collect(), findings.collect());
    json!({ "dir": dir, "sound": report.is_healthy(), "logs": logs, "findings": findings })
}

fn copy(log: &LogReport) -> &'static str {
    match (log.quarantined.is_some(), log.voter) {
        (true, _) => "quarantined",
        (false, true) => "voter",
        (false, false) => "replica",
    }
}

fn findings_of(report: &Report, log: &Log) -> usize {
    report.findings.iter().filter(|finding| finding.log == *log).count()
}
