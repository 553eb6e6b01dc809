//! `age_honest`: a read that says it is so old holds everything that was acknowledged by then.
//!
//! Source: ARCHITECTURE.md, "Reading, and its age": everything acknowledged so long ago is in the view. That is proved by asking the
//! log's leader for its head, never by comparing wall clocks.
//!
//! Looks like a violation and is not: a read that holds more than its age promises; records acknowledged in another incarnation
//! than the read's (what a takeover leaves behind is reported elsewhere). The age counts to the moment the read is observed,
//! rounded up: a member that rounds down understates.

use std::collections::BTreeMap;

use ids::{Incarnation, Log, Seq};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct AgeHonest {
    acknowledged: BTreeMap<(Log, Incarnation), Acknowledged>,
}

/// The furthest acknowledged record by time: both rise from entry to entry.
#[derive(Debug, Default)]
struct Acknowledged(Vec<(Nanos, Seq)>);

impl Acknowledged {
    fn add(&mut self, at: Nanos, seq: Seq) {
        if self.0.last().is_none_or(|(_, furthest)| *furthest < seq) {
            let latest = self.0.last().map_or(0, |(latest, _)| *latest);
            self.0.push((at.max(latest), seq));
        }
    }

    /// The furthest record acknowledged at or before `by`, and when it was.
    fn furthest(&self, by: Nanos) -> Option<(Nanos, Seq)> {
        let known = self.0.partition_point(|(at, _)| *at <= by);
        self.0.get(known.checked_sub(1)?).copied()
    }
}

impl Invariant for AgeHonest {
    fn name(&self) -> &'static str {
        "age_honest"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        match what {
            Observation::Acknowledged { log, incarnation, seq, .. } => {
                self.acknowledged.entry((log.clone(), *incarnation)).or_default().add(at, *seq);
            }
            Observation::ReadServed { member, log, incarnation, seq, age_ns } => {
                let Some(by) = at.checked_sub(*age_ns) else { return };
                let known = self.acknowledged.get(&(log.clone(), *incarnation));
                let Some((when, missing)) = known.and_then(|known| known.furthest(by)) else { return };
                if missing > *seq {
                    let read = format!("{log}@{incarnation}.{seq} read on {member}, said to be {age_ns} ns old");
                    out.push(
                        self.name(),
                        at,
                        format!("{read}, lacks {missing}, acknowledged {} ns ago", at.saturating_sub(when)),
                    );
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, G, acknowledged, found_at, request};

    fn read(incarnation: u64, seq: u64, age_ns: u64) -> Observation {
        Observation::ReadServed { member: A, log: G, incarnation: Incarnation(incarnation), seq: Seq(seq), age_ns }
    }

    /// Records 1, 3 and then 2 acknowledged at 100, 200 and 300 ns, then `read` at 1,000 ns.
    fn after_three(read: Observation) -> Vec<String> {
        let told = |n: u8| acknowledged(request(n), n.into());
        found_at(AgeHonest::default(), &[(100, told(1)), (200, told(3)), (300, told(2)), (1_000, read)])
    }

    #[test]
    fn a_read_that_lacks_what_was_acknowledged_before_its_age_is_reported() {
        let expected = ["global@1.2 read on m1, said to be 800 ns old, lacks 3, acknowledged 800 ns ago"];
        assert_eq!(after_three(read(1, 2, 800)), expected);
        assert_eq!(after_three(read(1, 0, 900)).len(), 1);
        assert_eq!(after_three(read(1, 2, 0)).len(), 1);
    }

    #[test]
    fn an_honest_age_a_full_read_and_another_incarnation_are_fine() {
        for honest in [read(1, 2, 801), read(1, 0, 901), read(1, 3, 0), read(1, 9, 5), read(1, 0, 5_000), read(2, 0, 0)]
        {
            assert!(after_three(honest).is_empty());
        }
    }
}
