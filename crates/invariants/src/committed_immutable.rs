//! `committed_immutable`: once an entry is acknowledged at an index, no other entry ever is.
//!
//! Source: Raft (Ongaro and Ousterhout), figure 3, Leader Completeness and State Machine Safety. openraft's `enable_leader_restore`
//! broke it: a leader that lost its unsynced tail resumed its term and gave the same log ids to other entries.
//!
//! Looks like a violation and is not: the same entry acknowledged again, also by another member; another entry that was stored at
//! that index and overwritten before anybody acknowledged it.

use std::collections::BTreeMap;

use ids::{Log, MemberId};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct CommittedImmutable {
    /// Digest of each acknowledged entry, and who acknowledged it first.
    acknowledged: BTreeMap<Log, BTreeMap<u64, (u64, MemberId)>>,
}

impl Invariant for CommittedImmutable {
    fn name(&self) -> &'static str {
        "committed_immutable"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let Observation::EntryAcknowledged { member, log, index, digest } = what else { return };
        let indexes = self.acknowledged.entry(log.clone()).or_default();
        let (first, by) = *indexes.entry(*index).or_insert((*digest, *member));
        if first != *digest {
            let detail = format!("{log}: {member} acknowledged entry {index} as {digest:016x}, {by} as {first:016x}");
            out.push(self.name(), at, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, G, found, regional};

    fn told(member: MemberId, log: Log, index: u64, digest: u64) -> Observation {
        Observation::EntryAcknowledged { member, log, index, digest }
    }

    #[test]
    fn two_entries_acknowledged_at_one_index_are_reported() {
        assert_eq!(
            found(CommittedImmutable::default(), &[told(A, G, 5, 1), told(B, G, 5, 2)]),
            ["global: m2 acknowledged entry 5 as 0000000000000002, m1 as 0000000000000001"]
        );
    }

    #[test]
    fn the_same_entry_again_and_other_indexes_are_fine() {
        let stream = [told(A, G, 5, 1), told(B, G, 5, 1), told(A, G, 6, 2), told(A, regional(), 5, 9)];
        assert!(found(CommittedImmutable::default(), &stream).is_empty());
    }
}
