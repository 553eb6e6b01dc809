//! A disk without room: writes are refused with the reason, and the node comes back by itself.

use std::{fs, io::Write as _, path::Path, process::Command};

use api::v1;
use client::{Client, Read, Write};
use futures_util::future::join_all;

use crate::node::{Node, Place, block_on, wait};

/// Set where no file system can be mounted and the tests that need one may be left out.
const MAY_SKIP: &str = "ATOLL_TESTS_MAY_SKIP_MOUNTS";

/// A test that was skipped looks like one that passed, so skipping has to be asked for.
fn not_mounted<T>(may_skip: bool, why: &str) -> Option<T> {
    assert!(may_skip, "mounted a small file system: {why}; as root it works, {MAY_SKIP}=1 leaves these tests out");
    eprintln!("SKIPPED: this process may not mount a file system: {why}");
    None
}

/// A small file system of its own, unmounted at the end.
struct SmallDisk<'a>(&'a Path);

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

impl<'a> SmallDisk<'a> {
    /// Where this process may not mount, a panic, or `None` if the tests were told that they may skip what needs it.
    fn mount(at: &'a Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at)),
            other => not_mounted(std::env::var_os(MAY_SKIP).is_some(), &format!("{other:?}")),
        }
    }
}

fn create(client: &Client, id: &str) -> Result<(), String> {
    block_on(write(client, id.to_owned()))
}

async fn write(client: &Client, id: String) -> Result<(), String> {
    let organization = v1::Organization { description: "x".repeat(4000), ..v1::Organization::default() };
    let within = Write { timeout: Some(std::time::Duration::from_secs(5)), ..Write::default() };
    let made = client.organizations().create(&id, organization, &within).await;
    made.map(drop).map_err(|error| format!("{error:?}"))
}

fn comes_back(node: &Node, id: &str) {
    // A refusal may still be remembered by the connection: each try is a client of its own.
    wait("a write that is taken again", || create(&node.client(), id).ok());
    let found =
        block_on(async { node.client().organizations().get("organizations/before", &Read::linearizable()).await });
    assert!(found.is_ok(), "what was acknowledged before is gone: {found:?}");
}

#[test]
fn a_test_that_may_not_mount_fails_unless_it_may_be_skipped() {
    assert!(std::panic::catch_unwind(|| not_mounted::<()>(false, "no")).is_err());
    assert_eq!(not_mounted::<()>(true, "no"), None);
}

#[test]
fn writes_are_refused_while_room_is_short_and_taken_again_when_there_is_some() {
    let place = Place::new();
    let Some(_disk) = SmallDisk::mount(&place.data, "96m") else { return };
    let node = place.serve();
    create(&node.client(), "before").unwrap();
    // Between nothing and the reserve of 16 MiB.
    let filler = place.data.join("log/filler");
    fs::write(&filler, vec![0; room(&place.data) - (8 << 20)]).unwrap();
    node.said("refuses customers' writes: the disk is almost full");
    // On a busy machine an answer may come after the time of a call is over: then nothing is known, and it is asked again.
    let refused = || create(&node.client(), "refused").err().filter(|error| error.contains("DISK_FULL"));
    wait("a write that is refused", refused);
    let read = block_on(async { node.client().organizations().get("organizations/before", &Read::local()).await });
    assert!(read.is_ok(), "reads go on: {read:?}");
    fs::remove_file(&filler).unwrap();
    node.said("takes customers' writes again");
    comes_back(&node, "after");
}

#[test]
fn a_node_whose_disk_is_full_closes_its_store_and_comes_back_when_there_is_room() {
    let place = Place::new();
    let Some(_disk) = SmallDisk::mount(&place.data, "24m") else { return };
    // Without a reserve nothing is refused beforehand, so the store itself meets the end of the disk.
    place.replace("reserve = \"16MiB\"", "reserve = \"0B\"");
    let mut node = place.serve();
    create(&node.client(), "before").unwrap();
    let filler = place.data.join("log/filler");
    fill(&filler);
    // The store has room of its own that it took beforehand: many writes go on until that is used up.
    let refused = block_on(async {
        let client = node.client();
        for round in 0..1000 {
            let made = join_all((0..100).map(|number| write(&client, format!("o{round}-{number}")))).await;
            if let Some(why) = made.into_iter().find_map(Result::err) {
                return why;
            }
        }
        "never".to_owned()
    });
    assert_ne!(refused, "never");
    node.said("stopped serving: closes its store and begins again");
    // It may find a little room when it opens again, which further writes use up.
    let mut more = 0..;
    wait("the health page to say that it does not serve", || {
        let told = node.page("/healthz").starts_with("HTTP/1.1 503");
        told.then_some(()).or_else(|| create(&node.client(), &format!("more-{}", more.next()?)).err().and(None))
    });
    // Members that are read again while nothing is open hold for the next life.
    let more = ", { id = 2, region = \"us-west-2\", api = \"https://127.0.0.1:2\", peer = \"127.0.0.1:2\" }]";
    place.replace("peer = \"127.0.0.1:1\" }]", &format!("peer = \"127.0.0.1:1\" }}{more}"));
    node.signal("HUP");
    assert_eq!(node.said("read its members again")["members"], 2);
    fs::remove_file(&filler).unwrap();
    node.said("serving again");
    comes_back(&node, "after");
    node.signal("TERM");
    assert_eq!(node.ended().code(), Some(0));
    let verified = crate::node::run(&["verify", "--config", &place.config()]);
    assert!(verified.status.success(), "{verified:?}");
}

/// Writes until there is no room. The node takes some meanwhile, so how much that is shows only at the end.
fn fill(file: &Path) {
    let mut file = fs::File::create(file).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

/// Free bytes on the disk of `dir`.
fn room(dir: &Path) -> usize {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(dir).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}
