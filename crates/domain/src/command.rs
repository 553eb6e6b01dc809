//! What can be asked of a log: one struct per command, and which log decides it.
//!
//! A command is a wish, checked by [`crate::decide`] and then gone; it is never stored, so it may change its shape
//! freely. Updates change what is `Some` and leave the rest. An `etag` is the revision that the caller saw last: when
//! it is `Some` and the resource has another one, the command is refused.
//!
//! Map: `tree` organizations, folders, projects · `clusters` · `ring` what regions and operators ask · `access` who may do what ·
//! `identity` whose tokens are taken · here all of them, and what each is
//! about.

use ids::{
    AccountId, GroupName, IdentityProviderName, Log, OrganizationName, RegionId, ResourceName, RevokeName, RoleId,
    ServiceAccountName, Subject,
};

use ::access::NodeName;

use crate::{
    account, cluster_policy, edition, gate, group, identity_provider, progress::Kept, quota, revoke, role,
    service_account, sets,
};

mod access;
mod clusters;
mod identity;
mod ring;
mod tree;

pub use self::access::{
    ChangePolicy, CreateGroup, CreateRevoke, CreateRole, DeleteGroup, DeleteRole, Given, LiftRevoke, SetBreakGlass,
    Take, UpdateGroup, UpdateRole,
};
pub use clusters::{
    CreateCluster, DeleteCluster, HibernateCluster, Progress, UndeleteCluster, UpdateCluster, WakeCluster,
};
pub use identity::{
    AddServiceAccountKey, CreateIdentityProvider, CreateServiceAccount, DeleteIdentityProvider, DeleteServiceAccount,
    RemoveServiceAccountKey, UpdateIdentityProvider, UpdateServiceAccount,
};
pub use ring::{
    AcknowledgeDrain, AcknowledgeQuota, AddAccount, ClaimAccount, CloseGate, HaltEdition, MirrorQuota, PublishCatalog,
    RegisterRegion, SetQuota, Waves,
};
pub use tree::{
    CreateFolder, CreateOrganization, CreateProject, DeleteFolder, DeleteOrganization, DeleteProject, MoveFolder,
    MoveProject, SetClusterPolicy, UpdateFolder, UpdateOrganization, UpdateProject,
};

/// Everything that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    CreateOrganization(CreateOrganization),
    UpdateOrganization(UpdateOrganization),
    DeleteOrganization(DeleteOrganization),
    CreateFolder(CreateFolder),
    UpdateFolder(UpdateFolder),
    MoveFolder(MoveFolder),
    DeleteFolder(DeleteFolder),
    CreateProject(CreateProject),
    UpdateProject(UpdateProject),
    MoveProject(MoveProject),
    DeleteProject(DeleteProject),
    AcknowledgeDrain(AcknowledgeDrain),
    CloseGate(CloseGate),
    CreateCluster(CreateCluster),
    UpdateCluster(UpdateCluster),
    DeleteCluster(DeleteCluster),
    UndeleteCluster(UndeleteCluster),
    HibernateCluster(HibernateCluster),
    WakeCluster(WakeCluster),
    Progress(Box<Progress>),
    RegisterRegion(RegisterRegion),
    AddAccount(AddAccount),
    ClaimAccount(ClaimAccount),
    PublishCatalog(PublishCatalog),
    HaltEdition(HaltEdition),
    SetQuota(SetQuota),
    MirrorQuota(MirrorQuota),
    AcknowledgeQuota(AcknowledgeQuota),
    SetClusterPolicy(SetClusterPolicy),
    ChangePolicy(ChangePolicy),
    CreateGroup(CreateGroup),
    UpdateGroup(UpdateGroup),
    DeleteGroup(DeleteGroup),
    CreateRole(CreateRole),
    UpdateRole(UpdateRole),
    DeleteRole(DeleteRole),
    CreateRevoke(CreateRevoke),
    LiftRevoke(LiftRevoke),
    SetBreakGlass(SetBreakGlass),
    CreateIdentityProvider(CreateIdentityProvider),
    UpdateIdentityProvider(UpdateIdentityProvider),
    DeleteIdentityProvider(DeleteIdentityProvider),
    CreateServiceAccount(CreateServiceAccount),
    UpdateServiceAccount(UpdateServiceAccount),
    DeleteServiceAccount(DeleteServiceAccount),
    AddServiceAccountKey(AddServiceAccountKey),
    RemoveServiceAccountKey(RemoveServiceAccountKey),
}

/// What a command is about: a resource, what a region keeps, an entry of the registry of regions, a gate, a cloud account, an edition, or a
/// quota.
enum About<'a> {
    Kept(&'a Kept),
    Account(AccountId),
    Edition(&'a str),
    Resource(ResourceName),
    Gate(&'a CloseGate),
    Region(&'a RegionId),
    Quota(&'a OrganizationName),
    Allotment(&'a MirrorQuota),
    ClusterPolicy(&'a ResourceName),
    Policy(&'a NodeName),
    Group(&'a GroupName),
    Role(&'a RoleId),
    Revoke(&'a RevokeName),
    Lift(&'a RevokeName),
    BreakGlass(&'a OrganizationName),
    IdentityProvider(&'a IdentityProviderName),
    ServiceAccount(&'a ServiceAccountName),
}

impl Command {
    /// The log that decides the command: the region's for clusters and gates, the global log for everything else.
    pub fn log(&self) -> Log {
        match self.about() {
            About::Resource(ResourceName::Cluster(name)) => Log::Region(name.location),
            About::Gate(command) => Log::Region(command.region.clone()),
            About::Allotment(command) => Log::Region(command.region.clone()),
            About::Kept(kept) => Log::Region(kept.location().clone()),
            About::Revoke(name) => Log::Region(name.region.clone()),
            About::Policy(NodeName::Cluster(name)) => Log::Region(name.location.clone()),
            About::Policy(NodeName::Namespace(name)) => Log::Region(name.cluster.location.clone()),
            About::Resource(ResourceName::Organization(_) | ResourceName::Folder(_) | ResourceName::Project(_))
            | About::Region(_)
            | About::Account(_)
            | About::Edition(_)
            | About::ClusterPolicy(_)
            | About::Policy(NodeName::Organization(_) | NodeName::Folder(_) | NodeName::Project(_))
            | About::Group(_)
            | About::Role(_)
            | About::Lift(_)
            | About::BreakGlass(_)
            | About::IdentityProvider(_)
            | About::ServiceAccount(_)
            | About::Quota(_) => Log::Global,
        }
    }

    /// The row that the command is about: the resource, the region's entry among all regions, the gate, the account, or the edition.
    pub fn subject(&self) -> Subject {
        match self.about() {
            About::Resource(name) => Subject::resource(&name),
            About::Kept(kept) => kept.subject(),
            About::Region(region) => sets::regions().entry(region.as_str()),
            About::Gate(command) => gate::subject(&command.project),
            About::Account(account) => account::subject(account),
            About::Edition(edition) => edition::subject(edition),
            About::Quota(organization) => quota::subject(organization),
            About::Allotment(command) => quota::allotment(&command.organization),
            About::ClusterPolicy(node) => cluster_policy::subject(node),
            About::Policy(node) => sets::bindings(node),
            About::Group(name) => group::subject(name),
            About::Role(name) => role::subject(&name.organization, &name.role),
            About::Revoke(name) => revoke::subject(name),
            About::Lift(name) => revoke::lift(name),
            About::BreakGlass(organization) => revoke::break_glass(organization),
            About::IdentityProvider(name) => identity_provider::subject(name),
            About::ServiceAccount(name) => service_account::subject(name),
        }
    }

    fn about(&self) -> About<'_> {
        About::Resource(match self {
            Self::CreateOrganization(command) => command.name.clone().into(),
            Self::UpdateOrganization(command) => command.name.clone().into(),
            Self::DeleteOrganization(command) => command.name.clone().into(),
            Self::CreateFolder(command) => command.name.clone().into(),
            Self::UpdateFolder(command) => command.name.clone().into(),
            Self::MoveFolder(command) => command.name.clone().into(),
            Self::DeleteFolder(command) => command.name.clone().into(),
            Self::CreateProject(command) => command.name.clone().into(),
            Self::UpdateProject(command) => command.name.clone().into(),
            Self::MoveProject(command) => command.name.clone().into(),
            Self::DeleteProject(command) => command.name.clone().into(),
            Self::AcknowledgeDrain(command) => command.project.clone().into(),
            Self::CreateCluster(command) => command.name.clone().into(),
            Self::UpdateCluster(command) => command.name.clone().into(),
            Self::DeleteCluster(command) => command.name.clone().into(),
            Self::UndeleteCluster(command) => command.name.clone().into(),
            Self::HibernateCluster(command) => command.name.clone().into(),
            Self::WakeCluster(command) => command.name.clone().into(),
            Self::Progress(command) => return About::Kept(&command.of),
            Self::RegisterRegion(command) => return About::Region(&command.region),
            Self::CloseGate(command) => return About::Gate(command),
            Self::AddAccount(command) => return About::Account(command.account),
            Self::ClaimAccount(command) => command.organization.clone().into(),
            Self::PublishCatalog(command) => return About::Edition(&command.catalog.edition),
            Self::HaltEdition(command) => return About::Edition(&command.edition),
            Self::SetQuota(command) => return About::Quota(&command.organization),
            Self::AcknowledgeQuota(command) => return About::Quota(&command.organization),
            Self::MirrorQuota(command) => return About::Allotment(command),
            Self::SetClusterPolicy(command) => return About::ClusterPolicy(&command.node),
            Self::ChangePolicy(command) => return About::Policy(&command.node),
            Self::CreateGroup(command) => return About::Group(&command.name),
            Self::UpdateGroup(command) => return About::Group(&command.name),
            Self::DeleteGroup(command) => return About::Group(&command.name),
            Self::CreateRole(command) => return About::Role(&command.name),
            Self::UpdateRole(command) => return About::Role(&command.name),
            Self::DeleteRole(command) => return About::Role(&command.name),
            Self::CreateRevoke(command) => return About::Revoke(&command.name),
            Self::LiftRevoke(command) => return About::Lift(&command.name),
            Self::SetBreakGlass(command) => return About::BreakGlass(&command.organization),
            Self::CreateIdentityProvider(command) => return About::IdentityProvider(&command.name),
            Self::UpdateIdentityProvider(command) => return About::IdentityProvider(&command.name),
            Self::DeleteIdentityProvider(command) => return About::IdentityProvider(&command.name),
            Self::CreateServiceAccount(command) => return About::ServiceAccount(&command.name),
            Self::UpdateServiceAccount(command) => return About::ServiceAccount(&command.name),
            Self::DeleteServiceAccount(command) => return About::ServiceAccount(&command.name),
            Self::AddServiceAccountKey(command) => return About::ServiceAccount(&command.name),
            Self::RemoveServiceAccountKey(command) => return About::ServiceAccount(&command.name),
        })
    }
}

macro_rules! into_command {
    ($($command:ident),+ $(,)?) => {$(
        impl From<$command> for Command {
            fn from(command: $command) -> Self {
                Self::$command(command)
            }
        }
    )+};
}

impl From<Progress> for Command {
    fn from(command: Progress) -> Self {
        Self::Progress(Box::new(command))
    }
}

into_command!(
    CreateOrganization,
    UpdateOrganization,
    DeleteOrganization,
    CreateFolder,
    UpdateFolder,
    MoveFolder,
    DeleteFolder,
    CreateProject,
    UpdateProject,
    MoveProject,
    DeleteProject,
    AcknowledgeDrain,
    CloseGate,
    CreateCluster,
    UpdateCluster,
    DeleteCluster,
    UndeleteCluster,
    HibernateCluster,
    WakeCluster,
    RegisterRegion,
    AddAccount,
    ClaimAccount,
    PublishCatalog,
    HaltEdition,
    SetQuota,
    MirrorQuota,
    AcknowledgeQuota,
    SetClusterPolicy,
    ChangePolicy,
    CreateGroup,
    UpdateGroup,
    DeleteGroup,
    CreateRole,
    UpdateRole,
    DeleteRole,
    CreateRevoke,
    LiftRevoke,
    SetBreakGlass,
    CreateIdentityProvider,
    UpdateIdentityProvider,
    DeleteIdentityProvider,
    CreateServiceAccount,
    UpdateServiceAccount,
    DeleteServiceAccount,
    AddServiceAccountKey,
    RemoveServiceAccountKey,
);
