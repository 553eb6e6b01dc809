//! `fold`: the state of a log is the fold of its facts: folding the records up to a place gives the state that members have there.
//!
//! Source: ARCHITECTURE.md, life of a command: apply stores what records say and nothing else. Whoever holds the records can rebuild
//! the state, so a member whose state differs has applied something else.
//!
//! Looks like a violation and is not: places of which the records are gone; they are not asked about.

use ids::{Hash, Log, Seq};

use crate::{Nanos, Violations};

const NAME: &str = "fold";

/// One place of a log: the digest that a member told, and that of the fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    pub log: Log,
    pub seq: Seq,
    pub told: Hash,
    pub folded: Hash,
}

/// Compares every place.
pub fn check_fold(at: Nanos, places: impl IntoIterator<Item = Folded>, out: &mut Violations) {
    for Folded { log, seq, told, folded } in places {
        if told != folded {
            out.push(NAME, at, format!("{log}: the facts up to {seq} fold to {folded:?}, a member has {told:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::G;

    #[test]
    fn a_state_that_is_not_the_fold_of_its_facts_is_reported() {
        let place = |told, folded| Folded { log: G, seq: Seq(2), told: Hash([told; 32]), folded: Hash([folded; 32]) };
        let mut out = Violations::default();
        check_fold(7, [place(1, 1), place(1, 2)], &mut out);
        let found: Vec<&str> = out.iter().map(|violation| violation.detail.as_str()).collect();
        assert_eq!(found, ["global: the facts up to 2 fold to 020202020202, a member has 010101010101"]);
    }
}
