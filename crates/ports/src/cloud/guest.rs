//! The seam between a machine and who made it: what the software in the machine says about itself, by tags on its own instance.
//!
//! Whoever launches an instance tags it with [`GENERATION`]. When the machine has joined its cluster, its agent writes [`JOINED`] with
//! the time and the generation that it found, through the instance's own profile, which allows `ec2:CreateTags` on that one instance
//! and that one key. After a stop and a start it writes it anew. Until it is written with the generation that is wanted, a machine has
//! not joined; that it once joined says nothing about its health now.

use std::{fmt, str::FromStr};

use super::id::CloudTime;

/// Key of the tag that says which generation of its slot an instance is: a decimal number.
pub const GENERATION: &str = "atoll:generation";

/// Key of the tag by which a machine says that it joined.
pub const JOINED: &str = "atoll:joined";

/// The value of [`JOINED`]: `<unix seconds>/<generation>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    pub at: CloudTime,
    pub generation: u64,
}

/// A value of [`JOINED`] that does not read. It is a machine that has not joined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed {input:?} as the value of {JOINED}: wanted \"<unix seconds>/<generation>\"")]
pub struct JoinedError {
    pub input: String,
}

impl fmt::Display for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.at.0, self.generation)
    }
}

impl FromStr for Joined {
    type Err = JoinedError;

    fn from_str(input: &str) -> Result<Self, JoinedError> {
        let parts = input.split_once('/').and_then(|(at, generation)| {
            Some(Self { at: CloudTime(at.parse().ok()?), generation: generation.parse().ok()? })
        });
        parts.ok_or_else(|| JoinedError { input: input.chars().take(80).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_writes_reads_back() {
        let joined = Joined { at: CloudTime(1_767_225_600), generation: 3 };
        assert_eq!(joined.to_string().parse(), Ok(joined));
        assert!("".parse::<Joined>().is_err() && "1767225600".parse::<Joined>().is_err());
    }
}
