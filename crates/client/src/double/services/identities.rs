//! Identity providers and service accounts of the double.

use api::v1::{
    self, identity_providers_server::IdentityProviders, mutation::Kind, service_accounts_server::ServiceAccounts,
};
use tonic::{Request, Response, Status};

use super::{
    super::state::{Done, State, not_found},
    Service, retried,
    writes::page,
};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl IdentityProviders for Service {
    async fn get_identity_provider(
        &self,
        request: Request<v1::GetIdentityProviderRequest>,
    ) -> Answer<v1::IdentityProvider> {
        let r = request.into_inner();
        let found = |state: &State| state.identity_providers.get(&r.name).cloned().ok_or_else(|| not_found(&r.name));
        self.read(r.read, found).await
    }

    async fn list_identity_providers(
        &self,
        request: Request<v1::ListIdentityProvidersRequest>,
    ) -> Answer<v1::ListIdentityProvidersResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let inside = |of: &&v1::IdentityProvider| of.name.starts_with(&format!("{}/", r.parent));
            let items = state.identity_providers.values().filter(inside).cloned().collect();
            let (identity_providers, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListIdentityProvidersResponse { identity_providers, next_page_token })
        })
        .await
    }

    async fn create_identity_provider(
        &self,
        request: Request<v1::CreateIdentityProviderRequest>,
    ) -> Answer<v1::IdentityProvider> {
        self.write(retried(&request), Kind::CreateIdentityProvider(request.into_inner()), provider).await
    }

    async fn update_identity_provider(
        &self,
        request: Request<v1::UpdateIdentityProviderRequest>,
    ) -> Answer<v1::IdentityProvider> {
        self.write(retried(&request), Kind::UpdateIdentityProvider(request.into_inner()), provider).await
    }

    async fn delete_identity_provider(
        &self,
        request: Request<v1::DeleteIdentityProviderRequest>,
    ) -> Answer<v1::IdentityProvider> {
        self.write(retried(&request), Kind::DeleteIdentityProvider(request.into_inner()), provider).await
    }
}

fn provider(done: Done) -> Option<v1::IdentityProvider> {
    if let Done::IdentityProvider(provider) = done { Some(provider) } else { None }
}

#[tonic::async_trait]
impl ServiceAccounts for Service {
    async fn get_service_account(&self, request: Request<v1::GetServiceAccountRequest>) -> Answer<v1::ServiceAccount> {
        let r = request.into_inner();
        let found = |state: &State| state.service_accounts.get(&r.name).cloned().ok_or_else(|| not_found(&r.name));
        self.read(r.read, found).await
    }

    async fn list_service_accounts(
        &self,
        request: Request<v1::ListServiceAccountsRequest>,
    ) -> Answer<v1::ListServiceAccountsResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let inside = |of: &&v1::ServiceAccount| of.name.starts_with(&format!("{}/", r.parent));
            let items = state.service_accounts.values().filter(inside).cloned().collect();
            let (service_accounts, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListServiceAccountsResponse { service_accounts, next_page_token })
        })
        .await
    }

    async fn create_service_account(
        &self,
        request: Request<v1::CreateServiceAccountRequest>,
    ) -> Answer<v1::ServiceAccount> {
        self.write(retried(&request), Kind::CreateServiceAccount(request.into_inner()), account).await
    }

    async fn update_service_account(
        &self,
        request: Request<v1::UpdateServiceAccountRequest>,
    ) -> Answer<v1::ServiceAccount> {
        self.write(retried(&request), Kind::UpdateServiceAccount(request.into_inner()), account).await
    }

    async fn delete_service_account(
        &self,
        request: Request<v1::DeleteServiceAccountRequest>,
    ) -> Answer<v1::ServiceAccount> {
        self.write(retried(&request), Kind::DeleteServiceAccount(request.into_inner()), account).await
    }

    async fn add_service_account_key(
        &self,
        request: Request<v1::AddServiceAccountKeyRequest>,
    ) -> Answer<v1::ServiceAccount> {
        self.write(retried(&request), Kind::AddServiceAccountKey(request.into_inner()), account).await
    }

    async fn remove_service_account_key(
        &self,
        request: Request<v1::RemoveServiceAccountKeyRequest>,
    ) -> Answer<v1::ServiceAccount> {
        self.write(retried(&request), Kind::RemoveServiceAccountKey(request.into_inner()), account).await
    }
}

fn account(done: Done) -> Option<v1::ServiceAccount> {
    if let Done::ServiceAccount(account) = done { Some(account) } else { None }
}
