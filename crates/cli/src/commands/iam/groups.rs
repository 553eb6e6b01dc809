//! `atoll iam group`.

use client::{v1, v1::mutation::Kind};

use super::changing;
use crate::{
    args::{GroupCommand, How, Texts},
    commands::{
        deleting::{allowed, said, verb},
        organizations::{both, paths},
    },
    fail::Fail,
    names::id,
    session::Session,
    view::Resource,
};

pub async fn run(session: &Session, command: GroupCommand) -> Result<(), Fail> {
    let groups = session.client.groups();
    match command {
        GroupCommand::Create { id: new, members, texts, writing } => {
            let (display_name, description) = both(&texts);
            let organization = session.names.organization_or_set(None)?;
            let group = v1::Group { display_name, description, members, ..v1::Group::default() };
            let made = groups.create(&organization, &id(&new)?, group, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&format!("create group {new}"), &error))?;
            session.output.wrote(&said("created", writing.dry_run), &made)
        }
        GroupCommand::Get { names } => {
            for name in names {
                let name = session.names.group(&name)?;
                let found = groups.get(&name, &session.read()).await;
                session.output.one(&found.map_err(|error| session.failed(&format!("get {name}"), &error))?)?;
            }
            Ok(())
        }
        GroupCommand::List { organization } => {
            let organization = session.names.organization_or_set(organization.as_deref())?;
            let listed = groups.list(&organization, 0, &session.read()).collect().await;
            let what = format!("list groups of {organization}");
            session.output.list(&listed.map_err(|error| session.failed(&what, &error))?)
        }
        GroupCommand::Update { name, add, remove, texts, how } => {
            update(session, &name, (add, remove), &texts, &how).await
        }
        GroupCommand::Delete(delete) => {
            let name = session.names.group(&delete.name)?;
            allowed("group", &name, &delete)?;
            let made = groups.delete(&name, &delete.etag, &session.write(&delete.writing)).await;
            let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
            session.output.wrote(&verb("deleted", &delete), &made)
        }
    }
}

async fn update(
    session: &Session,
    name: &str,
    (add, remove): (Vec<String>, Vec<String>),
    texts: &Texts,
    how: &How,
) -> Result<(), Fail> {
    let name = session.names.group(name)?;
    let (paths, (display_name, description)) = (paths(texts), both(texts));
    let group =
        v1::Group { name: name.clone(), display_name, description, etag: how.etag.clone(), ..Default::default() };
    let change = changing::Change { what: format!("update {name}"), noun: v1::Group::NOUN, said: " updated" };
    let kind = |write: &client::Write, request_id| {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Kind::UpdateGroup(v1::UpdateGroupRequest {
            group: Some(group.clone()),
            update_mask: (!paths.is_empty()).then_some(prost_types::FieldMask { paths }),
            add: add.clone(),
            remove: remove.clone(),
            request_id,
            validate_only: write.validate_only,
        })
    };
    let direct = |write| {
        let (group, members) = (group.clone(), (add.clone(), remove.clone()));
        let paths = paths.clone();
        async move { session.client.groups().update(group, &paths, members, &write).await }
    };
    changing::make(session, &change, how, kind, direct).await
}
