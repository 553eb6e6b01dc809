//! Whether an edition of the catalogue is of use: one cluster of each type in each region, for an organization that has nothing.
//!
//! What an edition says of itself is checked by [`Catalog::check`]. Whether clusters come out of it is known only by deciding about some.

use domain::{Date, catalog::Catalog};
use ids::{ClusterName, RegionId};

use crate::{Asked, Inputs, Refusal, Request, decide};

/// A combination of which no cluster can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecidable {
    pub cluster_type: String,
    pub region: RegionId,
    pub refusal: Refusal,
}

/// Every combination of cluster type and region of `catalog` that cannot be decided on the day `today`, by type and region.
pub fn undecidable(catalog: &Catalog, today: Date) -> Vec<Undecidable> {
    let inputs = Inputs {
        catalog,
        today,
        policies: &[],
        networks: &[],
        asked: Asked::Now,
        current: None,
        workers: None,
        connections: 0,
    };
    let regions = || catalog.regions.keys();
    let combinations = catalog.cluster_types.keys().flat_map(|kind| regions().map(move |region| (kind, region)));
    let refused = combinations.filter_map(|(cluster_type, region)| {
        let refusal = match name(region) {
            Some(name) => decide(&Request::new(name, cluster_type.clone()), &inputs).err()?,
            None => Refusal::UnknownRegion { given: region.to_string(), accepted: Vec::new() },
        };
        Some(Undecidable { cluster_type: cluster_type.clone(), region: region.clone(), refusal })
    });
    refused.collect()
}

/// Of a cluster that is never made; `None` where the region's name leaves no room for it.
fn name(region: &RegionId) -> Option<ClusterName> {
    format!("organizations/nobody/projects/nothing/locations/{region}/clusters/trial").parse().ok()
}
