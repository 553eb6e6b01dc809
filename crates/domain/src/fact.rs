//! What is replicated: facts under guards.
//!
//! A fact says in the past tense what happened to one row and carries what the row holds afterwards, so that applying
//! it needs no rule. A guard says which revision a row had when the decision was made; a decision whose guard no longer
//! holds is a conflict and changes nothing. The kind of a fact is for readers (watches, audit, bills); applying does
//! not look at it.

use ids::{Revision, Subject};

use crate::Entity;

macro_rules! fact_kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal,)+) => {
        /// What happened. Numbers are stored: one is never given another meaning, and never used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum FactKind {
            $($(#[$doc])* $kind = $number,)+
        }

        impl FactKind {
            /// Every kind, by rising number.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The stored number.
            pub fn number(self) -> u32 {
                self as u32
            }

            /// The kind with a stored number; `None` for a number of a later version.
            pub fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)+
                    // Numbers are an open set: the rest belongs to versions that are not written yet.
                    _unknown => None,
                }
            }
        }
    };
}

fact_kinds! {
    OrganizationCreated = 1,
    OrganizationUpdated = 2,
    OrganizationDeleted = 3,
    FolderCreated = 10,
    FolderUpdated = 11,
    FolderMoved = 12,
    FolderDeleted = 13,
    ProjectCreated = 20,
    ProjectUpdated = 21,
    ProjectMoved = 22,
    /// ACTIVE to DELETING; the row says which regions are awaited.
    ProjectDeletionStarted = 23,
    /// One region said that nothing of the project is left in it; others are still awaited.
    ProjectRegionDrained = 24,
    /// The last awaited region left, or there was none.
    ProjectDeleted = 25,
    ClusterCreated = 30,
    ClusterUpdated = 31,
    /// The row is gone.
    ClusterDeleted = 32,
    /// What became of the cluster, as its row of status says it.
    ClusterProgressed = 33,
    /// Something was done that nobody asked for by making the cluster.
    DeedsNoted = 34,
    ClusterDeletionWished = 35,
    ClusterUndeleted = 36,
    ClusterHibernationWished = 37,
    ClusterWakingWished = 38,
    /// The membership of a set changed; the fact only raises the set's revision.
    SetChanged = 40,
    EntryAdded = 41,
    /// The row is gone.
    EntryRemoved = 42,
    /// The cluster has the addresses that the row says.
    AddressesTaken = 43,
    /// The row is gone: others may have the addresses.
    AddressesReleased = 44,
    /// A cluster is in it that was not, or is no more.
    SharedVpcUsed = 45,
    SharedVpcProgressed = 46,
    /// The rows are gone.
    SharedVpcGone = 47,
    RegionRegistered = 50,
    /// No cluster of the project comes into the region any more.
    GateClosed = 60,
    /// The account is READY.
    AccountAdded = 70,
    /// READY to CLAIMED; the row says by whom.
    AccountClaimed = 71,
    /// CLAIMED to RETIRED: its organization is gone, and nobody else is ever given it.
    AccountRetired = 72,
    /// What is in the edition; never changed.
    CatalogPublished = 80,
    /// The row says which region it reaches when.
    EditionPublished = 81,
    /// No cluster is made of it any more.
    EditionHalted = 82,
    MachineStarted = 90,
    MachineStopped = 91,
    /// What regions are to hold for an organization.
    QuotaSet = 92,
    /// A region lowered what it lets in; others may have grown by it.
    QuotaAcknowledged = 93,
    /// The organization is gone, and its quota with it.
    QuotaRemoved = 94,
    /// What a region lets in is what the global log says now.
    QuotaMirrored = 95,
    /// Clusters of the organization in the region need more or less than before.
    AllotmentChanged = 96,
    /// Who may do what on a node; the facts beside it say what.
    PolicyChanged = 100,
    RoleBound = 101,
    /// The row is gone.
    RoleUnbound = 102,
    GroupCreated = 103,
    GroupUpdated = 104,
    GroupDeleted = 105,
    RoleCreated = 106,
    RoleUpdated = 107,
    RoleDeleted = 108,
    /// Everything was taken from a member, on a node or everywhere.
    RevokeIssued = 109,
    RevokeLifted = 110,
    /// Somebody breaks glass from now on, or nobody.
    BreakGlassNamed = 111,
    IdentityProviderCreated = 112,
    IdentityProviderUpdated = 113,
    IdentityProviderDeleted = 114,
    ServiceAccountCreated = 115,
    ServiceAccountUpdated = 116,
    ServiceAccountDeleted = 117,
    ServiceAccountKeyAdded = 118,
    ServiceAccountKeyRemoved = 119,
    /// What an organization says about decisions, at one node.
    ClusterPolicySet = 120,
}

/// One thing that happened to one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub kind: FactKind,
    pub subject: Subject,
    /// What the row holds afterwards; `None` when the row is gone.
    pub after: Option<Entity>,
}

/// The revision that a row had when the decision was made, and must still have when it is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    pub subject: Subject,
    /// [`Revision::ABSENT`] when there must be no row.
    pub revision: Revision,
}

/// What to replicate for one accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// By rising subject, each subject once; at most [`ids::limits::GUARDS_MAX`].
    pub guards: Vec<Guard>,
    /// In the order in which the decision wrote them, which is a function of the command and the rows alone: the
    /// changed resource first, then its sets. Each subject once; at most [`ids::limits::FACTS_MAX`].
    pub facts: Vec<Fact>,
    /// What the command was about.
    pub subject: Subject,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_are_these_for_ever() {
        let numbers: Vec<u32> = FactKind::ALL.iter().map(|kind| kind.number()).collect();
        assert_eq!(
            numbers,
            [
                1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 30, 31, 32, 33, 34, 35, 36, 37, 38, 40, 41, 42, 43,
                44, 45, 46, 47, 50, 60, 70, 71, 72, 80, 81, 82, 90, 91, 92, 93, 94, 95, 96, 100, 101, 102, 103, 104,
                105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120
            ]
        );
        for kind in FactKind::ALL {
            assert_eq!(FactKind::from_number(kind.number()), Some(*kind));
        }
        assert_eq!(FactKind::from_number(0), None);
        assert_eq!(FactKind::from_number(4), None);
    }
}
