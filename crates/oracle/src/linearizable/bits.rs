//! A set of small numbers, as the search needs it: cheap to compare, to hash away in a memo and to ask for its first hole.
//!
//! The linearized operations of a long history are a long run of ones with a ragged end, so the run is a count and only the ragged
//! end is kept as words. A memo key is then a few words, whatever the length of the history (Lowe 2017, section 5, keeps whole
//! bit sets instead).

/// A set of numbers. Canonical: equal sets are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bits {
    /// Leading words that are all ones and not in `words`.
    full: usize,
    /// The rest. The first is not all ones, the last is not zero.
    words: Vec<u64>,
}

impl Bits {
    const WIDTH: usize = u64::BITS as usize;

    /// Everything below is in the set.
    pub(super) fn floor(&self) -> usize {
        self.full * Self::WIDTH
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        let Some(word) = (number / Self::WIDTH).checked_sub(self.full) else { return true };
        self.words.get(word).is_some_and(|word| word >> (number % Self::WIDTH) & 1 == 1)
    }

    pub(super) fn insert(&mut self, number: usize) {
        let Some(at) = (number / Self::WIDTH).checked_sub(self.full) else { return };
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            *word |= 1 << (number % Self::WIDTH);
        }
        let run = self.words.iter().take_while(|word| **word == u64::MAX).count();
        self.words.drain(..run);
        self.full += run;
    }

    pub(super) fn remove(&mut self, number: usize) {
        let at = number / Self::WIDTH;
        if at < self.full {
            self.words.splice(0..0, std::iter::repeat_n(u64::MAX, self.full - at));
            self.full = at;
        }
        if let Some(word) = self.words.get_mut(at - self.full) {
            *word &= !(1 << (number % Self::WIDTH));
        }
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        let end = (self.full + self.words.len()).max(other.full);
        (0..end).all(|at| self.word(at) & !other.word(at) == 0)
    }

    fn word(&self, at: usize) -> u64 {
        match at.checked_sub(self.full) {
            None => u64::MAX,
            Some(at) => self.words.get(at).copied().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_as_a_set_and_equal_sets_are_equal_values(moves in prop::collection::vec((any::<bool>(), 0usize..200), 0..600)) {
            let (mut bits, mut set) = (Bits::default(), BTreeSet::new());
            for (insert, number) in moves {
                if insert { bits.insert(number); set.insert(number); } else { bits.remove(number); set.remove(&number); }
            }
            let mut rebuilt = Bits::default();
            set.iter().rev().for_each(|number| rebuilt.insert(*number));
            prop_assert_eq!(&rebuilt, &bits);
            prop_assert!((0..300).all(|number| bits.contains(number) == set.contains(&number)));
            prop_assert!((0..bits.floor()).all(|number| set.contains(&number)));
        }

        #[test]
        fn subsets_are_subsets(
            a in prop::collection::btree_set(0usize..140, 0..140),
            b in prop::collection::btree_set(0usize..140, 0..140),
        ) {
            let bits = |set: &BTreeSet<usize>| set.iter().fold(Bits::default(), |mut bits, n| { bits.insert(*n); bits });
            prop_assert_eq!(bits(&a).is_subset(&bits(&b)), a.is_subset(&b));
            let all = (0..140).collect();
            prop_assert!(bits(&a).is_subset(&bits(&all)));
        }
    }
}
