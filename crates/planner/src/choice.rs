//! One decision about one cluster: what it came to, what else it could have been, why, and who said so.

use std::fmt;

use domain::catalog::{Key, Value};
use ids::{ResourceName, Revision};
use sha2::{Digest as _, Sha256};

/// Who said what a decision came to, or had a say in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The record of the cluster type in an edition of the catalogue.
    Type {
        id: String,
        edition: String,
    },
    /// A policy: the node of the tree that it is set on, and where in the log that was done.
    Policy {
        node: ResourceName,
        revision: Revision,
    },
    Request,
    /// A rule of this crate, by name.
    Rule(&'static str),
}

impl Source {
    /// What kind it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Type { .. } => "type",
            Self::Policy { .. } => "policy",
            Self::Request => "request",
            Self::Rule(_) => "rule",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { id, edition } => write!(f, "{id} of {edition}"),
            Self::Policy { node, revision } => write!(f, "policy of {node}, revision {}", revision.0),
            Self::Request => f.write_str("the request"),
            Self::Rule(name) => write!(f, "rule {name}"),
        }
    }
}

/// One decision, or one part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub key: Key,
    pub value: Value,
    /// What else would be accepted, or what came next, for people.
    pub alternatives: Vec<String>,
    /// For people; begins with the source that decided.
    pub reason: String,
    /// Who decided.
    pub source: Source,
    /// Policies, and the request, that had a say besides.
    pub rests_on: Vec<Source>,
}

impl Choice {
    /// The source that decided, then the others.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(&self.rests_on)
    }

    /// Whether it names this source.
    pub fn cites(&self, source: &Source) -> bool {
        self.sources().any(|cited| cited == source)
    }
}

/// SHA-256 over keys and values of all choices: the same where the same was decided, whoever said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionsHash(pub [u8; 32]);

impl DecisionsHash {
    pub(crate) fn of<'a>(choices: impl IntoIterator<Item = &'a Choice>) -> Self {
        let mut hash = Sha256::new_with_prefix("atoll decisions 1\n");
        for choice in choices {
            hash.update(format!("{}={}\n", choice.key, choice.value));
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for DecisionsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
