//! Projects.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Projects`.
#[derive(Clone, Debug)]
pub struct Projects {
    pub(crate) client: Client,
}

impl Projects {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Project>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetProjectRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(projects_client::ProjectsClient, get_project)).await
    }

    /// Those directly in `parent`, in the order of their names. A `page_size` of 0 means the server's.
    pub fn list(&self, parent: &str, page_size: i32, options: &Read) -> Pages<v1::Project> {
        let (client, options) = (self.client.clone(), options.clone());
        let parent = parent.to_owned();
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListProjectsRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(projects_client::ProjectsClient, list_projects)).await?;
                Ok(listed.map(|list| Page {
                    items: list.projects,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Makes a project with the last segment `id` of its name; `project.parent` says where.
    pub async fn create(
        &self,
        id: &str,
        project: v1::Project,
        options: &Write,
    ) -> Result<Answered<v1::Project>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateProjectRequest {
            project_id: id.to_owned(),
            project: Some(project),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(projects_client::ProjectsClient, create_project)).await
    }

    /// Changes the fields in `paths` (none: those that are not empty) of the project that `project.name` says, at `project.etag` if set.
    pub async fn update(
        &self,
        project: v1::Project,
        paths: &[&str],
        options: &Write,
    ) -> Result<Answered<v1::Project>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateProjectRequest {
            project: Some(project),
            update_mask: mask(paths),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(projects_client::ProjectsClient, update_project)).await
    }

    /// Puts it into another container of the same organization; its name stays. An empty `etag` means any.
    pub async fn r#move(
        &self,
        name: &str,
        destination_parent: &str,
        etag: &str,
        options: &Write,
    ) -> Result<Answered<v1::Project>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::MoveProjectRequest {
            name: name.to_owned(),
            destination_parent: destination_parent.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(projects_client::ProjectsClient, move_project)).await
    }

    /// Starts the deletion; it is done when every region has acknowledged it ([`crate::operations::Operations::wait`]).
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Operation>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteProjectRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(projects_client::ProjectsClient, delete_project)).await
    }
}
