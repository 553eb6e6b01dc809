//! `one_vote_per_term`: a member never votes for two candidates in one term of one group, for as long as its id lives.
//!
//! Source: Raft (Ongaro and Ousterhout), section 5.2: each server votes for at most one candidate in a term. Ongaro's thesis,
//! section 4, on ids: a member that lost its disk and comes back under its old id votes again, and two leaders of one term follow;
//! hence [`ids::MemberId`] is never reused, and losing a disk forgets nothing here.
//!
//! Looks like a violation and is not: one vote granted twice; a vote that only became durable (it may be lost before it is granted,
//! or be the leader that others elected), unless it is the member's own candidacy, for which no reply leaves.

use std::collections::BTreeMap;

use ids::{Log, MemberId};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct OneVotePerTerm {
    votes: BTreeMap<(MemberId, Log, u64), MemberId>,
}

impl Invariant for OneVotePerTerm {
    fn name(&self) -> &'static str {
        "one_vote_per_term"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let (member, log, term, candidate) = match what {
            Observation::VoteGranted { member, log, term, candidate } => (*member, log, *term, *candidate),
            Observation::VoteDurable { member, log, term, candidate } if member == candidate => {
                (*member, log, *term, *candidate)
            }
            _ => return,
        };
        let first = *self.votes.entry((member, log.clone(), term)).or_insert(candidate);
        if first != candidate {
            let detail = format!("{log}: in term {term}, {member} voted for {candidate} after {first}");
            out.push(self.name(), at, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, C, G, found, regional};

    fn granted(log: Log, term: u64, candidate: MemberId) -> Observation {
        Observation::VoteGranted { member: A, log, term, candidate }
    }

    fn stored(term: u64, candidate: MemberId) -> Observation {
        Observation::VoteDurable { member: A, log: G, term, candidate }
    }

    #[test]
    fn a_member_id_reused_after_its_disk_was_lost_is_reported_when_it_votes_again() {
        let stream = [granted(G, 1, B), Observation::DiskLost { member: A }, granted(G, 1, C)];
        assert_eq!(found(OneVotePerTerm::default(), &stream), ["global: in term 1, m1 voted for m3 after m2"]);
    }

    #[test]
    fn a_vote_for_another_after_its_own_candidacy_is_reported() {
        assert_eq!(found(OneVotePerTerm::default(), &[stored(1, A), granted(G, 1, C)]).len(), 1);
    }

    #[test]
    fn other_terms_and_groups_and_votes_never_granted_are_fine() {
        let stream = [stored(1, C), granted(G, 1, B), granted(G, 1, B), granted(G, 2, C), granted(regional(), 1, C)];
        assert!(found(OneVotePerTerm::default(), &stream).is_empty());
    }
}
