//! `relay_once`: a command reaches the leader of its log directly or over one relay, never more.
//!
//! Source: ARCHITECTURE.md, "Life of a command", 2: a relay passes nothing on that came over a relay, so that no command can go in
//! circles while members disagree about who leads.
//!
//! Looks like a violation and is not: a retry that takes another way; each attempt counts its own hops.

use crate::{Invariant, Nanos, Observation, Violations};

/// Relay hops of one command.
pub const RELAY_HOPS_MAX: u32 = 1;

#[derive(Debug, Default)]
pub struct RelayOnce;

impl Invariant for RelayOnce {
    fn name(&self) -> &'static str {
        "relay_once"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let Observation::Routed { request_id, relay_hops } = what else { return };
        if *relay_hops > RELAY_HOPS_MAX {
            out.push(self.name(), at, format!("request {request_id} was relayed {relay_hops} times"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{found, request};

    fn routed(relay_hops: u32) -> Observation {
        Observation::Routed { request_id: request(1), relay_hops }
    }

    #[test]
    fn two_hops_are_reported() {
        assert_eq!(found(RelayOnce, &[routed(2)]), [format!("request {} was relayed 2 times", request(1))]);
    }

    #[test]
    fn one_hop_or_none_are_fine_however_often() {
        assert!(found(RelayOnce, &[routed(0), routed(1), routed(1)]).is_empty());
    }
}
