//! `verify` on a directory in which something is wrong.

use std::fs;

use api::v1;
use client::Write;

use crate::node::{Place, block_on, contents, refused, run};

#[test]
fn a_flipped_byte_in_a_record_is_found_and_nothing_is_changed() {
    let place = Place::new();
    let mut node = place.serve();
    let marker = "a display name to be found again";
    block_on(async {
        let organization = v1::Organization { display_name: marker.to_owned(), ..v1::Organization::default() };
        node.client().organizations().create("acme", organization, &Write::default()).await.unwrap();
    });
    node.signal("TERM");
    assert!(node.ended().success());

    let files = contents(&place.data.join("log"));
    let find = |content: &[u8]| content.windows(8).position(|window| window == &marker.as_bytes()[..8]);
    let hit = files.iter().find_map(|(path, content)| Some((path, content, find(content)?)));
    let (path, content, at) = hit.expect("the record is on disk, as it was written");
    let mut damaged = content.clone();
    damaged[at] ^= 1;
    fs::write(path, damaged).unwrap();

    let before = contents(&place.data);
    let found = run(&["verify", "--data", place.data.to_str().unwrap()]);
    let said = String::from_utf8(found.stdout).unwrap();
    assert_eq!(found.status.code(), Some(1), "{said}");
    assert!(said.contains("finding: "), "{said}");
    let found = run(&["verify", "--data", place.data.to_str().unwrap(), "-o", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(value["sound"], false);
    assert!(contents(&place.data) == before, "verify changed something");
}

#[test]
fn a_directory_that_is_no_members_is_refused() {
    let place = Place::new();
    assert!(refused(&["verify", "--config", &place.config()]).contains("there is none"));
}
