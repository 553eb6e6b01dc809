//! Rows about quotas: what regions may hold for an organization, and what one of them does hold.

use std::collections::BTreeMap;

use ids::{Hlc, OrganizationName, RegionId};

/// How many vCPUs clusters of an organization may need, region by region. In the global log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    pub organization: OrganizationName,
    /// Of every region that was registered when it was set last.
    pub slices: BTreeMap<RegionId, Slice>,
    pub update_time: Hlc,
}

/// One region's part of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// What it is to be.
    pub target: u64,
    /// More than this the region does not let in, whatever it knows; none until the region has said that it has a limit at all.
    pub held: Option<u64>,
    /// When what the region may let in was changed last: a time of the global log, so it rises, also when an organization's name is used
    /// again.
    pub generation: Hlc,
}

/// What clusters of an organization need in one region, and may. In that region's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allotment {
    pub organization: OrganizationName,
    /// vCPUs that its clusters need.
    pub used: u64,
    /// None: no limit.
    pub limit: Option<Limit>,
}

/// A slice as a region took it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub vcpus: u64,
    /// Of the slice.
    pub generation: Hlc,
}

impl Slice {
    /// What the region lets in, at most, once it knows this slice. The same for all slices of one generation.
    pub fn limit(&self) -> u64 {
        self.held.map_or(self.target, |held| held.min(self.target))
    }

    /// The region is to give something up, and has not said that it has.
    pub fn is_shrinking(&self) -> bool {
        self.held.is_none_or(|held| held > self.target)
    }
}
