//! `atoll.v1.Roles`.

use ::access::{Kind, Kinds, PredefinedRole, ROLES, Right, Rights};
use api::v1::{
    self, CreateRoleRequest, DeleteRoleRequest, GetRoleRequest, ListRolesRequest, ListRolesResponse, Role,
    UpdateRoleRequest, roles_server::Roles,
};
use domain::{
    Command,
    command::{CreateRole, DeleteRole, UpdateRole},
    query,
};
use ids::{Log, OrganizationName, RequestId, Revision};
use prost_types::FieldMask;
use tonic::{Request, Response, Status};

use super::{
    call::{Answer, WITHIN},
    command::{FIXED, Write, Writes, write},
    front::Front,
    input::{Texts, etag, name, new_name, present, texts},
    read::{paging, rejected, wanted},
    resource::{Resource, page, set, state, timestamp},
    status::Refusal,
};

#[tonic::async_trait]
impl Roles for Front {
    async fn get_role(&self, request: Request<GetRoleRequest>) -> Result<Response<Role>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let predefined = ROLES.iter().find(|role| predefined_name(role) == request.name);
            let shown = match predefined {
                Some(role) => predefined_role(role),
                None => {
                    let name = name("name", &request.name)?;
                    let (revision, row) = query::custom_role(&view.state, &name).map_err(|why| rejected(&why, ""))?;
                    Role::show(revision, &row)
                }
            };
            Ok(Answer::new(shown, view.token(), view.age))
        })
        .await
    }

    async fn list_roles(&self, request: Request<ListRolesRequest>) -> Result<Response<ListRolesResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let parent = name("parent", &request.parent)?;
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::custom_roles(&view.state, &parent, paging.request());
            let (custom, next_page_token) = page(found.map_err(|why| rejected(&why, ""))?);
            let predefined = if paging.token.is_empty() { ROLES } else { &[] };
            let roles = predefined.iter().map(predefined_role).chain(custom).collect();
            Ok(Answer::new(ListRolesResponse { roles, next_page_token }, view.token(), view.age))
        })
        .await
    }

    async fn create_role(&self, request: Request<CreateRoleRequest>) -> Result<Response<Role>, Status> {
        self.write(request).await
    }

    async fn update_role(&self, request: Request<UpdateRoleRequest>) -> Result<Response<Role>, Status> {
        self.write(request).await
    }

    async fn delete_role(&self, request: Request<DeleteRoleRequest>) -> Result<Response<Role>, Status> {
        self.write(request).await
    }
}

fn predefined_name(role: &PredefinedRole) -> String {
    format!("roles/{}", role.name)
}

fn predefined_role(role: &PredefinedRole) -> Role {
    Role {
        name: predefined_name(role),
        rights: rights_out(role.rights()),
        bound_at: kinds_out(role.bound_at),
        must_end: role.must_end,
        state: v1::State::Active.into(),
        ..Role::default()
    }
}

pub fn rights_out(rights: Rights) -> Vec<String> {
    rights.iter().map(|right| right.to_string()).collect()
}

pub fn kinds_out(kinds: Kinds) -> Vec<String> {
    kinds.iter().map(|kind| kind.to_string()).collect()
}

pub fn right(field: &str, text: &str) -> Result<Right, Refusal> {
    text.parse()
        .map_err(|_| Refusal::field(field, text, "a right such as cluster.get; `roles/organization.admin` has all"))
}

fn rights(field: &str, given: &[String]) -> Result<Rights, Refusal> {
    given.iter().map(|text| right(field, text)).collect()
}

fn kinds(field: &str, given: &[String]) -> Result<Kinds, Refusal> {
    const WANTED: &str = "organization, folder, project, cluster or namespace";
    let kind = |text: &String| text.parse::<Kind>().map_err(|_| Refusal::field(field, text, WANTED));
    Ok(Kinds::of(&given.iter().map(kind).collect::<Result<Vec<_>, _>>()?))
}

impl Writes for CreateRoleRequest {
    fn write(self) -> Result<Write, Refusal> {
        let role = present("role", self.role)?;
        let parent: OrganizationName = name("parent", &self.parent)?;
        let collection = format!("{parent}/roles");
        let create = CreateRole {
            name: new_name(&collection, ("role_id", &self.role_id), ("role.name", &role.name))?,
            display_name: role.display_name,
            description: role.description,
            rights: rights("role.rights", &role.rights)?,
            bound_at: kinds("role.bound_at", &role.bound_at)?,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

/// Which fields an update sets: those in the mask, or those that are not empty where there is no mask.
fn changed(mask: Option<FieldMask>, role: &Role) -> Result<(Texts, bool), Refusal> {
    let mut paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        let texts = texts(None, role.display_name.clone(), role.description.clone(), FIXED)?;
        return Ok((texts, !role.rights.is_empty()));
    }
    let all = paths.len();
    paths.retain(|path| path != "rights");
    let with_rights = paths.len() < all;
    let texts = match paths.is_empty() {
        true => Texts::default(),
        false => texts(Some(FieldMask { paths }), role.display_name.clone(), role.description.clone(), FIXED)?,
    };
    Ok((texts, with_rights))
}

impl Writes for UpdateRoleRequest {
    fn write(self) -> Result<Write, Refusal> {
        let role = present("role", self.role)?;
        let (texts, with_rights) = changed(self.update_mask, &role)?;
        let update = UpdateRole {
            name: name("role.name", &role.name)?,
            display_name: texts.display_name,
            description: texts.description,
            rights: with_rights.then(|| rights("role.rights", &role.rights)).transpose()?,
            etag: etag("role.etag", &role.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for DeleteRoleRequest {
    fn write(self) -> Result<Write, Refusal> {
        let delete = DeleteRole { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(delete, &self.request_id, self.validate_only)
    }
}

impl Resource for Role {
    type Row = domain::CustomRole;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            rights: rights_out(row.rights),
            bound_at: kinds_out(row.bound_at),
            must_end: false,
            state: state(row.state).into(),
            author: row.author.clone(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateRole(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    rights: rights_out(create.rights),
                    bound_at: kinds_out(create.bound_at),
                    state: v1::State::Active.into(),
                    ..Self::default()
                };
            }
            Command::UpdateRole(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
                self.rights = update.rights.map_or_else(|| std::mem::take(&mut self.rights), rights_out);
            }
            Command::DeleteRole(delete) => {
                self.name = delete.name.to_string();
                self.state = v1::State::Deleted.into();
            }
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        let rights: usize = self.rights.iter().chain(&self.bound_at).map(|right| right.len() + 4).sum();
        (&self.name, self.display_name.len() + self.description.len() + self.author.len() + rights)
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
