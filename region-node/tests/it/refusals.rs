//! What `serve` refuses before it changes anything: one line and exit code 2.

use std::{fs, net::TcpListener};

use crate::node::{Place, contents, refused, run};

#[test]
fn a_directory_without_a_member_is_not_made_one_by_serving() {
    let place = Place::new();
    let said = refused(&["serve", "--config", &place.config()]);
    assert!(said.contains("region-node init") && said.contains("region-node join"), "{said}");
    assert!(!place.data.exists());
}

#[test]
fn a_port_in_use_is_named() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = fs::read_to_string(place.config()).unwrap();
    for key in ["api", "peer", "telemetry"] {
        let with = config.replacen(&format!("{key} = \"127.0.0.1:0\""), &format!("{key} = \"{address}\""), 1);
        assert_ne!(with, config);
        fs::write(place.config(), with).unwrap();
        let said = refused(&["serve", "--init", "--config", &place.config()]);
        assert!(said.contains(&address) && said.contains("the port is in use"), "{said}");
        assert!(!place.data.exists() && !place.authority().exists());
    }
}

#[test]
fn a_data_directory_that_is_none_is_named() {
    let place = Place::new();
    fs::write(&place.data, "a file").unwrap();
    let said = refused(&["serve", "--init", "--config", &place.config()]);
    assert!(said.contains(place.data.to_str().unwrap()) && said.contains("not a directory"), "{said}");
    assert_eq!(fs::read_to_string(&place.data).unwrap(), "a file");

    // /proc takes no new directory, not even of a privileged process.
    let config = fs::read_to_string(place.config()).unwrap();
    fs::write(place.config(), config.replace(place.data.to_str().unwrap(), "/proc/atoll")).unwrap();
    let said = refused(&["init", "--config", &place.config()]);
    assert!(said.contains("/proc/atoll"), "{said}");
}

#[test]
fn a_directory_that_holds_something_else_is_left_alone() {
    let place = Place::new();
    fs::create_dir(&place.data).unwrap();
    fs::write(place.data.join("thesis.txt"), "years of work").unwrap();
    let said = refused(&["init", "--config", &place.config()]);
    assert!(said.contains("thesis.txt"), "{said}");
    assert_eq!(contents(&place.data).len(), 1);
}

#[test]
fn the_data_of_another_member_or_ring_is_left_alone() {
    let place = Place::new();
    assert!(run(&["init", "--config", &place.config()]).status.success());
    let before = contents(&place.data);
    let config = fs::read_to_string(place.config()).unwrap();
    for (from, to, wanted) in [
        ("ring = \"test\"", "ring = \"other\"", "it belongs to the ring \"test\""),
        ("member = 1\n", "member = 2\n", "it belongs to the member m1"),
    ] {
        fs::write(
            place.config(),
            config.replacen(from, to, 1).replace("id = 1", if from.contains('1') { "id = 2" } else { "id = 1" }),
        )
        .unwrap();
        let said = refused(&["serve", "--config", &place.config()]);
        assert!(said.contains(wanted), "{said}");
        assert!(!place.authority().exists(), "no certificates of another ring are made");
    }
    let newer =
        String::from_utf8(fs::read(place.data.join("identity")).unwrap()).unwrap().replace("format 1", "format 9");
    fs::write(place.config(), &config).unwrap();
    fs::write(place.data.join("identity"), newer).unwrap();
    let said = refused(&["serve", "--config", &place.config()]);
    assert!(said.contains("format 9"), "{said}");
    let after = contents(&place.data);
    let untouched = |(path, _): &&(std::path::PathBuf, Vec<u8>)| path.file_name().is_none_or(|name| name != "identity");
    assert!(before.iter().filter(untouched).eq(after.iter().filter(untouched)), "something else was changed");
}

#[test]
fn a_member_of_a_ring_is_not_initialized_again() {
    let place = Place::new();
    let mut node = place.serve();
    node.signal("TERM");
    assert!(node.ended().success());
    let said = refused(&["init", "--config", &place.config()]);
    assert!(said.contains("part of a ring already"), "{said}");
}

#[test]
fn certificates_that_are_none_are_named() {
    let place = Place::new();
    let config = fs::read_to_string(place.config()).unwrap();
    let (ca, key) = (place.dir.path().join("ca.pem"), place.dir.path().join("key.pem"));
    fs::write(&ca, "no certificate").unwrap();
    let tls = format!("tls = {{ mode = \"files\", ca = {ca:?}, cert = {ca:?}, key = {key:?} }}");
    let lines: Vec<_> = config.lines().map(|line| if line.starts_with("tls") { tls.as_str() } else { line }).collect();
    fs::write(place.config(), lines.join("\n")).unwrap();
    let said = refused(&["serve", "--init", "--config", &place.config()]);
    assert!(said.contains(".pem"), "{said}");
    assert!(!place.data.exists());
}

#[test]
fn a_member_of_a_ring_does_not_take_the_place_of_another() {
    let place = Place::new();
    let join = || refused(&["join", "--config", &place.config(), "--replaces", "9"]);
    assert!(run(&["init", "--config", &place.config()]).status.success());
    assert!(join().contains("it is a member already"), "it is to form its ring");
    let mut node = place.serve();
    node.signal("TERM");
    node.ended();
    assert!(!place.data.join("to-be-formed").exists());
    assert!(join().contains("it is a member already"), "it has voted");
    assert!(!place.data.join("joining").exists());
}
