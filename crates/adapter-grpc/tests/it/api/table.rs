//! The table of refusals: held by a golden file, and complete.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use adapter_grpc::api::status::{TABLE, row_of};

/// Upper snake case in the sources of the parts below that is no reason of a refusal.
const NO_REASONS: [&str; 31] = [
    // Names of states, modes and stages.
    "CONNECTED",
    "ISOLATED",
    "ISLAND",
    "CATCHING_UP",
    "VOTER",
    "REPLICA",
    "ACTIVE",
    "DELETING",
    "DELETED",
    "UNKNOWN",
    "DEVELOPMENT",
    "PRODUCTION",
    "DRAINING",
    "READY",
    "CLAIMED",
    "RETIRED",
    "PENDING",
    "PROVISIONING",
    "RUNNING",
    "REPAIRING",
    "HIBERNATING",
    "HIBERNATED",
    "WAKING",
    "RETAINED",
    "HEALTHY",
    "WARNING",
    "UNHEALTHY",
    // Between members only: why one is not taken into a group.
    "OTHER_MEMBER",
    "NOT_LISTED",
    "STILL_THERE",
    "NOT_REPLACED",
];

#[expect(
    clippy::disallowed_methods,
    reason = "writing golden files is asked for by whoever runs the tests, not by a config"
)]
fn updating() -> bool {
    std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1")
}

#[test]
fn the_table_is_the_golden_file() {
    let mut text = String::from("reason | code | retry after ms | meaning\n");
    for row in TABLE {
        let retry = row.retry_after_ms.map_or_else(|| "never".to_owned(), |ms| ms.to_string());
        writeln!(text, "{} | {:?} | {retry} | {}", row.reason, row.code, row.meaning).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/status.txt");
    if updating() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "run with UPDATE_GOLDEN=1 and review the difference");
}

#[test]
fn reasons_are_unique_and_unavailable_ones_may_be_tried_again() {
    let reasons: BTreeSet<&str> = TABLE.iter().map(|row| row.reason).collect();
    assert_eq!(reasons.len(), TABLE.len());
    for row in TABLE.iter().filter(|row| row.code == tonic::Code::Unavailable) {
        assert!(row.retry_after_ms.is_some(), "{} is UNAVAILABLE, which clients try again", row.reason);
    }
}

/// Every literal in upper snake case of the sources that make verdicts, rejections and refusals has a row: a new reason fails here until
/// it has one.
#[test]
fn every_reason_that_is_given_anywhere_has_a_row() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    for part in ["domain/src", "ledger/src", "region/src", "adapter-grpc/src/api"] {
        literals_under(&crates.join(part), &mut found);
    }
    for certain in
        ["ETAG_MISMATCH", "GLOBAL_QUORUM_LOST", "CONTENTION", "RELAYED_ALREADY", "SHUTTING_DOWN", "WATCH_TOO_SLOW"]
    {
        assert!(found.contains(certain), "the search for reasons misses {certain}");
    }
    let missing: Vec<&String> =
        found.iter().filter(|word| row_of(word).is_none() && !NO_REASONS.contains(&word.as_str())).collect();
    assert!(missing.is_empty(), "reasons without a row in api/status/table.rs: {missing:?}");
}

fn literals_under(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            literals_under(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.file_name().unwrap() != "tests.rs"
        {
            let text = fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let words = product.split('"').skip(1).step_by(2);
            found.extend(words.filter(|word| is_reason(word)).map(str::to_owned));
        }
    }
}

fn is_reason(word: &str) -> bool {
    word.len() >= 5
        && word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}
