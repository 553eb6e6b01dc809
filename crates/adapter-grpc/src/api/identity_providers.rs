//! `atoll.v1.IdentityProviders`.

use api::v1::{
    self, CreateIdentityProviderRequest, DeleteIdentityProviderRequest, GetIdentityProviderRequest, IdentityProvider,
    ListIdentityProvidersRequest, ListIdentityProvidersResponse, UpdateIdentityProviderRequest,
    identity_providers_server::IdentityProviders,
};
use domain::{
    Command,
    command::{CreateIdentityProvider, DeleteIdentityProvider, UpdateIdentityProvider},
    identity_provider::user_claim,
    query,
};
use ids::{Log, OrganizationName, RequestId, Revision};
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    command::{Write, Writes, write},
    front::Front,
    input::{etag, masked, name, new_name, present},
    keys::key_set,
    read::{paging, rejected, wanted},
    resource::{Resource, page, set, state, timestamp},
    status::Refusal,
};

/// Paths that no update changes.
const FIXED: &[&str] = &["name", "uid", "issuer", "state", "author", "create_time", "update_time", "etag"];

#[tonic::async_trait]
impl IdentityProviders for Front {
    async fn get_identity_provider(
        &self,
        request: Request<GetIdentityProviderRequest>,
    ) -> Result<Response<IdentityProvider>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name = name("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::identity_provider(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(IdentityProvider::show(found.0, &found.1), view.token(), view.age))
        })
        .await
    }

    async fn list_identity_providers(
        &self,
        request: Request<ListIdentityProvidersRequest>,
    ) -> Result<Response<ListIdentityProvidersResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let parent = name("parent", &request.parent)?;
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found =
                query::identity_providers(&view.state, &parent, paging.request()).map_err(|why| rejected(&why, ""))?;
            let (identity_providers, next_page_token) = page(found);
            let body = ListIdentityProvidersResponse { identity_providers, next_page_token };
            Ok(Answer::new(body, view.token(), view.age))
        })
        .await
    }

    async fn create_identity_provider(
        &self,
        request: Request<CreateIdentityProviderRequest>,
    ) -> Result<Response<IdentityProvider>, Status> {
        self.write(request).await
    }

    async fn update_identity_provider(
        &self,
        request: Request<UpdateIdentityProviderRequest>,
    ) -> Result<Response<IdentityProvider>, Status> {
        self.write(request).await
    }

    async fn delete_identity_provider(
        &self,
        request: Request<DeleteIdentityProviderRequest>,
    ) -> Result<Response<IdentityProvider>, Status> {
        self.write(request).await
    }
}

impl Writes for CreateIdentityProviderRequest {
    fn write(self) -> Result<Write, Refusal> {
        let given = present("identity_provider", self.identity_provider)?;
        let parent: OrganizationName = name("parent", &self.parent)?;
        let id = ("identity_provider_id", self.identity_provider_id.as_str());
        let create = CreateIdentityProvider {
            name: new_name(&format!("{parent}/identityProviders"), id, ("identity_provider.name", &given.name))?,
            display_name: given.display_name,
            description: given.description,
            issuer: given.issuer,
            audience: given.audience,
            user_claim: given.user_claim,
            groups_claim: given.groups_claim,
            keys: key_set("identity_provider.keys", &given.keys)?,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

impl Writes for UpdateIdentityProviderRequest {
    fn write(self) -> Result<Write, Refusal> {
        let given = present("identity_provider", self.identity_provider)?;
        let texts = [
            ("display_name", given.display_name),
            ("description", given.description),
            ("audience", given.audience),
            ("user_claim", given.user_claim),
            ("groups_claim", given.groups_claim),
            ("keys", given.keys),
        ];
        let paths = texts.each_ref().map(|(path, text)| (*path, !text.is_empty()));
        let named = masked(self.update_mask, &paths, FIXED)?;
        let [display_name, description, audience, user_claim, groups_claim, keys] =
            texts.map(|(path, text)| named.contains(path).then_some(text));
        let update = UpdateIdentityProvider {
            name: name("identity_provider.name", &given.name)?,
            display_name,
            description,
            audience,
            user_claim,
            groups_claim,
            keys: keys.map(|keys| key_set("identity_provider.keys", &keys)).transpose()?,
            etag: etag("identity_provider.etag", &given.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for DeleteIdentityProviderRequest {
    fn write(self) -> Result<Write, Refusal> {
        let delete = DeleteIdentityProvider { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(delete, &self.request_id, self.validate_only)
    }
}

impl Resource for IdentityProvider {
    type Row = domain::IdentityProvider;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            issuer: row.issuer.clone(),
            audience: row.audience.clone(),
            user_claim: row.user_claim.clone(),
            groups_claim: row.groups_claim.clone(),
            keys: row.keys.clone(),
            state: state(row.state).into(),
            author: row.author.clone(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateIdentityProvider(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    issuer: create.issuer.clone(),
                    audience: create.audience.clone(),
                    user_claim: user_claim(&create.user_claim),
                    groups_claim: create.groups_claim.clone(),
                    keys: create.keys.clone(),
                    state: v1::State::Active.into(),
                    ..Self::default()
                };
            }
            Command::UpdateIdentityProvider(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
                set(&mut self.audience, &update.audience);
                set(&mut self.user_claim, &update.user_claim.as_deref().map(user_claim));
                set(&mut self.groups_claim, &update.groups_claim);
                set(&mut self.keys, &update.keys);
            }
            Command::DeleteIdentityProvider(delete) => {
                self.name = delete.name.to_string();
                self.state = v1::State::Deleted.into();
                self.keys.clear();
            }
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        let texts = [&self.display_name, &self.description, &self.author, &self.issuer, &self.audience];
        let claims = self.user_claim.len() + self.groups_claim.len();
        (&self.name, texts.iter().map(|text| text.len()).sum::<usize>() + claims + self.keys.len())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
