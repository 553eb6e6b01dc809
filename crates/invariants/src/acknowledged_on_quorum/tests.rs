//! Smallest streams in which an acknowledgement is, or only looks, too early.

use ids::Seq;

use super::*;
use crate::testing::{A, B, C, D, G, found};

fn voters(sets: &[&[MemberId]]) -> Observation {
    Observation::Membership { log: G, voters: sets.iter().map(|set| set.to_vec()).collect() }
}

fn stored(member: MemberId, entries: &[(u64, u64)]) -> Observation {
    Observation::EntriesDurable { member, log: G, entries: entries.to_vec() }
}

fn truncated(member: MemberId, after: u64) -> Observation {
    Observation::EntriesTruncated { member, log: G, after }
}

fn told(index: u64, digest: u64) -> Observation {
    Observation::EntryAcknowledged { member: A, log: G, index, digest }
}

fn violations(stream: &[Observation]) -> Vec<String> {
    found(AcknowledgedOnQuorum::default(), stream)
}

#[test]
fn an_entry_that_only_its_leader_synced_is_reported() {
    let stream = [voters(&[&[A, B, C]]), stored(A, &[(1, 7)]), told(1, 7)];
    assert_eq!(
        violations(&stream),
        [
            "global: m1 acknowledged entry 1 (0000000000000007) while, of the voters [m1 m2 m3], only [m1] had it on synced storage"
        ]
    );
}

#[test]
fn another_entry_at_that_index_or_one_cut_off_again_does_not_count() {
    let overwritten =
        [voters(&[&[A, B, C]]), stored(A, &[(1, 7)]), stored(B, &[(1, 7)]), stored(B, &[(1, 8)]), told(1, 7)];
    assert_eq!(violations(&overwritten).len(), 1);
    let cut = [
        voters(&[&[A, B, C]]),
        stored(A, &[(1, 7), (2, 7)]),
        stored(B, &[(1, 7), (2, 7)]),
        truncated(B, 1),
        told(1, 7),
        told(2, 7),
    ];
    assert_eq!(violations(&cut).len(), 1);
}

#[test]
fn both_sets_need_a_majority_while_membership_changes() {
    let joint = voters(&[&[A, B, C], &[B, C, D]]);
    let stream = [joint.clone(), stored(A, &[(1, 7)]), stored(B, &[(1, 7)]), told(1, 7)];
    assert_eq!(violations(&stream).len(), 1);
    let stream = [joint, stored(A, &[(1, 7)]), stored(B, &[(1, 7)]), stored(C, &[(1, 7)]), told(1, 7)];
    assert!(violations(&stream).is_empty());
}

#[test]
fn an_entry_on_its_way_when_the_voters_change_may_have_the_voters_before() {
    let (before, after) = (voters(&[&[A]]), voters(&[&[B, C, D]]));
    let stream = [before, stored(A, &[(1, 7)]), after.clone(), after, told(1, 7), stored(A, &[(2, 7)]), told(2, 7)];
    let said = violations(&stream);
    assert_eq!(said.len(), 1, "only entry 2 came after the change: {said:?}");
}

#[test]
fn a_majority_on_synced_storage_or_in_snapshots_is_fine() {
    let snapshot = Observation::SnapshotDurable { member: B, log: G, index: 4, seq: Seq(4) };
    let purged = Observation::EntriesPurged { member: B, log: G, through: 4 };
    let crash = Observation::Crashed { member: A };
    let stream = [
        told(1, 7),
        voters(&[&[A, B, C]]),
        stored(A, &[(4, 7), (5, 8)]),
        snapshot,
        purged,
        crash,
        told(4, 7),
        stored(C, &[(5, 8)]),
        told(5, 8),
    ];
    assert!(violations(&stream).is_empty());
}

#[test]
fn a_disk_lost_after_its_sync_was_counted_is_fine_but_holds_nothing_new() {
    let lost = Observation::DiskLost { member: B };
    let stream =
        [voters(&[&[A, B, C]]), stored(A, &[(1, 7), (2, 7)]), stored(B, &[(1, 7)]), lost, told(1, 7), told(2, 7)];
    assert_eq!(violations(&stream).len(), 1);
}
