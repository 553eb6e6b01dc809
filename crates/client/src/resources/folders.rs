//! Folders.

use api::v1;

use super::{mask, settled};
use crate::{
    Answered, Client, Error, Pages, Read, Write,
    engine::{Plan, rpc},
    pages::Page,
};

/// The service `Folders`.
#[derive(Clone, Debug)]
pub struct Folders {
    pub(crate) client: Client,
}

impl Folders {
    pub async fn get(&self, name: &str, options: &Read) -> Result<Answered<v1::Folder>, Error> {
        let read = Some(options.out(&self.client.token()));
        let request = v1::GetFolderRequest { name: name.to_owned(), read };
        self.client.unary(Plan::read(options), request, rpc!(folders_client::FoldersClient, get_folder)).await
    }

    /// Those directly in `parent`, in the order of their names. A `page_size` of 0 means the server's.
    pub fn list(&self, parent: &str, page_size: i32, options: &Read) -> Pages<v1::Folder> {
        let (client, options) = (self.client.clone(), options.clone());
        let parent = parent.to_owned();
        Pages::new(move |page_token| {
            let read = Some(options.out(&client.token()));
            let request = v1::ListFoldersRequest { parent: parent.clone(), page_size, page_token, read };
            let (client, plan) = (client.clone(), Plan::read(&options));
            Box::pin(async move {
                let listed = client.unary(plan, request, rpc!(folders_client::FoldersClient, list_folders)).await?;
                Ok(listed.map(|list| Page {
                    items: list.folders,
                    unreachable: Vec::new(),
                    next_page_token: list.next_page_token,
                }))
            })
        })
    }

    /// Makes a folder with the last segment `id` of its name; `folder.parent` says where.
    pub async fn create(&self, id: &str, folder: v1::Folder, options: &Write) -> Result<Answered<v1::Folder>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::CreateFolderRequest {
            folder_id: id.to_owned(),
            folder: Some(folder),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(folders_client::FoldersClient, create_folder)).await
    }

    /// Changes the fields in `paths` (none: those that are not empty) of the folder that `folder.name` says, at `folder.etag` if set.
    pub async fn update(
        &self,
        folder: v1::Folder,
        paths: &[&str],
        options: &Write,
    ) -> Result<Answered<v1::Folder>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::UpdateFolderRequest {
            folder: Some(folder),
            update_mask: mask(paths),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(folders_client::FoldersClient, update_folder)).await
    }

    /// Puts it into another container of the same organization; its name stays. An empty `etag` means any.
    pub async fn r#move(
        &self,
        name: &str,
        destination_parent: &str,
        etag: &str,
        options: &Write,
    ) -> Result<Answered<v1::Folder>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::MoveFolderRequest {
            name: name.to_owned(),
            destination_parent: destination_parent.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(folders_client::FoldersClient, move_folder)).await
    }

    /// Deletes it, with nothing in it. An empty `etag` means any.
    pub async fn delete(&self, name: &str, etag: &str, options: &Write) -> Result<Answered<v1::Folder>, Error> {
        let (options, request_id) = settled(options);
        let request = v1::DeleteFolderRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            request_id,
            validate_only: options.validate_only,
        };
        self.client.unary(Plan::write(&options), request, rpc!(folders_client::FoldersClient, delete_folder)).await
    }
}
