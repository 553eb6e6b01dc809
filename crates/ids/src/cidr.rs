//! IPv4 address ranges in CIDR notation (RFC 4632), as the address plan and clusters' networks use them.
//!
//! Integers only: a range is its first address and the length of its prefix. IPv6 is not offered, so it is not here.

use std::{fmt, net::Ipv4Addr, str::FromStr};

/// What networks may use among themselves: RFC 1918, and RFC 6598.
const PRIVATE: [(u32, u8); 4] = [(0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16), (0x6440_0000, 10)];

/// An aligned IPv4 range, such as `10.0.0.0/16`. Ordered by first address, then longest range first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    first: u32,
    prefix: u8,
}

/// Text that is not an aligned IPv4 range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed the address range {input:?}: wanted {wanted}")]
pub struct CidrError {
    /// What was given, cut at 80 characters.
    pub input: String,
    pub wanted: String,
}

impl Cidr {
    /// Everything: `0.0.0.0/0`.
    pub const ALL: Self = Self { first: 0, prefix: 0 };

    /// The range of this prefix length around `address`. A prefix beyond 32 is taken as 32.
    pub fn around(address: u32, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { first: address & mask(prefix), prefix }
    }

    /// The first address.
    pub fn first(self) -> u32 {
        self.first
    }

    /// The last address.
    pub fn last(self) -> u32 {
        self.first | !mask(self.prefix)
    }

    /// Bits that all addresses of the range share: 0 to 32. A larger number is a smaller range.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// How many addresses there are in it.
    pub fn addresses(self) -> u64 {
        1 << (32 - u32::from(self.prefix))
    }

    /// Whether an address is in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last() && other.first <= self.last()
    }

    /// Whether all of `other` is in it.
    pub fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last() <= self.last()
    }

    /// Whether all of it may be used inside private networks: RFC 1918 and 100.64.0.0/10.
    pub fn is_private(self) -> bool {
        PRIVATE.iter().any(|(first, prefix)| Self::around(*first, *prefix).contains(self))
    }

    /// The aligned ranges of a longer prefix that it falls into, in order; none when `prefix` is shorter than its own.
    pub fn blocks(self, prefix: u8) -> impl Iterator<Item = Self> + Clone {
        let prefix = prefix.min(32);
        let count = if prefix < self.prefix { 0 } else { 1_u64 << (prefix - self.prefix) };
        let step = 1_u64 << (32 - u32::from(prefix));
        (0..count).map(move |n| {
            let first = u64::from(self.first) + n * step;
            Self { first: u32::try_from(first).unwrap_or(u32::MAX), prefix }
        })
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(input: &str) -> Result<Self, CidrError> {
        let error = |wanted: String| CidrError { input: input.chars().take(80).collect(), wanted };
        let shape = || error("four numbers and a prefix of 0 to 32, such as 10.0.0.0/16".to_owned());
        let (address, prefix) = input.split_once('/').ok_or_else(shape)?;
        let address = u32::from(address.parse::<Ipv4Addr>().map_err(|_| shape())?);
        let prefix = prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 32).ok_or_else(shape)?;
        let range = Self::around(address, prefix);
        if range.first != address {
            return Err(error(format!("a range that begins at its first address, such as {range}")));
        }
        Ok(range)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_printed_as_they_are_parsed() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "100.64.0.0/10", "192.168.1.128/25", "255.255.255.255/32"] {
            assert_eq!(cidr(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_what_would_be() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "fd00::/8"] {
            assert!(text.parse::<Cidr>().unwrap_err().wanted.contains("such as 10.0.0.0/16"), "{text}");
        }
        assert!("10.0.0.1/16".parse::<Cidr>().unwrap_err().wanted.ends_with("10.0.0.0/16"));
    }

    #[test]
    fn two_aligned_ranges_overlap_where_one_contains_the_other() {
        let ranges = ["10.0.0.0/8", "10.64.0.0/10", "10.128.0.0/10", "11.0.0.0/8", "0.0.0.0/0", "255.255.255.255/32"];
        for (a, b) in ranges.iter().flat_map(|a| ranges.iter().map(move |b| (cidr(a), cidr(b)))) {
            assert_eq!(a.overlaps(b), a.contains(b) || b.contains(a), "{a} and {b}");
        }
        assert!(!cidr("10.64.0.0/10").overlaps(cidr("10.128.0.0/10")));
    }

    #[test]
    fn blocks_fill_a_range_from_its_beginning_to_its_end() {
        let blocks: Vec<Cidr> = cidr("255.255.254.0/23").blocks(24).collect();
        assert_eq!(blocks, [cidr("255.255.254.0/24"), cidr("255.255.255.0/24")]);
        assert_eq!(cidr("10.0.0.0/24").blocks(23).count(), 0);
        assert_eq!(blocks.iter().map(|block| block.addresses()).sum::<u64>(), 512);
    }
}
