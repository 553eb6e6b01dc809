//! Snapshots in pieces: cut by whoever sends one, gathered by whoever takes one in.
//!
//! A snapshot is named by the checksum in its seal. Each piece has a checksum of its own, so a lost or damaged one is asked for again
//! by its offset, and what has arrived stays. The whole is checked once more, by its seal, before anything is done with it.

use bytes::{Bytes, BytesMut};
use wire::{checked::crc, proto::SnapshotChunk, seal};

/// The largest snapshot that is gathered: a state of that size would not fit into a member's memory twice.
const SNAPSHOT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// The piece of a sealed snapshot from `offset` on, of at most `bytes_max` bytes; `None` where it has no such place.
pub fn cut(sealed: &Bytes, offset: u64, bytes_max: usize) -> Option<SnapshotChunk> {
    let from = usize::try_from(offset).ok().filter(|from| *from < sealed.len())?;
    let bytes = sealed.slice(from..sealed.len().min(from.saturating_add(bytes_max.max(1))));
    let size = u64::try_from(sealed.len()).ok()?;
    Some(SnapshotChunk { checksum: seal::checksum(sealed)?, size, offset, crc: crc(&bytes), bytes })
}

/// A snapshot of which pieces have arrived.
pub struct Gather {
    checksum: Bytes,
    size: u64,
    bytes: BytesMut,
}

impl Gather {
    /// Begins with nothing of the snapshot that `chunk` is a piece of.
    pub fn begin(chunk: &SnapshotChunk) -> Result<Self, String> {
        let least = u64::try_from(seal::HEADER_BYTES).unwrap_or(u64::MAX);
        if !(least..=SNAPSHOT_BYTES_MAX).contains(&chunk.size) {
            let size = chunk.size;
            return Err(format!("read a piece of a snapshot of {size} bytes: wanted {least} to {SNAPSHOT_BYTES_MAX}"));
        }
        // The room comes with the pieces: a size that is only said takes none.
        Ok(Self { checksum: chunk.checksum.clone(), size: chunk.size, bytes: BytesMut::new() })
    }

    /// Whether `chunk` is a piece of this snapshot.
    pub fn is_of(&self, chunk: &SnapshotChunk) -> bool {
        (&self.checksum, self.size) == (&chunk.checksum, chunk.size)
    }

    pub fn checksum(&self) -> &Bytes {
        &self.checksum
    }

    /// The offset that is wanted next.
    pub fn wanted(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    /// Takes a piece in, if it is whole and the one that is wanted.
    pub fn take(&mut self, chunk: &SnapshotChunk) -> bool {
        let reaches = u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX).saturating_add(chunk.offset);
        let fits = self.is_of(chunk) && chunk.offset == self.wanted() && reaches <= self.size;
        if !fits || chunk.bytes.is_empty() || crc(&chunk.bytes) != chunk.crc {
            return false;
        }
        self.bytes.extend_from_slice(&chunk.bytes);
        true
    }

    pub fn is_whole(&self) -> bool {
        self.wanted() == self.size
    }

    /// What has arrived, whatever it is: for the known bug that does not look.
    pub fn into_unchecked(self) -> Bytes {
        self.bytes.freeze()
    }

    /// What has arrived, as the sealed snapshot that it is when it is whole.
    pub fn into_sealed(self) -> Result<Bytes, String> {
        let sealed = self.bytes.freeze();
        if seal::checksum(&sealed).as_ref() != Some(&self.checksum) {
            return Err("put the pieces of a snapshot together: its seal is not the one that they name".to_owned());
        }
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(bytes: usize) -> Bytes {
        seal::seal(&(0..bytes).map(|at| u8::try_from(at % 251).unwrap()).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn pieces_lost_damaged_doubled_and_swapped_come_together_when_asked_for_again(
            size in 0..2_000_usize, piece in 1..300_usize, faults in prop::collection::vec(0..5_u8, 0..40),
        ) {
            let sealed = sealed(size);
            let mut gather = Gather::begin(&cut(&sealed, 0, piece).unwrap()).unwrap();
            let mut faults = faults.into_iter();
            while !gather.is_whole() {
                let wanted = gather.wanted();
                let mut chunk = cut(&sealed, wanted, piece).unwrap();
                prop_assert!(chunk.bytes.len() <= piece);
                match faults.next() {
                    Some(0) => continue,
                    Some(1) => {
                        let mut bytes = chunk.bytes.to_vec();
                        bytes[0] ^= 1;
                        chunk.bytes = bytes.into();
                        prop_assert!(!gather.take(&chunk), "damaged");
                    }
                    Some(2) => {
                        prop_assert!(gather.take(&chunk));
                        prop_assert!(!gather.take(&chunk), "twice");
                    }
                    Some(3) => {
                        let later = cut(&sealed, wanted + u64::try_from(piece).unwrap(), piece);
                        prop_assert!(later.is_none_or(|later| !gather.take(&later)), "out of order");
                    }
                    Some(_) | None => prop_assert!(gather.take(&chunk)),
                }
            }
            prop_assert_eq!(gather.into_sealed().unwrap(), sealed);
        }
    }

    #[test]
    fn a_piece_of_another_snapshot_or_beyond_the_end_is_not_taken() {
        let (one, other) = (sealed(500), sealed(501));
        let mut gather = Gather::begin(&cut(&one, 0, 100).unwrap()).unwrap();
        assert!(!gather.take(&cut(&other, 0, 100).unwrap()));
        let beyond = SnapshotChunk { size: 540, ..cut(&one, 0, 10_000).unwrap() };
        assert!(gather.take(&beyond), "the whole in one piece");
        assert!(gather.is_whole() && cut(&one, 540, 1).is_none() && cut(&one, u64::MAX, 1).is_none());
        let long = seal::seal(&[7; 600]);
        let mut short = Gather::begin(&SnapshotChunk { size: 100, ..cut(&long, 0, 10).unwrap() }).unwrap();
        assert!(!short.take(&SnapshotChunk { size: 100, ..cut(&long, 0, 101).unwrap() }));
    }

    #[test]
    fn a_size_that_cannot_be_is_refused_and_takes_no_room() {
        let chunk = cut(&sealed(100), 0, 10).unwrap();
        for size in [0, 39, SNAPSHOT_BYTES_MAX + 1, u64::MAX] {
            assert!(Gather::begin(&SnapshotChunk { size, ..chunk.clone() }).is_err(), "{size}");
        }
        let largest = Gather::begin(&SnapshotChunk { size: SNAPSHOT_BYTES_MAX, ..chunk }).unwrap();
        assert_eq!(largest.bytes.capacity(), 0);
    }

    #[test]
    fn a_whole_that_is_not_what_its_pieces_named_is_refused() {
        let sealed = sealed(100);
        let lie = Bytes::from_static(&[9; 32]);
        let chunk = SnapshotChunk { checksum: lie, ..cut(&sealed, 0, 1000).unwrap() };
        let mut gather = Gather::begin(&chunk).unwrap();
        assert!(gather.take(&chunk) && gather.is_whole());
        assert!(gather.into_sealed().is_err());
    }
}
