//! `atoll.v1.Organizations`.

use api::v1::{
    CreateOrganizationRequest, DeleteOrganizationRequest, GetOrganizationRequest, ListOrganizationsRequest,
    ListOrganizationsResponse, Organization, UpdateOrganizationRequest, organizations_server::Organizations,
};
use domain::query;
use ids::Log;
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    front::Front,
    input::name,
    read::{paging, rejected, wanted},
    resource::{Resource, page},
};

#[tonic::async_trait]
impl Organizations for Front {
    async fn get_organization(
        &self,
        request: Request<GetOrganizationRequest>,
    ) -> Result<Response<Organization>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name = name("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, row) = query::organization(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(Organization::show(revision, &row), view.token(), view.age))
        })
        .await
    }

    async fn list_organizations(
        &self,
        request: Request<ListOrganizationsRequest>,
    ) -> Result<Response<ListOrganizationsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::organizations(&view.state, paging.request()).map_err(|why| rejected(&why, ""))?;
            let (organizations, next_page_token) = page(found);
            let body = ListOrganizationsResponse { organizations, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn create_organization(
        &self,
        request: Request<CreateOrganizationRequest>,
    ) -> Result<Response<Organization>, Status> {
        self.write(request).await
    }

    async fn update_organization(
        &self,
        request: Request<UpdateOrganizationRequest>,
    ) -> Result<Response<Organization>, Status> {
        self.write(request).await
    }

    async fn delete_organization(
        &self,
        request: Request<DeleteOrganizationRequest>,
    ) -> Result<Response<Organization>, Status> {
        self.write(request).await
    }
}
