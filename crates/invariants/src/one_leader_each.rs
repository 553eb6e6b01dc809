//! `one_leader_each`: once healed, every group has exactly one leader.
//!
//! Source: ARCHITECTURE.md, "Fault model", last row: one leader per group within 10 s after faults stop. Cloudflare, November 2020: an
//! etcd cluster under a half-broken switch went on electing, and nobody led for long.
//!
//! Looks like a violation and is not: no leader, or an old one that does not know yet that it is none, while faults last or within
//! those 10 s; safety meanwhile is for [`crate::one_leader_per_term`].

use ids::{Log, MemberId};

use crate::{Nanos, Violations};

const NAME: &str = "one_leader_each";

/// How long after faults stop a group may be without a leader ("Fault model").
pub const LEADER_WITHIN_NS: Nanos = 10_000_000_000;

/// Checks who takes itself to lead each group.
pub fn check_leaders(at: Nanos, leaders: &[(Log, Vec<MemberId>)], out: &mut Violations) {
    for (log, members) in leaders {
        match members.as_slice() {
            [_] => {}
            [] => out.push(NAME, at, format!("{log} has no leader")),
            many => {
                let names: Vec<_> = many.iter().map(MemberId::to_string).collect();
                out.push(NAME, at, format!("{log} has {} leaders: {}", many.len(), names.join(" ")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, G, regional, said};

    #[test]
    fn a_group_without_a_leader_or_with_two_is_reported() {
        let mut out = Violations::default();
        check_leaders(0, &[(G, vec![A, B]), (regional(), Vec::new())], &mut out);
        assert_eq!(said(&out), ["global has 2 leaders: m1 m2", "region/us-east-1 has no leader"]);
    }

    #[test]
    fn one_member_may_lead_every_group() {
        let mut out = Violations::default();
        check_leaders(0, &[(G, vec![A]), (regional(), vec![A])], &mut out);
        assert!(out.is_empty());
    }
}
