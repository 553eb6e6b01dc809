//! Whole sessions, compared with what they printed before.

use std::{thread::scope, time::Duration};

use client::{Code, double::Fault, reason, v1};

use crate::{golden::assert_golden, world::World};

fn id(number: u32) -> String {
    format!("--request-id {number:032x}")
}

/// acme with a folder, three projects and two clusters.
fn furnished() -> World {
    let world = World::with_context();
    let lines = [
        format!("organization create acme --display-name \"Acme Inc\" {}", id(1)),
        "organization set acme".to_owned(),
        format!("folder create dev {}", id(2)),
        format!("project create web --display-name Web {}", id(3)),
        format!("project create api --folder dev {}", id(4)),
        "project set web".to_owned(),
        format!("cluster create prod --location us-east-1 --type production {}", id(5)),
        format!("cluster create try --location eu-west-1 {}", id(6)),
    ];
    for line in lines {
        let output = world.run(&line);
        assert!(output.status.success(), "{line}: {output:?}");
    }
    world
}

#[test]
fn a_tree_is_made_shown_and_changed() {
    let world = World::with_context();
    let create = format!("organization create acme --display-name \"Acme Inc\" {}", id(1));
    let folder = format!("folder create dev {}", id(2));
    let web = format!("project create web --display-name Web {}", id(3));
    let api = format!("project create api --folder dev {}", id(4));
    let empty = format!("folder create empty {}", id(5));
    let text = world.session(&[
        "organization list",
        &create,
        "organization set acme",
        &folder,
        &web,
        &api,
        &empty,
        "org ls",
        "folder list",
        "project list",
        "project list --folder dev",
        "project list --folder empty",
        "project get web api",
        "project show web -o wide",
        "project update web --description \"the shop\"",
        "project move web --to dev",
        "project list --folder dev -o name",
        "project describe web",
        "folder describe dev",
        "project create next --dry-run",
        "project list -o json",
        "project list --folder dev -o json",
        "project get web -o yaml",
        "organization get acme -v",
    ]);
    assert_golden("tree.txt", &text);
}

#[test]
fn clusters_are_listed_over_regions() {
    let world = furnished();
    world.ring.state().unreachable = vec!["locations/eu-west-1".to_owned()];
    let text = world.session(&[
        "cluster list",
        "cluster list --location us-east-1 -o wide",
        "cluster get us-east-1/prod -o yaml",
        "cluster update us-east-1/prod --display-name Production",
        "cluster describe us-east-1/prod",
        "cluster list -o json",
        "cluster create nowhere",
        "cluster get prod",
        "cluster delete prod --yes",
        "cluster decisions --type production",
        "cluster delete us-east-1/prod --yes",
    ]);
    assert_golden("clusters.txt", &text);
}

#[test]
fn accounts_are_added_and_given_to_organizations() {
    let world = World::with_context();
    let add = |numbers: &str, request: u32| format!("account add {numbers} {}", id(request));
    let text = world.session(&[
        "account list",
        &add("000000000002", 1),
        "account add 000000000001 000000000003",
        &format!("organization create acme {}", id(4)),
        &format!("organization create beta {}", id(5)),
        "organization delete beta --yes",
        "account list",
        "account ls -o wide",
        "account list -o json",
        "account list -o yaml",
        "account list -o name",
        "organization get acme -o wide",
        "account add 000000000004 --dry-run",
        "account add 000000000004 000000000001 000000000005",
        "account add 12",
        "account add",
        &add("000000000006 000000000007", 6),
    ]);
    assert_golden("accounts.txt", &text);
}

/// Two editions as files, with little in them, and one that does not read.
fn editions(world: &World) {
    let mut edition = catalog::first().unwrap();
    edition.sources.truncate(2);
    edition.images.truncate(1);
    edition.instance_types.retain(|name, _| ["m7g.large", "t4g.small"].contains(&name.as_str()));
    edition.versions.retain(|version, _| version.minor > 35);
    for record in edition.cluster_types.values_mut() {
        while record.decisions.len() > 2 {
            record.decisions.pop_last();
        }
    }
    let write = |name: &str, text: &str| std::fs::write(world.files.path().join(name), text).unwrap();
    write("2026-11.yaml", &catalog::write(&edition).unwrap());
    write("broken.yaml", &catalog::write(&edition).unwrap().replace("10.0.0.0/11", "10.0.0.1/11"));
    edition.edition = "2026-12".to_owned();
    write("2026-12.yaml", &catalog::write(&edition).unwrap());
}

#[test]
fn editions_are_published_spread_shown_and_halted() {
    let world = World::with_context();
    editions(&world);
    let file = |name: &str| world.files.path().join(name).display().to_string();
    let (first, second) = (file("2026-11.yaml"), file("2026-12.yaml"));
    let lines = [
        "catalog list".to_owned(),
        format!("catalog publish {first} --validate-only {}", id(1)),
        format!("catalog publish {first} {}", id(2)),
        "catalog list".to_owned(),
        format!("catalog publish {second} --wave us-west-2 --soak 2h {}", id(3)),
        "catalog ls -o wide".to_owned(),
        "catalog locations".to_owned(),
        "catalog describe 2026-12".to_owned(),
        "catalog describe 2026-12 -o yaml".to_owned(),
        format!("catalog halt 2026-12 {}", id(4)),
        "catalog halt editions/2026-12".to_owned(),
        "catalog list -o json".to_owned(),
        format!("catalog publish {first}"),
        format!("catalog publish {}", file("none.yaml")),
        format!("catalog publish {}", file("broken.yaml")),
        format!("catalog publish {second} --at-once --soak 1h"),
        "catalog describe 2027-01".to_owned(),
    ];
    assert_golden("catalog.txt", &world.session(&lines.each_ref().map(String::as_str)));
}

#[test]
fn what_clusters_can_be_made_of_is_listed_by_edition_and_location() {
    let world = World::with_context();
    editions(&world);
    for (name, wave) in [("2026-11.yaml", ""), ("2026-12.yaml", " --wave us-west-2")] {
        let line = format!("catalog publish {}{wave}", world.files.path().join(name).display());
        let output = world.run(&line);
        assert!(output.status.success(), "{line}: {output:?}");
    }
    let text = world.session(&[
        "catalog types",
        "catalog types --location us-west-2 -o json",
        "catalog versions",
        "catalog versions --location eu-west-1 -o wide",
        "catalog versions --edition 2026-11 --location eu-west-1 -o json",
        "catalog instance-types",
        "catalog instance-types --location us-east-1 -o wide",
        "catalog instance-types --edition 2026-12 -o yaml",
        "catalog instance-types -o name",
        "catalog locations -o wide",
        "catalog locations -o json",
        "catalog types --location Mars",
    ]);
    assert_golden("offered.txt", &text);
}

#[test]
fn quotas_are_set_and_listed_region_by_region() {
    let world = furnished();
    let set = format!("quota set acme us-east-1=512 us-west-2=256 {}", id(8));
    let mut text = world.session(&["quota list", "quota set acme us-east-1=512 --dry-run", &set]);
    world.ring.change(|state| {
        let quota = state.quotas.get_mut("organizations/acme/quota").unwrap();
        (quota.slices[0].held, quota.slices[0].used) = (Some(384), Some(0));
        quota.slices[1].used = Some(300);
    });
    text.push_str(&world.session(&[
        "quota list",
        "quota ls -o json",
        "quota list -o name",
        "quota set none us-east-1=1",
        "quota set acme",
        "quota set acme us-east-1",
        "quota --help",
        "quota set --help",
    ]));
    assert_golden("quotas.txt", &text);
}

#[test]
fn what_is_said_about_decisions_is_shown_changed_and_kept_in_files() {
    let world = furnished();
    let set = format!("policy set organization/acme pods.privileged==off workers.max<=100 {}", id(8));
    let mut text = world.session(&["policy show organization/acme", &set, "policy show project/acme/web"]);
    text.push_str(&world.session(&[
        "policy set organization/acme workers.max<=50 version.channel==stable|regular workers.initial=5",
        "policy show organization/acme",
        "policy show organization/acme -o json",
        "policy unset organization/acme workers.initial --dry-run",
        "policy export organization/acme",
        "policy unset organization/acme --all",
        "policy show organization/acme",
        "policy set organization/acme workers.max<100",
        "policy unset organization/acme",
        "policy --help",
        "policy set --help",
    ]));
    assert_golden("cluster-policies.txt", &text);
}

fn usage(group: &str, used: (i64, i64), adjusted: (i64, i64)) -> v1::UsageLine {
    let amount = |(vcpu_seconds, mib_seconds)| Some(v1::UsageAmount { vcpu_seconds, mib_seconds });
    let uid = if group.contains("/clusters/") { format!("{:032x}", group.len()) } else { String::new() };
    v1::UsageLine { group: group.to_owned(), uid, used: amount(used), adjusted: amount(adjusted) }
}

#[test]
fn usage_is_shown_with_totals_and_for_programs_without_rounding() {
    let world = furnished();
    let cluster =
        |location: &str, id: &str| format!("organizations/acme/projects/web/locations/{location}/clusters/{id}");
    world.ring.state().usage = vec![
        usage(&cluster("eu-west-1", "try"), (172_800, 707_788_800), (0, 0)),
        usage(&cluster("us-east-1", "prod"), (5_184_000, 21_233_664_000 + 1536), (-7200, -29_491_200)),
    ];
    world.ring.state().unreachable = vec!["locations/eu-west-1".to_owned()];
    let october = "usage --from 2026-10 --to 2026-11-01";
    let mut text = world.session(&[
        october,
        &format!("{october} -o wide"),
        &format!("{october} -o csv"),
        &format!("{october} -o json"),
        &format!("{october} -o name"),
        "usage --from 2026-11 --to 2026-10",
        "usage --from yesterday",
        "usage --project web --folder dev",
        "project list -o csv",
    ]);
    world.ring.state().usage = vec![
        usage("organizations/acme", (7200, 1024), (0, 0)),
        usage("organizations/acme/folders/dev", (60, 512), (0, 0)),
    ];
    world.ring.state().unreachable.clear();
    text.push_str(&world.session(&[&format!("{october} --by folder")]));
    world.ring.state().usage = vec![usage("2026-10-31", (7200, 1024), (0, 0))];
    text.push_str(&world.session(&[&format!("{october} --by day --cluster us-east-1/prod")]));
    world.ring.state().usage.clear();
    text.push_str(&world.session(&[&format!("{october} --project api"), "usage --help"]));
    assert_golden("usage.txt", &text);
    let asked = world.ring.state().usage_asked.clone();
    let last = asked.last().unwrap();
    assert_eq!(last.parent, "organizations/acme/projects/api");
    assert_eq!(last.start_time.unwrap().seconds, 20_727 * 86_400);
    assert_eq!(last.end_time.unwrap().seconds, 20_758 * 86_400);
    assert_eq!(asked[0].parent, "organizations/acme");
    assert_eq!(asked[asked.len() - 2].group_by(), v1::query_usage_request::GroupBy::Day);
}

#[test]
fn refusals_say_what_to_do_next() {
    let world = furnished();
    let mut text = world.session(&[
        "project create web",
        "project get nothing",
        "project get No/Such",
        "project create Web",
        "project update web --display-name x --etag 99",
        "folder delete dev --yes",
        "folder delete dev",
        "project list --timeout 10",
    ]);
    let lost = Fault::Refuse {
        code: Code::Unavailable,
        reason: reason::GLOBAL_QUORUM_LOST,
        retry_after: Some(Duration::from_secs(1)),
        writes_only: true,
    };
    world.servers.iter().for_each(|server| server.fail(lost.clone()));
    text.push_str(&world.session(&["project create new"]));
    assert_golden("refusals.txt", &text);
}

#[test]
fn an_unknown_outcome_can_be_settled() {
    let world = furnished();
    let create = format!("project create new {} --timeout 400ms", id(7));
    world.servers.iter().for_each(|server| server.fail(Fault::Mute));
    let lost = world.run(&create);
    assert_eq!(lost.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&lost.stderr).into_owned();
    assert!(stderr.contains("reason: OUTCOME_UNKNOWN"), "{stderr}");
    assert!(stderr.contains(&format!("    atoll {create}\n")), "{stderr}");

    let unnamed = world.run("project create newer --timeout 400ms");
    let stderr = String::from_utf8_lossy(&unnamed.stderr).into_owned();
    let again = stderr.lines().find_map(|line| line.trim().strip_prefix("atoll ")).expect("the command to repeat");
    assert!(again.starts_with("project create newer --timeout 400ms --request-id "), "{again}");

    world.servers.iter().for_each(|server| server.fail(Fault::None));
    for line in [&create, again] {
        assert!(world.run(line).status.success(), "{line}");
    }
}

#[test]
fn nobody_in_reach_is_exit_code_4() {
    let mut world = furnished();
    world.servers.iter_mut().for_each(client::double::Server::stop);
    let output = world.run("project list");
    assert_eq!(output.status.code(), Some(4));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("reason: NOT_REACHABLE") && stderr.contains("Connection refused"), "{stderr}");
}

#[test]
fn a_dead_region_is_passed_over_without_reconfiguration() {
    let mut world = furnished();
    world.servers[0].stop();
    let output = world.run("project list -v");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("from us-west-2"), "{output:?}");
}

#[test]
fn regions_are_shown_as_they_look_from_one_of_them() {
    let mut world = furnished();
    let mode = (v1::region::Mode::Unreachable, "NO_ANSWER".to_owned());
    world.ring.state().modes.insert("eu-west-1".to_owned(), mode);
    world.servers[2].stop();
    let text = world.session(&[
        "region list",
        "region list -o wide",
        "region list --region us-west-2 -v -o name",
        "region status us-west-2",
        "region list -o json",
    ]);
    assert_golden("regions.txt", &text);
    let all = world.run("region status");
    assert!(all.status.success());
    assert!(String::from_utf8_lossy(&all.stderr).starts_with("warning: eu-west-1 did not answer"), "{all:?}");
}

#[test]
fn logs_are_listed_and_verified() {
    let mut world = furnished();
    let mut text = world.session(&[
        "log list",
        "log list --from 3 --limit 1 -o name",
        "log list --log region/us-east-1",
        "log verify",
        "log verify --log global --regions us-west-2,eu-west-1 -o json",
        "log list --log nonsense",
    ]);
    world.ring.state().logs.get_mut("global").unwrap()[2].proposal = b"forged".to_vec().into();
    text.push_str(&world.session(&["log verify --log global"]));
    world.ring.state().first_seq = 4;
    text.push_str(&world.session(&["log list --from 1", "log verify --log global"]));
    world.servers[2].stop();
    let regions = "us-east-1,eu-west-1";
    let away = ["log verify --log global --regions", "log verify -o json --log global --regions"];
    text.push_str(&world.session(&away.map(|line| format!("{line} {regions}")).each_ref().map(String::as_str)));
    assert_golden("logs.txt", &text);
}

#[test]
fn a_project_is_deleted_region_by_region() {
    let world = furnished();
    let mut text = world.session(&[&format!("project delete web --yes --async {}", id(8)), "project get web -o wide"]);
    // Named by the project's uid, which in the double is the request that made it.
    let operation = format!("organizations/acme/operations/web.{:032x}", 3);
    world.ring.change(|state| state.acknowledge(&operation, "us-east-1"));
    text.push_str(&world.session(&[
        "operation list",
        &format!("operation get web.{:032x} -o json", 3),
        "operation get 0196f1c2",
        &format!("operation wait {operation} --for 50ms"),
    ]));
    for region in ["us-west-2", "eu-west-1"] {
        world.ring.change(|state| state.acknowledge(&operation, region));
    }
    text.push_str(&world.session(&[&format!("operation wait {operation}"), "project get web"]));
    assert_golden("operations.txt", &text);
}

#[test]
fn deleting_a_project_waits_for_every_region() {
    let world = furnished();
    let operation = format!("organizations/acme/operations/web.{:032x}", 3);
    scope(|scope| {
        scope.spawn(|| {
            while !world.ring.state().operations.contains_key(&operation) {
                std::thread::yield_now();
            }
            for region in ["us-east-1", "us-west-2", "eu-west-1"] {
                world.ring.change(|state| state.acknowledge(&operation, region));
            }
        });
        let output = world.run(&format!("project delete web --yes {}", id(9)));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "project organizations/acme/projects/web deleted\n");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.ends_with("projects.delete web: DONE 100%\n"), "{stderr}");
    });
}

#[test]
fn contexts_are_kept_in_a_file() {
    let world = furnished();
    let text = world.session(&[
        "organization unset",
        "context list",
        "context show",
        "organization set nope",
        "organization set acme",
        "project set nope",
        "folder set dev",
        "project set web",
        "context show -o yaml",
        "context add other --endpoint us-east-1=https://example.com:7101 --region us-east-1",
        "context use other",
        "context list",
        "context add wrong",
        "context add wrong --endpoint us-east-1=example.com",
        "context remove other",
        "context use other",
        "project list --context nowhere",
        "context list -o json",
    ]);
    assert_golden("contexts.txt", &text);
}

#[test]
fn a_name_is_set_unchecked_when_nobody_can_be_asked() {
    let mut world = furnished();
    world.servers.iter_mut().for_each(client::double::Server::stop);
    let output = world.run("project set not-yet");
    assert!(output.status.success(), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("whether organizations/acme/projects/not-yet exists was not checked"), "{stderr}");
    let shown = world.run("context show");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("projects/not-yet"), "{shown:?}");
}

#[test]
fn a_context_whose_authorities_are_gone_is_exit_code_4() {
    let world = furnished();
    let authority = world.files.path().join("ca.pem");
    std::fs::write(&authority, "-----BEGIN CERTIFICATE-----\none").unwrap();
    let add = format!("context add gone --endpoint us-east-1=https://127.0.0.1:1 --ca-file {}", authority.display());
    assert!(world.run(&add).status.success());
    std::fs::remove_file(&authority).unwrap();
    let output = world.run("project list --context gone");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.starts_with("error: reach the ring of the context gone: it is gone, or"), "{stderr}");
    assert!(stderr.contains("\n  next: start the ring again"), "{stderr}");
    let given = world.run(&format!("project list --endpoint a=https://127.0.0.1:1 --ca-file {}", authority.display()));
    assert_eq!(given.status.code(), Some(2), "a wrong path on the command line is wrong usage: {given:?}");
}

#[test]
fn what_was_seen_is_kept_for_the_next_run() {
    let world = furnished();
    world.run("project list");
    let reads = world.ring.state().reads.clone();
    assert_eq!(reads.last().unwrap().token, "global@1.4,region/eu-west-1@1.1,region/us-east-1@1.1");
    world.run("project list --consistency local");
    assert_eq!(world.ring.state().reads.last().unwrap().level(), v1::read_options::Level::Local);
    world.run("context forget");
    world.run("project list");
    assert_eq!(world.ring.state().reads.last().unwrap().token, "");
}

#[test]
fn a_context_that_is_added_again_forgets_only_when_it_may_be_another_ring() {
    let world = furnished();
    let authority = world.files.path().join("ca.pem");
    // Nobody looks into it: the addresses are without TLS.
    std::fs::write(&authority, "-----BEGIN CERTIFICATE-----\none").unwrap();
    let address = |server: usize| format!("--endpoint us-east-1={}", world.servers[server].endpoint().address);
    let add = |address: &str| {
        let output = world.run(&format!("context add again {address} --ca-file {}", authority.display()));
        assert!(output.status.success(), "{output:?}");
    };
    let seen = || {
        assert!(world.run("organization list --context again").status.success());
        world.ring.state().reads.last().unwrap().token.clone()
    };
    add(&address(0));
    assert_eq!(seen(), "", "nothing was seen yet");
    add(&address(0));
    assert_ne!(seen(), "", "the same ring");
    add(&address(1));
    assert_eq!(seen(), "", "other addresses");
    assert_ne!(seen(), "");
    std::fs::write(&authority, "-----BEGIN CERTIFICATE-----\nother").unwrap();
    add(&address(1));
    assert_eq!(seen(), "", "another authority in the same file");
}

#[test]
fn what_reads_must_hold_reaches_the_logs_and_is_refused_where_it_means_nothing() {
    use v1::read_options::Level;
    let world = furnished();
    let last = |line: &str| {
        world.ring.state().reads.clear();
        let output = world.run(line);
        assert!(output.status.success(), "{line}: {output:?}");
        world.ring.state().reads.clone()
    };
    for line in ["log list", "log verify --log global --regions us-east-1"] {
        let reads = last(&format!("{line} --consistency linearizable --max-staleness 3s"));
        assert!(!reads.is_empty(), "{line}");
        for read in reads {
            assert_eq!((read.level(), read.max_staleness.unwrap().seconds), (Level::Linearizable, 3), "{line}");
        }
    }
    assert!(last("log list").iter().all(|read| read.level() == Level::AtLeast));
    assert!(last("log verify --log global").iter().all(|read| read.level() == Level::Local), "copies as they are");
    for line in ["region list --consistency linearizable", "region status --max-staleness 1s"] {
        let output = world.run(line);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--max-staleness"), "{output:?}");
    }
}

#[test]
fn all_calls_of_a_run_are_one_trace_which_is_said_when_asked_for() {
    let world = furnished();
    world.ring.state().traces.clear();
    let output = world.run("project describe web -v");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = stderr.lines().find_map(|line| line.strip_prefix("trace ")).expect("the trace id").to_owned();
    let traces = world.ring.state().traces.clone();
    assert!(!traces.is_empty());
    assert!(traces.iter().all(|(_, trace)| trace.contains(&said) && trace.ends_with("-01")), "{said} {traces:?}");
}

#[test]
fn help_has_examples() {
    let world = World::start();
    let text = world.session(&[
        "--help",
        "project delete --help",
        "cluster create --help",
        "cluster decisions --help",
        "log verify --help",
        "version",
        "version -o json",
    ]);
    assert_golden("help.txt", &text);
    let completions = world.run("completions bash");
    assert!(String::from_utf8_lossy(&completions.stdout).contains("_atoll()"));
}
