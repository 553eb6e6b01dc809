//! Access of the double: it keeps what is written, and answers questions as it was told.

use api::v1::{
    self, access_policies_server::AccessPolicies, access_server::Access, groups_server::Groups, mutation::Kind,
    roles_server::Roles,
};
use tonic::{Request, Response, Status};

use super::{
    super::state::{Done, bad_field, not_found},
    Service,
    logs::named,
    retried,
    writes::page,
};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AccessPolicies for Service {
    async fn get_access_policy(&self, request: Request<v1::GetAccessPolicyRequest>) -> Answer<v1::AccessPolicy> {
        let r = request.into_inner();
        self.read(r.read, |state| {
            let none = || v1::AccessPolicy { name: r.name.clone(), etag: "0".to_owned(), ..Default::default() };
            let mut policy = state.access_policies.get(&r.name).cloned().unwrap_or_else(none);
            let organization = r.name.split('/').take(2).collect::<Vec<_>>().join("/");
            let above = state.access_policies.get(&format!("{organization}/accessPolicy"));
            policy.inherited =
                above.filter(|above| above.name != r.name).map_or_else(Vec::new, |of| of.bindings.clone());
            Ok(policy)
        })
        .await
    }

    async fn update_access_policy(&self, request: Request<v1::UpdateAccessPolicyRequest>) -> Answer<v1::AccessPolicy> {
        self.write(retried(&request), Kind::UpdateAccessPolicy(request.into_inner()), policy).await
    }

    async fn modify_bindings(&self, request: Request<v1::ModifyBindingsRequest>) -> Answer<v1::AccessPolicy> {
        self.write(retried(&request), Kind::ModifyBindings(request.into_inner()), policy).await
    }
}

fn policy(done: Done) -> Option<v1::AccessPolicy> {
    if let Done::AccessPolicy(policy) = done { Some(policy) } else { None }
}

#[tonic::async_trait]
impl Groups for Service {
    async fn get_group(&self, request: Request<v1::GetGroupRequest>) -> Answer<v1::Group> {
        let r = request.into_inner();
        self.read(r.read, |state| state.groups.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_groups(&self, request: Request<v1::ListGroupsRequest>) -> Answer<v1::ListGroupsResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let inside = |group: &&v1::Group| group.name.starts_with(&format!("{}/", r.parent));
            let items = state.groups.values().filter(inside).cloned().collect();
            let (groups, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListGroupsResponse { groups, next_page_token })
        })
        .await
    }

    async fn create_group(&self, request: Request<v1::CreateGroupRequest>) -> Answer<v1::Group> {
        self.write(retried(&request), Kind::CreateGroup(request.into_inner()), group).await
    }

    async fn update_group(&self, request: Request<v1::UpdateGroupRequest>) -> Answer<v1::Group> {
        self.write(retried(&request), Kind::UpdateGroup(request.into_inner()), group).await
    }

    async fn delete_group(&self, request: Request<v1::DeleteGroupRequest>) -> Answer<v1::Group> {
        self.write(retried(&request), Kind::DeleteGroup(request.into_inner()), group).await
    }
}

fn group(done: Done) -> Option<v1::Group> {
    if let Done::Group(group) = done { Some(group) } else { None }
}

#[tonic::async_trait]
impl Roles for Service {
    async fn get_role(&self, request: Request<v1::GetRoleRequest>) -> Answer<v1::Role> {
        let r = request.into_inner();
        self.read(r.read, |state| state.roles.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))).await
    }

    async fn list_roles(&self, request: Request<v1::ListRolesRequest>) -> Answer<v1::ListRolesResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let inside =
                |role: &&v1::Role| role.name.starts_with("roles/") || role.name.starts_with(&format!("{}/", r.parent));
            let items = state.roles.values().filter(inside).cloned().collect();
            let (roles, next_page_token) = page(items, r.page_size, &r.page_token);
            Ok(v1::ListRolesResponse { roles, next_page_token })
        })
        .await
    }

    async fn create_role(&self, request: Request<v1::CreateRoleRequest>) -> Answer<v1::Role> {
        self.write(retried(&request), Kind::CreateRole(request.into_inner()), role).await
    }

    async fn update_role(&self, request: Request<v1::UpdateRoleRequest>) -> Answer<v1::Role> {
        self.write(retried(&request), Kind::UpdateRole(request.into_inner()), role).await
    }

    async fn delete_role(&self, request: Request<v1::DeleteRoleRequest>) -> Answer<v1::Role> {
        self.write(retried(&request), Kind::DeleteRole(request.into_inner()), role).await
    }
}

fn role(done: Done) -> Option<v1::Role> {
    if let Done::Role(role) = done { Some(role) } else { None }
}

#[tonic::async_trait]
impl Access for Service {
    async fn list_effective_rights(
        &self,
        request: Request<v1::ListEffectiveRightsRequest>,
    ) -> Answer<v1::ListEffectiveRightsResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let (nodes, next_page_token) = page(state.access.effective.clone(), r.page_size, &r.page_token);
            Ok(v1::ListEffectiveRightsResponse { nodes, next_page_token })
        })
        .await
    }

    async fn list_members_who_can(
        &self,
        request: Request<v1::ListMembersWhoCanRequest>,
    ) -> Answer<v1::ListMembersWhoCanResponse> {
        let r = request.into_inner();
        self.read(r.read.clone(), |state| {
            let (members, next_page_token) = page(state.access.who_can.clone(), r.page_size, &r.page_token);
            Ok(v1::ListMembersWhoCanResponse { members, next_page_token })
        })
        .await
    }

    async fn explain_access(&self, request: Request<v1::ExplainAccessRequest>) -> Answer<v1::ExplainAccessResponse> {
        self.read(request.into_inner().read, |state| Ok(state.access.explained.clone())).await
    }

    async fn preview_change(&self, request: Request<v1::PreviewChangeRequest>) -> Answer<v1::PreviewChangeResponse> {
        self.read(request.into_inner().read, |state| Ok(state.access.previewed.clone())).await
    }

    async fn commit_change(&self, request: Request<v1::CommitChangeRequest>) -> Answer<v1::CommitChangeResponse> {
        let r = request.into_inner();
        let wanted = self.ring.state().access.previewed.plan_token.clone();
        if r.plan_token != wanted {
            return Err(bad_field("plan_token", "wanted the plan token of a preview"));
        }
        let change = r.change.unwrap_or_default();
        let kind = change.kind.ok_or_else(|| bad_field("change", "wanted a change"))?;
        self.write(change.retried, kind, |done| {
            let (name, etag) = named(done);
            Some(v1::CommitChangeResponse { name, etag })
        })
        .await
    }
}
