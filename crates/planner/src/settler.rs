//! Decisions about clusters of a ring: from rows of the logs to what [`crate::decide`] takes, and to the row that keeps the outcome.
//!
//! Stored is little: what was asked, and what can never change or was given out once ([`Basis`]). Every decision, with its reason,
//! follows from that and the edition of the catalogue, so it is worked out again whenever somebody asks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    Basis, Cluster, Date, Network, Planner, Rejection, View, ViewError, catalog::Catalog, cluster_policy, edition,
    planner::Ask, sets,
};
use ids::{Hlc, ProjectName, RegionId, Revision, Subject};

use crate::{Asked, Blueprint, Current, Inputs, Placed, Policy, Refusal, Request, decide};

const DAY_MS: u64 = 86_400_000;
/// Editions whose decoded form is kept: the one in use, the next, and what looks back.
const KEPT: usize = 4;

/// Why nothing is decided about a cluster that was made.
#[derive(Debug, thiserror::Error)]
pub enum Undecided {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Unreadable(#[from] ViewError),
}

/// Decides with the catalogue that a copy of the global log has. Editions never change, so those in use are kept decoded.
#[derive(Default)]
pub struct Settler {
    editions: Mutex<BTreeMap<Revision, Arc<Catalog>>>,
}

impl Settler {
    pub fn new() -> Self {
        Self::default()
    }

    /// The edition that new clusters in a region are made of; none before the first is published.
    ///
    /// # Errors
    /// [`ViewError`] when a row cannot be read.
    pub fn catalog(&self, global: &dyn View, region: &RegionId, now: Hlc) -> Result<Option<Arc<Catalog>>, ViewError> {
        let name = edition::name_in_effect(global, region, now)?;
        name.map_or(Ok(None), |name| self.read(global, &edition::contents(&name)))
    }

    /// The edition that a cluster is decided by again, which was made of the edition `had`.
    ///
    /// # Errors
    /// [`ViewError`] when a row cannot be read; [`None`] is never a cluster's.
    pub fn catalog_after(
        &self,
        global: &dyn View,
        region: &RegionId,
        now: Hlc,
        had: &str,
    ) -> Result<Option<Arc<Catalog>>, ViewError> {
        let name = edition::name_in_effect(global, region, now)?.filter(|name| name.as_str() > had);
        self.read(global, &edition::contents(name.as_deref().unwrap_or(had)))
    }

    fn read(&self, global: &dyn View, subject: &Subject) -> Result<Option<Arc<Catalog>>, ViewError> {
        let revision = global.revision(subject);
        let mut editions = self.editions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = editions.get(&revision) {
            return Ok(Some(Arc::clone(kept)));
        }
        let Some((revision, catalog)) = global.row::<Catalog>(subject)? else { return Ok(None) };
        let catalog = Arc::new(catalog);
        editions.insert(revision, Arc::clone(&catalog));
        while editions.len() > KEPT {
            editions.pop_first();
        }
        Ok(Some(catalog))
    }

    /// Everything that is decided about a cluster that was made, as of now, and the edition that it is decided by: `catalog`, or the one that
    /// the cluster was made of where that has nothing any more that fits, such as an image of its version. So whoever keeps it goes on as
    /// before.
    ///
    /// # Errors
    /// [`Undecided`]: neither has.
    pub fn blueprint(
        &self,
        global: &dyn View,
        cluster: &Cluster,
        basis: &Basis,
        catalog: Arc<Catalog>,
        now: Hlc,
    ) -> Result<(Arc<Catalog>, Blueprint), Undecided> {
        let current = Current { network: basis.network.clone(), version: basis.version };
        let policies = policies(global, &cluster.name.project)?;
        let decided = |catalog: &Catalog| {
            let inputs = inputs(catalog, now, &[], Asked::Before, Some(&current));
            decide(&request(cluster), &Inputs { policies: &policies, ..inputs })
        };
        let refusal = match decided(&catalog) {
            Ok(blueprint) => return Ok((catalog, blueprint)),
            Err(refusal) => refusal,
        };
        match self.read(global, &edition::contents(&basis.edition))? {
            Some(had) if had.edition != catalog.edition => match decided(&had) {
                Ok(blueprint) => Ok((had, blueprint)),
                Err(_) => Err(refusal.into()),
            },
            _ => Err(refusal.into()),
        }
    }

    /// Everything that would be decided about a cluster that is asked for now, where these addresses are in use.
    ///
    /// # Errors
    /// [`Undecided`], as its creation would be refused.
    pub fn preview(
        &self,
        global: &dyn View,
        asked: &Request,
        networks: &[Network],
        catalog: &Catalog,
        now: Hlc,
    ) -> Result<Blueprint, Undecided> {
        let policies = policies(global, &asked.name.project)?;
        let inputs = inputs(catalog, now, networks, Asked::Now, None);
        Ok(decide(asked, &Inputs { policies: &policies, ..inputs })?)
    }
}

impl Planner for Settler {
    fn settle(&self, ask: &Ask<'_>) -> Result<Basis, Rejection> {
        let cluster = ask.cluster;
        let subject = || Subject::resource(&cluster.name.clone().into());
        let (region, had) = (&cluster.name.location, cluster.basis.as_ref());
        let catalog = match had {
            None => self.catalog(ask.global, region, ask.now)?,
            Some(basis) => self.catalog_after(ask.global, region, ask.now, &basis.edition)?,
        };
        let catalog = catalog.ok_or_else(|| Rejection::CatalogMissing { subject: subject() })?;
        let current = had.map(|basis| Current { network: basis.network.clone(), version: basis.version });
        let policies = policies(ask.global, &cluster.name.project)?;
        let decided = |catalog: &Catalog| {
            let inputs = inputs(catalog, ask.now, ask.networks, Asked::Now, current.as_ref());
            decide(&request(cluster), &Inputs { policies: &policies, ..inputs })
        };
        let refused = |refusal: Refusal| Rejection::Undecidable {
            subject: subject(),
            reason: refusal.reason(),
            detail: refusal.to_string(),
            accepted: refusal.accepted(),
        };
        let (catalog, blueprint) = match (decided(&catalog), had) {
            (Ok(blueprint), _) => (catalog, blueprint),
            // What the newer edition has no room for may be changed within the one that it was made of.
            (Err(refusal), Some(basis)) if basis.edition != catalog.edition => {
                let had = self.read(ask.global, &edition::contents(&basis.edition))?;
                let blueprint = had.as_deref().and_then(|had| decided(had).ok());
                had.zip(blueprint).ok_or_else(|| refused(refusal))?
            }
            (Err(refusal), _) => return Err(refused(refusal)),
        };
        let vcpus = vcpus(&blueprint, &catalog);
        Ok(Basis {
            account: ask.account,
            edition: catalog.edition.clone(),
            version: blueprint.version,
            delete_protection: blueprint.delete_protection,
            vcpus,
            decisions: blueprint.decisions_hash().0,
            network: blueprint.network.addresses,
        })
    }

    fn capacity(&self, global: &dyn View, instance_type: &str) -> Option<(u32, u64)> {
        // A machine may have been launched from any of them, the newest most likely.
        let editions = global.entries(&sets::editions(), None, edition::EDITIONS_MAX);
        editions.iter().rev().find_map(|name| {
            let catalog = self.read(global, &edition::contents(name)).ok()??;
            catalog.instance_types.get(instance_type).map(|of| (of.vcpus, of.memory_mib))
        })
    }
}

/// What the nodes above a cluster say, as the copy of the global log has it: root first.
pub fn policies(global: &dyn View, project: &ProjectName) -> Result<Vec<Policy>, ViewError> {
    let rows = cluster_policy::said_at(global, &project.clone().into())?;
    Ok(rows.into_iter().map(|(revision, row)| Policy { node: row.node, revision, rules: row.rules }).collect())
}

/// What its machines have at least: masters, and the workers that it begins with or never has less of, whichever are more.
fn vcpus(blueprint: &Blueprint, catalog: &Catalog) -> u64 {
    let of = |placed: &Placed| catalog.instance_types.get(&placed.instance_type).map_or(0, |of| u64::from(of.vcpus));
    let (masters, workers) = (&blueprint.masters, &blueprint.workers);
    let masters = of(&masters.machines) * u64::try_from(masters.zones.len()).unwrap_or(u64::MAX);
    masters + of(&workers.machines) * workers.initial.max(workers.min)
}

fn request(cluster: &Cluster) -> Request {
    Request {
        name: cluster.name.clone(),
        cluster_type: cluster.cluster_type.to_string(),
        options: cluster.options.clone(),
    }
}

fn inputs<'a>(
    catalog: &'a Catalog,
    now: Hlc,
    networks: &'a [Network],
    asked: Asked,
    current: Option<&'a Current>,
) -> Inputs<'a> {
    let today = Date::from_days_since_1970(now.unix_ms() / DAY_MS);
    Inputs { catalog, today, policies: &[], networks, asked, current, workers: None, connections: 0 }
}
