//! Members on loopback: a listener, a door, a region that is a stub, and a transport.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use adapter_grpc::{
    peer::{Callers, Door, GrpcTransport, Settings, routes},
    serve::{Limits, ServeError, bind, serve},
    tls::{Identity, Material, Mode, load},
};
use ids::{MemberId, RingId};
use ports::{BoxFuture, CallError, PeerService, PeerTransport, TaskScope};
use tokio::{sync::oneshot, task::JoinHandle, time::Instant};
use wire::proto::{
    Head, HeadsReply, HeadsRequest, PeerReply, PeerRequest, PullReply, PullRequest, PulledRecords, RaftAppend,
    RaftAppendReply, RaftEntry, RaftReply, RaftRequest, peer_reply, peer_request, pull_reply, raft_entry, raft_reply,
    raft_request,
};

pub const SOON: Duration = Duration::from_secs(5);

pub fn who(member: u64) -> Identity {
    of_ring("test", member)
}

pub fn of_ring(ring: &str, member: u64) -> Identity {
    Identity { ring: RingId::new(ring), region: "us-east-1".parse().unwrap(), member: MemberId(member) }
}

/// Development certificates of one member.
pub fn certified(dir: &tempfile::TempDir, member: u64) -> Material {
    load(&Mode::Development { dir: dir.path().to_owned(), names: Vec::new() }, &who(member)).unwrap()
}

/// How a stub answers.
#[derive(Clone, Copy)]
pub enum How {
    AtOnce,
    After(Duration),
    Never,
}

/// A region that notes what it was asked, and answers in kind.
pub struct Stub {
    pub served: Mutex<Vec<PeerRequest>>,
    pub finished: Mutex<usize>,
    how: How,
}

impl Stub {
    pub fn new(how: How) -> Arc<Self> {
        Arc::new(Self { served: Mutex::new(Vec::new()), finished: Mutex::new(0), how })
    }

    pub fn count(&self) -> usize {
        self.served.lock().unwrap().len()
    }
}

/// What a test hands to a door: the stub, shared.
pub struct Shared(pub Arc<Stub>);

impl PeerService for Shared {
    fn serve(&self, request: PeerRequest) -> BoxFuture<'static, PeerReply> {
        let stub = Arc::clone(&self.0);
        Box::pin(async move {
            let how = stub.how;
            let reply = reply_to(&request);
            stub.served.lock().unwrap().push(request);
            match how {
                How::AtOnce => {}
                How::After(delay) => tokio::time::sleep(delay).await,
                How::Never => std::future::pending().await,
            }
            *stub.finished.lock().unwrap() += 1;
            reply
        })
    }
}

fn reply_to(request: &PeerRequest) -> PeerReply {
    let body = match request.body.clone().unwrap() {
        peer_request::Body::Heads(heads) => peer_reply::Body::Heads(HeadsReply { heads: heads.heads }),
        peer_request::Body::Pull(pull) => {
            let records = vec![vec![7; pull.bytes_max as usize].into()];
            let records = PulledRecords { records, last_hash: vec![1; 32].into() };
            peer_reply::Body::Pull(PullReply { body: Some(pull_reply::Body::Records(records)) })
        }
        peer_request::Body::Raft(_) => {
            let reply = RaftAppendReply { kind: 1, ..RaftAppendReply::default() };
            peer_reply::Body::Raft(RaftReply { body: Some(raft_reply::Body::Append(reply)) })
        }
        other => panic!("the stub was asked {other:?}"),
    };
    PeerReply { body: Some(body) }
}

fn request(from: u64, body: peer_request::Body) -> PeerRequest {
    PeerRequest { ring: "test".to_owned(), from, body: Some(body) }
}

/// An exchange of heads, told apart by `mark`.
pub fn heads(from: u64, mark: u64) -> PeerRequest {
    let head = Head { log: "global".to_owned(), seq: mark, ..Head::default() };
    request(from, peer_request::Body::Heads(HeadsRequest { heads: vec![head] }))
}

pub fn pull(from: u64, bytes: u32) -> PeerRequest {
    let pull = PullRequest { log: "global".to_owned(), bytes_max: bytes, ..PullRequest::default() };
    request(from, peer_request::Body::Pull(pull))
}

/// A Raft append with one entry of so many bytes; with none it is a heartbeat.
pub fn append(from: u64, bytes: usize) -> PeerRequest {
    let batch = wire::proto::Batch { proposals: vec![vec![3; bytes].into()] };
    let entry = RaftEntry { id: None, payload: Some(raft_entry::Payload::Batch(batch)) };
    let entries = if bytes == 0 { Vec::new() } else { vec![entry] };
    let append = RaftAppend { entries, ..RaftAppend::default() };
    let raft = RaftRequest { log: "global".to_owned(), body: Some(raft_request::Body::Append(append)) };
    request(from, peer_request::Body::Raft(raft))
}

/// A member that serves.
pub struct Server {
    pub address: SocketAddr,
    pub door: Door,
    pub stub: Arc<Stub>,
    pub tasks: TaskScope,
    pub serving: JoinHandle<Result<(), ServeError>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Server {
    pub fn start(material: &Material, how: How) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), material, how, Limits::members())
    }

    pub fn start_at(address: SocketAddr, material: &Material, how: How, limits: Limits) -> Self {
        let listener = bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let callers = if material.is_on() { Callers::Certified } else { Callers::Anyone };
        let door = Door::new(RingId::new("test"), callers);
        let (stub, tasks) = (Stub::new(how), TaskScope::default());
        door.open(Arc::new(Shared(Arc::clone(&stub))), tasks.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serve(listener, material.members(), routes(door.clone()), limits, async {
            let _ = stopped.await;
        });
        let serving = TaskScope::default().spawn(serving);
        Self { address, door, stub, tasks, serving, stop: Some(stop) }
    }

    /// Ends in order.
    pub async fn stop(mut self) -> SocketAddr {
        self.begin_stop();
        self.serving.await.unwrap().unwrap();
        self.address
    }

    pub fn begin_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }
}

pub fn transport(material: &Material, members: &[(u64, SocketAddr)]) -> GrpcTransport {
    let settings = Settings { ring: RingId::new("test"), tls: material.outgoing() };
    let transport = GrpcTransport::new(settings, TaskScope::default());
    transport.set_members(&addresses(members));
    transport
}

pub fn addresses(members: &[(u64, SocketAddr)]) -> BTreeMap<MemberId, String> {
    members.iter().map(|(member, address)| (MemberId(*member), address.to_string())).collect()
}

pub async fn call(
    transport: &GrpcTransport,
    to: u64,
    request: PeerRequest,
    within: Duration,
) -> Result<PeerReply, CallError> {
    let begun = Instant::now();
    let result = transport.call(MemberId(to), request, within).await;
    let took = begun.elapsed();
    assert!(took < within + Duration::from_millis(500), "a call with {within:?} took {took:?}");
    result
}

/// Calls until it is answered; all these requests are alike.
pub async fn until_answered(transport: &GrpcTransport, to: u64, within: Duration) -> Duration {
    let begun = Instant::now();
    loop {
        let each = Duration::from_millis(300);
        if call(transport, to, heads(1, u64::MAX), each).await.is_ok() {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < within, "not answered within {within:?}: {:?}", transport.links());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for something to become true.
pub async fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !check() {
        assert!(begun.elapsed() < SOON, "waited {SOON:?} for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
