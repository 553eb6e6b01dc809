//! Commands about folders, to messages and back. Both directions take every field by name, so that a new one does not
//! compile until it is converted.

use domain::command::{CreateFolder, DeleteFolder, MoveFolder, UpdateFolder};
use ids::Revision;

use crate::{
    Error,
    field::{etag_out, name_in},
    proto,
};

impl From<&CreateFolder> for proto::CreateFolder {
    fn from(command: &CreateFolder) -> Self {
        let CreateFolder { name, parent, display_name, description } = command;
        Self {
            name: name.to_string(),
            parent: parent.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
        }
    }
}

impl TryFrom<proto::CreateFolder> for CreateFolder {
    type Error = Error;

    fn try_from(message: proto::CreateFolder) -> Result<Self, Error> {
        const WHAT: &str = "the creation of a folder";
        let proto::CreateFolder { name, parent, display_name, description } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            parent: name_in(WHAT, "parent", &parent)?,
            display_name,
            description,
        })
    }
}

impl From<&UpdateFolder> for proto::UpdateFolder {
    fn from(command: &UpdateFolder) -> Self {
        let UpdateFolder { name, display_name, description, etag } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateFolder> for UpdateFolder {
    type Error = Error;

    fn try_from(message: proto::UpdateFolder) -> Result<Self, Error> {
        const WHAT: &str = "the update of a folder";
        let proto::UpdateFolder { name, display_name, description, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description, etag: etag.map(Revision) })
    }
}

impl From<&MoveFolder> for proto::MoveFolder {
    fn from(command: &MoveFolder) -> Self {
        let MoveFolder { name, parent, etag } = command;
        Self { name: name.to_string(), parent: parent.to_string(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::MoveFolder> for MoveFolder {
    type Error = Error;

    fn try_from(message: proto::MoveFolder) -> Result<Self, Error> {
        const WHAT: &str = "the move of a folder";
        let proto::MoveFolder { name, parent, etag } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            parent: name_in(WHAT, "parent", &parent)?,
            etag: etag.map(Revision),
        })
    }
}

impl From<&DeleteFolder> for proto::DeleteFolder {
    fn from(command: &DeleteFolder) -> Self {
        let DeleteFolder { name, etag } = command;
        Self { name: name.to_string(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::DeleteFolder> for DeleteFolder {
    type Error = Error;

    fn try_from(message: proto::DeleteFolder) -> Result<Self, Error> {
        const WHAT: &str = "the deletion of a folder";
        let proto::DeleteFolder { name, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, etag: etag.map(Revision) })
    }
}
