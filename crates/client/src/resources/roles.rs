//! Roles: named sets of rights.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Roles`.
#[derive(Clone, Debug)]
pub struct Roles {
    pub(crate) client: Client,
}

impl Roles {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Role>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetRoleRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(roles_client::RolesClient, get_role)).await
    }

    /// The predefined ones, and those of an organization, in the order of their names. A `page_size` of 0 means the server's.
    pub fn list(&self, organization: &str, page_size: i32, options: &Read) -> Pages<v1::Role> {
        let (client, options, parent) = (self.client.clone(), options.clone(), organization.to_owned());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListRolesRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(roles_client::RolesClient, list_roles)).await?;
                Ok(listed.map(|list| Page {
                    items: list.roles,
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
        role: v1::Role,
        options: &Write,
    ) -> Result<Answered<v1::Role>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateRoleRequest {
            parent: organization.to_owned(),
            role_id: id.to_owned(),
            role: Some(role),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(roles_client::RolesClient, create_role)).await
    }

    /// Changes the fields in `paths` (none: those that are not empty) of the role that `role.name` says, at `role.etag` if set.
    pub async fn update(&self, role: v1::Role, paths: &[&str], options: &Write) -> Result<Answered<v1::Role>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateRoleRequest {
            role: Some(role),
            update_mask: mask(paths),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(roles_client::RolesClient, update_role)).await
    }

    /// An empty `etag` means any.
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Role>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteRoleRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(roles_client::RolesClient, delete_role)).await
    }
}
