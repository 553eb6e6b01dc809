//! Clusters and times that their machines ran, to messages and back. What became of clusters is in `held`.

use bytes::Bytes;
use domain::{
    Basis, Cidr, Cluster, ClusterOptions, ClusterType, MachineRun, VersionWish, Wish,
    catalog::{Key, Value, Window},
    held::Time,
};
use ids::Hlc;

use super::{cidr_in, uid_out};
use crate::{
    Error,
    field::{name_in, sixteen_bytes_in, uid_in},
    proto,
};

const CLUSTER: &str = "a cluster";
const OPTIONS: &str = "options of a cluster";
const BASIS: &str = "the basis of a cluster";
const RUN: &str = "a machine run";

impl From<&Cluster> for proto::Cluster {
    fn from(row: &Cluster) -> Self {
        let Cluster {
            name,
            uid,
            project_uid,
            display_name,
            description,
            cluster_type,
            options,
            wish,
            purge_time,
            basis,
            create_time,
            update_time,
        } = row;
        let wish = match wish {
            Wish::Run => proto::ClusterWish::Run,
            Wish::Hibernate => proto::ClusterWish::Hibernate,
            Wish::Delete => proto::ClusterWish::Delete,
        };
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            project_uid: uid_out(project_uid),
            display_name: display_name.clone(),
            description: description.clone(),
            cluster_type: cluster_type.to_string(),
            options: options_out(options),
            wish: wish.into(),
            purge_time: purge_time.map(|time| time.0),
            basis: basis.as_ref().map(basis_out),
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::Cluster> for Cluster {
    type Error = Error;

    fn try_from(message: proto::Cluster) -> Result<Self, Error> {
        let proto::Cluster {
            name,
            uid,
            project_uid,
            display_name,
            description,
            cluster_type,
            options,
            wish,
            purge_time,
            basis,
            create_time,
            update_time,
        } = message;
        let wish = match proto::ClusterWish::try_from(wish) {
            Ok(proto::ClusterWish::Run) => Wish::Run,
            Ok(proto::ClusterWish::Hibernate) => Wish::Hibernate,
            Ok(proto::ClusterWish::Delete) => Wish::Delete,
            Err(_) => return Err(Error::field(CLUSTER, "wish", wish, "0 (RUN), 1 (HIBERNATE) or 2 (DELETE)")),
        };
        Ok(Self {
            name: name_in(CLUSTER, "name", &name)?,
            uid: uid_in(CLUSTER, &uid)?,
            project_uid: sixteen_bytes_in(CLUSTER, "project_uid", &project_uid)?,
            display_name,
            description,
            cluster_type: cluster_type_in(CLUSTER, &cluster_type)?,
            options: options_in(options)?,
            wish,
            purge_time: purge_time.map(Hlc),
            basis: basis.map(basis_in).transpose()?,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}

pub(crate) fn cluster_type_in(what: &'static str, value: &str) -> Result<ClusterType, Error> {
    value.parse().map_err(|_| Error::field(what, "cluster_type", value, "1 to 40 of A-Z, 0-9 and _, a letter first"))
}

/// Nothing where nothing was asked for, so that most rows have no such field.
pub(crate) fn options_out(options: &ClusterOptions) -> Option<proto::ClusterOptions> {
    let ClusterOptions {
        version,
        cluster_cidr,
        pod_cidr,
        service_cidr,
        allow_list,
        delete_protection,
        maintenance_window,
        privileged,
    } = options;
    let range = |range: &Option<Cidr>| range.map(|range| range.to_string());
    let version = version.as_ref().map(|wish| match wish {
        VersionWish::Exactly(version) => version.to_string(),
        VersionWish::Channel(channel) => channel.to_string(),
    });
    let message = proto::ClusterOptions {
        version,
        cluster_cidr: range(cluster_cidr),
        pod_cidr: range(pod_cidr),
        service_cidr: range(service_cidr),
        allow_list: ranges_out(allow_list),
        delete_protection: *delete_protection,
        maintenance_window: window_out(maintenance_window),
        privileged: *privileged,
    };
    (message != proto::ClusterOptions::default()).then_some(message)
}

pub(crate) fn options_in(message: Option<proto::ClusterOptions>) -> Result<ClusterOptions, Error> {
    let proto::ClusterOptions {
        version,
        cluster_cidr,
        pod_cidr,
        service_cidr,
        allow_list,
        delete_protection,
        maintenance_window,
        privileged,
    } = message.unwrap_or_default();
    let range = |field, range: Option<String>| range.map(|range| cidr_in(OPTIONS, field, &range)).transpose();
    let wish = |text: String| {
        let exactly = text.parse().map(VersionWish::Exactly);
        let wish = exactly.or_else(|_| text.parse().map(VersionWish::Channel));
        wish.map_err(|_| Error::field(OPTIONS, "version", &text, "a version, such as 1.36.1, or a channel"))
    };
    Ok(ClusterOptions {
        version: version.map(wish).transpose()?,
        cluster_cidr: range("cluster_cidr", cluster_cidr)?,
        pod_cidr: range("pod_cidr", pod_cidr)?,
        service_cidr: range("service_cidr", service_cidr)?,
        allow_list: ranges_in(OPTIONS, allow_list)?,
        delete_protection,
        maintenance_window: window_in(OPTIONS, maintenance_window)?,
        privileged,
    })
}

pub(crate) fn ranges_out(ranges: &Option<Vec<Cidr>>) -> Option<proto::AllowList> {
    let ranges = ranges.as_ref()?;
    Some(proto::AllowList { ranges: ranges.iter().map(Cidr::to_string).collect() })
}

pub(crate) fn ranges_in(what: &'static str, list: Option<proto::AllowList>) -> Result<Option<Vec<Cidr>>, Error> {
    let read = |list: proto::AllowList| list.ranges.iter().map(|range| cidr_in(what, "allow_list", range)).collect();
    list.map(read).transpose()
}

pub(crate) fn window_out(window: &Option<Window>) -> Option<String> {
    window.map(|window| window.to_string())
}

pub(crate) fn window_in(what: &'static str, window: Option<String>) -> Result<Option<Window>, Error> {
    let read = |text: String| match Key::Maintenance.shape().read(&text) {
        Ok(Value::Window(window)) => Ok(window),
        Ok(_) | Err(_) => Err(Error::field(what, "maintenance_window", &text, "any, or such as sunday 03:00 4h")),
    };
    window.map(read).transpose()
}

fn basis_out(basis: &Basis) -> proto::ClusterBasis {
    let Basis { account, edition, version, network, delete_protection, vcpus, decisions } = basis;
    proto::ClusterBasis {
        account: account.to_string(),
        edition: edition.clone(),
        version: version.to_string(),
        network: Some(network.into()),
        delete_protection: *delete_protection,
        vcpus: *vcpus,
        decisions: Bytes::copy_from_slice(decisions),
    }
}

fn basis_in(message: proto::ClusterBasis) -> Result<Basis, Error> {
    let proto::ClusterBasis { account, edition, version, network, delete_protection, vcpus, decisions } = message;
    let network = network.ok_or_else(|| Error::field(BASIS, "network", "not set", "the addresses of the cluster"))?;
    let bytes = decisions.as_ref().try_into();
    Ok(Basis {
        account: name_in(BASIS, "account", &account)?,
        edition,
        version: version.parse().map_err(|_| Error::field(BASIS, "version", &version, "1.MINOR.PATCH"))?,
        network: network.try_into()?,
        delete_protection,
        vcpus,
        decisions: bytes.map_err(|_| Error::field(BASIS, "decisions", decisions.len(), "32 bytes"))?,
    })
}

impl From<&MachineRun> for proto::MachineRun {
    fn from(row: &MachineRun) -> Self {
        let MachineRun {
            cluster,
            uid,
            machine,
            slot,
            instance_type,
            vcpus,
            memory_mib,
            started,
            started_recorded,
            stopped,
        } = row;
        Self {
            cluster: cluster.to_string(),
            uid: uid_out(uid),
            machine: machine.to_string(),
            slot: slot.to_string(),
            instance_type: instance_type.clone(),
            vcpus: *vcpus,
            memory_mib: *memory_mib,
            started: started.0,
            started_recorded: started_recorded.0,
            stopped: stopped.map(|(at, _)| at.0),
            stopped_recorded: stopped.map(|(_, recorded)| recorded.0),
        }
    }
}

impl TryFrom<proto::MachineRun> for MachineRun {
    type Error = Error;

    fn try_from(message: proto::MachineRun) -> Result<Self, Error> {
        let proto::MachineRun {
            cluster,
            uid,
            machine,
            slot,
            instance_type,
            vcpus,
            memory_mib,
            started,
            started_recorded,
            stopped,
            stopped_recorded,
        } = message;
        if stopped.is_some() != stopped_recorded.is_some() {
            return Err(Error::field(RUN, "stopped", "one of its two times", "both or none"));
        }
        Ok(Self {
            cluster: name_in(RUN, "cluster", &cluster)?,
            uid: uid_in(RUN, &uid)?,
            machine: machine.as_str().into(),
            slot: slot.parse().map_err(|_| Error::field(RUN, "slot", &slot, "such as worker-3"))?,
            instance_type,
            vcpus,
            memory_mib,
            started: Time(started),
            started_recorded: Hlc(started_recorded),
            stopped: stopped.zip(stopped_recorded).map(|(at, recorded)| (Time(at), Hlc(recorded))),
        })
    }
}
