//! `replicas_equal`: once healed and quiet, every replica of a log has the same head, chain and state.
//!
//! Source: ARCHITECTURE.md, "Fault model", last row: after faults stop, all copies become equal. Shipping is asynchronous, so this is a
//! rule about an end state; equality at equal positions on the way there is for [`crate::same_record_everywhere`].
//!
//! Looks like a violation and is not: replicas that differ while faults last, or right after; do not ask before they had time to
//! catch up. A replica in quarantine is to be left out only where the run put it there.

use std::collections::BTreeMap;

use ids::{Hash, Incarnation, Log, MemberId, Seq};

use crate::{Nanos, Violations};

const NAME: &str = "replicas_equal";

/// Where one member's copy of one log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaHead {
    pub member: MemberId,
    pub log: Log,
    pub incarnation: Incarnation,
    pub seq: Seq,
    /// Hash of the last record.
    pub chain: Hash,
    /// State digest after it.
    pub digest: Hash,
}

impl ReplicaHead {
    fn place(&self) -> (Incarnation, Seq) {
        (self.incarnation, self.seq)
    }
}

/// Compares every copy of a log with the furthest one.
pub fn check_replicas_equal(at: Nanos, heads: &[ReplicaHead], out: &mut Violations) {
    let mut furthest: BTreeMap<&Log, &ReplicaHead> = BTreeMap::new();
    for head in heads {
        let known = furthest.entry(&head.log).or_insert(head);
        if head.place() > known.place() {
            *known = head;
        }
    }
    for head in heads {
        if let Some(detail) = furthest.get(&head.log).and_then(|furthest| difference(head, furthest)) {
            out.push(NAME, at, format!("{}: {detail}", head.log));
        }
    }
}

fn difference(head: &ReplicaHead, furthest: &ReplicaHead) -> Option<String> {
    let (member, other) = (head.member, furthest.member);
    if head.place() != furthest.place() {
        let place = format!("{member} is at {}.{}", head.incarnation, head.seq);
        return Some(format!("{place}, {other} at {}.{}", furthest.incarnation, furthest.seq));
    }
    if head.chain != furthest.chain {
        return Some(format!(
            "at {}, the chain is {:?} on {member}, {:?} on {other}",
            head.seq, head.chain, furthest.chain
        ));
    }
    let differs = head.digest != furthest.digest;
    differs.then(|| {
        format!("at {}, the state is {:?} on {member}, {:?} on {other}", head.seq, head.digest, furthest.digest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, C, G, hash, regional, said};

    fn head(member: MemberId, seq: u64) -> ReplicaHead {
        let (incarnation, seq) = (Incarnation::FIRST, Seq(seq));
        ReplicaHead { member, log: G, incarnation, seq, chain: hash(1), digest: hash(2) }
    }

    fn violations(heads: &[ReplicaHead]) -> Vec<String> {
        let mut out = Violations::default();
        check_replicas_equal(0, heads, &mut out);
        said(&out)
    }

    #[test]
    fn copies_behind_or_different_are_reported() {
        let forked = ReplicaHead { chain: hash(3), ..head(C, 5) };
        let drifted = ReplicaHead { digest: hash(4), ..head(C, 5) };
        assert_eq!(
            violations(&[head(A, 4), head(B, 5), forked, drifted]),
            [
                "global: m1 is at 1.4, m2 at 1.5",
                "global: at 5, the chain is 030303030303 on m3, 010101010101 on m2",
                "global: at 5, the state is 040404040404 on m3, 020202020202 on m2",
            ]
        );
    }

    #[test]
    fn equal_copies_are_fine_and_logs_are_apart() {
        let regional = ReplicaHead { log: regional(), ..head(A, 9) };
        assert!(violations(&[head(A, 5), head(B, 5), regional]).is_empty());
    }
}
