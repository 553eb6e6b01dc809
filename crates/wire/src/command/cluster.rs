//! Commands about clusters, to messages and back. Both directions take every field by name, so that a new one does not
//! compile until it is converted.

use domain::command::{CreateCluster, DeleteCluster, UpdateCluster};
use ids::Revision;

use crate::{
    Error,
    entity::{cluster_type_in, cluster_type_out},
    field::{etag_out, name_in},
    proto,
};

impl From<&CreateCluster> for proto::CreateCluster {
    fn from(command: &CreateCluster) -> Self {
        let CreateCluster { name, display_name, description, cluster_type } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            cluster_type: cluster_type_out(*cluster_type),
        }
    }
}

impl TryFrom<proto::CreateCluster> for CreateCluster {
    type Error = Error;

    fn try_from(message: proto::CreateCluster) -> Result<Self, Error> {
        const WHAT: &str = "the creation of a cluster";
        let proto::CreateCluster { name, display_name, description, cluster_type } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            display_name,
            description,
            cluster_type: cluster_type_in(WHAT, cluster_type)?,
        })
    }
}

impl From<&UpdateCluster> for proto::UpdateCluster {
    fn from(command: &UpdateCluster) -> Self {
        let UpdateCluster { name, display_name, description, etag } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateCluster> for UpdateCluster {
    type Error = Error;

    fn try_from(message: proto::UpdateCluster) -> Result<Self, Error> {
        const WHAT: &str = "the update of a cluster";
        let proto::UpdateCluster { name, display_name, description, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description, etag: etag.map(Revision) })
    }
}

impl From<&DeleteCluster> for proto::DeleteCluster {
    fn from(command: &DeleteCluster) -> Self {
        let DeleteCluster { name, etag } = command;
        Self { name: name.to_string(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::DeleteCluster> for DeleteCluster {
    type Error = Error;

    fn try_from(message: proto::DeleteCluster) -> Result<Self, Error> {
        const WHAT: &str = "the deletion of a cluster";
        let proto::DeleteCluster { name, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, etag: etag.map(Revision) })
    }
}
