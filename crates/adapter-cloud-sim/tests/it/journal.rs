//! A journal holds what was appended, whatever is cut off its end, and nothing is taken for less than it is.

use std::fs::{self, OpenOptions};

use adapter_cloud_sim::journal::{Journal, OpenError, Saved};

fn saved(dir: &std::path::Path) -> Saved {
    Journal::open(dir).unwrap().1.unwrap()
}

fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, nothing) = Journal::open(dir.path()).unwrap();
    assert!(nothing.is_none());
    journal.cut(b"at first").unwrap();
    for batch in ["one", "two", "three"] {
        journal.append(batch.as_bytes()).unwrap();
    }
    dir
}

#[test]
fn what_was_appended_is_read_again_and_a_snapshot_takes_its_place() {
    let dir = filled();
    let found = saved(dir.path());
    assert_eq!((found.snapshot.as_slice(), found.batches.len()), (b"at first".as_slice(), 3));
    let (mut journal, _) = Journal::open(dir.path()).unwrap();
    journal.append(b"four").unwrap();
    journal.cut(b"later").unwrap();
    assert_eq!(journal.bytes(), 0);
    journal.append(b"five").unwrap();
    drop(journal);
    let found = saved(dir.path());
    assert_eq!((found.snapshot.as_slice(), found.batches), (b"later".as_slice(), vec![b"five".to_vec()]));
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["journal-0000000002", "lock", "snapshot-0000000002"]);
}

#[test]
fn a_torn_last_line_is_dropped_wherever_it_was_torn() {
    let whole = fs::read(filled().path().join("journal-0000000001")).unwrap();
    let ends: Vec<usize> = (0..=whole.len()).filter(|end| *end == 0 || whole[end - 1] == b'\n').collect();
    for length in 0..=whole.len() {
        let dir = filled();
        let file = OpenOptions::new().write(true).open(dir.path().join("journal-0000000001")).unwrap();
        file.set_len(length as u64).unwrap();
        let (mut journal, found) = Journal::open(dir.path()).unwrap();
        let lines = ends.iter().filter(|end| **end <= length).count() - 1;
        assert_eq!(found.unwrap().batches.len(), lines, "cut at {length}");
        journal.append(b"next").unwrap();
        drop(journal);
        assert_eq!(saved(dir.path()).batches.len(), lines + 1);
    }
}

#[test]
fn damage_before_the_last_line_is_refused_with_its_place() {
    let dir = filled();
    let path = dir.path().join("journal-0000000001");
    let mut bytes = fs::read(&path).unwrap();
    let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    bytes[second + 10] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let Err(error @ OpenError::Damaged { line: 2, .. }) = Journal::open(dir.path()) else { panic!("opened") };
    assert!(error.to_string().contains("journal-0000000001"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn what_an_interrupted_cut_left_is_no_obstacle() {
    let dir = filled();
    // Before the snapshot has its name, the directory is of the old generation.
    fs::write(dir.path().join("snapshot-0000000002.new"), b"half").unwrap();
    fs::write(dir.path().join("journal-0000000002"), b"").unwrap();
    let found = saved(dir.path());
    assert_eq!((found.snapshot.as_slice(), found.batches.len()), (b"at first".as_slice(), 3));
    // After, it is of the new one, also with the old one's files beside it.
    fs::write(dir.path().join("snapshot-0000000002"), b"whole").unwrap();
    let found = saved(dir.path());
    assert_eq!((found.snapshot.as_slice(), found.batches.len()), (b"whole".as_slice(), 0));
    assert!(!dir.path().join("snapshot-0000000001").exists());
}

#[test]
fn one_process_at_a_time_has_a_directory() {
    let dir = filled();
    let (held, _) = Journal::open(dir.path()).unwrap();
    assert!(matches!(Journal::open(dir.path()), Err(OpenError::InUse { .. })));
    drop(held);
    assert!(Journal::open(dir.path()).is_ok());
}
