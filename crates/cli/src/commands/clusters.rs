//! `atoll cluster`.

use client::v1;

use super::{
    deleting::{allowed, said, verb},
    organizations::{both, paths},
    reading::{describe, get, list},
};
use crate::{
    args::{ClusterCommand, Delete, Get, Place, Texts, Update, Writing},
    fail::Fail,
    names::id,
    session::Session,
    view::Watched,
    watching::Scope,
};

pub async fn run(session: &Session, command: ClusterCommand) -> Result<(), Fail> {
    match command {
        ClusterCommand::Create { id: new, place, cluster_type, texts, writing } => {
            create(session, &new, &place, &cluster_type, &texts, writing).await
        }
        ClusterCommand::Get { place, get: Get { names, watch } } => {
            let names = names.iter().map(|name| session.names.cluster(name, &place)).collect::<Result<Vec<_>, _>>()?;
            get(session, names, watch, |client, name, read| async move { client.clusters().get(&name, &read).await })
                .await
        }
        ClusterCommand::List { place, list: go_on } => {
            let parent = session.names.clusters_in(&place)?;
            let what = format!("list clusters of {parent}");
            let logs = if go_on.watch { logs(session, &parent).await? } else { Vec::new() };
            list(session, &what, scope(parent, logs), go_on.watch).await
        }
        ClusterCommand::Describe { name, place } => {
            let name = session.names.cluster(&name, &place)?;
            let answer = session.client.clusters().get(&name, &session.read()).await;
            let answer = answer.map_err(|error| session.failed(&format!("describe {name}"), &error))?;
            describe(session, &answer, &[])
        }
        ClusterCommand::Update { place, update } => change(session, &place, update).await,
        ClusterCommand::Delete { place, delete } => remove(session, &place, delete).await,
    }
}

async fn create(
    session: &Session,
    new: &str,
    place: &Place,
    cluster_type: &str,
    texts: &Texts,
    writing: Writing,
) -> Result<(), Fail> {
    let parent = session.names.cluster_parent(place)?;
    let cluster_type = cluster_type.to_uppercase();
    let (display_name, description) = both(texts);
    let cluster = v1::Cluster { display_name, description, cluster_type, ..v1::Cluster::default() };
    let made = session.client.clusters().create(&parent, &id(new)?, cluster, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("create cluster {new} in {parent}"), &error))?;
    session.output.wrote(&said("created", writing.dry_run), &made)
}

async fn change(session: &Session, place: &Place, update: Update) -> Result<(), Fail> {
    let Update { name, texts, etag, writing } = update;
    let name = session.names.cluster(&name, place)?;
    let (paths, (display_name, description)) = (paths(&texts), both(&texts));
    let cluster = v1::Cluster { name: name.clone(), display_name, description, etag, ..v1::Cluster::default() };
    let made = session.client.clusters().update(cluster, &paths, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("update {name}"), &error))?;
    session.output.wrote(&said("updated", writing.dry_run), &made)
}

async fn remove(session: &Session, place: &Place, delete: Delete) -> Result<(), Fail> {
    let name = session.names.cluster(&delete.name, place)?;
    allowed("cluster", &name, &delete)?;
    let made = session.client.clusters().delete(&name, &delete.etag, &session.write(&delete.writing)).await;
    let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
    session.output.wrote(&verb("deleted", &delete), &made)
}

fn scope(parent: String, logs: Vec<String>) -> Scope<v1::Cluster> {
    let held = parent.clone();
    let inside = match parent.strip_suffix("/locations/-") {
        Some(project) => format!("{project}/locations/"),
        None => format!("{parent}/clusters/"),
    };
    Scope {
        list: Box::new(move |session| Box::pin(session.client.clusters().list(&held, 0, &session.read()).collect())),
        holds: Box::new(move |one| one.name.starts_with(&inside)),
        logs,
    }
}

/// The logs that clusters of a parent are in.
async fn logs(session: &Session, parent: &str) -> Result<Vec<String>, Fail> {
    if !parent.ends_with("/locations/-") {
        return Ok(vec![v1::Cluster::log(parent)]);
    }
    Ok(super::regions::names(session).await?.into_iter().map(|region| format!("region/{region}")).collect())
}
