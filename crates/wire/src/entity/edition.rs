//! Editions of the catalogue, without what is in them, to messages and back.

use domain::Edition;
use ids::Hlc;

use crate::{
    Error,
    catalog::{edition_in, regions_in},
    proto,
};

const EDITION: &str = "an edition";

impl From<&Edition> for proto::Edition {
    fn from(row: &Edition) -> Self {
        let Edition { name, order, soak_seconds, publish_time, halt_time } = row;
        Self {
            name: name.clone(),
            order: order.iter().map(ToString::to_string).collect(),
            soak_seconds: *soak_seconds,
            publish_time: publish_time.0,
            halt_time: halt_time.map(|time| time.0),
        }
    }
}

impl TryFrom<proto::Edition> for Edition {
    type Error = Error;

    fn try_from(message: proto::Edition) -> Result<Self, Error> {
        let proto::Edition { name, order, soak_seconds, publish_time, halt_time } = message;
        Ok(Self {
            name: edition_in(EDITION, "name", name)?,
            order: regions_in(EDITION, "order", &order)?,
            soak_seconds,
            publish_time: Hlc(publish_time),
            halt_time: halt_time.map(Hlc),
        })
    }
}
