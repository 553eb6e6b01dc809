//! Quotas: how many vCPUs clusters of an organization may need, region by region.

use api::v1;

use super::settled;
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Quotas`.
#[derive(Clone, Debug)]
pub struct Quotas {
    pub(crate) client: Client,
}

impl Quotas {
    /// `organizations/{organization}/quota`.
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Quota>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetQuotaRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(quotas_client::QuotasClient, get_quota)).await
    }

    /// Of all organizations that have one. A `page_size` of 0 means the server's.
    pub fn list(&self, page_size: i32, options: &Read) -> Pages<v1::Quota> {
        let (client, options) = (self.client.clone(), options.clone());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListQuotasRequest { page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(quotas_client::QuotasClient, list_quotas)).await?;
                Ok(listed.map(|list| Page {
                    items: list.quotas,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Sets all slices of the quota that `quota.name` says, at `quota.etag` if set.
    pub async fn update(&self, quota: v1::Quota, options: &Write) -> Result<Answered<v1::Quota>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateQuotaRequest { quota: Some(quota), request_id, validate_only: options.validate_only };
        self.client.unary(Plan::write(&options), request, rpc!(quotas_client::QuotasClient, update_quota)).await
    }
}
