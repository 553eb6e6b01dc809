//! Three regions of the double, a directory for the command's files, and the command itself.

use std::{
    process::{Child, Command, Output, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use client::{
    double::{Ring, Server},
    v1,
};
use ids::{Hash, Hlc, Incarnation, Seq};

pub struct World {
    pub ring: Ring,
    pub servers: Vec<Server>,
    pub files: tempfile::TempDir,
}

/// The real hash, so that `log verify` has something to recompute.
fn hash(record: &v1::Record) -> [u8; 32] {
    let record = wire::Record {
        log: record.log.parse().unwrap(),
        incarnation: Incarnation(record.incarnation),
        seq: Seq(record.seq),
        hlc: Hlc(record.hlc),
        prev_hash: Hash(record.prev_hash.as_ref().try_into().unwrap()),
        proposal: record.proposal.clone(),
    };
    record.hash().0
}

impl World {
    /// The ring's records are three days old, so that ages do not change while a test runs.
    #[expect(clippy::disallowed_methods, reason = "ages are shown against the real clock")]
    pub fn start() -> Self {
        let ring = Ring::new(hash);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        ring.state().began = i64::try_from(now).unwrap() - 3 * 86_400 - 3_000;
        let regions = ["us-east-1", "us-west-2", "eu-west-1"];
        let servers = regions.iter().zip(1..).map(|(region, member)| ring.serve(region, member).unwrap()).collect();
        Self { ring, servers, files: tempfile::tempdir().unwrap() }
    }

    /// With a context `local`.
    pub fn with_context() -> Self {
        let world = Self::start();
        let mut add = vec!["context".to_owned(), "add".to_owned(), "local".to_owned()];
        for server in &world.servers {
            let endpoint = server.endpoint();
            add.extend(["--endpoint".to_owned(), format!("{}={}", endpoint.region, endpoint.address)]);
        }
        add.extend(["--region".to_owned(), "us-east-1".to_owned()]);
        let output = world.command(&add).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        world
    }

    /// With a context, and an organization and a project that are set; clusters become something when a test says so.
    pub fn with_cloud() -> Self {
        let world = Self::with_context();
        for line in ["organization create acme", "organization set acme", "project create web", "project set web"] {
            let output = world.run(line);
            assert!(output.status.success(), "{line}: {output:?}");
        }
        world.ring.state().cloud = true;
        world
    }

    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atoll"));
        command.args(args).env_clear().env("ATOLL_CONFIG", self.files.path().join("config.toml"));
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(&words(line)).output().unwrap()
    }

    /// Starts a command that goes on; its lines come from `stdout`.
    pub fn spawn(&self, line: &str) -> Child {
        self.command(&words(line)).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs commands and gives what a person saw, with what differs from run to run made the same.
    pub fn session(&self, lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            let output = self.run(line);
            text.push_str(&format!("$ atoll {line}\n{}", String::from_utf8_lossy(&output.stdout)));
            for line in String::from_utf8_lossy(&output.stderr).lines() {
                text.push_str(&format!("! {line}\n"));
            }
            match output.status.code() {
                Some(0) => {}
                code => text.push_str(&format!("[exit {}]\n", code.unwrap_or(-1))),
            }
            text.push('\n');
        }
        self.same(&text)
    }

    fn same(&self, text: &str) -> String {
        let mut text = text.replace(&self.files.path().display().to_string(), "FILES");
        for server in &self.servers {
            let endpoint = server.endpoint();
            text = text.replace(&endpoint.address, &format!("http://{}", endpoint.region));
        }
        let trace = |line: &str| if line.starts_with("! trace ") { "! trace TRACE" } else { line }.to_owned() + "\n";
        times(&text.lines().map(trace).collect::<String>())
    }
}

/// Words of a command line; quotes keep spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

/// Replaces times such as 2026-01-01T00:00:05Z, and hashes, which times are part of.
fn times(text: &str) -> String {
    const SHAPE: &str = "dddd-dd-ddTdd:dd:ddZ";
    let text = hashes(text);
    let letters: Vec<char> = text.chars().collect();
    let fits = |place: usize| {
        SHAPE.chars().enumerate().all(|(offset, shape)| {
            letters.get(place + offset).is_some_and(|letter| match shape {
                'd' => letter.is_ascii_digit(),
                other => *letter == other,
            })
        })
    };
    let (mut out, mut place) = (String::new(), 0);
    while place < letters.len() {
        if fits(place) {
            out.push_str("YYYY-MM-DDTHH:MM:SSZ");
            place += SHAPE.len();
        } else {
            out.push(letters[place]);
            place += 1;
        }
    }
    out
}

/// Replaces what stands behind `"hash": `, unless it is the hash of nothing.
fn hashes(text: &str) -> String {
    let line = |line: &str| match line.split_once("\"hash\": \"") {
        Some((before, hash)) if !hash.starts_with("AAAA") => format!("{before}\"hash\": \"HASH\","),
        _ => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}
