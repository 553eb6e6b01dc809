//! What the bytes of RocksDB's log files name: entries, bounds and markers in write batches, table files in the manifest.
//!
//! Made for bytes that are damaged, so nothing is taken on trust and nothing need be in order: every place is tried, and what has a key of
//! ours counts. A value is *sound* if our own checksum over family, key and content fits.
//!
//! ```text
//!   batch      sequence (8) · count (4) · operations
//!   put        5 · family · key · value, or 1 · key · value in the default family
//!   manifest   ... 103 · level · number · size · smallest key · largest key ... 200 · family
//! ```
//! Keys and values have their length in front; lengths and numbers are variable-length, seven bits to a byte, low ones first.

use ports::{Bounds, Journal};

use crate::keys::{self, META, MetaKey, RAFT, RECORDS};

const PUT: u8 = 1;
const PUT_IN_FAMILY: u8 = 5;
const NEW_TABLE: u8 = 103;
/// The tag 200 as a number of variable length.
const FAMILY: [u8; 2] = [0xc8, 1];
/// Of a key in the manifest: sequence and kind, behind the key that was given.
const TRAILER_BYTES: usize = 8;
const VARINT_BYTES_MAX: usize = 10;

/// What one put names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Entry(Journal, u64),
    /// With what it says, if it is sound.
    Bounds(Journal, Option<Bounds>),
    Marker(Journal, String),
}

impl Named {
    pub fn journal(&self) -> &Journal {
        let (Self::Entry(journal, _) | Self::Bounds(journal, _) | Self::Marker(journal, _)) = self;
        journal
    }
}

/// One put that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    pub named: Named,
    pub sound: bool,
}

/// A table file and the first and the last of its keys, where they are entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub number: u64,
    pub first: (Journal, u64),
    pub last: (Journal, u64),
}

/// Every put of ours in `content`.
pub fn puts(content: &[u8]) -> Vec<Put> {
    let mut puts = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let found = put(rest);
        let behind = found.as_ref().filter(|(put, _)| put.sound).map(|(_, behind)| *behind);
        puts.extend(found.map(|(put, _)| put));
        // Behind a put that is not sound nothing is certain: its length may be what is damaged.
        rest = behind.unwrap_or_else(|| rest.get(1..).unwrap_or_default());
    }
    puts
}

/// Every table file that `content`, one edit of the manifest, adds.
pub fn tables(content: &[u8]) -> Vec<Table> {
    let Some(family) = family_in(content) else { return Vec::new() };
    (0..content.len()).filter_map(|at| table(family, content.get(at..)?)).collect()
}

/// Every key of an entry in what is left of an edit of the manifest, as if it were a table file of its own. Of a table file's two keys one
/// is left when the other is damaged; where the family is, too, they are taken for records.
pub fn loose_keys(content: &[u8]) -> Vec<Table> {
    let family = family_in(content).unwrap_or(RECORDS);
    let key = |at: usize| {
        let (key, _) = slice(content.get(at..)?)?;
        let key = entry(family, key.get(..key.len().checked_sub(TRAILER_BYTES)?)?)?;
        Some(Table { number: 0, first: key.clone(), last: key })
    };
    (0..content.len()).filter_map(key).collect()
}

/// The family comes last.
fn family_in(content: &[u8]) -> Option<&'static str> {
    let numbers = content.windows(FAMILY.len() + 1).rev().filter_map(|bytes| bytes.strip_prefix(&FAMILY)?.first());
    numbers.map(|number| u64::from(*number)).find_map(family_of)
}

fn put(bytes: &[u8]) -> Option<(Put, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (family, rest) = match *tag {
        PUT => (META, rest),
        PUT_IN_FAMILY => {
            let (family, rest) = varint(rest)?;
            (family_of(family)?, rest)
        }
        _ => return None,
    };
    let (key, rest) = slice(rest)?;
    let mut named = named(family, key)?;
    let value = slice(rest);
    let content = value.and_then(|(value, _)| keys::unseal(family, key, value).ok());
    if let (Named::Bounds(_, bounds), Some(content)) = (&mut named, content) {
        *bounds = keys::decode_bounds(content);
    }
    Some((Put { named, sound: content.is_some() }, value.map_or(rest, |(_, behind)| behind)))
}

/// Numbers that RocksDB gave the families, in the order in which `options::families` names them.
fn family_of(number: u64) -> Option<&'static str> {
    [META, RAFT, RECORDS].get(usize::try_from(number).ok()?).copied()
}

fn named(family: &'static str, key: &[u8]) -> Option<Named> {
    if family != META {
        return entry(family, key).map(|(journal, number)| Named::Entry(journal, number));
    }
    match keys::parse_meta_key(key)? {
        MetaKey::Identity => None,
        MetaKey::Bounds(journal) => Some(Named::Bounds(journal, None)),
        MetaKey::Value(journal, key) => Some(Named::Marker(journal, key)),
    }
}

fn entry(family: &str, key: &[u8]) -> Option<(Journal, u64)> {
    let (log, number) = keys::parse_entry_key(key)?;
    Some((if family == RAFT { Journal::Raft(log) } else { Journal::Records(log) }, number))
}

fn table(family: &str, bytes: &[u8]) -> Option<Table> {
    let rest = bytes.strip_prefix(&[NEW_TABLE])?;
    let (_level, rest) = varint(rest)?;
    let (number, rest) = varint(rest)?;
    let (_size, rest) = varint(rest)?;
    let (first, rest) = slice(rest)?;
    let (last, _) = slice(rest)?;
    let key = |key: &[u8]| entry(family, key.get(..key.len().checked_sub(TRAILER_BYTES)?)?);
    Some(Table { number, first: key(first)?, last: key(last)? })
}

fn slice(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = varint(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(u32::try_from(at * 7).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}
