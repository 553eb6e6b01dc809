//! Snapshots: one file per log, replaced by renaming, written by a thread of its own.
//!
//! Why files and not the database: a snapshot may have a hundred megabytes and is only ever replaced whole. As values it would be
//! written to the write-ahead log, to a table file, and again by each compaction, through the one writer that everybody waits for. As a
//! file it is written once, by nobody's leave, and a rename is all the atomicity that it needs.
//!
//! ```text
//!   snapshots/region.eu-1        magic (8) · length of the content (8) · crc32c of log, length, content (4) · content
//!   snapshots/region.eu-1.new    being written; removed at the next opening
//! ```
//! The content goes out in pieces, each synced before the next: the log's sync never waits behind more than one piece.
//!
//! A put that fails leaves the older snapshot, and the next put is tried on its own: nothing that it says rests on the one that failed.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use ids::Log;
use ports::{Flushed, StoreError};

use crate::identity::sync_dir;

pub const DIRECTORY: &str = "snapshots";

const MAGIC: [u8; 8] = *b"atollsn1";
const HEADER_BYTES: usize = 20;
const PIECE_BYTES: usize = 4 * 1024 * 1024;
const NEW: &str = "new";

/// See the module.
pub struct Snapshots {
    dir: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Put>,
    taken: u64,
    /// The newest of each log while it is not a file yet, with the number of its put.
    pending: BTreeMap<Log, (u64, Bytes)>,
    closing: bool,
    ended: bool,
}

struct Put {
    number: u64,
    log: Log,
    sealed: Bytes,
    flushed: Flushed,
}

impl Snapshots {
    /// `ended`: nothing is ever put, because there is no writer.
    pub fn new(dir: &Path, ended: bool) -> Self {
        let state = State { ended, ..State::default() };
        Self { dir: dir.join(DIRECTORY), state: Mutex::new(state), changed: Condvar::new() }
    }

    pub fn put(&self, log: &Log, sealed: Bytes, flushed: Flushed) {
        {
            let mut state = self.lock();
            if !state.ended {
                state.taken += 1;
                let number = state.taken;
                state.pending.insert(log.clone(), (number, sealed.clone()));
                state.queue.push_back(Put { number, log: log.clone(), sealed, flushed });
                self.changed.notify_one();
                return;
            }
        }
        flushed(Err(StoreError::Flush { detail: "the store takes no writes".to_owned() }));
    }

    pub fn latest(&self, log: &Log) -> Result<Option<Bytes>, StoreError> {
        if let Some((_, sealed)) = self.lock().pending.get(log) {
            return Ok(Some(sealed.clone()));
        }
        let corrupt = |detail: String| StoreError::Corrupt { what: "a snapshot", owner: log.to_string(), detail };
        match fs::read(self.dir.join(file_name(log))) {
            Ok(file) => unpack(log, file.into()).map(Some).map_err(corrupt),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(corrupt(error.to_string())),
        }
    }

    /// Writes until the store closes.
    pub fn run(&self) {
        while let Some(Put { number, log, sealed, flushed }) = self.next() {
            let result = self.write(&log, &sealed);
            {
                let mut state = self.lock();
                if state.pending.get(&log).is_some_and(|(newest, _)| *newest == number) {
                    state.pending.remove(&log);
                }
            }
            // A caller's panic was reported by the hook; it must not take the answers of all others with it.
            let _ = catch_unwind(AssertUnwindSafe(move || flushed(result)));
        }
    }

    pub fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_one();
    }

    fn next(&self) -> Option<Put> {
        let waiting = self.changed.wait_while(self.lock(), |state| state.queue.is_empty() && !state.closing);
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
        let next = state.queue.pop_front();
        state.ended = next.is_none();
        next
    }

    fn write(&self, log: &Log, sealed: &[u8]) -> Result<(), StoreError> {
        let bytes = sealed.len() as u64;
        let path = self.dir.join(file_name(log));
        let new = path.with_added_extension(NEW);
        let written = write_pieces(&new, &header(log, sealed), sealed).and_then(|()| fs::rename(&new, &path));
        written.and_then(|()| sync_dir(&self.dir)).map_err(|error| {
            // It takes room, and is of no use.
            let _ = fs::remove_file(&new);
            match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { bytes },
                _ => StoreError::Flush { detail: format!("wrote the snapshot of {log}: {error}") },
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes what a crash left half-written.
pub fn clean(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir.join(DIRECTORY))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == NEW) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn file_name(log: &Log) -> String {
    log.to_string().replace('/', ".")
}

fn write_pieces(path: &Path, header: &[u8], content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(header)?;
    for piece in content.chunks(PIECE_BYTES) {
        file.write_all(piece)?;
        file.sync_data()?;
    }
    file.sync_all()
}

fn header(log: &Log, content: &[u8]) -> [u8; HEADER_BYTES] {
    let length = (content.len() as u64).to_be_bytes();
    let sum = crc32c::crc32c_append(crc32c::crc32c(log.to_string().as_bytes()), &length);
    let sum = crc32c::crc32c_append(sum, content).to_be_bytes();
    let mut header = [0; HEADER_BYTES];
    let bytes = MAGIC.iter().chain(&length).chain(&sum);
    header.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    header
}

/// The content of a file, or what is wrong with it.
fn unpack(log: &Log, mut file: Bytes) -> Result<Bytes, String> {
    if file.len() < HEADER_BYTES {
        return Err(format!("{} bytes are too few for a header", file.len()));
    }
    let found = file.split_to(HEADER_BYTES);
    if found == header(log, &file)[..] {
        return Ok(file);
    }
    Err(format!("its header does not fit the {} bytes behind it: magic, length or checksum differs", file.len()))
}
