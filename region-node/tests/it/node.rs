//! One node as a process, with a directory of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use client::{Client, Endpoint};
use serde_json::Value;
use tempfile::TempDir;

const WITHIN: Duration = Duration::from_secs(30);

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_region-node")).args(arguments).output().unwrap()
}

/// What a run that was refused said, in one line; its exit code must be 2.
pub fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.starts_with("region-node: "), "{said}");
    said
}

/// A configuration of a ring of one member, with everything in `dir`.
pub struct Place {
    pub dir: TempDir,
    pub data: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let place = Self { dir, data };
        place.write_config();
        place
    }

    pub fn config(&self) -> String {
        self.dir.path().join("node.toml").to_str().unwrap().to_owned()
    }

    /// Writes the configuration. No member is called, so the addresses of members lead nowhere.
    fn write_config(&self) {
        let (data, certs) = (self.data.display(), self.dir.path().join("certs").display().to_string());
        let text = format!(
            r#"
ring = "test"
member = 1
region = "us-east-1"
data = {{ dir = "{data}", reserve = "16MiB" }}
listen = {{ api = "127.0.0.1:0", peer = "127.0.0.1:0", telemetry = "127.0.0.1:0" }}
tls = {{ dir = "{certs}" }}
telemetry = {{ format = "json" }}
members = [{{ id = 1, region = "us-east-1", api = "https://127.0.0.1:1", peer = "127.0.0.1:1" }}]
"#
        );
        fs::write(self.config(), text).unwrap();
    }

    pub fn serve(&self) -> Node {
        Node::start(&["serve", "--init", "--config", &self.config()], &self.authority())
    }

    /// Changes the configuration.
    pub fn replace(&self, from: &str, to: &str) {
        let config = fs::read_to_string(self.config()).unwrap();
        assert!(config.contains(from), "no {from} in {config}");
        fs::write(self.config(), config.replace(from, to)).unwrap();
    }

    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("certs/authority/cert.pem")
    }
}

/// A node that serves. Killed when dropped.
pub struct Node {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
    pub api: String,
    pub telemetry: String,
    authority: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    /// Runs the binary until it says that it serves.
    pub fn start(arguments: &[&str], authority: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_region-node"));
        let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&lines);
        let read = move || {
            for line in said.lines().map_while(Result::ok) {
                let parsed = serde_json::from_str(&line).unwrap_or(Value::String(line));
                kept.lock().unwrap().push(parsed);
            }
        };
        std::thread::Builder::new().spawn(read).unwrap();
        let mut node = Self { child, lines, api: String::new(), telemetry: String::new(), authority: String::new() };
        let serving = node.said("serving");
        node.api = format!("https://{}", serving["api"].as_str().unwrap());
        node.telemetry = serving["telemetry"].as_str().unwrap().to_owned();
        node.authority = fs::read_to_string(authority).unwrap();
        node
    }

    /// The first log line with this message, waited for.
    pub fn said(&self, message: &str) -> Value {
        wait(&format!("a line {message:?} in {:#?}", self.lines.lock().unwrap()), || {
            self.lines.lock().unwrap().iter().find(|line| line["message"] == message).cloned()
        })
    }

    /// Every step of stopping that was told.
    pub fn steps(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let steps = lines.iter().filter(|line| line["message"] == "stopping").map(|line| line["step"].to_string());
        steps.map(|step| step.trim_matches('"').to_owned()).collect()
    }

    pub fn client(&self) -> Client {
        let mut config = client::Config::new(vec![Endpoint::new("us-east-1", &self.api)]).trust(&self.authority);
        config.refresh_topology = false;
        Client::connect(config).unwrap()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Sends these signals, one right after the other.
    pub fn signals(&self, names: &[&str]) {
        let id = self.child.id();
        let script = names.iter().map(|name| format!("kill -{name} {id}")).collect::<Vec<_>>().join(" && ");
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let mut ended = None;
        wait("the end of the process", || {
            ended = child.try_wait().unwrap();
            ended
        })
    }

    /// What a telemetry page answers: status line, headers and body.
    pub fn page(&self, path: &str) -> String {
        use std::{io::Read, io::Write, net::TcpStream};
        let mut stream = TcpStream::connect(&self.telemetry).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }
}

/// Looks until there is something.
#[expect(clippy::disallowed_methods, reason = "processes of the host are waited for, and they run on its clock")]
pub fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < WITHIN, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs calls of a client.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Every file below `dir` with its content: what an operation that was refused must not have changed.
pub fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}
