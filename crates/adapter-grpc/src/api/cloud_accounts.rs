//! `atoll.v1.CloudAccounts`.

use api::v1::{
    CloudAccount, CreateCloudAccountRequest, GetCloudAccountRequest, ListCloudAccountsRequest,
    ListCloudAccountsResponse, cloud_accounts_server::CloudAccounts,
};
use domain::{query, sets};
use ids::{AccountId, Log, Subject};
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    front::Front,
    read::{paging, rejected, wanted},
    resource::{Resource, page},
    status::Refusal,
};

#[tonic::async_trait]
impl CloudAccounts for Front {
    async fn get_cloud_account(
        &self,
        request: Request<GetCloudAccountRequest>,
    ) -> Result<Response<CloudAccount>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let account = account("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, row) = query::account(&view.state, account).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(CloudAccount::show(revision, &row), view.token(), view.age))
        })
        .await
    }

    async fn list_cloud_accounts(
        &self,
        request: Request<ListCloudAccountsRequest>,
    ) -> Result<Response<ListCloudAccountsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::accounts(&view.state, paging.request()).map_err(|why| rejected(&why, ""))?;
            let (cloud_accounts, next_page_token) = page(found);
            let body = ListCloudAccountsResponse { cloud_accounts, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn create_cloud_account(
        &self,
        request: Request<CreateCloudAccountRequest>,
    ) -> Result<Response<CloudAccount>, Status> {
        self.write(request).await
    }
}

fn account(field: &str, name: &str) -> Result<AccountId, Refusal> {
    let id = name.parse::<Subject>().ok().and_then(|name| name.entry_of(&sets::accounts())?.parse().ok());
    id.ok_or_else(|| Refusal::field(field, name, "cloudAccounts/{cloud_account}, of twelve decimal digits"))
}
