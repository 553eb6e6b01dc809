//! `atoll catalog`.

use std::{fs, path::Path};

use client::{Answered, Listed, Offered, v1};

use super::{deleting::said, reading::describe};
use crate::{
    args::{CatalogCommand, CatalogScope, Waves, Writing},
    fail::Fail,
    names::{edition, location},
    output::{note, table},
    session::Session,
    view::{catalog as view, short},
};

pub async fn run(session: &Session, command: CatalogCommand) -> Result<(), Fail> {
    let (catalog, read) = (session.client.catalog(), session.read());
    match command {
        CatalogCommand::Publish { file, waves, writing } => publish(session, &file, &waves, &writing).await,
        CatalogCommand::List => {
            let listed = catalog.list(0, &read).collect().await;
            session.output.list(&listed.map_err(|error| session.failed("list editions", &error))?)
        }
        CatalogCommand::Describe { edition: name } => one(session, &edition(&name)).await,
        CatalogCommand::Halt { edition: name, etag, writing } => {
            let name = edition(&name);
            let halted = catalog.halt(&name, &etag, &session.write(&writing)).await;
            let halted = halted.map_err(|error| session.failed(&format!("halt {name}"), &error))?;
            session.output.wrote(&said("halted", writing.dry_run), &halted)
        }
        CatalogCommand::Locations => {
            let answer = catalog.locations(&read).await;
            let Answered { value, region, member, age, token, .. } =
                answer.map_err(|error| session.failed("list locations", &error))?;
            let (items, unreachable) = (value.locations, Vec::new());
            session.output.list(&Listed { items, unreachable, region, member, age, token })
        }
        CatalogCommand::Types(scope) => {
            let listed = catalog.cluster_types(&offered(&scope)?, 0, &read).collect().await;
            session.output.list(&listed.map_err(|error| session.failed("list cluster types", &error))?)
        }
        CatalogCommand::Versions(scope) => {
            let listed = catalog.versions(&offered(&scope)?, 0, &read).collect().await;
            session.output.list(&listed.map_err(|error| session.failed("list versions", &error))?)
        }
        CatalogCommand::InstanceTypes(scope) => {
            let listed = catalog.instance_types(&offered(&scope)?, 0, &read).collect().await;
            session.output.list(&listed.map_err(|error| session.failed("list instance types", &error))?)
        }
    }
}

async fn publish(session: &Session, file: &Path, waves: &Waves, writing: &Writing) -> Result<(), Fail> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| Fail::usage(format!("read {shown}: {error}")))?;
    let read = catalog::read(&text).map_err(|error| Fail::usage(format!("read {shown}: {error}")))?;
    let contents = wire::catalog::shown_as::<v1::CatalogContents>(&read);
    let contents = contents.map_err(|error| Fail::plain(format!("read {shown}: {error}")))?;
    let published = session.client.catalog().publish(contents, plan(waves)?, &session.write(writing)).await;
    let what = format!("publish {shown}");
    let published = published.map_err(|error| session.failed(&what, &error))?;
    session.output.wrote(&said("published", writing.dry_run), &published)?;
    let way: Vec<String> = published.value.waves.iter().map(|wave| view::reaches(&published.value, wave)).collect();
    if !session.output.for_programs() && !way.is_empty() {
        note(format_args!("it reaches {}", way.join(", ")));
    }
    Ok(())
}

/// Nothing where nothing was said: the ring knows what is usual.
fn plan(waves: &Waves) -> Result<Option<v1::WavePlan>, Fail> {
    let soak = |seconds| prost_types::Duration { seconds, nanos: 0 };
    if waves.at_once {
        return Ok(Some(v1::WavePlan { order: Vec::new(), soak: Some(soak(0)) }));
    }
    if waves.wave.is_empty() && waves.soak.is_none() {
        return Ok(None);
    }
    let order = waves.wave.iter().map(|name| location(name)).collect::<Result<_, _>>()?;
    let soak = waves.soak.map(|span| soak(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)));
    Ok(Some(v1::WavePlan { order, soak }))
}

fn offered(scope: &CatalogScope) -> Result<Offered, Fail> {
    let all = Offered::default();
    Ok(Offered {
        parent: scope.edition.as_deref().map_or(all.parent, edition),
        location: scope.location.as_deref().map(location).transpose()?.unwrap_or_default(),
    })
}

/// For people without what is in it, which is counted.
async fn one(session: &Session, name: &str) -> Result<(), Fail> {
    let answer = session.client.catalog().get(name, &session.read()).await;
    let answer = answer.map_err(|error| session.failed(&format!("describe {name}"), &error))?;
    if session.output.for_programs() {
        return session.output.one(&answer);
    }
    let v1::Edition { waves, locations, contents, .. } = answer.value.clone();
    let waves = waves.iter().map(|wave| {
        let uses = if locations.contains(&wave.location) { "yes" } else { "no" };
        vec![short(&wave.location).to_owned(), view::start(wave), uses.to_owned()]
    });
    let waves = table(["LOCATION", "FROM", "IN USE"].map(str::to_owned).into(), waves.collect());
    let contents = contents.unwrap_or_default();
    let sources: Vec<String> =
        contents.sources.iter().map(|source| format!("{}: {}, {}", source.facts, source.from, source.date)).collect();
    let bare = v1::Edition { waves: Vec::new(), contents: None, ..answer.value.clone() };
    let inside = [("Waves", waves), ("Contents", view::counts(&contents)), ("Sources", sources.join("\n"))];
    describe(session, &Answered { value: bare, ..answer }, &inside)
}
