//! `atoll iam service-account`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use client::{Answered, v1};
use jiff::Timestamp;

use super::{
    keys::{Pair, public_key, write_new},
    timestamp,
};
use crate::{
    args::{ServiceAccountCommand, Texts, Writing},
    commands::{
        deleting::{allowed, said, verb},
        organizations::{both, paths},
        reading::describe,
    },
    fail::Fail,
    names::id,
    output::note,
    session::Session,
    view::Resource,
};

pub async fn run(session: &Session, command: ServiceAccountCommand) -> Result<(), Fail> {
    let accounts = session.client.service_accounts();
    match command {
        ServiceAccountCommand::List { organization } => {
            let organization = session.names.organization_or_set(organization.as_deref())?;
            let listed = accounts.list(&organization, 0, &session.read()).collect().await;
            let what = format!("list service accounts of {organization}");
            session.output.list(&listed.map_err(|error| session.failed(&what, &error))?)
        }
        ServiceAccountCommand::Describe { name } => {
            let name = session.names.service_account(&name)?;
            let found = accounts.get(&name, &session.read()).await;
            describe(session, &found.map_err(|error| session.failed(&format!("describe {name}"), &error))?, &[])
        }
        ServiceAccountCommand::Create { id: new, texts, writing } => {
            let (display_name, description) = both(&texts);
            let organization = session.names.organization_or_set(None)?;
            let account = v1::ServiceAccount { display_name, description, ..v1::ServiceAccount::default() };
            let made = accounts.create(&organization, &id(&new)?, account, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&format!("create service account {new}"), &error))?;
            session.output.wrote(&said("created", writing.dry_run), &made)
        }
        ServiceAccountCommand::Update { name, disabled, texts, etag, writing } => {
            update(session, &name, disabled, &texts, (etag, &writing)).await
        }
        ServiceAccountCommand::Delete(delete) => {
            let name = session.names.service_account(&delete.name)?;
            allowed(v1::ServiceAccount::NOUN, &name, &delete)?;
            let made = accounts.delete(&name, &delete.etag, &session.write(&delete.writing)).await;
            let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
            session.output.wrote(&verb("deleted", &delete), &made)
        }
        ServiceAccountCommand::AddKey { name, key, generate, id, expires, etag, writing } => {
            let name = session.names.service_account(&name)?;
            let adding = Adding { name, expires, etag, writing };
            match (generate, key) {
                (Some(path), _) => make_key(session, adding, &id.unwrap_or_default(), &path).await,
                (None, path) => take_key(session, adding, id, &path.unwrap_or_default()).await,
            }
        }
        ServiceAccountCommand::RemoveKey { name, id: key, etag, writing } => {
            let (name, key) = (session.names.service_account(&name)?, id(&key)?);
            let made = accounts.remove_key(&name, &key, &etag, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&format!("remove the key {key} of {name}"), &error))?;
            let done = match writing.dry_run {
                true => format!("would not have the key {key} any more (dry run)"),
                false => format!("does not have the key {key} any more"),
            };
            session.output.wrote(&done, &made)
        }
    }
}

async fn update(
    session: &Session,
    name: &str,
    disabled: Option<bool>,
    texts: &Texts,
    (etag, writing): (String, &Writing),
) -> Result<(), Fail> {
    let name = session.names.service_account(name)?;
    let (mut paths, (display_name, description)) = (paths(texts), both(texts));
    paths.extend(disabled.is_some().then_some("disabled"));
    let disabled = disabled.unwrap_or_default();
    let account =
        v1::ServiceAccount { name: name.clone(), display_name, description, disabled, etag, ..Default::default() };
    let made = session.client.service_accounts().update(account, &paths, &session.write(writing)).await;
    let made = made.map_err(|error| session.failed(&format!("update {name}"), &error))?;
    session.output.wrote(&said("updated", writing.dry_run), &made)
}

/// What is the same of every key that is added.
struct Adding {
    name: String,
    expires: Option<Timestamp>,
    etag: String,
    writing: Writing,
}

impl Adding {
    async fn add(
        &self,
        session: &Session,
        id: &str,
        jwk: String,
    ) -> Result<Answered<v1::ServiceAccount>, client::Error> {
        let expire_time = self.expires.map(timestamp);
        let key = v1::ServiceAccountKey { id: id.to_owned(), jwk, expire_time, create_time: None };
        session.client.service_accounts().add_key(&self.name, key, &self.etag, &session.write(&self.writing)).await
    }

    fn what(&self, id: &str) -> String {
        format!("add the key {id} to {}", self.name)
    }

    fn done(&self, session: &Session, id: &str, made: &Answered<v1::ServiceAccount>) -> Result<(), Fail> {
        let done = match self.writing.dry_run {
            true => format!("would have the key {id} (dry run)"),
            false => format!("has the key {id} now"),
        };
        session.output.wrote(&done, made)
    }
}

async fn take_key(session: &Session, adding: Adding, id: Option<String>, path: &Path) -> Result<(), Fail> {
    let (jwk, kid) = public_key(path)?;
    let named = id
        .or(kid)
        .ok_or_else(|| Fail::usage(format!("add the key in {}: it has no id (kid)", path.display())).next("--id ID"))?;
    let id = crate::names::id(&named)?;
    let made = adding.add(session, &id, jwk).await;
    let made = made.map_err(|error| session.failed(&adding.what(&id), &error))?;
    adding.done(session, &id, &made)
}

/// The private key is on disk before the public one is sent: no account has a key that nobody can use.
async fn make_key(session: &Session, adding: Adding, given: &str, path: &PathBuf) -> Result<(), Fail> {
    let id = id(given)?;
    let pair = Pair::generate(&id)?;
    if !adding.writing.dry_run {
        write_new(path, &pair.private)?;
    }
    match adding.add(session, &id, pair.public).await {
        Ok(made) => {
            adding.done(session, &id, &made)?;
            if !adding.writing.dry_run {
                note(format_args!("the private key is in {}, and nowhere else", path.display()));
            }
            Ok(())
        }
        Err(error) if error.outcome_unknown() => {
            let look =
                format!("`atoll iam service-account describe {}` tells whether it has the key {id}", adding.name);
            let next = format!("{look}; where not, remove {} and run this again", path.display());
            Err(session.failed(&adding.what(&id), &error).next(next))
        }
        Err(error) => {
            if !adding.writing.dry_run {
                // Its other half is nowhere; a file that stays says nothing wrong and is only in the way.
                drop(fs::remove_file(path));
            }
            Err(session.failed(&adding.what(&id), &error))
        }
    }
}
