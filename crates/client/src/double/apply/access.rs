//! Access policies, groups and roles: they are kept, and nobody goes by them.

use api::v1::{self, fact::After};
use tonic::{Code, Status};

use super::{ACTIVE, GLOBAL};
use crate::double::state::{Done, State, check_etag, exists, not_found, refusal};

type Outcome = Result<Done, Status>;

pub fn set_policy(state: &mut State, id: &str, given: v1::AccessPolicy) -> Outcome {
    let current = state.access_policies.get(&given.name).map_or("0", |policy| policy.etag.as_str());
    check_etag(&given.name, &given.etag, current)?;
    let (node, stamp) = (given.name.trim_end_matches("/accessPolicy").to_owned(), state.stamp(GLOBAL, id));
    let author = "user:ada@example.com".to_owned();
    let mut bindings = given.bindings;
    for binding in &mut bindings {
        binding.node.clone_from(&node);
        (binding.author, binding.update_time) = (author.clone(), stamp.time);
    }
    bindings.sort_by(|one, other| (&one.role, &one.member).cmp(&(&other.role, &other.member)));
    let made = v1::AccessPolicy {
        name: given.name.clone(),
        bindings,
        inherited: Vec::new(),
        update_time: stamp.time,
        author,
        etag: stamp.etag,
    };
    state.access_policies.insert(given.name.clone(), made.clone());
    let after = After::AccessPolicy(v1::AccessPolicy { bindings: Vec::new(), ..made.clone() });
    state.append(GLOBAL, id, "policy-changed", &format!("{node}#bindings"), Some(after));
    Ok(Done::AccessPolicy(made))
}

pub fn modify(state: &mut State, r: v1::ModifyBindingsRequest) -> Outcome {
    let mut policy = state.access_policies.get(&r.name).cloned().unwrap_or_default();
    let is = |one: &v1::Binding, other: &v1::Binding| (&one.role, &one.member) == (&other.role, &other.member);
    for taken in &r.take {
        if !policy.bindings.iter().any(|binding| is(binding, taken)) {
            let message =
                format!("{} does not have {} by a binding there; wanted one that is there", taken.member, taken.role);
            return Err(refusal(Code::FailedPrecondition, "BINDING_NOT_FOUND", message, &[]));
        }
        policy.bindings.retain(|binding| !is(binding, taken));
    }
    policy.bindings.retain(|binding| !r.give.iter().any(|given| is(binding, given)));
    policy.bindings.extend(r.give);
    set_policy(state, &r.request_id, v1::AccessPolicy { name: r.name, etag: r.etag, ..policy })
}

pub fn create_group(state: &mut State, r: v1::CreateGroupRequest) -> Outcome {
    let name = format!("{}/groups/{}", r.parent, r.group_id);
    if state.groups.contains_key(&name) {
        return Err(exists(&name));
    }
    let stamp = state.stamp(GLOBAL, &r.request_id);
    let made = v1::Group {
        name,
        uid: stamp.uid,
        state: ACTIVE,
        author: "user:ada@example.com".to_owned(),
        create_time: stamp.time,
        update_time: stamp.time,
        etag: stamp.etag,
        ..r.group.unwrap_or_default()
    };
    keep_group(state, &r.request_id, "group-created", made)
}

pub fn update_group(state: &mut State, r: v1::UpdateGroupRequest) -> Outcome {
    let given = r.group.unwrap_or_default();
    let mut group = state.groups.get(&given.name).cloned().ok_or_else(|| not_found(&given.name))?;
    check_etag(&given.name, &given.etag, &group.etag)?;
    for path in r.update_mask.unwrap_or_default().paths {
        match path.as_str() {
            "display_name" => group.display_name.clone_from(&given.display_name),
            _ => group.description.clone_from(&given.description),
        }
    }
    group.members.retain(|member| !r.remove.contains(member));
    group.members.extend(r.add);
    group.members.sort();
    let stamp = state.stamp(GLOBAL, &r.request_id);
    (group.etag, group.update_time) = (stamp.etag, stamp.time);
    keep_group(state, &r.request_id, "group-updated", group)
}

pub fn delete_group(state: &mut State, r: &v1::DeleteGroupRequest) -> Outcome {
    let found = state.groups.remove(&r.name).ok_or_else(|| not_found(&r.name))?;
    state.append(GLOBAL, &r.request_id, "group-deleted", &r.name, None);
    Ok(Done::Group(v1::Group { state: v1::State::Deleted.into(), members: Vec::new(), ..found }))
}

fn keep_group(state: &mut State, id: &str, kind: &str, made: v1::Group) -> Outcome {
    state.groups.insert(made.name.clone(), made.clone());
    state.append(GLOBAL, id, kind, &made.name.clone(), Some(After::Group(made.clone())));
    Ok(Done::Group(made))
}

pub fn create_role(state: &mut State, r: v1::CreateRoleRequest) -> Outcome {
    let name = format!("{}/roles/{}", r.parent, r.role_id);
    if state.roles.contains_key(&name) {
        return Err(exists(&name));
    }
    let stamp = state.stamp(GLOBAL, &r.request_id);
    let made = v1::Role {
        name,
        uid: stamp.uid,
        state: ACTIVE,
        author: "user:ada@example.com".to_owned(),
        create_time: stamp.time,
        update_time: stamp.time,
        etag: stamp.etag,
        ..r.role.unwrap_or_default()
    };
    keep_role(state, &r.request_id, "role-created", made)
}

pub fn update_role(state: &mut State, r: v1::UpdateRoleRequest) -> Outcome {
    let given = r.role.unwrap_or_default();
    let mut role = state.roles.get(&given.name).cloned().ok_or_else(|| not_found(&given.name))?;
    check_etag(&given.name, &given.etag, &role.etag)?;
    for path in r.update_mask.unwrap_or_default().paths {
        match path.as_str() {
            "display_name" => role.display_name.clone_from(&given.display_name),
            "rights" => role.rights.clone_from(&given.rights),
            _ => role.description.clone_from(&given.description),
        }
    }
    let stamp = state.stamp(GLOBAL, &r.request_id);
    (role.etag, role.update_time) = (stamp.etag, stamp.time);
    keep_role(state, &r.request_id, "role-updated", role)
}

pub fn delete_role(state: &mut State, r: &v1::DeleteRoleRequest) -> Outcome {
    let found = state.roles.remove(&r.name).ok_or_else(|| not_found(&r.name))?;
    state.append(GLOBAL, &r.request_id, "role-deleted", &r.name, None);
    Ok(Done::Role(v1::Role { state: v1::State::Deleted.into(), ..found }))
}

fn keep_role(state: &mut State, id: &str, kind: &str, made: v1::Role) -> Outcome {
    state.roles.insert(made.name.clone(), made.clone());
    state.append(GLOBAL, id, kind, &made.name.clone(), Some(After::Role(made.clone())));
    Ok(Done::Role(made))
}
