//! `chain`: each member applies a log without a gap, each record naming the hash of the one before, at a later time.
//!
//! Source: ARCHITECTURE.md, "Life of a command", 6 (the sequence rises by one, the chain grows by one hash) and "Cross-cutting", time
//! (records strictly rise). That an incarnation never falls and that nothing applied is taken back follow: a copy is the fold of one
//! chain.
//!
//! Looks like a violation and is not: a member that begins again from the first record or from a snapshot after it started
//! (state is in memory); a snapshot that skips ahead; a snapshot that goes back, where a quarantine came before it (the copy was
//! replaced) or a later incarnation comes with it (a takeover left orphans behind).

use std::collections::BTreeMap;

use ids::{Hash, Hlc, Incarnation, Log, MemberId, Seq};

use crate::{Invariant, Nanos, Observation, SeenRecord, Violations};

#[derive(Debug, Default)]
pub struct Chain {
    heads: BTreeMap<(MemberId, Log), Head>,
}

/// The last record that a member's state holds; none has an incarnation or time before the first.
#[derive(Debug)]
struct Head {
    incarnation: Option<Incarnation>,
    seq: Seq,
    hash: Hash,
    /// Unknown after a snapshot.
    hlc: Option<Hlc>,
    quarantined: bool,
}

impl Default for Head {
    fn default() -> Self {
        Self { incarnation: None, seq: Seq::ZERO, hash: Hash::ZERO, hlc: None, quarantined: false }
    }
}

impl Head {
    /// Why `record` does not follow, if so.
    fn refuses(&self, record: &SeenRecord) -> Option<String> {
        if record.seq != self.seq.next() {
            return Some(format!("applied right after {}", self.seq));
        }
        if record.prev_hash != self.hash {
            return Some(format!("names {:?} before it, which is {:?}", record.prev_hash, self.hash));
        }
        if self.hlc.is_some_and(|before| record.hlc <= before) {
            return Some(format!("its time {} is not after {}", record.hlc, self.hlc.unwrap_or_default()));
        }
        let before = self.incarnation.filter(|before| record.incarnation < *before)?;
        Some(format!("incarnation fell from {before}"))
    }

    /// Whether a snapshot at this place would take back what is applied.
    fn is_beyond(&self, incarnation: Incarnation, seq: Seq) -> bool {
        self.incarnation.is_some_and(|current| (incarnation, seq) < (current, self.seq))
    }
}

impl Chain {
    fn apply(&mut self, member: MemberId, record: &SeenRecord) -> Option<String> {
        let head = self.heads.entry((member, record.log.clone())).or_default();
        let wrong = head.refuses(record);
        *head = Head {
            incarnation: Some(record.incarnation),
            seq: record.seq,
            hash: record.hash,
            hlc: Some(record.hlc),
            quarantined: head.quarantined,
        };
        let SeenRecord { log, incarnation, seq, .. } = record;
        wrong.map(|wrong| format!("{log}@{incarnation}.{seq} on {member}: {wrong}"))
    }
}

impl Invariant for Chain {
    fn name(&self) -> &'static str {
        "chain"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        match what {
            Observation::Started { member } => self.heads.retain(|(holder, _), _| holder != member),
            Observation::Quarantined { member, log, .. } => {
                self.heads.entry((*member, log.clone())).or_default().quarantined = true;
            }
            Observation::Installed { member, log, incarnation, seq, hash, .. } => {
                let head = self.heads.entry((*member, log.clone())).or_default();
                let back = (head.is_beyond(*incarnation, *seq) && !head.quarantined).then_some(head.seq);
                *head = Head { incarnation: Some(*incarnation), seq: *seq, hash: *hash, ..Head::default() };
                if let Some(from) = back {
                    let detail = format!("{log}@{incarnation}.{seq} on {member}: a snapshot went back from {from}");
                    out.push(self.name(), at, detail);
                }
            }
            Observation::Applied { member, record } => {
                if let Some(detail) = self.apply(*member, record) {
                    out.push(self.name(), at, detail);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
