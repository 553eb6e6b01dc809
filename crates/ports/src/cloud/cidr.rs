//! IPv4 address ranges in CIDR notation.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use serde::{Deserialize, Serialize};

/// A range such as `10.1.0.0/16`. Bits behind the prefix are cleared, as EC2 does with the range of a VPC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ipv4Cidr {
    first: u32,
    prefix: u8,
}

/// Text that is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsed {input:?} as an IPv4 range: wanted an address, a slash and 0 to 32, such as \"10.1.0.0/16\"")]
pub struct CidrError {
    pub input: String,
}

impl Ipv4Cidr {
    /// Everybody: `0.0.0.0/0`.
    pub const ANY: Self = Self { first: 0, prefix: 0 };

    /// The range of this prefix that `address` is in; none where the prefix is longer than 32.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        (prefix <= 32).then(|| Self { first: address.to_bits() & mask(prefix), prefix })
    }

    pub fn prefix(self) -> u8 {
        self.prefix
    }

    pub fn first(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first)
    }

    pub fn last(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first | !mask(self.prefix))
    }

    pub fn contains(self, other: Self) -> bool {
        self.prefix <= other.prefix && other.first & mask(self.prefix) == self.first
    }

    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Ipv4Cidr {
    type Err = CidrError;

    fn from_str(input: &str) -> Result<Self, CidrError> {
        let parts = input.split_once('/').and_then(|(address, prefix)| {
            let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
            Self::new(address.parse().ok()?, prefix.parse().ok().filter(|_| digits)?)
        });
        parts.ok_or_else(|| CidrError { input: input.chars().take(80).collect() })
    }
}

impl fmt::Display for Ipv4Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first(), self.prefix)
    }
}

impl fmt::Debug for Ipv4Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Ipv4Cidr {
    type Error = CidrError;

    fn try_from(input: String) -> Result<Self, CidrError> {
        input.parse()
    }
}

impl From<Ipv4Cidr> for String {
    fn from(range: Ipv4Cidr) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Ipv4Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_reads_and_prints_with_its_host_bits_cleared() {
        for (text, printed) in
            [("10.1.2.3/16", "10.1.0.0/16"), ("0.0.0.0/0", "0.0.0.0/0"), ("1.2.3.4/32", "1.2.3.4/32")]
        {
            assert_eq!(range(text).to_string(), printed);
        }
        assert_eq!(range("10.1.0.0/16").last().to_string(), "10.1.255.255");
        for text in ["", "10.1.0.0", "10.1.0.0/33", "10.1.0.0/+8", "10.1.0/8", "a/8", "10.0.0.0/"] {
            assert!(text.parse::<Ipv4Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn overlap_is_containment_one_way_or_the_other() {
        let (vpc, subnet, other) = (range("10.1.0.0/16"), range("10.1.4.0/24"), range("10.2.0.0/16"));
        assert!(vpc.contains(subnet) && !subnet.contains(vpc) && vpc.contains(vpc));
        assert!(vpc.overlaps(subnet) && subnet.overlaps(vpc) && !vpc.overlaps(other));
        assert!(Ipv4Cidr::ANY.contains(vpc) && !vpc.contains(Ipv4Cidr::ANY));
    }
}
