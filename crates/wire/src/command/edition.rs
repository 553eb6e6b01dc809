//! Commands about editions of the catalogue, to messages and back. Both directions take every field by name, so that a new one does not
//! compile until it is converted.

use domain::{
    catalog::Catalog,
    command::{HaltEdition, PublishCatalog, Waves},
};
use ids::Revision;

use crate::{
    Error,
    catalog::{edition_in, regions_in, texts_out},
    field::etag_out,
    proto,
};

impl From<&PublishCatalog> for proto::PublishCatalog {
    fn from(command: &PublishCatalog) -> Self {
        let PublishCatalog { catalog, waves } = command;
        let waves = waves
            .as_ref()
            .map(|Waves { order, soak_seconds }| proto::Waves { order: texts_out(order), soak_seconds: *soak_seconds });
        Self { catalog: Some(Box::new(catalog.into())), waves }
    }
}

impl TryFrom<proto::PublishCatalog> for PublishCatalog {
    type Error = Error;

    fn try_from(message: proto::PublishCatalog) -> Result<Self, Error> {
        const WHAT: &str = "the publication of a catalogue";
        let catalog = message.catalog.ok_or_else(|| Error::field(WHAT, "catalog", "not set", "an edition"))?;
        let mut catalog: Catalog = (*catalog).try_into()?;
        catalog.edition = edition_in(WHAT, "catalog.edition", catalog.edition)?;
        let waves = |proto::Waves { order, soak_seconds }| {
            Ok::<_, Error>(Waves { order: regions_in(WHAT, "waves.order", &order)?, soak_seconds })
        };
        Ok(Self { catalog, waves: message.waves.map(waves).transpose()? })
    }
}

impl From<&HaltEdition> for proto::HaltEdition {
    fn from(command: &HaltEdition) -> Self {
        let HaltEdition { edition, etag } = command;
        Self { edition: edition.clone(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::HaltEdition> for HaltEdition {
    type Error = Error;

    fn try_from(message: proto::HaltEdition) -> Result<Self, Error> {
        let proto::HaltEdition { edition, etag } = message;
        Ok(Self { edition: edition_in("the halt of an edition", "edition", edition)?, etag: etag.map(Revision) })
    }
}
