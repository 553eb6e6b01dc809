//! Checksummed blobs: how a snapshot travels and rests.
//!
//! ```text
//! 8 bytes magic "ATOLSNP1" | 32 bytes SHA-256 of the rest | the rest
//! ```

use aws_lc_rs::digest::{Context, SHA256, digest};
use bytes::{BufMut, Bytes, BytesMut};

use crate::Error;

const MAGIC: &[u8; 8] = b"ATOLSNP1";
/// How long what [`seal`] puts in front is.
pub const HEADER_BYTES: usize = 8 + 32;

/// Puts a checksum in front of `content`.
pub fn seal(content: &[u8]) -> Bytes {
    let mut sealing = Sealing::with_room(content.len());
    sealing.bytes.put_slice(content);
    sealing.add_from(HEADER_BYTES);
    sealing.seal()
}

/// A blob in the making: encoded once, into the memory that it is sent and kept from.
pub struct Sealing {
    bytes: BytesMut,
    digest: Context,
}

impl Sealing {
    /// For a content of about so many bytes.
    pub fn with_room(content: usize) -> Self {
        let mut bytes = BytesMut::with_capacity(HEADER_BYTES + content);
        bytes.put_slice(MAGIC);
        bytes.put_bytes(0, HEADER_BYTES - MAGIC.len());
        Self { bytes, digest: Context::new(&SHA256) }
    }

    /// Adds a message, or a part of one: what is put together from parts reads as one whole.
    pub fn put(&mut self, message: &impl prost::Message) {
        let from = self.bytes.len();
        // It fails only for want of room, and there is as much as memory has.
        let _ = message.encode(&mut self.bytes);
        self.add_from(from);
    }

    fn add_from(&mut self, from: usize) {
        self.digest.update(self.bytes.get(from..).unwrap_or_default());
    }

    pub fn seal(mut self) -> Bytes {
        let checksum = self.digest.finish();
        self.bytes.iter_mut().skip(MAGIC.len()).zip(checksum.as_ref()).for_each(|(to, from)| *to = *from);
        self.bytes.freeze()
    }
}

/// The checksum that a sealed blob names, not checked; `None` where there is no room for one.
pub fn checksum(sealed: &Bytes) -> Option<Bytes> {
    let checksum = sealed.get(MAGIC.len()..HEADER_BYTES)?;
    Some(sealed.slice_ref(checksum))
}

/// Checks and takes off what [`seal`] put in front.
pub fn unseal(what: &'static str, sealed: &Bytes) -> Result<Bytes, Error> {
    let error = || Error::Checksum { what, bytes: sealed.len() };
    let rest = sealed.strip_prefix(MAGIC.as_slice()).ok_or_else(error)?;
    let (checksum, content) = rest.split_at_checked(32).ok_or_else(error)?;
    if digest(&SHA256, content).as_ref() != checksum {
        return Err(error());
    }
    Ok(sealed.slice(HEADER_BYTES..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_byte_and_any_cut_is_found() {
        let sealed = seal(b"rows");
        assert_eq!(unseal("a test", &sealed).unwrap(), Bytes::from_static(b"rows"));
        for at in 0..sealed.len() {
            let mut broken = sealed.to_vec();
            broken[at] ^= 1;
            assert!(unseal("a test", &Bytes::from(broken)).is_err(), "byte {at}");
            assert!(unseal("a test", &sealed.slice(..at)).is_err(), "cut at {at}");
        }
    }
}
