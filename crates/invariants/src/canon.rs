//! The one history of a log: every record once, in order, as the first member applied it.
//!
//! Rules about what a log says (rather than about who holds it) follow this history instead of each member's; that members agree is
//! the business of [`crate::same_record_everywhere`]. It starts at the log's first record: a stream that begins in the middle of a
//! log's life has no history to follow, and the rules that need one are silent about it.
//!
//! A later incarnation may begin at or before the head (a takeover, or a restore with loss). Its records replace those from there
//! on; what the earlier incarnation had or still adds beyond that place is orphaned and belongs to no history.

use ids::{Incarnation, Seq};

use crate::observation::SeenRecord;

/// How a record relates to the history so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Already in it, orphaned, or beyond a gap: nothing to take in.
    Elsewhere,
    /// The next one.
    Next,
    /// The first of a later incarnation: everything from its sequence number on is undone, then it is the next one.
    Replaces,
}

/// Where the history of one log stands.
#[derive(Debug, Default)]
pub(crate) struct Canon {
    head: Seq,
    incarnation: Option<Incarnation>,
    /// Where each incarnation after the first began.
    begun: Vec<(Incarnation, Seq)>,
}

impl Canon {
    /// Moves on by `record`, if it belongs there.
    pub(crate) fn admit(&mut self, record: &SeenRecord) -> Place {
        let current = *self.incarnation.get_or_insert(record.incarnation);
        let reached = record.seq <= self.head.next() && record.seq > Seq::ZERO;
        let place = match record.incarnation.cmp(&current) {
            std::cmp::Ordering::Greater if reached => Place::Replaces,
            std::cmp::Ordering::Equal if record.seq == self.head.next() => Place::Next,
            _ => return Place::Elsewhere,
        };
        if place == Place::Replaces {
            self.begun.push((record.incarnation, record.seq));
            self.incarnation = Some(record.incarnation);
        }
        self.head = record.seq;
        place
    }

    /// Whether a later incarnation began at or before this place, so that the place is not in the history.
    pub(crate) fn orphaned(&self, incarnation: Incarnation, seq: Seq) -> bool {
        self.begun.iter().any(|(later, first)| *later > incarnation && *first <= seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record;

    #[test]
    fn records_enter_in_order_once_and_a_later_incarnation_replaces_the_rest() {
        let mut canon = Canon::default();
        let second_life = |seq| SeenRecord { incarnation: Incarnation(2), ..record(seq) };
        assert_eq!(canon.admit(&record(2)), Place::Elsewhere, "beyond a gap");
        assert_eq!(canon.admit(&record(1)), Place::Next);
        assert_eq!(canon.admit(&record(2)), Place::Next);
        assert_eq!(canon.admit(&record(1)), Place::Elsewhere, "seen before");
        assert_eq!(canon.admit(&second_life(2)), Place::Replaces);
        assert_eq!(canon.admit(&record(3)), Place::Elsewhere, "orphaned");
        assert_eq!(canon.admit(&second_life(3)), Place::Next);
        assert!(canon.orphaned(Incarnation::FIRST, Seq(2)));
        assert!(!canon.orphaned(Incarnation::FIRST, Seq(1)));
        assert!(!canon.orphaned(Incarnation(2), Seq(9)));
    }
}
