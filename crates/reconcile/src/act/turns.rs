//! When the calls of one key may be made.

use std::{collections::BTreeMap, time::Duration};

use ports::Instant;

/// A turn that came so long ago is nobody's any more.
const KEPT: Duration = Duration::from_secs(60);

/// Turns that were booked for the key and not taken yet.
#[derive(Default)]
pub(crate) struct Turns {
    by_call: BTreeMap<&'static str, Booked>,
    /// When the first of the actions that wait in this run can go on.
    pub next: Option<Instant>,
}

#[derive(Default)]
struct Booked {
    /// In order.
    due: Vec<Instant>,
    /// Of those that are still to come, as many are for actions that this run met already.
    claimed: usize,
}

impl Turns {
    /// Another run begins: its actions claim what was booked before they book more.
    pub fn begin(&mut self, now: Instant) {
        self.next = None;
        self.by_call.retain(|_, booked| {
            booked.due.retain(|due| due.plus(KEPT) > now);
            booked.claimed = 0;
            !booked.due.is_empty()
        });
    }

    /// Takes a turn for a call, or else books one; `book` tells when it comes, or when to ask for it again. Whether it is now.
    pub fn take(&mut self, call: &'static str, now: Instant, book: impl FnOnce() -> Result<Instant, Instant>) -> bool {
        let booked = self.by_call.entry(call).or_default();
        if booked.due.first().is_some_and(|due| *due <= now) {
            booked.due.remove(0);
            return true;
        }
        let due = match booked.due.get(booked.claimed).copied().map_or_else(book, Ok) {
            Ok(due) if due <= now => return true,
            Ok(due) => {
                if booked.claimed == booked.due.len() {
                    booked.due.push(due);
                    booked.due.sort_unstable();
                }
                booked.claimed += 1;
                due
            }
            Err(later) => later,
        };
        self.next = Some(self.next.map_or(due, |next| next.min(due)));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::default().plus(Duration::from_secs(seconds))
    }

    #[test]
    fn an_action_that_waits_keeps_its_turn_over_runs_and_books_no_other() {
        let mut turns = Turns::default();
        turns.begin(at(0));
        assert!(turns.take("RunInstances", at(0), || Ok(at(0))));
        assert!(!turns.take("RunInstances", at(0), || Ok(at(5))) && !turns.take("RunInstances", at(0), || Ok(at(9))));
        assert_eq!(turns.next, Some(at(5)));
        turns.begin(at(2));
        let never = || panic!("booked twice");
        assert!(!turns.take("RunInstances", at(2), never) && !turns.take("RunInstances", at(2), never));
        assert_eq!(turns.next, Some(at(5)));
        turns.begin(at(6));
        assert!(turns.take("RunInstances", at(6), never) && !turns.take("RunInstances", at(6), never));
        assert_eq!(turns.next, Some(at(9)));
    }

    #[test]
    fn who_is_not_given_a_turn_asks_again_and_old_turns_are_dropped() {
        let mut turns = Turns::default();
        turns.begin(at(0));
        assert!(!turns.take("CreateVpc", at(0), || Err(at(30))) && !turns.take("CreateVolume", at(0), || Ok(at(1))));
        assert_eq!(turns.next, Some(at(1)));
        turns.begin(at(100));
        assert!(!turns.take("CreateVolume", at(100), || Ok(at(101))), "it came too long ago");
        assert!(turns.take("CreateVpc", at(100), || Ok(at(100))));
    }
}
