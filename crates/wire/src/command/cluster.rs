//! Commands about clusters, to messages and back. Both directions take every field by name, so that a new one does not
//! compile until it is converted.

use domain::command::{CreateCluster, DeleteCluster, HibernateCluster, UndeleteCluster, UpdateCluster, WakeCluster};
use ids::Revision;

use crate::{
    Error,
    entity::{cluster_type_in, options_in, options_out, ranges_in, ranges_out, window_in, window_out},
    field::{etag_out, name_in},
    proto,
};

impl From<&CreateCluster> for proto::CreateCluster {
    fn from(command: &CreateCluster) -> Self {
        let CreateCluster { name, display_name, description, cluster_type, options } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            cluster_type: cluster_type.to_string(),
            options: options_out(options),
        }
    }
}

impl TryFrom<proto::CreateCluster> for CreateCluster {
    type Error = Error;

    fn try_from(message: proto::CreateCluster) -> Result<Self, Error> {
        const WHAT: &str = "the creation of a cluster";
        let proto::CreateCluster { name, display_name, description, cluster_type, options } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            display_name,
            description,
            cluster_type: cluster_type_in(WHAT, &cluster_type)?,
            options: options_in(options)?,
        })
    }
}

impl From<&UpdateCluster> for proto::UpdateCluster {
    fn from(command: &UpdateCluster) -> Self {
        let UpdateCluster { name, display_name, description, allow_list, delete_protection, maintenance_window, etag } =
            command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            allow_list: ranges_out(allow_list),
            delete_protection: *delete_protection,
            maintenance_window: window_out(maintenance_window),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateCluster> for UpdateCluster {
    type Error = Error;

    fn try_from(message: proto::UpdateCluster) -> Result<Self, Error> {
        const WHAT: &str = "the update of a cluster";
        let proto::UpdateCluster {
            name,
            display_name,
            description,
            allow_list,
            delete_protection,
            maintenance_window,
            etag,
        } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            display_name,
            description,
            allow_list: ranges_in(WHAT, allow_list)?,
            delete_protection,
            maintenance_window: window_in(WHAT, maintenance_window)?,
            etag: etag.map(Revision),
        })
    }
}

impl From<&DeleteCluster> for proto::DeleteCluster {
    fn from(command: &DeleteCluster) -> Self {
        let DeleteCluster { name, retain_ms, etag } = command;
        Self { name: name.to_string(), retain_ms: *retain_ms, etag: etag_out(etag) }
    }
}

impl TryFrom<proto::DeleteCluster> for DeleteCluster {
    type Error = Error;

    fn try_from(message: proto::DeleteCluster) -> Result<Self, Error> {
        const WHAT: &str = "the deletion of a cluster";
        let proto::DeleteCluster { name, retain_ms, etag } = message;
        Ok(Self { name: name_in(WHAT, "name", &name)?, retain_ms, etag: etag.map(Revision) })
    }
}

macro_rules! named {
    ($($command:ident $what:literal,)*) => { $(
        impl From<&$command> for proto::$command {
            fn from(command: &$command) -> Self {
                let $command { name, etag } = command;
                Self { name: name.to_string(), etag: etag_out(etag) }
            }
        }

        impl TryFrom<proto::$command> for $command {
            type Error = Error;

            fn try_from(message: proto::$command) -> Result<Self, Error> {
                let proto::$command { name, etag } = message;
                Ok(Self { name: name_in($what, "name", &name)?, etag: etag.map(Revision) })
            }
        }
    )* };
}

named! {
    UndeleteCluster "taking back the deletion of a cluster",
    HibernateCluster "the hibernation of a cluster",
    WakeCluster "the waking of a cluster",
}
