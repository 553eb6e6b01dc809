//! One call is one trace, from the call to apply.

use std::{
    io::{BufRead, BufReader, Read, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use api::v1;
use client::Write;

use crate::node::{Place, block_on, wait};

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

/// The trace id of the span with this name. Of a span, OTLP writes first the trace id (field 1, 16 bytes), and some fields later the name.
fn trace_of(posted: &[u8], name: &str) -> Option<Vec<u8>> {
    let at = find(posted, name.as_bytes())?;
    let before = posted[..at].windows(2).rposition(|window| window == [0x0a, 16])?;
    Some(posted[before + 2..before + 18].to_vec())
}

#[test]
fn a_call_is_one_trace_from_the_api_to_apply() {
    let (address, posted) = collector();
    let place = Place::new();
    place.replace("format = \"json\"", &format!("format = \"json\", otlp = \"{address}\", sample = 1.0"));
    let node = place.serve();
    block_on(async {
        node.client().organizations().create("acme", v1::Organization::default(), &Write::default()).await.unwrap();
    });
    let steps = ["region.submit", "ledger.decide", "ledger.propose", "ledger.apply"];
    let traces = wait("spans of every step", || {
        let posted = posted.lock().unwrap();
        steps.iter().map(|step| trace_of(&posted, step)).collect::<Option<Vec<_>>>()
    });
    assert!(traces.iter().all(|trace| *trace == traces[0]), "{traces:?}");
    let posted = posted.lock().unwrap();
    let call = find(&posted, b"CreateOrganization").expect("the span of the call names its method");
    let call = posted[..call].windows(2).rposition(|window| window == [0x0a, 16]).unwrap();
    assert_eq!(posted[call + 2..call + 18].to_vec(), traces[0]);
}
