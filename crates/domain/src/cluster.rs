//! Decisions about clusters, in the log of the region that their name says.
//!
//! A region decides about its clusters without asking anyone, also when it is cut off. What it needs from the global
//! log, that the project is ACTIVE, it reads from its own copy, which may be behind: no guard spans two logs. What keeps
//! a cluster out of a project whose deletion this copy has not seen is the project's [`crate::gate`] in this log.

use ids::{ResourceName, Subject};

use crate::{
    Cluster, Context, FactKind, Project, Rejection, State, Txn, check,
    command::{CreateCluster, DeleteCluster, UpdateCluster},
    gate, sets,
};

pub fn create(txn: &mut Txn<'_>, command: &CreateCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.name;
    let subject = Subject::resource(&name.clone().into());
    check::texts(&command.display_name, &command.description)?;
    let project = ctx.global.row::<Project>(&Subject::resource(&ResourceName::Project(name.project.clone())))?;
    let project = match project {
        Some((_, project)) if project.state == State::Active => project,
        other => {
            let state = other.map(|(_, project)| project.state);
            return Err(Rejection::ProjectNotActive { subject, project: name.project.clone(), state });
        }
    };
    gate::check_open(txn, &project, &subject)?;
    check::name_is_free::<Cluster>(txn, &subject)?;
    let row = Cluster {
        name: name.clone(),
        uid: ctx.request_id,
        project_uid: project.uid,
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        cluster_type: command.cluster_type,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    txn.write(FactKind::ClusterCreated, subject, Some(row.into()))?;
    txn.add_entry(&sets::clusters(&name.project), name.cluster.as_str())
}

pub fn update(txn: &mut Txn<'_>, command: &UpdateCluster, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = Subject::resource(&command.name.clone().into());
    check::changes(&subject, command.display_name.as_deref(), command.description.as_deref())?;
    let mut row: Cluster = check::active(txn, &subject, command.etag)?;
    row.display_name = command.display_name.clone().unwrap_or(row.display_name);
    row.description = command.description.clone().unwrap_or(row.description);
    row.update_time = ctx.now;
    txn.write(FactKind::ClusterUpdated, subject, Some(row.into()))
}

/// The row goes: revisions rise for as long as the log lives, so a cluster that is made again under the name is told
/// apart.
pub fn delete(txn: &mut Txn<'_>, command: &DeleteCluster) -> Result<(), Rejection> {
    let name = &command.name;
    let subject = Subject::resource(&name.clone().into());
    check::active::<Cluster>(txn, &subject, command.etag)?;
    txn.write(FactKind::ClusterDeleted, subject, None)?;
    txn.remove_entry(&sets::clusters(&name.project), name.cluster.as_str())
}
