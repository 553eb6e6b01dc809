//! The regions that the global log knows.
//!
//! A deletion of a project waits for every region that could hold a cluster of it, so the list must be part of the same
//! log, and a deletion must conflict with a registration that it did not see.

use std::collections::BTreeSet;

use ids::{RegionId, Revision};

use crate::{Entity, FactKind, Rejection, Txn, View, ViewError, command::RegisterRegion, sets};

/// Regions of one ring. A deletion lists all of them in one row, and a global commit waits for most of them.
pub const REGIONS_MAX: usize = 64;

pub fn register(txn: &mut Txn<'_>, command: &RegisterRegion) -> Result<(), Rejection> {
    let set = sets::regions();
    let subject = set.entry(command.region.as_str());
    let revision = txn.revision(&subject);
    if revision != Revision::ABSENT {
        return Err(Rejection::AlreadyExists { subject, revision });
    }
    if txn.entries(&set, None, REGIONS_MAX).len() >= REGIONS_MAX {
        return Err(Rejection::TooManyRegions { region: command.region.clone() });
    }
    txn.write(FactKind::RegionRegistered, subject, Some(Entity::Marker))?;
    txn.bump(&set)
}

/// All registered regions. Guards the registry.
pub fn regions(txn: &mut Txn<'_>) -> Result<BTreeSet<RegionId>, Rejection> {
    let set = sets::regions();
    let read = |entry: &String| {
        entry.parse().map_err(|_| ViewError { subject: set.entry(entry), detail: "no region id".to_owned() }.into())
    };
    txn.entries(&set, None, REGIONS_MAX).iter().map(read).collect()
}

/// Whether a region is registered, without a guard.
pub fn is_registered(view: &dyn View, region: &RegionId) -> bool {
    view.revision(&sets::regions().entry(region.as_str())) != Revision::ABSENT
}
