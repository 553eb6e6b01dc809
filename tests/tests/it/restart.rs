//! State over restarts, and what `region-node verify` says of it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use chaos::drill::report::verify;
use client::{Read, Write, v1};

use crate::rig::{Rig, STARTS_WITHIN, binary};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_of_everything_the_state_is_there_and_verifies() {
    let mut rig = Rig::start(1).await;
    let client = rig.client(0);
    let project = rig.project(&client, "acme").await;
    for number in 0..20 {
        let parent = format!("{project}/locations/{}", rig.region(number % 3));
        let cluster = v1::Cluster { cluster_type: "DEVELOPMENT".into(), ..Default::default() };
        client.clusters().create(&parent, &format!("c{number}"), cluster, &Write::default()).await.unwrap();
    }
    rig.ring.stop().await.unwrap();
    let members: Vec<_> = rig.ring.nodes.iter().map(|node| node.member).collect();
    members.iter().try_for_each(|member| rig.ring.launch(*member)).unwrap();
    rig.ring.wait_serving(STARTS_WITHIN).await.unwrap();

    // A client that has seen nothing: the others are not asked to wait for what it saw.
    let fresh = rig.client(1);
    let got = fresh.projects().get(&project, &Read::linearizable()).await.unwrap();
    assert_eq!(got.value.name, project);
    let listed = fresh.clusters().list(&format!("{project}/locations/-"), 0, &Read::linearizable()).collect().await;
    let listed = listed.unwrap();
    assert_eq!((listed.items.len(), listed.unreachable.len()), (20, 0));

    rig.ring.stop().await.unwrap();
    for node in &rig.ring.nodes {
        verify(&binary("region-node"), &node.config).await.unwrap().unwrap();
    }
    flipped_bytes_are_found(&rig.ring.nodes[0].config, &rig.ring.nodes[0].data).await;
}

/// Flips one byte of one file after the other, and wants `verify` to find each.
async fn flipped_bytes_are_found(config: &Path, data: &Path) {
    let files = store_files(data);
    assert!(!files.is_empty(), "no file of the store in {}", data.display());
    for file in files {
        let sound = fs::read(&file).unwrap();
        let mut flipped = sound.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x10;
        fs::write(&file, &flipped).unwrap();
        let found = verify(&binary("region-node"), config).await.unwrap();
        assert!(found.is_err(), "byte {middle} of {} was flipped, and nothing found", file.display());
        fs::write(&file, &sound).unwrap();
    }
    verify(&binary("region-node"), config).await.unwrap().expect("as it was before");
}

/// Tables and write-ahead logs that hold something.
fn store_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let is_store = path.extension().is_some_and(|extension| extension == "sst" || extension == "log");
        if path.is_dir() {
            files.extend(store_files(&path));
        } else if is_store && entry.metadata().unwrap().len() > 0 {
            files.push(path);
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_cannot_work_ends_with_one_clear_line() {
    let mut rig = Rig::start(1).await;
    let node = &rig.ring.nodes[0];
    // The same member a second time: its port is in use, or its directory is.
    let mut second = tokio::process::Command::new(binary("region-node"));
    second.arg("serve").arg("--config").arg(&node.config).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(20), second.output()).await.expect("it ends").unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    let last = error.trim_end().lines().last().unwrap_or_default();
    assert!(last.starts_with("region-node: "), "{error}");
    rig.ring.stop().await.unwrap();
}
