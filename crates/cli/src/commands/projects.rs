//! `atoll project`.

use client::v1;

use super::{
    deleting::{allowed, said},
    organizations::{both, paths},
    reading::{describe, get, inside, list},
};
use crate::{
    args::{Delete, Get, Move, ProjectCommand, Update},
    fail::Fail,
    names::{Names, id},
    output::say,
    progress,
    session::Session,
    watching::Scope,
};

pub async fn run(session: &Session, command: ProjectCommand) -> Result<(), Fail> {
    let projects = session.client.projects();
    match command {
        ProjectCommand::Create { id: new, parent, texts, writing } => {
            let what = format!("create project {new}");
            let (display_name, description) = both(&texts);
            let parent = session.names.parent(&parent)?;
            let project = v1::Project { parent, display_name, description, ..v1::Project::default() };
            let made = projects.create(&id(&new)?, project, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&what, &error))?;
            session.output.wrote(&said("created", writing.dry_run), &made)
        }
        ProjectCommand::Get(Get { names, watch }) => {
            let names = names.iter().map(|name| session.names.project(name)).collect::<Result<Vec<_>, _>>()?;
            get(session, names, watch, |client, name, read| async move { client.projects().get(&name, &read).await })
                .await
        }
        ProjectCommand::List { parent, list: go_on } => {
            let parent = session.names.parent(&parent)?;
            let what = format!("list projects of {parent}");
            list(session, &what, scope(parent), go_on.watch).await
        }
        ProjectCommand::Describe { name } => show(session, &session.names.project(&name)?).await,
        ProjectCommand::Update(update) => change(session, update).await,
        ProjectCommand::Move(moving) => relocate(session, moving).await,
        ProjectCommand::Delete { delete: wishes, detach } => delete(session, wishes, detach).await,
        // Done before a session is opened.
        ProjectCommand::Set { .. } | ProjectCommand::Unset => Ok(()),
    }
}

async fn change(session: &Session, update: Update) -> Result<(), Fail> {
    let Update { name, texts, etag, writing } = update;
    let name = session.names.project(&name)?;
    let (paths, (display_name, description)) = (paths(&texts), both(&texts));
    let project = v1::Project { name: name.clone(), display_name, description, etag, ..v1::Project::default() };
    let made = session.client.projects().update(project, &paths, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("update {name}"), &error))?;
    session.output.wrote(&said("updated", writing.dry_run), &made)
}

async fn relocate(session: &Session, moving: Move) -> Result<(), Fail> {
    let Move { name, to, to_organization: _, etag, writing } = moving;
    let name = session.names.project(&name)?;
    let organization = Names::organization_of(&name);
    let to = match to {
        None => organization,
        Some(folder) if folder.contains('/') => session.names.folder(&folder)?,
        Some(folder) => format!("{organization}/folders/{}", id(&folder)?),
    };
    let made = session.client.projects().r#move(&name, &to, &etag, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("move {name} to {to}"), &error))?;
    session.output.wrote(&said(&format!("moved to {to}"), writing.dry_run), &made)
}

fn scope(parent: String) -> Scope<v1::Project> {
    let held = parent.clone();
    Scope {
        list: Box::new(move |session| Box::pin(session.client.projects().list(&held, 0, &session.read()).collect())),
        holds: Box::new(move |one| one.parent == parent),
        logs: vec!["global".to_owned()],
    }
}

async fn show(session: &Session, name: &str) -> Result<(), Fail> {
    let what = format!("describe {name}");
    let answer = session.client.projects().get(name, &session.read()).await;
    let answer = answer.map_err(|error| session.failed(&what, &error))?;
    if session.output.for_programs() {
        return session.output.one(&answer);
    }
    let everywhere = format!("{name}/locations/-");
    let pages = session.client.clusters().list(&everywhere, 0, &session.read());
    let clusters = inside(session, &what, pages).await?;
    describe(session, &answer, &[("Clusters", clusters)])
}

async fn delete(session: &Session, delete: Delete, detach: bool) -> Result<(), Fail> {
    let name = session.names.project(&delete.name)?;
    allowed("project", &name, &delete)?;
    let what = format!("delete {name}");
    let started = session.client.projects().delete(&name, &delete.etag, &session.write(&delete.writing)).await;
    let started = started.map_err(|error| session.failed(&what, &error))?;
    // What was seen is kept now: a wait may be interrupted.
    session.keep_token();
    if delete.writing.dry_run {
        return say(format_args!("project {name} would be deleted (dry run)"));
    }
    if detach {
        return if session.output.for_programs() { session.output.one(&started) } else { say(&started.value.name) };
    }
    let done = progress::wait(session, &started.value.name, None).await?;
    progress::outcome(&done.value)?;
    if session.output.for_programs() {
        return session.output.one(&done);
    }
    say(format_args!("project {name} deleted"))
}
