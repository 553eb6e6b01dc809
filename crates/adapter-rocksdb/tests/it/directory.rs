//! Data directories for tests: opened, copied while in use, listed, and mounted.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use adapter_rocksdb::{Observe, OpenError, Options, Store};
use ids::{MemberId, RingId};
use tempfile::TempDir;

pub const MEMBER: MemberId = MemberId(3);

pub fn options(dir: &Path) -> Options {
    Options { dir: dir.to_owned(), ring: RingId::new("demo"), member: MEMBER, observe: None }
}

pub fn try_open(dir: &Path) -> Result<Store, OpenError> {
    Store::open(options(dir))
}

pub fn open(dir: &Path) -> Store {
    try_open(dir).unwrap()
}

pub fn open_observed(dir: &Path, observe: Observe) -> Store {
    Store::open(Options { observe: Some(observe), ..options(dir) }).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
            continue;
        }
        match fs::copy(entry.path(), target) {
            // Renamed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
}

/// A copy of a directory that may be in use: what a kill would leave. Made again if files came or went meanwhile; that the log grew
/// does no harm.
pub fn copied(from: &Path) -> TempDir {
    loop {
        let before = shape(from);
        let to = TempDir::new().unwrap();
        copy(from, to.path());
        if shape(from) == before {
            return to;
        }
    }
}

/// Every file below, but for the lengths of logs.
fn shape(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(shape(&path));
            continue;
        }
        let grows = path.extension().is_some_and(|extension| extension == "log" || extension == "new");
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        found.push((path, if grows { 0 } else { length }));
    }
    found.sort();
    found
}

/// Every file below, with its content.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// The newest write-ahead log file, and its length.
pub fn last_wal(dir: &Path) -> (PathBuf, u64) {
    let names = fs::read_dir(dir.join("log")).unwrap().map(|entry| entry.unwrap().path());
    let path = names.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().unwrap();
    let length = fs::metadata(&path).unwrap().len();
    (path, length)
}

/// Set where no file system can be mounted and the tests that need one may be left out.
const MAY_SKIP: &str = "ATOLL_TESTS_MAY_SKIP_MOUNTS";

/// A test that was skipped looks like one that passed, so skipping has to be asked for.
pub fn not_mounted<T>(may_skip: bool, why: &str) -> Option<T> {
    assert!(may_skip, "mounted a small file system: {why}; as root it works, {MAY_SKIP}=1 leaves these tests out");
    eprintln!("SKIPPED: this process may not mount a file system: {why}");
    None
}

/// A small file system of its own, unmounted when dropped.
pub struct Mounted(TempDir);

impl Mounted {
    /// Where this process may not mount, a panic, or `None` if the tests were told that they may skip what needs it.
    pub fn new(size: &str) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let option = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &option, "tmpfs"]).arg(dir.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(dir)),
            other => not_mounted(std::env::var_os(MAY_SKIP).is_some(), &format!("{other:?}")),
        }
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn remount(&self, option: &str) {
        let option = format!("remount,{option}");
        assert!(Command::new("mount").args(["-o", &option]).arg(self.path()).status().unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}
