//! Whose a data directory is: ring, member and format, in a small text file that people can read.
//!
//! A copy of the text is in the database, so that a directory put together from two is found.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use ids::{MemberId, RingId};

use crate::error::OpenError;

/// What this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The file's name.
pub const FILE: &str = "identity";
/// The file's name until everything else is there.
pub const FILE_NEW: &str = "identity.new";

const HEADLINE: &str = "atoll data directory, format ";

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub ring: RingId,
    pub member: MemberId,
    pub format: u32,
}

impl Identity {
    /// Of a directory that this program makes.
    pub fn new(ring: RingId, member: MemberId) -> Self {
        Self { ring, member, format: FORMAT }
    }

    pub(crate) fn text(&self) -> String {
        let Self { ring, member, format } = self;
        let text = format!("{HEADLINE}{format}\nmember {}\nring {ring}\n", member.0);
        format!("{text}checksum {:08x}\n", crc32c::crc32c(text.as_bytes()))
    }

    /// Reads the text of the directory `dir`. A newer format is told first: what else a newer text says is unknown.
    pub(crate) fn parse(dir: &Path, text: &[u8]) -> Result<Self, OpenError> {
        let damaged = |detail: &str| OpenError::damaged(dir, "its identity", detail);
        let text = std::str::from_utf8(text).map_err(|_| damaged("it is not text"))?;
        let rest = text.strip_prefix(HEADLINE).ok_or_else(|| damaged("it has another first line"))?;
        let (format, rest) = rest.split_once('\n').ok_or_else(|| damaged("it has one line"))?;
        let format: u32 = format.parse().map_err(|_| damaged("its format is not a number"))?;
        if format > FORMAT {
            return Err(OpenError::NewerFormat { dir: dir.to_owned(), found: format, known: FORMAT });
        }
        let parsed = || {
            let (member, rest) = rest.strip_prefix("member ")?.split_once('\n')?;
            let (ring, _) = rest.strip_prefix("ring ")?.rsplit_once("\nchecksum ")?;
            Some(Self { ring: RingId::new(ring), member: MemberId(member.parse().ok()?), format })
        };
        let identity = parsed().ok_or_else(|| damaged("its lines are not member, ring, checksum"))?;
        // Made again, it must be the same to the last byte, the checksum included.
        if identity.text() == text { Ok(identity) } else { Err(damaged("its checksum differs")) }
    }

    /// The identity of `dir`, if it has one.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, OpenError> {
        match fs::read(dir.join(FILE)) {
            Ok(text) => Self::parse(dir, &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::io(dir, "read its identity", &error)),
        }
    }

    /// Whose `dir` is, without opening it: `None` where it is missing, empty, or was being made. Something else in it is an error.
    pub fn of(dir: &Path) -> Result<Option<Self>, OpenError> {
        match fs::exists(dir) {
            Ok(true) => crate::open::look(dir),
            Ok(false) => Ok(None),
            Err(error) => Err(OpenError::io(dir, "look at it", &error)),
        }
    }

    /// Whether the directory may be opened by who wants it.
    pub fn admit(&self, dir: &Path, wanted: &Self) -> Result<(), OpenError> {
        let dir = || dir.to_owned();
        if self.ring != wanted.ring {
            return Err(OpenError::OtherRing { dir: dir(), wanted: wanted.ring.clone(), found: self.ring.clone() });
        }
        if self.member != wanted.member {
            return Err(OpenError::OtherMember { dir: dir(), wanted: wanted.member, found: self.member });
        }
        Ok(())
    }
}

/// Writes a new file and makes its content durable. Its name is durable only after [`sync_dir`].
pub fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the names in a directory durable.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
