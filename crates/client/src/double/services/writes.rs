//! Services that write, one method per call, all through one way in.

use api::v1::{
    self, cloud_accounts_server::CloudAccounts, clusters_server::Clusters, folders_server::Folders, mutation::Kind,
    organizations_server::Organizations, projects_server::Projects, quotas_server::Quotas,
};
use tonic::{Code, Request, Response, Status};

use super::{
    super::state::{Done, not_found, refusal},
    Service, retried,
};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Organizations for Service {
    async fn get_organization(&self, request: Request<v1::GetOrganizationRequest>) -> Answer<v1::Organization> {
        let r = request.into_inner();
        self.read(r.read, |state| state.organizations.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_organizations(
        &self,
        request: Request<v1::ListOrganizationsRequest>,
    ) -> Answer<v1::ListOrganizationsResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let items = state.organizations.values().cloned();
            let (organizations, next_page_token) = page(items.collect(), r.page_size, &r.page_token);
            Ok(v1::ListOrganizationsResponse { organizations, next_page_token })
        })
        .await
    }

    async fn create_organization(&self, request: Request<v1::CreateOrganizationRequest>) -> Answer<v1::Organization> {
        self.write(retried(&request), Kind::CreateOrganization(request.into_inner()), organization).await
    }

    async fn update_organization(&self, request: Request<v1::UpdateOrganizationRequest>) -> Answer<v1::Organization> {
        self.write(retried(&request), Kind::UpdateOrganization(request.into_inner()), organization).await
    }

    async fn delete_organization(&self, request: Request<v1::DeleteOrganizationRequest>) -> Answer<v1::Organization> {
        self.write(retried(&request), Kind::DeleteOrganization(request.into_inner()), organization).await
    }
}

fn organization(done: Done) -> Option<v1::Organization> {
    if let Done::Organization(organization) = done { Some(organization) } else { None }
}

#[tonic::async_trait]
impl Folders for Service {
    async fn get_folder(&self, request: Request<v1::GetFolderRequest>) -> Answer<v1::Folder> {
        let r = request.into_inner();
        self.read(r.read, |state| state.folders.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_folders(&self, request: Request<v1::ListFoldersRequest>) -> Answer<v1::ListFoldersResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let items = state.folders.values().filter(|item| item.parent == r.parent).cloned();
            let (folders, next_page_token) = page(items.collect(), r.page_size, &r.page_token);
            Ok(v1::ListFoldersResponse { folders, next_page_token })
        })
        .await
    }

    async fn create_folder(&self, request: Request<v1::CreateFolderRequest>) -> Answer<v1::Folder> {
        self.write(retried(&request), Kind::CreateFolder(request.into_inner()), folder).await
    }

    async fn update_folder(&self, request: Request<v1::UpdateFolderRequest>) -> Answer<v1::Folder> {
        self.write(retried(&request), Kind::UpdateFolder(request.into_inner()), folder).await
    }

    async fn move_folder(&self, request: Request<v1::MoveFolderRequest>) -> Answer<v1::Folder> {
        self.write(retried(&request), Kind::MoveFolder(request.into_inner()), folder).await
    }

    async fn delete_folder(&self, request: Request<v1::DeleteFolderRequest>) -> Answer<v1::Folder> {
        self.write(retried(&request), Kind::DeleteFolder(request.into_inner()), folder).await
    }
}

fn folder(done: Done) -> Option<v1::Folder> {
    if let Done::Folder(folder) = done { Some(folder) } else { None }
}

#[tonic::async_trait]
impl Projects for Service {
    async fn get_project(&self, request: Request<v1::GetProjectRequest>) -> Answer<v1::Project> {
        let r = request.into_inner();
        self.read(r.read, |state| state.projects.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_projects(&self, request: Request<v1::ListProjectsRequest>) -> Answer<v1::ListProjectsResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let items = state.projects.values().filter(|item| item.parent == r.parent).cloned();
            let (projects, next_page_token) = page(items.collect(), r.page_size, &r.page_token);
            Ok(v1::ListProjectsResponse { projects, next_page_token })
        })
        .await
    }

    async fn create_project(&self, request: Request<v1::CreateProjectRequest>) -> Answer<v1::Project> {
        self.write(retried(&request), Kind::CreateProject(request.into_inner()), project).await
    }

    async fn update_project(&self, request: Request<v1::UpdateProjectRequest>) -> Answer<v1::Project> {
        self.write(retried(&request), Kind::UpdateProject(request.into_inner()), project).await
    }

    async fn move_project(&self, request: Request<v1::MoveProjectRequest>) -> Answer<v1::Project> {
        self.write(retried(&request), Kind::MoveProject(request.into_inner()), project).await
    }

    async fn delete_project(&self, request: Request<v1::DeleteProjectRequest>) -> Answer<v1::Operation> {
        self.write(retried(&request), Kind::DeleteProject(request.into_inner()), operation).await
    }
}

fn project(done: Done) -> Option<v1::Project> {
    if let Done::Project(project) = done { Some(project) } else { None }
}

#[tonic::async_trait]
impl Clusters for Service {
    async fn get_cluster(&self, request: Request<v1::GetClusterRequest>) -> Answer<v1::Cluster> {
        let r = request.into_inner();
        self.read(r.read, |state| state.clusters.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_clusters(&self, request: Request<v1::ListClustersRequest>) -> Answer<v1::ListClustersResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let items = state.clusters.values().filter(|item| in_location(&item.name, &r.parent)).cloned();
            let (clusters, next_page_token) = page(items.collect(), r.page_size, &r.page_token);
            Ok(v1::ListClustersResponse { clusters, unreachable: away(state, &r.parent), next_page_token })
        })
        .await
    }

    async fn create_cluster(&self, request: Request<v1::CreateClusterRequest>) -> Answer<v1::Cluster> {
        self.write(retried(&request), Kind::CreateCluster(request.into_inner()), cluster).await
    }

    async fn update_cluster(&self, request: Request<v1::UpdateClusterRequest>) -> Answer<v1::Cluster> {
        self.write(retried(&request), Kind::UpdateCluster(request.into_inner()), cluster).await
    }

    async fn delete_cluster(&self, request: Request<v1::DeleteClusterRequest>) -> Answer<v1::Cluster> {
        self.write(retried(&request), Kind::DeleteCluster(request.into_inner()), cluster).await
    }

    async fn undelete_cluster(&self, request: Request<v1::UndeleteClusterRequest>) -> Answer<v1::Cluster> {
        self.write(retried(&request), Kind::UndeleteCluster(request.into_inner()), cluster).await
    }

    async fn hibernate_cluster(&self, request: Request<v1::HibernateClusterRequest>) -> Answer<v1::Cluster> {
        self.write(retried(&request), Kind::HibernateCluster(request.into_inner()), cluster).await
    }

    async fn wake_cluster(&self, request: Request<v1::WakeClusterRequest>) -> Answer<v1::Cluster> {
        self.write(retried(&request), Kind::WakeCluster(request.into_inner()), cluster).await
    }

    async fn list_machines(&self, request: Request<v1::ListMachinesRequest>) -> Answer<v1::ListMachinesResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let items = state.of_cluster(&r.parent, &state.machines)?;
            let (machines, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListMachinesResponse { machines, next_page_token })
        })
        .await
    }

    async fn list_decisions(&self, request: Request<v1::ListDecisionsRequest>) -> Answer<v1::Decisions> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let cluster = state.clusters.get(&r.parent).ok_or_else(|| not_found(&r.parent))?;
            decided(state, &cluster.cluster_type)
        })
        .await
    }

    async fn preview_decisions(&self, request: Request<v1::PreviewDecisionsRequest>) -> Answer<v1::Decisions> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| decided(state, &r.cluster_type)).await
    }

    async fn explain_cluster(&self, request: Request<v1::ExplainClusterRequest>) -> Answer<v1::ExplainClusterResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let mut deeds = state.of_cluster(&r.name, &state.deeds)?;
            deeds.retain(|deed| r.machine.is_empty() || deed.part == format!("machine {}", r.machine));
            Ok(v1::ExplainClusterResponse { deeds })
        })
        .await
    }
}

/// What the double was told of a cluster type.
fn decided(state: &super::super::State, cluster_type: &str) -> Result<v1::Decisions, Status> {
    let known = state.decisions.keys().cloned().collect::<Vec<_>>().join(", ");
    state.decisions.get(cluster_type).cloned().ok_or_else(|| {
        let message =
            format!("looked up the cluster type {cluster_type:?}: it is not in the catalogue, wanted one of {known}");
        refusal(Code::InvalidArgument, "UNKNOWN_CLUSTER_TYPE", message, &[("accepted", &known)])
    })
}

fn cluster(done: Done) -> Option<v1::Cluster> {
    if let Done::Cluster(cluster) = done { Some(cluster) } else { None }
}

#[tonic::async_trait]
impl CloudAccounts for Service {
    async fn get_cloud_account(&self, request: Request<v1::GetCloudAccountRequest>) -> Answer<v1::CloudAccount> {
        let r = request.into_inner();
        self.read(r.read, |state| state.cloud_accounts.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_cloud_accounts(
        &self,
        request: Request<v1::ListCloudAccountsRequest>,
    ) -> Answer<v1::ListCloudAccountsResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let items = state.cloud_accounts.values().cloned();
            let (cloud_accounts, next_page_token) = page(items.collect(), r.page_size, &r.page_token);
            Ok(v1::ListCloudAccountsResponse { cloud_accounts, next_page_token })
        })
        .await
    }

    async fn create_cloud_account(&self, request: Request<v1::CreateCloudAccountRequest>) -> Answer<v1::CloudAccount> {
        self.write(retried(&request), Kind::CreateCloudAccount(request.into_inner()), cloud_account).await
    }
}

fn cloud_account(done: Done) -> Option<v1::CloudAccount> {
    if let Done::CloudAccount(account) = done { Some(account) } else { None }
}

fn operation(done: Done) -> Option<v1::Operation> {
    if let Done::Operation(operation) = done { Some(operation) } else { None }
}

#[tonic::async_trait]
impl Quotas for Service {
    async fn get_quota(&self, request: Request<v1::GetQuotaRequest>) -> Answer<v1::Quota> {
        let r = request.into_inner();
        self.read(r.read, |state| state.quotas.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_quotas(&self, request: Request<v1::ListQuotasRequest>) -> Answer<v1::ListQuotasResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let (quotas, next_page_token) = page(state.quotas.values().cloned().collect(), r.page_size, &r.page_token);
            Ok(v1::ListQuotasResponse { quotas, next_page_token })
        })
        .await
    }

    /// It remembers no request: a quota that is set twice is the same.
    async fn update_quota(&self, request: Request<v1::UpdateQuotaRequest>) -> Answer<v1::Quota> {
        self.enter(true).await?;
        let r = request.into_inner();
        let mut quota = r.quota.unwrap_or_default();
        let organization = quota.name.trim_end_matches("/quota").to_owned();
        let made = self.ring.change(|state| {
            state.organizations.get(&organization).ok_or_else(|| not_found(&organization))?;
            let stamp = state.stamp("global", &r.request_id);
            (quota.etag, quota.update_time) = (stamp.etag, stamp.time);
            if !r.validate_only {
                state.append("global", &r.request_id, "quota-set", &quota.name, None);
                state.quotas.insert(quota.name.clone(), quota.clone());
            }
            Ok::<_, Status>(quota)
        })?;
        Ok(self.answer(made))
    }
}

/// One page; the token is the place of the first item of the next.
pub(super) fn page<T>(items: Vec<T>, size: i32, token: &str) -> (Vec<T>, String) {
    let size = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(1000);
    let first: usize = token.parse().unwrap_or(0);
    let next = if items.len() > first + size { (first + size).to_string() } else { String::new() };
    (items.into_iter().skip(first).take(size).collect(), next)
}

/// Of the locations that a list is over, those that are away.
fn away(state: &super::super::State, parent: &str) -> Vec<String> {
    let location = parent.rsplit('/').next().unwrap_or_default();
    let over = |away: &&String| location == "-" || away.ends_with(&format!("/{location}"));
    state.unreachable.iter().filter(over).cloned().collect()
}

/// `-` stands for every location.
fn in_location(name: &str, parent: &str) -> bool {
    match parent.strip_suffix("/locations/-") {
        Some(project) => name.starts_with(&format!("{project}/locations/")),
        None => name.starts_with(&format!("{parent}/clusters/")),
    }
}
