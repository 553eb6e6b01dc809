//! `atoll.v1.Projects`.

use ::access::NodeName;
use api::v1::{
    CreateProjectRequest, DeleteProjectRequest, GetProjectRequest, ListProjectsRequest, ListProjectsResponse,
    MoveProjectRequest, Operation, Project, UpdateProjectRequest, projects_server::Projects,
};
use domain::query::{self, PageRequest};
use ids::{ContainerName, Log};
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    command::Writes,
    front::Front,
    input::name,
    operations,
    read::{paging, rejected, seen_page, wanted},
    resource::{Resource, page},
};

#[tonic::async_trait]
impl Projects for Front {
    async fn get_project(&self, request: Request<GetProjectRequest>) -> Result<Response<Project>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name = name("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, row) = query::project(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(Project::show(revision, &row), view.token(), view.age))
        })
        .await
    }

    async fn list_projects(
        &self,
        request: Request<ListProjectsRequest>,
    ) -> Result<Response<ListProjectsResponse>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let parent: ContainerName = name("parent", &request.parent)?;
            to.check_sees_below(&parent.clone().into())?;
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let to = to.again(&call);
            let list = |page: PageRequest<'_>| query::projects(&view.state, &parent, page);
            let found = seen_page(
                &paging,
                list,
                |row| to.sees(&NodeName::Project(row.name.clone())),
                |row| row.name.project.to_string(),
            )?;
            let (projects, next_page_token) = page(found);
            let body = ListProjectsResponse { projects, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn create_project(&self, request: Request<CreateProjectRequest>) -> Result<Response<Project>, Status> {
        self.write(request).await
    }

    async fn update_project(&self, request: Request<UpdateProjectRequest>) -> Result<Response<Project>, Status> {
        self.write(request).await
    }

    async fn move_project(&self, request: Request<MoveProjectRequest>) -> Result<Response<Project>, Status> {
        self.write(request).await
    }

    async fn delete_project(&self, request: Request<DeleteProjectRequest>) -> Result<Response<Operation>, Status> {
        let takes = self.writes.taken();
        self.serve_write(request, WITHIN, |call, request| async move {
            takes?;
            let write = request.write()?;
            let committed = call.submit(&write).await?;
            operations::deletion::begun(&call, &write, &committed).await
        })
        .await
    }
}
