//! `verify` on a directory in which something is wrong: it is found, and the log and the place in it are named.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
};

use adapter_rocksdb::{Options, Store};
use api::v1;
use client::Write;
use ids::{Log, MemberId, RingId};
use ports::{Journal, LogStore, Op};
use serde_json::Value;

use crate::node::{Node, Place, block_on, contents, refused, run, wait};

const ORGANIZATIONS: usize = 30;

fn marker(number: usize) -> String {
    format!("a display name to be found again, number {number:02}")
}

/// Makes the organizations, and gives the sequence of each: its etag.
fn fill(node: &Node) -> Vec<u64> {
    let client = node.client();
    let make = async |number: usize| {
        let organization = v1::Organization { display_name: marker(number), ..v1::Organization::default() };
        let made = client.organizations().create(&format!("acme-{number}"), organization, &Write::default()).await;
        made.unwrap().value.etag.trim_matches('"').parse().unwrap()
    };
    block_on(async {
        let mut seqs = Vec::new();
        for number in 0..ORGANIZATIONS {
            seqs.push(make(number).await);
        }
        seqs
    })
}

/// A directory in which the organizations were made, and their sequences; ended by `signal`.
fn ended_by(signal: &str) -> (Place, Vec<u64>) {
    let place = Place::new();
    let mut node = place.serve();
    let seqs = fill(&node);
    node.signal(signal);
    node.ended();
    (place, seqs)
}

/// What `verify` finds: log and place of each.
fn findings(place: &Place) -> Vec<(String, String)> {
    let found = run(&["verify", "--data", place.data.to_str().unwrap(), "-o", "json"]);
    let value: Value = serde_json::from_slice(&found.stdout).unwrap_or_else(|error| panic!("{error}: {found:?}"));
    let findings = value["findings"].as_array().unwrap();
    assert_eq!((found.status.code() == Some(0), value["sound"] == true), (findings.is_empty(), findings.is_empty()));
    let text = |finding: &Value, field: &str| finding[field].as_str().map(str::to_owned);
    let named = findings.iter().map(|finding| {
        let log = text(finding, "log").unwrap_or_else(|| panic!("names no log: {finding}"));
        (log, text(finding, "place").unwrap())
    });
    named.collect()
}

/// Each finding is of a log that there is, and says where in it.
fn all_named(found: &[(String, String)], what: &str) {
    assert!(!found.is_empty(), "{what}: not found");
    for (log, place) in found {
        assert!(["global", "region/us-east-1"].contains(&log.as_str()), "{what}: {log}");
        assert!(place.contains(|letter: char| letter.is_ascii_digit()), "{what}: names no sequence: {place}");
    }
}

fn files_with(place: &Place, extension: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = contents(&place.data).into_iter();
    files.filter(|(path, _)| path.extension().is_some_and(|found| found == extension)).collect()
}

fn positions(content: &[u8], wanted: &[u8]) -> Vec<usize> {
    (0..content.len()).filter(|at| content[*at..].starts_with(wanted)).collect()
}

/// Runs `look` while one byte of a file is another.
fn with_flip<T>(path: &Path, sound: &[u8], at: usize, look: impl FnOnce() -> T) -> T {
    let mut damaged = sound.to_vec();
    damaged[at] ^= 1;
    fs::write(path, damaged).unwrap();
    let seen = look();
    fs::write(path, sound).unwrap();
    seen
}

#[test]
fn a_flipped_byte_in_a_record_is_found_and_nothing_is_changed() {
    let (place, _) = ended_by("TERM");
    let files = contents(&place.data.join("log"));
    let hit =
        files.iter().find_map(|(path, content)| Some((path, content, *positions(content, b"a display").first()?)));
    let (path, content, at) = hit.expect("the record is on disk, as it was written");
    let mut damaged = content.clone();
    damaged[at] ^= 1;
    fs::write(path, damaged).unwrap();

    let before = contents(&place.data);
    let found = run(&["verify", "--data", place.data.to_str().unwrap()]);
    let said = String::from_utf8(found.stdout).unwrap();
    assert_eq!(found.status.code(), Some(1), "{said}");
    assert!(said.contains("finding: global, "), "{said}");
    all_named(&findings(&place), "the record");
    assert!(contents(&place.data) == before, "verify changed something");
}

#[test]
fn a_flipped_byte_in_the_write_ahead_log_of_a_killed_node_names_log_and_sequence() {
    let (place, seqs) = ended_by("KILL");
    assert_eq!(findings(&place), [], "nothing is flipped yet");
    let logs = files_with(&place, "log");
    let mut exact = 0;
    for number in (0..ORGANIZATIONS).step_by(7) {
        let (name, seq) = (marker(number), seqs[number]);
        for (path, sound) in &logs {
            for at in positions(sound, name.as_bytes()) {
                let found = with_flip(path, sound, at + 5, || findings(&place));
                // It stands in a Raft entry and in the record that it made.
                assert_eq!(found.len(), 1, "{name}: {found:?}");
                assert_eq!(found[0].0, "global");
                let of_record = found[0].1 == format!("record {seq}");
                assert!(of_record || found[0].1.starts_with("Raft entry "), "{name}: {found:?}");
                exact += usize::from(of_record);
            }
        }
    }
    assert_eq!(exact, ORGANIZATIONS.div_ceil(7), "each record is there once");
    for (path, sound) in &logs {
        let spread = (0..sound.len()).step_by((sound.len() / 60).max(1));
        for at in (0..sound.len().min(20)).chain(spread).chain(sound.len().saturating_sub(20)..sound.len()) {
            let what = format!("byte {at} of {}", path.display());
            all_named(&with_flip(path, sound, at, || findings(&place)), &what);
        }
    }
}

#[test]
fn a_flipped_byte_in_a_table_file_names_log_and_sequence() {
    let (place, seqs) = ended_by("TERM");
    assert_eq!(findings(&place), [], "nothing is flipped yet");
    let mut flips = 0;
    for (path, sound) in files_with(&place, "sst") {
        for at in positions(&sound, b"a display name") {
            let found = with_flip(&path, &sound, at, || findings(&place));
            all_named(&found, "a record or an entry");
            let named = |kind: &str| found.iter().any(|(log, place)| log == "global" && place.starts_with(kind));
            let record = seqs.iter().any(|seq| named(&format!("record {seq}")));
            assert!(record || named("Raft entry "), "{found:?}");
            flips += 1;
        }
        // Behind the entries are an index, properties and a footer, not all of which say anything about what is stored.
        for at in (0..sound.len()).step_by((sound.len() / 40).max(1)).chain(sound.len().saturating_sub(60)..sound.len())
        {
            let found = with_flip(&path, &sound, at, || findings(&place));
            if !found.is_empty() {
                all_named(&found, &format!("byte {at} of {}", path.display()));
            }
        }
    }
    assert!(flips > 1, "{flips}");
}

#[test]
fn a_flipped_byte_in_any_other_file_that_is_found_names_log_and_sequence() {
    for signal in ["TERM", "KILL"] {
        let (place, _) = ended_by(signal);
        let mut found_in = std::collections::BTreeSet::new();
        for (path, sound) in contents(&place.data) {
            let name = path.file_name().unwrap().to_str().unwrap();
            let Some(kind) = ["MANIFEST", "CURRENT"].into_iter().find(|kind| name.starts_with(kind)) else { continue };
            for at in (0..sound.len()).step_by((sound.len() / 25).max(1)) {
                let found = with_flip(&path, &sound, at, || findings(&place));
                // A name that is itself damaged may be told beside those that are not.
                let known = found.into_iter().filter(|(log, _)| ["global", "region/us-east-1"].contains(&log.as_str()));
                all_named(&known.collect::<Vec<_>>(), &format!("byte {at} of {name} after {signal}"));
                found_in.insert(kind);
            }
        }
        assert_eq!(found_in.len(), 2);
    }
}

#[test]
fn a_flipped_byte_in_a_snapshot_file_names_log_and_sequence() {
    let place = Place::new();
    place.replace("telemetry = {", "retention = { snapshot_every = 10, records_kept = 5 }\ntelemetry = {");
    let mut node = place.serve();
    fill(&node);
    let path = place.data.join("snapshots/global");
    wait("a snapshot", || path.exists().then_some(()));
    node.signal("TERM");
    assert!(node.ended().success());
    assert_eq!(findings(&place), [], "nothing is flipped yet");
    let sound = fs::read(&path).unwrap();
    for at in (0..30).chain((30..sound.len()).step_by(sound.len() / 30)) {
        let found = with_flip(&path, &sound, at, || findings(&place));
        all_named(&found, &format!("byte {at}"));
        assert!(found.iter().any(|(log, place)| log == "global" && place.starts_with("the snapshot")), "{found:?}");
    }
}

/// Writes the entries of a journal from `from` on again, and changes the places of the first two, or leaves the first one out.
fn rewrite(place: &Place, journal: &Journal, from: u64, swapped: bool) {
    let options = Options { dir: place.data.clone(), ring: RingId::new("test"), member: MemberId(1), observe: None };
    let store = Store::open(options).unwrap();
    let mut entries = store.read(journal, from, u64::MAX, usize::MAX).unwrap();
    if swapped {
        entries.swap(0, 1);
    } else {
        entries.remove(0);
    }
    let (told, answer) = mpsc::channel();
    let ops = vec![
        Op::Truncate { journal: journal.clone(), last: from - 1 },
        Op::Append { journal: journal.clone(), first: from, entries },
    ];
    store.write(ops, Box::new(move |result| told.send(result).unwrap()));
    answer.recv().unwrap().unwrap();
    store.shutdown().unwrap();
}

#[test]
fn a_dropped_record_and_two_swapped_ones_name_log_and_sequence() {
    for journal in [Journal::Records(Log::Global), Journal::Raft(Log::Global)] {
        let kind = if matches!(journal, Journal::Raft(_)) { "Raft entry" } else { "record" };
        for swapped in [false, true] {
            let (place, _) = ended_by("TERM");
            let at = 12;
            rewrite(&place, &journal, at, swapped);
            let found = findings(&place);
            let named = |number: u64| found.contains(&("global".to_owned(), format!("{kind} {number}")));
            assert!(named(at) || (swapped && named(at + 1)), "{kind}, swapped: {swapped}: {found:?}");
        }
    }
}

#[test]
fn a_directory_that_is_no_members_is_refused() {
    let place = Place::new();
    assert!(refused(&["verify", "--config", &place.config()]).contains("there is none"));
}
