//! Ids of cluster types.

use std::{borrow::Cow, fmt, str::FromStr};

/// Longest id of a cluster type.
const BYTES_MAX: usize = 40;

/// What a cluster is for, such as `PRODUCTION`; everything that is decided about it follows from the type's record. Which types there
/// are is for the catalogue to say: an id is only well formed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterType(Cow<'static, str>);

/// Text that is no id of a cluster type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {input:?} as a cluster type: wanted 1 to {BYTES_MAX} of A-Z, 0-9 and _, beginning with a letter")]
pub struct ClusterTypeError {
    /// What was given, cut at 80 characters.
    pub input: String,
}

impl ClusterType {
    pub const DEVELOPMENT: Self = Self(Cow::Borrowed("DEVELOPMENT"));
    pub const PRODUCTION: Self = Self(Cow::Borrowed("PRODUCTION"));

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterType {
    type Err = ClusterTypeError;

    fn from_str(input: &str) -> Result<Self, ClusterTypeError> {
        let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = input.bytes().next().is_some_and(|first| first.is_ascii_uppercase());
        if !begins || input.len() > BYTES_MAX || !input.bytes().all(letter) {
            return Err(ClusterTypeError { input: input.chars().take(80).collect() });
        }
        Ok(Self(Cow::Owned(input.to_owned())))
    }
}

impl fmt::Display for ClusterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_ids_are_read() {
        assert_eq!("PRODUCTION".parse(), Ok(ClusterType::PRODUCTION));
        for wrong in ["", "production", "1A", "A-B", &"A".repeat(41)] {
            assert!(wrong.parse::<ClusterType>().is_err(), "{wrong}");
        }
    }
}
