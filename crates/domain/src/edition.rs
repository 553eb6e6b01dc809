//! Decisions about editions of the catalogue, and which one a region uses.
//!
//! An edition is published as a whole and never changed. Editions follow one another by name, so that "the newest" means the
//! same to everybody, and none takes an address range from a region for another one: a region that is cut off goes on giving
//! out what it knew to be its own.
//!
//! An edition spreads in *waves*, one region after the other with a soak between them, so that a bad one is seen, and halted, before
//! all regions make clusters of it. Nothing drives that: [`in_effect`] is a function of the editions' rows and a time.
//!
//! **Time.** The publication is timed by the leader of the global log, and `now` is the time of whoever asks, each off by minutes. So a
//! soak that is not 0 is long enough to be a soak between clocks that differ, and the first region does not look at the time at all.
//! A region asks at the time of its own log, which never goes back, so what reached it has reached it. A clock that is off by more
//! makes a wave come early or late, which costs soak and breaks no rule: any two editions may be in force at the same time.

use std::collections::BTreeSet;

use ids::{Hlc, RegionId, Revision, Subject};

use crate::{
    Context, Edition, Entity, FactKind, Rejection, Txn, View, ViewError,
    catalog::{Catalog, Defect},
    check::{active, invalid},
    command::{HaltEdition, PublishCatalog, Waves},
    registry, sets,
};

/// Editions in one ring: a month's for twenty years. A publication reads all of them.
pub const EDITIONS_MAX: usize = 240;
/// Between one region and the next, where nothing else is wished.
pub const SOAK_SECONDS: u32 = 3600;
/// The least that is not 0. Clocks are promised to be wrong by ten minutes at most, so two differ by twenty, and half as much is left.
pub const SOAK_SECONDS_MIN: u32 = 1800;
/// A week.
pub const SOAK_SECONDS_MAX: u32 = 7 * 86_400;
/// Defects that one rejection names.
const DEFECTS_TOLD_MAX: usize = 8;

/// The row of an edition, which is its name too. In the global log.
pub fn subject(edition: &str) -> Subject {
    sets::editions().entry(edition)
}

/// The row of what is in an edition. In the global log.
pub fn contents(edition: &str) -> Subject {
    sets::catalogs().entry(edition)
}

impl Edition {
    /// From when on a region uses it, in Unix milliseconds of its own clock; `None`: as soon as it knows of it.
    pub fn start_ms(&self, region: &RegionId) -> Option<u64> {
        let place = self.order.iter().position(|named| named == region).unwrap_or(self.order.len());
        let waits = u64::try_from(place).unwrap_or(u64::MAX).saturating_mul(u64::from(self.soak_seconds) * 1000);
        (waits > 0).then(|| self.publish_time.unix_ms().saturating_add(waits))
    }

    /// Whether its wave has reached a region, halted or not.
    pub fn has_reached(&self, region: &RegionId, now: Hlc) -> bool {
        self.start_ms(region).is_none_or(|start| now.unix_ms() >= start)
    }
}

/// The name of the edition that new clusters in `region` are made of: the newest that has reached it and is not halted. `None` when there
/// is none. `view` is the global log; `now` the time of the region's log when something is decided there, else that of whoever looks.
/// Without a guard.
///
/// # Errors
/// [`ViewError`] when a row cannot be read.
pub fn name_in_effect(view: &dyn View, region: &RegionId, now: Hlc) -> Result<Option<String>, ViewError> {
    for name in view.entries(&sets::editions(), None, EDITIONS_MAX).into_iter().rev() {
        let edition = row(view, &name)?;
        if edition.halt_time.is_none() && edition.has_reached(region, now) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// What is in the edition of [`name_in_effect`].
///
/// # Errors
/// As there.
pub fn in_effect(view: &dyn View, region: &RegionId, now: Hlc) -> Result<Option<(Revision, Catalog)>, ViewError> {
    let name = name_in_effect(view, region, now)?;
    name.map(|name| read(view, &name)).transpose()
}

/// What a cluster that was made of the edition `had` is decided by again: the edition in effect, or still `had` where that is later,
/// because it was halted since. What a cluster was made of is not taken from it.
///
/// # Errors
/// As [`name_in_effect`].
pub fn in_effect_after(
    view: &dyn View,
    region: &RegionId,
    now: Hlc,
    had: &str,
) -> Result<(Revision, Catalog), ViewError> {
    let newer = name_in_effect(view, region, now)?.filter(|name| name.as_str() > had);
    read(view, newer.as_deref().unwrap_or(had))
}

/// The row of an edition that a list of them names.
fn row(view: &dyn View, name: &str) -> Result<Edition, ViewError> {
    let subject = subject(name);
    let found = view.row(&subject)?;
    found.map(|(_, edition)| edition).ok_or_else(|| ViewError { subject, detail: "no edition".to_owned() })
}

fn read(view: &dyn View, name: &str) -> Result<(Revision, Catalog), ViewError> {
    let subject = contents(name);
    view.row(&subject)?.ok_or_else(|| ViewError { subject, detail: "no catalogue".to_owned() })
}

pub(crate) fn publish(txn: &mut Txn<'_>, command: &PublishCatalog, ctx: &Context<'_>) -> Result<(), Rejection> {
    let catalog = &command.catalog;
    let defective = |defects: Vec<Defect>| unpublishable(&catalog.edition, &defects);
    catalog.check().map_err(defective)?;
    let (set, edition) = (sets::editions(), catalog.edition.clone());
    let published = txn.entries(&set, None, EDITIONS_MAX);
    if let Some(newest) = published.last().filter(|newest| **newest >= edition) {
        return Err(Rejection::EditionNotNewer { edition, newest: newest.clone() });
    }
    if published.len() >= EDITIONS_MAX {
        return Err(Rejection::TooManyEditions { edition });
    }
    // Any of them may be in effect somewhere, in a region that is cut off. The guard on the set covers them, for none ever changes.
    for earlier in &published {
        let (_, earlier) = read(txn.unguarded(), earlier)?;
        catalog.check_after(&earlier).map_err(defective)?;
    }
    let regions = registry::regions(txn)?;
    let missing = regions.iter().filter(|region| !catalog.regions.contains_key(region));
    let missing: Vec<Defect> = missing.map(|region| Defect::RegionMissing { region: region.clone() }).collect();
    if !missing.is_empty() {
        return Err(defective(missing));
    }
    let waves = match &command.waves {
        Some(waves) => waves.clone(),
        None if published.is_empty() => Waves { order: Vec::new(), soak_seconds: 0 },
        None => Waves { order: Vec::new(), soak_seconds: SOAK_SECONDS },
    };
    let order = ordered(&waves, regions)?;
    let row =
        Edition { name: edition.clone(), order, soak_seconds: soak(&waves)?, publish_time: ctx.now, halt_time: None };
    txn.write(FactKind::EditionPublished, subject(&edition), Some(row.into()))?;
    txn.write(FactKind::CatalogPublished, contents(&edition), Some(Entity::Catalog(catalog.clone())))?;
    txn.bump(&set)
}

/// All registered regions: those that `waves` names, then the others by name.
fn ordered(waves: &Waves, mut regions: BTreeSet<RegionId>) -> Result<Vec<RegionId>, Rejection> {
    let mut order = Vec::new();
    for region in &waves.order {
        if !regions.remove(region) {
            let left: Vec<&str> = regions.iter().map(RegionId::as_str).collect();
            let wanted = format!("regions of the ring, each once; left are: {}", left.join(", "));
            return Err(invalid("order", region.as_str(), wanted));
        }
        order.push(region.clone());
    }
    order.extend(regions);
    Ok(order)
}

fn soak(waves: &Waves) -> Result<u32, Rejection> {
    let given = waves.soak_seconds;
    if given == 0 || (SOAK_SECONDS_MIN..=SOAK_SECONDS_MAX).contains(&given) {
        return Ok(given);
    }
    let wanted = format!("0 s, or {SOAK_SECONDS_MIN} s to {SOAK_SECONDS_MAX} s");
    Err(invalid("soak", &format!("{given} s"), wanted))
}

pub(crate) fn halt(txn: &mut Txn<'_>, command: &HaltEdition, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = subject(&command.edition);
    let edition: Edition = active(txn, &subject, command.etag)?;
    if edition.halt_time.is_some() {
        return Err(Rejection::EditionHalted { edition: edition.name });
    }
    txn.write(FactKind::EditionHalted, subject, Some(Edition { halt_time: Some(ctx.now), ..edition }.into()))
}

fn unpublishable(edition: &str, defects: &[Defect]) -> Rejection {
    let told: Vec<String> = defects.iter().take(DEFECTS_TOLD_MAX).map(Defect::to_string).collect();
    Rejection::EditionUnpublishable { edition: edition.to_owned(), count: defects.len(), defects: told.join("; ") }
}
