//! Organizations.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Organizations`.
#[derive(Clone, Debug)]
pub struct Organizations {
    pub(crate) client: Client,
}

impl Organizations {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Organization>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetOrganizationRequest { name: name.to_owned(), read };
        self.client
            .unary(Plan::read(options), request, rpc!(organizations_client::OrganizationsClient, get_organization))
            .await
    }

    /// All of them, in the order of their names. A `page_size` of 0 means the server's.
    pub fn list(&self, page_size: i32, options: &Read) -> Pages<v1::Organization> {
        let (client, options) = (self.client.clone(), options.clone());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListOrganizationsRequest { page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client
                    .unary(plan, request, rpc!(organizations_client::OrganizationsClient, list_organizations))
                    .await?;
                Ok(listed.map(|list| Page {
                    items: list.organizations,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Makes an organization with the last segment `id` of its name.
    pub async fn create(
        &self,
        id: &str,
        organization: v1::Organization,
        options: &Write,
    ) -> Result<Answered<v1::Organization>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateOrganizationRequest {
            organization_id: id.to_owned(),
            organization: Some(organization),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(Plan::write(&options), request, rpc!(organizations_client::OrganizationsClient, create_organization))
            .await
    }

    /// Changes the fields in `paths` (none: those that are not empty) of the organization that `organization.name` says, at `organization.etag` if set.
    pub async fn update(
        &self,
        organization: v1::Organization,
        paths: &[&str],
        options: &Write,
    ) -> Result<Answered<v1::Organization>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateOrganizationRequest {
            organization: Some(organization),
            update_mask: mask(paths),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(Plan::write(&options), request, rpc!(organizations_client::OrganizationsClient, update_organization))
            .await
    }

    /// Deletes it, with nothing in it. An empty `etag` means any.
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Organization>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteOrganizationRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client
            .unary(Plan::write(&options), request, rpc!(organizations_client::OrganizationsClient, delete_organization))
            .await
    }
}
