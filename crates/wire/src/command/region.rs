//! The command about the registry of regions, to a message and back. Both directions take every field by name, so that a new
//! one does not compile until it is converted.

use domain::command::RegisterRegion;

use crate::{Error, field::name_in, proto};

impl From<&RegisterRegion> for proto::RegisterRegion {
    fn from(command: &RegisterRegion) -> Self {
        let RegisterRegion { region } = command;
        Self { region: region.to_string() }
    }
}

impl TryFrom<proto::RegisterRegion> for RegisterRegion {
    type Error = Error;

    fn try_from(message: proto::RegisterRegion) -> Result<Self, Error> {
        const WHAT: &str = "the registration of a region";
        let proto::RegisterRegion { region } = message;
        Ok(Self { region: name_in(WHAT, "region", &region)? })
    }
}
