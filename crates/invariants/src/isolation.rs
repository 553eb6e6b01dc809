//! `isolation`: a region cut off from all others goes on writing its own log at once, and refuses what it cannot do in time.
//!
//! Source: ARCHITECTURE.md, "The problem" (the product's reason to exist), and the column "inside an isolated region" of "Promises by
//! situation".
//!
//! Looks like a violation and is not: an unknown or refused command in the first moments, when nobody can tell yet that the region
//! is cut off, as long as the answer comes in bounded time; a global command without a verdict before the quorum's loss can be
//! known. A global command acknowledged inside an isolated region is a violation at any moment. Give only attempts that began after
//! the cut was complete and ended before it healed, in a region whose own group had its quorum throughout.

use crate::{Nanos, Violations};

const NAME: &str = "isolation";

/// An isolated region commits commands of its own log within 2 s of its isolation ("Promises by situation").
pub const OWN_SETTLED_NS: Nanos = 2_000_000_000;
/// From then on each is acknowledged within 2 s: no slower than the isolation itself may make them.
pub const OWN_ACKNOWLEDGED_WITHIN_NS: Nanos = 2_000_000_000;
/// When the loss of the global group's quorum is known at the latest. A member counts as reachable until it has not answered for 2.5 s
/// (`ledger::Timing::reachable_within`); half a second is for the answer that was under way when the cut came, and for clocks that drift.
pub const GLOBAL_DETECTED_NS: Nanos = 3_000_000_000;
/// A known-lost quorum answers within 1.5 s ("Promises by situation").
pub const GLOBAL_REFUSED_WITHIN_NS: Nanos = 1_500_000_000;

/// How an attempt ended, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    Acknowledged,
    Refused,
    Unknown,
}

/// A command tried by a client inside an isolated region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it was sent.
    pub at: Nanos,
    /// Whether it was for the region's own log; otherwise it was for the global one.
    pub log_is_own_region: bool,
    pub outcome: AttemptOutcome,
    pub took_ns: Nanos,
    /// How long the region had been isolated when it was sent.
    pub since_isolated_ns: Nanos,
}

/// Checks every attempt by itself.
pub fn check_isolation(attempts: &[Attempt], out: &mut Violations) {
    for attempt in attempts {
        let wrong = if attempt.log_is_own_region { wrong_own(attempt) } else { wrong_global(attempt) };
        if let Some(wrong) = wrong {
            let Attempt { outcome, took_ns, since_isolated_ns, .. } = attempt;
            let sent = format!("sent {since_isolated_ns} ns into isolation, was {outcome:?} after {took_ns} ns");
            out.push(NAME, attempt.at.saturating_add(*took_ns), format!("{wrong}: {sent}"));
        }
    }
}

fn wrong_own(attempt: &Attempt) -> Option<&'static str> {
    let early_ns = OWN_SETTLED_NS.saturating_sub(attempt.since_isolated_ns);
    if attempt.took_ns > early_ns + OWN_ACKNOWLEDGED_WITHIN_NS {
        return Some("a command of the region's own log took too long");
    }
    let settled = early_ns == 0;
    let acknowledged = attempt.outcome == AttemptOutcome::Acknowledged;
    (settled && !acknowledged).then_some("a command of the region's own log was not acknowledged")
}

fn wrong_global(attempt: &Attempt) -> Option<&'static str> {
    let detected = attempt.since_isolated_ns >= GLOBAL_DETECTED_NS;
    let undetected_ns = GLOBAL_DETECTED_NS.saturating_sub(attempt.since_isolated_ns);
    if !detected && attempt.took_ns > undetected_ns + GLOBAL_REFUSED_WITHIN_NS {
        return Some("a global command sent before the loss could be known was answered too late");
    }
    match attempt.outcome {
        AttemptOutcome::Acknowledged => Some("a global command was acknowledged without its quorum"),
        AttemptOutcome::Unknown if detected => Some("a global command was not refused"),
        AttemptOutcome::Refused if detected && attempt.took_ns > GLOBAL_REFUSED_WITHIN_NS => {
            Some("a global command was refused too late")
        }
        AttemptOutcome::Unknown | AttemptOutcome::Refused => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    const MS: Nanos = 1_000_000;

    fn own(since_ms: u64, outcome: AttemptOutcome, took_ms: u64) -> Attempt {
        let (since_isolated_ns, took_ns) = (since_ms * MS, took_ms * MS);
        Attempt { at: 0, log_is_own_region: true, outcome, took_ns, since_isolated_ns }
    }

    fn global(since_ms: u64, outcome: AttemptOutcome, took_ms: u64) -> Attempt {
        Attempt { log_is_own_region: false, ..own(since_ms, outcome, took_ms) }
    }

    fn violations(attempts: &[Attempt]) -> Vec<String> {
        let mut out = Violations::default();
        check_isolation(attempts, &mut out);
        said(&out)
    }

    #[test]
    fn own_commands_that_fail_or_take_too_long_are_reported() {
        use AttemptOutcome::{Acknowledged, Refused, Unknown};
        let attempts = [
            own(2_000, Acknowledged, 2_001),
            own(2_000, Refused, 1),
            own(9_000, Unknown, 9),
            own(500, Acknowledged, 3_501),
        ];
        assert_eq!(violations(&attempts).len(), 4);
        assert_eq!(
            violations(&[own(2_000, Refused, 1)]),
            [
                "a command of the region's own log was not acknowledged: sent 2000000000 ns into isolation, was Refused after 1000000 ns"
            ]
        );
    }

    #[test]
    fn global_commands_acknowledged_or_not_refused_in_time_are_reported() {
        use AttemptOutcome::{Acknowledged, Refused, Unknown};
        let attempts = [
            global(100, Acknowledged, 5),
            global(3_000, Unknown, 1),
            global(3_000, Refused, 1_501),
            global(1_000, Unknown, 3_501),
        ];
        assert_eq!(violations(&attempts).len(), 4);
    }

    #[test]
    fn promises_kept_and_first_moments_are_fine() {
        use AttemptOutcome::{Acknowledged, Refused, Unknown};
        let attempts = [
            own(2_000, Acknowledged, 2_000),
            own(0, Unknown, 4_000),
            own(1_999, Refused, 5),
            own(0, Acknowledged, 10),
            global(3_000, Refused, 1_500),
            global(2_999, Unknown, 1_501),
            global(0, Refused, 2_000),
        ];
        assert!(violations(&attempts).is_empty());
    }
}
