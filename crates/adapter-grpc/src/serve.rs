//! Listeners: sockets, TLS, HTTP/2 settings, and an end in bounded time.
//!
//! tonic serves the connections; accepting them and shaking hands is done here, so that a failed handshake says why, a handshake that
//! stalls holds up nobody, and a shortage of file descriptors does not end a listener.
//!
//! Map: [`caller`] who is at the other end of a connection · [`limits`] what one listener puts up with · [`bind`](mod@bind) taking a
//! port · [`observed`](mod@observed) telling of calls · `incoming` accepting · `wire` one accepted connection, which can be cut.

pub mod bind;
pub mod caller;
mod incoming;
pub mod limits;
pub mod observed;
mod wire;

use std::{future::Future, io, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use tonic::{service::Routes, transport::Server};

pub use bind::{BindError, bind};
pub use caller::Caller;
pub use limits::Limits;
pub use observed::{Begun, Observed, Observer, observed};

use crate::tls::ServerTls;
use incoming::Incoming;
use wire::Switch;

/// A connection whose other end has not answered for these two together is closed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long connections that were cut may take to notice.
const CUT: Duration = Duration::from_secs(1);

/// Why a listener ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("took over a listener")]
    Listener { source: io::Error },
    #[error("served connections")]
    Connections { source: tonic::transport::Error },
}

/// Serves until `shutdown` completes; then takes no more connections and calls, lets those that are open end for `limits.grace`, and cuts
/// what is left. Every request carries a [`Caller`] in its extensions.
///
/// Runs where it is polled, except for connections, which are tasks of the same runtime.
pub async fn serve(
    listener: std::net::TcpListener,
    tls: Option<ServerTls>,
    routes: Routes,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let taken = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    let listener = taken.map_err(|source| ServeError::Listener { source })?;
    let switch = Switch::default();
    let incoming = Incoming::new(listener, tls, &limits, switch.clone());
    let (ending, ended) = oneshot::channel::<()>();
    let shutdown = async move {
        shutdown.await;
        // Nobody listens where the server ended first.
        let _ = ending.send(());
    };
    let mut serving = pin!(server(&limits).add_routes(routes).serve_with_incoming_shutdown(incoming, shutdown));
    let grace = pin!(async {
        // The sender is dropped only by the server, which has ended then.
        let _ = ended.await;
        tokio::time::sleep(limits.grace).await;
    });
    let result = match select(serving.as_mut(), grace).await {
        Either::Left((result, _)) => result,
        Either::Right(((), _)) => {
            switch.cut();
            timeout(CUT, serving).await.unwrap_or(Ok(()))
        }
    };
    result.map_err(|source| ServeError::Connections { source })
}

fn server(limits: &Limits) -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        .initial_stream_window_size(limits.stream_window_bytes)
        .initial_connection_window_size(limits.connection_window_bytes)
        .max_concurrent_streams(limits.streams_max)
        .max_frame_size(limits.frame_bytes_max)
        .http2_max_header_list_size(limits.header_bytes_max)
}
