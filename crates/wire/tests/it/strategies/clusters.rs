//! Rows and commands about clusters and what became of them.

use domain::{
    Basis, Cidr, CloudWait, ClusterOptions, ClusterStatus, Deed, MachineRun, Network, PhaseTimes, Tenancy, VersionWish,
    Wish,
    catalog::{Channel, Day, KubernetesVersion, Window, Zone},
    command::Progress,
    held::*,
    progress::Kept,
};
use ids::{Hlc, Revision};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};

use super::{account_id, cluster_name, hlc, project_name, region, request_id, words};

pub fn cidr() -> impl Strategy<Value = Cidr> {
    (any::<u32>(), 8..=28_u8).prop_map(|(address, prefix)| Cidr::around(address, prefix))
}

pub fn window() -> impl Strategy<Value = Window> {
    let weekly = (select(&Day::ALL[..]), 0..24_u8, 0..60_u8, 1..24_u8);
    prop_oneof![
        Just(Window::Any),
        weekly.prop_map(|((day, _), hour, minute, hours)| Window::Weekly { day, hour, minute, hours }),
    ]
}

fn version() -> impl Strategy<Value = KubernetesVersion> {
    (20..60_u8, 0..30_u8).prop_map(|(minor, patch)| format!("1.{minor}.{patch}").parse().unwrap())
}

pub fn options() -> BoxedStrategy<ClusterOptions> {
    let wish = prop_oneof![
        version().prop_map(VersionWish::Exactly),
        Just(VersionWish::Channel(Channel::Rapid)),
        Just(VersionWish::Channel(Channel::Stable)),
    ];
    let range = || option::of(cidr());
    let rest = (any::<Option<bool>>(), option::of(window()), any::<Option<bool>>());
    (option::of(wish), range(), range(), range(), option::of(vec(cidr(), 0..3)), rest)
        .prop_map(|(version, cluster_cidr, pod_cidr, service_cidr, allow_list, rest)| ClusterOptions {
            version,
            cluster_cidr,
            pod_cidr,
            service_cidr,
            allow_list,
            delete_protection: rest.0,
            maintenance_window: rest.1,
            privileged: rest.2,
        })
        .boxed()
}

pub fn wish() -> impl Strategy<Value = Wish> {
    select(vec![Wish::Run, Wish::Hibernate, Wish::Delete])
}

pub fn network() -> BoxedStrategy<Network> {
    let zones = vec(("[a-z0-9-]{1,9}", "[a-z0-9-]{1,9}").prop_map(|(id, name)| Zone { id, name }), 0..4);
    (cluster_name(), zones, any::<bool>(), [(); 4].map(|()| cidr()), 0..=32_u8)
        .prop_map(|(cluster, zones, shared, [vpc, cluster_cidr, pods, services], pod_block)| Network {
            cluster,
            zones,
            tenancy: if shared { Tenancy::Shared } else { Tenancy::Dedicated },
            vpc,
            cluster_cidr,
            pods,
            pod_block,
            services,
        })
        .boxed()
}

pub fn basis() -> BoxedStrategy<Basis> {
    (account_id(), words(), version(), network(), any::<bool>(), any::<u64>(), any::<[u8; 32]>())
        .prop_map(|(account, edition, version, network, delete_protection, vcpus, decisions)| Basis {
            account,
            edition,
            version,
            network,
            delete_protection,
            vcpus,
            decisions,
        })
        .boxed()
}

fn time() -> impl Strategy<Value = Time> {
    any::<u64>().prop_map(Time)
}

fn cloud_id() -> impl Strategy<Value = CloudId> {
    "[a-z]{1,4}-[0-9a-f]{1,8}".prop_map(|id| CloudId(id.into()))
}

fn role() -> impl Strategy<Value = Role> {
    select(vec![Role::Master, Role::Worker])
}

fn slot() -> impl Strategy<Value = Slot> {
    (role(), any::<u16>()).prop_map(|(role, number)| Slot { role, number })
}

fn part() -> BoxedStrategy<Part> {
    let zone = || "[a-z0-9-]{1,9}";
    prop_oneof![
        select(vec![Part::Network, Part::Vpc, Part::InternetGateway, Part::TargetGroup, Part::Balancer]),
        (zone(), any::<bool>()).prop_map(|(zone, public)| Part::Subnet { zone, public }),
        (zone(), any::<bool>()).prop_map(|(zone, public)| Part::RouteTable { zone, public }),
        zone().prop_map(|zone| Part::Address { zone }),
        zone().prop_map(|zone| Part::Nat { zone }),
        role().prop_map(Part::SecurityGroup),
        role().prop_map(Part::Template),
        slot().prop_map(Part::Volume),
        slot().prop_map(Part::Machine),
        select(&Credential::ALL[..]).prop_map(Part::Credential),
    ]
    .boxed()
}

fn image() -> impl Strategy<Value = Image> {
    (words(), time()).prop_map(|(id, built)| Image { id, built })
}

fn machine() -> BoxedStrategy<HeldMachine> {
    let maybe = || option::of(time());
    let times = (time(), maybe(), maybe(), maybe(), time(), maybe());
    (slot(), any::<u64>(), any::<u32>(), words(), words(), image(), times)
        .prop_map(|(slot, generation, attempt, instance_type, zone, image, times)| HeldMachine {
            slot,
            generation,
            attempt,
            instance_type,
            zone,
            image,
            launched: times.0,
            started: times.1,
            stopped: times.2,
            joined: times.3,
            changed: times.4,
            ending: times.5,
        })
        .boxed()
}

fn creation() -> BoxedStrategy<Creation> {
    let etcd = option::of(select(vec![Etcd::Form, Etcd::Join, Etcd::Restore]));
    let launch = (words(), words(), image(), etcd).prop_map(|(instance_type, zone, image, etcd)| {
        Creation::Launch(Box::new(Launch { placement: Placement { instance_type, zone }, image, etcd }))
    });
    prop_oneof![Just(Creation::Plain), launch].boxed()
}

fn intent() -> impl Strategy<Value = Intent> {
    (any::<u64>(), any::<u32>(), creation(), time()).prop_map(|(generation, attempt, creation, at)| Intent {
        generation,
        attempt,
        creation,
        at,
    })
}

fn held() -> BoxedStrategy<Held> {
    let has = (cloud_id(), any::<u64>(), time());
    let has = has.prop_map(|(id, generation, changed)| HeldPart { id, generation, changed });
    let refused = (any::<u32>(), time(), words()).prop_map(|(times, last, why)| Refused { times, last, why });
    let parts = btree_map(part(), has, 0..6);
    let failed = (any::<u64>(), any::<u32>(), time(), words()).prop_map(|(generation, times, last, why)| Failed {
        generation,
        times,
        last,
        why,
    });
    let renewed = btree_map(select(&Credential::ALL[..]), time(), 0..3);
    (
        (select(State::ALL), option::of(time()), parts, btree_map(cloud_id(), machine(), 0..4)),
        btree_map(part(), any::<u64>(), 0..6),
        btree_map(part(), intent(), 0..3),
        (btree_map(part(), refused, 0..3), btree_map(part(), failed, 0..3)),
        renewed,
    )
        .prop_map(|((state, made, parts, machines), others, intents, (refused, failed), renewed)| {
            // What is there was tried.
            let mut generations: std::collections::BTreeMap<_, _> =
                parts.iter().map(|(part, has)| (part.clone(), has.generation)).collect();
            generations.extend(others);
            Held { state, made, parts, machines, generations, intents, refused, failed, renewed }
        })
        .boxed()
}

fn how_it_stands() -> BoxedStrategy<Status> {
    let truths = (select(Truth::ALL), words());
    let phases = btree_map(select(CreationPhase::ALL), select(PhaseState::ALL), 1..4);
    (
        select(State::ALL),
        select(Health::ALL),
        btree_map(select(Condition::ALL), truths, 0..4),
        btree_map(select(Constraint::ALL), option::of(words()), 0..3),
        option::of(phases),
    )
        .prop_map(|(state, health, conditions, constraints, phases)| Status {
            state,
            health,
            conditions,
            constraints,
            phases,
        })
        .boxed()
}

pub fn cluster_status() -> BoxedStrategy<ClusterStatus> {
    let maybe = || option::of(hlc());
    let times = (maybe(), maybe()).prop_map(|(began, done)| PhaseTimes { began, done });
    let report = btree_map(select(CreationPhase::ALL), times, 0..5);
    let wait = (hlc(), hlc()).prop_map(|(from, until)| CloudWait { from, until });
    let waits = btree_map(part(), wait, 0..4);
    (request_id(), held(), how_it_stands(), report, waits)
        .prop_map(|(uid, held, status, report, waits)| ClusterStatus { uid, held, status, report, waits })
        .boxed()
}

pub fn deed() -> impl Strategy<Value = Deed> {
    (time(), part(), words(), words()).prop_map(|(at, part, did, cause)| Deed { at, part, did, cause })
}

pub fn machine_run() -> BoxedStrategy<MachineRun> {
    let times = (time(), hlc(), option::of((time(), hlc())));
    (cluster_name(), request_id(), cloud_id(), slot(), words(), any::<(u32, u64)>(), times)
        .prop_map(
            |(cluster, uid, machine, slot, instance_type, (vcpus, memory_mib), times): (
                _,
                _,
                _,
                _,
                _,
                _,
                (_, Hlc, _),
            )| {
                MachineRun {
                    cluster,
                    uid,
                    machine,
                    slot,
                    instance_type,
                    vcpus,
                    memory_mib,
                    started: times.0,
                    started_recorded: times.1,
                    stopped: times.2,
                }
            },
        )
        .boxed()
}

pub fn progress() -> BoxedStrategy<Progress> {
    let kept = prop_oneof![
        cluster_name().prop_map(Kept::Cluster),
        (project_name(), region(), cidr()).prop_map(|(project, location, vpc)| Kept::SharedVpc {
            project,
            location,
            vpc
        }),
    ];
    let kind = prop_oneof![
        time().prop_map(Edge::Started),
        time().prop_map(Edge::Joined),
        time().prop_map(Edge::Stopped),
        time().prop_map(Edge::Ended),
    ];
    let edge = (cloud_id(), slot(), words(), kind).prop_map(|(machine, slot, instance_type, edge)| MachineEdge {
        machine,
        slot,
        instance_type,
        edge,
    });
    let turn = proptest::option::of(1..=u64::MAX);
    let waited = (turn, any::<u64>()).prop_map(|(turn, last)| domain::Waited { turn, last });
    let waited = btree_map(part(), waited, 0..3);
    (kept, request_id(), any::<u64>(), held(), how_it_stands(), vec(deed(), 0..3), vec(edge, 0..3), waited)
        .prop_map(|(of, uid, seen, held, status, deeds, edges, waited)| Progress {
            of,
            uid,
            seen: Revision(seen),
            held,
            status,
            deeds,
            edges,
            waited,
        })
        .boxed()
}
