//! Clusters: what is asked of them, what became of them, and why.

use std::time::Duration;

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

    /// Deletes it. An empty `etag` means any. It is gone when its operation is done ([`Clusters::operation`]).
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Cluster>, Error> {
        self.delete_later(name, etag, None, options).await
    }

    /// As [`Clusters::delete`], but everything of it is kept for a time, at most 7 days, in which it sleeps and can be taken back.
    pub async fn delete_later(
        &self,
        name: &str,
        etag: &str,
        retain: Option<Duration>,
        options: &Write,
    ) -> Result<Answered<v1::Cluster>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteClusterRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
            // One that is too long for the message is refused as one that is too long.
            retain: retain
                .map(|retain| retain.try_into().unwrap_or(prost_types::Duration { seconds: i64::MAX, nanos: 0 })),
        };
        self.client.unary(Plan::write(&options), request, rpc!(clusters_client::ClustersClient, delete_cluster)).await
    }

    /// Takes its deletion back, while everything of it is kept.
    pub async fn undelete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Cluster>, Error> {
        let (options, request_id) = settled(options);
        let (name, etag, validate_only) = (name.to_owned(), etag.to_owned(), options.validate_only);
        let request = v1::UndeleteClusterRequest { name, etag, request_id, validate_only };
        self.client.unary(Plan::write(&options), request, rpc!(clusters_client::ClustersClient, undelete_cluster)).await
    }

    /// Puts it to sleep, when it is RUNNING.
    pub async fn hibernate(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Cluster>, Error> {
        let (options, request_id) = settled(options);
        let (name, etag, validate_only) = (name.to_owned(), etag.to_owned(), options.validate_only);
        let request = v1::HibernateClusterRequest { name, etag, request_id, validate_only };
        self.client
            .unary(Plan::write(&options), request, rpc!(clusters_client::ClustersClient, hibernate_cluster))
            .await
    }

    /// Wakes it.
    pub async fn wake(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Cluster>, Error> {
        let (options, request_id) = settled(options);
        let (name, etag, validate_only) = (name.to_owned(), etag.to_owned(), options.validate_only);
        let request = v1::WakeClusterRequest { name, etag, request_id, validate_only };
        self.client.unary(Plan::write(&options), request, rpc!(clusters_client::ClustersClient, wake_cluster)).await
    }

    /// The operation that is under way with a cluster that a write answered, to wait for
    /// ([`crate::operations::Operations::wait`]); `None` where none is. Asks again where the answer does not say it.
    pub async fn operation(&self, answer: &Answered<v1::Cluster>, options: &Read) -> Result<Option<String>, Error> {
        let known = |operation: &str| Some(operation.to_owned()).filter(|name| !name.is_empty());
        if !answer.partial {
            return Ok(known(&answer.value.operation));
        }
        match self.get(&answer.value.name, options).await {
            Ok(got) => Ok(known(&got.value.operation)),
            // Deleted, and gone already.
            Err(error) if error.reason == "NOT_FOUND" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Its machines, in the order of their slots.
    pub fn machines(&self, name: &str, page_size: i32, options: &Read) -> Pages<v1::Machine> {
        let (client, options, parent) = (self.client.clone(), options.clone(), name.to_owned());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListMachinesRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(clusters_client::ClustersClient, list_machines)).await?;
                Ok(listed.map(|list| Page {
                    items: list.machines,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Everything that is decided about it.
    pub async fn decisions(&self, name: &str, options: &Read) -> Result<Answered<v1::Decisions>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::ListDecisionsRequest { parent: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(clusters_client::ClustersClient, list_decisions)).await
    }

    /// What would be decided about a cluster of a type that is asked for now in `parent`. Nothing is written.
    pub async fn preview(
        &self,
        parent: &str,
        cluster_type: &str,
        asked: v1::ClusterOptions,
        options: &Read,
    ) -> Result<Answered<v1::Decisions>, Error> {
        let read = Some(options.out(&self.client.token()));
        let (parent, cluster_type) = (parent.to_owned(), cluster_type.to_owned());
        let request = v1::PreviewDecisionsRequest { parent, cluster_type, options: Some(asked), read };
        self.client.unary(Plan::read(options), request, rpc!(clusters_client::ClustersClient, preview_decisions)).await
    }

    /// What was done about it and why, the oldest first; of one machine (slot or id), or of everything where `machine` is empty.
    pub async fn explain(&self, name: &str, machine: &str, options: &Read) -> Result<Answered<Vec<v1::Deed>>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::ExplainClusterRequest { name: name.to_owned(), machine: machine.to_owned(), read };
        let answer =
            self.client.unary(Plan::read(options), request, rpc!(clusters_client::ClustersClient, explain_cluster));
        Ok(answer.await?.map(|explained| explained.deeds))
    }
}
