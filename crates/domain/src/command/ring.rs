//! What regions ask by themselves, and operators of the ring: regions, drains and gates, cloud accounts, editions, quotas.

use std::collections::BTreeMap;

use ids::{AccountId, Hlc, OrganizationName, ProjectName, RegionId, Revision};

use crate::catalog::Catalog;

/// Puts a cloud account into the pool. It must not be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddAccount {
    pub account: AccountId,
}

/// Gives an ACTIVE organization without a cloud account the first of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimAccount {
    pub organization: OrganizationName,
}

/// Says that no cluster of a DELETING project is left in a region, and that its gate there is closed, so none follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgeDrain {
    pub project: ProjectName,
    pub region: RegionId,
}

/// Closes a region to new clusters of a DELETING project: a gate, in the region's own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseGate {
    pub project: ProjectName,
    /// Whose gate, and whose log.
    pub region: RegionId,
}

/// Makes a region known to the global log, so that deletions of projects wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRegion {
    pub region: RegionId,
}

/// Publishes an edition of the catalogue, by an operator. It must be without defects, and its name later than that of every
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishCatalog {
    pub catalog: Catalog,
    /// `None`: at once where it is the first, else the regions by name with [`crate::edition::SOAK_SECONDS`] between them.
    pub waves: Option<Waves>,
}

/// How an edition is to spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waves {
    /// Regions that come first, in this order; the others follow by name.
    pub order: Vec<RegionId>,
    /// 0: all at once; else [`crate::edition::SOAK_SECONDS_MIN`] to [`crate::edition::SOAK_SECONDS_MAX`].
    pub soak_seconds: u32,
}

/// Stops an edition from being used for new clusters, everywhere and for good, by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaltEdition {
    pub edition: String,
    pub etag: Option<Revision>,
}

/// Says how many vCPUs clusters of an ACTIVE organization may need in each region; none in those that are not named. Regions that are to
/// hold more than now get it when others have given it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetQuota {
    pub organization: OrganizationName,
    pub slices: BTreeMap<RegionId, u64>,
    /// Of the quota.
    pub etag: Option<Revision>,
}

/// A region takes over what the global log says that it may hold for an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorQuota {
    pub organization: OrganizationName,
    pub region: RegionId,
}

/// A region says that it holds no more than the slice of this generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgeQuota {
    pub organization: OrganizationName,
    pub region: RegionId,
    pub generation: Hlc,
}
