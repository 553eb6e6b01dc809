//! The consistency token: the furthest position that a client has seen of each log.
//!
//! A client hands it to reads at [`crate::Consistency::AtLeast`]; its text form can be kept and imported again. To anyone else it is opaque.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// What was seen, by log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// By log: incarnation, then sequence.
    seen: BTreeMap<String, (u64, u64)>,
}

impl Token {
    /// Takes a position in; an earlier one than already seen changes nothing.
    pub fn see(&mut self, log: &str, incarnation: u64, seq: u64) {
        let seen = self.seen.entry(log.to_owned()).or_default();
        *seen = (incarnation, seq).max(*seen);
    }

    /// Takes everything in that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        other.seen.iter().for_each(|(log, (incarnation, seq))| self.see(log, *incarnation, *seq));
    }

    /// Incarnation and sequence seen of one log.
    pub fn get(&self, log: &str) -> Option<(u64, u64)> {
        self.seen.get(log).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (log, (incarnation, seq))) in self.seen.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{log}@{incarnation}.{seq}")?;
        }
        Ok(())
    }
}

/// Text that is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the token {input:?}: wanted positions such as \"global@1.42,region/us-east-1@1.7\"")]
pub struct TokenError {
    pub input: String,
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(input: &str) -> Result<Self, TokenError> {
        let mut token = Self::default();
        for position in input.split(',').map(str::trim).filter(|position| !position.is_empty()) {
            let (log, incarnation, seq) =
                position_in(position).ok_or_else(|| TokenError { input: input.chars().take(120).collect() })?;
            token.see(log, incarnation, seq);
        }
        Ok(token)
    }
}

fn position_in(position: &str) -> Option<(&str, u64, u64)> {
    let (log, place) = position.split_once('@')?;
    let (incarnation, seq) = place.split_once('.')?;
    let named = log == "global" || log.strip_prefix("region/").is_some_and(|region| !region.is_empty());
    Some((log, incarnation.parse().ok()?, seq.parse().ok()?)).filter(|_| named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text() {
        let text = "global@1.42,region/us-east-1@1.7";
        assert_eq!(text.parse::<Token>().unwrap().to_string(), text);
        assert!("".parse::<Token>().unwrap().is_empty());
    }

    #[test]
    fn merging_keeps_the_furthest_of_each_log() {
        let mut token: Token = "global@1.42,region/a@2.1".parse().unwrap();
        token.merge(&"global@1.7,region/a@1.9,region/b@1.3".parse().unwrap());
        assert_eq!(token.to_string(), "global@1.42,region/a@2.1,region/b@1.3");
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in ["global", "global@1", "global@1.x", "regional@1.1", "region/@1.1", "global@1.1;global@1.2"] {
            assert!(text.parse::<Token>().is_err(), "{text} was taken");
        }
    }
}
