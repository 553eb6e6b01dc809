//! Points in time and lengths of it, as reconciling reckons with them: seconds, never a clock.

use std::fmt;

/// Seconds since 1970-01-01, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// So many seconds later.
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds since `earlier`; none where that is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A length of time for people: its two largest units, `2h 5m`.
pub struct Span(pub u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(self.0 / 86_400, 'd'), (self.0 / 3600 % 24, 'h'), (self.0 / 60 % 60, 'm'), (self.0 % 60, 's')];
        let first = units.iter().position(|(count, _)| *count > 0);
        let Some(first) = first else { return f.write_str("0s") };
        let shown = units.iter().skip(first).take(2).filter(|(count, _)| *count > 0);
        for (place, (count, unit)) in shown.enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{count}{unit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_shows_its_two_largest_units() {
        let shown = [0, 59, 60, 3600 + 61, 86_400 + 60].map(|seconds| Span(seconds).to_string());
        assert_eq!(shown, ["0s", "59s", "1m", "1h 1m", "1d"]);
    }
}
