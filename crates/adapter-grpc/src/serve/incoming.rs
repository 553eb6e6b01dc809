//! Accepting connections: many handshakes at a time, each bounded in time, and errors that end nothing.
//!
//! Where too many shake hands at once, the oldest of the address that has most of them gives way to the new one: who opens connections and
//! says nothing holds up himself, and nobody at another address.

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{
    FutureExt, Stream as FutureStream, StreamExt,
    future::{AbortHandle, abortable},
    stream::FuturesUnordered,
};
use ports::BoxFuture;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Caller, Limits,
    wire::{Stream, Switch, Wire},
};
use crate::tls::{Fault, Identity, ServerTls};

/// Handshakes at the same time.
const HANDSHAKES_MAX: usize = 256;
const HANDSHAKE: Duration = Duration::from_secs(5);
/// After an error of accepting, most likely a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Incoming {
    listener: TcpListener,
    tls: Option<ServerTls>,
    switch: Switch,
    places: Arc<Semaphore>,
    /// Each with its number.
    handshakes: FuturesUnordered<BoxFuture<'static, (u64, Option<Wire>)>>,
    /// Those that were not given up, by number, so that the oldest come first.
    under_way: BTreeMap<u64, (IpAddr, AbortHandle)>,
    next: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Incoming {
    pub fn new(listener: TcpListener, tls: Option<ServerTls>, limits: &Limits, switch: Switch) -> Self {
        let places = Arc::new(Semaphore::new(limits.connections_max));
        let (handshakes, under_way) = (FuturesUnordered::new(), BTreeMap::new());
        Self { listener, tls, switch, places, handshakes, under_way, next: 0, pause: None }
    }

    fn accept(&mut self, cx: &mut Context<'_>) {
        if let Some(pause) = &mut self.pause {
            if pause.poll_unpin(cx).is_pending() {
                return;
            }
            self.pause = None;
        }
        loop {
            match self.listener.poll_accept(cx) {
                Poll::Pending => return,
                Poll::Ready(Ok((stream, address))) => self.admit(stream, address),
                Poll::Ready(Err(error)) => {
                    tracing::warn!(%error, "accepted a connection");
                    let mut pause = Box::pin(sleep(PAUSE));
                    // Polled once, so that its end wakes this task.
                    if pause.poll_unpin(cx).is_pending() {
                        self.pause = Some(pause);
                        return;
                    }
                }
            }
        }
    }

    fn admit(&mut self, stream: TcpStream, address: SocketAddr) {
        if self.under_way.len() >= HANDSHAKES_MAX {
            self.give_one_up();
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!(%address, "closed a connection: the listener has as many as it may");
            return;
        };
        // Answers are worth more than packets; a socket that refuses is closed anyway.
        let _ = stream.set_nodelay(true);
        let tls = self.tls.clone();
        let switch = self.switch.clone();
        let (shaking, handle) = abortable(async move {
            let members_only = tls.as_ref().is_some_and(ServerTls::members_only);
            match timeout(HANDSHAKE, shake(stream, address, tls, switch, place)).await {
                Ok(Ok(wire)) => return Some(wire),
                // Members are few and known, so this is for the operator; of clients and strangers it would flood the log.
                Ok(Err(fault)) if members_only => tracing::warn!(%address, %fault, "refused a member's connection"),
                Ok(Err(fault)) => tracing::debug!(%address, %fault, "refused a connection"),
                Err(_) => tracing::debug!(%address, "closed a connection: no handshake in time"),
            }
            None
        });
        let number = self.next;
        self.next += 1;
        self.under_way.insert(number, (address.ip(), handle));
        self.handshakes.push(Box::pin(async move { (number, shaking.await.ok().flatten()) }));
    }

    /// Gives up the oldest handshake of the address that has most of them.
    fn give_one_up(&mut self) {
        let mut by_address: BTreeMap<IpAddr, (usize, u64)> = BTreeMap::new();
        for (number, (address, _)) in &self.under_way {
            by_address.entry(*address).or_insert((0, *number)).0 += 1;
        }
        let oldest_of_most = by_address.into_values().max_by_key(|(count, _)| *count).map(|(_, oldest)| oldest);
        if let Some((address, handle)) = oldest_of_most.and_then(|number| self.under_way.remove(&number)) {
            tracing::debug!(%address, "closed a connection: too many shake hands at once");
            handle.abort();
        }
    }
}

impl FutureStream for Incoming {
    type Item = io::Result<Wire>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            self.accept(cx);
            match self.handshakes.poll_next_unpin(cx) {
                Poll::Ready(Some((number, shaken))) => {
                    self.under_way.remove(&number);
                    if let Some(wire) = shaken {
                        return Poll::Ready(Some(Ok(wire)));
                    }
                }
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

async fn shake(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<ServerTls>,
    switch: Switch,
    place: OwnedSemaphorePermit,
) -> Result<Wire, Fault> {
    let Some(tls) = tls else {
        let caller = Caller { address, tls: false, member: None };
        return Ok(Wire::new(Stream::Plain(stream), caller, switch, place));
    };
    let stream = handshake(TlsAcceptor::from(tls.config()).accept(stream)).await?;
    let certificates = stream.get_ref().1.peer_certificates();
    let member = certificates.and_then(|chain| chain.first()).and_then(Identity::of).map(Arc::new);
    if tls.members_only() && member.is_none() {
        return Err(Fault::NoMember);
    }
    let caller = Caller { address, tls: true, member };
    Ok(Wire::new(Stream::Tls(Box::new(stream)), caller, switch, place))
}

async fn handshake<T>(accept: impl Future<Output = io::Result<T>>) -> Result<T, Fault> {
    accept.await.map_err(|error| Fault::of(&error).unwrap_or_else(|| Fault::Other { message: error.to_string() }))
}
