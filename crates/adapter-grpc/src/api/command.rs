//! Requests that write, as commands. One place for unary calls and for the stream of mutations.

use std::collections::BTreeMap;

use api::v1::{self, mutation::Kind};
use domain::{
    Command,
    command::{
        AddAccount, CreateFolder, CreateOrganization, CreateProject, DeleteFolder, DeleteOrganization, DeleteProject,
        MoveFolder, MoveProject, SetQuota, UpdateFolder, UpdateOrganization, UpdateProject,
    },
};
use ids::{AccountId, ContainerName, ProjectName, RequestId, Seq};

use super::{
    access_policies::policy_name,
    cluster_policies,
    input::{etag, name, new_name, present, request_id, texts},
    quotas,
    resource::cloud_account_name,
    status::Refusal,
};

/// What a request asks to be changed.
#[derive(Clone, Debug)]
pub struct Write {
    pub command: Command,
    /// `None`: the caller gave none.
    pub request_id: Option<RequestId>,
    pub validate_only: bool,
    /// It was looked at before: as of which record of its log.
    pub planned: Option<Seq>,
}

/// A request that reads as a write.
pub trait Writes {
    /// # Errors
    /// The first field that does not read.
    fn write(self) -> Result<Write, Refusal>;
}

/// Paths that no update changes.
pub const FIXED: &[&str] = &[
    "name",
    "uid",
    "parent",
    "state",
    "awaiting",
    "cluster_type",
    "cloud_account",
    "create_time",
    "update_time",
    "etag",
];

pub fn write(command: impl Into<Command>, id: &str, validate_only: bool) -> Result<Write, Refusal> {
    Ok(Write { command: command.into(), request_id: request_id(id)?, validate_only, planned: None })
}

/// `{project}/locations/{location}`, where the location may be `-` for a list.
pub fn location<'a>(field: &str, parent: &'a str) -> Result<(ProjectName, &'a str), Refusal> {
    const WANTED: &str = "organizations/{o}/projects/{p}/locations/{region}";
    let (project, location) = parent.split_once("/locations/").ok_or_else(|| Refusal::field(field, parent, WANTED))?;
    let project = project.parse().map_err(|_| Refusal::field(field, parent, WANTED))?;
    Ok((project, location))
}

impl Writes for v1::CreateOrganizationRequest {
    fn write(self) -> Result<Write, Refusal> {
        let organization = present("organization", self.organization)?;
        let given = ("organization.name", organization.name.as_str());
        let create = CreateOrganization {
            name: new_name("organizations", ("organization_id", &self.organization_id), given)?,
            display_name: organization.display_name,
            description: organization.description,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::UpdateOrganizationRequest {
    fn write(self) -> Result<Write, Refusal> {
        let organization = present("organization", self.organization)?;
        let texts = texts(self.update_mask, organization.display_name, organization.description, FIXED)?;
        let update = UpdateOrganization {
            name: name("organization.name", &organization.name)?,
            display_name: texts.display_name,
            description: texts.description,
            etag: etag("organization.etag", &organization.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::DeleteOrganizationRequest {
    fn write(self) -> Result<Write, Refusal> {
        let delete = DeleteOrganization { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(delete, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::CreateFolderRequest {
    fn write(self) -> Result<Write, Refusal> {
        let folder = present("folder", self.folder)?;
        let parent: ContainerName = name("folder.parent", &folder.parent)?;
        let collection = format!("{}/folders", parent.organization());
        let create = CreateFolder {
            name: new_name(&collection, ("folder_id", &self.folder_id), ("folder.name", &folder.name))?,
            parent,
            display_name: folder.display_name,
            description: folder.description,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::UpdateFolderRequest {
    fn write(self) -> Result<Write, Refusal> {
        let folder = present("folder", self.folder)?;
        let texts = texts(self.update_mask, folder.display_name, folder.description, FIXED)?;
        let update = UpdateFolder {
            name: name("folder.name", &folder.name)?,
            display_name: texts.display_name,
            description: texts.description,
            etag: etag("folder.etag", &folder.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::MoveFolderRequest {
    fn write(self) -> Result<Write, Refusal> {
        let relocate = MoveFolder {
            name: name("name", &self.name)?,
            parent: name("destination_parent", &self.destination_parent)?,
            etag: etag("etag", &self.etag)?,
        };
        write(relocate, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::DeleteFolderRequest {
    fn write(self) -> Result<Write, Refusal> {
        let delete = DeleteFolder { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(delete, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::CreateProjectRequest {
    fn write(self) -> Result<Write, Refusal> {
        let project = present("project", self.project)?;
        let parent: ContainerName = name("project.parent", &project.parent)?;
        let collection = format!("{}/projects", parent.organization());
        let create = CreateProject {
            name: new_name(&collection, ("project_id", &self.project_id), ("project.name", &project.name))?,
            parent,
            display_name: project.display_name,
            description: project.description,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::UpdateProjectRequest {
    fn write(self) -> Result<Write, Refusal> {
        let project = present("project", self.project)?;
        let texts = texts(self.update_mask, project.display_name, project.description, FIXED)?;
        let update = UpdateProject {
            name: name("project.name", &project.name)?,
            display_name: texts.display_name,
            description: texts.description,
            etag: etag("project.etag", &project.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::MoveProjectRequest {
    fn write(self) -> Result<Write, Refusal> {
        let relocate = MoveProject {
            name: name("name", &self.name)?,
            parent: name("destination_parent", &self.destination_parent)?,
            etag: etag("etag", &self.etag)?,
        };
        write(relocate, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::DeleteProjectRequest {
    fn write(self) -> Result<Write, Refusal> {
        let delete = DeleteProject { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
        write(delete, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::CreateCloudAccountRequest {
    fn write(self) -> Result<Write, Refusal> {
        let account: AccountId = name("cloud_account_id", &self.cloud_account_id)?;
        let given = self.cloud_account.unwrap_or_default().name;
        let wanted = cloud_account_name(account);
        if !given.is_empty() && given != wanted {
            return Err(Refusal::field(
                "cloud_account.name",
                &given,
                format!("nothing, or {wanted}, which the id makes"),
            ));
        }
        write(AddAccount { account }, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::UpdateQuotaRequest {
    fn write(self) -> Result<Write, Refusal> {
        let quota = present("quota", self.quota)?;
        let mut slices = BTreeMap::new();
        for slice in quota.slices {
            let region = quotas::location("quota.slices.location", &slice.location)?;
            if slices.insert(region, slice.vcpus).is_some() {
                return Err(Refusal::field("quota.slices.location", &slice.location, "each location once"));
            }
        }
        let organization = quotas::organization("quota.name", &quota.name)?;
        write(
            SetQuota { organization, slices, etag: etag("quota.etag", &quota.etag)? },
            &self.request_id,
            self.validate_only,
        )
    }
}

impl Writes for v1::Mutation {
    fn write(self) -> Result<Write, Refusal> {
        match present("kind", self.kind)? {
            Kind::CreateOrganization(request) => request.write(),
            Kind::UpdateOrganization(request) => request.write(),
            Kind::DeleteOrganization(request) => request.write(),
            Kind::CreateFolder(request) => request.write(),
            Kind::UpdateFolder(request) => request.write(),
            Kind::MoveFolder(request) => request.write(),
            Kind::DeleteFolder(request) => request.write(),
            Kind::CreateProject(request) => request.write(),
            Kind::UpdateProject(request) => request.write(),
            Kind::MoveProject(request) => request.write(),
            Kind::DeleteProject(request) => request.write(),
            Kind::CreateCluster(request) => request.write(),
            Kind::UpdateCluster(request) => request.write(),
            Kind::DeleteCluster(request) => request.write(),
            Kind::CreateCloudAccount(request) => request.write(),
            Kind::UndeleteCluster(request) => request.write(),
            Kind::HibernateCluster(request) => request.write(),
            Kind::WakeCluster(request) => request.write(),
            Kind::PublishEdition(request) => request.write(),
            Kind::HaltEdition(request) => request.write(),
            Kind::UpdateAccessPolicy(request) => request.write(),
            Kind::ModifyBindings(request) => request.write(),
            Kind::CreateGroup(request) => request.write(),
            Kind::UpdateGroup(request) => request.write(),
            Kind::DeleteGroup(request) => request.write(),
            Kind::CreateRole(request) => request.write(),
            Kind::UpdateRole(request) => request.write(),
            Kind::DeleteRole(request) => request.write(),
            Kind::CreateIdentityProvider(request) => request.write(),
            Kind::UpdateIdentityProvider(request) => request.write(),
            Kind::DeleteIdentityProvider(request) => request.write(),
            Kind::CreateServiceAccount(request) => request.write(),
            Kind::UpdateServiceAccount(request) => request.write(),
            Kind::DeleteServiceAccount(request) => request.write(),
            Kind::AddServiceAccountKey(request) => request.write(),
            Kind::RemoveServiceAccountKey(request) => request.write(),
        }
    }
}

/// What the API calls that which a command is about.
pub fn public_name(command: &Command) -> String {
    match command {
        Command::SetClusterPolicy(command) => cluster_policies::policy_name(&command.node),
        Command::ChangePolicy(command) => policy_name(&command.node),
        Command::CreateGroup(command) => command.name.to_string(),
        Command::UpdateGroup(command) => command.name.to_string(),
        Command::DeleteGroup(command) => command.name.to_string(),
        Command::CreateRole(command) => command.name.to_string(),
        Command::UpdateRole(command) => command.name.to_string(),
        Command::DeleteRole(command) => command.name.to_string(),
        Command::CreateRevoke(command) => command.name.to_string(),
        Command::LiftRevoke(command) => command.name.to_string(),
        Command::SetBreakGlass(command) => format!("{}/breakGlass", command.organization),
        Command::CreateIdentityProvider(command) => command.name.to_string(),
        Command::UpdateIdentityProvider(command) => command.name.to_string(),
        Command::DeleteIdentityProvider(command) => command.name.to_string(),
        Command::CreateServiceAccount(command) => command.name.to_string(),
        Command::UpdateServiceAccount(command) => command.name.to_string(),
        Command::DeleteServiceAccount(command) => command.name.to_string(),
        Command::AddServiceAccountKey(command) => command.name.to_string(),
        Command::RemoveServiceAccountKey(command) => command.name.to_string(),
        other => other.subject().to_string(),
    }
}

/// The field of a request that holds the resource's texts, so that a rule about them can name it. Empty: they are in the request itself.
pub fn resource_field(command: &Command) -> &'static str {
    match command {
        Command::CreateOrganization(_)
        | Command::UpdateOrganization(_)
        | Command::DeleteOrganization(_)
        | Command::ClaimAccount(_) => "organization",
        Command::CreateFolder(_) | Command::UpdateFolder(_) | Command::MoveFolder(_) | Command::DeleteFolder(_) => {
            "folder"
        }
        Command::CreateProject(_)
        | Command::UpdateProject(_)
        | Command::MoveProject(_)
        | Command::DeleteProject(_)
        | Command::AcknowledgeDrain(_)
        | Command::CloseGate(_) => "project",
        Command::CreateCluster(_)
        | Command::UpdateCluster(_)
        | Command::DeleteCluster(_)
        | Command::UndeleteCluster(_)
        | Command::HibernateCluster(_)
        | Command::WakeCluster(_)
        | Command::Progress(_) => "cluster",
        Command::RegisterRegion(_) => "region",
        Command::AddAccount(_) => "cloud_account",
        Command::PublishCatalog(_) => "waves",
        Command::HaltEdition(_) => "edition",
        Command::SetQuota(_) | Command::MirrorQuota(_) | Command::AcknowledgeQuota(_) => "quota",
        Command::SetClusterPolicy(_) | Command::ChangePolicy(_) => "policy",
        Command::CreateGroup(_) | Command::UpdateGroup(_) | Command::DeleteGroup(_) => "group",
        Command::CreateRole(_) | Command::UpdateRole(_) | Command::DeleteRole(_) => "role",
        Command::CreateRevoke(_) | Command::LiftRevoke(_) => "revoke",
        Command::SetBreakGlass(_) => "break_glass",
        Command::CreateIdentityProvider(_)
        | Command::UpdateIdentityProvider(_)
        | Command::DeleteIdentityProvider(_) => "identity_provider",
        Command::CreateServiceAccount(_) | Command::UpdateServiceAccount(_) | Command::DeleteServiceAccount(_) => {
            "service_account"
        }
        Command::AddServiceAccountKey(_) | Command::RemoveServiceAccountKey(_) => "",
    }
}
