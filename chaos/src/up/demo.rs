//! Something to begin with: cloud accounts, the first edition of the catalogue, and one organization with a folder and a project.

use anyhow::{Context as _, Result};
use client::{Client, Error, Write, v1};

/// Makes it. What is there already stays as it is.
pub async fn make(client: &Client, accounts: &[String]) -> Result<()> {
    for account in accounts {
        settle(account, client.cloud_accounts().create(account, &Write::default()).await)?;
    }
    let first = catalog::first().context("read the first edition of the catalogue")?;
    let contents: v1::CatalogContents = wire::catalog::shown_as(&first).context("show the catalogue")?;
    match client.catalog().publish(contents, None, &Write::default()).await {
        Err(error) if error.is("EDITION_NOT_NEWER") => {}
        published => drop(published.context("publish the first edition of the catalogue")?),
    }
    let organization = v1::Organization { display_name: "Demonstration".to_owned(), ..Default::default() };
    settle("demo", client.organizations().create("demo", organization, &Write::default()).await)?;
    let parent = "organizations/demo";
    let folder = v1::Folder { parent: parent.to_owned(), display_name: "Retail".to_owned(), ..Default::default() };
    settle("retail", client.folders().create("retail", folder, &Write::default()).await)?;
    let parent = format!("{parent}/folders/retail");
    let project = v1::Project { parent, display_name: "Web shop".to_owned(), ..Default::default() };
    settle("shop", client.projects().create("shop", project, &Write::default()).await)
}

fn settle<T>(what: &str, result: Result<T, Error>) -> Result<()> {
    match result {
        Err(error) if error.is("ALREADY_EXISTS") || error.is("ACCOUNT_KNOWN") => Ok(()),
        other => other.map(drop).with_context(|| format!("create `{what}` of the demonstration")),
    }
}
