//! Durations, sizes and addresses as people write them: `250ms`, `64MiB`, `127.0.0.1:7101`. A number without a unit is refused: it
//! would be read by guess.

use std::{fmt, net::SocketAddr, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes(pub u64);

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(pub SocketAddr);

/// Text that is none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {given:?}: wanted {wanted}")]
pub struct UnitError {
    given: String,
    wanted: &'static str,
}

const SPANS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A whole number and one of the units, which are tried in order.
fn read(given: &str, units: &[(&str, u64)], wanted: &'static str) -> Result<u64, UnitError> {
    let digits = given.bytes().take_while(u8::is_ascii_digit).count();
    let parsed = given.split_at_checked(digits).and_then(|(number, unit)| {
        let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
        number.parse::<u64>().ok()?.checked_mul(*factor)
    });
    parsed.ok_or_else(|| UnitError { given: given.to_owned(), wanted })
}

/// In the largest unit that leaves a whole number.
fn write(value: u64, units: impl Iterator<Item = &'static (&'static str, u64)>) -> String {
    let fits = |(_, factor): &&(&str, u64)| value.is_multiple_of(*factor) && (value > 0 || *factor == 1);
    let largest = units.filter(fits).max_by_key(|(_, factor)| *factor);
    largest.map_or_else(|| value.to_string(), |(name, factor)| format!("{}{name}", value / factor))
}

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(given: &str) -> Result<Self, UnitError> {
        let ms = read(given, &SPANS, "a whole number and ms, s, m or h, such as \"250ms\"")?;
        Ok(Self(Duration::from_millis(ms)))
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(given: &str) -> Result<Self, UnitError> {
        read(given, &SIZES, "a whole number and B, KiB, MiB or GiB, such as \"64MiB\"").map(Self)
    }
}

impl TryFrom<String> for Address {
    type Error = UnitError;

    fn try_from(given: String) -> Result<Self, UnitError> {
        let wanted = "an address of this machine and a port, such as \"127.0.0.1:7101\"";
        given.parse().map(Self).map_err(|_| UnitError { given, wanted })
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0.to_string()
    }
}

impl TryFrom<String> for Span {
    type Error = UnitError;

    fn try_from(given: String) -> Result<Self, UnitError> {
        given.parse()
    }
}

impl TryFrom<String> for Bytes {
    type Error = UnitError;

    fn try_from(given: String) -> Result<Self, UnitError> {
        given.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), SPANS.iter()))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write(self.0, SIZES.iter()))
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        bytes.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        for text in ["0ms", "250ms", "1500ms", "10s", "90s", "2m", "1h"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["0B", "17B", "64MiB", "1GiB", "1025KiB"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        assert_eq!("2048KiB".parse::<Bytes>().unwrap().to_string(), "2MiB");
    }

    #[test]
    fn what_has_no_unit_or_another_is_refused_by_value() {
        for text in ["", "10", "10 s", "1.5s", "-1s", "10S", "s", "é", "99999999999999999999s", "18446744073709551615h"]
        {
            let refused = text.parse::<Span>().unwrap_err().to_string();
            assert!(refused.contains(&format!("{text:?}")) && refused.contains("250ms"), "{refused}");
        }
        for text in ["64", "64MB", "64mib", "MiB"] {
            let refused = text.parse::<Bytes>().unwrap_err().to_string();
            assert!(refused.contains(text) && refused.contains("64MiB"), "{refused}");
        }
    }
}
