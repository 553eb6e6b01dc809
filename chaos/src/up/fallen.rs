//! Members whose process ended by itself, or was killed by a curious person: how long until each is started again.

use std::{collections::BTreeMap, time::Duration};

use ids::MemberId;
use tokio::time::Instant;

/// Long enough to be seen in the table, short enough to be back before the next command.
pub const RESTART_AFTER: Duration = Duration::from_secs(2);

/// Since when each is known to be down.
#[derive(Debug, Default)]
pub struct Fallen {
    since: BTreeMap<MemberId, Instant>,
}

impl Fallen {
    /// How long a member that is down stays so. `None`: it is due now, and no longer counts as fallen.
    pub fn left(&mut self, member: MemberId, now: Instant) -> Option<Duration> {
        let since = *self.since.entry(member).or_insert(now);
        let left = (since + RESTART_AFTER).saturating_duration_since(now);
        if left.is_zero() {
            self.since.remove(&member);
            return None;
        }
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_due_so_long_after_it_was_seen_down_and_counts_anew_when_it_falls_again() {
        let (mut fallen, start) = (Fallen::default(), Instant::now());
        let (one, two) = (MemberId(1), MemberId(2));
        assert_eq!(fallen.left(one, start), Some(RESTART_AFTER));
        let later = start + Duration::from_millis(1_500);
        assert_eq!(fallen.left(one, later), Some(Duration::from_millis(500)));
        assert_eq!(fallen.left(two, later), Some(RESTART_AFTER));
        let due = start + RESTART_AFTER;
        assert_eq!(fallen.left(one, due), None);
        assert_eq!(fallen.left(one, due), Some(RESTART_AFTER));
        assert_eq!(fallen.left(two, due), Some(Duration::from_millis(1_500)));
    }
}
