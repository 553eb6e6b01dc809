//! What the rows of a log hold.
//!
//! An entity is the whole of a resource as the customer wished it, or the whole of what our log holds of what became of it; what the
//! cloud has is observed and never stored here. Entities are the post-images of facts, so a field that is added later must have a meaning when it
//! is missing.

use std::{collections::BTreeSet, fmt};

use ids::{AccountId, ContainerName, FolderName, Hlc, OrganizationName, ProjectName, RegionId, RequestId};

use crate::{Network, catalog::Catalog};

mod access;
mod cluster;
mod cluster_policy;
mod identity;
mod quota;

pub use self::access::{AccessPolicy, Binding, BreakGlass, CustomRole, Group, Lift, Revoke};
pub use cluster::{
    Basis, CloudWait, Cluster, ClusterOptions, ClusterStatus, DEEDS_MAX, Deed, Deeds, MachineRun, PhaseTimes,
    SharedVpc, VersionWish, Wish,
};
pub use cluster_policy::ClusterPolicy;
pub use identity::{AccountKey, IdentityProvider, ServiceAccount};
pub use quota::{Allotment, Limit, Quota, Slice};

/// Life of an organization, folder or project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// In use.
    Active,
    /// Being emptied: nothing new may be made in it, and it still stands among its parent's children.
    Deleting,
    /// Gone for everyone but the log. The row stays, and the name may be taken again by a new resource with a new uid.
    Deleted,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Deleting => "DELETING",
            Self::Deleted => "DELETED",
        })
    }
}

/// A customer. Root of a tree of folders and projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    pub name: OrganizationName,
    /// Id of the request that created it: tells apart two resources that had the same name one after the other.
    pub uid: RequestId,
    pub display_name: String,
    pub description: String,
    pub state: State,
    pub create_time: Hlc,
    /// Time of the last record that wrote this row.
    pub update_time: Hlc,
    /// The cloud account that it has, or had before it was deleted; `None` while there was none for it.
    pub account: Option<AccountId>,
}

/// A folder of folders and projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub name: FolderName,
    /// As [`Organization::uid`].
    pub uid: RequestId,
    /// Of the same organization as the folder.
    pub parent: ContainerName,
    pub display_name: String,
    pub description: String,
    pub state: State,
    pub create_time: Hlc,
    pub update_time: Hlc,
}

/// What clusters are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub name: ProjectName,
    /// As [`Organization::uid`].
    pub uid: RequestId,
    /// Of the same organization as the project.
    pub parent: ContainerName,
    pub display_name: String,
    pub description: String,
    pub state: State,
    /// Regions that have not yet said that none of the project's clusters is left. Empty unless the state is DELETING.
    pub awaiting: BTreeSet<RegionId>,
    pub create_time: Hlc,
    pub update_time: Hlc,
}

/// Whether a region lets clusters into a project: not into one that is as old as `closed_through`, or older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    pub project: ProjectName,
    /// [`Project::create_time`] of the last project of the name for which the gate was closed.
    pub closed_through: Hlc,
}

/// A cloud account of the pool. It is given to one organization at most, ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub life: AccountLife,
    /// When it came into the pool.
    pub create_time: Hlc,
    /// As [`Organization::update_time`].
    pub update_time: Hlc,
}

/// Where an account stands in its life, which knows no way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountLife {
    /// Nobody's yet.
    Ready,
    /// An organization's.
    Claimed(Owner),
    /// It was the organization's, which is DELETED. It may hold what a customer left there, so nobody else gets it.
    Retired(Owner),
}

/// Whose an account is, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub organization: OrganizationName,
    /// Of that organization: another one may have the name later.
    pub uid: RequestId,
}

impl Owner {
    pub(crate) fn of(organization: &Organization) -> Self {
        Self { organization: organization.name.clone(), uid: organization.uid }
    }
}

impl AccountLife {
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Ready => None,
            Self::Claimed(owner) | Self::Retired(owner) => Some(owner),
        }
    }
}

impl fmt::Display for AccountLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "READY",
            Self::Claimed(_) => "CLAIMED",
            Self::Retired(_) => "RETIRED",
        })
    }
}

/// One published edition of the catalogue: how it spreads over the regions. What is in it is a row of its own, because that is large
/// and this is read often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Such as `2026-11`.
    pub name: String,
    /// Regions in the order in which it reaches them. One that is not named, because it came later, follows the last.
    pub order: Vec<RegionId>,
    /// Between one region and the next; 0: it reaches all of them at once.
    pub soak_seconds: u32,
    pub publish_time: Hlc,
    /// Set when it was halted: no cluster is made of it any more.
    pub halt_time: Option<Hlc>,
}

/// The content of one row.
#[expect(clippy::large_enum_variant, reason = "rows are read one at a time, and stored as bytes")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entity {
    Organization(Organization),
    Folder(Folder),
    Project(Project),
    Cluster(Cluster),
    ClusterStatus(Box<ClusterStatus>),
    Deeds(Deeds),
    /// The addresses of a cluster, among those of its organization.
    Network(Network),
    SharedVpc(SharedVpc),
    MachineRun(MachineRun),
    Gate(Gate),
    Account(Account),
    Quota(Quota),
    Allotment(Allotment),
    /// What is in one edition, as it was published.
    Catalog(Catalog),
    Edition(Edition),
    AccessPolicy(AccessPolicy),
    Binding(Binding),
    Group(Group),
    CustomRole(CustomRole),
    Revoke(Revoke),
    Lift(Lift),
    BreakGlass(BreakGlass),
    IdentityProvider(IdentityProvider),
    ServiceAccount(ServiceAccount),
    ClusterPolicy(ClusterPolicy),
    /// Nothing beyond being there: a set, an entry of a set, a registered region. Its revision is what is read.
    Marker,
}

impl Entity {
    /// The kind, as messages say it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Organization(_) => Organization::KIND,
            Self::Folder(_) => Folder::KIND,
            Self::Project(_) => Project::KIND,
            Self::Cluster(_) => Cluster::KIND,
            Self::ClusterStatus(_) => ClusterStatus::KIND,
            Self::Deeds(_) => Deeds::KIND,
            Self::Network(_) => Network::KIND,
            Self::SharedVpc(_) => SharedVpc::KIND,
            Self::MachineRun(_) => MachineRun::KIND,
            Self::Gate(_) => Gate::KIND,
            Self::Account(_) => Account::KIND,
            Self::Quota(_) => Quota::KIND,
            Self::Allotment(_) => Allotment::KIND,
            Self::Catalog(_) => Catalog::KIND,
            Self::Edition(_) => Edition::KIND,
            Self::AccessPolicy(_) => AccessPolicy::KIND,
            Self::Binding(_) => Binding::KIND,
            Self::Group(_) => Group::KIND,
            Self::CustomRole(_) => CustomRole::KIND,
            Self::Revoke(_) => Revoke::KIND,
            Self::Lift(_) => Lift::KIND,
            Self::BreakGlass(_) => BreakGlass::KIND,
            Self::IdentityProvider(_) => IdentityProvider::KIND,
            Self::ServiceAccount(_) => ServiceAccount::KIND,
            Self::ClusterPolicy(_) => ClusterPolicy::KIND,
            Self::Marker => "marker",
        }
    }
}

/// An entity of one kind, so that reading a row names the kind that it must have.
pub trait Row: Sized + Into<Entity> {
    /// The kind, as messages say it.
    const KIND: &'static str;

    /// The entity as this kind.
    ///
    /// # Errors
    /// The kind that the entity has instead.
    fn from_entity(entity: Entity) -> Result<Self, &'static str>;

    /// Where it stands in its life. What has no such state is ACTIVE while it has a row.
    fn state(&self) -> State;
}

macro_rules! row {
    ($kind:ident, $text:literal, |$row:ident| $state:expr) => {
        impl Row for $kind {
            const KIND: &'static str = $text;

            fn from_entity(entity: Entity) -> Result<Self, &'static str> {
                if let Entity::$kind(row) = entity { Ok(row) } else { Err(entity.kind()) }
            }

            fn state(&self) -> State {
                let $row = self;
                $state
            }
        }

        impl From<$kind> for Entity {
            fn from(row: $kind) -> Self {
                Self::$kind(row)
            }
        }
    };
}

row!(Organization, "organization", |row| row.state);
row!(Folder, "folder", |row| row.state);
row!(Project, "project", |row| row.state);
row!(Cluster, "cluster", |_row| State::Active);
row!(Deeds, "deeds", |_row| State::Active);
row!(Network, "network", |_row| State::Active);
row!(SharedVpc, "shared VPC", |_row| State::Active);
row!(MachineRun, "machine run", |_row| State::Active);
row!(Gate, "gate", |_row| State::Active);
row!(Account, "cloud account", |_row| State::Active);
row!(Quota, "quota", |_row| State::Active);
row!(Allotment, "allotment", |_row| State::Active);
row!(Catalog, "catalogue", |_row| State::Active);
row!(Edition, "edition", |_row| State::Active);
row!(AccessPolicy, "access policy", |_row| State::Active);
row!(Binding, "binding", |_row| State::Active);
row!(Group, "group", |row| row.state);
row!(CustomRole, "role", |row| row.state);
row!(Revoke, "revoke", |_row| State::Active);
row!(Lift, "lift of a revoke", |_row| State::Active);
row!(BreakGlass, "who breaks glass", |_row| State::Active);
row!(IdentityProvider, "identity provider", |row| row.state);
row!(ServiceAccount, "service account", |row| row.state);
row!(ClusterPolicy, "cluster policy", |_row| State::Active);

impl Row for ClusterStatus {
    const KIND: &'static str = "cluster status";

    fn from_entity(entity: Entity) -> Result<Self, &'static str> {
        if let Entity::ClusterStatus(row) = entity { Ok(*row) } else { Err(entity.kind()) }
    }

    fn state(&self) -> State {
        State::Active
    }
}

impl From<ClusterStatus> for Entity {
    fn from(row: ClusterStatus) -> Self {
        Self::ClusterStatus(Box::new(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_another_kind_is_refused_with_the_kind_it_has() {
        assert_eq!(Folder::from_entity(Entity::Marker), Err("marker"));
    }
}
