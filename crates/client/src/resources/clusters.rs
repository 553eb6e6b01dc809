//! Clusters.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Clusters`.
#[derive(Clone, Debug)]
pub struct Clusters {
    pub(crate) client: Client,
}

impl Clusters {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Cluster>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetClusterRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(clusters_client::ClustersClient, get_cluster)).await
    }

    /// Those of a project in one location, or in every location (`-`): then regions that are away are named in `unreachable`.
    pub fn list(&self, parent: &str, page_size: i32, options: &Read) -> Pages<v1::Cluster> {
        let (client, options) = (self.client.clone(), options.clone());
        let parent = parent.to_owned();
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListClustersRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(clusters_client::ClustersClient, list_clusters)).await?;
                Ok(listed.map(|list| Page {
                    items: list.clusters,
                    unreachable: list.unreachable,
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Makes a cluster with the last segment `id` of its name in `parent`.
    pub async fn create(
        &self,
        parent: &str,
        id: &str,
        cluster: v1::Cluster,
        options: &Write,
    ) -> Result<Answered<v1::Cluster>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateClusterRequest {
            parent: parent.to_owned(),
            cluster_id: id.to_owned(),
            cluster: Some(cluster),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(clusters_client::ClustersClient, create_cluster)).await
    }

    /// Changes the fields in `paths` (none: those that are not empty) of the cluster that `cluster.name` says, at `cluster.etag` if set.
    pub async fn update(
        &self,
        cluster: v1::Cluster,
        paths: &[&str],
        options: &Write,
    ) -> Result<Answered<v1::Cluster>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateClusterRequest {
            cluster: Some(cluster),
            update_mask: mask(paths),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(clusters_client::ClustersClient, update_cluster)).await
    }

    /// Deletes it. An empty `etag` means any.
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Cluster>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteClusterRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(clusters_client::ClustersClient, delete_cluster)).await
    }
}
