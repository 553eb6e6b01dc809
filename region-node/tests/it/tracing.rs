//! One call is one trace, from the client to apply in every member.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use api::v1;
use client::{Client, Endpoint, Route, TraceContext, Write};
use tempfile::TempDir;

use crate::node::{Node, Place, block_on, wait};

/// A collector that keeps what is posted to it, as it came, until the test process ends.
fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let posted: Arc<Mutex<Vec<u8>>> = Arc::default();
    let kept = Arc::clone(&posted);
    let run = move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut length, mut line) = (0, String::new());
            while stream.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            kept.lock().unwrap().extend(body);
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        }
    };
    std::thread::Builder::new().spawn(run).unwrap();
    (address, posted)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Trace id and name of every span. Of a span, OTLP writes first the trace id (field 1, 16 bytes), its own id (field 2, 8 bytes), that of
/// its parent unless it is the first (field 4), and its name (field 5).
fn spans(posted: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for at in 0..posted.len().saturating_sub(40) {
        let span = &posted[at..];
        if span[..2] != [0x0a, 16] || span[18..20] != [0x12, 8] {
            continue;
        }
        let rest = span[28..].strip_prefix(&[0x22, 8]).map_or(&span[28..], |parent| &parent[8..]);
        if let [0x2a, length, name @ ..] = rest
            && let Some(Ok(name)) = name.get(..usize::from(*length)).map(|name| String::from_utf8(name.to_vec()))
        {
            let trace: String = span[2..18].iter().map(|byte| format!("{byte:02x}")).collect();
            found.push((trace, name));
        }
    }
    found
}

/// Waits until this trace has spans of all these names.
fn wait_for(posted: &Mutex<Vec<u8>>, trace: &TraceContext, names: &[&str]) {
    let seen = || spans(&posted.lock().unwrap());
    let has = |seen: &[(String, String)], name: &str| seen.contains(&(trace.trace_id(), name.to_owned()));
    wait(&format!("{names:?} of {trace}"), || {
        let seen = seen();
        names.iter().all(|name| has(&seen, name)).then_some(())
    });
}

#[test]
fn a_call_is_one_trace_from_the_client_to_apply() {
    let (address, posted) = collector();
    let place = Place::new();
    place.replace("format = \"json\"", &format!("format = \"json\", otlp = \"{address}\", sample = 1.0"));
    let node = place.serve();
    // The client does not ask for it, and the node records every call: under the id that the client named.
    let trace: TraceContext = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00".parse().unwrap();
    let client = node.client().traced(trace);
    block_on(async {
        client.organizations().create("acme", v1::Organization::default(), &Write::default()).await.unwrap();
    });
    wait_for(&posted, &trace, &["api.call", "region.submit", "ledger.decide", "ledger.propose", "ledger.apply"]);
    assert!(find(&posted.lock().unwrap(), b"CreateOrganization").is_some(), "the span of the call names its method");
}

const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// A member in each region, each with a collector of its own.
struct Ring {
    _nodes: Vec<Node>,
    posted: Vec<Arc<Mutex<Vec<u8>>>>,
    config: client::Config,
    _dir: TempDir,
}

impl Ring {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Ports that were free a moment ago: members must know each other's before they start.
        let taken = REGIONS.map(|_| [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap()));
        let ports = taken.each_ref().map(|pair| pair.each_ref().map(|one| one.local_addr().unwrap().port()));
        drop(taken);
        let mut listed = String::new();
        for ((region, [api, peer]), id) in REGIONS.iter().zip(ports).zip(1..) {
            listed += &format!(
                "[[members]]\nid = {id}\nregion = \"{region}\"\napi = \"https://127.0.0.1:{api}\"\npeer = \"127.0.0.1:{peer}\"\n"
            );
        }
        let certs = dir.path().join("certs");
        let authority = certs.join("authority/cert.pem");
        let (mut nodes, mut posted) = (Vec::new(), Vec::new());
        for ((region, [api, peer]), id) in REGIONS.iter().zip(ports).zip(1..) {
            let (address, kept) = collector();
            let (data, config) = (dir.path().join(format!("{id}")), dir.path().join(format!("{id}.toml")));
            let own = format!(
                "ring = \"test\"\nmember = {id}\nregion = \"{region}\"\ndata = {{ dir = {data:?}, reserve = \"1MiB\" }}\n\
                 listen = {{ api = \"127.0.0.1:{api}\", peer = \"127.0.0.1:{peer}\", telemetry = \"127.0.0.1:0\" }}\n\
                 tls = {{ dir = {certs:?} }}\ntiming = {{ multiplier = 2.0 }}\n\
                 telemetry = {{ format = \"json\", otlp = \"{address}\", sample = 0.0 }}\n"
            );
            fs::write(&config, own + &listed).unwrap();
            nodes.push(Node::start(&["serve", "--init", "--config", config.to_str().unwrap()], &authority));
            posted.push(kept);
        }
        let endpoints = REGIONS.iter().zip(&nodes).map(|(region, node)| Endpoint::new(region, &node.api)).collect();
        let config = client::Config::new(endpoints).trust(&fs::read_to_string(authority).unwrap());
        Self { _nodes: nodes, posted, config, _dir: dir }
    }

    fn create(&self, id: &str, trace: TraceContext, route: Route) -> Result<(), client::Error> {
        // Of each runtime its own client: connections end with the runtime that they were made on.
        let client = Client::connect(self.config.clone()).unwrap().traced(trace);
        let options = Write { route, ..Write::default() };
        block_on(async { client.organizations().create(id, v1::Organization::default(), &options).await }).map(|_| ())
    }

    /// The member whose collector has this span of the trace.
    fn where_is(&self, trace: &TraceContext, name: &str) -> usize {
        let wanted = (trace.trace_id(), name.to_owned());
        wait(&format!("{wanted:?} anywhere"), || {
            self.posted.iter().position(|posted| spans(&posted.lock().unwrap()).contains(&wanted))
        })
    }
}

#[test]
fn a_call_is_one_trace_over_all_members_of_a_ring() {
    let ring = Ring::start();
    wait("a ring that decides", || ring.create("first", TraceContext::begin(), Route::Any).ok());
    let mut forwarded = 0;
    for (called, region) in REGIONS.iter().enumerate() {
        let trace = TraceContext::begin();
        ring.create(region, trace, Route::Only((*region).to_owned())).unwrap();
        wait_for(&ring.posted[called], &trace, &["api.call", "region.submit"]);
        let decided = ring.where_is(&trace, "ledger.decide");
        wait_for(&ring.posted[decided], &trace, &["ledger.propose"]);
        for posted in &ring.posted {
            wait_for(posted, &trace, &["ledger.apply"]);
        }
        forwarded += usize::from(decided != called);
    }
    assert!(forwarded >= 2, "one member leads, so the calls of the others are forwarded: {forwarded} were");
}
