//! Asks for clusters, through the API.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use api::v1::{
    Cluster, CreateCloudAccountRequest, CreateClusterRequest, CreateOrganizationRequest, CreateProjectRequest,
    Mutation, Organization, Project, PublishEditionRequest, catalog_client::CatalogClient,
    cloud_accounts_client::CloudAccountsClient, mutation::Kind, organizations_client::OrganizationsClient,
    projects_client::ProjectsClient,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::world::{PER_ORGANIZATION, REGION, World};

static REQUESTS: AtomicU64 = AtomicU64::new(1);

/// One that no run over the same data gave before.
pub fn request_id() -> String {
    static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    format!("{:016x}{:016x}", *RUN, REQUESTS.fetch_add(1, Relaxed))
}

fn project(organization: usize) -> String {
    format!("organizations/bench-{organization}/projects/load")
}

/// The name of the `number`th cluster.
pub fn name(number: usize) -> String {
    let (organization, cluster) = (number / PER_ORGANIZATION, number % PER_ORGANIZATION);
    format!("{}/locations/{REGION}/clusters/c-{cluster}", project(organization))
}

/// What every ring begins with: accounts, and the first edition of the catalogue.
pub async fn prepare(world: &World) -> Result<()> {
    let channel = world.channel().await?;
    for account in world.accounts().await? {
        let create = CreateCloudAccountRequest {
            cloud_account_id: account,
            request_id: request_id(),
            ..CreateCloudAccountRequest::default()
        };
        let mut client = CloudAccountsClient::new(channel.clone());
        client.create_cloud_account(create).await.context("put an account into the pool")?;
    }
    let first = catalog::first().context("read the first edition of the catalogue")?;
    let publish = PublishEditionRequest {
        contents: Some(wire::catalog::shown_as(&first)?),
        request_id: request_id(),
        ..PublishEditionRequest::default()
    };
    CatalogClient::new(channel).publish_edition(publish).await.context("published the first edition")?;
    Ok(())
}

/// Asks for all clusters, `callers` organizations at a time, while no more than `under_way` are being made.
pub async fn ask(world: &World, callers: usize, under_way: u64) -> Result<()> {
    let (organizations, asked) = (world.count.div_ceil(PER_ORGANIZATION), Cell::new(0));
    let turns = tokio::sync::Mutex::new(());
    let one = |organization: usize| {
        let (asked, turns) = (&asked, &turns);
        async move {
            // One asks at a time: the answer costs the node more the more accounts there are.
            let turn = turns.lock().await;
            while world.under_way().await?.is_none_or(|of| of >= under_way) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            drop(turn);
            fill(world, organization).await?;
            asked.set(asked.get() + PER_ORGANIZATION);
            if asked.get().is_multiple_of(10_000) {
                eprintln!("{} clusters are asked for", asked.get());
            }
            anyhow::Ok(())
        }
    };
    stream::iter(0..organizations).map(one).buffer_unordered(callers).try_collect().await
}

async fn fill(world: &World, organization: usize) -> Result<()> {
    let channel = world.channel().await?;
    let create = CreateOrganizationRequest {
        organization_id: format!("bench-{organization}"),
        organization: Some(Organization::default()),
        request_id: request_id(),
        validate_only: false,
    };
    let mut organizations = OrganizationsClient::new(channel.clone());
    organizations.create_organization(create).await.context("created an organization")?;
    let create = CreateProjectRequest {
        project_id: "load".to_owned(),
        project: Some(Project { parent: format!("organizations/bench-{organization}"), ..Project::default() }),
        request_id: request_id(),
        validate_only: false,
    };
    ProjectsClient::new(channel.clone()).create_project(create).await.context("created a project")?;
    let create = |cluster: usize| CreateClusterRequest {
        parent: format!("{}/locations/{REGION}", project(organization)),
        cluster_id: format!("c-{cluster}"),
        cluster: Some(Cluster {
            cluster_type: if cluster.is_multiple_of(4) { "PRODUCTION" } else { "DEVELOPMENT" }.into(),
            ..Cluster::default()
        }),
        request_id: request_id(),
        validate_only: false,
    };
    let mutations = (0..PER_ORGANIZATION)
        .map(|cluster| Mutation { kind: Some(Kind::CreateCluster(create(cluster))), retried: false });
    crate::stream::all(channel, mutations.collect()).await.context("asked for clusters")
}
