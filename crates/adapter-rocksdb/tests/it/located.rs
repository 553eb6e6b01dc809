//! Damage because of which a directory does not open: the log and the numbers that it is about are named.

use std::{fs, path::Path};

use adapter_rocksdb::{OpenError, Part, Store, parts};
use bytes::Bytes;
use ids::Log;
use ports::{Journal, Op};
use tempfile::TempDir;

use crate::{
    directory::{copied, files, last_wal, open},
    workload::written,
};

const ENTRIES: u64 = 12;
const ENTRY_BYTES: usize = 300;

fn journal() -> Journal {
    Journal::Records(Log::Region("eu-1".parse().unwrap()))
}

/// Bytes that stand nowhere else.
fn content(number: u64) -> Bytes {
    let letter = b'A' + u8::try_from(number).unwrap();
    Bytes::from(vec![letter; ENTRY_BYTES])
}

fn append(number: u64) -> Vec<Op> {
    let entries = vec![content(number)];
    vec![
        Op::Append { journal: journal(), first: number, entries },
        Op::Meta { journal: journal(), key: "end", value: Bytes::copy_from_slice(&number.to_be_bytes()) },
    ]
}

fn filled(dir: &Path) -> Store {
    let store = open(dir);
    (1..=ENTRIES).for_each(|number| written(&store, append(number)).unwrap());
    store
}

/// What a process leaves that was killed: everything is in the write-ahead log.
fn killed() -> TempDir {
    let dir = TempDir::new().unwrap();
    let store = filled(dir.path());
    let left = copied(dir.path());
    drop(store);
    left
}

fn named(dir: &Path) -> (OpenError, Vec<Part>) {
    let error = Store::open_read_only(dir).map(drop).unwrap_err();
    let parts = parts(dir, &error);
    (error, parts)
}

/// What is told of the log that there is. Only of a damaged name in the manifest another one may be told beside it.
fn texts(parts: &[Part]) -> Vec<String> {
    let Journal::Records(log) = journal() else { unreachable!() };
    parts.iter().filter(|part| *part.log() == log).map(Part::to_string).collect()
}

/// Every number in a text.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn a_byte_flipped_in_an_entry_names_exactly_that_entry() {
    let left = killed();
    let (path, _) = last_wal(left.path());
    let sound = fs::read(&path).unwrap();
    for number in 1..=ENTRIES {
        let entry = content(number);
        let at = sound.windows(ENTRY_BYTES).position(|window| *window == entry).unwrap();
        for at in [at, at + ENTRY_BYTES / 2, at + ENTRY_BYTES - 1] {
            let mut damaged = sound.clone();
            damaged[at] ^= 4;
            fs::write(&path, damaged).unwrap();
            let (error, parts) = named(left.path());
            assert_eq!(texts(&parts), [format!("record {number}")], "byte {at}: {error}");
        }
    }
}

#[test]
fn a_byte_flipped_anywhere_in_the_log_names_the_entry_or_its_neighbours() {
    let left = killed();
    let (path, length) = last_wal(left.path());
    let sound = fs::read(&path).unwrap();
    let ends: Vec<usize> = (1..=ENTRIES)
        .map(|number| {
            let entry = content(number);
            sound.windows(ENTRY_BYTES).position(|window| *window == entry).unwrap() + ENTRY_BYTES
        })
        .collect();
    for at in 0..usize::try_from(length).unwrap() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x11;
        fs::write(&path, damaged).unwrap();
        let (error, parts) = named(left.path());
        // What is behind the content of an entry, up to that of the next, is of either.
        let number = ends.iter().filter(|end| **end <= at).count() as u64;
        let near = |number_told: &u64| (number.saturating_sub(1)..=number + 2).contains(number_told);
        assert!(!parts.is_empty() && texts(&parts).len() == parts.len(), "byte {at}: {error}: {parts:?}");
        for text in texts(&parts) {
            let told = numbers(&text);
            assert!(!told.is_empty() && told.iter().all(near), "byte {at}, after entry {number}: {text}");
        }
    }
}

#[test]
fn a_record_of_the_log_that_is_too_damaged_to_read_is_named_by_its_neighbours() {
    let left = killed();
    let (path, _) = last_wal(left.path());
    let mut damaged = fs::read(&path).unwrap();
    let place = |number| damaged.windows(ENTRY_BYTES).position(|window| *window == content(number)).unwrap();
    // From within the third entry to within the sixth, as if a stretch had been overwritten.
    let (from, to) = (place(3) + 10, place(6) + 10);
    damaged.get_mut(from..to).unwrap().fill(0xee);
    fs::write(&path, damaged).unwrap();
    let (error, parts) = named(left.path());
    assert_eq!(texts(&parts), ["records 3 to 6"], "{error}");
}

#[test]
fn damage_outside_the_log_names_what_the_directory_holds() {
    let dir = TempDir::new().unwrap();
    let store = filled(dir.path());
    store.shutdown().unwrap();
    drop(store);
    let held = |left: &Path| {
        let (error, parts) = named(left);
        assert_eq!(texts(&parts), [format!("records 1 to {ENTRIES}")], "{error}");
    };
    for (path, sound) in files(dir.path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !["MANIFEST", "CURRENT", "identity"].iter().any(|kind| name.contains(kind)) {
            continue;
        }
        for at in (0..sound.len()).step_by(7) {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x20;
            fs::write(&path, damaged).unwrap();
            if matches!(Store::open_read_only(dir.path()), Err(OpenError::Damaged { .. } | OpenError::Io { .. })) {
                let (error, parts) = named(dir.path());
                // What a flip in the manifest leaves of a table file's keys is told as it is.
                let told = texts(&parts);
                assert!(!told.is_empty() && told.iter().all(|text| !numbers(text).is_empty()), "{name} {at}: {error}");
                if !name.contains("MANIFEST") {
                    held(dir.path());
                }
            }
        }
        fs::write(&path, &sound).unwrap();
    }
    let tables = files(dir.path()).into_keys().filter(|path| path.extension().is_some_and(|kind| kind == "sst"));
    for path in tables {
        let sound = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        held(dir.path());
        fs::write(&path, sound).unwrap();
    }
    assert!(Store::open_read_only(dir.path()).is_ok());
}
