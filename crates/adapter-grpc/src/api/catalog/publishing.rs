//! Publishing and halting: requests as commands.

use std::time::Duration;

use api::v1;
use domain::{
    catalog::is_edition,
    command::{HaltEdition, PublishCatalog, Waves},
    edition::SOAK_SECONDS,
};
use ids::limits::EDITION_BYTES_MAX;

use super::{edition_named, region_named};
use crate::api::{
    command::{Write, Writes, write},
    input::{etag, present},
    read::span,
    status::Refusal,
};

impl Writes for v1::PublishEditionRequest {
    fn write(self) -> Result<Write, Refusal> {
        let contents = present("contents", self.contents)?;
        let bytes = wire::encoded_len(&contents);
        if bytes > EDITION_BYTES_MAX {
            let message = format!(
                "published the edition {:?} of {bytes} bytes: wanted at most {EDITION_BYTES_MAX}",
                contents.edition.chars().take(80).collect::<String>()
            );
            let refusal = Refusal::new("EDITION_TOO_LARGE", message).with("bytes", bytes);
            return Err(refusal.with("limit_bytes", EDITION_BYTES_MAX));
        }
        if !is_edition(&contents.edition) {
            let wanted = "a month and perhaps a suffix, such as 2026-11 or 2026-11-b";
            return Err(Refusal::field("contents.edition", &contents.edition, wanted));
        }
        let catalog = wire::catalog::read_as(&contents).map_err(unreadable)?;
        let waves = self.waves.map(waves).transpose()?;
        write(PublishCatalog { catalog, waves }, &self.request_id, self.validate_only)
    }
}

/// The field is named as in the contents; there may be many of it.
fn unreadable(error: wire::Error) -> Refusal {
    match error {
        wire::Error::Field { what, field, value, wanted } => {
            Refusal::field("contents", &value, format!("{wanted} as {field} of {what}"))
        }
        other => Refusal::field("contents", "", format!("an edition: {other}")),
    }
}

fn waves(plan: v1::WavePlan) -> Result<Waves, Refusal> {
    const SOAK: &str = "waves.soak";
    let soak = match &plan.soak {
        None => Duration::from_secs(SOAK_SECONDS.into()),
        Some(given) => span(SOAK, given)?,
    };
    let whole = u32::try_from(soak.as_secs()).ok().filter(|_| soak.subsec_nanos() == 0);
    Ok(Waves {
        order: plan.order.iter().map(|name| region_named("waves.order", name)).collect::<Result<_, _>>()?,
        soak_seconds: whole
            .ok_or_else(|| Refusal::field(SOAK, &format!("{soak:?}"), "whole seconds, at most a week"))?,
    })
}

impl Writes for v1::HaltEditionRequest {
    fn write(self) -> Result<Write, Refusal> {
        let halt = HaltEdition { edition: edition_named("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(halt, &self.request_id, self.validate_only)
    }
}
