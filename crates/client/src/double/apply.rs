//! What writes do to the tree of the double: few rules, the reasons as in the API.

mod access;
mod clusters;
mod identities;

use api::v1::{self, cloud_account::State as Life, fact::After, mutation::Kind};
use tonic::{Code, Status};

use super::{
    editions,
    state::{Done, State, bad_field, check_etag, exists, not_found, refusal},
};

const GLOBAL: &str = "global";

/// Creation and update, which are the same for every resource but for names.
macro_rules! rules {
    ($create:ident, $update:ident, $map:ident, $message:ident, $variant:ident, $noun:literal) => {
        fn $create(state: &mut State, log: &str, name: String, id: &str, given: v1::$message) -> Result<Done, Status> {
            if state.$map.contains_key(&name) {
                return Err(exists(&name));
            }
            let stamp = state.stamp(log, id);
            let (uid, etag) = (stamp.uid, stamp.etag);
            let made = v1::$message {
                name: name.clone(),
                uid,
                etag,
                create_time: stamp.time,
                update_time: stamp.time,
                ..given
            };
            state.$map.insert(name.clone(), made.clone());
            state.append(log, id, concat!($noun, "-created"), &name, Some(After::$variant(made.clone())));
            Ok(Done::$variant(made))
        }

        fn $update(
            state: &mut State,
            log: &str,
            id: &str,
            given: v1::$message,
            mask: Option<prost_types::FieldMask>,
        ) -> Result<Done, Status> {
            let stamp = state.stamp(log, id);
            let current = state.$map.get_mut(&given.name).ok_or_else(|| not_found(&given.name))?;
            check_etag(&given.name, &given.etag, &current.etag)?;
            for path in mask.unwrap_or_default().paths {
                match path.as_str() {
                    "display_name" => current.display_name.clone_from(&given.display_name),
                    "description" => current.description.clone_from(&given.description),
                    _ => return Err(bad_field("update_mask", "wanted display_name or description")),
                }
            }
            (current.etag, current.update_time) = (stamp.etag, stamp.time);
            let made = current.clone();
            state.append(log, id, concat!($noun, "-updated"), &given.name, Some(After::$variant(made.clone())));
            Ok(Done::$variant(made))
        }
    };
}

rules!(create_organization, update_organization, organizations, Organization, Organization, "organization");
rules!(create_folder, update_folder, folders, Folder, Folder, "folder");
rules!(create_project, update_project, projects, Project, Project, "project");
rules!(create_cluster, update_texts, clusters, Cluster, Cluster, "cluster");

const ACTIVE: i32 = v1::State::Active as i32;

/// Does one write.
pub(super) fn apply(state: &mut State, kind: Kind) -> Result<Done, Status> {
    match kind {
        Kind::CreateOrganization(r) => {
            let (name, given) = (format!("organizations/{}", r.organization_id), r.organization.unwrap_or_default());
            let account = state.cloud_accounts.values().find(|account| account.state() == Life::Ready);
            let cloud_account = account.map(|account| account.name.clone()).unwrap_or_default();
            let given = v1::Organization { state: ACTIVE, cloud_account: cloud_account.clone(), ..given };
            let done = create_organization(state, GLOBAL, name.clone(), &r.request_id, given)?;
            turn(state, &cloud_account, Life::Claimed, &name);
            Ok(done)
        }
        Kind::CreateCloudAccount(r) => create_cloud_account(state, &r),
        Kind::PublishEdition(r) => editions::publish(state, r),
        Kind::HaltEdition(r) => editions::halt(state, &r),
        Kind::CreateFolder(r) => {
            let given = v1::Folder { state: ACTIVE, ..r.folder.unwrap_or_default() };
            let name = format!("{}/folders/{}", container(state, &given.parent)?, r.folder_id);
            create_folder(state, GLOBAL, name, &r.request_id, given)
        }
        Kind::CreateProject(r) => {
            let given = v1::Project { state: ACTIVE, ..r.project.unwrap_or_default() };
            let name = format!("{}/projects/{}", container(state, &given.parent)?, r.project_id);
            create_project(state, GLOBAL, name, &r.request_id, given)
        }
        Kind::CreateCluster(r) => {
            let (name, log) = (format!("{}/clusters/{}", r.parent, r.cluster_id), region_log(&r.parent));
            let given = clusters::new(state, &name, &r.request_id, r.cluster.unwrap_or_default());
            create_cluster(state, &log, name, &r.request_id, given)
        }
        Kind::UpdateOrganization(r) => {
            update_organization(state, GLOBAL, &r.request_id, r.organization.unwrap_or_default(), r.update_mask)
        }
        Kind::UpdateFolder(r) => {
            update_folder(state, GLOBAL, &r.request_id, r.folder.unwrap_or_default(), r.update_mask)
        }
        Kind::UpdateProject(r) => {
            update_project(state, GLOBAL, &r.request_id, r.project.unwrap_or_default(), r.update_mask)
        }
        Kind::UpdateCluster(r) => {
            let given = r.cluster.unwrap_or_default();
            clusters::update(state, &region_log(&given.name), &r.request_id, given, r.update_mask)
        }
        Kind::HibernateCluster(r) => {
            clusters::wish(state, &r.name, &r.etag, &r.request_id, ("hibernate", "hibernation-wished"))
        }
        Kind::WakeCluster(r) => clusters::wish(state, &r.name, &r.etag, &r.request_id, ("wake", "waking-wished")),
        Kind::UndeleteCluster(r) => clusters::undelete(state, &r),
        Kind::UpdateAccessPolicy(r) => access::set_policy(state, &r.request_id, r.policy.unwrap_or_default()),
        Kind::ModifyBindings(r) => access::modify(state, r),
        Kind::CreateGroup(r) => access::create_group(state, r),
        Kind::UpdateGroup(r) => access::update_group(state, r),
        Kind::DeleteGroup(r) => access::delete_group(state, &r),
        Kind::CreateRole(r) => access::create_role(state, r),
        Kind::UpdateRole(r) => access::update_role(state, r),
        Kind::DeleteRole(r) => access::delete_role(state, &r),
        Kind::CreateIdentityProvider(r) => identities::create_provider(state, r),
        Kind::UpdateIdentityProvider(r) => identities::update_provider(state, r),
        Kind::DeleteIdentityProvider(r) => identities::delete_provider(state, &r),
        Kind::CreateServiceAccount(r) => identities::create_account(state, r),
        Kind::UpdateServiceAccount(r) => identities::update_account(state, r),
        Kind::DeleteServiceAccount(r) => identities::delete_account(state, &r),
        Kind::AddServiceAccountKey(r) => identities::add_key(state, r),
        Kind::RemoveServiceAccountKey(r) => identities::remove_key(state, &r),
        moved @ (Kind::MoveFolder(_) | Kind::MoveProject(_)) => apply_move(state, moved),
        deleted => apply_delete(state, deleted),
    }
}

fn apply_move(state: &mut State, kind: Kind) -> Result<Done, Status> {
    match kind {
        Kind::MoveFolder(r) => {
            container(state, &r.destination_parent)?;
            let stamp = state.stamp(GLOBAL, &r.request_id);
            let folder = state.folders.get_mut(&r.name).ok_or_else(|| not_found(&r.name))?;
            check_etag(&r.name, &r.etag, &folder.etag)?;
            (folder.parent, folder.etag, folder.update_time) = (r.destination_parent, stamp.etag, stamp.time);
            let made = folder.clone();
            state.append(GLOBAL, &r.request_id, "folder-moved", &r.name, Some(After::Folder(made.clone())));
            Ok(Done::Folder(made))
        }
        Kind::MoveProject(r) => {
            container(state, &r.destination_parent)?;
            let stamp = state.stamp(GLOBAL, &r.request_id);
            let project = state.projects.get_mut(&r.name).ok_or_else(|| not_found(&r.name))?;
            check_etag(&r.name, &r.etag, &project.etag)?;
            (project.parent, project.etag, project.update_time) = (r.destination_parent, stamp.etag, stamp.time);
            let made = project.clone();
            state.append(GLOBAL, &r.request_id, "project-moved", &r.name, Some(After::Project(made.clone())));
            Ok(Done::Project(made))
        }
        _ => Err(Status::unimplemented("not a move")),
    }
}

fn apply_delete(state: &mut State, kind: Kind) -> Result<Done, Status> {
    match kind {
        Kind::DeleteOrganization(r) => {
            let inside = |name: &String| name.starts_with(&format!("{}/", r.name));
            empty(&r.name, state.folders.keys().chain(state.projects.keys()).find(|name| inside(name)))?;
            let found = state.organizations.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))?;
            check_etag(&r.name, &r.etag, &found.etag)?;
            state.organizations.remove(&r.name);
            state.append(GLOBAL, &r.request_id, "organization-deleted", &r.name, None);
            turn(state, &found.cloud_account, Life::Retired, &r.name);
            Ok(Done::Organization(v1::Organization { state: v1::State::Deleted.into(), ..found }))
        }
        Kind::DeleteFolder(r) => {
            let folders = state.folders.values().map(|folder| (&folder.parent, &folder.name));
            let projects = state.projects.values().map(|project| (&project.parent, &project.name));
            let inside = folders.chain(projects).find(|(parent, _)| **parent == r.name).map(|(_, name)| name);
            empty(&r.name, inside)?;
            let found = state.folders.get(&r.name).cloned().ok_or_else(|| not_found(&r.name))?;
            check_etag(&r.name, &r.etag, &found.etag)?;
            state.folders.remove(&r.name);
            state.append(GLOBAL, &r.request_id, "folder-deleted", &r.name, None);
            Ok(Done::Folder(v1::Folder { state: v1::State::Deleted.into(), ..found }))
        }
        Kind::DeleteCluster(r) => clusters::delete(state, &r),
        Kind::DeleteProject(r) => delete_project(state, &r),
        _ => Err(Status::unimplemented("not a deletion")),
    }
}

fn create_cloud_account(state: &mut State, r: &v1::CreateCloudAccountRequest) -> Result<Done, Status> {
    let name = format!("cloudAccounts/{}", r.cloud_account_id);
    if let Some(known) = state.cloud_accounts.get(&name) {
        let life = known.state().as_str_name();
        let account = &r.cloud_account_id;
        let message = format!("the cloud account {account} is known, as {life}; wanted one that is not known");
        return Err(refusal(Code::AlreadyExists, "ACCOUNT_KNOWN", message, &[("state", life)]));
    }
    let stamp = state.stamp(GLOBAL, &r.request_id);
    let made = v1::CloudAccount {
        name: name.clone(),
        state: Life::Ready.into(),
        organization: String::new(),
        create_time: stamp.time,
        update_time: stamp.time,
        etag: stamp.etag,
    };
    state.cloud_accounts.insert(name.clone(), made.clone());
    state.append(GLOBAL, &r.request_id, "cloud-account-added", &name, Some(After::CloudAccount(made.clone())));
    Ok(Done::CloudAccount(made))
}

/// Gives an account to an organization, or takes it out of use with it.
fn turn(state: &mut State, account: &str, life: Life, organization: &str) {
    let etag = state.head(GLOBAL).to_string();
    if let Some(account) = state.cloud_accounts.get_mut(account) {
        (account.state, account.etag) = (life.into(), etag);
        account.organization = organization.to_owned();
    }
}

fn delete_project(state: &mut State, r: &v1::DeleteProjectRequest) -> Result<Done, Status> {
    let stamp = state.stamp(GLOBAL, &r.request_id);
    let regions: Vec<String> = state.regions.keys().cloned().collect();
    let project = state.projects.get_mut(&r.name).ok_or_else(|| not_found(&r.name))?;
    check_etag(&r.name, &r.etag, &project.etag)?;
    if project.state != ACTIVE {
        let message = format!("{} is DELETING; wanted ACTIVE", r.name);
        return Err(refusal(Code::FailedPrecondition, "NOT_ACTIVE", message, &[("state", "DELETING")]));
    }
    (project.state, project.awaiting) = (v1::State::Deleting.into(), regions.clone());
    (project.etag, project.update_time) = (stamp.etag, stamp.time);
    let made = project.clone();
    let (organization, id) = r.name.split_once("/projects/").unwrap_or_default();
    let operation = v1::Operation {
        name: format!("{organization}/operations/{id}.{}", made.uid),
        kind: "projects.delete".to_owned(),
        target: r.name.clone(),
        done: false,
        metadata: Some(v1::OperationMetadata {
            stage: "DRAINING".to_owned(),
            percent: 0,
            waiting_for: regions,
            create_time: stamp.time,
            update_time: stamp.time,
            ..v1::OperationMetadata::default()
        }),
        error: None,
    };
    state.operations.insert(operation.name.clone(), operation.clone());
    state.append(GLOBAL, &r.request_id, "project-deleting", &r.name, Some(After::Project(made)));
    Ok(Done::Operation(operation))
}

/// The organization of a container that exists.
fn container(state: &State, parent: &str) -> Result<String, Status> {
    let known = state.organizations.contains_key(parent) || state.folders.contains_key(parent);
    let organization = parent.split("/folders/").next().unwrap_or_default().to_owned();
    if known { Ok(organization) } else { Err(not_found(parent)) }
}

fn empty(name: &str, entry: Option<&String>) -> Result<(), Status> {
    let Some(entry) = entry else { return Ok(()) };
    let message = format!("{name} is not empty: {entry} is in it; wanted nothing in it");
    Err(refusal(Code::FailedPrecondition, "NOT_EMPTY", message, &[("entry", entry)]))
}

/// The log that decides about something in a location.
pub(super) fn region_log(name: &str) -> String {
    let location = name.split("/locations/").nth(1).unwrap_or_default();
    format!("region/{}", location.split('/').next().unwrap_or_default())
}
