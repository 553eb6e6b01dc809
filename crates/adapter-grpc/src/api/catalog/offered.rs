//! What there is to be had: parts of editions, each with the locations that use it.
//!
//! In the time of waves locations use different editions, and one thing may be in several, at different prices. So each edition in use is
//! shown for itself, cut down to the locations that use it.

use std::collections::{BTreeMap, BTreeSet};

use api::v1::{self, offered_version};
use domain::{
    Date,
    catalog::{Catalog, Support},
    edition, query,
};
use ids::{Hlc, RegionId};
use ledger::LogState;

use crate::api::{
    read::{Paging, rejected},
    resource::location_name,
    status::Refusal,
};

/// Regions by the edition that they use.
pub fn used_in(
    state: &LogState,
    regions: &[RegionId],
    now: Hlc,
) -> Result<BTreeMap<String, BTreeSet<RegionId>>, Refusal> {
    let mut used: BTreeMap<String, BTreeSet<RegionId>> = BTreeMap::new();
    for region in regions {
        let name = edition::name_in_effect(state, region, now).map_err(|why| rejected(&why.into(), ""))?;
        if let Some(name) = name {
            used.entry(name).or_default().insert(region.clone());
        }
    }
    Ok(used)
}

/// What is in an edition, as the API shows it.
pub fn contents(catalog: &Catalog) -> Result<v1::CatalogContents, Refusal> {
    wire::catalog::shown_as(catalog).map_err(|defect| Refusal::new("UNREADABLE_ROW", defect.to_string()))
}

/// What a list is over: an edition, or those in use; and where.
pub struct Scope {
    pub edition: Option<String>,
    pub regions: Vec<RegionId>,
    pub now: Hlc,
}

/// An edition, cut down to some locations.
pub struct Part {
    catalog: Catalog,
    /// `editions/{edition}`.
    name: String,
}

impl Scope {
    /// The newest first.
    pub fn editions(&self, state: &LogState) -> Result<Vec<Part>, Refusal> {
        let over = match &self.edition {
            Some(edition) => [(edition.clone(), self.regions.iter().cloned().collect())].into(),
            None => used_in(state, &self.regions, self.now)?,
        };
        let parts = over.into_iter().rev().map(|(edition, regions)| {
            let catalog = query::catalog(state, &edition).map_err(|why| rejected(&why, ""))?;
            Ok(Part { catalog: catalog.only_in(&regions), name: edition::subject(&edition).to_string() })
        });
        parts.collect()
    }
}

pub fn cluster_types(parts: &[Part]) -> Result<Vec<v1::OfferedClusterType>, Refusal> {
    let mut all = Vec::new();
    for Part { catalog, name } in parts {
        let locations: Vec<String> = catalog.regions.keys().map(location_name).collect();
        all.extend(contents(catalog)?.cluster_types.into_iter().map(|cluster_type| v1::OfferedClusterType {
            name: format!("{name}/clusterTypes/{}", cluster_type.id),
            locations: locations.clone(),
            cluster_type: Some(cluster_type),
        }));
    }
    Ok(all)
}

pub fn versions(parts: &[Part], today: Date) -> Result<Vec<v1::OfferedVersion>, Refusal> {
    let mut all = Vec::new();
    for Part { catalog, name } in parts {
        let supports = catalog.versions.values().map(|version| support(version.support(today)));
        let versions = contents(catalog)?.versions.into_iter().zip(supports).rev();
        all.extend(versions.map(|(version, support)| v1::OfferedVersion {
            name: format!("{name}/versions/{}", version.version),
            support: support.into(),
            version: Some(version),
        }));
    }
    Ok(all)
}

fn support(support: Support) -> offered_version::Support {
    match support {
        Support::Announced => offered_version::Support::Announced,
        Support::Standard => offered_version::Support::Standard,
        Support::Extended => offered_version::Support::Extended,
        Support::Ended => offered_version::Support::Ended,
    }
}

pub fn instance_types(parts: &[Part]) -> Result<Vec<v1::OfferedInstanceType>, Refusal> {
    let mut all = Vec::new();
    for Part { catalog, name } in parts {
        all.extend(contents(catalog)?.instance_types.into_iter().map(|instance_type| v1::OfferedInstanceType {
            name: format!("{name}/instanceTypes/{}", instance_type.name),
            instance_type: Some(instance_type),
        }));
    }
    Ok(all)
}

/// One page of a whole list. Its token is the name that the page before ended with.
pub fn page<T>(all: Vec<T>, paging: &Paging, name: impl Fn(&T) -> &String) -> Result<(Vec<T>, String), Refusal> {
    let first = match paging.token.as_str() {
        "" => 0,
        token => {
            let wanted = "the token of the page before; another edition may be in use since, then begin again without";
            let last = all.iter().position(|one| name(one) == token);
            last.ok_or_else(|| Refusal::field("page_token", token, wanted))? + 1
        }
    };
    let size = domain::query::page_size(paging.size);
    let more = all.len().saturating_sub(first) > size;
    let page: Vec<T> = all.into_iter().skip(first).take(size).collect();
    let next = page.last().filter(|_| more).map(|last| name(last).clone()).unwrap_or_default();
    Ok((page, next))
}
