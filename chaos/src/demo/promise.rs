//! Promises, and what became of each: a table in the end.

use std::{collections::BTreeMap, fmt};

/// What the demonstration examines, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    Made,
    OwnTime,
    Refused,
    GoesOn,
    Named,
    Repaired,
    MadeInside,
    OneHistory,
    Verified,
    Bill,
}

impl Promise {
    pub const ALL: [Self; 10] = [
        Self::Made,
        Self::OwnTime,
        Self::Refused,
        Self::GoesOn,
        Self::Named,
        Self::Repaired,
        Self::MadeInside,
        Self::OneHistory,
        Self::Verified,
        Self::Bill,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Made => "A production cluster runs in each region.",
            Self::OwnTime => "Of each creation at most 2 s are our own time, the rest is the cloud's.",
            Self::Refused => {
                "A region that is cut off refuses a global write within 1.5 s, says why, and it has no effect."
            }
            Self::GoesOn => "Elsewhere global writes go on.",
            Self::Named => {
                "Elsewhere a list over all regions names the one that is cut off, and shows what is known of it."
            }
            Self::Repaired => {
                "The region that is cut off replaces a machine that was killed behind its back, and says why."
            }
            Self::MadeInside => {
                "The region that is cut off makes a development cluster, which others see once it is back."
            }
            Self::OneHistory => "Once it is back, every region has the same global log: position, chain and digest.",
            Self::Verified => "Every copy of every log, recomputed record by record, is one history.",
            Self::Bill => "Usage equals the cloud's own bill, within 1 s for each machine.",
        }
    }
}

/// What became of a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With what was seen.
    Held(String),
    Broken(String),
    /// It could not be looked at, which is no better.
    NotExamined(String),
}

impl Verdict {
    /// Held if nothing was found.
    pub fn of(found: &[String], seen: String) -> Self {
        if found.is_empty() { Self::Held(seen) } else { Self::Broken(found.join("; ")) }
    }
}

/// All promises with their verdicts.
#[derive(Clone, Debug, Default)]
pub struct Verdicts(BTreeMap<Promise, Verdict>);

impl Verdicts {
    pub fn note(&mut self, promise: Promise, verdict: Verdict) {
        self.0.insert(promise, verdict);
    }

    /// Whether every promise was examined and held.
    pub fn all_held(&self) -> bool {
        Promise::ALL.iter().all(|promise| matches!(self.0.get(promise), Some(Verdict::Held(_))))
    }
}

const WIDTHS: (usize, usize) = (36, 48);
const NOT_REACHED: &str = "the demonstration ended before";

/// For a terminal of 100 columns.
impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10}  {:<width$}  SEEN", "VERDICT", "PROMISE", width = WIDTHS.0)?;
        for promise in Promise::ALL {
            let (verdict, seen) = match self.0.get(&promise) {
                Some(Verdict::Held(seen)) => ("held", seen.as_str()),
                Some(Verdict::Broken(what)) => ("BROKEN", what.as_str()),
                Some(Verdict::NotExamined(why)) => ("NOT SEEN", why.as_str()),
                None => ("NOT SEEN", NOT_REACHED),
            };
            let (left, right) = (wrapped(promise.words(), WIDTHS.0), wrapped(seen, WIDTHS.1));
            for line in 0..left.len().max(right.len()) {
                let verdict = if line == 0 { verdict } else { "" };
                let cell = |of: &[String]| of.get(line).cloned().unwrap_or_default();
                let text = format!("{verdict:<10}  {:<width$}  {}", cell(&left), cell(&right), width = WIDTHS.0);
                writeln!(f, "{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// Text in lines of at most so many characters; a word that is longer has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(verdict: &Verdict) -> Verdicts {
        Verdicts(Promise::ALL.iter().map(|promise| (*promise, verdict.clone())).collect())
    }

    #[test]
    fn all_held_means_every_one_examined_and_held() {
        let held = || Verdict::Held("seen".to_owned());
        assert!(all(&held()).all_held());
        assert!(!Verdicts::default().all_held());
        for promise in Promise::ALL {
            for bad in [Verdict::Broken("it was not".to_owned()), Verdict::NotExamined("nobody looked".to_owned())] {
                let mut verdicts = all(&held());
                verdicts.note(promise, bad);
                assert!(!verdicts.all_held(), "{promise:?}");
            }
            let mut verdicts = all(&held());
            verdicts.0.remove(&promise);
            assert!(!verdicts.all_held(), "{promise:?} was not reached");
        }
    }

    #[test]
    fn the_table_fits_100_columns_and_names_what_was_not_reached() {
        let mut verdicts = all(&Verdict::Held("word ".repeat(40)));
        verdicts.0.remove(&Promise::Bill);
        let table = verdicts.to_string();
        assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
        assert!(table.contains("NOT SEEN    Usage equals") && table.contains(NOT_REACHED), "{table}");
    }
}
