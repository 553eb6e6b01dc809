//! Decisions that are made, kept and shown, and have no effect yet: which part of the product each of them waits for.
//!
//! Everything else changes what is made in the cloud, or when it is replaced: `tests/it/effects.rs` walks over all decisions and
//! finds each in one of the two.

use std::fmt;

use domain::catalog::{Key, Value};

/// A part of the product that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaited {
    /// What is configured and made inside the cluster: Kubernetes, etcd, their objects.
    Inside,
    /// The number and kinds of workers by the pods that there are.
    Sizing,
    /// Load balancers and ingress that several clusters use.
    Sharing,
    /// Issuers, certificates and keys.
    Identities,
    Backups,
    Telemetry,
    /// Hibernation by the clock.
    Schedules,
    CostLimits,
}

impl Awaited {
    /// What this decision waits for; none where it has its effect.
    pub fn by(key: Key, value: &Value) -> Option<Self> {
        use Key::*;
        let awaited = match key {
            ApiAudit | ApiFairness | ApiAdmission | ApiAnonymous | ApiAuthorizers | TokenLife | FeatureGates
            | EtcdSnapshotEvery | EtcdSnapshotKept | EtcdDefragEvery | EtcdQuota | DrainGrace | DrainForce
            | PodsMetadata | KubeletHardening | KubeletReserved | KubeletPods | PodPrefix | PodCidr | PodBlock
            | ServicePrefix | ServiceCidr | NetworkPlugin | NetworkMtu | NetworkPolicy | DnsReplicas
            | NodeEncryption | StorageClass | StorageReclaim | StorageBinding | SnapshotClass | PodsSecurity
            | PodsPrivileged | PodsImages | NamespaceQuota => Self::Inside,
            WorkersMax | WorkersSpot | WorkersPacking | WorkersConsolidation => Self::Sizing,
            ApiLoadBalancer | Ingress => Self::Sharing,
            IdentityIssuer | SecretsKey | KeyLife | CertificateLife => Self::Identities,
            BackupEvery | BackupKept => Self::Backups,
            TelemetryKept => Self::Telemetry,
            Hibernation => Self::Schedules,
            CostGuard => Self::CostLimits,
            _ => return None,
        };
        // What is decided against is not there, which is all that it asks for.
        let without = match key {
            ApiLoadBalancer => *value == Value::Word("dedicated".to_owned()),
            Hibernation => *value == Value::Word("none".to_owned()),
            WorkersSpot | BackupEvery | BackupKept => value.number() == Some(0),
            _ => false,
        };
        (!without).then_some(awaited)
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inside => "what is configured inside the cluster",
            Self::Sizing => "sizing by pods",
            Self::Sharing => "load balancers that clusters share",
            Self::Identities => "identities",
            Self::Backups => "backups",
            Self::Telemetry => "the telemetry of clusters",
            Self::Schedules => "schedules",
            Self::CostLimits => "cost limits",
        })
    }
}
