//! Who may do what: what people see.

use client::v1;

use crate::{golden::assert_golden, world::World};

const ANN: &str = "user:ann@acme.example";
const FOLDER: &str = "organizations/acme/folders/prod";
const CLUSTER: &str = "organizations/acme/projects/web/locations/us-east-1/clusters/shop";

fn record(seq: u64, author: &str) -> Option<v1::RecordCited> {
    let time = Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 0 });
    Some(v1::RecordCited { log: "global".to_owned(), incarnation: 1, seq, time, author: author.to_owned() })
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

fn allowed() -> v1::ExplainAccessResponse {
    let node = |node: &str, seq| v1::NodeCited { node: node.to_owned(), record: record(seq, "") };
    v1::ExplainAccessResponse {
        allowed: true,
        binding: Some(v1::Binding {
            role: "folder.edit".to_owned(),
            member: "group:oncall".to_owned(),
            node: FOLDER.to_owned(),
            ..Default::default()
        }),
        record: record(12, "user:ada@acme.example"),
        groups: vec![v1::MembershipCited {
            group: "group:oncall".to_owned(),
            record: record(11, "user:ada@acme.example"),
        }],
        path: vec![
            node("organizations/acme", 3),
            node(FOLDER, 8),
            node("organizations/acme/projects/web", 9),
            node(CLUSTER, 2),
        ],
        ..Default::default()
    }
}

fn previewed() -> v1::PreviewChangeResponse {
    let difference = |node: &str, gained: &[&str], lost: &[&str], node_count| v1::PreviewDifference {
        node: node.to_owned(),
        gained: words(gained),
        lost: words(lost),
        node_count,
        removed: false,
    };
    let class = v1::PreviewClass {
        members: words(&[ANN, "user:ben@acme.example"]),
        member_count: 2,
        differences: vec![
            difference(FOLDER, &["folder.get", "cluster.get", "cluster.update"], &[], 14),
            difference(CLUSTER, &[], &["cluster.delete"], 1),
        ],
        difference_count: 2,
        node_count: 14,
    };
    let end = Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 0 });
    let at_once = v1::PreviewStage { start_time: None, classes: vec![class], class_count: 1, pair_count: 28 };
    let later = v1::PreviewStage { start_time: end, ..Default::default() };
    v1::PreviewChangeResponse { stages: vec![at_once, later], plan_token: "0a1b@global@1.12".to_owned() }
}

/// Answers of the double to questions about access.
fn told(world: &World) {
    let mut state = world.ring.state();
    state.access.effective = vec![
        v1::EffectiveRights { node: FOLDER.to_owned(), rights: words(&["folder.get", "folder.update"]) },
        v1::EffectiveRights { node: CLUSTER.to_owned(), rights: words(&["cluster.get"]) },
    ];
    state.access.who_can = words(&["group:oncall", ANN]);
    state.access.explained = allowed();
    state.access.previewed = previewed();
    let rights = words(&["folder.get", "folder.getPolicy"]);
    let (name, bound_at) = ("roles/folder.view".to_owned(), words(&["organization", "folder"]));
    state.roles.insert(name.clone(), v1::Role { name, rights, bound_at, state: 1, ..Default::default() });
}

#[test]
fn policies_are_changed_looked_at_and_explained() {
    let world = World::with_cloud();
    told(&world);
    let mut text = world.session(&[
        "iam grant organization.view group:staff --on organization",
        "iam grant folder.edit group:oncall --on folder/prod",
        "iam grant folder.admin user:ann@acme.example --on folder/prod --from 2026-12-01 --until 2026-12-08",
        "iam policy show folder/prod",
        "iam policy show folder/prod -o json",
        "iam policy export folder/prod",
        "iam effective user:ann@acme.example --on folder/prod --below",
        "iam effective user:ann@acme.example --on folder/prod --below -o json",
        "iam who-can cluster.update --on cluster/us-east-1/shop",
        "iam explain user:ann@acme.example cluster.update --on cluster/us-east-1/shop",
        "iam explain user:ann@acme.example cluster.update --on cluster/us-east-1/shop -o json",
        "iam grant folder.view user:ben@acme.example --on folder/prod --preview",
        "iam grant folder.view user:ben@acme.example --on folder/prod --plan 0a1b@global@1.12",
        "iam grant folder.view user:ben@acme.example --on folder/prod --plan another",
        "iam ungrant folder.edit group:oncall --on folder/prod",
        "iam ungrant folder.edit group:oncall --on folder/prod",
        "iam grant folder.edit group:oncall --on prod",
    ]);
    world.ring.state().access.explained = v1::ExplainAccessResponse {
        denial: v1::explain_access_response::Denial::NotGranted.into(),
        roles: vec![v1::RoleThatWould { role: "cluster.admin".to_owned(), bound_at: words(&["project", "cluster"]) }],
        ..Default::default()
    };
    text += &world.session(&["iam explain user:ben@acme.example cluster.delete --on cluster/us-east-1/shop"]);
    assert_golden("access.txt", &text);
}

#[test]
fn groups_and_roles_are_made_changed_and_listed() {
    let world = World::with_cloud();
    told(&world);
    let text = world.session(&[
        "iam group create oncall --member user:ann@acme.example --member group:night --display-name \"On call\"",
        "iam group update oncall --add user:ben@acme.example --remove group:night",
        "iam group get group:oncall",
        "iam group list",
        "iam group delete oncall --yes",
        "iam role create opener --right project.createCluster --right project.get --bound-at folder --bound-at project",
        "iam role update custom/opener --right project.createCluster",
        "iam role get folder.view",
        "iam role list",
        "iam role delete custom/opener --yes",
    ]);
    assert_golden("groups.txt", &text);
}

#[test]
fn a_policy_that_was_exported_is_imported() {
    let world = World::with_cloud();
    let run = |line: &str| {
        let output = world.run(line);
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run("iam grant folder.edit group:oncall --on folder/prod --until 2026-12-08");
    let file = world.files.path().join("prod.yaml");
    let exported = run("iam policy export folder/prod");
    std::fs::write(&file, &exported).unwrap();
    run("iam grant folder.view user:ben@acme.example --on folder/prod");
    let import = format!("iam policy import {}", file.display());
    let refused = world.run(&import);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("etag"), "{said}");
    let any: String =
        exported.lines().filter(|line| !line.starts_with("etag")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&file, any).unwrap();
    run(&import);
    let again = run("iam policy export folder/prod");
    let bindings = |text: &str| text.split_once("bindings").unwrap().1.to_owned();
    assert_eq!(bindings(&again), bindings(&exported));
    std::fs::write(&file, "name: x\nbindings: []\nowner: me\n").unwrap();
    let refused = world.run(&import);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("owner"));
}

#[test]
fn a_member_is_revoked_and_the_revoke_is_lifted() {
    let world = World::with_cloud();
    let id = "--request-id 00000000000000000000000000000007";
    let text = world.session(&[
        &format!("revoke user:ann@acme.example --on folder/prod --reason \"stolen laptop\" {id}"),
        "iam revoke list",
        "iam revoke list -o json",
        "iam revoke lift us-east-1.00000000000000000000000000000007 --reason found",
        "iam revoke lift us-east-1.00000000000000000000000000000007",
        "iam revoke list",
        "iam revoke list --lifted -o wide",
        "iam revoke lift nothing",
        "iam break-glass show",
        "iam break-glass set user:eve@acme.example",
        "iam break-glass show",
        "iam break-glass unset",
        "iam grant breakglass user:eve@acme.example --on organization --for 2h --preview",
    ]);
    assert_golden("revokes.txt", &text);
}
