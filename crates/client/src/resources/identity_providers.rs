//! Identity providers: issuers of tokens that an organization trusts.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `IdentityProviders`.
#[derive(Clone, Debug)]
pub struct IdentityProviders {
    pub(crate) client: Client,
}

impl IdentityProviders {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::IdentityProvider>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetIdentityProviderRequest { name: name.to_owned(), read };
        self.client
            .unary(
                Plan::read(options),
                request,
                rpc!(identity_providers_client::IdentityProvidersClient, get_identity_provider),
            )
            .await
    }

    /// Those of an organization, in the order of their names. A `page_size` of 0 means the server's.
    pub fn list(&self, organization: &str, page_size: i32, options: &Read) -> Pages<v1::IdentityProvider> {
        let (client, options, parent) = (self.client.clone(), options.clone(), organization.to_owned());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListIdentityProvidersRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client
                    .unary(
                        plan,
                        request,
                        rpc!(identity_providers_client::IdentityProvidersClient, list_identity_providers),
                    )
                    .await?;
                Ok(listed.map(|list| Page {
                    items: list.identity_providers,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Makes one with the last segment `id` of its name.
    pub async fn create(
        &self,
        organization: &str,
        id: &str,
        provider: v1::IdentityProvider,
        options: &Write,
    ) -> Result<Answered<v1::IdentityProvider>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateIdentityProviderRequest {
            parent: organization.to_owned(),
            identity_provider_id: id.to_owned(),
            identity_provider: Some(provider),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(identity_providers_client::IdentityProvidersClient, create_identity_provider),
            )
            .await
    }

    /// Changes what is in `paths` (none: what is not empty) of the provider that `provider.name` says, at `provider.etag` if set.
    pub async fn update(
        &self,
        provider: v1::IdentityProvider,
        paths: &[&str],
        options: &Write,
    ) -> Result<Answered<v1::IdentityProvider>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateIdentityProviderRequest {
            identity_provider: Some(provider),
            update_mask: mask(paths),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(identity_providers_client::IdentityProvidersClient, update_identity_provider),
            )
            .await
    }

    /// An empty `etag` means any.
    pub async fn delete(
        &self,
        name: &str,
        etag: &str,
        options: &Write,
    ) -> Result<Answered<v1::IdentityProvider>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteIdentityProviderRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(identity_providers_client::IdentityProvidersClient, delete_identity_provider),
            )
            .await
    }
}
