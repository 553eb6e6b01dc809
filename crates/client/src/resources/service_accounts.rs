//! Service accounts: programs of an organization, with their public keys.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `ServiceAccounts`.
#[derive(Clone, Debug)]
pub struct ServiceAccounts {
    pub(crate) client: Client,
}

impl ServiceAccounts {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::ServiceAccount>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetServiceAccountRequest { name: name.to_owned(), read };
        self.client
            .unary(
                Plan::read(options),
                request,
                rpc!(service_accounts_client::ServiceAccountsClient, get_service_account),
            )
            .await
    }

    /// Those of an organization, in the order of their names. A `page_size` of 0 means the server's.
    pub fn list(&self, organization: &str, page_size: i32, options: &Read) -> Pages<v1::ServiceAccount> {
        let (client, options, parent) = (self.client.clone(), options.clone(), organization.to_owned());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListServiceAccountsRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client
                    .unary(plan, request, rpc!(service_accounts_client::ServiceAccountsClient, list_service_accounts))
                    .await?;
                Ok(listed.map(|list| Page {
                    items: list.service_accounts,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Makes one with the last segment `id` of its name. It has no keys yet.
    pub async fn create(
        &self,
        organization: &str,
        id: &str,
        account: v1::ServiceAccount,
        options: &Write,
    ) -> Result<Answered<v1::ServiceAccount>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateServiceAccountRequest {
            parent: organization.to_owned(),
            service_account_id: id.to_owned(),
            service_account: Some(account),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(service_accounts_client::ServiceAccountsClient, create_service_account),
            )
            .await
    }

    /// Changes what is in `paths` (none: the texts that are not empty, and `disabled` where it is true) of the account that `account.name`
    /// says, at `account.etag` if set.
    pub async fn update(
        &self,
        account: v1::ServiceAccount,
        paths: &[&str],
        options: &Write,
    ) -> Result<Answered<v1::ServiceAccount>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateServiceAccountRequest {
            service_account: Some(account),
            update_mask: mask(paths),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(service_accounts_client::ServiceAccountsClient, update_service_account),
            )
            .await
    }

    /// An empty `etag` means any.
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::ServiceAccount>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteServiceAccountRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(service_accounts_client::ServiceAccountsClient, delete_service_account),
            )
            .await
    }

    /// Adds a public key (a JSON Web Key) to the account `name`, at its `etag` if that is not empty.
    pub async fn add_key(
        &self,
        name: &str,
        key: v1::ServiceAccountKey,
        etag: &str,
        options: &Write,
    ) -> Result<Answered<v1::ServiceAccount>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::AddServiceAccountKeyRequest {
            name: name.to_owned(),
            key_id: key.id,
            jwk: key.jwk,
            expire_time: key.expire_time,
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(service_accounts_client::ServiceAccountsClient, add_service_account_key),
            )
            .await
    }

    /// Removes the key of that id. An empty `etag` means any.
    pub async fn remove_key(
        &self,
        name: &str,
        key_id: &str,
        etag: &str,
        options: &Write,
    ) -> Result<Answered<v1::ServiceAccount>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::RemoveServiceAccountKeyRequest {
            name: name.to_owned(),
            key_id: key_id.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(service_accounts_client::ServiceAccountsClient, remove_service_account_key),
            )
            .await
    }
}
