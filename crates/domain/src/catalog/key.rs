//! The decisions that are made for every cluster: number, name, the values that there are, and what it is.
//!
//! The list is closed: a decision is something that the product does, so a new one comes with code. Which value a
//! cluster type has is data. One number can have several keys, where one decision has several parts. Names are for
//! ever: records, policies and scripts say them.

use std::fmt;

use super::{Shape, Unit};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn count(min: u64, max: u64) -> Shape {
    Shape::Number { unit: Unit::Things, min, max }
}

const fn percent() -> Shape {
    Shape::Number { unit: Unit::Percent, min: 0, max: 100 }
}

const fn time(min: u64, max: u64) -> Shape {
    Shape::Number { unit: Unit::Seconds, min, max }
}

const fn size(min: u64, max: u64) -> Shape {
    Shape::Number { unit: Unit::Gibibytes, min, max }
}

const fn prefix(min: u64, max: u64) -> Shape {
    Shape::Number { unit: Unit::Prefix, min, max }
}

macro_rules! keys {
    ($($variant:ident $number:literal $name:literal $shape:expr, $what:literal;)*) => {
        /// One decision, or one part of one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key {
            $(#[doc = $what] $variant,)*
        }

        impl Key {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Number of the decision, 1 to 64.
            pub fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// Its name, such as `masters.count`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The values that it can have.
            pub fn shape(self) -> Shape {
                match self { $(Self::$variant => $shape,)* }
            }

            /// What is decided, in a few words.
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }
        }
    };
}

keys! {
    MastersCount 1 "masters.count" count(1, 5), "masters";
    MastersZones 2 "masters.zones" count(1, 3), "zones that masters are spread over";
    MastersPlaced 2 "masters.placed-in" Shape::Computed, "the zone of each master";
    MastersFamilies 3 "masters.families" Shape::Words(&["t", "c", "m", "r"]), "families of instance types for masters";
    MastersSize 3 "masters.size" Shape::Steps, "the least that a master has, by machines in the cluster";
    MastersType 3 "masters.instance-type" Shape::Computed, "instance type of masters";
    MastersVolume 4 "masters.volume-type" Shape::Word(&["gp3", "io2"]), "type of a master's volume";
    MastersVolumeSize 4 "masters.volume-size" size(20, 1000), "size of a master's volume";
    MastersVolumeIops 4 "masters.volume-iops" count(3000, 64_000), "I/O operations per second of a master's volume";
    ApiLoadBalancer 5 "api.load-balancer" Shape::Word(&["shared", "dedicated"]), "load balancer of the API endpoint";
    ApiAllowList 6 "api.allow-list" Shape::Ranges, "who may reach the API from outside the network";
    ApiOpen 6 "api.open-to-all" Shape::Word(&["accept", "warn", "refuse"]), "what is said to an allow list with 0.0.0.0/0";
    ApiAudit 7 "api.audit" Shape::Word(&["metadata", "metadata-and-sensitive-requests"]), "what the API server's audit keeps";
    ApiFairness 8 "api.fairness" Shape::Word(&["default", "tuned"]), "priority and fairness of API requests";
    ApiAdmission 9 "api.admission" Shape::Words(&["guard", "image", "quota"]), "admission plugins that nobody can remove";
    ApiAnonymous 10 "api.anonymous" Shape::Flag, "requests without an identity";
    IdentityIssuer 11 "identity.issuer" Shape::Word(&["organization"]), "whose identities are believed";
    ApiAuthorizers 12 "api.authorizers" Shape::Words(&["deny-list", "node", "rbac"]), "who is asked whether a request may be done, in order";
    TokenLife 13 "service-accounts.token-life" time(10 * MINUTE, DAY), "life of a service account's token";
    FeatureGates 14 "api.feature-gates" Shape::Words(&[]), "features switched on that Kubernetes has off";
    EtcdMembers 15 "etcd.members" Shape::Computed, "members of etcd";
    EtcdVolume 16 "etcd.dedicated-volume" Shape::Flag, "a volume for etcd alone";
    EtcdSnapshotEvery 17 "etcd.snapshot-every" time(5 * MINUTE, DAY), "time between snapshots of etcd";
    EtcdSnapshotKept 17 "etcd.snapshots-kept" time(DAY, 90 * DAY), "how long snapshots of etcd are kept";
    EtcdDefragEvery 18 "etcd.defragment-every" time(HOUR, 30 * DAY), "time between defragmentations, one member at a time";
    EtcdQuota 18 "etcd.quota" size(2, 8), "size at which etcd refuses writes";
    SecretsKey 19 "secrets.key" Shape::Word(&["organization", "cluster"]), "whose key encrypts secrets at rest";
    KeyLife 20 "keys.max-age" time(DAY, 365 * DAY), "age at which keys are rotated";
    CertificateLife 20 "certificates.max-age" time(DAY, 365 * DAY), "age at which certificates are renewed";
    WorkersInitial 21 "workers.initial" count(0, 100), "workers at the beginning";
    WorkersMin 22 "workers.min" count(0, 500), "fewest workers";
    WorkersMax 22 "workers.max" count(1, 1000), "most workers";
    WorkersFamilies 23 "workers.families" Shape::Words(&["t", "c", "m", "r"]), "families of instance types for workers";
    WorkersCurrent 23 "workers.current-generation" Shape::Flag, "current generation of instance types only";
    WorkersSize 23 "workers.size" Shape::Machine, "the least that a first worker has";
    WorkersType 23 "workers.instance-type" Shape::Computed, "instance type of the first workers";
    WorkersPlaced 23 "workers.placed-in" Shape::Computed, "zones of the workers";
    WorkersArchitecture 24 "workers.architecture" Shape::Word(&["cheapest", "by-images", "x86-64", "arm64"]), "how the workers' architecture is chosen";
    WorkersSpot 25 "workers.spot-share" percent(), "largest share of spot machines";
    WorkersPacking 26 "workers.packing" Shape::Word(&["cost", "cost-with-zone-spread"]), "what pods are packed for";
    WorkersConsolidation 27 "workers.consolidation" Shape::Word(&["when-empty-or-underused", "balanced"]), "when workers are merged";
    WorkersBudget 28 "workers.disruption-budget" percent(), "workers disturbed at the same time";
    WorkersQuietHours 28 "workers.quiet-hours" Shape::Word(&["none", "business-hours"]), "hours in which no worker is disturbed by choice; business hours: Monday to Friday, 08:00 to 18:00 UTC";
    MachineLife 29 "machines.max-age" time(DAY, 90 * DAY), "age at which a machine is replaced";
    DrainGrace 30 "workers.drain-grace" time(MINUTE, HOUR), "how long a drain waits for pods";
    DrainForce 30 "workers.drain-force-after" time(MINUTE, DAY), "when a drain goes on without them";
    RepairAfter 31 "machines.repair-after" time(MINUTE, HOUR), "how long a machine may be not ready";
    RepairStop 32 "machines.repair-stop-above" percent(), "share of unhealthy machines above which repair stops";
    ImageOs 33 "image.os" Shape::Word(&["minimal-read-only-root"]), "operating system of machines";
    ImageMasters 33 "image.masters" Shape::Computed, "image of masters";
    ImageWorkers 33 "image.workers" Shape::Computed, "image of the first workers";
    ImageLife 34 "image.max-age" time(DAY, 30 * DAY), "age at which an image is replaced by a newer one";
    ImageCritical 34 "image.critical-within" time(HOUR, 30 * DAY), "time to a fix of a critical weakness";
    PodsMetadata 35 "pods.instance-metadata" Shape::Word(&["blocked"]), "the machine's metadata service, from pods";
    KubeletHardening 36 "kubelet.hardening" Shape::Word(&["cis"]), "hardening of the kubelet";
    KubeletReserved 37 "kubelet.reserved" Shape::Word(&["standard"]), "what the system keeps of a machine";
    KubeletPods 38 "kubelet.max-pods" count(30, 250), "most pods on a machine";
    NetworkTenancy 39 "network.vpc" Shape::Word(&["shared", "dedicated"]), "whose VPC it is";
    NetworkVpc 39 "network.vpc-cidr" Shape::Computed, "addresses of the VPC";
    NetworkSubnets 40 "network.subnets" Shape::Computed, "subnets by zone";
    ClusterPrefix 41 "network.cluster-prefix" prefix(16, 24), "size of the cluster's addresses";
    ClusterCidr 41 "network.cluster-cidr" Shape::Computed, "addresses of machines and load balancers";
    PodPrefix 42 "network.pod-prefix" prefix(12, 22), "size of the pods' addresses";
    PodCidr 42 "network.pod-cidr" Shape::Computed, "addresses of pods";
    PodBlock 42 "network.pods-per-machine" Shape::Computed, "addresses of one machine's pods";
    ServicePrefix 43 "network.service-prefix" prefix(12, 24), "size of the services' addresses";
    ServiceCidr 43 "network.service-cidr" Shape::Computed, "addresses of services";
    NetworkPlugin 44 "network.plugin" Shape::Word(&["overlay"]), "how pods reach each other";
    NetworkMtu 44 "network.mtu" count(1280, 9001), "largest packet of a machine's link";
    NetworkPolicy 45 "network.default-policy" Shape::Word(&["allow-in-namespace", "deny-across-namespaces"]), "what pods may reach unless told otherwise";
    NetworkNat 46 "network.nat" Shape::Word(&["one", "one-per-zone"]), "gateways for traffic out";
    NetworkNatPlaced 46 "network.nat-placed-in" Shape::Computed, "zones of the gateways";
    DnsReplicas 47 "dns.replicas" count(1, 10), "fewest replicas of the cluster's DNS";
    Ingress 48 "ingress.controller" Shape::Word(&["shared", "dedicated"]), "ingress controller and wildcard name";
    NodeEncryption 49 "network.node-encryption" Shape::Flag, "encryption between machines";
    SecurityGroups 50 "network.security-groups" Shape::Word(&["managed"]), "who keeps the security groups";
    StorageClass 51 "storage.class" Shape::Word(&["gp3"]), "default storage class";
    StorageEncrypted 51 "storage.encrypted" Shape::Flag, "encryption of volumes";
    StorageReclaim 51 "storage.reclaim" Shape::Word(&["delete", "retain"]), "what becomes of a volume without a claim";
    StorageBinding 52 "storage.binding" Shape::Word(&["wait-for-first-consumer"]), "when a volume gets its zone";
    SnapshotClass 53 "storage.snapshot-class" Shape::Flag, "snapshots of volumes";
    PodsSecurity 54 "pods.security" Shape::Word(&["baseline", "restricted"]), "pod security level";
    PodsPrivileged 55 "pods.privileged" Shape::Flag, "privileged pods";
    PodsImages 56 "pods.images" Shape::Word(&["any", "digest-or-allowed-registry"]), "which images pods may run";
    NamespaceQuota 57 "namespaces.quota" Shape::Word(&["small", "by-policy"]), "quota and limit range of a new namespace";
    TelemetryKept 58 "telemetry.kept" time(DAY, 400 * DAY), "how long metrics and logs are kept";
    BackupEvery 59 "backup.every" time(0, 7 * DAY), "time between backups; 0s is never";
    BackupKept 59 "backup.kept" time(0, 400 * DAY), "how long backups are kept";
    VersionChannel 60 "version.channel" Shape::Word(&["rapid", "regular", "stable"]), "channel of Kubernetes versions";
    VersionKubernetes 60 "version.kubernetes" Shape::Computed, "Kubernetes version";
    Maintenance 61 "maintenance.window" Shape::Window, "when maintenance may be done";
    DeleteProtection 62 "protection.delete" Shape::Flag, "protection from deletion";
    Hibernation 63 "hibernation.schedule" Shape::Word(&["none", "nights-and-weekends-offered"]), "hibernation";
    CostGuard 64 "cost.guard" Shape::Word(&["hard-cap", "alert"]), "what happens at the cost limit";
}

impl Key {
    /// The key of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }

    /// Whether it is worked out from other decisions, by a rule; then no record and no policy gives it.
    pub fn is_computed(self) -> bool {
        self.shape() == Shape::Computed
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
