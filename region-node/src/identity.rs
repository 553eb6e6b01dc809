//! The first start of a member: its data directory, and whether it may form the ring.
//!
//! ```text
//!   init   ─▶ data directory with identity, and the file `to-be-formed` ─▶ serve forms the groups, once
//!   join   ─▶ data directory with identity, and the file `joining`      ─▶ serve asks to be taken in, until it is
//!   serve  without an identity: refused
//! ```
//!
//! A member whose disk came back empty must not begin as if nothing had been: it would give votes a second time and might form a second
//! ring beside the one that goes on. So `serve` makes no identity by itself.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use adapter_rocksdb::{Identity, Options, Store};
use ids::{Log, MemberId};
use ports::{Journal, LogStore};

use crate::{config::Config, failure::Failure};

/// The file that says: this directory is a member of a ring that was not formed yet.
const TO_BE_FORMED: &str = "to-be-formed";
/// The file that names the member whose place is to be taken.
const JOINING: &str = "joining";

/// Whether the directory is this member's; refused where it is another's, or holds something else. Opens nothing.
pub fn is_there(config: &Config) -> Result<bool, Failure> {
    let dir = &config.data.dir;
    let found = Identity::of(dir).map_err(|error| Failure::start(&error))?;
    let wanted = Identity::new(config.ring(), config.member());
    found.map_or(Ok(false), |found| found.admit(dir, &wanted).map(|()| true).map_err(|error| Failure::start(&error)))
}

/// Opens the data directory, making it where it is missing.
pub fn open(config: &Config, observe: Option<adapter_rocksdb::Observe>) -> Result<Store, adapter_rocksdb::OpenError> {
    let (dir, ring, member) = (config.data.dir.clone(), config.ring(), config.member());
    // Where this fails, the store says why.
    let _ = make_private(&dir);
    Store::open(Options { dir, ring, member, observe })
}

/// Makes a directory that nobody else may look into, where there is none.
fn make_private(dir: &Path) -> io::Result<()> {
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(above)?;
    fs::DirBuilder::new().mode(0o700).create(dir)?;
    sync(above)
}

/// Makes the data directory of a member of a new ring. May be repeated until the ring is formed.
pub fn init(config: &Config) -> Result<(), Failure> {
    let store = open(config, None).map_err(|error| Failure::start(&error))?;
    if holds_any(config, &store)? {
        let dir = config.data.dir.display();
        return Err(Failure::refused(format!(
            "initialized the data directory {dir}: it is part of a ring already, wanted an empty one"
        )));
    }
    mark(config, TO_BE_FORMED, "")
}

/// Makes the data directory of a member that takes the place of a lost one. May be repeated until it is taken in: it may have been
/// interrupted between the directory and the mark.
pub fn join(config: &Config, gone: MemberId) -> Result<(), Failure> {
    if config.members.iter().any(|member| member.id == gone.0) {
        return Err(Failure::refused(format!(
            "joined in the place of {gone}: the configuration still lists it, wanted {} in its place there and on every other member",
            config.member()
        )));
    }
    let store = open(config, None).map_err(|error| Failure::start(&error))?;
    if to_be_formed(config) || holds_any(config, &store)? {
        let dir = config.data.dir.display();
        return Err(Failure::refused(format!(
            "joined with the data directory {dir}: it is a member already, wanted an empty one"
        )));
    }
    drop(store);
    mark(config, JOINING, &gone.0.to_string())
}

/// Under another name first: half a mark would be none.
fn mark(config: &Config, name: &str, content: &str) -> Result<(), Failure> {
    let (file, new) = (config.data.dir.join(name), config.data.dir.join(format!("{name}.new")));
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_all()
    });
    let written = written.and_then(|()| fs::rename(&new, &file)).and_then(|()| sync(&config.data.dir));
    written.map_err(|error| Failure::refused(format!("wrote {}: {error}", file.display())))
}

/// Whether this member ever took part in one of its groups.
fn holds_any(config: &Config, store: &Store) -> Result<bool, Failure> {
    let own = config.region().map(Log::Region).map_err(|error| Failure::start(&error))?;
    Ok([Log::Global, own].into_iter().any(|log| holds_something(store, log)))
}

/// Whether the group of the log was ever formed here, or a vote given.
pub fn holds_something(store: &Store, log: Log) -> bool {
    let journal = Journal::Raft(log);
    store.bounds(&journal).next > 1 || store.meta(&journal, "vote").is_ok_and(|vote| vote.is_some())
}

/// Whether this member is to form its groups.
pub fn to_be_formed(config: &Config) -> bool {
    config.data.dir.join(TO_BE_FORMED).exists()
}

/// Whose place this member is to take.
pub fn joining(config: &Config) -> Option<MemberId> {
    fs::read_to_string(config.data.dir.join(JOINING)).ok()?.trim().parse().ok().map(MemberId)
}

/// The first start is over: from now on this member only goes on.
pub fn settled(config: &Config) -> io::Result<()> {
    for name in [TO_BE_FORMED, JOINING] {
        match fs::remove_file(config.data.dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    sync(&config.data.dir)
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
