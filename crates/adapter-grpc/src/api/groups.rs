//! `atoll.v1.Groups`.

use std::collections::BTreeSet;

use ::access::Member;
use api::v1::{
    self, CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, ListGroupsRequest, ListGroupsResponse,
    UpdateGroupRequest, groups_server::Groups,
};
use domain::{
    Command,
    command::{CreateGroup, DeleteGroup, UpdateGroup},
    query,
};
use ids::{Log, OrganizationName, RequestId, Revision};
use tonic::{Request, Response, Status};

use super::{
    access_policies::member,
    call::{Answer, WITHIN},
    command::{FIXED, Write, Writes, write},
    front::Front,
    input::{etag, name, new_name, present, texts},
    read::{paging, rejected, wanted},
    resource::{Resource, page, set, state, timestamp},
    status::Refusal,
};

#[tonic::async_trait]
impl Groups for Front {
    async fn get_group(&self, request: Request<GetGroupRequest>) -> Result<Response<Group>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let name = name("name", &request.name)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let (revision, row) = query::group(&view.state, &name).map_err(|why| rejected(&why, ""))?;
            Ok(Answer::new(Group::show(revision, &row), view.token(), view.age))
        })
        .await
    }

    async fn list_groups(&self, request: Request<ListGroupsRequest>) -> Result<Response<ListGroupsResponse>, Status> {
        self.serve(request, WITHIN, |call, request| async move {
            let parent = name("parent", &request.parent)?;
            let paging = paging(request.page_size, request.page_token)?;
            let view = call.read(&Log::Global, &wanted(request.read)?).await?;
            let found = query::groups(&view.state, &parent, paging.request()).map_err(|why| rejected(&why, ""))?;
            let (groups, next_page_token) = page(found);
            Ok(Answer::new(ListGroupsResponse { groups, next_page_token }, view.token(), view.age))
        })
        .await
    }

    async fn create_group(&self, request: Request<CreateGroupRequest>) -> Result<Response<Group>, Status> {
        self.write(request).await
    }

    async fn update_group(&self, request: Request<UpdateGroupRequest>) -> Result<Response<Group>, Status> {
        self.write(request).await
    }

    async fn delete_group(&self, request: Request<DeleteGroupRequest>) -> Result<Response<Group>, Status> {
        self.write(request).await
    }
}

fn members(field: &str, given: &[String]) -> Result<BTreeSet<Member>, Refusal> {
    let mut all = BTreeSet::new();
    for text in given {
        if !all.insert(member(field, text)?) {
            return Err(Refusal::field(field, text, "each member once"));
        }
    }
    Ok(all)
}

impl Writes for CreateGroupRequest {
    fn write(self) -> Result<Write, Refusal> {
        let group = present("group", self.group)?;
        let parent: OrganizationName = name("parent", &self.parent)?;
        let collection = format!("{parent}/groups");
        let create = CreateGroup {
            name: new_name(&collection, ("group_id", &self.group_id), ("group.name", &group.name))?,
            display_name: group.display_name,
            description: group.description,
            members: members("group.members", &group.members)?,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

impl Writes for UpdateGroupRequest {
    fn write(self) -> Result<Write, Refusal> {
        let group = present("group", self.group)?;
        let texts = texts(self.update_mask, group.display_name, group.description, FIXED)?;
        let update = UpdateGroup {
            name: name("group.name", &group.name)?,
            display_name: texts.display_name,
            description: texts.description,
            add: members("add", &self.add)?,
            remove: members("remove", &self.remove)?,
            etag: etag("group.etag", &group.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for DeleteGroupRequest {
    fn write(self) -> Result<Write, Refusal> {
        let delete = DeleteGroup { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(delete, &self.request_id, self.validate_only)
    }
}

impl Resource for Group {
    type Row = domain::Group;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            members: row.members.iter().map(Member::to_string).collect(),
            state: state(row.state).into(),
            author: row.author.clone(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateGroup(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    members: create.members.iter().map(Member::to_string).collect(),
                    state: v1::State::Active.into(),
                    ..Self::default()
                };
            }
            Command::UpdateGroup(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
                let mut members: BTreeSet<String> = std::mem::take(&mut self.members).into_iter().collect();
                members.retain(|member| !update.remove.iter().any(|removed| removed.to_string() == *member));
                members.extend(update.add.iter().map(Member::to_string));
                self.members = members.into_iter().collect();
            }
            Command::DeleteGroup(delete) => {
                self.name = delete.name.to_string();
                self.state = v1::State::Deleted.into();
                self.members.clear();
            }
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        let members: usize = self.members.iter().map(|member| member.len() + 4).sum();
        (&self.name, self.display_name.len() + self.description.len() + self.author.len() + members)
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
