//! Keys of the rows of a log.
//!
//! ```text
//! organizations/acme/folders/eng                      a resource
//! organizations/acme/folders/eng#children             a set: its revision rises whenever its membership changes
//! organizations/acme/folders/eng#children/projects/x  one entry of the set: present or absent
//! cloudAccounts                                       a collection: a set whose entries are resources
//! ```
//!
//! Entries sort right after their set, so listing a set is one range of an ordered map and nobody has to decode a row to find it.
//! A decision that reads a set guards the set's own revision instead of every entry.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    sync::Arc,
};

use crate::{ResourceName, limits::SUBJECT_BYTES_MAX};

/// Room for the name of most resources, so that putting one together takes memory once.
const USUAL_BYTES: usize = 128;

/// Key of one row: ASCII, 1 to 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

/// Text that is not a subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "parsed the subject {input:?} of {bytes} bytes: wanted 1 to {SUBJECT_BYTES_MAX} printable ASCII characters without spaces"
)]
pub struct SubjectError {
    /// What was given, cut at 80 characters.
    pub input: String,
    pub bytes: usize,
}

impl Subject {
    /// The row of a resource.
    pub fn resource(name: &ResourceName) -> Self {
        let mut text = String::with_capacity(USUAL_BYTES);
        // Writing to a string does not fail.
        let _ = write!(text, "{name}");
        Self(Arc::from(text))
    }

    /// A set that belongs to a resource.
    pub fn set_of(name: &ResourceName, set: &'static str) -> Self {
        Self(Arc::from(format!("{name}#{set}")))
    }

    /// A set that belongs to nothing in particular, such as all organizations.
    pub fn root_set(set: &'static str) -> Self {
        Self(Arc::from(format!("#{set}")))
    }

    /// A collection of resources that belong to nothing in particular: a set whose entries are the resources' own rows.
    pub fn collection(name: &'static str) -> Self {
        Self(Arc::from(name))
    }

    /// One entry of this set.
    pub fn entry(&self, entry: &str) -> Self {
        Self(Arc::from(format!("{}/{entry}", self.0)))
    }

    /// The entry's own part, where this subject is an entry of `set`.
    pub fn entry_of<'a>(&'a self, set: &Self) -> Option<&'a str> {
        self.0.strip_prefix(&*set.0)?.strip_prefix('/')
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(input: &str) -> Result<Self, SubjectError> {
        if input.is_empty() || input.len() > SUBJECT_BYTES_MAX || !input.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SubjectError { input: input.chars().take(80).collect(), bytes: input.len() });
        }
        Ok(Self(Arc::from(input)))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_sort_behind_their_set_and_tell_their_own_part() {
        let folder: ResourceName = "organizations/acme/folders/eng".parse().unwrap();
        let set = Subject::set_of(&folder, "children");
        let entry = set.entry("projects/x");
        assert!(set < entry);
        assert_eq!(entry.entry_of(&set), Some("projects/x"));
        assert_eq!(set.entry_of(&set), None);
        assert_eq!(entry.as_str().parse::<Subject>().unwrap(), entry);
    }

    #[test]
    fn oversized_and_unprintable_subjects_are_refused_with_their_size() {
        assert_eq!("x".repeat(513).parse::<Subject>().unwrap_err().bytes, 513);
        assert!("".parse::<Subject>().is_err());
        assert!("a b".parse::<Subject>().is_err());
    }
}
