//! One opened data directory: the two ports, and an ordered end.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use ids::{Log, MemberId, RingId};
use ports::{Bounds, Flushed, Journal, LogStore, Op, SnapshotStore, StoreError};
use rocksdb::{DB, DBRawIterator, FlushOptions, ReadOptions};

use crate::{
    error::{OpenError, one_line},
    event::{Observe, StoreEvent},
    identity::Identity,
    keys::{self, EntryKey, META, RAFT, RECORDS},
    open::{self, Opened},
    recover,
    snapshots::Snapshots,
    state::State,
    syncer::{self, family},
};

/// What is opened, and for whom.
pub struct Options {
    /// Made if it is not there.
    pub dir: PathBuf,
    pub ring: RingId,
    pub member: MemberId,
    /// Told of every step.
    pub observe: Option<Observe>,
}

/// The journals and snapshots of one member.
///
/// Dropping it makes durable what was taken, calls back, and closes. [`Store::shutdown`] does so too and says how it went.
pub struct Store {
    shared: Arc<Shared>,
    snapshots: Arc<Snapshots>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    identity: Identity,
}

/// What the syncer works with.
pub struct Shared {
    pub db: DB,
    state: Mutex<State>,
    /// There is something in the queue, or the store closes.
    pub changed: Condvar,
    observe: Option<Observe>,
    read_only: bool,
    /// Given back after the database is closed: fields are dropped in order.
    _lock: File,
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tell(&self, event: StoreEvent) {
        if let Some(observe) = &self.observe {
            observe(event);
        }
    }
}

impl Store {
    /// Opens a data directory, and makes it if it is missing or empty.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let Options { dir, ring, member, observe } = options;
        let opened = open::for_writing(&dir, Identity::new(ring, member))?;
        let store = Self::new(&dir, opened, observe, false)?;
        let (shared, snapshots) = (Arc::clone(&store.shared), Arc::clone(&store.snapshots));
        store.spawn("store-syncer", move || syncer::run(&shared), &dir)?;
        store.spawn("store-snapshots", move || snapshots.run(), &dir)?;
        Ok(store)
    }

    /// Opens a data directory as it is and changes not one byte of it. Every write fails.
    pub fn open_read_only(dir: &Path) -> Result<Self, OpenError> {
        Self::new(dir, open::for_reading(dir)?, None, true)
    }

    /// Whose directory it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Every journal that was ever written to.
    pub fn journals(&self) -> Vec<Journal> {
        self.shared.lock().journals.keys().cloned().collect()
    }

    /// Makes durable what was taken, calls back, and writes memtables out, so that the next opening has no log to replay. Writes that
    /// come later fail; what is stored can still be read. Waits for all of it: not for a thread that must not block.
    pub fn shutdown(&self) -> Result<(), StoreError> {
        self.end();
        if let Some(error) = self.shared.lock().broken.clone() {
            return Err(error);
        }
        if self.shared.read_only {
            return Ok(());
        }
        let db = &self.shared.db;
        let families = [family(db, META)?, family(db, RAFT)?, family(db, RECORDS)?];
        let mut wait = FlushOptions::default();
        wait.set_wait(true);
        let flushed = db.flush_cfs_opt(&families, &wait);
        flushed.map_err(|error| StoreError::Flush { detail: one_line(error.as_ref()) })
    }

    fn new(dir: &Path, opened: Opened, observe: Option<Observe>, read_only: bool) -> Result<Self, OpenError> {
        let Opened { db, identity, lock } = opened;
        let journals = recover::journals(dir, &db, read_only)?;
        let state = Mutex::new(State { journals, ended: read_only, ..State::default() });
        let shared = Shared { db, state, changed: Condvar::new(), observe, read_only, _lock: lock };
        let snapshots = Arc::new(Snapshots::new(dir, read_only));
        Ok(Self { shared: Arc::new(shared), snapshots, threads: Mutex::default(), identity })
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static, dir: &Path) -> Result<(), OpenError> {
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread = spawned.map_err(|error: io::Error| OpenError::io(dir, "start a thread for it", &error))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    fn end(&self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_one();
        self.snapshots.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // A callback may drop the last handle, on one of these threads: it ends by itself then, and closes behind it.
        let others = threads.into_iter().filter(|thread| thread.thread().id() != thread::current().id());
        others.for_each(|thread| drop(thread.join()));
    }

    fn take(&self, ops: Vec<Op>, flushed: Flushed, awaited: bool) {
        {
            let mut state = self.shared.lock();
            if !state.ended {
                if state.closing && state.broken.is_none() {
                    state.broken = Some(refused("the store is closing"));
                }
                let write = state.take(ops, flushed, awaited);
                self.shared.tell(StoreEvent::Taken { write, awaited });
                // What may wait wakes the syncer only where it sleeps for good.
                if awaited || state.idle {
                    self.shared.changed.notify_one();
                }
                return;
            }
        }
        let why = if self.shared.read_only { "the store is open for reading only" } else { "the store is closed" };
        flushed(Err(refused(why)));
    }

    /// The entries `from..to` in the database, to be read later: it shows what was there when it was made.
    fn iterator(&self, journal: &Journal, to: u64) -> Result<DBRawIterator<'_>, StoreError> {
        let mut options = ReadOptions::default();
        // Also keeps it from walking over what was truncated.
        options.set_iterate_upper_bound(EntryKey::new(journal).at(to).to_vec());
        let db = &self.shared.db;
        Ok(db.raw_iterator_cf_opt(family(db, keys::family(journal))?, options))
    }
}

impl LogStore for Store {
    fn write(&self, ops: Vec<Op>, flushed: Flushed) {
        self.take(ops, flushed, true);
    }

    fn write_later(&self, ops: Vec<Op>, flushed: Flushed) {
        self.take(ops, flushed, false);
    }

    fn read(&self, journal: &Journal, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, StoreError> {
        let (stored, stored_to, recent) = {
            let state = self.shared.lock();
            let Bounds { first, next } = state.bounds(journal);
            if from < first || from > next {
                return Err(StoreError::Outside { journal: journal.to_string(), from, to, first, next });
            }
            let to = to.min(next);
            let Some(held) = state.journals.get(journal).filter(|_| from < to) else { return Ok(Vec::new()) };
            let stored_to = held.recent_first().min(to);
            let mut room = Room::new(bytes_max);
            let recent: Vec<Bytes> =
                held.recent(from, to).take_while(|entry| room.take(entry.len())).cloned().collect();
            // Made under the lock: what is released from memory later is in it, what is purged or replaced later is not missing.
            let stored = (from < stored_to).then(|| self.iterator(journal, stored_to)).transpose()?;
            (stored, stored_to, recent)
        };
        let Some(stored) = stored else { return Ok(recent) };
        let mut room = Room::new(bytes_max);
        let mut entries = read_stored(stored, journal, from..stored_to, &mut room)?;
        entries.extend(recent.into_iter().take_while(|entry| room.take(entry.len())));
        Ok(entries)
    }

    fn bounds(&self, journal: &Journal) -> Bounds {
        self.shared.lock().bounds(journal)
    }

    fn meta(&self, journal: &Journal, key: &'static str) -> Result<Option<Bytes>, StoreError> {
        let state = self.shared.lock();
        Ok(state.journals.get(journal).and_then(|held| held.meta.get(key).cloned()))
    }
}

impl SnapshotStore for Store {
    fn put(&self, log: &Log, sealed: Bytes, flushed: Flushed) {
        self.snapshots.put(log, sealed, flushed);
    }

    fn latest(&self, log: &Log) -> Result<Option<Bytes>, StoreError> {
        self.snapshots.latest(log)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("identity", &self.identity).finish_non_exhaustive()
    }
}

fn refused(why: &str) -> StoreError {
    StoreError::Flush { detail: why.to_owned() }
}

/// Where a read is cut: at some bytes, but after one entry at least. Once it said no, it says no.
struct Room {
    left: Option<usize>,
    none_yet: bool,
}

impl Room {
    fn new(bytes_max: usize) -> Self {
        Self { left: Some(bytes_max), none_yet: true }
    }

    fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.and_then(|left| left.checked_sub(bytes));
        let taken = left.is_some() || (self.none_yet && self.left.is_some());
        (self.left, self.none_yet) = (left, false);
        taken
    }
}

fn read_stored(
    mut stored: DBRawIterator<'_>,
    journal: &Journal,
    numbers: std::ops::Range<u64>,
    room: &mut Room,
) -> Result<Vec<Bytes>, StoreError> {
    let name = keys::family(journal);
    let mut key = EntryKey::new(journal);
    let mut entries = Vec::new();
    stored.seek(key.at(numbers.start));
    for number in numbers {
        let corrupt = |detail: String| StoreError::Corrupt {
            what: "an entry",
            owner: journal.to_string(),
            detail: format!("entry {number}: {detail}"),
        };
        let key = key.at(number);
        let Some(value) = stored.item().filter(|(found, _)| *found == key).map(|(_, value)| value) else {
            stored.status().map_err(|error| corrupt(one_line(error.as_ref())))?;
            return Err(corrupt("it is missing".to_owned()));
        };
        let entry = keys::unseal(name, key, value).map_err(corrupt)?;
        if !room.take(entry.len()) {
            break;
        }
        entries.push(Bytes::copy_from_slice(entry));
        stored.next();
    }
    Ok(entries)
}
