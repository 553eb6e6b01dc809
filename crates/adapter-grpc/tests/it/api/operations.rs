//! Deletions that take their time.

use std::time::Duration;

use api::v1::{
    self, clusters_client::ClustersClient, operations_client::OperationsClient, projects_client::ProjectsClient,
};

use super::ring::{Ring, cluster_name, create_project, eventually, new_cluster, refusal, refused};

#[tokio::test]
async fn a_projects_deletion_is_an_operation_until_every_region_has_drained() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(2).await;
    let (mut projects, mut operations) = (ProjectsClient::new(channel.clone()), OperationsClient::new(channel.clone()));
    let name = "organizations/acme/projects/web".to_owned();
    // While a region has a cluster of the project, it does not acknowledge.
    let mut clusters = ClustersClient::new(channel.clone());
    clusters.create_cluster(new_cluster("c", "last")).await.unwrap();
    let uid =
        projects.get_project(v1::GetProjectRequest { name: name.clone(), read: None }).await.unwrap().into_inner().uid;
    let delete = v1::DeleteProjectRequest { name: name.clone(), request_id: "07".repeat(16), ..Default::default() };
    let begun = projects.delete_project(delete.clone()).await.unwrap().into_inner();
    assert_eq!(begun.name, format!("organizations/acme/operations/web.{uid}"));
    assert_eq!((begun.kind.as_str(), begun.target.as_str(), begun.done), ("projects.delete", name.as_str(), false));
    let metadata = begun.metadata.clone().unwrap();
    assert_eq!((metadata.stage.as_str(), metadata.create_time), ("DRAINING", None));
    let parent = "organizations/acme".to_owned();
    let list = v1::ListOperationsRequest { parent: parent.clone(), ..Default::default() };
    let listed = operations.list_operations(list.clone()).await.unwrap().into_inner().operations;
    assert_eq!(listed.iter().map(|operation| &operation.name).collect::<Vec<_>>(), [&begun.name]);

    let timeout = Some(prost_types::Duration { seconds: 0, nanos: 100_000_000 });
    let wait = v1::WaitOperationRequest { name: begun.name.clone(), timeout, read: None };
    assert!(!operations.wait_operation(wait).await.unwrap().into_inner().done);

    let get = v1::GetOperationRequest { name: begun.name.clone(), read: None };
    let metadata = eventually(|| {
        let (mut operations, get) = (operations.clone(), get.clone());
        async move {
            let metadata = operations.get_operation(get).await.unwrap().into_inner().metadata.unwrap();
            (metadata.waiting_for.len() == 1).then_some(metadata)
        }
    })
    .await;
    assert_eq!((metadata.percent, metadata.waiting_for), (66, vec!["c".to_owned()]));

    let mut waiting = operations.clone();
    let wait = v1::WaitOperationRequest { name: begun.name.clone(), timeout: None, read: None };
    let delete_last = v1::DeleteClusterRequest { name: cluster_name("c", "last"), ..Default::default() };
    let (waited, deleted) = tokio::join!(waiting.wait_operation(wait), clusters.delete_cluster(delete_last));
    deleted.unwrap();
    let waited = waited.unwrap().into_inner();
    assert!(waited.done && waited.error.is_none());
    assert_eq!(operations.list_operations(list).await.unwrap().into_inner().operations, []);

    // The name is taken by another project; the operation stays what it was, also for who asks for it by the first request.
    let again = create_project(&channel, &parent, "web").await.unwrap();
    assert_ne!(again.uid, uid);
    assert!(operations.get_operation(get).await.unwrap().into_inner().done);
    let same = projects.delete_project(delete).await.unwrap().into_inner();
    assert_eq!((same.name, same.done), (begun.name, true));
    let other =
        v1::GetOperationRequest { name: format!("organizations/acme/operations/web.{}", again.uid), read: None };
    assert_eq!(refusal(operations.get_operation(other).await).reason, "NOT_FOUND");
}

#[tokio::test]
async fn a_wait_ends_with_the_deadline_of_its_call() {
    let ring = Ring::formed().await.with_project().await;
    let channel = ring.connect(1).await;
    ClustersClient::new(channel.clone()).create_cluster(new_cluster("c", "last")).await.unwrap();
    let mut projects = ProjectsClient::new(channel.clone());
    let delete = v1::DeleteProjectRequest { name: "organizations/acme/projects/web".to_owned(), ..Default::default() };
    let name = projects.delete_project(delete).await.unwrap().into_inner().name;
    let mut wait = tonic::Request::new(v1::WaitOperationRequest { name, timeout: None, read: None });
    wait.set_timeout(Duration::from_millis(500));
    let operation = OperationsClient::new(channel.clone()).wait_operation(wait).await.unwrap().into_inner();
    assert!(!operation.done);
    for name in ["organizations/acme/operations/web", "organizations/acme/operations/web.xyz", "web.00"] {
        let get = v1::GetOperationRequest { name: name.to_owned(), read: None };
        let status = OperationsClient::new(channel.clone()).get_operation(get).await.unwrap_err();
        assert_eq!(refused(&status).fields, ["name"], "{name}");
    }
}
