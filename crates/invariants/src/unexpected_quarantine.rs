//! `unexpected_quarantine`: no replica is taken out of service because its own state or stored log is wrong.
//!
//! Source: ARCHITECTURE.md, "Life of a record across regions", 6: another state digest at the same sequence quarantines the replica.
//! That protects clients; but apply is deterministic and acknowledged entries never change, so that it came to this is a defect,
//! whoever noticed it.
//!
//! Looks like a violation and is not: a flush that failed (a disk fault, and stopping is right). A received record that does not
//! continue the chain takes nothing out of service: what was sent is refused, and its sender is left alone.

use crate::{Invariant, Nanos, Observation, QuarantineCause, Violations};

#[derive(Debug, Default)]
pub struct UnexpectedQuarantine;

impl Invariant for UnexpectedQuarantine {
    fn name(&self) -> &'static str {
        "unexpected_quarantine"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        if let Observation::CopiesDiffer { member, other, log, seq } = what {
            out.push(self.name(), at, format!("{log}: {member} and {other} hold different states at {seq}"));
        }
        let Observation::Quarantined { member, log, cause } = what else { return };
        let why = match cause {
            QuarantineCause::Chain => "the log's own group holds another record",
            QuarantineCause::Digest => "its state differs from that of the log's own members",
            QuarantineCause::OwnLog => "its stored log contradicts what the group committed",
            QuarantineCause::Stopped => return,
        };
        out.push(self.name(), at, format!("{log}: {member} stopped serving, {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, G, found};

    fn quarantined(cause: QuarantineCause) -> Observation {
        Observation::Quarantined { member: A, log: G, cause }
    }

    #[test]
    fn replicas_that_differ_are_reported() {
        let differ = Observation::CopiesDiffer { member: A, other: A, log: G, seq: ids::Seq(7) };
        let causes = [QuarantineCause::Chain, QuarantineCause::Digest, QuarantineCause::OwnLog];
        let stream: Vec<Observation> = causes.map(quarantined).into_iter().chain([differ]).collect();
        assert_eq!(
            found(UnexpectedQuarantine, &stream),
            [
                "global: m1 stopped serving, the log's own group holds another record",
                "global: m1 stopped serving, its state differs from that of the log's own members",
                "global: m1 stopped serving, its stored log contradicts what the group committed",
                "global: m1 and m1 hold different states at 7",
            ]
        );
    }

    #[test]
    fn right_answers_to_faults_are_fine() {
        let stream = [quarantined(QuarantineCause::Stopped)];
        assert!(found(UnexpectedQuarantine, &stream).is_empty());
    }
}
