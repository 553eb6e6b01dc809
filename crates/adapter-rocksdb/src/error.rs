//! Why a data directory was not opened. Each message is one line and names the directory; nothing was changed.

use std::{
    io,
    path::{Path, PathBuf},
};

use ids::{MemberId, RingId};
use ports::Journal;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("opened the data directory {dir:?} for the ring {wanted:?}: it belongs to the ring {found:?}", wanted = .wanted.as_str(), found = .found.as_str())]
    OtherRing { dir: PathBuf, wanted: RingId, found: RingId },
    #[error("opened the data directory {dir:?} for the member {wanted}: it belongs to the member {found}")]
    OtherMember { dir: PathBuf, wanted: MemberId, found: MemberId },
    #[error("opened the data directory {dir:?} in format {found}: this program knows formats up to {known}")]
    NewerFormat { dir: PathBuf, found: u32, known: u32 },
    #[error("opened the data directory {dir:?}: another process has it open")]
    InUse { dir: PathBuf },
    #[error(
        "opened {dir:?} as a data directory: it holds {found:?} and no identity; wanted an empty one, or one that was made here"
    )]
    Foreign { dir: PathBuf, found: String },
    #[error("opened {dir:?} as a data directory: there is none")]
    Missing { dir: PathBuf },
    #[error("opened {dir:?} as a data directory: it is not a directory")]
    NotDirectory { dir: PathBuf },
    #[error("opened the data directory {dir:?}: {detail}; wanted to read and write it")]
    Denied { dir: PathBuf, detail: String },
    #[error("opened the data directory {dir:?}: its disk has no room")]
    Full { dir: PathBuf },
    #[error("opened the data directory {dir:?}: {what} is damaged: {detail}")]
    Damaged {
        dir: PathBuf,
        what: String,
        detail: String,
        /// Whose it is, where that is known.
        journal: Option<Journal>,
    },
    #[error("opened the data directory {dir:?}: {detail}")]
    Io { dir: PathBuf, detail: String },
}

impl OpenError {
    pub(crate) fn damaged(dir: &Path, what: impl Into<String>, detail: impl ToString) -> Self {
        Self::Damaged { dir: dir.to_owned(), what: what.into(), detail: one_line(&detail.to_string()), journal: None }
    }

    pub(crate) fn of_journal(dir: &Path, journal: Journal, what: impl Into<String>, detail: &str) -> Self {
        Self::Damaged { dir: dir.to_owned(), what: what.into(), detail: one_line(detail), journal: Some(journal) }
    }

    /// What the operating system said while `attempted` was done.
    pub(crate) fn io(dir: &Path, attempted: &str, error: &io::Error) -> Self {
        let (dir, detail) = (dir.to_owned(), format!("{attempted}: {error}"));
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied { dir, detail },
            io::ErrorKind::NotADirectory => Self::NotDirectory { dir },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { dir },
            _ => Self::Io { dir, detail },
        }
    }

    /// What RocksDB said. It passes the words of the operating system on as text.
    pub(crate) fn database(dir: &Path, error: &rocksdb::Error) -> Self {
        let detail = one_line(error.as_ref());
        let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
        let dir = dir.to_owned();
        match error.kind() {
            rocksdb::ErrorKind::IOError if is_full(error) => Self::Full { dir },
            rocksdb::ErrorKind::IOError if says(&["Permission denied", "Read-only file system"]) => {
                Self::Denied { dir, detail }
            }
            rocksdb::ErrorKind::IOError if says(&["lock file", "lock hold by"]) => Self::InUse { dir },
            // A file that the manifest names and that is gone comes as an I/O error.
            rocksdb::ErrorKind::IOError if !says(&["No such file"]) => Self::Io { dir, detail },
            _ => Self::Damaged { dir, what: "the database".to_owned(), detail, journal: None },
        }
    }
}

pub fn is_full(error: &rocksdb::Error) -> bool {
    let text = error.as_ref();
    text.contains("No space left") || text.contains("Disk quota exceeded") || text.contains("Space limit reached")
}

/// RocksDB's messages may have several.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
