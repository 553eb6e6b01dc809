//! Accepting connections: many handshakes at a time, each bounded in time, and errors that end nothing.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt, Stream as FutureStream, StreamExt, stream::FuturesUnordered};
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

/// Handshakes at the same time; more connections wait in the kernel's queue.
const HANDSHAKES_MAX: usize = 256;
const HANDSHAKE: Duration = Duration::from_secs(5);
/// After an error of accepting, most likely a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Incoming {
    listener: TcpListener,
    tls: Option<ServerTls>,
    switch: Switch,
    places: Arc<Semaphore>,
    handshakes: FuturesUnordered<BoxFuture<'static, Option<Wire>>>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Incoming {
    pub fn new(listener: TcpListener, tls: Option<ServerTls>, limits: &Limits, switch: Switch) -> Self {
        let places = Arc::new(Semaphore::new(limits.connections_max));
        Self { listener, tls, switch, places, handshakes: FuturesUnordered::new(), pause: None }
    }

    fn accept(&mut self, cx: &mut Context<'_>) {
        if let Some(pause) = &mut self.pause {
            if pause.poll_unpin(cx).is_pending() {
                return;
            }
            self.pause = None;
        }
        while self.handshakes.len() < HANDSHAKES_MAX {
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
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!(%address, "closed a connection: the listener has as many as it may");
            return;
        };
        // Answers are worth more than packets; a socket that refuses is closed anyway.
        let _ = stream.set_nodelay(true);
        let tls = self.tls.clone();
        let switch = self.switch.clone();
        self.handshakes.push(Box::pin(async move {
            let members_only = tls.as_ref().is_some_and(ServerTls::members_only);
            match timeout(HANDSHAKE, shake(stream, address, tls, switch, place)).await {
                Ok(Ok(wire)) => return Some(wire),
                // Members are few and known, so this is for the operator; of clients and strangers it would flood the log.
                Ok(Err(fault)) if members_only => tracing::warn!(%address, %fault, "refused a member's connection"),
                Ok(Err(fault)) => tracing::debug!(%address, %fault, "refused a connection"),
                Err(_) => tracing::debug!(%address, "closed a connection: no handshake in time"),
            }
            None
        }));
    }
}

impl FutureStream for Incoming {
    type Item = io::Result<Wire>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            self.accept(cx);
            match self.handshakes.poll_next_unpin(cx) {
                Poll::Ready(Some(Some(wire))) => return Poll::Ready(Some(Ok(wire))),
                // Room for another one.
                Poll::Ready(Some(None)) => {}
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
