//! Bytes that survive the end of a process: a snapshot, and what was appended since.
//!
//! ```text
//!   DIR/lock                    held by the one process that may write here
//!   DIR/snapshot-0000000003     everything until then
//!   DIR/journal-0000000003      since then: one line per batch, its CRC-32 and its content
//! ```
//!
//! A batch is written and synced as a whole before the next is begun. So only the last line can be torn, and a torn one was answered to
//! nobody: it is dropped. Any other line that is damaged stops the opening: a call that was answered would be forgotten.
//!
//! What is in a snapshot or a line is not known here, only that a line has no line break.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

const LOCK: &str = "lock";
const SNAPSHOT: &str = "snapshot-";
const JOURNAL: &str = "journal-";
/// Of a file that is being written.
const NEW: &str = ".new";

/// A directory that is open for writing. Nobody else has it open.
pub struct Journal {
    dir: PathBuf,
    generation: u64,
    /// None before the first snapshot.
    file: Option<File>,
    bytes: u64,
    /// Let go when it is closed.
    _lock: File,
}

/// What a directory held.
pub struct Saved {
    pub snapshot: Vec<u8>,
    /// The batches since then, in their order.
    pub batches: Vec<Vec<u8>>,
}

/// Why a directory was not opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("opened {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("opened the data directory {}: another process uses it", dir.display())]
    InUse { dir: PathBuf },
    #[error("opened the data directory {}: it holds {found:?}, wanted an empty one or one of a simulated cloud", dir.display())]
    Foreign { dir: PathBuf, found: String },
    #[error("read line {line} of {}: it is damaged and not the last one, so what was answered would be forgotten", path.display())]
    Damaged { path: PathBuf, line: usize },
}

impl Journal {
    /// Opens a directory, and makes it where there is none. Without a snapshot in it, [`Self::cut`] comes first.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(dir: &Path) -> Result<(Self, Option<Saved>), OpenError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        make(dir).map_err(failed(dir))?;
        let generations = generations(dir)?;
        let path = dir.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path, source }),
        }
        let generation = generations.into_iter().max().unwrap_or(0);
        let mut journal = Self { dir: dir.to_owned(), generation, file: None, bytes: 0, _lock: lock };
        if generation == 0 {
            return Ok((journal, None));
        }
        let path = journal.path(SNAPSHOT, generation);
        let snapshot = fs::read(&path).map_err(failed(&path))?;
        let path = journal.path(JOURNAL, generation);
        let (batches, whole) = read(&path)?;
        journal.resume(&path, whole).map_err(failed(&path))?;
        journal.drop_others();
        Ok((journal, Some(Saved { snapshot, batches })))
    }

    /// Bytes since the last snapshot.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends a batch, and returns when it is on disk.
    ///
    /// # Errors
    /// Then nobody knows what the disk holds but the disk, and this journal is not to be used any more.
    pub fn append(&mut self, batch: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("appended before the first snapshot"))?;
        let mut line = format!("{:08x} ", crc32fast::hash(batch)).into_bytes();
        line.extend_from_slice(batch);
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_data()?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Begins anew from a snapshot of everything that was appended.
    ///
    /// # Errors
    /// As of [`Self::append`].
    pub fn cut(&mut self, snapshot: &[u8]) -> io::Result<()> {
        let next = self.generation + 1;
        let (new, path) = (self.dir.join(format!("{SNAPSHOT}{next:010}{NEW}")), self.path(SNAPSHOT, next));
        let mut file = File::create(&new)?;
        file.write_all(snapshot)?;
        file.sync_all()?;
        let journal = File::create(self.path(JOURNAL, next))?;
        journal.sync_all()?;
        // From here on the directory is of the next generation.
        fs::rename(&new, &path)?;
        sync(&self.dir)?;
        (self.generation, self.file, self.bytes) = (next, Some(journal), 0);
        self.drop_others();
        Ok(())
    }

    /// Goes on behind the last whole line.
    fn resume(&mut self, path: &Path, whole: u64) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole)?;
        file.sync_all()?;
        sync(&self.dir)?;
        (self.file, self.bytes) = (Some(file), whole);
        Ok(())
    }

    /// Files of other generations are of no more use; those that stay now go another time.
    fn drop_others(&self) {
        let keep = [SNAPSHOT, JOURNAL].map(|kind| self.path(kind, self.generation));
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            if entry.file_name() != LOCK && !keep.contains(&entry.path()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn path(&self, kind: &str, generation: u64) -> PathBuf {
        self.dir.join(format!("{kind}{generation:010}"))
    }
}

/// Makes a directory that nobody else may look into, where there is none.
fn make(dir: &Path) -> io::Result<()> {
    if fs::metadata(dir).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(above)?;
    fs::DirBuilder::new().mode(0o700).create(dir)?;
    sync(above)
}

/// The generations whose snapshots are there; refused where there is anything that is not ours.
fn generations(dir: &Path) -> Result<Vec<u64>, OpenError> {
    let failed = |source| OpenError::Io { path: dir.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let number =
            |kind| name.strip_prefix(kind).and_then(|rest| rest.strip_suffix(NEW).unwrap_or(rest).parse().ok());
        match (number(SNAPSHOT), number(JOURNAL)) {
            (Some(generation), _) if !name.ends_with(NEW) => found.push(generation),
            (None, None) if name != LOCK => return Err(OpenError::Foreign { dir: dir.to_owned(), found: name }),
            (_, _) => {}
        }
    }
    Ok(found)
}

/// The batches of a file, and how many of its bytes are whole.
fn read(path: &Path) -> Result<(Vec<Vec<u8>>, u64), OpenError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|source| OpenError::Io { path: path.to_owned(), source })?,
    };
    let (mut batches, mut whole) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match batch(line) {
            Some(batch) => batches.push(batch.to_vec()),
            None if whole + line.len() == bytes.len() => break,
            None => return Err(OpenError::Damaged { path: path.to_owned(), line: batches.len() + 1 }),
        }
        whole += line.len();
    }
    Ok((batches, whole as u64))
}

/// What a line holds, if it is whole.
fn batch(line: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = line.strip_suffix(b"\n")?.split_at_checked(8)?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    rest.strip_prefix(b" ").filter(|batch| crc32fast::hash(batch) == sum)
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
