//! Hybrid logical clock values: wall-clock milliseconds with a counter that keeps them strictly rising within a log.
//!
//! Kulkarni et al., "Logical Physical Clocks", 2014. They order and display; nothing that must be true is decided by comparing them to a
//! wall clock or between logs, because wall clocks prove nothing. When an edition of the catalogue reaches a region is a matter of taste
//! and is decided so.

use std::fmt;

/// 48 bits of Unix milliseconds, 16 bits of counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc(pub u64);

impl Hlc {
    const COUNTER_BITS: u32 = 16;

    /// The smallest value at a wall-clock time.
    pub fn at_unix_ms(unix_ms: u64) -> Self {
        Self(unix_ms << Self::COUNTER_BITS)
    }

    /// The wall-clock part, in Unix milliseconds.
    pub fn unix_ms(self) -> u64 {
        self.0 >> Self::COUNTER_BITS
    }

    /// The smallest value after `self` that is not before `floor`.
    #[must_use]
    pub fn next(self, floor: Self) -> Self {
        Self(floor.0.max(self.0.saturating_add(1)))
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.unix_ms(), self.0 & 0xffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_strictly_later_even_when_the_wall_clock_steps_back() {
        let now = Hlc::at_unix_ms(1_000);
        let stepped_back = Hlc::at_unix_ms(900);
        assert!(now.next(stepped_back) > now);
        assert_eq!(now.next(Hlc::at_unix_ms(1_001)).unix_ms(), 1_001);
    }
}
