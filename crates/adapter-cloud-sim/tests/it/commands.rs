//! The commands for people, against a process.

use std::time::Duration;

use adapter_cloud_sim::{Ask, AskError, protocol::Knobs, reports};
use ports::cloud::*;

use crate::process::{Place, Process, refused, run, site, vpc};

/// A VPC with a subnet and a security group, and two machines of which one has an owner, all running and joined.
struct Stage {
    group: SecurityGroupId,
    machines: [InstanceId; 2],
}

async fn stage(process: &Process) -> Stage {
    let cloud = process.cloud();
    let owned = |key: &str| Tags::from_iter([(key, "api"), (guest::GENERATION, "1")]);
    let vpc = cloud.ask(&site(), CreateVpc { tags: owned("cluster"), ..vpc() }).await.unwrap().id;
    let cidr = "10.0.0.0/20".parse().unwrap();
    let zone = Zone::new("eu-west-1c");
    let subnet = CreateSubnet { vpc: vpc.clone(), zone, cidr, tags: owned("cluster") };
    let subnet = cloud.ask(&site(), subnet).await.unwrap().id;
    let group =
        CreateSecurityGroup { vpc, name: "masters".into(), description: "of api".into(), tags: owned("cluster") };
    let group = cloud.ask(&site(), group).await.unwrap();
    let mut machines = Vec::new();
    for key in ["cluster", "other"] {
        let run = RunInstances {
            client_token: ClientToken::new(key),
            image: ImageId::new("ami-simulated-1-37-2-arm64-eu-west-1"),
            instance_type: InstanceType::new("m7g.large"),
            subnet: subnet.clone(),
            security_groups: vec![group.clone()],
            launch_template: None,
            user_data: None,
            hibernation: false,
            public_address: false,
            tags: owned(key),
        };
        machines.push(cloud.ask(&site(), run).await.unwrap().id);
    }
    joined(process, 2).await;
    Stage { group, machines: machines.try_into().unwrap() }
}

/// Looks until so many machines have joined.
async fn joined(process: &Process, count: usize) {
    tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let machines: Vec<reports::Machine> = process.ask(Ask::Machines).await.unwrap();
            if machines.iter().filter(|machine| machine.joined).count() == count {
                return;
            }
        }
    })
    .await
    .unwrap();
}

/// The line that speaks of `id`.
fn line<'a>(text: &'a str, id: &InstanceId) -> &'a str {
    text.lines().find(|line| line.starts_with(id.as_str())).unwrap()
}

#[tokio::test]
async fn people_see_machines_and_meddle_with_them() {
    let place = Place::new();
    let process = place.start();
    let Stage { group, machines: [first, second] } = stage(&process).await;
    let machines = process.says(&["machines", "--region", "eu-west-1", "--account", "000000000001"]);
    assert!(line(&machines, &first).contains("m7g.large  running  joined"), "{machines}");
    assert_eq!(process.says(&["machines", "--region", "us-east-1"]).lines().count(), 1);

    let said = process.says(&["impair", second.as_str()]);
    assert!(said.contains("000000000001/eu-west-1"), "{said}");
    assert!(line(&process.says(&["machines"]), &second).contains("running  impaired"));
    process.says(&["kill", first.as_str()]);
    let machines: Vec<reports::Machine> = process.ask(Ask::Machines).await.unwrap();
    assert!(machines.iter().any(|machine| machine.id == first && machine.state.ending()));

    process.says(&["open-group", group.as_str()]);
    let groups = DescribeSecurityGroups(Describe::id(group.clone()));
    let seen = process.cloud().ask(&site(), groups).await.unwrap();
    assert!(seen.items[0].ingress.iter().any(|rule| rule.source == Source::Range(Cidr::ALL)));
    process.says(&["set-tag", group.as_str(), "cluster=stolen"]);
    process.says(&["remove-tag", second.as_str(), "other"]);
    let machines: Vec<reports::Machine> = process.ask(Ask::Machines).await.unwrap();
    assert!(machines.iter().all(|machine| machine.tags.get("other").is_none()));

    let said = refused(&process.command(&["kill", "i-0none"]));
    assert!(said.contains("i-0none") && said.contains("no such resource"), "{said}");
    let said = refused(&process.command(&["stop", first.as_str()]));
    assert!(said.contains("in no state for that"), "{said}");
}

#[tokio::test]
async fn the_bill_has_lines_and_totals_that_add_up() {
    let place = Place::new();
    let process = place.start();
    stage(&process).await;
    let bill: Vec<reports::Charge> = process.ask(Ask::Bill(0..u64::MAX)).await.unwrap();
    assert_eq!(bill.len(), 2);
    let said = process.says(&["bill", "--by", "cluster"]);
    let charge: u64 = bill.iter().map(|line| line.charge).sum();
    let total = said.lines().last().unwrap();
    assert!(total.starts_with("everything") && total.contains("120"), "{said}");
    assert!(total.ends_with(&format!("0.{charge:06}")), "{said}");
    assert!(
        said.lines().any(|line| line.starts_with("api ")) && said.lines().any(|line| line.starts_with("- ")),
        "{said}"
    );
    let none = process.says(&["bill", "--to", "2026-01-01", "-o", "json"]);
    assert_eq!(none.trim(), "[]");
}

#[tokio::test]
async fn the_audit_finds_what_was_done_twice_and_what_has_no_owner() {
    let place = Place::new();
    let process = place.start();
    let Stage { machines: [_, stray], .. } = stage(&process).await;
    assert!(process.says(&["audit"]).contains("nothing was done twice"));
    let output = process.command(&["audit", "--owner", "cluster"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let strays: Vec<&str> = said.lines().filter(|line| line.starts_with("no owner")).collect();
    assert!(matches!(strays.as_slice(), [line] if line.ends_with(stray.as_str())), "{said}");
    let twice = CallSite { cause: Some("intent-7".into()), ..site() };
    for _ in 0..2 {
        process.cloud().ask(&twice, vpc()).await.unwrap();
    }
    let output = process.command(&["audit"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("CreateVpc"));
}

#[tokio::test]
async fn knobs_are_turned_all_or_none_and_take_effect() {
    let place = Place::new();
    let process = place.start();
    let set = |turns: &[&str]| process.command(&[&["vices", "set"], turns].concat());
    let shown = process.says(&["vices", "set", "lag=2000", "launch=40", "capacity=eu-west-1a/t4g.small:0"]);
    for line in ["SIMULATED", "lag=2000", "launch=40"] {
        assert!(shown.lines().any(|shown| shown.starts_with(line)), "{shown}");
    }
    for (turns, wanted) in [
        (&["lag=0", "lagg=1"][..], "one of character"),
        (&["lag=0", "stale=70000"], "fits"),
        (&["lag=0", "capacity=eu-west-1z/t4g.small:0"], "eu-west-1a"),
        (&["lag=0", "capacity=eu-west-1a/t9.small:0"], "t9.small"),
        (&["lag=0", "outages=mars:60"], "us-east-1"),
        (&["lag=0", "outages=eu-west-1"], "SECONDS"),
        (&["lag=0", "character=evil"], "harsh"),
        (&["lag=many"], "whole number"),
    ] {
        let said = refused(&set(turns));
        assert!(said.contains(wanted), "{said}");
    }
    let status: reports::Status = process.ask(Ask::Status).await.unwrap();
    assert_eq!((status.knobs.vices.lag, status.knobs.vices.capacity.len()), (2000, 1));
    process.says(&["vices", "set", "outages=us-east-1:600", "character=off", "throttle_percent=off"]);
    let status: reports::Status = process.ask(Ask::Status).await.unwrap();
    assert_eq!(status.knobs.vices, cloud_sim::Vices::off());
    assert_eq!(status.knobs.delays.launch, 40);

    process.says(&["vices", "set", "outages=eu-west-1:600"]);
    let no_room = tokio::time::timeout(Duration::from_secs(10), launch_anything(&process)).await.unwrap();
    assert!(matches!(no_room, CloudError::NotNow { trouble: Trouble::Unavailable, .. }), "{no_room}");
}

async fn launch_anything(process: &Process) -> CloudError {
    let cloud = process.cloud();
    let vpc = cloud.ask(&site(), vpc()).await.unwrap().id;
    let (zone, cidr) = (Zone::new("eu-west-1a"), "10.0.0.0/20".parse().unwrap());
    let subnet = cloud.ask(&site(), CreateSubnet { vpc, zone, cidr, tags: Tags::default() }).await.unwrap().id;
    let run = RunInstances {
        client_token: ClientToken::new("t"),
        image: ImageId::new("ami-simulated-1-37-2-arm64-eu-west-1"),
        instance_type: InstanceType::new("t4g.small"),
        subnet,
        security_groups: Vec::new(),
        launch_template: None,
        user_data: None,
        hibernation: false,
        public_address: false,
        tags: Tags::default(),
    };
    cloud.ask(&site(), run).await.unwrap_err()
}

#[tokio::test]
async fn everything_says_that_it_is_simulated() {
    let place = Place::new();
    let process = place.start();
    for arguments in [&["status"][..], &["machines"], &["bill"], &["audit"], &["vices", "show"]] {
        let said = process.says(arguments);
        assert!(said.starts_with("SIMULATED"), "{arguments:?}: {said}");
    }
    let status = process.says(&["status"]);
    assert!(status.contains("EC2 takes minutes") && status.contains("eu-west-1, us-east-1, us-west-2"), "{status}");
    assert_eq!(process.says(&["accounts"]).lines().count(), 12);
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    assert!(help.contains("SIMULATED") && help.contains("Examples:"), "{help}");
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_and_the_next_one_answered() {
    let place = Place::new();
    let process = place.start();
    let unread: Result<Knobs, AskError> = process.ask(Ask::Turn(vec![("x".to_owned(), "y".to_owned())])).await;
    assert!(matches!(unread, Err(AskError::No(why)) if why.contains("turned x")));
    let status: reports::Status = process.ask(Ask::Status).await.unwrap();
    assert!(status.simulated);
}
