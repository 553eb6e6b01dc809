//! `acknowledged_survives`: once healed and quiet, every copy of a log remembers every acknowledged command at the place that its
//! client was told.
//!
//! Source: ARCHITECTURE.md, fault model: what was acknowledged survives. The stream rules say that it was on a quorum when it was told;
//! this one says that it is still there in the end.
//!
//! Looks like a violation and is not: a copy that has not caught up yet; a request so old that its outcome is forgotten
//! ([`ids::limits::REMEMBERED_REQUESTS_MAX`] records later). Ask neither.

use ids::{Log, MemberId, RequestId, Seq};

use crate::{Nanos, Violations};

const NAME: &str = "acknowledged_survives";

/// What one copy says of one acknowledged command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub member: MemberId,
    pub log: Log,
    pub request_id: RequestId,
    /// Where the client was told that it took effect.
    pub told: Seq,
    /// Where this copy has it; `None`: nowhere.
    pub kept: Option<Seq>,
}

/// Checks every copy's memory of every acknowledged command.
pub fn check_survival(at: Nanos, remembered: impl IntoIterator<Item = Remembered>, out: &mut Violations) {
    for Remembered { member, log, request_id, told, kept } in remembered {
        match kept {
            Some(kept) if kept == told => {}
            Some(kept) => {
                out.push(NAME, at, format!("{log}: {member} has {request_id} at {kept}, its client was told {told}"))
            }
            None => out.push(NAME, at, format!("{log}: {member} has lost {request_id}, acknowledged at {told}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{A, G};

    fn found(kept: Option<Seq>) -> Vec<String> {
        let mut out = Violations::default();
        let request_id = RequestId([1; 16]);
        check_survival(7, [Remembered { member: A, log: G, request_id, told: Seq(3), kept }], &mut out);
        out.iter().map(|violation| violation.detail.clone()).collect()
    }

    #[test]
    fn a_command_that_is_where_it_was_said_to_be_is_fine() {
        assert!(found(Some(Seq(3))).is_empty());
    }

    #[test]
    fn a_command_that_is_gone_or_elsewhere_is_reported() {
        let id = "01".repeat(16);
        assert_eq!(found(None), [format!("global: m1 has lost {id}, acknowledged at 3")]);
        assert_eq!(found(Some(Seq(4))), [format!("global: m1 has {id} at 4, its client was told 3")]);
    }
}
