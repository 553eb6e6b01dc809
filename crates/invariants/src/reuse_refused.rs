//! `reuse_refused`: who uses the id of an acknowledged request for another command is told so, and not that it took effect.
//!
//! Source: Google AIP-155, and the promise of `Region::submit`: a request id is one wish. A caller that gives one id to two wishes by
//! mistake would take the outcome of the first for that of the second. That nothing changes is the business of
//! [`crate::request_once`]: the effect would be a second record of one request.
//!
//! Looks like a violation and is not: no answer, or one that the ring could not decide at the moment.

use crate::{Invariant, Nanos, Observation, Violations, observation::ReuseTold};

#[derive(Debug, Default)]
pub struct ReuseRefused;

impl Invariant for ReuseRefused {
    fn name(&self) -> &'static str {
        "reuse_refused"
    }

    fn observe(&mut self, at: Nanos, what: &Observation, out: &mut Violations) {
        let Observation::Reused { request_id, log, told } = what else { return };
        let detail = match told {
            ReuseTold::Refused | ReuseTold::Nothing => return,
            ReuseTold::Done(seq) => format!("was said to have taken effect at {seq}"),
            ReuseTold::Judged(reason) => format!("was refused with {reason}, as if its id were new"),
        };
        out.push(self.name(), at, format!("a second command for {log} under the id of request {request_id} {detail}"));
    }
}

#[cfg(test)]
mod tests {
    use ids::Seq;

    use super::*;
    use crate::testing::{G, found, request};

    fn reused(told: ReuseTold) -> Observation {
        Observation::Reused { request_id: request(1), log: G, told }
    }

    #[test]
    fn a_second_command_that_is_not_refused_for_its_id_is_reported() {
        let said =
            found(ReuseRefused, &[reused(ReuseTold::Done(Seq(4))), reused(ReuseTold::Judged("NOT_FOUND".to_owned()))]);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said.iter().all(|said| said.starts_with("a second command for global under the id of request")),
            "{said:?}"
        );
    }

    #[test]
    fn a_refusal_and_silence_are_quiet() {
        assert!(found(ReuseRefused, &[reused(ReuseTold::Refused), reused(ReuseTold::Nothing)]).is_empty());
    }
}
