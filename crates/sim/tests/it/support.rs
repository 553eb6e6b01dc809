//! What scenarios share: plans without faults, how a script is played and judged, and the commands that scripts give.

use std::time::Duration;

use domain::{ClusterOptions, ClusterType, Command, command as c};
use ids::{ClusterName, ContainerName, Subject};
use ledger::Retention;
use sim::{
    checks,
    client::organization,
    net::Weather,
    on_virtual_time,
    plan::{Bug, Plan, ms},
    seeds::Seeds,
};

pub use crate::ring::Ring;

/// Three regions without a fault.
pub fn calm(nodes: usize) -> Plan {
    let names = ["us-east-1", "us-west-2", "eu-west-1"];
    Plan {
        seeds: Seeds(1),
        nodes,
        regions: names.iter().map(|name| name.parse().unwrap()).collect(),
        faults: [].into(),
        isolated: None,
        weather: Weather { loss: 0, damage: 0, late: 0, jitter_ms: 3 },
        flush: (ms(1), ms(4)),
        retention: Retention { snapshot_every: 1_000, log_bytes: u64::MAX, entries_kept: 500, records_kept: 100_000 },
        timing: ledger::Timing::default(),
        snapshot_chunk_bytes: 2048,
        clients_per_region: 2,
        think_ms: 40,
        safety: Duration::from_secs(10),
        bug: Bug::None,
    }
}

/// As [`calm`], with snapshots every few entries and little kept behind them.
pub fn forgetful(nodes: usize) -> Plan {
    let retention = Retention { snapshot_every: 10, log_bytes: u64::MAX, entries_kept: 3, records_kept: 8 };
    Plan { retention, ..calm(nodes) }
}

/// Plays a script, brings the ring to rest, and holds it to every rule.
pub fn play(plan: Plan, script: impl AsyncFnOnce(&Ring)) {
    let played = on_virtual_time(async {
        let ring = Ring::formed(plan).await;
        script(&ring).await;
        ring.rest().await;
        ring.judge()
    });
    let violations = played.unwrap();
    assert!(violations.is_empty(), "{violations:#?}");
}

/// Plays a script on a ring that has a known bug, and tells which rules it broke.
pub fn play_broken(plan: Plan, script: impl AsyncFnOnce(&Ring)) -> Vec<&'static str> {
    let played = on_virtual_time(async {
        let ring = Ring::formed(plan).await;
        script(&ring).await;
        checks::scan_durability(&ring.world);
        ring.world.trace.finish().0
    });
    played.unwrap().iter().map(|violation| violation.invariant).collect()
}

pub fn create(name: &ClusterName) -> Command {
    let (display_name, description) = (String::new(), String::new());
    c::CreateCluster {
        name: name.clone(),
        display_name,
        description,
        cluster_type: ClusterType::DEVELOPMENT,
        options: ClusterOptions::default(),
    }
    .into()
}

pub fn describe(name: &ClusterName, text: &str) -> Command {
    c::UpdateCluster {
        name: name.clone(),
        display_name: None,
        description: Some(text.to_owned()),
        allow_list: None,
        delete_protection: None,
        maintenance_window: None,
        etag: None,
    }
    .into()
}

pub fn delete(name: &ClusterName) -> Command {
    c::DeleteCluster { name: name.clone(), retain_ms: 0, etag: None }.into()
}

/// A command for the global log.
pub fn folder(label: &str) -> Command {
    let organization = organization().unwrap();
    let name = organization.folder(label.parse().unwrap());
    let parent = ContainerName::Organization(organization);
    c::CreateFolder { name, parent, display_name: String::new(), description: String::new() }.into()
}

pub fn subject(name: &ClusterName) -> Subject {
    Subject::resource(&name.clone().into())
}
