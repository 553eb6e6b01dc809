//! Commands about organizations, to messages and back. Both directions take every field by name, so that a new one does not
//! compile until it is converted.

use domain::command::{CreateOrganization, DeleteOrganization, UpdateOrganization};
use ids::Revision;

use crate::{
    Error,
    field::{etag_out, name_in},
    proto,
};

impl From<&CreateOrganization> for proto::CreateOrganization {
    fn from(command: &CreateOrganization) -> Self {
        let CreateOrganization { name, display_name, description } = command;
        Self { name: name.to_string(), display_name: display_name.clone(), description: description.clone() }
    }
}

impl TryFrom<proto::CreateOrganization> for CreateOrganization {
    type Error = Error;

    fn try_from(message: proto::CreateOrganization) -> Result<Self, Error> {
        const WHAT: &str = "the creation of an organization";
        let proto::CreateOrganization { name, display_name, description } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description })
    }
}

impl From<&UpdateOrganization> for proto::UpdateOrganization {
    fn from(command: &UpdateOrganization) -> Self {
        let UpdateOrganization { name, display_name, description, etag } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateOrganization> for UpdateOrganization {
    type Error = Error;

    fn try_from(message: proto::UpdateOrganization) -> Result<Self, Error> {
        const WHAT: &str = "the update of an organization";
        let proto::UpdateOrganization { name, display_name, description, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description, etag: etag.map(Revision) })
    }
}

impl From<&DeleteOrganization> for proto::DeleteOrganization {
    fn from(command: &DeleteOrganization) -> Self {
        let DeleteOrganization { name, etag } = command;
        Self { name: name.to_string(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::DeleteOrganization> for DeleteOrganization {
    type Error = Error;

    fn try_from(message: proto::DeleteOrganization) -> Result<Self, Error> {
        const WHAT: &str = "the deletion of an organization";
        let proto::DeleteOrganization { name, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, etag: etag.map(Revision) })
    }
}
