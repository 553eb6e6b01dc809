//! `atoll.v1.Organizations`.

use ::access::NodeName;
use api::v1::{
    CreateOrganizationRequest, DeleteOrganizationRequest, GetOrganizationRequest, ListOrganizationsRequest,
    ListOrganizationsResponse, Organization, UpdateOrganizationRequest, organizations_server::Organizations,
};
use domain::query::{self, PageRequest};
use gateway::{Need, Who};
use ids::Log;
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    front::Front,
    input::name,
    read::{paging, rejected, seen_page, wanted},
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
        self.serve_to(request, WITHIN, |call, to, request| async move {
            // A member is of one organization; who runs the ring sees all of them.
            let to = match &to.who {
                Who::Member(of) => call.admit(&Need::Within(of.organization.clone())).await?,
                Who::Operator(_) | Who::Anybody => to,
            };
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let to = to.again(&call);
            let list = |page: PageRequest<'_>| query::organizations(&view.state, page);
            let found = seen_page(
                &paging,
                list,
                |row| to.sees(&NodeName::Organization(row.name.clone())),
                |row| row.name.organization.to_string(),
            )?;
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
