//! `atoll.v1.Folders`.

use ::access::NodeName;
use api::v1::{
    CreateFolderRequest, DeleteFolderRequest, Folder, GetFolderRequest, ListFoldersRequest, ListFoldersResponse,
    MoveFolderRequest, UpdateFolderRequest, folders_server::Folders,
};
use domain::query::{self, PageRequest};
use ids::{ContainerName, Log};
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    front::Front,
    input::name,
    read::{paging, rejected, seen_page, wanted},
    resource::{Resource, page},
};

#[tonic::async_trait]
impl Folders for Front {
    async fn get_folder(&self, request: Request<GetFolderRequest>) -> Result<Response<Folder>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name = name("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, row) = query::folder(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(Folder::show(revision, &row), view.token(), view.age))
        })
        .await
    }

    async fn list_folders(
        &self,
        request: Request<ListFoldersRequest>,
    ) -> Result<Response<ListFoldersResponse>, Status> {
        self.serve_to(request, WITHIN, |call, to, request| async move {
            let parent: ContainerName = name("parent", &request.parent)?;
            to.check_sees_below(&parent.clone().into())?;
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let to = to.again(&call);
            let list = |page: PageRequest<'_>| query::folders(&view.state, &parent, page);
            let found = seen_page(
                &paging,
                list,
                |row| to.sees(&NodeName::Folder(row.name.clone())),
                |row| row.name.folder.to_string(),
            )?;
            let (folders, next_page_token) = page(found);
            let body = ListFoldersResponse { folders, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn create_folder(&self, request: Request<CreateFolderRequest>) -> Result<Response<Folder>, Status> {
        self.write(request).await
    }

    async fn update_folder(&self, request: Request<UpdateFolderRequest>) -> Result<Response<Folder>, Status> {
        self.write(request).await
    }

    async fn move_folder(&self, request: Request<MoveFolderRequest>) -> Result<Response<Folder>, Status> {
        self.write(request).await
    }

    async fn delete_folder(&self, request: Request<DeleteFolderRequest>) -> Result<Response<Folder>, Status> {
        self.write(request).await
    }
}
