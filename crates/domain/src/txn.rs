//! Reading a log's rows in a way that guards come free, and collecting what a decision writes.
//!
//! A decision that forgets to guard something it read is a lost update that no test of one caller finds. So decisions
//! do not list their guards: they read through [`Txn`], which remembers every revision it showed. What needs no guard
//! must be read through [`Txn::unguarded`], which makes it visible in review.

use std::collections::{BTreeMap, BTreeSet};

use ids::{
    Revision, Subject,
    limits::{FACTS_MAX, GUARDS_MAX},
};

use crate::{Decision, Entity, Fact, FactKind, Guard, Rejection, Row};

/// The rows of one log at one position. Reading the same subject twice gives the same answer.
pub trait View {
    /// The revision of a row; [`Revision::ABSENT`] when there is none.
    fn revision(&self, subject: &Subject) -> Revision;

    /// The row with its revision; `None` when there is none.
    ///
    /// # Errors
    /// [`ViewError`] when there is a row that cannot be read as an entity.
    fn get(&self, subject: &Subject) -> Result<Option<(Revision, Entity)>, ViewError>;

    /// Names of the entries of `set` that are there, in order: the first `limit` of those strictly after `after`.
    fn entries(&self, set: &Subject, after: Option<&str>, limit: usize) -> Vec<String>;
}

impl dyn View + '_ {
    /// The row as an entity of one kind; `None` when there is none.
    ///
    /// # Errors
    /// [`ViewError`] when the row cannot be read, or is of another kind.
    pub fn row<T: Row>(&self, subject: &Subject) -> Result<Option<(Revision, T)>, ViewError> {
        let Some((revision, entity)) = self.get(subject)? else { return Ok(None) };
        let wrong_kind =
            |kind| ViewError { subject: subject.clone(), detail: format!("a {kind} where a {} belongs", T::KIND) };
        Ok(Some((revision, T::from_entity(entity).map_err(wrong_kind)?)))
    }
}

/// Stored bytes that could not be read as an entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the row {subject} is not readable: found {detail}; wanted a readable entity")]
pub struct ViewError {
    pub subject: Subject,
    /// What was found instead.
    pub detail: String,
}

/// One decision in the making.
pub struct Txn<'a> {
    view: &'a dyn View,
    /// The guards: every revision that was shown.
    read: BTreeMap<Subject, Revision>,
    written: BTreeSet<Subject>,
    facts: Vec<Fact>,
}

impl<'a> Txn<'a> {
    /// A decision about the rows of `view`, with nothing read or written.
    pub fn new(view: &'a dyn View) -> Self {
        Self { view, read: BTreeMap::new(), written: BTreeSet::new(), facts: Vec::new() }
    }

    /// The revision of a row, guarded.
    pub fn revision(&mut self, subject: &Subject) -> Revision {
        let revision = self.view.revision(subject);
        self.read.insert(subject.clone(), revision);
        revision
    }

    /// A row, guarded; `None`, guarded as absent, when there is none. What this decision wrote is not shown.
    ///
    /// # Errors
    /// [`ViewError`] when the row cannot be read, or is of another kind.
    pub fn get<T: Row>(&mut self, subject: &Subject) -> Result<Option<(Revision, T)>, ViewError> {
        self.revision(subject);
        self.view.row(subject)
    }

    /// Entries of a set, as [`View::entries`], guarded by the set's own revision: whoever adds or removes one raises
    /// it.
    pub fn entries(&mut self, set: &Subject, after: Option<&str>, limit: usize) -> Vec<String> {
        self.revision(set);
        self.view.entries(set, after, limit)
    }

    /// The rows without guards: only for what a guard that is already held covers, or what only words a rejection.
    pub fn unguarded(&self) -> &'a dyn View {
        self.view
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// [`Rejection::WrittenTwice`] when this decision wrote the subject before: the order of facts must not matter.
    pub fn write(&mut self, kind: FactKind, subject: Subject, after: Option<Entity>) -> Result<(), Rejection> {
        if !self.written.insert(subject.clone()) {
            return Err(Rejection::WrittenTwice { subject });
        }
        self.facts.push(Fact { kind, subject, after });
        Ok(())
    }

    /// Adds an entry to a set and raises the set's revision, without a guard on it.
    ///
    /// # Errors
    /// [`Rejection::WrittenTwice`].
    pub fn add_entry(&mut self, set: &Subject, entry: &str) -> Result<(), Rejection> {
        self.write(FactKind::EntryAdded, set.entry(entry), Some(Entity::Marker))?;
        self.bump(set)
    }

    /// Removes an entry from a set and raises the set's revision, without a guard on it.
    ///
    /// # Errors
    /// [`Rejection::WrittenTwice`].
    pub fn remove_entry(&mut self, set: &Subject, entry: &str) -> Result<(), Rejection> {
        self.write(FactKind::EntryRemoved, set.entry(entry), None)?;
        self.bump(set)
    }

    /// Raises a set's revision, without a guard on it.
    ///
    /// # Errors
    /// [`Rejection::WrittenTwice`].
    pub fn bump(&mut self, set: &Subject) -> Result<(), Rejection> {
        self.write(FactKind::SetChanged, set.clone(), Some(Entity::Marker))
    }

    /// The decision about `subject`.
    ///
    /// # Errors
    /// [`Rejection::DecisionTooLarge`] beyond the limits of one proposal.
    pub fn finish(self, subject: Subject) -> Result<Decision, Rejection> {
        let (guards, facts) = (self.read.len(), self.facts.len());
        if guards > GUARDS_MAX || facts > FACTS_MAX {
            return Err(Rejection::DecisionTooLarge { subject, guards, facts });
        }
        let guards = self.read.into_iter().map(|(subject, revision)| Guard { subject, revision }).collect();
        Ok(Decision { guards, facts: self.facts, subject })
    }
}

#[cfg(test)]
mod tests;
