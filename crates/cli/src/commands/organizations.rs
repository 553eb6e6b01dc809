//! `atoll organization`.

use client::v1;

use super::{
    deleting::{allowed, said, verb},
    reading::{describe, get, inside, list},
};
use crate::{
    args::{Get, OrganizationCommand, Texts, Update},
    fail::Fail,
    names::{Names, id},
    session::Session,
    watching::Scope,
};

pub async fn run(session: &Session, command: OrganizationCommand) -> Result<(), Fail> {
    let organizations = session.client.organizations();
    match command {
        OrganizationCommand::Create { id: new, texts, writing } => {
            let what = format!("create organization {new}");
            let (display_name, description) = both(&texts);
            let organization = v1::Organization { display_name, description, ..v1::Organization::default() };
            let made = organizations.create(&id(&new)?, organization, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&what, &error))?;
            session.output.wrote(&said("created", writing.dry_run), &made)
        }
        OrganizationCommand::Get(Get { names, watch }) => {
            let names = names.iter().map(|name| Names::organization(name)).collect::<Result<Vec<_>, _>>()?;
            get(
                session,
                names,
                watch,
                |client, name, read| async move { client.organizations().get(&name, &read).await },
            )
            .await
        }
        OrganizationCommand::List(go_on) => list(session, "list organizations", scope(), go_on.watch).await,
        OrganizationCommand::Describe { name } => show(session, &Names::organization(&name)?).await,
        OrganizationCommand::Update(Update { name, texts, etag, writing }) => {
            let name = Names::organization(&name)?;
            let (paths, (display_name, description)) = (paths(&texts), both(&texts));
            let organization =
                v1::Organization { name: name.clone(), display_name, description, etag, ..v1::Organization::default() };
            let made = organizations.update(organization, &paths, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&format!("update {name}"), &error))?;
            session.output.wrote(&said("updated", writing.dry_run), &made)
        }
        OrganizationCommand::Delete(delete) => {
            let name = Names::organization(&delete.name)?;
            allowed("organization", &name, &delete)?;
            let made = organizations.delete(&name, &delete.etag, &session.write(&delete.writing)).await;
            let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
            session.output.wrote(&verb("deleted", &delete), &made)
        }
        // Done before a session is opened.
        OrganizationCommand::Set { .. } | OrganizationCommand::Unset => Ok(()),
    }
}

/// What is changed by an update.
pub fn paths(texts: &Texts) -> Vec<&'static str> {
    let paths = [(&texts.display_name, "display_name"), (&texts.description, "description")];
    paths.into_iter().filter(|(text, _)| text.is_some()).map(|(_, path)| path).collect()
}

pub fn both(texts: &Texts) -> (String, String) {
    (texts.display_name.clone().unwrap_or_default(), texts.description.clone().unwrap_or_default())
}

fn scope() -> Scope<v1::Organization> {
    Scope {
        list: Box::new(|session| Box::pin(session.client.organizations().list(0, &session.read()).collect())),
        holds: Box::new(|_| true),
        logs: vec!["global".to_owned()],
    }
}

async fn show(session: &Session, name: &str) -> Result<(), Fail> {
    let what = format!("describe {name}");
    let answer = session.client.organizations().get(name, &session.read()).await;
    let answer = answer.map_err(|error| session.failed(&what, &error))?;
    if session.output.for_programs() {
        return session.output.one(&answer);
    }
    let folders = inside(session, &what, session.client.folders().list(name, 0, &session.read())).await?;
    let projects = inside(session, &what, session.client.projects().list(name, 0, &session.read())).await?;
    describe(session, &answer, &[("Folders", folders), ("Projects", projects)])
}
