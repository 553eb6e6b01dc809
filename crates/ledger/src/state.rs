//! The state of one log, and what a record does to it.
//!
//! Apply compares integers and stores bytes: no rule, no clock, no decoding of a row. It is total: what could make it fail (sizes,
//! counts, unreadable bytes) is refused before a proposal is replicated. Maps are persistent, so a copy of the whole state costs a
//! few reference counts: readers, snapshots and the leader's look ahead each hold their own.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::{Entity, View, ViewError};
use ids::{Hash, Hlc, Incarnation, Log, Position, RequestId, Revision, Seq, Subject};
use imbl::{OrdMap, ordmap::DiffItem};
use wire::{CommandDigest, Error, Proposal, Record, Rejected, RowDigest, StateDigest, entity::decode_entity};

use crate::requests::Requests;

/// One row: what a subject looks like, since which record.
#[derive(Clone, Debug)]
pub struct Row {
    pub revision: Revision,
    pub value: Bytes,
    /// What the row adds to the digest of the state, once somebody has asked.
    digest: OnceLock<RowDigest>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        (self.revision, &self.value) == (other.revision, &other.value)
    }
}

impl Eq for Row {}

impl Row {
    pub(crate) fn new(revision: Revision, value: Bytes) -> Self {
        Self { revision, value, digest: OnceLock::new() }
    }

    /// `subject` is the row's own.
    pub(crate) fn digest(&self, subject: &Subject) -> RowDigest {
        *self.digest.get_or_init(|| RowDigest::of(subject, self.revision, &self.value))
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub seq: Seq,
    pub response: Subject,
    /// Which command it was, where that is known.
    pub command: Option<CommandDigest>,
    /// It was rejected, and what is told of that; else it took effect.
    pub rejected: Option<Arc<Rejected>>,
}

impl Outcome {
    fn of(proposal: &Proposal, seq: Seq) -> Self {
        let (response, command, rejected) = (proposal.response.clone(), proposal.command, proposal.rejected.clone());
        Self { seq, response, command, rejected }
    }

    /// Whether the request was another one: its id is being used twice.
    pub fn is_of_another(&self, command: CommandDigest) -> bool {
        self.command.is_some_and(|first| first != command)
    }
}

/// What applying a proposal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It became this record, with this hash.
    Stored { record: Record, hash: Hash },
    /// Its request was applied before; nothing changed.
    Duplicate(Outcome),
    /// A guard failed; nothing changed and no sequence was used.
    Conflict { subject: Subject },
}

/// Rows, remembered requests and the head of the chain of one log.
#[derive(Clone, Debug)]
pub struct LogState {
    pub log: Log,
    pub incarnation: Incarnation,
    /// The last applied record.
    pub seq: Seq,
    pub hlc: Hlc,
    pub hash: Hash,
    /// Rows behind a pointer each: a node of the map that is copied copies pointers.
    pub(crate) rows: OrdMap<Subject, Arc<Row>>,
    pub(crate) requests: Requests,
    pub(crate) digest: StateDigest,
}

impl LogState {
    /// A log without records.
    pub fn new(log: Log) -> Self {
        Self {
            log,
            incarnation: Incarnation::FIRST,
            seq: Seq::ZERO,
            hlc: Hlc::default(),
            hash: Hash::ZERO,
            rows: OrdMap::new(),
            requests: Requests::default(),
            digest: StateDigest::default(),
        }
    }

    /// Where this state stands.
    pub fn position(&self) -> Position {
        Position { log: self.log.clone(), incarnation: self.incarnation, seq: self.seq }
    }

    /// Digest of all rows.
    pub fn digest(&self) -> Hash {
        self.digest.hash()
    }

    /// Rows in order of their subjects.
    pub fn rows(&self) -> impl Iterator<Item = (&Subject, &Row)> {
        self.rows.iter().map(|(subject, row)| (subject, row.as_ref()))
    }

    /// Rows that are new or another since `older`, an earlier state of the same log. Costs what changed, not what there is, where
    /// this state was made from `older`.
    pub fn changed_since<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = (&'a Subject, &'a Row)> {
        self.differences(older).filter_map(|(subject, row)| Some((subject, row?)))
    }

    /// As [`Self::changed_since`], and rows that are gone since, as `None`.
    pub fn differences<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = (&'a Subject, Option<&'a Row>)> {
        older.rows.diff(&self.rows).map(|item| match item {
            DiffItem::Add(subject, row) | DiffItem::Update { new: (subject, row), .. } => (subject, Some(row.as_ref())),
            DiffItem::Remove(subject, _) => (subject, None),
        })
    }

    /// Rows from a subject on, in order.
    pub fn rows_from(&self, from: Subject) -> impl Iterator<Item = (&Subject, &Row)> {
        self.rows.range(from..).map(|(subject, row)| (subject, row.as_ref()))
    }

    /// What became of a request, while it is remembered.
    pub fn outcome(&self, request: &RequestId) -> Option<&Outcome> {
        self.requests.outcome(request)
    }

    /// Applies a committed proposal. `bytes` are its exact bytes.
    pub fn apply(&mut self, proposal: &Proposal, bytes: &Bytes) -> Applied {
        if let Some(outcome) = self.requests.outcome(&proposal.request_id) {
            return Applied::Duplicate(outcome.clone());
        }
        if let Some(subject) = self.failed_guard(proposal) {
            return Applied::Conflict { subject: subject.clone() };
        }
        self.store(proposal, bytes)
    }

    /// Applies a record that another member made, after checking that it continues this log: the next sequence, the same chain, a
    /// later time, guards that hold, a request that is new.
    pub fn apply_record(&mut self, record: &Record) -> Result<Proposal, Error> {
        let proposal = Proposal::decode(&record.proposal)?;
        self.check_place(record)?;
        if let Some(subject) = self.failed_guard(&proposal) {
            return Err(Error::GuardFailed { seq: record.seq, subject: subject.to_string() });
        }
        if let Some(outcome) = self.requests.outcome(&proposal.request_id) {
            return Err(Error::RequestTwice { seq: record.seq, first: outcome.seq });
        }
        self.advance(&proposal, record, record.hash());
        Ok(proposal)
    }

    fn check_place(&self, record: &Record) -> Result<(), Error> {
        if record.log != self.log {
            let (given, wanted) = (record.log.to_string(), self.log.to_string());
            return Err(Error::OtherLog { what: "a record", given, wanted });
        }
        if record.incarnation != self.incarnation {
            let (given, wanted) = (record.incarnation, self.incarnation);
            return Err(Error::OtherIncarnation { what: "a record", given, wanted });
        }
        if record.seq != self.seq.next() {
            return Err(Error::OutOfOrder { given: record.seq, wanted: self.seq.next() });
        }
        if record.prev_hash != self.hash {
            return Err(Error::BrokenChain { seq: record.seq, given: record.prev_hash, wanted: self.hash });
        }
        if record.hlc <= self.hlc {
            return Err(Error::TimeStoodStill { seq: record.seq, given: record.hlc, last: self.hlc });
        }
        Ok(())
    }

    fn failed_guard<'a>(&self, proposal: &'a Proposal) -> Option<&'a Subject> {
        let failed = proposal.guards.iter().find(|(subject, revision)| self.revision_of(subject) != *revision);
        failed.map(|(subject, _)| subject)
    }

    fn revision_of(&self, subject: &Subject) -> Revision {
        self.rows.get(subject).map_or(Revision::ABSENT, |row| row.revision)
    }

    pub(crate) fn store(&mut self, proposal: &Proposal, bytes: &Bytes) -> Applied {
        let record = Record {
            log: self.log.clone(),
            incarnation: self.incarnation,
            seq: self.seq.next(),
            hlc: self.hlc.next(proposal.hlc),
            prev_hash: self.hash,
            proposal: bytes.clone(),
        };
        let hash = record.hash();
        self.advance(proposal, &record, hash);
        Applied::Stored { record, hash }
    }

    /// Makes this a guess at the state with `proposal` applied to it: what a decision reads is there; the chain and the digest are
    /// those of before, and nothing that is published or kept may be made of it.
    pub(crate) fn foresee(&mut self, proposal: &Proposal) {
        self.seq = self.seq.next();
        self.hlc = self.hlc.next(proposal.hlc);
        let revision = Revision::from(self.seq);
        for fact in &proposal.facts {
            match &fact.after {
                Some(value) => self.rows.insert(fact.subject.clone(), Arc::new(Row::new(revision, value.clone()))),
                None => self.rows.remove(&fact.subject),
            };
        }
        self.requests.remember(proposal.request_id, Outcome::of(proposal, self.seq));
    }

    /// The one place where rows change.
    pub(crate) fn advance(&mut self, proposal: &Proposal, record: &Record, hash: Hash) {
        let revision = Revision::from(record.seq);
        for fact in &proposal.facts {
            let before = match &fact.after {
                Some(value) => {
                    let row = Row::new(revision, value.clone());
                    self.digest.add(row.digest(&fact.subject));
                    self.rows.insert(fact.subject.clone(), Arc::new(row))
                }
                None => self.rows.remove(&fact.subject),
            };
            if let Some(row) = before {
                self.digest.remove(row.digest(&fact.subject));
            }
        }
        self.seq = record.seq;
        self.hlc = record.hlc;
        self.hash = hash;
        self.requests.remember(proposal.request_id, Outcome::of(proposal, record.seq));
    }
}

impl View for LogState {
    fn revision(&self, subject: &Subject) -> Revision {
        self.revision_of(subject)
    }

    fn get(&self, subject: &Subject) -> Result<Option<(Revision, Entity)>, ViewError> {
        let Some(row) = self.rows.get(subject) else { return Ok(None) };
        let entity = decode_entity(&row.value)
            .map_err(|error| ViewError { subject: subject.clone(), detail: error.to_string() })?;
        Ok(Some((row.revision, entity)))
    }

    fn entries(&self, set: &Subject, after: Option<&str>, limit: usize) -> Vec<String> {
        let start = match after {
            Some(after) => std::ops::Bound::Excluded(set.entry(after)),
            None => std::ops::Bound::Included(set.entry("")),
        };
        let range = self.rows.range((start, std::ops::Bound::Unbounded));
        range.map_while(|(subject, _)| subject.entry_of(set)).take(limit).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests;
