//! Whose directory it is, and everything that is no directory of ours: one clear line, and nothing changed.

use std::{fs, path::Path};

use adapter_rocksdb::{OpenError, Options, Store};
use ids::{Log, MemberId, RingId};
use ports::{LogStore, SnapshotStore, StoreError};
use tempfile::TempDir;

use crate::{
    directory::{MEMBER, Mounted, copied, files, open, options, try_open},
    workload::{Model, filled, put, snapshot, written},
};

/// The directory's refusal, which must be one line that names it, and leave every file as it was.
fn refused(options: Options) -> OpenError {
    let dir = options.dir.clone();
    let before = dir.is_dir().then(|| files(&dir));
    let error = Store::open(options).unwrap_err();
    let text = error.to_string();
    assert!(text.lines().count() == 1 && text.contains(dir.to_str().unwrap()), "{text}");
    assert!(dir.is_dir().then(|| files(&dir)) == before, "{text}: but the directory was changed");
    error
}

fn made() -> TempDir {
    let dir = TempDir::new().unwrap();
    filled(&open(dir.path()), 5);
    dir
}

#[test]
fn a_directory_of_another_ring_is_refused_by_name() {
    let dir = made();
    let error = refused(Options { ring: RingId::new("other"), ..options(dir.path()) });
    let (wanted, found) = (RingId::new("other"), RingId::new("demo"));
    assert_eq!(error, OpenError::OtherRing { dir: dir.path().to_owned(), wanted, found });
    let text = error.to_string();
    assert!(text.contains("\"other\"") && text.contains("\"demo\""), "{text}");
}

#[test]
fn a_directory_of_another_member_is_refused_by_name() {
    let dir = made();
    let error = refused(Options { member: MemberId(4), ..options(dir.path()) });
    assert_eq!(error, OpenError::OtherMember { dir: dir.path().to_owned(), wanted: MemberId(4), found: MEMBER });
}

#[test]
fn a_newer_format_is_refused_whatever_else_it_says() {
    let dir = made();
    fs::write(dir.path().join("identity"), "atoll data directory, format 2\nnobody knows\n").unwrap();
    let error = refused(options(dir.path()));
    assert_eq!(error, OpenError::NewerFormat { dir: dir.path().to_owned(), found: 2, known: 1 });
    assert!(Store::open_read_only(dir.path()).is_err());
}

#[test]
fn an_identity_put_in_front_of_another_database_is_found() {
    let (one, other) = (made(), TempDir::new().unwrap());
    drop(Store::open(Options { ring: RingId::new("other"), ..options(other.path()) }).unwrap());
    fs::copy(other.path().join("identity"), one.path().join("identity")).unwrap();
    let error = Store::open(Options { ring: RingId::new("other"), ..options(one.path()) }).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[test]
fn a_directory_that_is_open_is_refused() {
    let dir = made();
    let store = open(dir.path());
    assert_eq!(try_open(dir.path()).unwrap_err(), OpenError::InUse { dir: dir.path().to_owned() });
    assert_eq!(Store::open_read_only(dir.path()).unwrap_err(), OpenError::InUse { dir: dir.path().to_owned() });
    drop(store);
    // A process that another test starts has our files for a moment, and the lock with them.
    let mut looks = std::iter::repeat_with(|| Store::open_read_only(dir.path())).take(100_000);
    let looking = looks.find_map(Result::ok).unwrap();
    assert_eq!(try_open(dir.path()).unwrap_err(), OpenError::InUse { dir: dir.path().to_owned() });
    drop(looking);
    assert!(std::iter::repeat_with(|| try_open(dir.path())).take(100_000).any(|opened| opened.is_ok()));
}

#[test]
fn what_is_no_directory_of_ours_is_refused() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("letter"), "dear").unwrap();
    let foreign = refused(options(dir.path()));
    assert_eq!(foreign, OpenError::Foreign { dir: dir.path().to_owned(), found: "letter".to_owned() });
    let file = dir.path().join("letter");
    assert_eq!(refused(options(&file)), OpenError::NotDirectory { dir: file.clone() });
    let below = file.join("below");
    assert_eq!(refused(options(&below)), OpenError::NotDirectory { dir: below });
    let missing = dir.path().join("missing");
    assert_eq!(Store::open_read_only(&missing).unwrap_err(), OpenError::Missing { dir: missing });
    // A database alone is not ours either: whose would it be?
    let made = made();
    fs::remove_file(made.path().join("identity")).unwrap();
    assert!(matches!(refused(options(made.path())), OpenError::Foreign { .. }));
}

#[test]
fn an_identity_without_its_database_is_damage_and_not_a_new_beginning() {
    let dir = made();
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    assert!(matches!(refused(options(dir.path())), OpenError::Damaged { .. }));
}

#[test]
fn a_beginning_that_was_interrupted_begins_again() {
    let whole = made();
    for cut in 0..3 {
        let dir = copied(whole.path());
        fs::rename(dir.path().join("identity"), dir.path().join("identity.new")).unwrap();
        if cut > 0 {
            fs::write(dir.path().join("identity.new"), "atoll da").unwrap();
        }
        if cut > 1 {
            fs::remove_dir_all(dir.path().join("log")).unwrap();
        }
        let store = open(dir.path());
        assert_eq!((store.journals(), store.latest(&Log::Global)), (Vec::new(), Ok(None)));
        written(&store, Model::default().next()).unwrap();
    }
}

#[test]
fn a_file_system_that_cannot_be_written_is_refused() {
    let Some(mounted) = Mounted::new("16m") else { return };
    let dir = mounted.path().join("data");
    drop(open(&dir));
    mounted.remount("ro");
    let error = refused(options(&dir));
    assert!(matches!(error, OpenError::Denied { .. }), "{error}");
    let error = refused(options(&mounted.path().join("new")));
    assert!(matches!(error, OpenError::Denied { .. }), "{error}");
    // To look, that is enough.
    assert_eq!(Store::open_read_only(&dir).unwrap().identity().member, MEMBER);
    mounted.remount("rw");
}

#[test]
fn opened_to_read_it_gives_everything_takes_nothing_and_changes_no_byte() {
    for shut_down in [false, true] {
        let dir = TempDir::new().unwrap();
        let store = open(dir.path());
        let model = filled(&store, 60);
        if shut_down {
            store.shutdown().unwrap();
        }
        drop(store);
        let before = files(dir.path());
        {
            let store = Store::open_read_only(dir.path()).unwrap();
            let identity = store.identity();
            assert_eq!((identity.ring.as_str(), identity.member, identity.format), ("demo", MEMBER, 1));
            assert_eq!(model.check(&store), Ok(()));
            assert_eq!(store.latest(&Log::Global), Ok(Some(snapshot(60))));
            assert_eq!(store.journals().len(), 3);
            assert!(matches!(written(&store, Vec::new()), Err(StoreError::Flush { .. })));
            assert!(matches!(put(&store, &Log::Global, snapshot(1)), Err(StoreError::Flush { .. })));
            store.shutdown().unwrap();
        }
        assert!(files(dir.path()) == before);
    }
}

#[test]
fn a_store_that_was_shut_down_takes_nothing_and_can_still_be_read() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let model = filled(&store, 60);
    store.shutdown().unwrap();
    store.shutdown().unwrap();
    assert!(matches!(written(&store, Vec::new()), Err(StoreError::Flush { .. })));
    assert_eq!(model.check(&store), Ok(()));
    drop(store);
    assert_eq!(model.check(&open(dir.path())), Ok(()));
}

#[test]
fn a_directory_is_made_with_those_above_it() {
    let dir = TempDir::new().unwrap();
    let deep: &Path = &dir.path().join("a/b/c");
    assert_eq!(open(deep).bounds(&crate::workload::raft()).next, 1);
}
