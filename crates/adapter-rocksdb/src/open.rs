//! Every step of opening a data directory, for writing or for reading only.
//!
//! ```text
//!   who may?      a directory · ours or empty · not held by another · same ring and member · known format
//!   is it whole?  log files end where a crash may have cut them, and nowhere else      (`frames`)
//!   open          the database, its copy of the identity, what it holds                 (`recover`)
//! ```
//! Nothing is changed before the first line is through. A new directory is made under `identity.new`, which becomes `identity` when
//! all else is durable: a directory without `identity` never held anything that was acknowledged, so what an interrupted start left there
//! is removed. One with `identity` and without a database is damaged; an empty database in its place would be a member that forgot
//! its votes.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use rocksdb::{DB, WriteBatch, WriteOptions};

use crate::{
    error::OpenError,
    frames::{self, Shape},
    identity::{FILE, FILE_NEW, Identity, sync_dir, write_file},
    keys::{self, IDENTITY, META},
    options, snapshots,
};

pub const DATABASE: &str = "log";

/// An opened data directory.
pub struct Opened {
    pub db: DB,
    pub identity: Identity,
    /// Held for as long as it is open.
    pub lock: File,
}

/// Opens `dir` for `wanted`, and makes it if it is not there.
pub fn for_writing(dir: &Path, wanted: Identity) -> Result<Opened, OpenError> {
    let io = |attempted: &'static str| move |error: io::Error| OpenError::io(dir, attempted, &error);
    if !fs::exists(dir).map_err(io("look at it"))? {
        fs::create_dir_all(dir).map_err(io("make it"))?;
        sync_parent(dir).map_err(io("sync the directory above it"))?;
    }
    let found = look(dir)?;
    if let Some(found) = &found {
        found.admit(dir, &wanted)?;
    }
    let lock = lock(dir, File::try_lock)?;
    // Looked at again: it may have been made, or removed, before it was ours.
    match look(dir)? {
        Some(identity) => {
            identity.admit(dir, &wanted)?;
            // RocksDB would say it in its own words, after it had begun.
            drop(File::options().append(true).open(dir.join(FILE)).map_err(io("open its identity to write"))?);
            check_frames(dir)?;
            snapshots::clean(dir).map_err(io("remove what was left of a snapshot"))?;
            let path = dir.join(DATABASE);
            let options = options::database(false, &dir.join(FILE));
            let db = DB::open_cf_descriptors(&options, path, options::families());
            let db = db.map_err(|error| OpenError::database(dir, &error))?;
            same_identity(dir, &db, &identity)?;
            Ok(Opened { db, identity, lock })
        }
        None => Ok(Opened { db: create(dir, &wanted)?, identity: wanted, lock }),
    }
}

/// Opens `dir` as it is, and changes nothing in it.
pub fn for_reading(dir: &Path) -> Result<Opened, OpenError> {
    let missing = || OpenError::Missing { dir: dir.to_owned() };
    if !fs::exists(dir).map_err(|error| OpenError::io(dir, "look at it", &error))? {
        return Err(missing());
    }
    look(dir)?.ok_or_else(missing)?;
    let lock = lock(dir, File::try_lock_shared)?;
    let identity = look(dir)?.ok_or_else(missing)?;
    check_frames(dir)?;
    let (options, path) = (options::database(false, &dir.join(FILE)), dir.join(DATABASE));
    let db = DB::open_cf_descriptors_read_only(&options, path, options::families(), false);
    let db = db.map_err(|error| OpenError::database(dir, &error))?;
    same_identity(dir, &db, &identity)?;
    Ok(Opened { db, identity, lock })
}

/// The identity of a directory; `None` for one that is empty, or was being made.
pub fn look(dir: &Path) -> Result<Option<Identity>, OpenError> {
    let io = |error: io::Error| OpenError::io(dir, "list it", &error);
    if let Some(identity) = Identity::read(dir)? {
        return Ok(Some(identity));
    }
    let names = fs::read_dir(dir).map_err(io)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names: Vec<_> = names.collect::<Result<_, _>>().map_err(io)?;
    let being_made = names.iter().any(|name| name == FILE_NEW);
    let ours = |name: &&std::ffi::OsString| {
        being_made && [FILE_NEW, DATABASE, snapshots::DIRECTORY].iter().any(|ours| *name == ours)
    };
    match names.iter().find(|name| !ours(name)) {
        Some(name) => Err(OpenError::Foreign { dir: dir.to_owned(), found: name.to_string_lossy().into_owned() }),
        None => Ok(None),
    }
}

/// The lock is on the directory itself: nothing is written for it, and it ends with the process.
fn lock(dir: &Path, take: fn(&File) -> Result<(), TryLockError>) -> Result<File, OpenError> {
    let file = File::open(dir).map_err(|error| OpenError::io(dir, "open it", &error))?;
    match take(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::io(dir, "lock it", &error)),
    }
}

fn create(dir: &Path, identity: &Identity) -> Result<DB, OpenError> {
    let io = |attempted: &'static str| move |error: io::Error| OpenError::io(dir, attempted, &error);
    for left in [DATABASE, snapshots::DIRECTORY] {
        match fs::remove_dir_all(dir.join(left)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(OpenError::io(dir, "remove what an interrupted start left", &error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    write_file(&dir.join(FILE_NEW), identity.text().as_bytes()).map_err(io("write its identity"))?;
    sync_dir(dir).map_err(io("sync it"))?;
    fs::create_dir(dir.join(snapshots::DIRECTORY)).map_err(io("make the directory of its snapshots"))?;
    let options = options::database(true, &dir.join(FILE_NEW));
    let db = DB::open_cf_descriptors(&options, dir.join(DATABASE), options::families());
    let db = db.map_err(|error| OpenError::database(dir, &error))?;
    let (mut batch, mut value) = (WriteBatch::default(), Vec::new());
    keys::seal(META, IDENTITY, identity.text().as_bytes(), &mut value);
    batch.put(IDENTITY, &value);
    let mut durable = WriteOptions::default();
    durable.set_sync(true);
    db.write_opt(batch, &durable).map_err(|error| OpenError::database(dir, &error))?;
    sync_dir(dir).map_err(io("sync it"))?;
    fs::rename(dir.join(FILE_NEW), dir.join(FILE)).map_err(io("name its identity"))?;
    sync_dir(dir).map_err(io("sync it"))?;
    Ok(db)
}

fn same_identity(dir: &Path, db: &DB, identity: &Identity) -> Result<(), OpenError> {
    let what = "the database's copy of the identity";
    let value = db.get_pinned(IDENTITY).map_err(|error| OpenError::database(dir, &error))?;
    let value = value.ok_or_else(|| OpenError::damaged(dir, what, "there is none"))?;
    let text = keys::unseal(META, IDENTITY, &value).map_err(|detail| OpenError::damaged(dir, what, detail))?;
    let copy = Identity::parse(dir, text)?;
    if copy == *identity {
        return Ok(());
    }
    let detail = format!("it is of {} in the ring {:?}", copy.member, copy.ring.as_str());
    Err(OpenError::damaged(dir, what, detail))
}

/// Makes sure that what RocksDB drops from its log files when it opens was never acknowledged.
fn check_frames(dir: &Path) -> Result<(), OpenError> {
    let io = |error: io::Error| OpenError::io(dir, "read its log files", &error);
    if !fs::exists(dir.join(DATABASE)).map_err(io)? {
        return Err(OpenError::damaged(dir, "the database", "there is none"));
    }
    if let Some(manifest) = manifest(dir).map_err(io)? {
        check_file(dir, &manifest, true)?;
    }
    let logs = log_files(dir).map_err(io)?;
    let last = logs.last();
    logs.iter().try_for_each(|path| check_file(dir, path, Some(path) == last))
}

/// The manifest that is in force. If there is none, RocksDB says so.
pub fn manifest(dir: &Path) -> io::Result<Option<PathBuf>> {
    let database = dir.join(DATABASE);
    let Ok(current) = fs::read_to_string(database.join("CURRENT")) else { return Ok(None) };
    let manifest = database.join(current.trim_end());
    Ok(fs::exists(&manifest)?.then_some(manifest))
}

/// The files of the write-ahead log that hold anything, in order.
pub fn log_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(dir.join(DATABASE))? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        let Some(number) = number.filter(|_| is_log) else { continue };
        if fs::metadata(&path)?.len() > 0 {
            logs.push((number, path));
        }
    }
    logs.sort();
    Ok(logs.into_iter().map(|(_, path)| path).collect())
}

fn check_file(dir: &Path, path: &Path, last: bool) -> Result<(), OpenError> {
    let io = |error: io::Error| OpenError::io(dir, "read its log files", &error);
    let (at, why) = match frames::shape(File::open(path).map_err(io)?).map_err(io)? {
        Shape::Whole => return Ok(()),
        Shape::Torn { .. } if last => return Ok(()),
        Shape::Torn { at } => (at, "it ends within a record, and a later file has more"),
        Shape::Damaged { at, why } => (at, why),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Err(OpenError::damaged(dir, format!("the log file {DATABASE}/{name}"), format!("{why}, at byte {at}")))
}

fn sync_parent(dir: &Path) -> io::Result<()> {
    let parent = dir.parent().map_or_else(PathBuf::new, Path::to_owned);
    sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { &parent })
}
