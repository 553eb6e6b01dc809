//! Cloud accounts: the pool out of which organizations get theirs.

use api::v1;

use super::settled;
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `CloudAccounts`.
#[derive(Clone, Debug)]
pub struct CloudAccounts {
    pub(crate) client: Client,
}

impl CloudAccounts {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::CloudAccount>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetCloudAccountRequest { name: name.to_owned(), read };
        self.client
            .unary(Plan::read(options), request, rpc!(cloud_accounts_client::CloudAccountsClient, get_cloud_account))
            .await
    }

    /// All of them, whatever their state, in the order of their ids. A `page_size` of 0 means the server's.
    pub fn list(&self, page_size: i32, options: &Read) -> Pages<v1::CloudAccount> {
        let (client, options) = (self.client.clone(), options.clone());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListCloudAccountsRequest { page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client
                    .unary(plan, request, rpc!(cloud_accounts_client::CloudAccountsClient, list_cloud_accounts))
                    .await?;
                Ok(listed.map(|list| Page {
                    items: list.cloud_accounts,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Puts the provider's account `id`, of twelve decimal digits, into the pool.
    pub async fn create(&self, id: &str, options: &Write) -> Result<Answered<v1::CloudAccount>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateCloudAccountRequest {
            cloud_account_id: id.to_owned(),
            cloud_account: None,
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(
                Plan::write(&options),
                request,
                rpc!(cloud_accounts_client::CloudAccountsClient, create_cloud_account),
            )
            .await
    }
}
