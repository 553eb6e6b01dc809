//! The state digest: what two replicas compare to know that they hold the same rows.
//!
//! The sum, over all rows, of SHA-256(subject, revision, value), added in four lanes of 64 bits. A sum is independent of order and
//! can take a row out again, so a record changes it in time proportional to its facts, not to the state (an incremental multiset
//! hash after Bellare and Micciancio, 1997). It finds faults, not forgers: the hash chain is what an adversary would have to break.

use aws_lc_rs::digest::{Context, SHA256};
use ids::{Hash, Revision, Subject};

/// Digest of a set of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateDigest([u64; 4]);

/// What one row adds to the digest of its state. Whoever keeps it beside the row need not hash the row again to take it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowDigest([u64; 4]);

impl RowDigest {
    pub fn of(subject: &Subject, revision: Revision, value: &[u8]) -> Self {
        Self(lanes(subject, revision, value))
    }
}

impl StateDigest {
    /// Takes a row in.
    pub fn add(&mut self, row: RowDigest) {
        self.0.iter_mut().zip(row.0).for_each(|(lane, part)| *lane = lane.wrapping_add(part));
    }

    /// Takes a row out that was taken in before.
    pub fn remove(&mut self, row: RowDigest) {
        self.0.iter_mut().zip(row.0).for_each(|(lane, part)| *lane = lane.wrapping_sub(part));
    }

    /// The digest as 32 bytes.
    pub fn hash(&self) -> Hash {
        let mut bytes = [0; 32];
        for (out, lane) in bytes.chunks_exact_mut(8).zip(self.0) {
            out.copy_from_slice(&lane.to_be_bytes());
        }
        Hash(bytes)
    }
}

fn lanes(subject: &Subject, revision: Revision, value: &[u8]) -> [u64; 4] {
    let mut hasher = Context::new(&SHA256);
    hasher.update(&u64::try_from(subject.as_str().len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(subject.as_str().as_bytes());
    hasher.update(&revision.0.to_be_bytes());
    hasher.update(value);
    let hash = hasher.finish();
    let mut lanes = [0; 4];
    for (lane, part) in lanes.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
        *lane = part.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte));
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_what_is_removed_leaves_no_trace() {
        let (a, b): (Subject, Subject) = ("a".parse().unwrap(), "b".parse().unwrap());
        let mut one = StateDigest::default();
        one.add(RowDigest::of(&a, Revision(1), b"x"));
        one.add(RowDigest::of(&b, Revision(2), b"y"));
        let mut other = StateDigest::default();
        other.add(RowDigest::of(&b, Revision(2), b"y"));
        other.add(RowDigest::of(&a, Revision(9), b"gone"));
        other.remove(RowDigest::of(&a, Revision(9), b"gone"));
        assert_ne!(one, other);
        other.add(RowDigest::of(&a, Revision(1), b"x"));
        assert_eq!(one.hash(), other.hash());
    }

    #[test]
    fn subject_revision_and_value_each_count() {
        let digest = |subject: &str, revision, value: &[u8]| {
            let mut digest = StateDigest::default();
            digest.add(RowDigest::of(&subject.parse().unwrap(), Revision(revision), value));
            digest
        };
        let base = digest("ab", 1, b"c");
        assert_ne!(base, digest("a", 1, b"bc"));
        assert_ne!(base, digest("ab", 2, b"c"));
        assert_ne!(base, digest("ab", 1, b"d"));
    }
}
