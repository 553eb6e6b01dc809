//! `atoll cluster`: what is asked of clusters. Looking at them is in `looking` and `deciding`, waiting in `waiting`.

mod deciding;
mod looking;
mod waiting;

use client::{Answered, v1};

use self::waiting::Goal;
use super::{
    deleting::{allowed, said},
    organizations::{both, paths},
    reading::{get, list},
};
use crate::{
    args::{Change, Changeable, ClusterCommand, Delete, Get, Options, Place, Texts, Wish, Writing},
    fail::Fail,
    names::id,
    session::Session,
    view::Watched,
    watching::Scope,
};

pub async fn run(session: &Session, command: ClusterCommand) -> Result<(), Fail> {
    let clusters = session.client.clusters();
    match command {
        ClusterCommand::Create { id, place, cluster_type, options, texts, wait, writing } => {
            let cluster = asked(&cluster_type, *options, &texts);
            create(session, &id, &place, cluster, wait, writing).await
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
        ClusterCommand::Describe { name, place, perf } => {
            looking::describe(session, &session.names.cluster(&name, &place)?, perf).await
        }
        ClusterCommand::Machines { name, place } => {
            looking::machines(session, &session.names.cluster(&name, &place)?).await
        }
        ClusterCommand::Decisions(explained) => deciding::decisions(session, explained).await,
        ClusterCommand::Explain { name, place, machine } => {
            looking::explain(session, &session.names.cluster(&name, &place)?, &machine).await
        }
        ClusterCommand::Events { name, place, from, limit } => {
            looking::events(session, &session.names.cluster(&name, &place)?, from, limit).await
        }
        ClusterCommand::Update(update) => change(session, *update).await,
        ClusterCommand::Hibernate(wish) => {
            let name = session.names.cluster(&wish.name, &wish.place)?;
            let made = clusters.hibernate(&name, &wish.etag, &session.write(&wish.writing)).await;
            done(session, Goal::Asleep, &name, made, &wish).await
        }
        ClusterCommand::Wake(wish) => {
            let name = session.names.cluster(&wish.name, &wish.place)?;
            let made = clusters.wake(&name, &wish.etag, &session.write(&wish.writing)).await;
            done(session, Goal::Awake, &name, made, &wish).await
        }
        ClusterCommand::Undelete(wish) => {
            let name = session.names.cluster(&wish.name, &wish.place)?;
            let made = clusters.undelete(&name, &wish.etag, &session.write(&wish.writing)).await;
            done(session, Goal::Back, &name, made, &wish).await
        }
        ClusterCommand::Delete { place, delete, retain, wait } => remove(session, &place, delete, retain, wait).await,
    }
}

/// The cluster that the command line asks for.
fn asked(cluster_type: &str, options: Options, texts: &Texts) -> v1::Cluster {
    let (display_name, description) = both(texts);
    v1::Cluster {
        display_name,
        description,
        cluster_type: cluster_type.to_uppercase(),
        options: set(options.into()),
        ..v1::Cluster::default()
    }
}

/// Options of which something is set.
fn set(options: v1::ClusterOptions) -> Option<v1::ClusterOptions> {
    Some(options).filter(|options| *options != v1::ClusterOptions::default())
}

impl From<Options> for v1::ClusterOptions {
    fn from(options: Options) -> Self {
        let Options { version, cluster_cidr, pod_cidr, service_cidr, privileged, changeable } = options;
        Self {
            version,
            cluster_cidr,
            pod_cidr,
            service_cidr,
            privileged: privileged.then_some(true),
            ..changeable.into()
        }
    }
}

impl From<Changeable> for v1::ClusterOptions {
    fn from(changeable: Changeable) -> Self {
        let Changeable { allow_list, delete_protection, maintenance_window } = changeable;
        let allow_list = allow_list.unwrap_or_default();
        let maintenance_window = maintenance_window.unwrap_or_default();
        Self { allow_list, delete_protection, maintenance_window, ..Self::default() }
    }
}

async fn create(
    session: &Session,
    new: &str,
    place: &Place,
    cluster: v1::Cluster,
    wait: bool,
    writing: Writing,
) -> Result<(), Fail> {
    let parent = session.names.cluster_parent(place)?;
    let made = session.client.clusters().create(&parent, &id(new)?, cluster, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("create cluster {new} in {parent}"), &error))?;
    if wait {
        return waiting::wait(session, Goal::Created, &made).await;
    }
    session.output.wrote(&said("created", writing.dry_run), &made)?;
    waiting::how_to_go_on(session, &made)
}

async fn change(session: &Session, update: Change) -> Result<(), Fail> {
    let Change { name, place, texts, changeable, etag, writing } = update;
    let name = session.names.cluster(&name, &place)?;
    let (mut paths, (display_name, description)) = (paths(&texts), both(&texts));
    let more = [
        (changeable.allow_list.is_some(), "options.allow_list"),
        (changeable.delete_protection.is_some(), "options.delete_protection"),
        (changeable.maintenance_window.is_some(), "options.maintenance_window"),
    ];
    paths.extend(more.into_iter().filter(|(given, _)| *given).map(|(_, path)| path));
    let mut options: v1::ClusterOptions = changeable.into();
    options.allow_list.retain(|range| range != "none");
    let cluster = v1::Cluster {
        name: name.clone(),
        display_name,
        description,
        etag,
        options: set(options),
        ..v1::Cluster::default()
    };
    let made = session.client.clusters().update(cluster, &paths, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("update {name}"), &error))?;
    session.output.wrote(&said("updated", writing.dry_run), &made)
}

/// What came of a wish for a cluster.
async fn done(
    session: &Session,
    goal: Goal,
    name: &str,
    made: Result<Answered<v1::Cluster>, client::Error>,
    wish: &Wish,
) -> Result<(), Fail> {
    let made = made.map_err(|error| session.failed(&format!("{} {name}", goal.asked()), &error))?;
    if wish.wait {
        return waiting::wait(session, goal, &made).await;
    }
    session.output.wrote(&said(goal.begun(), wish.writing.dry_run), &made)?;
    waiting::how_to_go_on(session, &made)
}

async fn remove(
    session: &Session,
    place: &Place,
    delete: Delete,
    retain: Option<std::time::Duration>,
    wait: bool,
) -> Result<(), Fail> {
    let name = session.names.cluster(&delete.name, place)?;
    allowed("cluster", &name, &delete)?;
    let made =
        session.client.clusters().delete_later(&name, &delete.etag, retain, &session.write(&delete.writing)).await;
    let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
    let goal = if retain.is_some() { Goal::Retained } else { Goal::Gone };
    if wait {
        return waiting::wait(session, goal, &made).await;
    }
    // In a region without a cloud there is nothing to wait for.
    let under_way = !made.value.operation.is_empty();
    session.output.wrote(&said(if under_way { goal.begun() } else { "deleted" }, delete.writing.dry_run), &made)?;
    waiting::how_to_go_on(session, &made)
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
