//! One connection to another member, believed only after the other end was heard.
//!
//! With TLS 1.3 a caller has finished its handshake before the other side has looked at its certificate. So a connection is used only
//! when the first bytes of HTTP/2 have come back: then the certificate was accepted, and a request that fails earlier was never sent.

use std::{error::Error, future::Future, io, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioIo, TokioTimer};
use ports::TaskScope;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tonic::body::Body;

use super::{
    ConnectError, MESSAGE_BYTES_MAX,
    heard::{Heard, Listening},
};
use crate::tls::{ClientTls, Fault};

/// A machine that answers at all does so within one round trip.
const CONNECT: Duration = Duration::from_secs(1);
/// From there to the first bytes of HTTP/2: two more round trips, and work on both sides.
const GREETING: Duration = Duration::from_millis(1500);
/// A connection on which nothing came back for these two together is closed, also when it is idle.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(2);

const WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
const FRAME_BYTES_MAX: u32 = 256 << 10;

/// Where a member is reached, and by which name it has to prove itself.
#[derive(Clone)]
pub(super) struct Target {
    pub address: String,
    pub dns_name: String,
    pub tls: Option<ClientTls>,
}

/// An open connection.
pub(super) struct Connection {
    requests: SendRequest<Body>,
    heard: Arc<Heard>,
}

impl Connection {
    pub fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }

    pub fn requests(&self) -> SendRequest<Body> {
        self.requests.clone()
    }

    pub fn heard(&self) -> &Heard {
        &self.heard
    }
}

/// Spawns what hyper wants to have spawned.
#[derive(Clone)]
struct Tasks(TaskScope);

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, work: F) {
        // Ends by itself, or with its scope.
        drop(self.0.spawn(work));
    }
}

pub(super) async fn connect(target: &Target, tasks: &TaskScope) -> Result<Connection, ConnectError> {
    let address = target.address.as_str();
    let stream = match timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(connected) => connected.map_err(|error| ConnectError::of_io(address, &error))?,
        Err(_) => return Err(silent(address, CONNECT)),
    };
    // Heartbeats must not wait for more to send; a socket that refuses is as good as closed.
    let _ = stream.set_nodelay(true);
    timeout(GREETING, greet(target, tasks, stream)).await.unwrap_or_else(|_| Err(silent(address, GREETING)))
}

async fn greet(target: &Target, tasks: &TaskScope, stream: TcpStream) -> Result<Connection, ConnectError> {
    let address = target.address.as_str();
    let Some(tls) = &target.tls else { return speak(address, tasks, stream).await };
    let name = ServerName::try_from(target.dns_name.clone()).map_err(|_| ConnectError::Tls {
        address: address.to_owned(),
        fault: Fault::Other { message: format!("{:?} is no DNS name", target.dns_name) },
    })?;
    let connected = TlsConnector::from(tls.config()).connect(name, stream).await;
    let stream = connected.map_err(|error| ConnectError::of_io(address, &error))?;
    speak(address, tasks, stream).await
}

/// Begins HTTP/2 and waits until the other end does so too.
async fn speak<S>(address: &str, tasks: &TaskScope, stream: S) -> Result<Connection, ConnectError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let heard = Heard::new();
    let io = TokioIo::new(Listening::new(stream, Arc::clone(&heard)));
    let begun = http2::Builder::new(Tasks(tasks.clone()))
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_send_buf_size(MESSAGE_BYTES_MAX)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .handshake(io)
        .await;
    let (requests, driver) = begun.map_err(|error| broken(address, &error))?;
    let (ended, end) = oneshot::channel();
    let driving = tasks.spawn(async move {
        let result = driver.await;
        // Nobody waits for it once the connection is in use.
        let _ = ended.send(result);
    });
    match select(std::pin::pin!(heard.first_byte()), end).await {
        // The first frame of HTTP/2 is SETTINGS, whose length is below 2^16: its first byte is 0.
        Either::Left((0, _)) => {}
        Either::Left((byte, _)) => {
            driving.abort();
            return Err(not_http2(address, byte));
        }
        Either::Right((Ok(Err(error)), _)) => {
            return Err(match heard.fault() {
                Some(fault) => ConnectError::Tls { address: address.to_owned(), fault },
                None => broken(address, &error),
            });
        }
        Either::Right((Ok(Ok(())) | Err(_), _)) => {
            let message = "the other end closed the connection".to_owned();
            return Err(ConnectError::Network { address: address.to_owned(), message });
        }
    }
    Ok(Connection { requests, heard })
}

/// What the network said, where hyper passes it on.
fn broken(address: &str, error: &hyper::Error) -> ConnectError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return ConnectError::of_io(address, io);
        }
        cause = inner.source();
    }
    ConnectError::NotHttp2 { address: address.to_owned(), message: error.to_string() }
}

fn silent(address: &str, within: Duration) -> ConnectError {
    let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    ConnectError::Silent { address: address.to_owned(), within_ms }
}

/// TLS answers what is not TLS by an alert, whose first byte is 21; 22 begins a handshake.
fn not_http2(address: &str, byte: u8) -> ConnectError {
    let address = address.to_owned();
    match byte {
        21 | 22 => ConnectError::Tls { address, fault: Fault::SpeaksTls },
        _ => ConnectError::NotHttp2 { address, message: format!("its first byte is {byte:#04x}") },
    }
}
