//! One flipped byte, anywhere: found, or without effect. Never another value.

use std::{
    fs,
    path::{Path, PathBuf},
};

use adapter_rocksdb::Store;
use ids::Log;
use ports::SnapshotStore;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use crate::{
    directory::{copied, files, open, try_open},
    workload::{Model, filled, snapshot},
};

const UNITS: u64 = 300;

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused(String),
    Named(String),
    Harmless,
}

fn outcome(dir: &Path, model: &Model) -> Outcome {
    let store = match Store::open_read_only(dir) {
        Ok(store) => store,
        Err(error) => return Outcome::Refused(error.to_string()),
    };
    let entries = model.check(&store);
    let sealed = store.latest(&Log::Global);
    if let Ok(sealed) = &sealed {
        assert!(*sealed == Some(snapshot(UNITS)), "another snapshot");
    }
    match (entries, sealed) {
        (Err(error), _) | (_, Err(error)) => Outcome::Named(error.to_string()),
        (Ok(()), Ok(_)) => Outcome::Harmless,
    }
}

/// Both ends, and some places between.
fn places(length: usize, count: usize, rng: &mut StdRng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length.min(12)).chain(length.saturating_sub(60)..length).collect();
    if length > 0 {
        places.extend((0..count).map(|_| rng.random_range(0..length)));
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// Flips bytes of every file, one at a time, and gives the file, the place and what came of it.
fn flips(dir: &Path, model: &Model, count: usize) -> Vec<(PathBuf, usize, Outcome)> {
    assert_eq!(outcome(dir, model), Outcome::Harmless, "nothing is flipped yet");
    let mut rng = StdRng::seed_from_u64(5);
    let mut outcomes = Vec::new();
    for (path, bytes) in files(dir) {
        for at in places(bytes.len(), count, &mut rng) {
            let mut flipped = bytes.clone();
            flipped[at] ^= rng.random_range(1..=255_u8);
            fs::write(&path, flipped).unwrap();
            outcomes.push((path.clone(), at, outcome(dir, model)));
        }
        fs::write(&path, bytes).unwrap();
    }
    outcomes
}

/// Prints how many were found by kind of file, and checks that all were in those that hold what was stored.
fn judge(outcomes: &[(PathBuf, usize, Outcome)], all_found: &[&str]) {
    let kind = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let kinds = [".sst", ".log", "MANIFEST", "identity", "global", "CURRENT", "OPTIONS", "IDENTITY", "LOG", "LOCK"];
        kinds.into_iter().find(|kind| name.contains(kind)).unwrap_or_else(|| panic!("an unknown file {name}"))
    };
    for name in [".sst", ".log", "MANIFEST", "identity", "global", "CURRENT", "OPTIONS", "IDENTITY", "LOG"] {
        let of_kind: Vec<_> = outcomes.iter().filter(|(path, ..)| kind(path) == name).collect();
        let harmless: Vec<_> = of_kind.iter().filter(|(.., outcome)| *outcome == Outcome::Harmless).collect();
        let named = of_kind.iter().filter(|(.., outcome)| matches!(outcome, Outcome::Named(_))).count();
        println!("{name}: {} flips, {named} named by a read, {} without effect", of_kind.len(), harmless.len());
        if all_found.contains(&name) {
            assert!(!of_kind.is_empty() && harmless.is_empty(), "{name}: not found: {harmless:?}");
        }
    }
}

#[test]
fn in_a_store_that_was_shut_down_it_is_found_or_without_effect() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let model = filled(&store, UNITS);
    store.shutdown().unwrap();
    drop(store);
    let outcomes = flips(dir.path(), &model, 50);
    judge(&outcomes, &["identity", "global", "CURRENT", "MANIFEST"]);
    let named = outcomes.iter().filter(|(.., outcome)| matches!(outcome, Outcome::Named(_))).count();
    assert!(named > 50, "{named}");
}

#[test]
fn in_a_store_that_was_killed_it_is_found_in_its_logs_too() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let model = filled(&store, UNITS);
    let left = copied(dir.path());
    drop(store);
    let outcomes = flips(left.path(), &model, 150);
    judge(&outcomes, &[".log", "identity", "global", "CURRENT", "MANIFEST"]);
}

#[test]
fn opening_to_write_refuses_what_opening_to_read_refuses() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let model = filled(&store, UNITS);
    let left = copied(dir.path());
    drop(store);
    let mut rng = StdRng::seed_from_u64(9);
    for (path, bytes) in files(left.path()) {
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        for at in places(bytes.len(), 10, &mut rng).into_iter().step_by(4) {
            let damaged = copied(left.path());
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x40;
            fs::write(damaged.path().join(path.strip_prefix(left.path()).unwrap()), flipped).unwrap();
            let refused = try_open(damaged.path()).unwrap_err().to_string();
            assert_eq!(refused.lines().count(), 1);
            assert!(matches!(outcome(damaged.path(), &model), Outcome::Refused(_)));
        }
    }
}

#[test]
fn a_file_that_is_gone_is_found() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    filled(&store, UNITS);
    store.shutdown().unwrap();
    drop(store);
    for name in files(dir.path()).into_keys() {
        let relative = name.strip_prefix(dir.path()).unwrap();
        let text = relative.to_string_lossy();
        if !(text.contains(".sst") || text.contains("MANIFEST") || text.contains("CURRENT")) {
            continue;
        }
        let damaged = copied(dir.path());
        fs::remove_file(damaged.path().join(relative)).unwrap();
        assert!(try_open(damaged.path()).is_err(), "{text}");
    }
}
