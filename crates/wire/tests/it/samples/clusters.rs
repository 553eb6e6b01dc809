//! Rows and commands about clusters and what became of them.

use domain::{
    Basis, CloudWait, ClusterOptions, ClusterStatus, Deed, MachineRun, Network, PhaseTimes, SharedVpc, Tenancy,
    VersionWish, Waited,
    catalog::{Channel, Day, Window, Zone},
    command::Progress,
    held::*,
    progress::Kept,
};
use ids::Revision;

use super::{ACCOUNT, CLUSTER, PROJECT, hlc, id, text};

pub fn options() -> ClusterOptions {
    ClusterOptions {
        version: Some(VersionWish::Channel(Channel::Stable)),
        cluster_cidr: Some(text("10.1.0.0/16")),
        pod_cidr: Some(text("10.2.0.0/16")),
        service_cidr: Some(text("10.3.0.0/20")),
        allow_list: Some(vec![text("203.0.113.0/24")]),
        delete_protection: Some(true),
        maintenance_window: Some(Window::Weekly { day: Day::Sunday, hour: 3, minute: 30, hours: 4 }),
        privileged: Some(true),
    }
}

pub fn network() -> Network {
    Network {
        cluster: text(CLUSTER),
        zones: vec![Zone { id: "use1-az1".into(), name: "us-east-1b".into() }],
        tenancy: Tenancy::Shared,
        vpc: text("10.1.0.0/16"),
        cluster_cidr: text("10.1.16.0/20"),
        pods: text("10.2.0.0/16"),
        pod_block: 24,
        services: text("10.3.0.0/20"),
    }
}

pub fn basis() -> Basis {
    Basis {
        account: text(ACCOUNT),
        edition: "2026-11".into(),
        version: text("1.36.1"),
        network: network(),
        delete_protection: true,
        vcpus: 24,
        decisions: std::array::from_fn(|at| at as u8),
    }
}

pub fn shared_vpc() -> SharedVpc {
    SharedVpc { project: text(PROJECT), vpc: text("10.1.0.0/16"), uid: id(0x41), account: text(ACCOUNT) }
}

pub fn deed() -> Deed {
    Deed {
        at: Time(1_767_225_600),
        part: text("machine master-2"),
        did: "terminate i-1".into(),
        cause: "impaired for 5m".into(),
    }
}

pub fn machine_run() -> MachineRun {
    MachineRun {
        cluster: text(CLUSTER),
        uid: id(0x40),
        machine: "i-0123456789abcdef0".into(),
        slot: text("worker-3"),
        instance_type: "m7g.large".into(),
        vcpus: 2,
        memory_mib: 8192,
        started: Time(1_767_225_600),
        started_recorded: hlc(10, 1),
        stopped: Some((Time(1_767_229_200), hlc(20, 2))),
    }
}

fn image() -> Image {
    Image { id: "ami-1".into(), built: Time(1_767_000_000) }
}

fn machine() -> HeldMachine {
    HeldMachine {
        slot: text("master-2"),
        generation: 3,
        attempt: 2,
        instance_type: "m7g.large".into(),
        zone: "use1-az1".into(),
        image: image(),
        launched: Time(1),
        started: Some(Time(2)),
        stopped: Some(Time(3)),
        joined: Some(Time(4)),
        changed: Time(5),
        ending: Some(Time(6)),
    }
}

fn held() -> Held {
    let placement = Placement { instance_type: "c7g.large".into(), zone: "use1-az2".into() };
    let launch = Launch { placement, image: image(), etcd: Some(Etcd::Restore) };
    let (vpc, group, slot): (Part, Part, Part) = (text("vpc"), text("security-group master"), text("machine master-1"));
    Held {
        state: State::Repairing,
        made: Some(Time(7)),
        parts: [
            (vpc.clone(), HeldPart { id: "vpc-1".into(), generation: 1, changed: Time(8) }),
            (group.clone(), HeldPart { id: "sg-1".into(), generation: 1, changed: Time(9) }),
        ]
        .into(),
        machines: [("i-2".into(), machine())].into(),
        generations: [(vpc, 1), (group, 2), (slot.clone(), 4)].into(),
        intents: [(
            slot,
            Intent { generation: 4, attempt: 1, creation: Creation::Launch(Box::new(launch)), at: Time(10) },
        )]
        .into(),
        refused: [(
            text("machine worker-1"),
            Refused { times: 2, last: Time(11), why: "InsufficientInstanceCapacity".into() },
        )]
        .into(),
        failed: [(
            text("nat use1-az1"),
            Failed { generation: 5, times: 3, last: Time(13), why: "InternalError".into() },
        )]
        .into(),
        renewed: [(Credential::Keys, Time(12))].into(),
    }
}

pub fn how_it_stands() -> Status {
    Status {
        state: State::Repairing,
        health: Health::Warning,
        conditions: [(Condition::EtcdQuorum, (Truth::True, "2 of 3 healthy, 2 needed".into()))].into(),
        constraints: [(Constraint::DeletionPossible, Some("it is protected from deletion".into()))].into(),
        phases: Some([(CreationPhase::Masters, PhaseState::UnderWay)].into()),
    }
}

pub fn status() -> ClusterStatus {
    let times = PhaseTimes { began: Some(hlc(1, 0)), done: Some(hlc(2, 0)) };
    let report = [(CreationPhase::Network, times)].into();
    let wait = CloudWait { from: hlc(1, 0), until: hlc(2, 0) };
    let waits = [(text("nat use1-az1"), wait)].into();
    ClusterStatus { uid: id(0x40), held: held(), status: how_it_stands(), report, waits }
}

pub fn progress() -> Progress {
    let edges = [Edge::Started(Time(1)), Edge::Joined(Time(2)), Edge::Stopped(Time(3)), Edge::Ended(Time(4))];
    let edge =
        |edge| MachineEdge { machine: "i-2".into(), slot: text("master-2"), instance_type: "m7g.large".into(), edge };
    Progress {
        of: Kept::SharedVpc { project: text(PROJECT), location: text("us-east-1"), vpc: text("10.1.0.0/16") },
        uid: id(0x41),
        seen: Revision(17),
        held: held(),
        status: how_it_stands(),
        deeds: vec![deed()],
        edges: edges.map(edge).into(),
        waited: [
            (text("machine master-2"), Waited { turn: None, last: 1_700_000_000_123 }),
            (text("machine worker-1"), Waited { turn: Some(1_700_000_000_100), last: 1_700_000_000_124 }),
        ]
        .into(),
    }
}
