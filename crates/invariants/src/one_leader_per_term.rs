//! `one_leader_per_term`: at most one member ever leads a group in one term.
//!
//! Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (Raft), section 5.2 and figure 3, Election
//! Safety.
//!
//! Looks like a violation and is not: two members that lead at one time, in different terms (the older one cannot commit); one
//! member that says twice that it leads one term. A group whose leader ids are ordered by (term, member) may by design see two
//! leaders in a term: our groups must not be set up so, and this rule tells when one is.

use std::collections::BTreeMap;

use ids::{Log, MemberId};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct OneLeaderPerTerm {
    leaders: BTreeMap<(Log, u64), MemberId>,
}

impl Invariant for OneLeaderPerTerm {
    fn name(&self) -> &'static str {
        "one_leader_per_term"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let Observation::BecameLeader { member, log, term } = what else { return };
        let first = *self.leaders.entry((log.clone(), *term)).or_insert(*member);
        if first != *member {
            out.push(self.name(), at, format!("{log}: {member} leads term {term}, which {first} led"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, G, found, regional};

    fn leads(member: MemberId, log: Log, term: u64) -> Observation {
        Observation::BecameLeader { member, log, term }
    }

    #[test]
    fn two_members_that_lead_one_term_are_reported() {
        let stream = [leads(A, G, 3), leads(B, G, 3)];
        assert_eq!(found(OneLeaderPerTerm::default(), &stream), ["global: m2 leads term 3, which m1 led"]);
    }

    #[test]
    fn other_terms_other_groups_and_the_same_member_again_are_fine() {
        let stream = [leads(A, G, 3), leads(A, G, 3), leads(B, G, 4), leads(B, regional(), 3)];
        assert!(found(OneLeaderPerTerm::default(), &stream).is_empty());
    }
}
