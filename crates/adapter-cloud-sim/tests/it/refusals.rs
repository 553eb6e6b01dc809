//! What `serve` and the commands refuse before they change anything: one line, exit code 2.

use std::{fs, net::TcpListener};

use crate::process::{Place, refused, run};

fn serve(place: &Place, address: &str) -> String {
    let arguments = place.serve(address);
    refused(&run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()))
}

#[test]
fn a_port_in_use_is_named_and_no_directory_is_made() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = serve(&place, &address);
    assert!(said.contains(&address) && said.contains("the port is in use"), "{said}");
    assert!(!place.data().exists());
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let place = Place::new();
    let said = serve(&place, "0.0.0.0:0");
    assert!(said.contains("0.0.0.0:0") && said.contains("loopback"), "{said}");
    assert!(!place.data().exists());
}

#[test]
fn a_directory_that_is_none_is_named() {
    let place = Place::new();
    fs::write(place.data(), "a file").unwrap();
    let said = serve(&place, "127.0.0.1:0");
    assert!(said.contains(place.data().to_str().unwrap()), "{said}");
    assert_eq!(fs::read_to_string(place.data()).unwrap(), "a file");
    // /proc takes no new directory, not even of a privileged process.
    let said = refused(&run(&["serve", "--listen", "127.0.0.1:0", "--data", "/proc/cloud-sim"]));
    assert!(said.contains("/proc/cloud-sim"), "{said}");
}

#[test]
fn a_directory_that_holds_something_else_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("thesis.txt"), "years of work").unwrap();
    let said = serve(&place, "127.0.0.1:0");
    assert!(said.contains("thesis.txt"), "{said}");
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 1);
}

#[test]
fn a_second_process_on_a_directory_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    let process = place.start();
    let said = serve(&place, "127.0.0.1:0");
    assert!(said.contains(place.data().to_str().unwrap()) && said.contains("another process uses it"), "{said}");
    assert!(process.says(&["accounts"]).starts_with("000000000001\n"));
}

#[test]
fn damaged_state_is_named_and_left_as_it_is() {
    let place = Place::new();
    place.start().stop();
    let path = place.data().join("snapshot-0000000002");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(serve(&place, "127.0.0.1:0").contains("checksum"));
    fs::write(&path, "something else").unwrap();
    assert!(serve(&place, "127.0.0.1:0").contains("something else"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "something else");
}

#[test]
fn configurations_that_make_no_sense_are_refused_with_file_key_and_value() {
    let place = Place::new();
    for (text, wanted) in [
        ("acounts = 3\n", "acounts"),
        ("accounts = 0\n", "wanted 1 to 10000"),
        ("accounts = \"many\"\n", "many"),
        ("[vices]\nlagg = 3\n", "lagg"),
        ("[vices]\nstale = 70000\n", "70000"),
        ("[delays]\nlaunch = -1\n", "-1"),
        ("catalog = \"none.yaml\"\n", "none.yaml"),
        ("catalog = \"cloud.toml\"\n", "cloud.toml"),
        ("no toml", "cloud.toml"),
    ] {
        place.configure(text);
        let said = serve(&place, "127.0.0.1:0");
        assert!(said.contains(wanted), "{text:?}: {said}");
        assert!(!place.data().exists());
    }
    fs::remove_file(place.config()).unwrap();
    assert!(serve(&place, "127.0.0.1:0").contains("cloud.toml"));
}

#[test]
fn what_was_settled_when_the_cloud_was_made_is_not_changed() {
    let place = Place::new();
    place.configure("seed = 3\naccounts = 2\n");
    place.start().stop();
    for (text, wanted) in [("seed = 4\n", "seed 4"), ("accounts = 5\n", "accounts 5")] {
        place.configure(text);
        let said = serve(&place, "127.0.0.1:0");
        assert!(said.contains(wanted) && said.contains("that stays"), "{said}");
    }
}

#[test]
fn arguments_that_make_no_sense_end_with_exit_code_2() {
    for arguments in [
        &["serve"][..],
        &["serve", "--data", "/tmp/x", "--listen", "here"],
        &["serve", "--data", "/tmp/x", "--seed", "-1"],
        &["bill", "--from", "yesterday"],
        &["vices", "set", "lag"],
        &["kill"],
        &["explode"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: "), "{arguments:?}");
    }
}

#[test]
fn a_command_says_that_no_process_is_there() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    drop(taken);
    let said = refused(&run(&["status", "--at", &address]));
    assert!(said.contains(&address) && said.contains("refused"), "{said}");
}
