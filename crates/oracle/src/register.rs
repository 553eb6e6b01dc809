//! The sequential model of one subject of the API: a versioned value that can be created, replaced, removed and read.
//!
//! Subjects are independent, so a history is cut by subject and each part is judged alone: P-compositionality (Horn & Kroening,
//! 2015; Herlihy & Wing, 1990, call it locality). What spans subjects is [`crate::list_append`]'s to judge.
//!
//! A version is the position of the record that last wrote the subject, so the model holds it to rising with every write, also over a
//! removal and a new creation. A call that was answered without writing (a repeated request id, an update that changes nothing)
//! is a read to this model, and a soft delete is an update.
//!
//! After a write of unknown version the state's version is *unknown but above the last known one*, minus those that a refusal has
//! ruled out; the next observation pins it. It never pins what the product might not have done, so it never accuses falsely. It
//! forgives one thing: of several such writes in a row, each is only known to be above the last known version, not above each
//! other, because counting them would let the search tell equal states apart by how many unknown writes it took.

mod simplify;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    Operation,
    linearizable::{self, Model},
};

/// A call on the subject and what was observed. Refusals that say nothing about the subject are left out of the history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// `version_out` is `None` where the outcome is unknown or the answer carried no version.
    Create {
        value: String,
        version_out: Option<u64>,
    },
    /// `expected` is the etag sent along, if any.
    Update {
        value: String,
        expected: Option<u64>,
        version_out: Option<u64>,
    },
    Delete {
        expected: Option<u64>,
    },
    /// The version and value that were read, or `None` for "not found". A read of unknown outcome saw nothing and is left out.
    Read {
        seen: Option<(u64, String)>,
    },
    /// A create was refused: the subject was there.
    CreateRefusedExists,
    /// A call was refused: the subject was not there.
    RefusedNotFound,
    /// A call with this etag was refused: the subject was there at another version.
    EtagMismatch {
        expected: u64,
    },
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let etag = |expected: &Option<u64>| expected.map(|etag| format!(" if at {etag}")).unwrap_or_default();
        let out = |version: &Option<u64>| version.map_or_else(|| "?".to_owned(), |version| version.to_string());
        match self {
            Self::Create { value, version_out } => write!(f, "create {value:?} -> {}", out(version_out)),
            Self::Update { value, expected, version_out } => {
                write!(f, "update {value:?}{} -> {}", etag(expected), out(version_out))
            }
            Self::Delete { expected } => write!(f, "delete{}", etag(expected)),
            Self::Read { seen: Some((version, value)) } => write!(f, "read -> {value:?} at {version}"),
            Self::Read { seen: None } => f.write_str("read -> not found"),
            Self::CreateRefusedExists => f.write_str("create -> refused, exists"),
            Self::RefusedNotFound => f.write_str("call -> refused, not found"),
            Self::EtagMismatch { expected } => write!(f, "call if at {expected} -> refused, at another version"),
        }
    }
}

/// What is known of the version of a subject that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    Known(u64),
    /// Above the state's floor and none of these.
    Unknown {
        ruled_out: BTreeSet<u64>,
    },
}

/// The subject between two calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// The highest version known to be taken; later ones are above.
    floor: u64,
    row: Option<(Version, String)>,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.row {
            None => write!(f, "absent, versions up to {} taken", self.floor),
            Some((Version::Known(version), value)) => write!(f, "{value:?} at {version}"),
            Some((Version::Unknown { .. }, value)) => write!(f, "{value:?} at an unknown version above {}", self.floor),
        }
    }
}

impl State {
    /// This state, known to be at `version`, if it can be.
    fn pinned(&self, version: u64) -> Option<Self> {
        let (known, value) = self.row.as_ref()?;
        let fits = match known {
            Version::Known(known) => *known == version,
            Version::Unknown { ruled_out } => version > self.floor && !ruled_out.contains(&version),
        };
        fits.then(|| Self { floor: version, row: Some((Version::Known(version), value.clone())) })
    }

    fn pinned_if(&self, expected: Option<u64>) -> Option<Self> {
        self.row.as_ref()?;
        expected.map_or_else(|| Some(self.clone()), |version| self.pinned(version))
    }

    fn written(&self, value: &str, version_out: Option<u64>) -> Option<Self> {
        let (floor, version) = match version_out {
            Some(version) if version <= self.floor => return None,
            Some(version) => (version, Version::Known(version)),
            None => (self.floor, Version::Unknown { ruled_out: BTreeSet::new() }),
        };
        Some(Self { floor, row: Some((version, value.to_owned())) })
    }

    fn ruling_out(&self, version: u64) -> Option<Self> {
        match self.row.as_ref()? {
            (Version::Known(known), _) => (*known != version).then(|| self.clone()),
            // Versions up to the floor are out already; equal knowledge must be equal states.
            (Version::Unknown { .. }, _) if version <= self.floor => Some(self.clone()),
            (Version::Unknown { ruled_out }, value) => {
                let ruled_out = ruled_out.iter().copied().chain([version]).collect();
                Some(Self { floor: self.floor, row: Some((Version::Unknown { ruled_out }, value.clone())) })
            }
        }
    }
}

/// One subject.
#[derive(Clone, Copy, Debug)]
pub struct Register;

impl Model for Register {
    type State = State;
    type Op = Op;

    fn initial() -> State {
        State::default()
    }

    fn step(state: &State, op: &Op) -> Option<State> {
        match op {
            Op::Create { value, version_out } => state.row.is_none().then(|| state.written(value, *version_out))?,
            Op::Update { value, expected, version_out } => state.pinned_if(*expected)?.written(value, *version_out),
            Op::Delete { expected } => state.pinned_if(*expected).map(|state| State { floor: state.floor, row: None }),
            Op::Read { seen: None } | Op::RefusedNotFound => state.row.is_none().then(|| state.clone()),
            Op::Read { seen: Some((version, value)) } => {
                state.pinned(*version).filter(|state| state.row.as_ref().is_some_and(|(_, held)| held == value))
            }
            Op::CreateRefusedExists => state.row.is_some().then(|| state.clone()),
            Op::EtagMismatch { expected } => state.ruling_out(*expected),
        }
    }

    fn simplify(ops: &[Operation<Op>]) -> Vec<Operation<Op>> {
        simplify::simplify(ops)
    }
}

/// The subject whose history was not accepted, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("checked the history of {subject}")]
pub struct Error {
    pub subject: String,
    #[source]
    pub source: linearizable::Error,
}

/// Judges every subject alone. A violation anywhere is preferred to a history elsewhere that could not be judged.
pub fn check_subjects(subjects: &BTreeMap<String, Vec<Operation<Op>>>) -> Result<(), Error> {
    let mut unjudged = None;
    for (subject, operations) in subjects {
        let Err(source) = linearizable::check::<Register>(operations) else { continue };
        let is_violation = matches!(source, linearizable::Error::NotLinearizable(_));
        let error = Error { subject: subject.clone(), source };
        if is_violation {
            return Err(error);
        }
        unjudged.get_or_insert(error);
    }
    unjudged.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
