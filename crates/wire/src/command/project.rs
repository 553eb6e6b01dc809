//! Commands about projects, to messages and back. Both directions take every field by name, so that a new one does not
//! compile until it is converted.

use domain::command::{AcknowledgeDrain, CloseGate, CreateProject, DeleteProject, MoveProject, UpdateProject};
use ids::Revision;

use crate::{
    Error,
    field::{etag_out, name_in},
    proto,
};

impl From<&CreateProject> for proto::CreateProject {
    fn from(command: &CreateProject) -> Self {
        let CreateProject { name, parent, display_name, description } = command;
        Self {
            name: name.to_string(),
            parent: parent.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
        }
    }
}

impl TryFrom<proto::CreateProject> for CreateProject {
    type Error = Error;

    fn try_from(message: proto::CreateProject) -> Result<Self, Error> {
        const WHAT: &str = "the creation of a project";
        let proto::CreateProject { name, parent, display_name, description } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            parent: name_in(WHAT, "parent", &parent)?,
            display_name,
            description,
        })
    }
}

impl From<&UpdateProject> for proto::UpdateProject {
    fn from(command: &UpdateProject) -> Self {
        let UpdateProject { name, display_name, description, etag } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateProject> for UpdateProject {
    type Error = Error;

    fn try_from(message: proto::UpdateProject) -> Result<Self, Error> {
        const WHAT: &str = "the update of a project";
        let proto::UpdateProject { name, display_name, description, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description, etag: etag.map(Revision) })
    }
}

impl From<&MoveProject> for proto::MoveProject {
    fn from(command: &MoveProject) -> Self {
        let MoveProject { name, parent, etag } = command;
        Self { name: name.to_string(), parent: parent.to_string(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::MoveProject> for MoveProject {
    type Error = Error;

    fn try_from(message: proto::MoveProject) -> Result<Self, Error> {
        const WHAT: &str = "the move of a project";
        let proto::MoveProject { name, parent, etag } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            parent: name_in(WHAT, "parent", &parent)?,
            etag: etag.map(Revision),
        })
    }
}

impl From<&DeleteProject> for proto::DeleteProject {
    fn from(command: &DeleteProject) -> Self {
        let DeleteProject { name, etag } = command;
        Self { name: name.to_string(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::DeleteProject> for DeleteProject {
    type Error = Error;

    fn try_from(message: proto::DeleteProject) -> Result<Self, Error> {
        const WHAT: &str = "the deletion of a project";
        let proto::DeleteProject { name, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, etag: etag.map(Revision) })
    }
}

impl From<&AcknowledgeDrain> for proto::AcknowledgeDrain {
    fn from(command: &AcknowledgeDrain) -> Self {
        let AcknowledgeDrain { project, region } = command;
        Self { project: project.to_string(), region: region.to_string() }
    }
}

impl TryFrom<proto::AcknowledgeDrain> for AcknowledgeDrain {
    type Error = Error;

    fn try_from(message: proto::AcknowledgeDrain) -> Result<Self, Error> {
        const WHAT: &str = "the acknowledgement of a drain";
        let proto::AcknowledgeDrain { project, region } = message;
        Ok(Self { project: name_in(WHAT, "project", &project)?, region: name_in(WHAT, "region", &region)? })
    }
}

impl From<&CloseGate> for proto::CloseGate {
    fn from(command: &CloseGate) -> Self {
        let CloseGate { project, region } = command;
        Self { project: project.to_string(), region: region.to_string() }
    }
}

impl TryFrom<proto::CloseGate> for CloseGate {
    type Error = Error;

    fn try_from(message: proto::CloseGate) -> Result<Self, Error> {
        const WHAT: &str = "the closing of a gate";
        let proto::CloseGate { project, region } = message;
        Ok(Self { project: name_in(WHAT, "project", &project)?, region: name_in(WHAT, "region", &region)? })
    }
}
