//! Checksums behind what a member stores for itself alone: entries and markers of a group's journal, and the ends of journals.
//!
//! ```text
//! the content | 4 bytes CRC-32 of it, big-endian
//! ```
//!
//! Records need none, because each is hashed by the one behind it, and snapshots are sealed. Against faults of a disk, not against
//! forgers: a checksum of 32 bits finds every damage that lies within 32 bits, and costs an append next to nothing.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;

use crate::Error;

const CHECKSUM_BYTES: usize = 4;

/// CRC-32 of `content`.
pub fn crc(content: &[u8]) -> u32 {
    crc32fast::hash(content)
}

/// Puts a checksum behind `content`.
pub fn check(content: &[u8]) -> Bytes {
    let mut checked = BytesMut::with_capacity(content.len() + CHECKSUM_BYTES);
    checked.put_slice(content);
    checked.put_u32(crc(content));
    checked.freeze()
}

/// Checks and takes off what [`check`] put behind.
pub fn uncheck(what: &'static str, checked: &Bytes) -> Result<Bytes, Error> {
    let error = || Error::Checksum { what, bytes: checked.len() };
    let (content, checksum) = checked.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(error)?;
    if crc(content) != u32::from_be_bytes(*checksum) {
        return Err(error());
    }
    Ok(checked.slice(..content.len()))
}

/// The bytes of a message, with their checksum.
pub fn encode_checked(message: &impl Message) -> Bytes {
    let mut checked = Vec::with_capacity(message.encoded_len() + CHECKSUM_BYTES);
    // Fails only where there is too little room, and a vector makes room.
    let _ = message.encode(&mut checked);
    let checksum = crc(&checked);
    checked.put_u32(checksum);
    checked.into()
}

/// Reads a message that [`encode_checked`] wrote; `what` names it in the error.
pub fn decode_checked<M: Message + Default>(what: &'static str, checked: Bytes) -> Result<M, Error> {
    crate::decode(what, uncheck(what, &checked)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_byte_and_any_cut_is_found() {
        let checked = check(b"an entry");
        assert_eq!(uncheck("a test", &checked).unwrap(), Bytes::from_static(b"an entry"));
        for at in 0..checked.len() {
            for bit in 0..8 {
                let mut broken = checked.to_vec();
                broken[at] ^= 1 << bit;
                assert!(uncheck("a test", &Bytes::from(broken)).is_err(), "bit {bit} of byte {at}");
            }
            assert!(uncheck("a test", &checked.slice(..at)).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_message_is_its_bytes_and_their_checksum() {
        let message = crate::proto::RaftLogId { term: 3, index: 7 };
        let checked = encode_checked(&message);
        assert_eq!(checked, check(&crate::encode(&message)));
        assert_eq!(decode_checked::<crate::proto::RaftLogId>("a test", checked).unwrap(), message);
    }
}
