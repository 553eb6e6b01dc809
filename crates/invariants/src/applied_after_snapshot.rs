//! `applied_after_snapshot`: a member purges entries only when a snapshot on its own synced storage covers them.
//!
//! Source: state is in memory, so an entry that is gone from the log before a durable snapshot holds it is gone with the next crash.
//! etcd 3.5 kept its applied index apart from its data, and came out of crashes with other data on each member (etcd issue 13766).
//!
//! Looks like a violation and is not: a purge far behind the snapshot; a purge under a snapshot that the member received instead of
//! making (it says `SnapshotDurable` for that one too). A crash loses no durable snapshot, a lost disk loses all.

use std::collections::BTreeMap;

use ids::{Log, MemberId};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct AppliedAfterSnapshot {
    /// The furthest index that a durable snapshot covers.
    covered: BTreeMap<(MemberId, Log), u64>,
}

impl Invariant for AppliedAfterSnapshot {
    fn name(&self) -> &'static str {
        "applied_after_snapshot"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        match what {
            Observation::DiskLost { member } => self.covered.retain(|(holder, _), _| holder != member),
            Observation::SnapshotDurable { member, log, index, .. } => {
                let covered = self.covered.entry((*member, log.clone())).or_default();
                *covered = (*covered).max(*index);
            }
            Observation::EntriesPurged { member, log, through } => {
                let covered = self.covered.get(&(*member, log.clone())).copied().unwrap_or_default();
                if covered < *through {
                    let held = format!("its durable snapshots cover up to {covered}");
                    out.push(self.name(), at, format!("{log}: {member} purged entries up to {through}, {held}"));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use ids::Seq;

    use super::*;
    use crate::testing::{A, G, found};

    fn snapshot(index: u64) -> Observation {
        Observation::SnapshotDurable { member: A, log: G, index, seq: Seq(index) }
    }

    fn purged(through: u64) -> Observation {
        Observation::EntriesPurged { member: A, log: G, through }
    }

    #[test]
    fn a_purge_that_no_durable_snapshot_covers_is_reported() {
        let stream = [snapshot(9), purged(10)];
        let expected = ["global: m1 purged entries up to 10, its durable snapshots cover up to 9"];
        assert_eq!(found(AppliedAfterSnapshot::default(), &stream), expected);
        let lost = [snapshot(9), Observation::DiskLost { member: A }, purged(9)];
        assert_eq!(found(AppliedAfterSnapshot::default(), &lost).len(), 1);
    }

    #[test]
    fn a_purge_under_a_snapshot_is_fine_also_after_a_crash() {
        let stream = [snapshot(9), purged(5), Observation::Crashed { member: A }, purged(9)];
        assert!(found(AppliedAfterSnapshot::default(), &stream).is_empty());
    }
}
