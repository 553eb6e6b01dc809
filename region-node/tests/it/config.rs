//! Reading the configuration.

use std::{fs, path::PathBuf, process::Command};

use crate::node::{Place, refused, run};

const LEAST: &str = r#"
ring = "demo"
member = 1
region = "us-east-1"
data = { dir = "data" }
[[members]]
id = 1
region = "us-east-1"
api = "https://127.0.0.1:7101"
peer = "127.0.0.1:7201"
"#;

/// A change of a default is a change of this file. To write it anew, run with `ATOLL_UPDATE_GOLDEN=1`.
#[test]
fn the_defaults_are_these() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), LEAST).unwrap();
    let output = run(&["config", "--config", file.path().to_str().unwrap()]);
    let shown = String::from_utf8(output.stdout).unwrap();
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/defaults.toml");
    #[expect(clippy::disallowed_methods, reason = "a person asks for a new golden file by it")]
    if std::env::var("ATOLL_UPDATE_GOLDEN").is_ok() {
        fs::write(&golden, &shown).unwrap();
    }
    assert_eq!(shown, fs::read_to_string(golden).unwrap());
}

#[test]
fn what_is_printed_is_a_configuration_that_says_the_same() {
    let place = Place::new();
    let shown = run(&["config", "--config", &place.config()]).stdout;
    fs::write(place.config(), &shown).unwrap();
    let again = run(&["config", "--config", &place.config()]).stdout;
    let without_origin = |text: &[u8]| {
        let text = String::from_utf8(text.to_vec()).unwrap();
        text.lines().map(|line| line.split('#').next().unwrap().trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(without_origin(&again), without_origin(&shown));
}

#[test]
fn the_environment_goes_over_the_file_and_says_so() {
    let place = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_region-node"));
    command.args(["config", "--config", &place.config()]);
    command.envs([
        ("ATOLL_DATA_DIR", "/somewhere"),
        ("ATOLL_CATCH_UP_BYTES_PER_SECOND", "1MiB"),
        ("ATOLL_TLS_NAMES", r#"["node.example"]"#),
        ("ATOLL_TELEMETRY_SAMPLE", "0.5"),
        ("ATOLL_RING", "7"),
        ("ATOLL_CONFIG", "of another program"),
    ]);
    let output = command.output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let has = |wanted: &str| {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.lines().any(|line| squeezed(line) == wanted), "no {wanted} in {shown}");
    };
    has("dir = \"/somewhere\" # ATOLL_DATA_DIR");
    has("bytes_per_second = \"1MiB\" # ATOLL_CATCH_UP_BYTES_PER_SECOND");
    has("names = [\"node.example\"] # ATOLL_TLS_NAMES");
    has("sample = 0.5 # ATOLL_TELEMETRY_SAMPLE");
    has("ring = \"7\" # ATOLL_RING");
    has("reserve = \"16MiB\" # file");
    has("multiplier = 1.0 # default");

    for typo in ["ATOLL_RINGS", "ATOLL_DATUM_DIR", "ATOLL_"] {
        let output = command.env(typo, "x").output().unwrap();
        command.env_remove(typo);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{typo} was taken: {said}");
        assert!(said.contains(typo) && said.contains("it sets nothing") && said.contains("catch_up"), "{said}");
    }
    command.env("ATOLL_DATA_DRI", "x");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("ATOLL_DATA_DRI") && said.contains("dir, reserve"), "{said}");
}

#[test]
fn a_value_that_does_not_read_is_named_with_what_would() {
    let with = |from: &str, to: &str, wanted: &[&str]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(LEAST.contains(from), "{from}");
        fs::write(file.path(), LEAST.replacen(from, to, 1)).unwrap();
        let said = refused(&["config", "--config", file.path().to_str().unwrap()]);
        for part in wanted {
            assert!(said.contains(part), "no {part} in {said}");
        }
    };
    let more = |line: &'static str| {
        move |wanted: &[&str]| {
            with("region = \"us-east-1\"\ndata", &format!("{line}\nregion = \"us-east-1\"\ndata"), wanted)
        }
    };
    with("member = 1", "member = 1\ncolour = \"red\"", &["unknown field `colour`", "line"]);
    with("dir = \"data\"", "dir = \"data\", reserve = \"64MB\"", &["64MB", "64MiB"]);
    with("ring = \"demo\"", "ring = \"Demo\"", &["ring", "Demo", "a-z"]);
    with("member = 1", "member = 2", &["member 2 of us-east-1 is not listed"]);
    with("https://127.0.0.1:7101", "http://127.0.0.1:7101", &["members[id = 1].api", "https://HOST:PORT"]);
    with("127.0.0.1:7201", "127.0.0.1", &["members[id = 1].peer", "HOST:PORT"]);
    with("id = 1\nregion = \"us-east-1\"", "id = 1\nregion = \"US\"", &["members[id = 1].region", "US"]);
    more("listen = { api = \"localhost\" }")(&["\"localhost\"", "127.0.0.1:7101"]);
    more("tls = { mode = \"files\" }")(&["tls.ca", "mode = \"files\""]);
    more("tls = { mode = \"some\" }")(&["some", "development"]);
    more("telemetry = { sample = 1.5 }")(&["telemetry.sample", "1.5", "0 to 1"]);
    more("timing = { region = { heartbeat = \"100\", election_min = \"1s\", election_max = \"2s\" } }")(&[
        "\"100\"", "250ms",
    ]);
    more("timing = { region = { heartbeat = \"1s\", election_min = \"1s\", election_max = \"2s\" } }")(&[
        "timing.region",
        "2 x heartbeat <= election_min < election_max",
    ]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    assert!(refused(&["config", "--config", "/nowhere/node.toml"]).contains("/nowhere/node.toml"));
}
