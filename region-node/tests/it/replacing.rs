//! Three members of one region; one is lost with its disk.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use api::v1;
use client::{Client, Endpoint, Write};

use crate::node::{Node, block_on, refused, run, wait};

/// A member's directory and ports.
struct Member {
    id: u64,
    dir: PathBuf,
    api: u16,
    peer: u16,
}

/// Ports that were free a moment ago. Members must know each other's before they start.
fn members(dir: &Path, ids: &[u64]) -> Vec<Member> {
    let taken: Vec<_> = ids.iter().map(|_| [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap())).collect();
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let of = |(id, [api, peer]): (&u64, &[TcpListener; 2])| Member {
        id: *id,
        dir: dir.join(id.to_string()),
        api: port(api),
        peer: port(peer),
    };
    ids.iter().zip(&taken).map(of).collect()
}

impl Member {
    fn config(&self) -> String {
        self.dir.with_extension("toml").to_str().unwrap().to_owned()
    }

    fn write_config(&self, listed: &[&Member]) {
        let Self { id, dir, api, peer } = self;
        let certs = dir.parent().unwrap().join("certs");
        let mut text = format!(
            "ring = \"test\"\nmember = {id}\nregion = \"us-east-1\"\ndata = {{ dir = {dir:?}, reserve = \"1MiB\" }}\n\
             listen = {{ api = \"127.0.0.1:{api}\", peer = \"127.0.0.1:{peer}\", telemetry = \"127.0.0.1:0\" }}\n\
             tls = {{ dir = {certs:?} }}\ntelemetry = {{ format = \"json\" }}\ntiming = {{ multiplier = 2.0 }}\n"
        );
        for Self { id, api, peer, .. } in listed {
            text += &format!(
                "[[members]]\nid = {id}\nregion = \"us-east-1\"\napi = \"https://127.0.0.1:{api}\"\npeer = \"127.0.0.1:{peer}\"\n"
            );
        }
        fs::write(self.config(), text).unwrap();
    }

    fn authority(&self) -> PathBuf {
        self.dir.parent().unwrap().join("certs/authority/cert.pem")
    }

    fn serve(&self, arguments: &[&str]) -> Node {
        Node::start(&[&["serve", "--config", &self.config()], arguments].concat(), &self.authority())
    }
}

fn client(members: &[&Member]) -> Client {
    let pem = fs::read_to_string(members[0].authority()).unwrap();
    let endpoints =
        members.iter().map(|member| Endpoint::new("us-east-1", &format!("https://127.0.0.1:{}", member.api)));
    Client::connect(client::Config::new(endpoints.collect()).trust(&pem)).unwrap()
}

fn create(members: &[&Member], id: &str) {
    let client = client(members);
    wait("a write", || {
        let made = client.organizations();
        block_on(async { made.create(id, v1::Organization::default(), &Write::default()).await }).ok()
    });
}

#[test]
fn a_new_member_takes_the_place_of_a_lost_one_and_a_lost_one_cannot_come_back_by_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let all = members(dir.path(), &[1, 2, 3, 4]);
    let [one, two, three, four] = all.iter().collect::<Vec<_>>().try_into().ok().unwrap();
    for member in [one, two, three] {
        member.write_config(&[one, two, three]);
    }
    let mut first = one.serve(&["--init"]);
    let second = two.serve(&["--init"]);
    let mut third = three.serve(&["--init"]);
    create(&[one, two, three], "before");

    third.signal("KILL");
    third.ended();
    fs::remove_dir_all(&three.dir).unwrap();
    for member in [one, two, four] {
        member.write_config(&[one, two, four]);
    }
    for node in [&first, &second] {
        node.signal("HUP");
        node.said("read its members again");
    }
    let joined = run(&["join", "--config", &four.config(), "--replaces", "3"]);
    assert!(joined.status.success(), "{joined:?}");
    // As if it had been killed between the directory and the mark: it may be repeated.
    fs::remove_file(four.dir.join("joining")).unwrap();
    let joined = run(&["join", "--config", &four.config(), "--replaces", "3"]);
    assert!(joined.status.success(), "{joined:?}");
    let fourth = four.serve(&[]);
    fourth.said("was taken in");

    let page = fourth.page("/status");
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    let links = serde_json::from_str::<serde_json::Value>(body).unwrap()["links"].as_array().unwrap().clone();
    for member in [1, 2] {
        let of_member = |link: &&serde_json::Value| link["member"] == member && link["lane"] == "heartbeats";
        assert_eq!(links.iter().find(of_member).map(|link| &link["connected"]), Some(&true.into()), "{links:?}");
    }

    // Without the first, the new one is needed for a majority.
    first.signal("KILL");
    first.ended();
    create(&[two, four], "after");

    // A disk that came back empty is not formed into a second ring.
    fs::remove_dir_all(&one.dir).unwrap();
    let said = refused_last(&["serve", "--init", "--config", &one.config()]);
    assert!(said.contains("records of") && said.contains("region-node join"), "{said}");
    let said = refused(&["join", "--config", &four.config(), "--replaces", "2"]);
    assert!(said.contains("still lists it"), "{said}");
}

/// As `refused`, for what was said after the process had begun to log.
fn refused_last(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap().lines().last().unwrap().to_owned()
}
