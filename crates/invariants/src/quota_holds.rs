//! `quota_holds`: once a quota is in force, clusters of its organization need no more than it in all regions together.
//!
//! Source: the decision on quota slices (`docs/adr/2026-11-21-quota-slices.md`): a region gives a slice up before another has it, so that
//! the slices that regions hold never come to more than the quota.
//!
//! Looks like a violation and is not: a quota that is not in force yet, because some region has not said that it has a limit; one that was
//! lowered below what is in use; copies of two regions' logs of different times. Compare copies at rest, of quotas that only move.

use ids::OrganizationName;

use crate::{Nanos, Violations};

const NAME: &str = "quota_holds";

/// A quota, and what was made under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub organization: OrganizationName,
    /// Of all slices together.
    pub quota: u64,
    /// Every region has said that it has a limit.
    pub in_force: bool,
    /// What clusters need, in all regions together.
    pub used: u64,
}

/// Checks every quota.
pub fn check_quotas(at: Nanos, quotas: impl IntoIterator<Item = Used>, out: &mut Violations) {
    for Used { organization, quota, in_force, used } in quotas {
        if in_force && used > quota {
            out.push(NAME, at, format!("clusters of {organization} need {used}, and its quota is {quota}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    fn found(used: u64, in_force: bool) -> Vec<String> {
        let organization = "organizations/acme".parse().unwrap();
        let mut out = Violations::default();
        check_quotas(7, [Used { organization, quota: 6, in_force, used }], &mut out);
        said(&out)
    }

    #[test]
    fn a_quota_may_be_used_wholly_and_exceeded_before_it_is_in_force() {
        assert!(found(6, true).is_empty());
        assert!(found(7, false).is_empty());
    }

    #[test]
    fn more_than_the_quota_is_reported() {
        assert_eq!(found(7, true), ["clusters of organizations/acme need 7, and its quota is 6"]);
    }
}
