//! Clusters of the double: what is asked of them. What becomes of them the test says ([`State::became`]).

use api::v1::{self, fact::After};
use tonic::{Code, Status};

use super::{
    super::state::{Done, State, bad_field, check_etag, not_found, refusal},
    region_log, update_texts,
};

/// One that nobody has begun to make.
pub(super) fn new(state: &mut State, name: &str, id: &str, given: v1::Cluster) -> v1::Cluster {
    let pending = v1::ClusterStatus {
        state: v1::cluster_status::State::Pending.into(),
        health: v1::cluster_status::Health::Unknown.into(),
        ..v1::ClusterStatus::default()
    };
    let operation = if state.cloud { begin(state, name, id, "create") } else { String::new() };
    v1::Cluster { status: Some(pending), operation, ..given }
}

pub(super) fn delete(state: &mut State, r: &v1::DeleteClusterRequest) -> Result<Done, Status> {
    let found = state.clusters.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))?;
    check_etag(&r.name, &r.etag, &found.etag)?;
    if !state.cloud {
        state.clusters.remove(&r.name);
        state.append(&region_log(&r.name), &r.request_id, "cluster-deleted", &r.name, None);
        return Ok(Done::Cluster(found));
    }
    if found.delete_protection {
        let message =
            format!("deleted {}: it is protected from deletion, wanted delete_protection to be false", r.name);
        return Err(refusal(Code::FailedPrecondition, "DELETE_PROTECTED", message, &[("subject", &r.name)]));
    }
    let purge = state.stamp(&region_log(&r.name), "").time.map(|now| prost_types::Timestamp {
        seconds: now.seconds + r.retain.map_or(0, |retain| retain.seconds),
        ..now
    });
    if let Some(cluster) = state.clusters.get_mut(&r.name) {
        cluster.purge_time = purge;
    }
    let done = wish(state, &r.name, &r.etag, &r.request_id, ("delete", "deletion-wished"))?;
    if let (Done::Cluster(cluster), Some(_)) = (&done, r.retain)
        && let Some(operation) = state.operations.get_mut(&cluster.operation)
    {
        operation.metadata.get_or_insert_default().purge_time = purge;
    }
    Ok(done)
}

pub(super) fn undelete(state: &mut State, r: &v1::UndeleteClusterRequest) -> Result<Done, Status> {
    let found = state.clusters.get_mut(&r.name).ok_or_else(|| not_found(&r.name))?;
    if found.purge_time.take().is_none() {
        let message =
            format!("took back the deletion of {}: it is not being deleted, wanted a cluster that is", r.name);
        return Err(refusal(Code::FailedPrecondition, "NOTHING_TO_UNDELETE", message, &[("subject", &r.name)]));
    }
    wish(state, &r.name, &r.etag, &r.request_id, ("wake", "undeleted"))
}

/// Sets what an update says beyond texts, then the texts.
pub(super) fn update(
    state: &mut State,
    log: &str,
    id: &str,
    given: v1::Cluster,
    mask: Option<prost_types::FieldMask>,
) -> Result<Done, Status> {
    let (options, texts) =
        mask.unwrap_or_default().paths.into_iter().partition::<Vec<_>, _>(|path| path.starts_with("options."));
    let asked = given.options.clone().unwrap_or_default();
    let current = state.clusters.get_mut(&given.name).ok_or_else(|| not_found(&given.name))?;
    check_etag(&given.name, &given.etag, &current.etag)?;
    for path in options {
        let had = current.options.get_or_insert_default();
        match path.as_str() {
            "options.allow_list" => had.allow_list.clone_from(&asked.allow_list),
            "options.delete_protection" => {
                had.delete_protection = asked.delete_protection;
                current.delete_protection = asked.delete_protection();
            }
            "options.maintenance_window" => had.maintenance_window.clone_from(&asked.maintenance_window),
            _ => return Err(bad_field("update_mask", "wanted what an update may change")),
        }
    }
    update_texts(state, log, id, given, Some(prost_types::FieldMask { paths: texts }))
}

/// Asks something of a cluster; `what` names the operation, and how the record says it.
pub(super) fn wish(state: &mut State, name: &str, etag: &str, id: &str, what: (&str, &str)) -> Result<Done, Status> {
    let log = region_log(name);
    let stamp = state.stamp(&log, id);
    let found = state.clusters.get(name).ok_or_else(|| not_found(name))?;
    check_etag(name, etag, &found.etag)?;
    let uid = found.uid.clone();
    let operation = if state.cloud { begin(state, name, &uid, what.0) } else { String::new() };
    let cluster = state.clusters.get_mut(name).ok_or_else(|| not_found(name))?;
    (cluster.etag, cluster.update_time, cluster.operation) = (stamp.etag, stamp.time, operation);
    let made = cluster.clone();
    state.append(&log, id, &format!("cluster-{}", what.1), name, Some(After::Cluster(made.clone())));
    Ok(Done::Cluster(made))
}

/// Begins an operation about a cluster, and gives its name.
fn begin(state: &mut State, cluster: &str, uid: &str, what: &str) -> String {
    let words: Vec<&str> = cluster.split('/').collect();
    let [_, organization, _, project, _, location, _, id] = words.as_slice() else { return String::new() };
    let name = format!("organizations/{organization}/operations/{project}.{location}.{id}.{what}.{uid}");
    let metadata = v1::OperationMetadata { stage: "PENDING".to_owned(), ..v1::OperationMetadata::default() };
    let operation = v1::Operation {
        name: name.clone(),
        kind: format!("clusters.{what}"),
        target: cluster.to_owned(),
        done: false,
        metadata: Some(metadata),
        error: None,
    };
    state.operations.insert(name.clone(), operation);
    name
}
