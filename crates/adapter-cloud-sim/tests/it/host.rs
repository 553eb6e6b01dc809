//! A cloud that is opened again is the same cloud, and its time goes on and never back.

use std::{fs, path::Path};

use adapter_cloud_sim::{
    Host, Settings,
    host::{Change, Done, HostError},
    knobs, reports,
    settings::SettingsError,
};
use cloud_sim::Tamper;
use ports::cloud::*;

use crate::process::{site, vpc};

/// 2026-11-21 by the wall clock, in Unix milliseconds.
const NOON: u64 = 1_795_262_400_000;
const MINUTE: u64 = 60_000;

fn settings() -> Settings {
    Settings::load(None, Some(7)).unwrap()
}

fn open(dir: &Path, wall_ms: u64) -> Host {
    Host::open(dir, &settings(), wall_ms).unwrap()
}

fn call<A: Action>(host: &mut Host, action: A) -> A::Reply {
    let done = host.commit(vec![Change::Call { at: site(), request: action.into() }]).unwrap();
    let [Done::Call { told: Ok(reply), .. }] = <[Done; 1]>::try_from(done).unwrap() else { panic!("refused") };
    A::reply(reply).unwrap()
}

/// A machine of the first generation of its slot.
fn launched(host: &mut Host) -> InstanceId {
    let vpc = call(host, vpc()).id;
    let zone = Zone::new("eu-west-1b");
    let cidr = "10.0.0.0/16".parse().unwrap();
    let subnet = call(host, CreateSubnet { vpc, zone, cidr, tags: Tags::default() }).id;
    let run = RunInstances {
        client_token: ClientToken::new("t1"),
        image: ImageId::new("ami-simulated-1-37-2-arm64-eu-west-1"),
        instance_type: InstanceType::new("m7g.large"),
        subnet,
        security_groups: Vec::new(),
        launch_template: None,
        user_data: None,
        hibernation: false,
        public_address: false,
        tags: [(guest::GENERATION, "1"), ("cluster", "api")].into_iter().collect(),
    };
    call(host, run).id
}

fn bytes(host: &mut Host, now: u64) -> Vec<u8> {
    let bytes = host.sim().snapshot().unwrap();
    let mut sim = cloud_sim::Sim::restore(&bytes).unwrap();
    sim.advance(now);
    sim.snapshot().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_holds_is_the_same_cloud_to_the_last_byte() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = open(dir.path(), NOON);
    let harsh = knobs::turned(host.sim().options(), NOON, &[("character".to_owned(), "harsh".to_owned())]).unwrap();
    let instance = launched(&mut host);
    host.commit(vec![Change::Turn(Box::new(harsh))]).unwrap();
    for number in 0..200 {
        tokio::time::advance(std::time::Duration::from_millis(700)).await;
        let calls =
            (0..number % 4).map(|_| Change::Call { at: site(), request: DescribeVpcs(Describe::default()).into() });
        host.commit(calls.collect()).unwrap();
    }
    let place = cloud_sim::Place { account: site().account, region: site().region };
    host.commit(vec![Change::Tamper { place, tamper: Tamper::Impair(instance) }]).unwrap();
    let later = host.now() + 5 * MINUTE;
    let live = bytes(&mut host, later);
    drop(host);
    let mut again = open(dir.path(), NOON);
    assert!(bytes(&mut again, later) == live);
    again.save().unwrap();
    drop(again);
    assert!(bytes(&mut open(dir.path(), NOON), later) == live, "after a snapshot");
}

#[tokio::test(start_paused = true)]
async fn machines_start_and_guests_join_while_no_process_runs() {
    let dir = tempfile::tempdir().unwrap();
    let id = launched(&mut open(dir.path(), NOON));
    let mut host = open(dir.path(), NOON + 5 * MINUTE);
    let machines = reports::machines(host.sim());
    let [machine] = machines.as_slice() else { panic!("{machines:?}") };
    assert_eq!((&machine.id, machine.state, machine.joined), (&id, InstanceState::Running, true));
    let bill = reports::bill(host.sim(), &(0..u64::MAX));
    assert!((270..=290).contains(&bill[0].seconds), "five minutes but for the launch: {bill:?}");
    assert_eq!(bill[0].what.tags.get("cluster"), Some("api"));
}

#[tokio::test(start_paused = true)]
async fn time_never_goes_back_when_the_wall_clock_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = open(dir.path(), NOON);
    tokio::time::advance(std::time::Duration::from_millis(MINUTE)).await;
    call(&mut host, vpc());
    drop(host);
    let host = open(dir.path(), NOON - 60 * MINUTE);
    assert_eq!(host.now(), NOON + MINUTE);
}

#[tokio::test(start_paused = true)]
async fn what_is_settled_when_a_cloud_is_made_is_not_settled_anew() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), NOON));
    let refused = Host::open(dir.path(), &Settings::load(None, Some(8)).unwrap(), NOON).map(drop);
    assert!(matches!(refused, Err(HostError::Settings(SettingsError::Settled { key: "seed", given: 8, made: 7 }))));
    Host::open(dir.path(), &Settings::load(None, None).unwrap(), NOON).unwrap();
}

#[tokio::test(start_paused = true)]
async fn knobs_stay_turned_unless_a_file_says_otherwise() {
    let (dir, file) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let mut host = open(dir.path(), NOON);
    let turned = knobs::turned(host.sim().options(), NOON, &[("lag".to_owned(), "3000".to_owned())]).unwrap();
    host.commit(vec![Change::Turn(Box::new(turned))]).unwrap();
    drop(host);
    assert_eq!(open(dir.path(), NOON).sim().options().vices.lag, 3000);
    fs::write(file.path(), "[vices]\nstale = 5\n").unwrap();
    let settings = Settings::load(Some(file.path()), None).unwrap();
    let mut host = Host::open(dir.path(), &settings, NOON).unwrap();
    assert_eq!((host.sim().options().vices.lag, host.sim().options().vices.stale), (0, 5));
    assert_eq!(host.sim().options().delays, cloud_sim::Delays::brisk());
}
