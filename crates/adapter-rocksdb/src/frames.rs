//! Tells a torn tail from damage in RocksDB's log files: the write-ahead log, and the manifest, which has the same framing.
//!
//! A crash may leave the last record of a log incomplete, and a store must open then. A byte that rotted must not be taken for that, or
//! everything behind it is dropped without a word. RocksDB offers either: `PointInTime` opens with what comes before the first bad
//! record, whatever it is; `TolerateCorruptedTailRecords` refuses a tail that was torn within, as by a power cut. So the store opens
//! with `PointInTime`, after it made sure here that what it drops can only be the end.
//!
//! ```text
//!   file    block of 32 KiB │ block │ ...
//!   block   frame, frame, ... , fewer than 7 bytes of padding
//!   frame   masked crc32c of type and content (4, little-endian) · length (2, little-endian) · type (1) · content
//!   type    1 a whole record · 2 its first, 3 a middle, 4 its last part
//! ```
//! What is known of a tail that was torn: (a) it is one record, because the next is written only after this one was synced; so whatever
//! comes before the start of another record is not a tail. (b) The file ends within it, or sectors of it were never written and read as
//! zeros. Bytes that are all there, not zero, and do not fit their checksum are damage, also in the last record.

use std::io::{self, Read};

const BLOCK_BYTES: usize = 32 * 1024;
const HEADER_BYTES: usize = 7;
const SECTOR_BYTES: usize = 512;
/// Fewer zeros than this at the edge of a frame may well be content.
const ZEROS_MIN: usize = 16;
const MASK_DELTA: u32 = 0xa282_ead8;

const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

const MISSING: &str = "bytes are missing in front of a later record";

/// What a log file looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Whole records; none at all counts.
    Whole,
    /// Whole records, and one that was being written at the end.
    Torn {
        at: u64,
    },
    Damaged {
        at: u64,
        why: &'static str,
    },
}

/// One frame at the start of some bytes.
enum Frame {
    Good {
        kind: u8,
        bytes: usize,
    },
    /// Never written as a whole. `end`: where its record ends, if the header is there to tell.
    Torn {
        end: Option<usize>,
    },
    Damaged(&'static str),
}

/// Looks at a whole log file.
pub fn shape(mut file: impl Read) -> io::Result<Shape> {
    let mut scan = Scan::default();
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    loop {
        block.clear();
        file.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        if let Some((at, why)) = scan.block(&block) {
            return Ok(Shape::Damaged { at, why });
        }
        scan.offset += block.len() as u64;
        if block.len() < BLOCK_BYTES {
            return Ok(scan.torn.or(scan.open).map_or(Shape::Whole, |at| Shape::Torn { at }));
        }
    }
}

#[derive(Default)]
struct Scan {
    /// Where the block begins.
    offset: u64,
    /// Where a record began whose last part did not come yet.
    open: Option<u64>,
    /// Where the first bytes are that were never written.
    torn: Option<u64>,
    /// The record that they belong to has ended: more would be of a later one.
    ended: bool,
}

impl Scan {
    /// Where and why the block is damaged, if it is.
    fn block(&mut self, block: &[u8]) -> Option<(u64, &'static str)> {
        if let Some(torn) = self.torn.filter(|_| self.ended && block.iter().any(|byte| *byte != 0)) {
            return Some((torn, MISSING));
        }
        let mut from = 0;
        while let Some(rest) = block.get(from..).filter(|rest| !rest.is_empty()) {
            let at = self.offset + from as u64;
            if BLOCK_BYTES - from < HEADER_BYTES {
                break;
            }
            match frame(rest, from, BLOCK_BYTES - from) {
                Frame::Good { kind, bytes } => {
                    if let Some(damage) = self.good(kind, at) {
                        return Some(damage);
                    }
                    from += bytes;
                }
                Frame::Torn { end } => {
                    let torn = *self.torn.get_or_insert(at);
                    self.ended = end.is_some();
                    let behind = rest.get(end.unwrap_or(rest.len())..).unwrap_or_default();
                    if behind.iter().any(|byte| *byte != 0) || later_record(rest, from) {
                        return Some((torn, MISSING));
                    }
                    // Where the next frame begins is unknown; the next block is not.
                    break;
                }
                Frame::Damaged(why) => return Some((at, why)),
            }
        }
        None
    }

    fn good(&mut self, kind: u8, at: u64) -> Option<(u64, &'static str)> {
        let starts = !matches!(kind, MIDDLE | LAST);
        if starts && let Some(torn) = self.torn {
            return Some((torn, MISSING));
        }
        if self.torn.is_some() {
            return None;
        }
        match (starts, self.open) {
            (true, Some(open)) => return Some((open, "a record has no last part")),
            (false, None) => return Some((at, "a record has no first part")),
            (true, None) | (false, Some(_)) => {}
        }
        match kind {
            FIRST => self.open = Some(at),
            LAST => self.open = None,
            _ => {}
        }
        None
    }
}

/// The frame at the start of `rest`, which begins `within` bytes into its block and has `room` bytes up to the block's end.
fn frame(rest: &[u8], within: usize, room: usize) -> Frame {
    let torn = Frame::Torn { end: None };
    let Some((header, body)) = rest.split_first_chunk::<HEADER_BYTES>() else { return torn };
    let [a, b, c, d, low, high, kind] = *header;
    let stored = u32::from_le_bytes([a, b, c, d]);
    let length = usize::from(u16::from_le_bytes([low, high]));
    if *header == [0; HEADER_BYTES] {
        return if lost(rest, within) { torn } else { Frame::Damaged("a header is zero") };
    }
    if HEADER_BYTES + length > room {
        return if lost(rest, within) { torn } else { Frame::Damaged("a length leads out of its block") };
    }
    let bytes = HEADER_BYTES + length;
    match (body.get(..length), rest.get(..bytes)) {
        (Some(content), _) if mask(checksum(kind, content)) == stored => {
            let known = matches!(kind, FULL..=LAST) || kind >= 9;
            if known { Frame::Good { kind, bytes } } else { Frame::Damaged("an unknown type") }
        }
        (Some(_), Some(whole)) if lost(whole, within) => {
            Frame::Torn { end: matches!(kind, FULL | LAST).then_some(bytes) }
        }
        (Some(_), _) => Frame::Damaged("a checksum differs"),
        // The file ends within the frame, or the length is wrong and the content ends earlier.
        (None, _) if fits_shorter(kind, body, stored) => Frame::Damaged("a length is wrong"),
        (None, _) => torn,
    }
}

/// One record of a log file, or what is left of one.
pub struct Piece {
    pub whole: bool,
    pub content: Vec<u8>,
}

/// Takes a damaged log file apart as far as it goes: bytes that do not read belong to a piece that is not whole, up to where a record
/// begins again.
pub fn pieces(file: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut open: Option<Piece> = None;
    let mut at = 0;
    while let Some(rest) = file.get(at..).filter(|rest| !rest.is_empty()) {
        let within = at % BLOCK_BYTES;
        let room = BLOCK_BYTES - within;
        let rest = rest.get(..room).unwrap_or(rest);
        if room < HEADER_BYTES {
            at += room;
            continue;
        }
        let new = |whole| Piece { whole, content: Vec::new() };
        let bytes = match frame(rest, within, room) {
            Frame::Good { kind, bytes } => {
                if matches!(kind, FULL | FIRST) {
                    // One that is open here has no last part.
                    pieces.extend(open.replace(new(true)).map(|piece| Piece { whole: false, ..piece }));
                }
                if matches!(kind, FULL..=LAST) {
                    let piece = open.get_or_insert_with(|| new(false));
                    piece.content.extend_from_slice(rest.get(HEADER_BYTES..bytes).unwrap_or_default());
                }
                if matches!(kind, FULL | LAST) {
                    pieces.extend(open.take());
                }
                bytes
            }
            Frame::Torn { .. } | Frame::Damaged(_) => {
                let bytes = next_good(rest, within);
                let piece = open.get_or_insert_with(|| new(false));
                piece.whole = false;
                piece.content.extend_from_slice(rest.get(HEADER_BYTES..bytes).unwrap_or_default());
                bytes
            }
        };
        at += bytes;
    }
    pieces.extend(open.map(|piece| Piece { whole: false, ..piece }));
    pieces
}

/// Where behind the start of `rest`, which begins `within` bytes into its block, a good frame begins, or the block ends.
fn next_good(rest: &[u8], within: usize) -> usize {
    let good = |skip: &usize| {
        let rest = rest.get(*skip..).unwrap_or_default();
        let known = rest.get(HEADER_BYTES - 1).is_some_and(|kind| matches!(*kind, FULL..=LAST));
        let within = within + skip;
        known && matches!(frame(rest, within, BLOCK_BYTES.saturating_sub(within)), Frame::Good { .. })
    };
    (1..rest.len()).find(good).unwrap_or(rest.len())
}

/// Whether a record starts somewhere behind the start of `rest`, which begins `within` bytes into its block.
fn later_record(rest: &[u8], within: usize) -> bool {
    (1..rest.len()).any(|skip| {
        let rest = rest.get(skip..).unwrap_or_default();
        let within = within + skip;
        let starts = rest.get(HEADER_BYTES - 1).is_some_and(|kind| matches!(*kind, FULL | FIRST));
        let room = BLOCK_BYTES.saturating_sub(within);
        starts && matches!(frame(rest, within, room), Frame::Good { .. })
    })
}

/// Whether a beginning of `body` has the checksum.
fn fits_shorter(kind: u8, body: &[u8], stored: u32) -> bool {
    let mut sum = crc32c::crc32c(&[kind]);
    let fits = |byte: &u8| {
        sum = crc32c::crc32c_append(sum, &[*byte]);
        mask(sum) == stored
    };
    mask(crc32c::crc32c(&[kind])) == stored || body.iter().any(fits)
}

/// Whether some sector's part of `frame`, which begins `within` bytes into its block, was never written.
fn lost(frame: &[u8], within: usize) -> bool {
    let first = (SECTOR_BYTES - within % SECTOR_BYTES).min(frame.len());
    let (head, tail) = frame.split_at(first);
    let zeros = |part: &[u8]| part.len() >= ZEROS_MIN && part.iter().all(|byte| *byte == 0);
    zeros(head) || tail.chunks(SECTOR_BYTES).any(zeros)
}

fn checksum(kind: u8, content: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&[kind]), content)
}

/// So that a checksum over bytes that hold checksums stays one.
fn mask(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(MASK_DELTA)
}

#[cfg(test)]
mod tests;
