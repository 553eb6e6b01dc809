//! Ids of members, rings, requests and records.

use std::{fmt, str::FromStr, sync::Arc};

/// One member of the ring as a voter of its groups. Never reused: a process that lost its disk joins under a new one, because
/// the promises of the old one went with the disk (Ongaro, "Consensus: Bridging Theory and Practice", section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

/// The name of one ring of regions. A member that names another ring is refused before anything else is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RingId(Arc<str>);

impl RingId {
    pub fn new(id: &str) -> Self {
        Self(Arc::from(id))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Chosen by the caller once per wish; the same id, sent again anywhere, has the same outcome (Google AIP-155).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 16]);

/// SHA-256 of a record, over its header and the exact bytes of its proposal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first record of a log names as its predecessor.
    pub const ZERO: Self = Self([0; 32]);
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Text that is not `expected` bytes in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed {input:?} as {expected} bytes of hexadecimal: wanted {} digits", expected * 2)]
pub struct HexError {
    pub input: String,
    pub expected: usize,
}

fn parse_hex<const N: usize>(input: &str) -> Result<[u8; N], HexError> {
    let error = || HexError { input: input.chars().take(80).collect(), expected: N };
    if input.len() != N * 2 || !input.is_ascii() {
        return Err(error());
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(input.as_bytes().chunks_exact(2)) {
        let text = std::str::from_utf8(digits).map_err(|_| error())?;
        *byte = u8::from_str_radix(text, 16).map_err(|_| error())?;
    }
    Ok(bytes)
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl FromStr for RequestId {
    type Err = HexError;

    fn from_str(input: &str) -> Result<Self, HexError> {
        parse_hex(input).map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(self.0.get(..6).unwrap_or(&self.0), f)
    }
}

impl FromStr for Hash {
    type Err = HexError;

    fn from_str(input: &str) -> Result<Self, HexError> {
        parse_hex(input).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_round_trips_and_refuses_the_rest_with_the_value() {
        let id = RequestId([7; 16]);
        assert_eq!(id.to_string().parse::<RequestId>(), Ok(id));
        let error = "xyz".parse::<Hash>().unwrap_err();
        assert_eq!(error.to_string(), r#"parsed "xyz" as 32 bytes of hexadecimal: wanted 64 digits"#);
        assert!("é".repeat(16).parse::<RequestId>().is_err());
    }
}
