//! Something to look at: one organization with a folder, a project and a cluster in each region.

use anyhow::{Context as _, Result};
use client::{Client, Error, Write, v1};
use ids::RegionId;

/// Makes it. What is there already stays as it is.
pub async fn make(client: &Client, regions: &[RegionId]) -> Result<()> {
    let organization = v1::Organization { display_name: "Demonstration".to_owned(), ..Default::default() };
    settle("demo", client.organizations().create("demo", organization, &Write::default()).await)?;
    let parent = "organizations/demo";
    let folder = v1::Folder { parent: parent.to_owned(), display_name: "Retail".to_owned(), ..Default::default() };
    settle("retail", client.folders().create("retail", folder, &Write::default()).await)?;
    let parent = format!("{parent}/folders/retail");
    let project = v1::Project { parent, display_name: "Web shop".to_owned(), ..Default::default() };
    settle("shop", client.projects().create("shop", project, &Write::default()).await)?;
    for region in regions {
        let cluster = v1::Cluster {
            description: format!("the shop in {region}"),
            cluster_type: "DEVELOPMENT".into(),
            ..Default::default()
        };
        let parent = format!("organizations/demo/projects/shop/locations/{region}");
        settle("web", client.clusters().create(&parent, "web", cluster, &Write::default()).await)?;
    }
    Ok(())
}

fn settle<T>(what: &str, result: Result<T, Error>) -> Result<()> {
    match result {
        Err(error) if error.is("ALREADY_EXISTS") => Ok(()),
        other => other.map(drop).with_context(|| format!("create `{what}` of the demonstration")),
    }
}
