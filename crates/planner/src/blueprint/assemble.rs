//! From choices, and what rules worked out on the way, to the blueprint: no decision is made here.

use domain::catalog::{Key, KubernetesVersion, Value, Window, Zone};

use super::{
    Ages, Api, Backup, Blueprint, Disruption, Etcd, Masters, NetworkPlan, Placed, Repair, Security, Volume, Warning,
    Workers,
};
use crate::{Candidate, Need, Network, Subnet, draft::Draft};

/// What rules worked out, beyond the values of choices.
pub(crate) struct Worked {
    pub version: KubernetesVersion,
    pub masters: WorkedMachines,
    pub workers: WorkedMachines,
    pub network: WorkedNetwork,
    pub warnings: Vec<Warning>,
}

pub(crate) struct WorkedMachines {
    pub need: Need,
    pub chosen: Candidate,
    /// Each once.
    pub zones: Vec<Zone>,
    pub image: String,
}

pub(crate) struct WorkedNetwork {
    pub network: Network,
    pub subnets: Vec<Subnet>,
    pub nat: Vec<Zone>,
}

impl Blueprint {
    pub(crate) fn of(draft: Draft<'_>, worked: Worked) -> Self {
        let (request, catalog) = (draft.request, draft.inputs.catalog);
        Self {
            cluster: request.name.clone(),
            cluster_type: request.cluster_type.clone(),
            edition: catalog.edition.clone(),
            version: worked.version,
            masters: masters(&draft, worked.masters),
            etcd: etcd(&draft),
            workers: workers(&draft, worked.workers),
            network: network(&draft, worked.network),
            api: Api {
                dedicated_load_balancer: draft.is(Key::ApiLoadBalancer, "dedicated"),
                allow_list: draft.ranges(Key::ApiAllowList),
            },
            security: security(&draft),
            ages: ages(&draft),
            repair: Repair { after: draft.number(Key::RepairAfter), stop_above: draft.number(Key::RepairStop) },
            disruption: disruption(&draft),
            backup: backup(&draft),
            maintenance: draft.window(Key::Maintenance),
            hibernation_offered: !draft.is(Key::Hibernation, "none"),
            delete_protection: draft.flag(Key::DeleteProtection),
            warnings: worked.warnings,
            choices: draft.into_choices(),
        }
    }
}

fn placed(machines: WorkedMachines) -> Placed {
    let WorkedMachines { need, chosen, zones: _, image } = machines;
    Placed { instance_type: chosen.name, image, need }
}

fn masters(draft: &Draft<'_>, worked: WorkedMachines) -> Masters {
    let count = usize::try_from(draft.number(Key::MastersCount)).unwrap_or(usize::MAX);
    Masters {
        zones: worked.zones.iter().cycle().take(count).cloned().collect(),
        machines: placed(worked),
        volume: Volume {
            kind: draft.word(Key::MastersVolume),
            size: draft.number(Key::MastersVolumeSize),
            iops: draft.number(Key::MastersVolumeIops),
        },
    }
}

fn etcd(draft: &Draft<'_>) -> Etcd {
    Etcd {
        dedicated_volume: draft.flag(Key::EtcdVolume),
        snapshot_every: draft.number(Key::EtcdSnapshotEvery),
        snapshots_kept: draft.number(Key::EtcdSnapshotKept),
        defragment_every: draft.number(Key::EtcdDefragEvery),
        quota: draft.number(Key::EtcdQuota),
    }
}

fn workers(draft: &Draft<'_>, worked: WorkedMachines) -> Workers {
    Workers {
        zones: worked.zones.clone(),
        machines: placed(worked),
        initial: draft.number(Key::WorkersInitial),
        min: draft.number(Key::WorkersMin),
        max: draft.number(Key::WorkersMax),
        spot_share: draft.number(Key::WorkersSpot),
    }
}

fn network(draft: &Draft<'_>, worked: WorkedNetwork) -> NetworkPlan {
    let WorkedNetwork { network: addresses, subnets, nat } = worked;
    NetworkPlan { addresses, subnets, nat, mtu: draft.number(Key::NetworkMtu) }
}

fn security(draft: &Draft<'_>) -> Security {
    Security {
        privileged_pods: draft.flag(Key::PodsPrivileged),
        own_key: draft.is(Key::SecretsKey, "cluster"),
        encrypted_volumes: draft.flag(Key::StorageEncrypted),
        encryption_between_machines: draft.flag(Key::NodeEncryption),
    }
}

fn ages(draft: &Draft<'_>) -> Ages {
    Ages {
        image: draft.number(Key::ImageLife),
        image_critical: draft.number(Key::ImageCritical),
        keys: draft.number(Key::KeyLife),
        certificates: draft.number(Key::CertificateLife),
        machines: draft.number(Key::MachineLife),
    }
}

fn disruption(draft: &Draft<'_>) -> Disruption {
    Disruption {
        budget: draft.number(Key::WorkersBudget),
        quiet_hours: draft.is(Key::WorkersQuietHours, "business-hours"),
        drain_grace: draft.number(Key::DrainGrace),
        drain_force_after: draft.number(Key::DrainForce),
    }
}

fn backup(draft: &Draft<'_>) -> Option<Backup> {
    let (every, kept) = (draft.number(Key::BackupEvery), draft.number(Key::BackupKept));
    (every > 0).then_some(Backup { every, kept })
}

impl Draft<'_> {
    fn word(&self, key: Key) -> String {
        match self.value(key) {
            Some(Value::Word(word)) => word.clone(),
            _ => String::new(),
        }
    }

    fn window(&self, key: Key) -> Window {
        match self.value(key) {
            Some(Value::Window(window)) => *window,
            _ => Window::Any,
        }
    }
}
