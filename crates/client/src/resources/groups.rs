//! Groups: members by one name.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Groups`.
#[derive(Clone, Debug)]
pub struct Groups {
    pub(crate) client: Client,
}

impl Groups {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Group>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetGroupRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(groups_client::GroupsClient, get_group)).await
    }

    /// Those of an organization, in the order of their names. A `page_size` of 0 means the server's.
    pub fn list(&self, organization: &str, page_size: i32, options: &Read) -> Pages<v1::Group> {
        let (client, options, parent) = (self.client.clone(), options.clone(), organization.to_owned());
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListGroupsRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(groups_client::GroupsClient, list_groups)).await?;
                Ok(listed.map(|list| Page {
                    items: list.groups,
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
        group: v1::Group,
        options: &Write,
    ) -> Result<Answered<v1::Group>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateGroupRequest {
            parent: organization.to_owned(),
            group_id: id.to_owned(),
            group: Some(group),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(groups_client::GroupsClient, create_group)).await
    }

    /// Changes the texts in `paths` (none: those that are not empty) and the members of the group that `group.name` says, at `group.etag` if set.
    pub async fn update(
        &self,
        group: v1::Group,
        paths: &[&str],
        (add, remove): (Vec<String>, Vec<String>),
        options: &Write,
    ) -> Result<Answered<v1::Group>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateGroupRequest {
            group: Some(group),
            update_mask: mask(paths),
            add,
            remove,
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(groups_client::GroupsClient, update_group)).await
    }

    /// An empty `etag` means any.
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Group>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteGroupRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(groups_client::GroupsClient, delete_group)).await
    }
}
