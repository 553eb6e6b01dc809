//! `commands_settled`: every command that a client sent got an answer: acknowledged, refused, or unknown.
//!
//! Source: ARCHITECTURE.md, "Life of a command": every answer is done, not done or unsettled. Unsettled is an answer, silence is not.
//!
//! Looks like a violation and is not: an unknown outcome as the last one (which effect it had is for
//! [`crate::request_once`] and the history checker); a command still on its way before the run is over.

use std::collections::BTreeMap;

use ids::{Log, RequestId};

use crate::{Invariant, Nanos, Observation, Violations};

#[derive(Debug, Default)]
pub struct CommandsSettled {
    /// Commands without an answer: when they were sent, and to which log.
    open: BTreeMap<RequestId, (Nanos, Log)>,
}

impl Invariant for CommandsSettled {
    fn name(&self) -> &'static str {
        "commands_settled"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, _out: &mut Violations) {
        match what {
            Observation::Invoked { request_id, log } => {
                self.open.insert(*request_id, (at, log.clone()));
            }
            Observation::Acknowledged { request_id, .. }
            | Observation::Refused { request_id, .. }
            | Observation::Unknown { request_id } => {
                self.open.remove(request_id);
            }
            _ => {}
        }
    }

    fn finish(&mut self, at: Nanos, out: &mut Violations) {
        for (request_id, (sent, log)) in &self.open {
            out.push(self.name(), at, format!("request {request_id} to {log}, sent at {sent} ns, was never answered"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{G, acknowledged, found, request};

    fn sent(n: u8) -> Observation {
        Observation::Invoked { request_id: request(n), log: G }
    }

    #[test]
    fn a_command_without_an_answer_is_reported_at_the_end() {
        let detail = format!("request {} to global, sent at 0 ns, was never answered", request(1));
        assert_eq!(found(CommandsSettled::default(), &[sent(1), sent(2), acknowledged(request(2), 1)]), [detail]);
    }

    #[test]
    fn every_kind_of_answer_settles() {
        let refused = Observation::Refused { request_id: request(2), reason: "NO_QUORUM" };
        let unknown = Observation::Unknown { request_id: request(3) };
        let stream = [sent(1), sent(2), sent(3), acknowledged(request(1), 1), refused, unknown];
        assert!(found(CommandsSettled::default(), &stream).is_empty());
    }
}
