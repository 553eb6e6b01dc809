//! How a cluster stands: state, health, conditions, constraints and the phases of its creation.

use std::collections::BTreeMap;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $number:literal $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($variant,)* }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As the API spells it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The stored number, for ever; 0 is none.
            pub fn number(self) -> u32 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The one with a stored number; `None` for a number of a later version.
            pub fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _unknown => None,
                }
            }
        }
    };
}

words! {
    /// Where a cluster is in its life.
    State {
        Pending 1 "PENDING",
        Provisioning 2 "PROVISIONING",
        Running 3 "RUNNING",
        Repairing 4 "REPAIRING",
        Hibernating 5 "HIBERNATING",
        Hibernated 6 "HIBERNATED",
        Waking 7 "WAKING",
        Deleting 8 "DELETING",
        Deleted 9 "DELETED",
    }
}

words! {
    /// How well it is.
    Health {
        Healthy 1 "HEALTHY",
        Warning 2 "WARNING",
        Unhealthy 3 "UNHEALTHY",
        Unknown 4 "UNKNOWN",
    }
}

words! {
    Condition {
        NetworkReady 1 "NetworkReady",
        ApiServerAvailable 2 "ApiServerAvailable",
        EtcdQuorum 3 "EtcdQuorum",
        ControlPlaneHealthy 4 "ControlPlaneHealthy",
        EveryNodeReady 5 "EveryNodeReady",
        SecurityAsDecided 6 "SecurityAsDecided",
        WithinAges 7 "WithinAges",
    }
}

words! {
    Truth {
        True 1 "true",
        False 2 "false",
        Unknown 3 "unknown",
    }
}

words! {
    /// What may be asked of it now.
    Constraint {
        HibernationPossible 1 "HibernationPossible",
        DeletionPossible 2 "DeletionPossible",
    }
}

words! {
    /// Parts of a creation, in order. They overlap.
    CreationPhase {
        Network 1 "network",
        Balancer 2 "balancer",
        Masters 3 "masters",
        Workers 4 "workers",
        Joined 5 "joined",
    }
}

words! {
    PhaseState {
        Waiting 1 "waiting",
        UnderWay 2 "under way",
        Done 3 "done",
    }
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub state: State,
    pub health: Health,
    /// Each with its reason, for people.
    pub conditions: BTreeMap<Condition, (Truth, String)>,
    /// Why not, where it is not possible.
    pub constraints: BTreeMap<Constraint, Option<String>>,
    /// While it is being made.
    pub phases: Option<BTreeMap<CreationPhase, PhaseState>>,
}
