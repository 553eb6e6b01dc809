//! `atoll iam provider`.

use client::v1;

use super::keys::key_set;
use crate::{
    args::{Claims, ProviderCommand, Texts, Writing},
    commands::{
        deleting::{allowed, said, verb},
        organizations::{both, paths},
        reading::describe,
    },
    fail::Fail,
    names::id,
    session::Session,
    view::Resource,
};

pub async fn run(session: &Session, command: ProviderCommand) -> Result<(), Fail> {
    let providers = session.client.identity_providers();
    match command {
        ProviderCommand::List { organization } => {
            let organization = session.names.organization_or_set(organization.as_deref())?;
            let listed = providers.list(&organization, 0, &session.read()).collect().await;
            let what = format!("list identity providers of {organization}");
            session.output.list(&listed.map_err(|error| session.failed(&what, &error))?)
        }
        ProviderCommand::Describe { name } => {
            let name = session.names.provider(&name)?;
            let found = providers.get(&name, &session.read()).await;
            describe(session, &found.map_err(|error| session.failed(&format!("describe {name}"), &error))?, &[])
        }
        ProviderCommand::Create { id: new, issuer, audience, claims, texts, writing } => {
            let organization = session.names.organization_or_set(None)?;
            let (provider, _) = changed(&claims, &texts)?;
            let provider = v1::IdentityProvider { issuer, audience, ..provider };
            let made = providers.create(&organization, &id(&new)?, provider, &session.write(&writing)).await;
            let made = made.map_err(|error| session.failed(&format!("create identity provider {new}"), &error))?;
            session.output.wrote(&said("created", writing.dry_run), &made)
        }
        ProviderCommand::Update { name, audience, claims, texts, etag, writing } => {
            update(session, &name, audience, (&claims, &texts), (etag, &writing)).await
        }
        ProviderCommand::Delete(delete) => {
            let name = session.names.provider(&delete.name)?;
            allowed(v1::IdentityProvider::NOUN, &name, &delete)?;
            let made = providers.delete(&name, &delete.etag, &session.write(&delete.writing)).await;
            let made = made.map_err(|error| session.failed(&format!("delete {name}"), &error))?;
            session.output.wrote(&verb("deleted", &delete), &made)
        }
    }
}

/// What was typed, and the paths of it.
fn changed(claims: &Claims, texts: &Texts) -> Result<(v1::IdentityProvider, Vec<&'static str>), Fail> {
    let (mut paths, (display_name, description)) = (paths(texts), both(texts));
    let keys = claims.keys.as_deref().map(key_set).transpose()?;
    let given = [("user_claim", &claims.user_claim), ("groups_claim", &claims.groups_claim), ("keys", &keys)];
    paths.extend(given.iter().filter(|(_, given)| given.is_some()).map(|(path, _)| *path));
    let [user_claim, groups_claim, keys] = given.map(|(_, given)| given.clone().unwrap_or_default());
    let provider =
        v1::IdentityProvider { display_name, description, user_claim, groups_claim, keys, ..Default::default() };
    Ok((provider, paths))
}

async fn update(
    session: &Session,
    name: &str,
    audience: Option<String>,
    (claims, texts): (&Claims, &Texts),
    (etag, writing): (String, &Writing),
) -> Result<(), Fail> {
    let name = session.names.provider(name)?;
    let (provider, mut paths) = changed(claims, texts)?;
    paths.extend(audience.is_some().then_some("audience"));
    let audience = audience.unwrap_or_default();
    let provider = v1::IdentityProvider { name: name.clone(), audience, etag, ..provider };
    let made = session.client.identity_providers().update(provider, &paths, &session.write(writing)).await;
    let made = made.map_err(|error| session.failed(&format!("update {name}"), &error))?;
    session.output.wrote(&said("updated", writing.dry_run), &made)
}
