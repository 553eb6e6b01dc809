//! What a check of the stream is, what it finds, and the one thing that runs all of them.
//!
//! A rule is shown everything and picks what it needs, so a new rule is a new file and one line in [`crate::all`]. What is found is
//! bounded, because a broken rule tends to break again at every later observation. What is remembered is not: it grows with the
//! run, so this is for runs that end.

use std::fmt;

use crate::observation::Observation;

/// Nanoseconds of the observer's own clock since the run began.
pub type Nanos = u64;

/// One named rule over the stream of observations.
pub trait Invariant {
    /// The name of the rule, which is the name of its file.
    fn name(&self) -> &'static str;

    /// Takes in what happened at `at`; says what is wrong, if anything.
    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations);

    /// The run is over, healed and quiet: says what should have happened by now and has not.
    fn finish(&mut self, _at: Nanos, _out: &mut Violations) {}
}

/// One way in which a rule was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub at: Nanos,
    pub invariant: &'static str,
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ns: {}", self.invariant, self.at, self.detail)
    }
}

/// What was found: the first [`Violations::KEPT`], and how many there were in all.
#[derive(Clone, Debug, Default)]
pub struct Violations {
    kept: Vec<Violation>,
    total: u64,
}

impl Violations {
    /// The first few explain a run; one broken rule repeats itself at every later observation.
    pub const KEPT: usize = 100;

    /// Notes that `invariant` was broken at `at`.
    pub fn push(&mut self, invariant: &'static str, at: Nanos, detail: String) {
        self.total = self.total.saturating_add(1);
        if self.kept.len() < Self::KEPT {
            self.kept.push(Violation { at, invariant, detail });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many were found, kept or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Those kept, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> + '_ {
        self.kept.iter()
    }
}

/// Every invariant over one stream, and what they found.
pub struct Checker {
    invariants: Vec<Box<dyn Invariant + Send>>,
    violations: Violations,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new(crate::all())
    }
}

impl Checker {
    pub fn new(invariants: Vec<Box<dyn Invariant + Send>>) -> Self {
        Self { invariants, violations: Violations::default() }
    }

    /// Shows `what` to every invariant.
    pub fn observe(&mut self, at: Nanos, what: &Observation) {
        for invariant in &mut self.invariants {
            invariant.observe(at, what, &mut self.violations);
        }
    }

    /// Asks every invariant what is missing, once the run is over, healed and quiet.
    pub fn finish(&mut self, at: Nanos) -> &Violations {
        for invariant in &mut self.invariants {
            invariant.finish(at, &mut self.violations);
        }
        &self.violations
    }

    pub fn violations(&self) -> &Violations {
        &self.violations
    }

    /// For the state checks, which add what they find to what the stream showed.
    pub fn violations_mut(&mut self) -> &mut Violations {
        &mut self.violations
    }
}

#[cfg(test)]
mod tests {
    use ids::RequestId;

    use super::*;

    #[test]
    fn only_the_first_violations_are_kept_and_all_are_counted() {
        let mut found = Violations::default();
        assert!(found.is_empty());
        for at in 0..150 {
            found.push("some_rule", at, "broken".to_owned());
        }
        assert_eq!(found.total(), 150);
        assert_eq!(found.iter().count(), Violations::KEPT);
        assert_eq!(found.iter().last().unwrap().to_string(), "some_rule at 99 ns: broken");
    }

    #[test]
    fn a_checker_shows_the_stream_to_every_rule_and_asks_for_what_is_missing() {
        let request_id = RequestId([1; 16]);
        let mut checker = Checker::default();
        checker.observe(1, &Observation::Invoked { request_id, log: ids::Log::Global });
        checker.observe(2, &Observation::Routed { request_id, relay_hops: 2 });
        assert_eq!(checker.violations().total(), 1);
        let names: Vec<_> = checker.finish(9).iter().map(|found| found.invariant).collect();
        assert_eq!(names, ["relay_once", "commands_settled"]);
    }

    #[test]
    fn every_rule_is_named_for_its_file_and_listed_once() {
        let mut names: Vec<_> = crate::all().iter().map(|invariant| invariant.name()).collect();
        let library = include_str!("lib.rs");
        for name in &names {
            assert!(library.contains(&format!("pub mod {name};")), "no file is named {name}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 18);
    }
}
