//! `atoll.v1.ServiceAccounts`.

use api::v1::{
    self, AddServiceAccountKeyRequest, CreateServiceAccountRequest, DeleteServiceAccountRequest,
    GetServiceAccountRequest, ListServiceAccountsRequest, ListServiceAccountsResponse, RemoveServiceAccountKeyRequest,
    ServiceAccount, ServiceAccountKey, UpdateServiceAccountRequest, service_accounts_server::ServiceAccounts,
};
use domain::{
    AccountKey, Command,
    command::{
        AddServiceAccountKey, CreateServiceAccount, DeleteServiceAccount, RemoveServiceAccountKey, UpdateServiceAccount,
    },
    query,
};
use ids::{Label, Log, OrganizationName, RequestId, Revision};
use tonic::{Request, Response, Status};

use super::{
    access_policies::time,
    call::{Answer, WITHIN},
    command::{Write, Writes, write},
    front::Front,
    input::{etag, masked, name, new_name, present},
    keys::public_key,
    read::{paging, rejected, wanted},
    resource::{Resource, page, set, state, timestamp},
    status::Refusal,
};

/// Paths that no update changes.
const FIXED: &[&str] = &["name", "uid", "keys", "state", "author", "create_time", "update_time", "etag"];
/// Bytes of a key beyond its text and its id, at most.
const KEY_BYTES: usize = 64;

#[tonic::async_trait]
impl ServiceAccounts for Front {
    async fn get_service_account(
        &self,
        request: Request<GetServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name = name("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::service_account(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(ServiceAccount::show(found.0, &found.1), view.token(), view.age))
        })
        .await
    }

    async fn list_service_accounts(
        &self,
        request: Request<ListServiceAccountsRequest>,
    ) -> Result<Response<ListServiceAccountsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let parent = name("parent", &request.parent)?;
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found =
                query::service_accounts(&view.state, &parent, paging.request()).map_err(|why| rejected(&why, ""))?;
            let (service_accounts, next_page_token) = page(found);
            let body = ListServiceAccountsResponse { service_accounts, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn create_service_account(
        &self,
        request: Request<CreateServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        self.write(request).await
    }

    async fn update_service_account(
        &self,
        request: Request<UpdateServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        self.write(request).await
    }

    async fn delete_service_account(
        &self,
        request: Request<DeleteServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        self.write(request).await
    }

    async fn add_service_account_key(
        &self,
        request: Request<AddServiceAccountKeyRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        self.write(request).await
    }

    async fn remove_service_account_key(
        &self,
        request: Request<RemoveServiceAccountKeyRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        self.write(request).await
    }
}

impl Writes for CreateServiceAccountRequest {
    fn write(self) -> Result<Write, Refusal> {
        let given = present("service_account", self.service_account)?;
        let parent: OrganizationName = name("parent", &self.parent)?;
        let id = ("service_account_id", self.service_account_id.as_str());
        let create = CreateServiceAccount {
            name: new_name(&format!("{parent}/serviceAccounts"), id, ("service_account.name", &given.name))?,
            display_name: given.display_name,
            description: given.description,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

impl Writes for UpdateServiceAccountRequest {
    fn write(self) -> Result<Write, Refusal> {
        let given = present("service_account", self.service_account)?;
        let paths = [
            ("display_name", !given.display_name.is_empty()),
            ("description", !given.description.is_empty()),
            ("disabled", given.disabled),
        ];
        let named = masked(self.update_mask, &paths, FIXED)?;
        let update = UpdateServiceAccount {
            name: name("service_account.name", &given.name)?,
            display_name: named.contains("display_name").then_some(given.display_name),
            description: named.contains("description").then_some(given.description),
            disabled: named.contains("disabled").then_some(given.disabled),
            etag: etag("service_account.etag", &given.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for DeleteServiceAccountRequest {
    fn write(self) -> Result<Write, Refusal> {
        let delete = DeleteServiceAccount { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(delete, &self.request_id, self.validate_only)
    }
}

impl Writes for AddServiceAccountKeyRequest {
    fn write(self) -> Result<Write, Refusal> {
        let key: Label = name("key_id", &self.key_id)?;
        let jwk = public_key("jwk", &key, &self.jwk)?;
        let expire_time = self.expire_time.map(|given| time("expire_time", &given)).transpose()?;
        let (name, etag) = (name("name", &self.name)?, etag("etag", &self.etag)?);
        write(AddServiceAccountKey { name, key, jwk, expire_time, etag }, &self.request_id, self.validate_only)
    }
}

impl Writes for RemoveServiceAccountKeyRequest {
    fn write(self) -> Result<Write, Refusal> {
        let (name, key) = (name("name", &self.name)?, name("key_id", &self.key_id)?);
        let remove = RemoveServiceAccountKey { name, key, etag: etag("etag", &self.etag)? };
        write(remove, &self.request_id, self.validate_only)
    }
}

fn key((id, key): (&Label, &AccountKey)) -> ServiceAccountKey {
    ServiceAccountKey {
        id: id.to_string(),
        jwk: key.jwk.clone(),
        create_time: timestamp(key.create_time),
        expire_time: key.expire_time.and_then(timestamp),
    }
}

impl Resource for ServiceAccount {
    type Row = domain::ServiceAccount;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            disabled: row.disabled,
            keys: row.keys.iter().map(key).collect(),
            state: state(row.state).into(),
            author: row.author.clone(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateServiceAccount(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    state: v1::State::Active.into(),
                    ..Self::default()
                };
            }
            Command::UpdateServiceAccount(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
                self.disabled = update.disabled.unwrap_or(self.disabled);
            }
            Command::DeleteServiceAccount(delete) => {
                self.name = delete.name.to_string();
                self.state = v1::State::Deleted.into();
                self.keys.clear();
            }
            Command::AddServiceAccountKey(add) => {
                self.name = add.name.to_string();
                let (id, jwk, expire_time) =
                    (add.key.to_string(), add.jwk.clone(), add.expire_time.and_then(timestamp));
                self.keys.push(ServiceAccountKey { id, jwk, create_time: None, expire_time });
                self.keys.sort_by(|one, other| one.id.cmp(&other.id));
            }
            Command::RemoveServiceAccountKey(remove) => {
                self.name = remove.name.to_string();
                self.keys.retain(|key| key.id != remove.key.as_str());
            }
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        let keys: usize = self.keys.iter().map(|key| key.id.len() + key.jwk.len() + KEY_BYTES).sum();
        (&self.name, self.display_name.len() + self.description.len() + self.author.len() + keys)
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
