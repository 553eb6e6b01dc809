//! The names under which things are stored, and the checksum that each value carries.
//!
//! ```text
//!   default   i                          identity
//!             b 0 journal                bounds of a journal
//!             m 0 journal 0 key          a meta value of a journal
//!   raft      log 0 index (8 bytes)      an entry
//!   records   log 0 sequence (8 bytes)   a record
//!
//!   value     crc32c (4 bytes) of family, key and content, then the content
//! ```
//! RocksDB checks its blocks itself. Ours is computed where the bytes come from and checked where they go, so it also finds what went
//! wrong between the two, and a value that stands under another's key. Numbers are big-endian, so that keys sort by number. A log's name
//! holds no zero byte, so no name is a prefix of another.

use ids::Log;
use ports::{Bounds, Journal};

/// Column families.
pub const META: &str = rocksdb::DEFAULT_COLUMN_FAMILY_NAME;
pub const RAFT: &str = "raft";
pub const RECORDS: &str = "records";

/// Where the copy of the identity is.
pub const IDENTITY: &[u8] = b"i";

const CHECKSUM_BYTES: usize = 4;

/// The family of a journal's entries.
pub fn family(journal: &Journal) -> &'static str {
    match journal {
        Journal::Raft(_) => RAFT,
        Journal::Records(_) => RECORDS,
    }
}

/// Makes keys of one journal's entries.
pub struct EntryKey {
    key: Vec<u8>,
    prefix: usize,
}

impl EntryKey {
    pub fn new(journal: &Journal) -> Self {
        let (Journal::Raft(log) | Journal::Records(log)) = journal;
        let mut key = log.to_string().into_bytes();
        key.push(0);
        let prefix = key.len();
        Self { key, prefix }
    }

    pub fn at(&mut self, number: u64) -> &[u8] {
        self.key.truncate(self.prefix);
        self.key.extend_from_slice(&number.to_be_bytes());
        &self.key
    }
}

/// The log and the number that the key of an entry names; `None`: no key that this program makes.
pub fn parse_entry_key(key: &[u8]) -> Option<(Log, u64)> {
    let (log, number) = key.split_at_checked(key.len().checked_sub(8)?)?;
    let log = std::str::from_utf8(log).ok()?.strip_suffix('\0')?.parse().ok()?;
    Some((log, u64::from_be_bytes(number.try_into().ok()?)))
}

/// What a key of the family [`META`] names.
pub enum MetaKey {
    Identity,
    Bounds(Journal),
    Value(Journal, String),
}

pub fn bounds_key(journal: &Journal) -> Vec<u8> {
    [b"b\0", journal.to_string().as_bytes()].concat()
}

pub fn meta_key(journal: &Journal, key: &str) -> Vec<u8> {
    [b"m\0", journal.to_string().as_bytes(), b"\0", key.as_bytes()].concat()
}

/// `None`: no key that this program makes.
pub fn parse_meta_key(key: &[u8]) -> Option<MetaKey> {
    if key == IDENTITY {
        return Some(MetaKey::Identity);
    }
    let mut parts = std::str::from_utf8(key).ok()?.split('\0');
    let named = match (parts.next()?, parts.next()?, parts.next()) {
        ("b", journal, None) => MetaKey::Bounds(parse_journal(journal)?),
        ("m", journal, Some(key)) => MetaKey::Value(parse_journal(journal)?, key.to_owned()),
        _ => return None,
    };
    parts.next().is_none().then_some(named)
}

fn parse_journal(name: &str) -> Option<Journal> {
    let (kind, log) = name.split_once('/')?;
    let log: Log = log.parse().ok()?;
    match kind {
        "raft" => Some(Journal::Raft(log)),
        "records" => Some(Journal::Records(log)),
        _ => None,
    }
}

pub fn encode_bounds(bounds: Bounds) -> [u8; 16] {
    (u128::from(bounds.first) << 64 | u128::from(bounds.next)).to_be_bytes()
}

pub fn decode_bounds(bytes: &[u8]) -> Option<Bounds> {
    let (first, next) = bytes.split_at_checked(8)?;
    let bounds =
        Bounds { first: u64::from_be_bytes(first.try_into().ok()?), next: u64::from_be_bytes(next.try_into().ok()?) };
    (bounds.first <= bounds.next).then_some(bounds)
}

/// Puts `content` with its checksum into `value`, which is emptied first: one buffer serves a whole batch.
pub fn seal(family: &str, key: &[u8], content: &[u8], value: &mut Vec<u8>) {
    value.clear();
    value.extend_from_slice(&checksum(family, key, content).to_be_bytes());
    value.extend_from_slice(content);
}

/// The content of a sealed value, or what is wrong with it.
pub fn unseal<'a>(family: &str, key: &[u8], value: &'a [u8]) -> Result<&'a [u8], String> {
    let Some((stored, content)) = value.split_at_checked(CHECKSUM_BYTES) else {
        return Err(format!("{} bytes are too few for a checksum", value.len()));
    };
    let computed = checksum(family, key, content).to_be_bytes();
    if stored == computed {
        return Ok(content);
    }
    Err(format!("the checksum is {computed:02x?}, stored is {stored:02x?}"))
}

fn checksum(family: &str, key: &[u8], content: &[u8]) -> u32 {
    let named = crc32c::crc32c_append(crc32c::crc32c(family.as_bytes()), key);
    crc32c::crc32c_append(named, content)
}
