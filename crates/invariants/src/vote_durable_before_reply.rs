//! `vote_durable_before_reply`: a vote leaves a member only when it is on that member's synced storage.
//!
//! Source: Raft (Ongaro and Ousterhout), section 5.1 and figure 2: current term and vote are persistent state, updated on stable
//! storage before responding. A member that forgets a vote in a crash may vote twice in one term.
//!
//! Looks like a violation and is not: a vote that was superseded on storage before its reply left, by a later term, or in the same
//! term by the leader that others elected (the member still votes for nobody else). A crash forgets nothing that was synced.
//! Answers to a pre-vote promise nothing and are not to be observed as votes.

use std::collections::BTreeMap;

use ids::{Log, MemberId};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct VoteDurableBeforeReply {
    durable: BTreeMap<(MemberId, Log), Durable>,
}

/// The term on storage, and the candidates that were stored with it, first to last.
#[derive(Debug)]
struct Durable {
    term: u64,
    candidates: Vec<MemberId>,
}

impl VoteDurableBeforeReply {
    fn stored(&mut self, member: MemberId, log: &Log, term: u64, candidate: MemberId) {
        let empty = || Durable { term, candidates: Vec::new() };
        let durable = self.durable.entry((member, log.clone())).or_insert_with(empty);
        if durable.term != term {
            *durable = empty();
        }
        if !durable.candidates.contains(&candidate) {
            durable.candidates.push(candidate);
        }
    }

    /// Why this vote may not leave the member now, if so.
    fn wrong(&self, member: MemberId, log: &Log, term: u64, candidate: MemberId) -> Option<String> {
        match self.durable.get(&(member, log.clone())) {
            None => Some("no vote at all".to_owned()),
            Some(durable) if durable.term < term => Some(format!("only term {}", durable.term)),
            Some(durable) if durable.term == term && !durable.candidates.contains(&candidate) => {
                Some("another candidate of that term".to_owned())
            }
            Some(_) => None,
        }
    }
}

impl Invariant for VoteDurableBeforeReply {
    fn name(&self) -> &'static str {
        "vote_durable_before_reply"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        match what {
            Observation::VoteDurable { member, log, term, candidate } => self.stored(*member, log, *term, *candidate),
            Observation::DiskLost { member } => self.durable.retain(|(holder, _), _| holder != member),
            Observation::VoteGranted { member, log, term, candidate } => {
                if let Some(held) = self.wrong(*member, log, *term, *candidate) {
                    let vote = format!("{log}: {member} granted {candidate} its vote in term {term}");
                    out.push(self.name(), at, format!("{vote} while its synced storage held {held}"));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, B, C, G, found};

    fn stored(term: u64, candidate: MemberId) -> Observation {
        Observation::VoteDurable { member: A, log: G, term, candidate }
    }

    fn granted(term: u64, candidate: MemberId) -> Observation {
        Observation::VoteGranted { member: A, log: G, term, candidate }
    }

    #[test]
    fn a_vote_that_leaves_before_it_is_synced_is_reported() {
        let stream = [granted(1, B), stored(1, B), granted(2, B), granted(1, C)];
        let prefix = "global: m1 granted";
        assert_eq!(
            found(VoteDurableBeforeReply::default(), &stream),
            [
                format!("{prefix} m2 its vote in term 1 while its synced storage held no vote at all"),
                format!("{prefix} m2 its vote in term 2 while its synced storage held only term 1"),
                format!("{prefix} m3 its vote in term 1 while its synced storage held another candidate of that term"),
            ]
        );
    }

    #[test]
    fn a_lost_disk_forgets_a_vote() {
        let stream = [stored(1, B), Observation::DiskLost { member: A }, granted(1, B)];
        assert_eq!(found(VoteDurableBeforeReply::default(), &stream).len(), 1);
    }

    #[test]
    fn a_synced_vote_may_leave_also_after_a_crash_or_when_superseded() {
        let crash = Observation::Crashed { member: A };
        let stream = [
            stored(1, B),
            granted(1, B),
            crash,
            granted(1, B),
            stored(1, C),
            granted(1, B),
            stored(2, C),
            granted(1, B),
        ];
        assert!(found(VoteDurableBeforeReply::default(), &stream).is_empty());
    }
}
