//! `atoll iam role`.

use client::{v1, v1::mutation::Kind};

use super::changing;
use crate::{
    args::{How, RoleCommand, Texts},
    commands::{
        deleting::{allowed, said, verb},
        organizations::{both, paths},
    },
    fail::Fail,
    names::id,
    session::Session,
    view::Resource,
};

pub async fn run(session: &Session, command: RoleCommand) -> Result<(), Fail> {
    let roles = session.client.roles();
    match command {
        RoleCommand::Create { id: new, rights, bound_at, texts, writing } => {
            let (display_name, description) = both(&texts);
            let organization = session.names.organization_or_set(None)?;
            let role = v1::Role { display_name, description, rights, bound_at, ..v1::Role::default() };
            let made = roles.create(&organization, &id(&new)?, role, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&format!("create role {new}"), &error))?;
            session.output.wrote(&said("created", writing.dry_run), &made)
        }
        RoleCommand::Get { names } => {
            for name in names {
                let name = session.names.role(&name)?;
                let found = roles.get(&name, &session.read()).await;
                session.output.one(&found.map_err(|error| session.failed(&format!("get {name}"), &error))?)?;
            }
            Ok(())
        }
        RoleCommand::List { organization } => {
            let organization = session.names.organization_or_set(organization.as_deref())?;
            let listed = roles.list(&organization, 0, &session.read()).collect().await;
            let what = format!("list roles of {organization}");
            session.output.list(&listed.map_err(|error| session.failed(&what, &error))?)
        }
        RoleCommand::Update { name, rights, texts, how } => update(session, &name, rights, &texts, &how).await,
        RoleCommand::Delete(delete) => {
            let name = session.names.role(&delete.name)?;
            allowed("role", &name, &delete)?;
            let made = roles.delete(&name, &delete.etag, &session.write(&delete.writing)).await;
            let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
            session.output.wrote(&verb("deleted", &delete), &made)
        }
    }
}

async fn update(session: &Session, name: &str, rights: Vec<String>, texts: &Texts, how: &How) -> Result<(), Fail> {
    let name = session.names.role(name)?;
    let (mut paths, (display_name, description)) = (paths(texts), both(texts));
    if !rights.is_empty() {
        paths.push("rights");
    }
    let etag = how.etag.clone();
    let role = v1::Role { name: name.clone(), display_name, description, rights, etag, ..v1::Role::default() };
    let change = changing::Change { what: format!("update {name}"), noun: v1::Role::NOUN, said: " updated" };
    let kind = |write: &client::Write, request_id| {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Kind::UpdateRole(v1::UpdateRoleRequest {
            role: Some(role.clone()),
            update_mask: (!paths.is_empty()).then_some(prost_types::FieldMask { paths }),
            request_id,
            validate_only: write.validate_only,
        })
    };
    let direct = |write| {
        let (role, paths) = (role.clone(), paths.clone());
        async move { session.client.roles().update(role, &paths, &write).await }
    };
    changing::make(session, &change, how, kind, direct).await
}
