//! Lives of clusters in a region with a cloud: what is settled when they are made, what may be asked of them, what their
//! reconciling may write down.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    Cluster, ClusterOptions, ClusterStatus, ClusterType, Command, Deeds, MachineRun, PhaseTimes, SharedVpc, View,
    Waited, Wish, cluster,
    command::*,
    held::*,
    progress::{self, Kept},
    sets,
};
use ids::{ClusterName, Hlc, Log, Revision, Subject};
use planner::Settler;

use crate::world::{self, *};

/// 2026-11-21, in milliseconds.
const NOW_MS: u64 = 20_778 * 86_400_000;

/// A region that has a cloud, an account for the organization, and a catalogue.
fn with_cloud() -> World {
    let mut world = World { ms: NOW_MS, planner: Some(Arc::new(Settler::new())), ..World::default() };
    let catalog = catalog::first().unwrap();
    let before: [Command; 5] = [
        register("us-east-1"),
        add_account("1"),
        create_organization("a"),
        create_project("a/p:x", "a"),
        PublishCatalog { catalog, waves: None }.into(),
    ];
    before.iter().for_each(|command| drop(world.run(command).unwrap()));
    world
}

fn named(label: &str) -> ClusterName {
    world::cluster("a/p:x", "us-east-1", label)
}

fn create(label: &str, cluster_type: ClusterType, options: ClusterOptions) -> Command {
    let (display_name, description) = (label.to_owned(), String::new());
    CreateCluster { name: named(label), display_name, description, cluster_type, options }.into()
}

fn plain(label: &str, cluster_type: ClusterType) -> Command {
    create(label, cluster_type, ClusterOptions::default())
}

fn unprotected() -> ClusterOptions {
    ClusterOptions { delete_protection: Some(false), ..ClusterOptions::default() }
}

fn region(world: &World) -> crate::memory::Memory {
    world.log(&Log::Region("us-east-1".parse().unwrap()))
}

fn row<T: domain::Row>(world: &World, subject: &Subject) -> Option<T> {
    let rows = region(world);
    (&rows as &dyn View).row::<T>(subject).unwrap().map(|(_, row)| row)
}

fn stands(state: State) -> Status {
    Status {
        state,
        health: Health::Healthy,
        conditions: Default::default(),
        constraints: Default::default(),
        phases: None,
    }
}

fn step(world: &World, label: &str, state: State) -> Progress {
    let name = named(label);
    let seen = region(world).revision(&cluster::status(&name));
    let uid = world.cluster(&name).unwrap().uid;
    let held = Held { state, ..Held::nothing() };
    Progress {
        of: Kept::Cluster(name),
        uid,
        seen,
        held,
        status: stands(state),
        deeds: Vec::new(),
        edges: Vec::new(),
        waited: BTreeMap::new(),
    }
}

fn machine(world: &mut World, label: &str, at: u64, edge: fn(Time) -> Edge) {
    machine_of(world, label, "m7g.large", at, edge);
}

/// One that was launched as `m7g.large`, and is of another type where somebody changed it.
fn machine_of(world: &mut World, label: &str, seen_as: &str, at: u64, edge: fn(Time) -> Edge) {
    let mut step = step(world, label, State::Running);
    let held = HeldMachine {
        slot: "worker-1".parse().unwrap(),
        generation: 1,
        attempt: 1,
        instance_type: "m7g.large".into(),
        zone: "use1-az1".into(),
        image: Image { id: "ami-1".into(), built: Time(0) },
        launched: Time(1),
        started: Some(Time(100)),
        stopped: None,
        joined: None,
        changed: Time(1),
        ending: None,
    };
    step.edges.push(MachineEdge {
        machine: "i-1".into(),
        slot: held.slot,
        instance_type: seen_as.into(),
        edge: edge(Time(at)),
    });
    step.held.machines.insert("i-1".into(), held);
    world.run(&step.into()).unwrap();
}

#[test]
fn everything_is_settled_with_the_creation_and_nothing_is_asked_but_a_type() {
    let mut world = with_cloud();
    world.run(&plain("p", ClusterType::PRODUCTION)).unwrap();
    world.run(&plain("q", ClusterType::PRODUCTION)).unwrap();
    let [p, q] = ["p", "q"].map(|label| world.cluster(&named(label)).unwrap().basis.unwrap());
    assert_eq!((p.account, p.edition.as_str(), p.delete_protection), (account("1"), "2026-11", true));
    assert_eq!(p.network.zones.len(), 3);
    assert!(!p.network.vpc.overlaps(q.network.vpc) && !p.network.pods.overlaps(q.network.pods));
    assert_eq!(region(&world).all_entries(&sets::networks(&organization("a"))).len(), 2);
    let held = row::<domain::Allotment>(&world, &domain::quota::allotment(&organization("a"))).unwrap();
    assert!(p.vcpus >= 3 * 2 && q.vcpus == p.vcpus, "three masters of two, and workers");
    assert_eq!((held.used, held.limit), (p.vcpus + q.vcpus, None));
}

#[test]
fn a_cluster_that_needs_more_than_the_quota_is_refused_and_what_it_needs_is_held_until_nothing_is_left_of_it() {
    let mut world = with_cloud();
    world.run(&create("p", ClusterType::PRODUCTION, unprotected())).unwrap();
    let needed = world.cluster(&named("p")).unwrap().basis.unwrap().vcpus;
    let slices = [("us-east-1".parse().unwrap(), 2 * needed - 1)].into();
    world.run(&SetQuota { organization: organization("a"), slices, etag: None }.into()).unwrap();
    world.run(&MirrorQuota { organization: organization("a"), region: "us-east-1".parse().unwrap() }.into()).unwrap();
    assert_eq!(world.reason(plain("q", ClusterType::PRODUCTION)), "QUOTA_EXCEEDED");
    world.run(&delete_cluster(&named("p"))).unwrap();
    assert_eq!(world.reason(plain("q", ClusterType::PRODUCTION)), "QUOTA_EXCEEDED", "its machines are still there");
    world.run(&step(&world, "p", State::Deleted).into()).unwrap();
    world.run(&plain("q", ClusterType::PRODUCTION)).unwrap();
}

#[test]
fn two_creations_at_once_do_not_get_the_same_addresses() {
    let mut world = with_cloud();
    let late = world.decide(&plain("p", ClusterType::PRODUCTION)).unwrap();
    world.run(&plain("q", ClusterType::PRODUCTION)).unwrap();
    assert!(region(&world).apply(&late).is_err(), "the set of addresses is guarded");
}

#[test]
fn what_cannot_be_is_refused_with_its_reason_and_nothing_is_touched() {
    let world = with_cloud();
    let pods = |range: &str| ClusterOptions { pod_cidr: Some(range.parse().unwrap()), ..ClusterOptions::default() };
    assert_eq!(world.reason(plain("c", "HUGE".parse().unwrap())), "UNKNOWN_CLUSTER_TYPE");
    assert_eq!(world.reason(create("c", ClusterType::PRODUCTION, pods("8.0.0.0/16"))), "CIDR_NOT_PRIVATE");
    assert_eq!(world.reason(create("c", ClusterType::PRODUCTION, pods("10.9.0.0/24"))), "CIDR_TOO_SMALL");
    let mut poor = with_cloud();
    poor.run(&create_organization("b")).unwrap();
    poor.run(&create_project("b/p:y", "b")).unwrap();
    let name = world::cluster("b/p:y", "us-east-1", "c");
    assert_eq!(poor.reason(create_cluster(&name)), "ACCOUNT_POOL_EMPTY");
    let mut bare = World { planner: with_cloud().planner, ms: NOW_MS, ..World::default() };
    for command in [register("us-east-1"), add_account("1"), create_organization("a"), create_project("a/p:x", "a")] {
        bare.run(&command).unwrap();
    }
    assert_eq!(bare.reason(plain("c", ClusterType::DEVELOPMENT)), "CATALOG_MISSING");
}

#[test]
fn development_clusters_of_a_project_share_a_vpc_which_goes_with_the_last() {
    let mut world = with_cloud();
    for label in ["c", "d"] {
        world.run(&plain(label, ClusterType::DEVELOPMENT)).unwrap();
    }
    let vpc = world.cluster(&named("c")).unwrap().basis.unwrap().network.vpc;
    let shared = row::<SharedVpc>(&world, &cluster::shared_vpc(&project("a/p:x"), vpc)).unwrap();
    let users = |world: &World| progress::users(&region(world), &shared).unwrap();
    assert_eq!(users(&world), 2);
    let uids = ["c", "d"].map(|label| world.cluster(&named(label)).unwrap().uid);
    assert!(!uids.contains(&shared.uid), "what is made for a cluster is not the network's");
    let gone = |world: &World| {
        let of = Kept::SharedVpc { project: project("a/p:x"), location: named("c").location, vpc };
        let seen = region(world).revision(&of.status());
        let held = Held::nothing();
        Progress {
            of,
            uid: shared.uid,
            seen,
            held,
            status: stands(State::Deleted),
            deeds: vec![],
            edges: vec![],
            waited: BTreeMap::new(),
        }
    };
    assert_eq!(world.reason(gone(&world)), "NOT_GONE");
    for label in ["c", "d"] {
        world.run(&delete_cluster(&named(label))).unwrap();
        world.run(&step(&world, label, State::Deleted).into()).unwrap();
    }
    assert_eq!(users(&world), 0);
    let late = world.decide(&gone(&world).into()).unwrap();
    world.run(&plain("e", ClusterType::DEVELOPMENT)).unwrap();
    assert!(region(&world).apply(&late).is_err(), "a cluster came into the VPC meanwhile");
}

#[test]
fn a_protected_cluster_is_deleted_only_after_its_protection() {
    let mut world = with_cloud();
    world.run(&plain("p", ClusterType::PRODUCTION)).unwrap();
    assert_eq!(world.reason(delete_cluster(&named("p"))), "DELETE_PROTECTED");
    let lift = UpdateCluster {
        name: named("p"),
        display_name: None,
        description: None,
        allow_list: None,
        delete_protection: Some(false),
        maintenance_window: None,
        etag: None,
    };
    world.run(&lift.into()).unwrap();
    world.run(&delete_cluster(&named("p"))).unwrap();
    assert_eq!(world.cluster(&named("p")).unwrap().wish, Wish::Delete, "the row stays until nothing is left");
}

#[test]
fn a_deletion_that_keeps_everything_for_a_time_can_be_taken_back_until_then() {
    let mut world = with_cloud();
    world.run(&create("p", ClusterType::PRODUCTION, unprotected())).unwrap();
    let undelete = || Command::from(UndeleteCluster { name: named("p"), etag: None });
    assert_eq!(world.reason(undelete()), "NOTHING_TO_UNDELETE");
    let delete = |retain_ms| Command::from(DeleteCluster { name: named("p"), retain_ms, etag: None });
    assert_eq!(world.reason(delete(8 * 86_400_000)), "INVALID_ARGUMENT");
    world.run(&delete(3_600_000)).unwrap();
    let row: Cluster = world.cluster(&named("p")).unwrap();
    let (now, later) = (Hlc::at_unix_ms(NOW_MS + 1), Hlc::at_unix_ms(NOW_MS + 3_700_000));
    assert_eq!((row.wish_at(now), row.wish_at(later)), (Wish::Hibernate, Wish::Delete));
    world.run(&undelete()).unwrap();
    assert_eq!(world.cluster(&named("p")).unwrap().wish_at(later), Wish::Run);
    world.run(&delete(0)).unwrap();
    assert_eq!(world.reason(undelete()), "UNDELETE_TOO_LATE");
}

#[test]
fn only_a_running_cluster_is_put_to_sleep_and_only_a_sleeping_one_is_woken() {
    let mut world = with_cloud();
    world.run(&plain("p", ClusterType::PRODUCTION)).unwrap();
    let hibernate = || Command::from(HibernateCluster { name: named("p"), etag: None });
    let wake = || Command::from(WakeCluster { name: named("p"), etag: None });
    assert_eq!(world.reason(hibernate()), "STATE_FORBIDS");
    assert_eq!(world.reason(wake()), "STATE_FORBIDS");
    world.run(&step(&world, "p", State::Running).into()).unwrap();
    world.run(&hibernate()).unwrap();
    assert_eq!(world.reason(hibernate()), "STATE_FORBIDS");
    world.run(&step(&world, "p", State::Hibernated).into()).unwrap();
    world.run(&wake()).unwrap();
}

#[test]
fn of_two_who_write_down_what_became_of_a_cluster_one_is_refused() {
    let mut world = with_cloud();
    world.run(&plain("p", ClusterType::PRODUCTION)).unwrap();
    let (first, second) = (step(&world, "p", State::Provisioning), step(&world, "p", State::Running));
    world.run(&first.into()).unwrap();
    assert_eq!(world.reason(second), "ETAG_MISMATCH");
    let next = step(&world, "p", State::Running);
    world.run(&next.into()).unwrap();
    assert_eq!(world.reason(step(&world, "p", State::Provisioning)), "NO_SUCH_TRANSITION");
    let other = Progress { uid: ids::RequestId([9; 16]), ..step(&world, "p", State::Running) };
    assert_eq!(world.reason(other), "NOT_FOUND");
}

#[test]
fn a_cluster_is_written_off_only_when_it_is_wished_away_and_nothing_is_left() {
    let mut world = with_cloud();
    world.run(&create("p", ClusterType::PRODUCTION, unprotected())).unwrap();
    world.run(&step(&world, "p", State::Provisioning).into()).unwrap();
    assert_eq!(world.reason(step(&world, "p", State::Deleted)), "NOT_GONE");
    world.run(&delete_cluster(&named("p"))).unwrap();
    let mut left = step(&world, "p", State::Deleted);
    left.held.parts.insert(Part::Vpc, HeldPart { id: "vpc-1".into(), generation: 1, changed: Time(1) });
    assert_eq!(world.reason(left), "NOT_GONE");
    let name = named("p");
    let deed = domain::Deed { at: Time(1), part: Part::Vpc, did: "delete vpc-1".into(), cause: "deletion".into() };
    world.run(&Progress { deeds: vec![deed], ..step(&world, "p", State::Deleting) }.into()).unwrap();
    world.run(&step(&world, "p", State::Deleted).into()).unwrap();
    assert_eq!(world.reason(delete_cluster(&name)), "NOT_FOUND");
    let rows = region(&world);
    assert!(rows.all_entries(&sets::networks(&organization("a"))).is_empty());
    assert_eq!(rows.revision(&cluster::status(&name)), Revision::ABSENT);
    assert!(row::<Deeds>(&world, &cluster::deeds(&name)).is_none());
}

#[test]
fn times_that_machines_ran_are_kept_also_when_the_cluster_is_gone() {
    let mut world = with_cloud();
    world.run(&create("p", ClusterType::PRODUCTION, unprotected())).unwrap();
    machine(&mut world, "p", 100, Edge::Started);
    machine(&mut world, "p", 100, Edge::Started);
    let subject = sets::machine_runs(&organization("a")).entry("x/p/i-1/100");
    let run = row::<MachineRun>(&world, &subject).unwrap();
    assert_eq!((run.vcpus, run.memory_mib, run.started, run.stopped), (2, 8192, Time(100), None));
    machine(&mut world, "p", 160, Edge::Stopped);
    machine(&mut world, "p", 170, Edge::Ended);
    world.run(&delete_cluster(&named("p"))).unwrap();
    world.run(&step(&world, "p", State::Deleted).into()).unwrap();
    let run = row::<MachineRun>(&world, &subject).unwrap();
    assert_eq!(run.stopped.map(|(at, _)| at), Some(Time(160)), "its first end, once");
}

#[test]
fn a_machine_that_was_made_one_of_an_unknown_type_is_counted_as_what_it_was_launched_as() {
    let mut world = with_cloud();
    world.run(&create("p", ClusterType::PRODUCTION, unprotected())).unwrap();
    machine(&mut world, "p", 100, Edge::Started);
    machine(&mut world, "p", 160, Edge::Stopped);
    machine_of(&mut world, "p", "z99.unheard-of", 200, Edge::Started);
    let subject = sets::machine_runs(&organization("a")).entry("x/p/i-1/200");
    let run = row::<MachineRun>(&world, &subject).unwrap();
    assert_eq!((run.vcpus, run.memory_mib, run.instance_type.as_str()), (2, 8192, "z99.unheard-of"));
}

#[test]
fn the_report_says_when_each_phase_of_a_creation_began_and_was_done() {
    let mut world = with_cloud();
    world.run(&plain("p", ClusterType::PRODUCTION)).unwrap();
    let with = |world: &mut World, state: State, phases: &[(CreationPhase, PhaseState)]| {
        let mut step = step(world, "p", state);
        step.status.phases = (!phases.is_empty()).then(|| phases.iter().copied().collect());
        world.run(&step.into()).unwrap();
        row::<ClusterStatus>(world, &cluster::status(&named("p"))).unwrap().report
    };
    use CreationPhase::{Joined, Network};
    let first =
        with(&mut world, State::Provisioning, &[(Network, PhaseState::UnderWay), (Joined, PhaseState::Waiting)]);
    assert!(matches!(first.get(&Network), Some(PhaseTimes { began: Some(_), done: None })));
    assert!(!first.contains_key(&Joined));
    with(&mut world, State::Provisioning, &[(Network, PhaseState::Done), (Joined, PhaseState::UnderWay)]);
    let last = with(&mut world, State::Running, &[]);
    assert_eq!(last[&Network].began, first[&Network].began);
    assert!(last[&Network].done < last[&Joined].done && last[&Joined].done.is_some());
}

#[test]
fn the_report_says_what_the_cloud_was_waited_for_and_once_it_is_made_only_what_took_the_time() {
    let mut world = with_cloud();
    world.run(&plain("p", ClusterType::PRODUCTION)).unwrap();
    let part = |text: &str| text.parse::<Part>().unwrap();
    let intent = || Intent { generation: 1, attempt: 1, creation: Creation::Plain, at: Time(1) };
    let has = || HeldPart { id: "x-1".into(), generation: 1, changed: Time(1) };
    let waits = |world: &World| row::<ClusterStatus>(world, &cluster::status(&named("p"))).unwrap().waits;

    let mut called = step(&world, "p", State::Provisioning);
    called.held.intents = [(part("nat use1-az1"), intent()), (part("balancer"), intent())].into();
    world.run(&called.into()).unwrap();
    let called = waits(&world)[&part("balancer")];
    assert_eq!(called.from, called.until);

    let mut answered = step(&world, "p", State::Provisioning);
    answered.held.parts = [(part("nat use1-az1"), has()), (part("balancer"), has())].into();
    world.run(&answered.clone().into()).unwrap();
    let answered_at = waits(&world)[&part("balancer")];
    assert!(answered_at.from == called.from && answered_at.until > called.until);

    // A look before the answer says nothing, one that claims to be of the future no more than now.
    let seen = |world: &World, until: u64| {
        let mut seen = step(world, "p", State::Provisioning);
        seen.held.parts = answered.held.parts.clone();
        let waited = Waited { turn: None, last: until };
        seen.waited = [(part("nat use1-az1"), waited), (part("machine worker-9"), waited)].into();
        seen
    };
    world.run(&seen(&world, 1).into()).unwrap();
    assert_eq!(waits(&world)[&part("nat use1-az1")], answered_at);
    world.run(&seen(&world, u64::MAX >> 17).into()).unwrap();
    let nat = waits(&world)[&part("nat use1-az1")];
    assert!(nat.until > answered_at.until && nat.until.unix_ms() <= world.ms);
    assert!(!waits(&world).contains_key(&part("machine worker-9")), "nobody called for it");

    // What waited for its turn counts from then on.
    let mut turn = seen(&world, 1);
    turn.waited = [(part("machine worker-8"), Waited { turn: Some(world.ms - 700), last: world.ms })].into();
    world.run(&turn.into()).unwrap();
    let worker = waits(&world)[&part("machine worker-8")];
    assert_eq!(worker.until.unix_ms() - worker.from.unix_ms(), 700);

    let mut made = seen(&world, 1);
    (made.held.state, made.held.made, made.status) = (State::Running, Some(Time(2)), stands(State::Running));
    world.run(&made.into()).unwrap();
    assert_eq!(waits(&world), BTreeMap::from([(part("nat use1-az1"), nat)]), "the balancer was ready before");
    let mut later = step(&world, "p", State::Running);
    later.held.made = Some(Time(2));
    later.held.intents = [(part("vpc"), intent())].into();
    world.run(&later.into()).unwrap();
    assert_eq!(waits(&world).len(), 1, "what is repaired later is no part of the report");
}
