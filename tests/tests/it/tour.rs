//! A person's first minutes with `atoll`, on three regions.

use serde_json::Value;

use crate::rig::Rig;

fn names(listed: &Value) -> Vec<&str> {
    listed["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_makes_looks_at_moves_and_deletes_things() {
    let rig = Rig::start(1).await;
    rig.add_context().await;
    let atoll = &rig.atoll;

    atoll.ok(&["organization", "create", "acme", "--display-name", "Acme Inc"]).await;
    atoll.ok(&["organization", "set", "acme"]).await;
    atoll.ok(&["folder", "create", "dev"]).await;
    atoll.ok(&["folder", "create", "staging"]).await;
    let made = atoll.json(&["project", "create", "web", "--folder", "dev"]).await;
    assert_eq!(made["name"], "organizations/acme/projects/web");
    assert_eq!(made["parent"], "organizations/acme/folders/dev");

    let listed = atoll.json(&["folder", "list"]).await;
    assert_eq!(names(&listed), ["organizations/acme/folders/dev", "organizations/acme/folders/staging"]);
    let table = atoll.ok(&["folder", "list"]).await;
    assert!(table.lines().next().unwrap().contains("NAME") && table.lines().count() == 3, "{table}");
    let described = atoll.ok(&["organization", "describe", "acme"]).await;
    assert!(described.contains("Acme Inc") && described.contains("dev"), "{described}");

    atoll.ok(&["project", "move", "web", "--to", "staging"]).await;
    let moved = atoll.json(&["project", "get", "web"]).await;
    assert_eq!(moved["parent"], "organizations/acme/folders/staging");
    assert!(names(&atoll.json(&["project", "list", "--folder", "dev"]).await).is_empty());

    let (code, error) = atoll.fails(&["folder", "delete", "staging", "--yes"]).await;
    assert!(code == 1 && error.contains("NOT_EMPTY"), "{code}: {error}");
    let regions = atoll.json(&["region", "list"]).await;
    assert_eq!(names(&regions).len(), 3, "{regions}");

    // Waits until each region has acknowledged.
    atoll.ok(&["project", "delete", "web", "--yes"]).await;
    let gone = atoll.json(&["project", "list", "--folder", "staging"]).await;
    let left = gone["items"].as_array().unwrap().iter().filter(|item| item["state"] != "STATE_DELETED").count();
    assert_eq!(left, 0, "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_logs_can_be_read_and_verified_from_outside() {
    let rig = Rig::start(1).await;
    rig.add_context().await;
    rig.project(&rig.client(0), "acme").await;
    let records = rig.atoll.json(&["log", "list", "--log", "global"]).await;
    let kinds: Vec<&str> = records["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|record| record["facts"].as_array().unwrap())
        .map(|fact| fact["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"organization-created") && kinds.contains(&"project-created"), "{kinds:?}");
    rig.atoll.ok(&["log", "verify"]).await;
}
