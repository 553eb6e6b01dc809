//! Clusters, and what became of them, as the messages that clients see.

use api::v1::{
    self,
    cluster_condition::Truth as ShownTruth,
    cluster_network::Tenancy as ShownTenancy,
    cluster_status::{Health as ShownHealth, State as ShownState},
};
use bytes::Bytes;
use domain::{
    Basis, Cidr, Cluster, ClusterOptions, ClusterStatus, Command, Deed, MachineRun, Network, Tenancy, VersionWish,
    View, ViewError, cluster, command,
    held::{Condition, Health, Held, State, Status, Time, Truth},
};
use ids::{RequestId, Revision};

use super::machines;
use crate::api::{
    operations::life::Life,
    resource::{Resource, set, timestamp},
};

/// Bytes of a message beyond its texts.
const MESSAGE_BYTES: usize = 64;

/// What became of a cluster; none where nobody has begun.
///
/// # Errors
/// The row cannot be read.
pub fn status_of(view: &dyn View, row: &Cluster) -> Result<Option<ClusterStatus>, ViewError> {
    let status = view.row::<ClusterStatus>(&cluster::status(&row.name))?;
    // Of an earlier cluster of the name nothing counts.
    Ok(status.map(|(_, status)| status).filter(|status| status.uid == row.uid))
}

impl Resource for v1::Cluster {
    type Row = Cluster;

    fn show(revision: Revision, row: &Cluster) -> Self {
        let mut shown = Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            cluster_type: row.cluster_type.to_string(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
            options: options(&row.options),
            purge_time: row.purge_time.and_then(timestamp),
            ..Self::default()
        };
        if let Some(Basis { edition, version, network: given, delete_protection, decisions, account: _, vcpus: _ }) =
            &row.basis
        {
            shown.edition.clone_from(edition);
            shown.version = version.to_string();
            shown.network = Some(network(given));
            shown.delete_protection = *delete_protection;
            shown.decisions_hash = Bytes::copy_from_slice(decisions);
        }
        shown
    }

    fn look(&mut self, row: &Cluster, view: &dyn View) -> Result<(), ViewError> {
        let became = status_of(view, row)?;
        let pending = || v1::ClusterStatus {
            state: ShownState::Pending.into(),
            health: ShownHealth::Unknown.into(),
            ..v1::ClusterStatus::default()
        };
        self.operation = Life::under_way(row, became.as_ref()).map(|life| life.name()).unwrap_or_default();
        self.status = Some(became.as_ref().map_or_else(pending, status));
        Ok(())
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateCluster(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    cluster_type: create.cluster_type.to_string(),
                    options: options(&create.options),
                    ..Self::default()
                };
            }
            Command::UpdateCluster(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
                let given = ClusterOptions {
                    allow_list: update.allow_list.clone(),
                    delete_protection: update.delete_protection,
                    maintenance_window: update.maintenance_window,
                    ..ClusterOptions::default()
                };
                let Some(given) = options(&given) else { return };
                let had = self.options.get_or_insert_default();
                if update.allow_list.is_some() {
                    had.allow_list = given.allow_list;
                }
                had.delete_protection = given.delete_protection.or(had.delete_protection);
                self.delete_protection = given.delete_protection.unwrap_or(self.delete_protection);
                if update.maintenance_window.is_some() {
                    had.maintenance_window = given.maintenance_window;
                }
            }
            Command::DeleteCluster(command::DeleteCluster { name, .. })
            | Command::UndeleteCluster(command::UndeleteCluster { name, .. })
            | Command::HibernateCluster(command::HibernateCluster { name, .. })
            | Command::WakeCluster(command::WakeCluster { name, .. }) => self.name = name.to_string(),
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        let of_options = self.options.as_ref().map_or(0, |options| options.allow_list.len() * MESSAGE_BYTES);
        let of_status = self.status.as_ref().map_or(0, |status| {
            let conditions = status.conditions.iter().map(|of| MESSAGE_BYTES + of.reason.len());
            let constraints = status.constraints.iter().map(|of| MESSAGE_BYTES + of.reason.len());
            let held_up = status.held_up_by.iter().map(String::len);
            conditions.chain(constraints).chain(held_up).sum::<usize>() + status.creation.len() * MESSAGE_BYTES
        });
        (&self.name, self.display_name.len() + self.description.len() + of_options + of_status)
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}

fn options(of: &ClusterOptions) -> Option<v1::ClusterOptions> {
    let text = |range: &Option<Cidr>| range.map(|range| range.to_string()).unwrap_or_default();
    let version = of.version.map(|version| match version {
        VersionWish::Exactly(version) => version.to_string(),
        VersionWish::Channel(channel) => channel.to_string(),
    });
    let shown = v1::ClusterOptions {
        version: version.unwrap_or_default(),
        cluster_cidr: text(&of.cluster_cidr),
        pod_cidr: text(&of.pod_cidr),
        service_cidr: text(&of.service_cidr),
        allow_list: of.allow_list.iter().flatten().map(Cidr::to_string).collect(),
        delete_protection: of.delete_protection,
        maintenance_window: of.maintenance_window.map(|window| window.to_string()).unwrap_or_default(),
        privileged: of.privileged,
    };
    (*of != ClusterOptions::default()).then_some(shown)
}

fn network(of: &Network) -> v1::ClusterNetwork {
    let tenancy = match of.tenancy {
        Tenancy::Shared => ShownTenancy::Shared,
        Tenancy::Dedicated => ShownTenancy::Dedicated,
    };
    v1::ClusterNetwork {
        tenancy: tenancy.into(),
        vpc_cidr: of.vpc.to_string(),
        cluster_cidr: of.cluster_cidr.to_string(),
        pod_cidr: of.pods.to_string(),
        service_cidr: of.services.to_string(),
        zones: of.zones.iter().map(|zone| zone.id.clone()).collect(),
    }
}

/// What became of a cluster.
pub fn status(row: &ClusterStatus) -> v1::ClusterStatus {
    let ClusterStatus { held, status, report, waits, .. } = row;
    let conditions = status.conditions.iter().map(|(condition, (truth, why))| v1::ClusterCondition {
        name: condition.name().to_owned(),
        truth: shown_truth(*truth).into(),
        reason: why.clone(),
    });
    let constraints = status.constraints.iter().map(|(constraint, refusal)| v1::ClusterConstraint {
        name: constraint.name().to_owned(),
        possible: refusal.is_none(),
        reason: refusal.clone().unwrap_or_default(),
    });
    let creation = report.iter().map(|(phase, times)| v1::CreationPhase {
        name: phase.name().to_owned(),
        begin_time: times.began.and_then(timestamp),
        end_time: times.done.and_then(timestamp),
    });
    let mut waits: Vec<_> = waits.iter().filter(|_| held.made.is_some()).collect();
    waits.sort_by_key(|(_, wait)| wait.from);
    let waits = waits.into_iter().map(|(part, wait)| v1::CloudWait {
        part: part.to_string(),
        begin_time: timestamp(wait.from),
        end_time: timestamp(wait.until),
    });
    v1::ClusterStatus {
        state: shown_state(status.state).into(),
        health: shown_health(status.health).into(),
        conditions: conditions.collect(),
        constraints: constraints.collect(),
        creation: creation.collect(),
        ready_time: held.made.map(at),
        machines: machines::counted(held),
        held_up_by: held_up_by(held, status),
        waits: waits.collect(),
    }
}

/// What the cloud refuses or does not tell, and what fails again and again, for people.
pub fn held_up_by(held: &Held, status: &Status) -> Vec<String> {
    let refused = held.refused.iter();
    let refused = refused.map(|(part, of)| format!("{part}: refused {} times, last with {}", of.times, of.why));
    let failed = held.failed.iter();
    let failed = failed.map(|(part, of)| format!("{part}: failed {} times, last with {}", of.times, of.why));
    let untold = status.conditions.get(&Condition::NetworkReady).filter(|(truth, _)| *truth == Truth::Unknown);
    refused.chain(failed).chain(untold.map(|(_, why)| why.clone())).collect()
}

/// A time of the cloud's clock.
pub fn at(time: Time) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: i64::try_from(time.0).unwrap_or(i64::MAX), nanos: 0 }
}

pub fn deed(of: &Deed) -> v1::Deed {
    v1::Deed { time: Some(at(of.at)), part: of.part.to_string(), did: of.did.clone(), cause: of.cause.clone() }
}

/// One time that a machine ran.
pub fn machine_run(row: &MachineRun) -> v1::MachineRun {
    v1::MachineRun {
        cluster: row.cluster.to_string(),
        machine: row.machine.to_string(),
        slot: row.slot.to_string(),
        instance_type: row.instance_type.clone(),
        vcpus: i32::try_from(row.vcpus).unwrap_or(i32::MAX),
        memory_mib: i64::try_from(row.memory_mib).unwrap_or(i64::MAX),
        start_time: Some(at(row.started)),
        stop_time: row.stopped.map(|(time, _)| at(time)),
    }
}

fn shown_state(state: State) -> ShownState {
    match state {
        State::Pending => ShownState::Pending,
        State::Provisioning => ShownState::Provisioning,
        State::Running => ShownState::Running,
        State::Repairing => ShownState::Repairing,
        State::Hibernating => ShownState::Hibernating,
        State::Hibernated => ShownState::Hibernated,
        State::Waking => ShownState::Waking,
        State::Deleting => ShownState::Deleting,
        State::Deleted => ShownState::Deleted,
    }
}

fn shown_health(health: Health) -> ShownHealth {
    match health {
        Health::Healthy => ShownHealth::Healthy,
        Health::Warning => ShownHealth::Warning,
        Health::Unhealthy => ShownHealth::Unhealthy,
        Health::Unknown => ShownHealth::Unknown,
    }
}

fn shown_truth(truth: Truth) -> ShownTruth {
    match truth {
        Truth::True => ShownTruth::True,
        Truth::False => ShownTruth::False,
        Truth::Unknown => ShownTruth::Unknown,
    }
}
