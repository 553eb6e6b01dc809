//! What can be asked of a log: one struct per command, and which log decides it.
//!
//! A command is a wish, checked by [`crate::decide`] and then gone; it is never stored, so it may change its shape
//! freely. Updates change what is `Some` and leave the rest. An `etag` is the revision that the caller saw last: when
//! it is `Some` and the resource has another one, the command is refused.

use std::collections::BTreeMap;

use ids::{
    AccountId, ClusterName, ContainerName, FolderName, Hlc, Log, OrganizationName, ProjectName, RegionId, RequestId,
    ResourceName, Revision, Subject,
};

use crate::{
    Cidr, ClusterOptions, ClusterType, Deed, account,
    catalog::{Catalog, Window},
    edition, gate,
    held::{Held, MachineEdge, Part, Status},
    progress::Kept,
    quota, sets,
};

/// Makes an organization, with the first cloud account of the pool if there is one. Its name must be free: never used, or
/// that of a DELETED one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrganization {
    pub name: OrganizationName,
    pub display_name: String,
    pub description: String,
}

/// Changes the texts of an ACTIVE organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateOrganization {
    pub name: OrganizationName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub etag: Option<Revision>,
}

/// Deletes an organization without folders and projects, and retires its cloud account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteOrganization {
    pub name: OrganizationName,
    pub etag: Option<Revision>,
}

/// Puts a cloud account into the pool. It must not be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddAccount {
    pub account: AccountId,
}

/// Gives an ACTIVE organization without a cloud account the first of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimAccount {
    pub organization: OrganizationName,
}

/// Makes a folder in an ACTIVE container of its own organization, at most [`ids::limits::FOLDER_DEPTH_MAX`] deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateFolder {
    pub name: FolderName,
    pub parent: ContainerName,
    pub display_name: String,
    pub description: String,
}

/// Changes the texts of an ACTIVE folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateFolder {
    pub name: FolderName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub etag: Option<Revision>,
}

/// Moves a folder, with all that is in it, to another ACTIVE container of its organization that is not inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveFolder {
    pub name: FolderName,
    /// Where to.
    pub parent: ContainerName,
    pub etag: Option<Revision>,
}

/// Deletes a folder without folders and projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteFolder {
    pub name: FolderName,
    pub etag: Option<Revision>,
}

/// Makes a project in an ACTIVE container of its own organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateProject {
    pub name: ProjectName,
    pub parent: ContainerName,
    pub display_name: String,
    pub description: String,
}

/// Changes the texts of an ACTIVE project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateProject {
    pub name: ProjectName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub etag: Option<Revision>,
}

/// Moves an ACTIVE project to another ACTIVE container of its organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveProject {
    pub name: ProjectName,
    /// Where to.
    pub parent: ContainerName,
    pub etag: Option<Revision>,
}

/// Starts the deletion of an ACTIVE project, which is over when every registered region has acknowledged its drain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteProject {
    pub name: ProjectName,
    pub etag: Option<Revision>,
}

/// Says that no cluster of a DELETING project is left in a region, and that its gate there is closed, so none follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgeDrain {
    pub project: ProjectName,
    pub region: RegionId,
}

/// Closes a region to new clusters of a DELETING project: a gate, in the region's own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseGate {
    pub project: ProjectName,
    /// Whose gate, and whose log.
    pub region: RegionId,
}

/// Makes a cluster in the region that its name says, in a project that is ACTIVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateCluster {
    pub name: ClusterName,
    pub display_name: String,
    pub description: String,
    pub cluster_type: ClusterType,
    pub options: ClusterOptions,
}

/// Changes the texts of a cluster, and what may be asked for anew of one that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateCluster {
    pub name: ClusterName,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub allow_list: Option<Vec<Cidr>>,
    pub delete_protection: Option<bool>,
    pub maintenance_window: Option<Window>,
    pub etag: Option<Revision>,
}

/// Deletes a cluster, also from a project that is itself being deleted, unless it is protected. It sleeps for a time first, if that is
/// asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteCluster {
    pub name: ClusterName,
    /// How long everything of it is kept, in milliseconds; at most [`crate::cluster::RETAIN_MAX_MS`].
    pub retain_ms: u64,
    pub etag: Option<Revision>,
}

/// Takes the deletion of a cluster back, while everything of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeleteCluster {
    pub name: ClusterName,
    pub etag: Option<Revision>,
}

/// Puts a RUNNING cluster to sleep: its machines stop, its volumes stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HibernateCluster {
    pub name: ClusterName,
    pub etag: Option<Revision>,
}

/// Wakes a cluster that sleeps, or is falling asleep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeCluster {
    pub name: ClusterName,
    pub etag: Option<Revision>,
}

/// Writes down what a region's reconciling did about a cluster or a shared VPC, and what it saw of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub of: Kept,
    /// Of the cluster or the VPC: another one may have the name later.
    pub uid: RequestId,
    /// Of the row that says what became of it.
    pub seen: Revision,
    /// What is there now, whole.
    pub held: Held,
    pub status: Status,
    /// What was done that nobody asked for by making it.
    pub deeds: Vec<Deed>,
    /// What machines were seen to have done.
    pub edges: Vec<MachineEdge>,
    /// When parts were last seen not to be ready, in Unix milliseconds.
    pub waited: BTreeMap<Part, u64>,
}

/// Makes a region known to the global log, so that deletions of projects wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRegion {
    pub region: RegionId,
}

/// Publishes an edition of the catalogue, by an operator. It must be without defects, and its name later than that of every
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishCatalog {
    pub catalog: Catalog,
    /// `None`: at once where it is the first, else the regions by name with [`edition::SOAK_SECONDS`] between them.
    pub waves: Option<Waves>,
}

/// How an edition is to spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waves {
    /// Regions that come first, in this order; the others follow by name.
    pub order: Vec<RegionId>,
    /// 0: all at once; else [`edition::SOAK_SECONDS_MIN`] to [`edition::SOAK_SECONDS_MAX`].
    pub soak_seconds: u32,
}

/// Stops an edition from being used for new clusters, everywhere and for good, by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaltEdition {
    pub edition: String,
    pub etag: Option<Revision>,
}

/// Says how many vCPUs clusters of an ACTIVE organization may need in each region; none in those that are not named. Regions that are to
/// hold more than now get it when others have given it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetQuota {
    pub organization: OrganizationName,
    pub slices: BTreeMap<RegionId, u64>,
    /// Of the quota.
    pub etag: Option<Revision>,
}

/// A region takes over what the global log says that it may hold for an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorQuota {
    pub organization: OrganizationName,
    pub region: RegionId,
}

/// A region says that it holds no more than the slice of this generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgeQuota {
    pub organization: OrganizationName,
    pub region: RegionId,
    pub generation: Hlc,
}

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
}

impl Command {
    /// The log that decides the command: the region's for clusters and gates, the global log for everything else.
    pub fn log(&self) -> Log {
        match self.about() {
            About::Resource(ResourceName::Cluster(name)) => Log::Region(name.location),
            About::Gate(command) => Log::Region(command.region.clone()),
            About::Allotment(command) => Log::Region(command.region.clone()),
            About::Kept(kept) => Log::Region(kept.location().clone()),
            About::Resource(ResourceName::Organization(_) | ResourceName::Folder(_) | ResourceName::Project(_))
            | About::Region(_)
            | About::Account(_)
            | About::Edition(_)
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
);
