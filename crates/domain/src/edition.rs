//! Decisions about editions of the catalogue.
//!
//! An edition is published as a whole and never changed. Editions follow one another by name, so that "the newest" means the
//! same to everybody, and none takes an address range for a region that any before it gave to another one: a region that is cut
//! off goes on giving out what it knew to be its own.

use ids::{Revision, Subject};

use crate::{
    Entity, FactKind, Rejection, Txn, View, ViewError,
    catalog::{Catalog, Defect},
    command::PublishCatalog,
    sets,
};

/// Editions in one ring: a month's for twenty years. A publication reads all their names.
pub const EDITIONS_MAX: usize = 240;
/// Defects that one rejection names.
const DEFECTS_TOLD_MAX: usize = 8;

/// The row of an edition. In the global log.
pub fn subject(edition: &str) -> Subject {
    sets::editions().entry(edition)
}

/// The newest edition that was published, without a guard; `None` before the first.
///
/// # Errors
/// [`ViewError`] when its row cannot be read.
pub fn newest(view: &dyn View) -> Result<Option<(Revision, Catalog)>, ViewError> {
    newest_subject(view).map_or(Ok(None), |subject| view.row(&subject))
}

/// The row of the newest edition that was published; `None` before the first.
pub fn newest_subject(view: &dyn View) -> Option<Subject> {
    view.entries(&sets::editions(), None, EDITIONS_MAX).pop().map(|edition| subject(&edition))
}

pub fn publish(txn: &mut Txn<'_>, command: &PublishCatalog) -> Result<(), Rejection> {
    let catalog = &command.catalog;
    let defective = |defects: Vec<Defect>| unpublishable(&catalog.edition, &defects);
    catalog.check().map_err(defective)?;
    let (set, edition) = (sets::editions(), catalog.edition.clone());
    let published = txn.entries(&set, None, EDITIONS_MAX);
    if let Some(newest) = published.last() {
        if *newest >= edition {
            return Err(Rejection::EditionNotNewer { edition, newest: newest.clone() });
        }
        // A region that is cut off may still go by any of them, not only by the newest. None ever changes, and the set is guarded.
        for earlier in &published {
            if let Some((_, earlier)) = txn.unguarded().row::<Catalog>(&subject(earlier))? {
                catalog.check_after(&earlier).map_err(defective)?;
            }
        }
    }
    if published.len() >= EDITIONS_MAX {
        return Err(Rejection::TooManyEditions { edition });
    }
    txn.write(FactKind::CatalogPublished, subject(&edition), Some(Entity::Catalog(catalog.clone())))?;
    txn.bump(&set)
}

fn unpublishable(edition: &str, defects: &[Defect]) -> Rejection {
    let told: Vec<String> = defects.iter().take(DEFECTS_TOLD_MAX).map(Defect::to_string).collect();
    Rejection::EditionUnpublishable { edition: edition.to_owned(), count: defects.len(), defects: told.join("; ") }
}
