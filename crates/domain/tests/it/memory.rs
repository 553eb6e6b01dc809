//! A log in memory that applies decisions as the ledger does: compare revisions, raise the sequence, store what facts
//! carry.

use std::collections::BTreeMap;

use domain::{Decision, Entity, View, ViewError};
use ids::{Revision, Seq, Subject};

/// A guard that no longer held. Nothing was stored and no sequence number used.
#[derive(Debug, PartialEq, Eq)]
pub struct Conflict(pub Subject);

/// The rows of one log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    seq: Seq,
    rows: BTreeMap<Subject, (Revision, Entity)>,
    /// A row whose bytes cannot be read.
    pub damaged: Option<Subject>,
}

impl Memory {
    pub fn apply(&mut self, decision: &Decision) -> Result<Seq, Conflict> {
        for guard in &decision.guards {
            if self.revision(&guard.subject) != guard.revision {
                return Err(Conflict(guard.subject.clone()));
            }
        }
        Ok(self.apply_without_guards(decision))
    }

    /// What apply must never do.
    pub fn apply_without_guards(&mut self, decision: &Decision) -> Seq {
        self.seq = self.seq.next();
        for fact in &decision.facts {
            match &fact.after {
                Some(entity) => self.rows.insert(fact.subject.clone(), (self.seq.into(), entity.clone())),
                None => self.rows.remove(&fact.subject),
            };
        }
        self.seq
    }

    /// A row that no decision made.
    pub fn put(&mut self, subject: Subject, entity: Entity) {
        self.seq = self.seq.next();
        self.rows.insert(subject, (self.seq.into(), entity));
    }

    pub fn seq(&self) -> Seq {
        self.seq
    }

    pub fn rows(&self) -> impl Iterator<Item = (&Subject, &Entity)> {
        self.rows.iter().map(|(subject, (_, entity))| (subject, entity))
    }

    pub fn all_entries(&self, set: &Subject) -> Vec<String> {
        self.entries(set, None, usize::MAX)
    }
}

impl View for Memory {
    fn revision(&self, subject: &Subject) -> Revision {
        self.rows.get(subject).map_or(Revision::ABSENT, |(revision, _)| *revision)
    }

    fn get(&self, subject: &Subject) -> Result<Option<(Revision, Entity)>, ViewError> {
        if self.damaged.as_ref() == Some(subject) {
            return Err(ViewError { subject: subject.clone(), detail: "3 bytes".to_owned() });
        }
        Ok(self.rows.get(subject).cloned())
    }

    fn entries(&self, set: &Subject, after: Option<&str>, limit: usize) -> Vec<String> {
        let from = set.entry(after.unwrap_or_default());
        let behind = self.rows.range(from.clone()..).filter(|(subject, _)| **subject != from);
        behind.map_while(|(subject, _)| subject.entry_of(set)).take(limit).map(str::to_owned).collect()
    }
}
