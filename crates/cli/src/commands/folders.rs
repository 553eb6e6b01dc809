//! `atoll folder`.

use client::v1;

use super::{
    deleting::{allowed, said, verb},
    organizations::{both, paths},
    reading::{describe, get, inside, list},
};
use crate::{
    args::{FolderCommand, Get, Move, Update},
    fail::Fail,
    names::{Names, id},
    session::Session,
    watching::Scope,
};

pub async fn run(session: &Session, command: FolderCommand) -> Result<(), Fail> {
    let folders = session.client.folders();
    match command {
        FolderCommand::Create { id: new, parent, texts, writing } => {
            let what = format!("create folder {new}");
            let (display_name, description) = both(&texts);
            let parent = session.names.parent(&parent)?;
            let folder = v1::Folder { parent, display_name, description, ..v1::Folder::default() };
            let made = folders.create(&id(&new)?, folder, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&what, &error))?;
            session.output.wrote(&said("created", writing.dry_run), &made)
        }
        FolderCommand::Get(Get { names, watch }) => {
            let names = names.iter().map(|name| session.names.folder(name)).collect::<Result<Vec<_>, _>>()?;
            get(session, names, watch, |client, name, read| async move { client.folders().get(&name, &read).await })
                .await
        }
        FolderCommand::List { parent, list: go_on } => {
            let parent = session.names.parent(&parent)?;
            let what = format!("list folders of {parent}");
            list(session, &what, scope(parent), go_on.watch).await
        }
        FolderCommand::Describe { name } => show(session, &session.names.folder(&name)?).await,
        FolderCommand::Update(update) => change(session, update).await,
        FolderCommand::Move(moving) => relocate(session, moving).await,
        FolderCommand::Delete(delete) => {
            let name = session.names.folder(&delete.name)?;
            allowed("folder", &name, &delete)?;
            let made = folders.delete(&name, &delete.etag, &session.write(&delete.writing)).await;
            let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
            session.output.wrote(&verb("deleted", &delete), &made)
        }
        // Done before a session is opened.
        FolderCommand::Set { .. } | FolderCommand::Unset => Ok(()),
    }
}

async fn change(session: &Session, update: Update) -> Result<(), Fail> {
    let Update { name, texts, etag, writing } = update;
    let name = session.names.folder(&name)?;
    let (paths, (display_name, description)) = (paths(&texts), both(&texts));
    let folder = v1::Folder { name: name.clone(), display_name, description, etag, ..v1::Folder::default() };
    let made = session.client.folders().update(folder, &paths, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("update {name}"), &error))?;
    session.output.wrote(&said("updated", writing.dry_run), &made)
}

async fn relocate(session: &Session, moving: Move) -> Result<(), Fail> {
    let Move { name, to, to_organization: _, etag, writing } = moving;
    let name = session.names.folder(&name)?;
    let organization = Names::organization_of(&name);
    let to = match to {
        None => organization,
        Some(folder) if folder.contains('/') => session.names.folder(&folder)?,
        Some(folder) => format!("{organization}/folders/{}", id(&folder)?),
    };
    let made = session.client.folders().r#move(&name, &to, &etag, &session.write(&writing)).await;
    let made = made.map_err(|error| session.failed(&format!("move {name} to {to}"), &error))?;
    session.output.wrote(&said(&format!("moved to {to}"), writing.dry_run), &made)
}

fn scope(parent: String) -> Scope<v1::Folder> {
    let held = parent.clone();
    Scope {
        list: Box::new(move |session| Box::pin(session.client.folders().list(&held, 0, &session.read()).collect())),
        holds: Box::new(move |one| one.parent == parent),
        logs: vec!["global".to_owned()],
    }
}

async fn show(session: &Session, name: &str) -> Result<(), Fail> {
    let what = format!("describe {name}");
    let answer = session.client.folders().get(name, &session.read()).await;
    let answer = answer.map_err(|error| session.failed(&what, &error))?;
    if session.output.for_programs() {
        return session.output.one(&answer);
    }
    let folders = inside(session, &what, session.client.folders().list(name, 0, &session.read())).await?;
    let projects = inside(session, &what, session.client.projects().list(name, 0, &session.read())).await?;
    describe(session, &answer, &[("Folders", folders), ("Projects", projects)])
}
