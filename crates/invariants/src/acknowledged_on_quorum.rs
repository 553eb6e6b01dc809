//! `acknowledged_on_quorum`: an entry is acknowledged only when a majority of every voter set has it on synced storage.
//!
//! Source: Raft (Ongaro and Ousterhout), section 5.3, with persistence as in section 5.1, and section 6 for two sets while
//! membership changes. Incidents: NATS 2025 and two projects on openraft 2026 acknowledged before the flush, and lost writes in a
//! crash.
//!
//! Looks like a violation and is not: a holder that purged the entry under a snapshot, or received the snapshot instead; a holder
//! whose disk was lost between its sync and the acknowledgement (the leader counted it while it held; what a reused id breaks is for
//! [`crate::one_vote_per_term`] and [`crate::committed_immutable`]); an entry that was somewhere durable when the voters last
//! changed and has its majority among the voters before; anything before the voters are known.

use std::collections::BTreeMap;

use ids::{Log, MemberId};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct AcknowledgedOnQuorum {
    held: BTreeMap<(MemberId, Log), Held>,
    /// What lost disks held, until the next one under the same id is lost.
    lost: BTreeMap<(MemberId, Log), Held>,
    voters: BTreeMap<Log, Voters>,
    /// The furthest index that is or was durable anywhere.
    furthest: BTreeMap<Log, u64>,
}

/// What one member has of one log on synced storage.
#[derive(Debug, Default)]
struct Held {
    /// Digest of each entry beyond `covered`.
    entries: BTreeMap<u64, u64>,
    /// Entries up to here are in a snapshot.
    covered: u64,
}

type VoterSets = Vec<Vec<MemberId>>;

/// Who votes, and who voted on entries that were on their way when that last changed.
#[derive(Debug, Default)]
struct Voters {
    now: VoterSets,
    before: Option<VoterSets>,
    /// Entries up to here may have been committed by the voters before.
    before_through: u64,
}

impl Held {
    fn cover(&mut self, through: u64) {
        self.covered = self.covered.max(through);
        self.entries = self.entries.split_off(&self.covered.saturating_add(1));
    }

    fn has(&self, index: u64, digest: u64) -> bool {
        index <= self.covered || self.entries.get(&index) == Some(&digest)
    }
}

impl AcknowledgedOnQuorum {
    fn held(&mut self, member: MemberId, log: &Log) -> &mut Held {
        self.held.entry((member, log.clone())).or_default()
    }

    fn append(&mut self, member: MemberId, log: &Log, entries: &[(u64, u64)]) {
        let furthest = self.furthest.entry(log.clone()).or_default();
        *furthest = entries.iter().map(|(index, _)| *index).fold(*furthest, u64::max);
        self.held(member, log).entries.extend(entries.iter().copied());
    }

    fn lose_disk(&mut self, member: MemberId) {
        let logs: Vec<_> = self.held.keys().filter(|(holder, _)| *holder == member).cloned().collect();
        for key in logs {
            if let Some(held) = self.held.remove(&key) {
                self.lost.insert(key, held);
            }
        }
    }

    fn change_voters(&mut self, log: &Log, voters: &VoterSets) {
        let through = self.furthest.get(log).copied().unwrap_or_default();
        let known = self.voters.entry(log.clone()).or_default();
        if known.now == *voters {
            return;
        }
        let before = std::mem::replace(&mut known.now, voters.clone());
        known.before = Some(before).filter(|sets| !sets.is_empty());
        known.before_through = through;
    }

    /// Why this entry may not be acknowledged now, if so.
    fn missing(&self, log: &Log, index: u64, digest: u64) -> Option<String> {
        let voters = self.voters.get(log)?;
        let has = |member: MemberId| {
            let key = (member, log.clone());
            [&self.held, &self.lost].iter().any(|disks| disks.get(&key).is_some_and(|held| held.has(index, digest)))
        };
        let short = first_short_of_majority(&voters.now, has)?;
        let before = voters.before.as_ref().filter(|_| index <= voters.before_through);
        if before.is_some_and(|sets| first_short_of_majority(sets, has).is_none()) {
            return None;
        }
        Some(short)
    }
}

/// The first set of which no majority `has` it, and who of it does.
fn first_short_of_majority(sets: &[Vec<MemberId>], has: impl Fn(MemberId) -> bool) -> Option<String> {
    sets.iter().find_map(|set| {
        let holders: Vec<_> = set.iter().copied().filter(|member| has(*member)).collect();
        (holders.len() * 2 <= set.len()).then(|| format!("of the voters {}, only {}", list(set), list(&holders)))
    })
}

fn list(members: &[MemberId]) -> String {
    let names: Vec<_> = members.iter().map(MemberId::to_string).collect();
    format!("[{}]", names.join(" "))
}

impl Invariant for AcknowledgedOnQuorum {
    fn name(&self) -> &'static str {
        "acknowledged_on_quorum"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        match what {
            Observation::Membership { log, voters } => self.change_voters(log, voters),
            Observation::EntriesDurable { member, log, entries } => self.append(*member, log, entries),
            Observation::EntriesTruncated { member, log, after } => {
                self.held(*member, log).entries.split_off(&after.saturating_add(1));
            }
            Observation::EntriesPurged { member, log, through } => self.held(*member, log).cover(*through),
            Observation::SnapshotDurable { member, log, index, .. } => self.held(*member, log).cover(*index),
            Observation::DiskLost { member } => self.lose_disk(*member),
            Observation::EntryAcknowledged { member, log, index, digest } => {
                if let Some(short) = self.missing(log, *index, *digest) {
                    let entry = format!("{log}: {member} acknowledged entry {index} ({digest:016x})");
                    out.push(self.name(), at, format!("{entry} while, {short} had it on synced storage"));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
