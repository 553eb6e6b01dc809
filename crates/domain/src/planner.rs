//! The seam to who decides what a cluster becomes.
//!
//! Which machines, which addresses, which version: that is a matter of policies and records, and has its own crate, which rests on this
//! one. A decision about a cluster asks it here.

use ids::{AccountId, Hlc};

use crate::{Basis, Cluster, Network, Rejection, View};

/// What is asked.
pub struct Ask<'a> {
    /// As it is to be. Where it has a basis it was made before, and what cannot change stays.
    pub cluster: &'a Cluster,
    /// Its organization's cloud account.
    pub account: AccountId,
    /// Addresses in use by clusters of its organization in this region.
    pub networks: &'a [Network],
    pub now: Hlc,
    /// As [`crate::Context::global`]: for the catalogue.
    pub global: &'a dyn View,
}

/// Decides what clusters become. Pure: the same question has the same answer.
pub trait Planner: Send + Sync {
    /// # Errors
    /// [`Rejection`]: what is asked for is unknown, forbidden or impossible.
    fn settle(&self, ask: &Ask<'_>) -> Result<Basis, Rejection>;

    /// Virtual processors, and MiB of memory, of an instance type; none of one that no published edition has.
    fn capacity(&self, global: &dyn View, instance_type: &str) -> Option<(u32, u64)>;
}
