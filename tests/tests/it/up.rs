//! `chaos up`, as `cargo xtask up` runs it.

use std::{path::Path, process::Output, time::Duration};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::rig::{Atoll, alone, binary};

async fn chaos(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(binary("chaos"));
    command.args(args).arg("--state").arg(dir.join("up.toml")).env("ATOLL_CONFIG", dir.join("config.toml"));
    let output = command.stdin(std::process::Stdio::null()).kill_on_drop(true).output();
    timeout(Duration::from_secs(200), output).await.expect("it ends").unwrap()
}

/// Takes a detached ring down also where a test fails.
struct Down<'a>(&'a Path);

impl Drop for Down<'_> {
    fn drop(&mut self) {
        let mut command = std::process::Command::new(binary("chaos"));
        let down = command.arg("down").arg("--state").arg(self.0.join("up.toml")).output();
        // What a test says of its own is what counts; that nothing is up any more is as it should be.
        let _ = down;
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_comes_up_with_something_in_it_leaves_other_contexts_alone_and_keeps_its_data() {
    let _alone = alone().await;
    let dir = tempfile::tempdir().unwrap();
    let _down = Down(dir.path());
    let atoll = Atoll { config: dir.path().join("config.toml") };
    atoll.ok(&["context", "add", "other", "--endpoint", "us-east-1=https://127.0.0.1:1"]).await;
    let data = dir.path().join("data");
    let up = ["up", "--detach", "--data", data.to_str().unwrap()];

    let started = chaos(dir.path(), &up).await;
    assert!(started.status.success(), "{}", text(&started));
    assert!(text(&started).contains("endpoints:"), "{}", text(&started));
    let again = chaos(dir.path(), &up).await;
    assert!(again.status.code() == Some(2) && text(&again).contains("up already"), "{}", text(&again));

    let wish = ["cluster", "create", "first", "--type", "development", "--location", "eu-west-1", "--wait"];
    atoll.ok(&[&["--context", "local"][..], &wish].concat()).await;
    let clusters = atoll.json(&["--context", "local", "cluster", "list"]).await;
    let items = clusters["items"].as_array().unwrap();
    assert!(items.len() == 1 && items[0]["status"]["state"] == "RUNNING", "{clusters}");
    let contexts: Value = atoll.json(&["context", "list"]).await;
    let text_of = contexts.to_string();
    assert!(text_of.contains("other") && text_of.contains("local"), "{text_of}");
    atoll.ok(&["--context", "local", "folder", "create", "kept"]).await;

    assert!(chaos(dir.path(), &["down"]).await.status.success());
    let (code, _) = atoll.fails(&["--context", "local", "folder", "list"]).await;
    assert_eq!(code, 4, "nobody is there any more");
    let started = chaos(dir.path(), &up).await;
    assert!(started.status.success(), "{}", text(&started));
    atoll.ok(&["--context", "local", "folder", "get", "kept"]).await;
    let machines = atoll.json(&["--context", "local", "cluster", "machines", "first", "--location", "eu-west-1"]).await;
    assert!(!machines["items"].as_array().unwrap().is_empty(), "the cloud kept its machines too: {machines}");
    let down = chaos(dir.path(), &["down"]).await;
    assert!(text(&down).contains("stopped"), "{}", text(&down));
}
