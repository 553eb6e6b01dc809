//! The way to the process: the port from afar, and what people ask.
//!
//! ```text
//!   ask ─▶ a connection that is idle, else a new one ─▶ sent, once ─▶ answer ─▶ the connection is idle again
//!            │ none to be had: NotSent                   │ broken, or too late: InDoubt
//! ```

use std::{
    error::Error,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, client::conn::http1::SendRequest, header::HOST};
use hyper_util::rt::TokioIo;
use ports::{
    BoxFuture, Cloud, TaskScope,
    cloud::{CallSite, CloudError, CloudReply, CloudRequest, Trouble},
};
use serde::de::DeserializeOwned;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::protocol::{ANSWER_BYTES_MAX, Ask, SIMULATED_HEADER};

/// How long a call may take at most, as the port bounds it. A simulated cloud that does not answer says so after half of that.
pub const WITHIN_MAX: Duration = Duration::from_secs(60);
/// How long a connection may take: the process is on this machine.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Connections that are kept for the next call.
const IDLE_MAX: usize = 64;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It certainly reached nobody.
    #[error("asked the simulated cloud at {address}: {why}")]
    NotSent { address: SocketAddr, why: String },
    /// It may have been acted on.
    #[error("asked the simulated cloud at {address}, which did not answer: {why}")]
    InDoubt { address: SocketAddr, why: String },
    /// It was answered with no.
    #[error("{0}")]
    No(String),
}

/// A pool of connections to one process. Clones share it.
#[derive(Clone)]
pub struct Caller(Arc<Pool>);

struct Pool {
    address: SocketAddr,
    within: Duration,
    tasks: TaskScope,
    idle: Mutex<Vec<Connection>>,
}

type Question = Request<Full<Bytes>>;
type Connection = SendRequest<Full<Bytes>>;

/// What became of a question on one connection.
enum Sent {
    Answered(StatusCode, Bytes),
    /// The connection had ended, and nothing of it was sent.
    Not {
        whole: Box<Question>,
        why: String,
    },
}

/// The simulated cloud of another process, behind the port.
#[derive(Clone)]
pub struct RemoteCloud(Caller);

impl RemoteCloud {
    /// As [`Caller::new`].
    pub fn new(address: SocketAddr, within: Duration, tasks: TaskScope) -> Self {
        Self(Caller::new(address, within, tasks))
    }
}

impl Cloud for RemoteCloud {
    fn call(&self, at: &CallSite, request: CloudRequest) -> BoxFuture<'static, Result<CloudReply, CloudError>> {
        let (caller, name) = (self.0.clone(), request.name());
        let ask = Ask::Call { at: at.clone(), request };
        Box::pin(async move {
            let answered: Result<Result<CloudReply, CloudError>, AskError> = caller.ask(&ask).await;
            answered.unwrap_or_else(|error| match error {
                AskError::NotSent { .. } => {
                    Err(CloudError::not_now(Trouble::Unreachable, format!("called {name}: {error}")))
                }
                // A no comes from something that speaks another version of this, or nothing of it: it proves nothing.
                AskError::InDoubt { .. } | AskError::No(_) => {
                    Err(CloudError::Unknown { why: format!("called {name}: {error}") })
                }
            })
        })
    }
}

impl Caller {
    /// Nothing is called yet. A call is given up after `within`, or [`WITHIN_MAX`]. Connections belong to `tasks` and end with them.
    pub fn new(address: SocketAddr, within: Duration, tasks: TaskScope) -> Self {
        Self(Arc::new(Pool { address, within: within.min(WITHIN_MAX), tasks, idle: Mutex::default() }))
    }

    /// The answer to one question, of the type that is named with it.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, AskError> {
        let body = serde_json::to_vec(ask).map_err(|error| self.0.not_sent(chain(&error)))?;
        let (status, body) = self.0.send(Bytes::from(body)).await?;
        if status != StatusCode::OK {
            return Err(AskError::No(String::from_utf8_lossy(&body).trim().to_owned()));
        }
        // As text, so that it is checked to be UTF-8 once and not string by string.
        let text = std::str::from_utf8(&body).map_err(|error| self.0.in_doubt(chain(&error)))?;
        serde_json::from_str(text).map_err(|error| self.0.in_doubt(chain(&error)))
    }
}

impl Pool {
    async fn send(&self, body: Bytes) -> Result<(StatusCode, Bytes), AskError> {
        let until = Instant::now() + self.within;
        let mut request = Request::post("/")
            .header(HOST, self.address.to_string())
            .body(Full::new(body))
            .map_err(|error| self.not_sent(chain(&error)))?;
        while let Some(kept) = self.kept().await {
            match self.send_on(kept, request, until).await? {
                Sent::Answered(status, body) => return Ok((status, body)),
                // Ended while nobody looked; perhaps another process listens by now.
                Sent::Not { whole, .. } => request = *whole,
            }
        }
        let fresh = self.connect(until).await?;
        match self.send_on(fresh, request, until).await? {
            Sent::Answered(status, body) => Ok((status, body)),
            Sent::Not { why, .. } => Err(self.not_sent(why)),
        }
    }

    async fn send_on(&self, mut connection: Connection, request: Question, until: Instant) -> Result<Sent, AskError> {
        let sending = async {
            let response = connection.try_send_request(request).await;
            let response = response.map_err(|mut error| (error.take_message(), error.into_error()))?;
            let (parts, body) = response.into_parts();
            Ok((parts, Limited::new(body, ANSWER_BYTES_MAX).collect().await))
        };
        let (parts, body) = match timeout_at(until, sending).await {
            Ok(Ok(answer)) => answer,
            // A request that comes back whole was not begun to be sent.
            Ok(Err((Some(whole), error))) => return Ok(Sent::Not { whole: Box::new(whole), why: chain(&error) }),
            Ok(Err((None, error))) => return Err(self.in_doubt(chain(&error))),
            Err(_) => return Err(self.in_doubt(format!("no answer in {:?}", self.within))),
        };
        let body = body.map_err(|error| self.in_doubt(chain(&*error)))?.to_bytes();
        let (name, value) = SIMULATED_HEADER;
        if parts.headers.get(name).is_none_or(|found| found != value) {
            return Err(self.in_doubt("what answered is no simulated cloud"));
        }
        self.keep(connection);
        Ok(Sent::Answered(parts.status, body))
    }

    /// A connection that was used before and is not known to have ended.
    async fn kept(&self) -> Option<Connection> {
        loop {
            let mut connection = self.idle().pop()?;
            // One turn of the runtime, so that an end that has arrived is seen before anything is sent.
            tokio::task::yield_now().await;
            if connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    async fn connect(&self, until: Instant) -> Result<Connection, AskError> {
        let until = until.min(Instant::now() + CONNECT_WITHIN);
        let stream = match timeout_at(until, TcpStream::connect(self.address)).await {
            Ok(connected) => connected.map_err(|error| self.not_sent(chain(&error)))?,
            Err(late) => return Err(self.not_sent(chain(&late))),
        };
        let _ = stream.set_nodelay(true);
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (connection, work) = handshake.map_err(|error| self.not_sent(chain(&error)))?;
        self.tasks.spawn(work);
        Ok(connection)
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_sent(&self, why: impl Into<String>) -> AskError {
        AskError::NotSent { address: self.address, why: why.into() }
    }

    fn in_doubt(&self, why: impl Into<String>) -> AskError {
        AskError::InDoubt { address: self.address, why: why.into() }
    }
}

/// An error and what caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
