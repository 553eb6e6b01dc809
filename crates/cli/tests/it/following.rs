//! Commands that go on: watched lists and followed logs, over a region that dies.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::world::World;

/// A command under way, killed at the end.
struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    fn start(world: &World, line: &str) -> Self {
        let mut child = world.spawn(line);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("it ended").unwrap()
    }

    /// Kind and name of the next event.
    fn event(&mut self) -> (String, String) {
        let event: Value = serde_json::from_str(&self.line()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&event["type"]), text(&event["object"]["name"]))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn run(world: &World, line: &str) {
    let output = world.run(line);
    assert!(output.status.success(), "{line}: {output:?}");
}

fn furnished() -> World {
    let world = World::with_context();
    for line in ["organization create acme", "organization set acme", "folder create dev", "project create web"] {
        run(&world, line);
    }
    world
}

#[test]
fn a_watched_list_shows_what_is_there_and_then_what_changes() {
    let world = furnished();
    let mut following = Following::start(&world, "project list --watch -o json");
    let project = |kind: &str, id: &str| (kind.to_owned(), format!("organizations/acme/projects/{id}"));
    assert_eq!(following.event(), project("ADDED", "web"));
    run(&world, "project create api");
    assert_eq!(following.event(), project("ADDED", "api"));
    run(&world, "project create other --folder dev");
    run(&world, "project update web --display-name Web");
    assert_eq!(following.event(), project("MODIFIED", "web"), "what is elsewhere is not shown");
    run(&world, "project move api --to dev");
    assert_eq!(following.event(), project("DELETED", "api"), "what leaves the list is gone from it");
    run(&world, "project move other --to-organization");
    assert_eq!(following.event(), project("ADDED", "other"));
}

#[test]
fn a_watch_goes_on_when_its_region_dies() {
    let mut world = furnished();
    let mut following = Following::start(&world, "project get web --watch -o json");
    assert_eq!(following.event().0, "ADDED");
    world.servers[0].stop();
    for text in ["one", "two"] {
        run(&world, &format!("project update web --description {text}"));
        assert_eq!(following.event().0, "MODIFIED");
    }
}

#[test]
fn a_watched_table_says_what_happened() {
    let world = furnished();
    let mut following = Following::start(&world, "folder list --watch");
    let words = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(following.line()), ["EVENT", "NAME", "FOLDER", "DISPLAY", "NAME", "STATE", "AGE"]);
    assert_eq!(words(following.line())[..2], ["ADDED", "dev"]);
    run(&world, "folder delete dev --yes");
    assert_eq!(words(following.line())[..2], ["DELETED", "dev"]);
}

#[test]
fn clusters_of_all_regions_are_watched_together() {
    let world = furnished();
    run(&world, "project set web");
    let mut following = Following::start(&world, "cluster list --watch -o json");
    // The list is empty; the watch has begun when a first change is seen.
    run(&world, "cluster create a --location us-east-1");
    assert_eq!(following.event().0, "ADDED");
    run(&world, "cluster create b --location eu-west-1");
    assert!(following.event().1.ends_with("/locations/eu-west-1/clusters/b"));
    run(&world, "cluster delete us-east-1/a --yes");
    assert_eq!(following.event().0, "DELETED");
}

#[test]
fn a_log_is_followed_from_where_it_was_asked() {
    let world = furnished();
    let mut following = Following::start(&world, "log tail --from 2 -o json");
    let seq = |line: String| serde_json::from_str::<Value>(&line).unwrap()["seq"].as_str().unwrap().to_owned();
    assert_eq!(seq(following.line()), "2");
    assert_eq!(seq(following.line()), "3");
    run(&world, "project create api");
    assert_eq!(seq(following.line()), "4");
}

#[test]
fn all_logs_are_followed_together() {
    let world = furnished();
    run(&world, "project set web");
    let mut following = Following::start(&world, "log tail --log all");
    let seen: Vec<String> = (0..3).map(|_| following.line()).collect();
    assert!(seen.iter().all(|line| line.contains("  global ")), "{seen:?}");
    run(&world, "cluster create a --location us-east-1");
    let line = following.line();
    assert!(line.contains("  region/us-east-1 ") && line.contains("cluster-created"), "{line}");
}

#[test]
fn ctrl_c_leaves_a_deletion_running_and_says_how_to_go_on() {
    let world = furnished();
    let mut command = world.command(&["project", "delete", "web", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert_eq!(first, "projects.delete web: DRAINING 0%, waiting for eu-west-1, us-east-1, us-west-2");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    let operation = world.ring.state().operations.keys().next().unwrap().clone();
    assert_eq!(rest.last().unwrap(), &format!("  next: atoll operation wait {operation}"));
}

#[test]
fn ctrl_c_ends_what_goes_on_with_exit_code_130_and_no_word() {
    let world = furnished();
    for words in [["project", "list", "--watch"].as_slice(), &["log", "tail"]] {
        let mut child = world.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        // It listens for the signal once it follows, which the next record shows.
        run(&world, "project update web --description changed");
        let shown = |line: &String| line.starts_with("MODIFIED") || line.contains("project-updated");
        lines.by_ref().map(Result::unwrap).find(shown).expect("the change");
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(130), ""));
    }
}

#[test]
fn a_log_is_followed_only_from_a_copy_that_holds_what_is_asked() {
    let world = furnished();
    world.ring.state().reads.clear();
    let mut following = Following::start(&world, "log tail --from 1 --consistency linearizable");
    following.line();
    assert_eq!(world.ring.state().reads.last().unwrap().level(), client::v1::read_options::Level::Linearizable);
}
