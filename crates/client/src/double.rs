//! A test double of the ring, for tests of clients only (feature `double`).
//!
//! It serves `atoll.v1` on loopback out of one tree in memory, and fails on demand: dead, mute, slow, refusing, or losing the answer to
//! something that it did. It shows how a client behaves (fail-over, retries, resumption, output), never how Atoll does: there is no
//! consensus, no replication and no durability in it, and of the rules of the domain only a few.

mod apply;
mod editions;
mod services;
mod state;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use api::v1;
use tokio::{net::TcpListener, runtime::Runtime, sync::Notify};
use tonic::{Code, transport::server::TcpIncoming};

pub use self::state::{Executed, State};
use crate::Endpoint;

/// What all servers of the double share.
#[derive(Clone)]
pub struct Ring {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    state: Mutex<State>,
    /// Something was appended to a log, or an operation went on.
    pub changed: Notify,
}

/// How a server fails. It says so for every call, unless the fault says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Takes calls and never answers, not even for a sign of life.
    Mute,
    /// Answers after a while, but shows signs of life at once.
    Slow(Duration),
    /// Refuses with this code and reason: everything but signs of life, or only writes.
    Refuse { code: Code, reason: &'static str, retry_after: Option<Duration>, writes_only: bool },
    /// Does what a write asks and then says `OUTCOME_UNKNOWN`.
    LoseAnswer,
    /// Does what a write asks and then says nothing.
    DoAndStaySilent,
}

/// One member of the double, on a runtime of its own: to stop it is to kill it.
pub struct Server {
    ring: Ring,
    region: String,
    member: u64,
    address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
    runtime: Option<Runtime>,
    /// Certificate and key in PEM; without them connections are not encrypted.
    tls: Option<(String, String)>,
}

impl Ring {
    /// `hash` links the records: given one without its hash, it gives the hash.
    pub fn new(hash: fn(&v1::Record) -> [u8; 32]) -> Self {
        Self { inner: Arc::new(Inner { state: Mutex::new(State::new(hash)), changed: Notify::new() }) }
    }

    /// What the ring holds; hold it briefly.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes those who watch.
    pub fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let changed = act(&mut self.state());
        self.inner.changed.notify_waiters();
        changed
    }

    /// Starts a member on a free port.
    pub fn serve(&self, region: &str, member: u64) -> Result<Server, String> {
        self.serve_with(region, member, None)
    }

    /// As [`Ring::serve`], with a certificate and its key in PEM.
    pub fn serve_tls(&self, region: &str, member: u64, certificate: &str, key: &str) -> Result<Server, String> {
        self.serve_with(region, member, Some((certificate.to_owned(), key.to_owned())))
    }

    fn serve_with(&self, region: &str, member: u64, tls: Option<(String, String)>) -> Result<Server, String> {
        self.state().regions.insert(region.to_owned(), member);
        let mut server = Server {
            ring: self.clone(),
            region: region.to_owned(),
            member,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            fault: Arc::default(),
            runtime: None,
            tls,
        };
        server.start()?;
        self.state().addresses.insert(member, server.endpoint());
        Ok(server)
    }
}

impl Server {
    /// Starts it again where it was.
    pub fn start(&mut self) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| format!("started a runtime: {error}"))?;
        let listener = {
            let _entered = runtime.enter();
            let listener = std::net::TcpListener::bind(self.address).and_then(|listener| {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener)
            });
            listener.map_err(|error| format!("listened on {}: {error}", self.address))?
        };
        self.address = listener.local_addr().map_err(|error| format!("read the address: {error}"))?;
        let incoming = TcpIncoming::from(listener);
        let service = services::Service {
            ring: self.ring.clone(),
            region: self.region.clone(),
            member: self.member,
            fault: Arc::clone(&self.fault),
        };
        let router = services::router(service, self.tls.as_ref())?;
        runtime.spawn(async move { drop(router.serve_with_incoming(incoming).await) });
        self.runtime = Some(runtime);
        Ok(())
    }

    /// Kills it: when this returns, its connections are broken and nothing listens.
    #[expect(clippy::disallowed_methods, reason = "a runtime may not be waited for inside another one")]
    pub fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let stopping = std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5)));
            drop(stopping.join());
        }
    }

    pub fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(
            &self.region,
            &format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.address),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
