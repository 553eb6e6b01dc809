//! Which log, and where in it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{NameError, RegionId};

/// One replicated log, and the consensus group that writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Log {
    /// `G`: the tree, policies, identities, catalogue. Its voters are the members of all regions.
    Global,
    /// `R(x)`: the clusters pinned to region x. Its voters are that region's members.
    Region(RegionId),
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Region(region) => write!(f, "region/{region}"),
        }
    }
}

impl FromStr for Log {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        match (input, input.strip_prefix("region/")) {
            ("global", _) => Ok(Self::Global),
            (_, Some(region)) => region.parse().map(Self::Region),
            (_, None) => Err(NameError::new(input, "`global` or `region/{region}`")),
        }
    }
}

/// Place of a record in its log: dense, from 1. Zero is before the first record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Version of one subject: the [`Seq`] of the record that last wrote it, so it rises for as long as the log lives and is never
/// used twice, not even for a subject that was removed and made again. Zero means that the subject is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    pub const ABSENT: Self = Self(0);
}

impl From<Seq> for Revision {
    fn from(seq: Seq) -> Self {
        Self(seq.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Number of a log's unbroken life, raised by a restore with loss and by a takeover. Starts at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl Incarnation {
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A place in one log. Ordered by incarnation, then sequence, within one log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub log: Log,
    pub incarnation: Incarnation,
    pub seq: Seq,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}.{}", self.log, self.incarnation, self.seq)
    }
}

/// What a client has seen: the furthest position of each log. A read that carries it never shows less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    seen: BTreeMap<Log, (Incarnation, Seq)>,
}

impl Token {
    /// Takes `position` in; an earlier one than already seen changes nothing.
    pub fn see(&mut self, position: &Position) {
        let place = (position.incarnation, position.seq);
        let seen = self.seen.entry(position.log.clone()).or_insert(place);
        *seen = place.max(*seen);
    }

    /// Takes everything in that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        other.positions().for_each(|position| self.see(&position));
    }

    pub fn get(&self, log: &Log) -> Option<(Incarnation, Seq)> {
        self.seen.get(log).copied()
    }

    pub fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        self.seen.iter().map(|(log, (incarnation, seq))| Position {
            log: log.clone(),
            incarnation: *incarnation,
            seq: *seq,
        })
    }
}

impl From<Position> for Token {
    fn from(position: Position) -> Self {
        let mut token = Self::default();
        token.see(&position);
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(incarnation: u64, seq: u64) -> Position {
        Position { log: Log::Global, incarnation: Incarnation(incarnation), seq: Seq(seq) }
    }

    #[test]
    fn a_token_never_forgets_what_it_saw() {
        let mut token = Token::from(at(1, 9));
        token.see(&at(1, 4));
        assert_eq!(token.get(&Log::Global), Some((Incarnation(1), Seq(9))));
        token.see(&at(2, 1));
        assert_eq!(token.get(&Log::Global), Some((Incarnation(2), Seq(1))), "a later incarnation is later");
    }

    #[test]
    fn logs_are_named_and_parsed_alike() {
        for name in ["global", "region/us-east-1"] {
            assert_eq!(name.parse::<Log>().unwrap().to_string(), name);
        }
        assert!("regional".parse::<Log>().is_err());
    }
}
