//! Clusters in regions with a cloud: what people see of their lives.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use client::v1::{
    self,
    cluster_status::{Health, State},
    machine,
};

use crate::{golden::assert_golden, world::World};

const NAME: &str = "organizations/acme/projects/web/locations/eu-west-1/clusters/demo";
const CREATE: &str =
    "cluster create demo --location eu-west-1 --type production --request-id 00000000000000000000000000000005";

fn status(state: State) -> v1::ClusterStatus {
    v1::ClusterStatus { state: state.into(), health: Health::Healthy.into(), ..Default::default() }
}

fn phase(world: &World, name: &str, began: i64, done: Option<i64>) -> v1::CreationPhase {
    let at = |second: i64| prost_types::Timestamp { seconds: world.ring.state().began + second, nanos: 0 };
    v1::CreationPhase { name: name.to_owned(), begin_time: Some(at(began)), end_time: done.map(at) }
}

fn wait(world: &World, part: &str, from: i64, until: i64) -> v1::CloudWait {
    let v1::CreationPhase { begin_time, end_time, .. } = phase(world, "", from, Some(until));
    v1::CloudWait { part: part.to_owned(), begin_time, end_time }
}

fn running(world: &World) -> v1::ClusterStatus {
    let condition = |name: &str, truth: v1::cluster_condition::Truth, reason: &str| v1::ClusterCondition {
        name: name.to_owned(),
        truth: truth.into(),
        reason: reason.to_owned(),
    };
    let constraint = |name: &str, reason: &str| v1::ClusterConstraint {
        name: name.to_owned(),
        possible: reason.is_empty(),
        reason: reason.to_owned(),
    };
    let count = |role: &str, joined| v1::MachineCount { role: role.to_owned(), count: 3, joined };
    v1::ClusterStatus {
        health: Health::Warning.into(),
        conditions: vec![
            condition("EtcdQuorum", v1::cluster_condition::Truth::True, "3 of 3 masters are healthy"),
            condition("EveryNodeReady", v1::cluster_condition::Truth::False, "worker-3 has not joined"),
        ],
        constraints: vec![constraint("HibernationPossible", ""), constraint("DeletionPossible", "it is protected")],
        creation: vec![phase(world, "network", 2, Some(44)), phase(world, "masters", 40, Some(184))],
        ready_time: phase(world, "", 184, None).begin_time,
        machines: vec![count("master", 3), count("worker", 2)],
        held_up_by: vec!["machine worker-3: refused 3 times, last with InsufficientInstanceCapacity".to_owned()],
        waits: vec![wait(world, "nat euw1-az1", 3, 43), wait(world, "machine master-2", 44, 183)],
        ..status(State::Running)
    }
}

/// `demo`, made and running, with what a region would have settled about it.
fn furnished() -> World {
    let world = World::with_cloud();
    let output = world.run(CREATE);
    assert!(output.status.success(), "{output:?}");
    let runs = running(&world);
    world.ring.change(|state| {
        let cluster = state.clusters.get_mut(NAME).unwrap();
        cluster.edition = "2026-11".to_owned();
        cluster.version = "1.37.2".to_owned();
        cluster.delete_protection = true;
        cluster.decisions_hash = vec![7; 32].into();
        cluster.network = Some(v1::ClusterNetwork {
            tenancy: v1::cluster_network::Tenancy::Dedicated.into(),
            vpc_cidr: "10.64.0.0/16".to_owned(),
            cluster_cidr: "10.64.0.0/17".to_owned(),
            pod_cidr: "100.64.0.0/16".to_owned(),
            service_cidr: "172.20.0.0/20".to_owned(),
            zones: ["euw1-az1", "euw1-az2", "euw1-az3"].map(str::to_owned).into(),
        });
        state.became(NAME, runs);
        let began = state.began;
        let at = |second: i64| Some(prost_types::Timestamp { seconds: began + second, nanos: 0 });
        let machine = |slot: &str, id: &str, is: machine::State, cause: &str| v1::Machine {
            id: id.to_owned(),
            slot: slot.to_owned(),
            role: slot.split('-').next().unwrap().to_owned(),
            instance_type: "m7g.large".to_owned(),
            vcpus: 2,
            memory_mib: 8192,
            zone: "euw1-az1".to_owned(),
            image: "ami-0a1b".to_owned(),
            state: is.into(),
            state_time: at(100),
            launch_time: at(60),
            cause: cause.to_owned(),
        };
        let machines = vec![
            machine("master-1", "i-01", machine::State::Joined, ""),
            machine("worker-1", "i-02", machine::State::Started, "the one before is gone"),
            v1::Machine { launch_time: None, ..machine("worker-3", "", machine::State::Launching, "") },
        ];
        state.machines.insert(NAME.to_owned(), machines);
        let deed = |second, part: &str, did: &str, cause: &str| v1::Deed {
            time: at(second),
            part: part.to_owned(),
            did: did.to_owned(),
            cause: cause.to_owned(),
        };
        let deeds = vec![
            deed(200, "security-group worker", "change sg-1: close port 22", "open to 0.0.0.0/0"),
            deed(300, "machine worker-1", "launch m7g.large in euw1-az1 from ami-0a1b", "the one before is gone"),
        ];
        state.deeds.insert(NAME.to_owned(), deeds);
        for (kind, masters) in [("DEVELOPMENT", "1"), ("PRODUCTION", "3")] {
            state.decisions.insert(kind.to_owned(), decisions(kind, masters));
        }
    });
    world
}

fn decisions(kind: &str, masters: &str) -> v1::Decisions {
    let decision = |number, key: &str, what: &str, value: &str, why: &str| v1::Decision {
        number,
        key: key.to_owned(),
        what: what.to_owned(),
        value: value.to_owned(),
        alternatives: vec!["1 to 5".to_owned()],
        reason: format!("{kind} of 2026-11: {why}"),
        source: format!("{kind} of 2026-11"),
        source_kind: "type".to_owned(),
        rests_on: vec!["policy of organizations/acme at global@1.9".to_owned()],
    };
    v1::Decisions {
        cluster_type: kind.to_owned(),
        edition: "2026-11".to_owned(),
        decisions: vec![
            decision(1, "masters.count", "masters", masters, "as many as its promise needs"),
            decision(13, "service-accounts.token-life", "life of a service account's token", "1h", "short"),
        ],
        warnings: vec!["the API can be reached from everywhere: its allow list has 0.0.0.0/0".to_owned()],
        hash: vec![7; 32].into(),
    }
}

#[test]
fn a_cluster_is_shown_in_full() {
    let world = furnished();
    let text = world.session(&[
        "cluster list",
        "cluster list -o wide",
        "cluster describe eu-west-1/demo",
        "cluster describe eu-west-1/demo --perf",
        "cluster describe eu-west-1/demo --perf -o json",
        "cluster get eu-west-1/demo -o json",
        "cluster machines eu-west-1/demo",
        "cluster machines eu-west-1/demo -o wide",
        "cluster machines eu-west-1/demo -o yaml",
        "cluster explain eu-west-1/demo",
        "cluster explain eu-west-1/demo --machine worker-1 -o json",
        "cluster explain eu-west-1/demo --machine worker-2",
        "cluster events eu-west-1/demo",
        "cluster events eu-west-1/demo --limit 1 -o name",
        "cluster events eu-west-1/none",
        "log list --log region/eu-west-1",
    ]);
    assert_golden("cluster-shown.txt", &text);
}

#[test]
fn decisions_are_explained_and_compared() {
    let world = furnished();
    let text = world.session(&[
        "cluster decisions eu-west-1/demo",
        "cluster decisions eu-west-1/demo --key masters.count",
        "cluster decisions eu-west-1/demo --key masters.count -o json",
        "cluster decisions eu-west-1/demo --key masters.number",
        "cluster decisions --type development --location eu-west-1 -o json",
        "cluster decisions --diff development production --location eu-west-1",
        "cluster decisions --diff development production --location eu-west-1 -o json",
        "cluster decisions --diff development huge --location eu-west-1",
        "cluster decisions",
    ]);
    assert_golden("cluster-decisions.txt", &text);
}

#[test]
fn what_is_asked_of_a_cluster_says_how_to_go_on() {
    let world = furnished();
    let mut text = world.session(&[
        "cluster create other --location us-east-1 --version stable --allow-list 192.0.2.0/24,198.51.100.7/32 \
         --delete-protection=false --maintenance-window \"sunday 03:00 4h\" --pod-cidr 100.80.0.0/16 --privileged \
         --request-id 00000000000000000000000000000006",
        "cluster get us-east-1/other -o yaml",
        "cluster hibernate eu-west-1/demo",
        "operation list",
    ]);
    world.ring.change(|state| state.became(NAME, status(State::Hibernated)));
    text.push_str(&world.session(&[
        "cluster wake eu-west-1/demo -o name",
        "cluster update eu-west-1/demo --allow-list none --maintenance-window any",
        "cluster delete eu-west-1/demo",
        "cluster delete eu-west-1/demo --yes",
        "cluster update eu-west-1/demo --delete-protection false",
        "cluster delete eu-west-1/demo --yes --retain 5d",
        "cluster list --location eu-west-1",
        "cluster undelete eu-west-1/demo",
        "cluster undelete eu-west-1/demo",
        "cluster delete eu-west-1/demo --yes",
    ]));
    assert_golden("cluster-asked.txt", &text);
}

/// Runs a command that waits, while `play` says what becomes of the cluster.
fn waited(world: &World, line: &str, play: impl FnOnce(&mut dyn FnMut(&str))) -> (Option<i32>, String, Vec<String>) {
    let words: Vec<&str> = line.split(' ').collect();
    let mut child = world.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    // What was said tells how far the command is.
    let mut until = |wanted: &str| {
        while !said.last().is_some_and(|line: &String| line.contains(wanted)) {
            said.push(errors.next().expect("another line").unwrap());
        }
    };
    play(&mut until);
    said.extend(errors.map(Result::unwrap));
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), said)
}

#[test]
fn waiting_for_a_creation_shows_its_phases_and_ends_with_the_time_that_it_took() {
    let world = World::with_cloud();
    let (code, out, said) = waited(&world, &format!("{CREATE} --wait"), |until| {
        until("PENDING 0%");
        let creation = vec![phase(&world, "network", 2, Some(44)), phase(&world, "masters", 40, None)];
        let held_up_by = vec!["machine master-2: refused 3 times, last with InsufficientInstanceCapacity".to_owned()];
        let status = v1::ClusterStatus { creation, held_up_by, ..status(State::Provisioning) };
        world.ring.change(|state| state.became(NAME, status));
        until("PROVISIONING");
        let runs = running(&world);
        world.ring.change(|state| state.became(NAME, runs));
    });
    assert_eq!(code, Some(0), "{said:?}");
    assert!(out.starts_with(&format!("cluster {NAME} created and running after ")), "{out}");
    assert_eq!(said[0], "clusters.create demo: PENDING 0%");
    assert_eq!(
        said[1],
        "clusters.create demo: PROVISIONING 30%, network done in 42.0s, masters under way, \
         held up by machine master-2: refused 3 times, last with InsufficientInstanceCapacity"
    );
    assert!(said[2].starts_with("clusters.create demo: DONE 100%"), "{said:?}");
}

#[test]
fn a_wait_that_is_overtaken_fails_and_one_for_a_deletion_ends_when_nothing_is_left() {
    let world = furnished();
    let operation = |state: &client::double::State| state.clusters[NAME].operation.clone();
    let (code, _, said) = waited(&world, "cluster hibernate eu-west-1/demo --wait", |until| {
        until("0%");
        world.ring.change(|state| {
            let name = operation(state);
            let operation = state.operations.get_mut(&name).unwrap();
            operation.done = true;
            operation.error = Some(v1::Error {
                reason: "SUPERSEDED".to_owned(),
                message: "clusters.hibernate: the cluster is to run".to_owned(),
                ..Default::default()
            });
        });
    });
    assert_eq!(code, Some(1), "{said:?}");
    assert!(said.iter().any(|line| line == "  reason: SUPERSEDED"), "{said:?}");
    assert!(world.run("cluster update eu-west-1/demo --delete-protection false").status.success());
    let (code, out, said) = waited(&world, "cluster delete eu-west-1/demo --yes --retain 7d --wait", |until| {
        until("0%");
        world.ring.change(|state| state.became(NAME, status(State::Hibernated)));
    });
    assert_eq!(code, Some(0), "{said:?}");
    assert!(out.starts_with(&format!("cluster {NAME} asleep after ")), "{out}");
    assert!(said.last().unwrap().contains("`atoll cluster undelete eu-west-1/demo` takes it back"), "{said:?}");
    let (code, out, said) = waited(&world, "cluster delete eu-west-1/demo --yes --wait", |until| {
        until("0%");
        world.ring.change(|state| state.became(NAME, status(State::Deleted)));
    });
    assert_eq!(code, Some(0), "{said:?}");
    assert!(out.starts_with(&format!("cluster {NAME} deleted after ")), "{out}");
}

#[test]
fn waiting_where_there_is_no_cloud_says_so() {
    let world = World::with_cloud();
    world.ring.state().cloud = false;
    let output = world.run(&format!("{CREATE} --wait"));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && stderr.contains("has no cloud, so it stays PENDING"), "{output:?}");
    assert!(world.run("cluster delete eu-west-1/demo --yes --wait").status.success());
}

#[test]
fn a_watched_list_shows_what_becomes_of_clusters() {
    let world = World::with_cloud();
    let mut child = world.spawn("cluster list --location eu-west-1 --watch");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let header: Vec<String> = lines.next().unwrap().split_whitespace().map(str::to_owned).collect();
    assert_eq!(header[..5], ["EVENT", "NAME", "LOCATION", "TYPE", "STATE"]);
    let mut event = || {
        let words: Vec<String> = lines.next().unwrap().split_whitespace().map(str::to_owned).collect();
        (words[0].clone(), words[4].clone())
    };
    let seen = |kind: &str, state: &str| (kind.to_owned(), state.to_owned());
    assert!(world.run(CREATE).status.success());
    assert_eq!(event(), seen("ADDED", "PENDING"));
    for state in [State::Provisioning, State::Running] {
        world.ring.change(|ring| ring.became(NAME, status(state)));
        assert_eq!(event(), seen("MODIFIED", state.as_str_name()));
    }
    // What is asked of it leaves what became of it.
    assert!(world.run("cluster update eu-west-1/demo --display-name Demo").status.success());
    assert_eq!(event(), seen("MODIFIED", "RUNNING"));
    world.ring.change(|ring| ring.became(NAME, status(State::Deleted)));
    assert_eq!(event().0, "DELETED");
    child.kill().unwrap();
    child.wait().unwrap();
}
