//! How a cluster stands: state, health, conditions, constraints and the phases of its creation.

use std::collections::BTreeMap;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($variant,)* }

        impl $name {
            /// As the API spells it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// Where a cluster is in its life.
    State {
        Pending "PENDING",
        Provisioning "PROVISIONING",
        Running "RUNNING",
        Repairing "REPAIRING",
        Hibernating "HIBERNATING",
        Hibernated "HIBERNATED",
        Waking "WAKING",
        Deleting "DELETING",
        Deleted "DELETED",
    }
}

words! {
    /// How well it is.
    Health {
        Healthy "HEALTHY",
        Warning "WARNING",
        Unhealthy "UNHEALTHY",
        Unknown "UNKNOWN",
    }
}

words! {
    Condition {
        NetworkReady "NetworkReady",
        ApiServerAvailable "ApiServerAvailable",
        EtcdQuorum "EtcdQuorum",
        ControlPlaneHealthy "ControlPlaneHealthy",
        EveryNodeReady "EveryNodeReady",
        SecurityAsDecided "SecurityAsDecided",
        WithinAges "WithinAges",
    }
}

words! {
    Truth {
        True "true",
        False "false",
        Unknown "unknown",
    }
}

words! {
    /// What may be asked of it now.
    Constraint {
        HibernationPossible "HibernationPossible",
        DeletionPossible "DeletionPossible",
    }
}

words! {
    /// Parts of a creation, in order. They overlap.
    CreationPhase {
        Network "network",
        Balancer "balancer",
        Masters "masters",
        Workers "workers",
        Joined "joined",
    }
}

words! {
    PhaseState {
        Waiting "waiting",
        UnderWay "under way",
        Done "done",
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
